"""The forecast from what came: no history needed, whole numbers only, rather low than high."""

from __future__ import annotations

import pytest

from services.router.policy import forecast
from services.router.policy.forecast import (
    CLASSES_MAX,
    HOUR_MS,
    INTERVAL_MS,
    Arrivals,
    ClassKey,
    counted,
    per_second,
)

LEVELS = ((0, 1.0),)
START = 500_000 * HOUR_MS
"""A whole hour."""
PER_INTERVAL = 1 / 900
"""Contacts per second of one contact in a quarter hour."""


def key(topic_id: str = "billing") -> ClassKey:
    return ClassKey(topic_id, "en", False, "", "", 0, 0)


def after(*times_ms: int, units: int = 100, topic: str = "billing") -> Arrivals:
    arrivals = Arrivals()
    for at_ms in times_ms:
        arrivals = counted(arrivals, key(topic), LEVELS, units, at_ms)
    return arrivals


def test_nothing_came_nothing_is_forecast() -> None:
    assert per_second(Arrivals(), START) == {}


def test_the_first_quarter_hour_counts_as_if_it_were_over() -> None:
    arrivals = after(START, START + 60_000)

    assert per_second(arrivals, START + 60_000) == {key(): pytest.approx(2 * PER_INTERVAL)}


@pytest.mark.parametrize("intervals", [1, 3, 7, 40])
def test_a_steady_flow_is_forecast_as_it_flows(intervals: int) -> None:
    """10 contacts in each quarter hour."""
    arrivals = after(*(START + at * INTERVAL_MS // 10 for at in range(10 * intervals)))

    found = per_second(arrivals, START + intervals * INTERVAL_MS)[key()]
    assert found == pytest.approx(10 * PER_INTERVAL, rel=1e-3)


def test_older_quarter_hours_weigh_less() -> None:
    """16 in each of four, then none: after one, two, three quiet ones 12, 9, 6.75 are left."""
    arrivals = after(*(START + at * INTERVAL_MS // 16 for at in range(64)))
    left = [per_second(arrivals, START + (4 + quiet) * INTERVAL_MS)[key()] for quiet in (1, 2, 3)]

    assert left == pytest.approx([12 * PER_INTERVAL, 9 * PER_INTERVAL, 6.75 * PER_INTERVAL], rel=1e-3)


def test_a_day_of_silence_forgets_a_class() -> None:
    assert per_second(after(START), START + 25 * HOUR_MS) == {}


def test_smaller_work_counts_as_part_of_a_call() -> None:
    assert per_second(after(START, units=20), START)[key()] == pytest.approx(0.2 * PER_INTERVAL)


def test_the_same_hour_of_the_week_before_is_met_half_way() -> None:
    """8 an hour a week ago and 4 an hour today: 6 are forecast. A quiet hour a week ago halves it at most."""
    week = forecast.WEEK_HOURS * HOUR_MS
    before = [START + HOUR_MS + at * HOUR_MS // 8 for at in range(8)]
    today = [START + week - 9 * HOUR_MS + at * HOUR_MS // 4 for at in range(40)]
    arrivals, at_ms = after(START - HOUR_MS, *before, *today), START + week + HOUR_MS
    quiet_ms = at_ms + HOUR_MS

    assert per_second(arrivals, at_ms)[key()] == pytest.approx(6 / 3600, rel=0.03)
    assert per_second(arrivals, quiet_ms)[key()] == pytest.approx(
        per_second(after(*today), quiet_ms)[key()] / 2, rel=0.03
    )


def test_memory_is_bounded_and_forgets_what_no_longer_comes() -> None:
    arrivals = Arrivals()
    for number in range(CLASSES_MAX + 10):
        arrivals = counted(arrivals, key(f"topic {number}"), LEVELS, 100, START)
    full = len(arrivals.classes)
    arrivals = counted(arrivals, key("new"), LEVELS, 100, START + 24 * HOUR_MS)

    assert full == CLASSES_MAX
    assert list(arrivals.classes) == [key("new")]


def test_arrivals_hold_whole_numbers_only() -> None:
    """So that no machine rounds otherwise."""
    arrivals = after(*(START + at * 777_777 for at in range(50)))

    assert all(isinstance(one, int) for one in arrivals.week)
    assert all(type(part) is int for count in arrivals.classes.values() for part in (count.units, count.mean))
