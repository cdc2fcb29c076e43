"""What is kept free for live contacts: a share of all, and colleagues per topic and level."""

from __future__ import annotations

import numpy as np
import pytest

from services.router.policy.reserve import enough_idle, may_leave, may_leave_each

IDLE = np.array([[5, 1, 2], [3, 0, 1]], dtype=np.int32)
"""Topics by levels 0, 1, 2."""


@pytest.mark.parametrize(("idle", "enough"), [(4, False), (5, True)])
def test_more_than_one_and_three_percent_stay_idle(idle: int, *, enough: bool) -> None:
    """Of 120 agents: more than 4.6."""
    assert enough_idle(idle, 120, 1, 0.03) is enough


@pytest.mark.parametrize(
    ("topics", "level", "may"),
    [([0], 0, True), ([0], 1, True), ([0], 2, False), ([1], 0, True), ([0, 1], 2, False), ([], 0, True)],
)
def test_two_colleagues_of_its_level_stay_in_each_of_its_topics(
    topics: list[int], level: int, *, may: bool
) -> None:
    assert may_leave(IDLE, topics, level, 2) is may


def test_many_agents_are_each_alone() -> None:
    """Filled up with 2, the number of topics."""
    agents = [([0], 0), ([0], 1), ([0], 2), ([1], 0), ([0, 1], 2), ([], 0)]
    rows = np.array([[*topics, 2, 2][:2] for topics, _ in agents])
    levels = np.array([level for _, level in agents])

    alone = [may_leave(IDLE, topics, level, 2) for topics, level in agents]
    assert list(may_leave_each(IDLE, rows, levels, 2)) == alone
