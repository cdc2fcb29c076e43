"""The router's hold rule against the exact optimum of two agents, in the seven cases of routing.md 6.8."""

from __future__ import annotations

import pytest

from services.router.policy.hold import least_waiting
from simulator.checks.two_agents import (
    Pair,
    best,
    best_from,
    costs_of,
    faster_first,
    hold_from,
    mean_in_system,
    weaker_from,
)

EVEN = {"rate": (1.0, 1.6), "resolves": (0.9, 0.45)}
SLOW = {"rate": (1.0, 0.15), "resolves": (0.9, 0.6)}
CASES = [
    # pair, optimum, its k, k of the rule, then per cent over the optimum: the rule, never idling, fastest first
    (Pair(0.6, **EVEN), 0.8290, 1, 1, 0.0, 0.0, 7.2),
    (Pair(0.9, **EVEN), 1.5771, 1, 1, 0.0, 0.0, 3.8),
    (Pair(1.2, **EVEN), 3.2545, 1, 1, 0.0, 0.0, 1.7),
    (Pair(0.5, rate=(1.0, 1.0), resolves=(0.9, 0.3)), 0.9143, 1, 1, 0.0, 0.0, 0.0),
    (Pair(0.4, rate=(0.8, 3.0), resolves=(0.95, 0.2)), 0.6099, 1, 1, 0.0, 0.0, 10.6),
    (Pair(0.4, **SLOW), 0.7926, 5, 6, 0.3, 37.2, 37.2),
    (Pair(0.6, **SLOW), 1.8063, 4, 6, 2.7, 16.7, 16.7),
]


@pytest.mark.parametrize(("pair", "optimum", "k", "rule", "held", "never_idle", "fastest"), CASES)
def test_the_hold_rule_is_within_3_per_cent_of_the_optimum(
    pair: Pair, optimum: float, k: int, rule: int, held: float, never_idle: float, fastest: float
) -> None:
    found, _ = mean_in_system(pair, best)
    assert round(found, 4) == optimum
    assert best_from(pair) == k
    assert hold_from(pair) == rule
    (strong, weak), a_resolution = costs_of(pair)
    assert least_waiting(strong, weak, a_resolution) == rule, "the test's reduced form"
    over = {
        name: round(100 * (mean_in_system(pair, decide)[0] / found - 1), 1)
        for name, decide in (
            ("rule", weaker_from(rule)),
            ("never idle", weaker_from(1)),
            ("fastest", faster_first(pair)),
        )
    }
    assert over == {"rule": held, "never idle": never_idle, "fastest": fastest}
    assert over["rule"] <= 3.0


def test_the_best_threshold_is_the_optimum() -> None:
    """Two ways to the same figure: the least over all actions, and the best of the threshold rules."""
    pair = Pair(0.6, **SLOW)
    thresholds = [mean_in_system(pair, weaker_from(k))[0] for k in range(1, 8)]
    assert min(thresholds) == pytest.approx(mean_in_system(pair, best)[0], abs=1e-6)
    assert thresholds.index(min(thresholds)) + 1 == best_from(pair)
