"""Whether to wait for a better agent who is busy: the comparison by hand, its bounds, the rule for two agents."""

from __future__ import annotations

import numpy as np
import pytest

from services.router.policy import hold
from services.router.policy.cost import MICRO, Floats
from services.router.policy.hold import Hold, least_waiting


def compared(
    costs: list[float],
    *,
    best: float,
    h: float = 1.0,
    waiting: int = 1,
    left: float = 20.0,
    busy: list[int] | None = None,
) -> Hold | None:
    """Each agent serves one contact in 10 s."""
    everybody = list(range(len(costs)))

    def flat(seconds: Floats) -> Floats:
        return seconds * h

    return hold.hold_test(
        np.array(everybody if busy is None else busy, dtype=np.int64),
        np.array([round(one * MICRO) for one in costs], dtype=np.int64),
        np.full(len(costs), 100_000_000, dtype=np.int64),
        best_cost=round(best * MICRO),
        waiting=waiting,
        waiting_cs=flat,
        left_seconds=left,
    )


def test_the_least_sum_of_cost_and_waiting_by_hand() -> None:
    """One agent: 50 + 10. Two: (50 + 52)/2 + 5 = 56. Three: (50 + 52 + 80)/3 + 3.33 = 64."""
    found = compared([50, 52, 80], best=100)

    assert found is not None and found.held
    assert (found.agents, found.first) == (2, 0)
    assert (found.hold_cost, found.waiting_cost) == (56 * MICRO, 5 * MICRO)
    assert found.expected_seconds == 5.0


def test_nobody_is_held_where_waiting_costs_more_than_it_gains() -> None:
    found = compared([50], best=60)

    assert found is not None and not found.held
    assert found.hold_cost == 60 * MICRO


def test_nobody_is_held_beyond_the_cap() -> None:
    found = compared([50], best=100, left=10.0)

    assert found is not None and not found.held


def test_everybody_ahead_waits_too() -> None:
    """N = 3 waits three times as long for one agent: 50 + 30."""
    found = compared([50], best=100, waiting=3, left=40.0)

    assert found is not None
    assert (found.hold_cost, found.expected_seconds) == (80 * MICRO, 30.0)


@pytest.mark.parametrize("cost", [99.0, 99.5, 100, 500])
def test_who_is_no_cheaper_than_a_second_is_not_waited_for(cost: float) -> None:
    assert compared([cost], best=100) is None


def test_only_the_busy_are_waited_for() -> None:
    assert compared([50, 200], best=100, busy=[1]) is None


def test_equals_are_taken_in_the_order_of_the_roster() -> None:
    found = compared([70, 50, 50], best=100)

    assert found is not None and found.first == 1


def test_at_most_sixty_four_are_waited_for() -> None:
    found = compared([50] * 200, best=100)

    assert found is not None and found.agents == 64


@pytest.mark.parametrize(
    ("strong", "weak", "least"),
    [
        ((1.0, 0.9), (1.6, 0.45), 1),
        ((1.0, 0.9), (1.0, 0.3), 1),
        ((0.8, 0.95), (3.0, 0.2), 1),
        ((1.0, 0.9), (0.15, 0.6), 6),
    ],
)
def test_the_rule_for_two_agents(strong: tuple[float, float], weak: tuple[float, float], least: int) -> None:
    """(mu, p) of each; R = 1/(p mu) of the stronger, c = 1/mu + (1 - p) R (routing.md 6.8)."""
    r = 1 / (strong[0] * strong[1])
    costs = [1 / mu + (1 - p) * r for mu, p in (strong, weak)]

    assert least_waiting(costs[0], costs[1], r) == least
