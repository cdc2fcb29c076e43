"""Several days through one router: what is learned in one is known in the next, and nothing is mixed up between them."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from simulator.day import draw_day
from simulator.learning_curve import learning_curve
from simulator.learning_reference import reference_days
from simulator.learning_run import CALENDAR_DAY_SECONDS, Learned, days_of, joined, recovered_days
from simulator.metrics import measure
from simulator.pool import draw_pool
from simulator.stress import TOPIC
from simulator.worlds import A

SMALL = replace(A, agents=24)
SHORT_SECONDS = 4_500.0


@cache
def evenings(
    days: int, *, known: bool, window_days: int = 1, falls_after: int | None = None
) -> list[Learned]:
    run = days_of(
        SMALL,
        0,
        days=days,
        known=known,
        window_days=window_days,
        falls_after=falls_after,
        day_seconds=SHORT_SECONDS,
    )
    return list(run.evenings())


def test_days_stand_behind_each_other_as_they_are_drawn() -> None:
    pool = draw_pool(SMALL, 3)
    day, numbers = joined(SMALL, pool, 3, 2)
    second = draw_day(SMALL, pool, 3, 1)

    assert day.arrival_seconds[numbers == 1] == pytest.approx(second.arrival_seconds + CALENDAR_DAY_SECONDS)
    assert np.array_equal(day.luck_resolved[numbers == 1], second.luck_resolved)
    assert bool((np.diff(day.arrival_seconds) >= 0).all())


def test_figures_of_a_day_are_those_of_the_day_alone() -> None:
    run = days_of(SMALL, 0, days=1, known=True, day_seconds=SHORT_SECONDS)
    (only,) = run.evenings()
    alone = measure(run.record)

    assert only.metrics.fcr == alone.fcr
    assert only.metrics.occupancy == pytest.approx(alone.occupancy)


def test_what_was_learned_is_known_the_next_day() -> None:
    first, _, third = evenings(3, known=False)

    assert first.number == 1
    assert third.correlation > first.correlation > 0.1
    assert third.rmse < first.rmse
    assert third.results_open < 1.5 * first.results_open, "windows of a day are over a day later"


def test_a_longer_window_leaves_more_results_open() -> None:
    *_, week = evenings(3, known=False, window_days=7)
    *_, day = evenings(3, known=False)

    assert week.results_open > 2 * day.results_open


def test_who_knows_everything_learns_nothing_even_of_a_topic_that_falls() -> None:
    before, after = evenings(2, known=True, falls_after=1)

    assert before.rmse == pytest.approx(0.0, abs=1e-9)
    assert before.topic_bias[TOPIC] == pytest.approx(0.0, abs=1e-9)
    assert after.topic_bias[TOPIC] == pytest.approx(0.2, abs=1e-3)


def test_recovery_is_counted_from_the_fall() -> None:
    one = evenings(2, known=True, falls_after=1)[0]
    off = [0.01, 0.01, 0.15, 0.08, 0.049, 0.01]
    run = [replace(one, topic_bias=(value,) * SMALL.topics) for value in off]

    assert recovered_days(run, 2) == 3.0
    assert recovered_days(run[:4], 2) == 3.0, "one more than there are, when none is near enough"


def test_the_curve_pairs_those_who_learn_with_those_who_know() -> None:
    (only,) = learning_curve(1, 1, world=SMALL, processes=1, day_seconds=SHORT_SECONDS)
    learning, knowing = evenings(3, known=False)[0], evenings(2, known=True, falls_after=1)[0]

    assert only.number == 1
    assert only.correlation == learning.correlation
    assert only.behind_known == pytest.approx(knowing.metrics.fcr - learning.metrics.fcr)


def test_the_same_learning_runs_under_the_reference_policy() -> None:
    first, _, third = reference_days(SMALL, 0, days=3, known=False)
    (week,) = reference_days(SMALL, 0, days=1, known=False, window_days=7)
    (knows,) = reference_days(SMALL, 0, days=1, known=True)

    assert third.correlation > first.correlation
    assert third.rmse < first.rmse
    assert (first.results_open, knows.rmse) == (0, 0.0)
    assert week.results_open > 100, "what was settled may still come back"
