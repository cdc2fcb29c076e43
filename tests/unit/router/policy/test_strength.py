"""Strengths of the priors from the spread between agents."""

from __future__ import annotations

import numpy as np
import pytest

from services.router.policy.learning import Strengths
from services.router.policy.strength import STRENGTH_MAX, evenness_after, measured

BEFORE = Strengths()


def drawn(agent_sd: float, cell_sd: float, *, agents: int = 600, results: int = 300) -> Strengths:
    """What is measured of people with four topics each, resolving .8 on average."""
    rng = np.random.default_rng(11)
    counts = np.zeros((agents, 8))
    for one in range(agents):
        counts[one, rng.choice(8, 4, replace=False)] = rng.integers(20, 2 * results - 20, 4)
    p = 0.8 + agent_sd * rng.normal(size=(agents, 1)) + cell_sd * rng.normal(size=(agents, 8))
    seen = rng.binomial(counts.astype(int), np.clip(p, 0, 1))
    return measured(counts, seen - 0.8 * counts, 0.8, 1.0, BEFORE)


@pytest.mark.parametrize("spread", [0.03, 0.05, 0.07])
def test_a_spread_calls_for_its_strength(spread: float) -> None:
    """.8 x .2 / .05^2 - 1 = 63."""
    found = drawn(spread, spread)

    assert found.agent == pytest.approx(0.16 / spread**2 - 1, rel=0.2)
    assert found.cell == pytest.approx(0.16 / spread**2 - 1, rel=0.15)


def test_people_who_are_alike_get_a_strong_prior() -> None:
    assert drawn(0.0, 0.0).agent > 300
    assert drawn(0.05, 0.0).cell == STRENGTH_MAX


def test_a_spread_between_topics_is_not_taken_for_one_between_people() -> None:
    assert drawn(0.0, 0.06).agent > 250


def test_few_people_say_nothing() -> None:
    assert drawn(0.05, 0.05, agents=15) is BEFORE


def test_faded_results_vary_less_than_as_many_fresh_ones() -> None:
    """Results once a day with weights r^i: sum of squares over sum is (1 + r^n) / (1 + r)."""
    weights = 0.5 ** (np.arange(90) / 30)

    assert evenness_after(90, 30) == pytest.approx((weights**2).sum() / weights.sum())
    assert evenness_after(0, 30) == 1.0
