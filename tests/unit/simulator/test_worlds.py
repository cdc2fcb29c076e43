"""The worlds, pools and days are those of routing.md 6.1, draw for draw."""

from __future__ import annotations

import numpy as np
import pytest

from simulator import day, pool
from simulator.worlds import WORLDS, A, C, World


@pytest.mark.parametrize(
    ("world", "issues", "counted"),
    [(A, 7766, 6088), (C, 8298, 6632)],
    ids=lambda value: getattr(value, "name", None),
)
def test_replication_0_is_the_reference_day(world: World, issues: int, counted: int) -> None:
    drawn = pool.draw_pool(world, 0)
    issue_day = day.draw_day(world, drawn, 0)
    assert len(issue_day) == issues
    assert int(issue_day.counted.sum()) == counted
    assert np.bincount(drawn.level).tolist() == [56, 38, 18, 8]
    assert int(drawn.certified.sum()) == 386


@pytest.mark.parametrize(
    ("name", "counted"), [("A", 5946), ("B", 6850), ("C", 6471), ("D", 1974), ("E", 5946)]
)
def test_twenty_replications_count_the_reference_number_of_issues(name: str, counted: int) -> None:
    world = WORLDS[name]
    counts = [
        int(day.draw_day(world, pool.draw_pool(world, replication), replication).counted.sum())
        for replication in range(20)
    ]
    assert np.mean(counts) == pytest.approx(counted, abs=0.6)


def test_world_a_has_the_means_of_the_reference() -> None:
    pools = [pool.draw_pool(A, replication) for replication in range(20)]
    days = [day.draw_day(A, drawn, replication) for replication, drawn in enumerate(pools)]
    needs = np.mean([np.bincount(d.need, minlength=4) / len(d) for d in days], axis=0)
    assert np.mean([p.mean_handle_seconds for p in pools]) == pytest.approx(278, abs=0.5)
    assert np.mean([p.certified.sum(axis=0).mean() for p in pools]) == pytest.approx(48.8, abs=0.06)
    assert np.mean([p.resolves[p.certified].mean() for p in pools]) == pytest.approx(0.812, abs=5e-4)
    assert needs == pytest.approx([0.603, 0.241, 0.108, 0.048], abs=5e-4)
    assert np.mean(list(map(_authority_lacking, pools, days))) == pytest.approx(0.22, abs=5e-3)


def _authority_lacking(drawn: pool.Pool, issue_day: day.Day) -> float:
    """Chance that a random agent certified for the true topic has too low a level for an issue."""
    lacking = [
        float(np.mean(drawn.level[drawn.certified[:, topic]] < need))
        for topic, need in zip(issue_day.topic, issue_day.need, strict=True)
    ]
    return float(np.mean(lacking))


def test_every_topic_has_three_agents_and_one_of_the_highest_level() -> None:
    for world in WORLDS.values():
        drawn = pool.draw_pool(world, 3)
        assert drawn.certified.sum(axis=0).min() >= 3
        assert all((drawn.level[drawn.certified[:, topic]] == 3).any() for topic in range(world.topics))


def test_a_complaint_moves_half_of_each_level_one_level_up() -> None:
    plain, complaint = np.moveaxis(pool.draw_pool(A, 0).need_prior, 1, 0)
    assert plain.sum(axis=1) == pytest.approx(np.ones(A.topics))
    assert complaint[:, 0] == pytest.approx(plain[:, 0] / 2)
    assert complaint[:, 3] == pytest.approx(plain[:, 3] + plain[:, 2] / 2)


def test_the_posterior_is_the_prior_weighed_by_the_signal() -> None:
    drawn = pool.draw_pool(A, 0)
    weighed = drawn.need_prior[2, 1] * [0.2 / 3, 0.2 / 3, 0.8, 0.2 / 3]
    assert drawn.need_posterior[2, 1, 2] == pytest.approx(weighed / weighed.sum())


def test_an_issue_is_one_row_of_the_day() -> None:
    issue_day = day.draw_day(C, pool.draw_pool(C, 0), 0)
    issue = list(issue_day.issues())[17]
    assert issue.index == 17
    assert issue.arrival_seconds == issue_day.arrival_seconds[17]
    assert (issue.topic, issue.need, issue.signal) == (
        issue_day.topic[17],
        issue_day.need[17],
        issue_day.signal[17],
    )


def test_another_day_of_the_same_pool_differs() -> None:
    drawn = pool.draw_pool(A, 0)
    assert len(day.draw_day(A, drawn, 0, day=1)) != len(day.draw_day(A, drawn, 0, day=0))
