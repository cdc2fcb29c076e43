"""Handle times: topics' means and agents' factors."""

from __future__ import annotations

from math import exp, log

import numpy as np
import pytest

from services.router.policy.memory import weight_on
from services.router.policy.speeds import HANDLE_SECONDS_MAX, Speeds

TODAY = weight_on(0, 30.0)


def test_before_the_first_handle_the_configuration_holds() -> None:
    assert Speeds().factor("A", 1.15, TODAY) == pytest.approx(1.15)
    assert Speeds().handle_seconds("billing", 240.0, TODAY) == 240.0


def test_twenty_handles_half_as_long_move_an_agent_half_of_the_way() -> None:
    """ln v = 20 x ln .5 / (20 + 20), as long as the topic's mean stays (it is taught by many others)."""
    speeds = Speeds()
    for _ in range(4_000):
        speeds = speeds.after("others", "billing", 200.0, 240.0, TODAY)
    for _ in range(20):
        speeds = speeds.after("A", "billing", 100.0, 240.0, TODAY)

    assert speeds.factor("A", 1.0, TODAY) == pytest.approx(exp(0.5 * log(0.5)), rel=0.01)


@pytest.mark.parametrize("seconds", [0.0, 9.9])
def test_a_handle_under_ten_seconds_says_nothing(seconds: float) -> None:
    assert Speeds().after("A", "billing", seconds, 240.0, TODAY) == Speeds()


def test_an_endless_handle_counts_as_four_hours() -> None:
    endless = Speeds().after("A", "billing", 9e9, 240.0, TODAY)

    assert endless == Speeds().after("A", "billing", HANDLE_SECONDS_MAX, 240.0, TODAY)


def test_factors_are_recovered_from_lognormal_handle_times() -> None:
    """routing.md 6.1: v = exp(.22 z), work exp(.85 z) around the topic's mean; 200 handles each."""
    rng = np.random.default_rng(2)
    actual, speeds = np.exp(0.22 * rng.normal(size=60)), Speeds()
    for _ in range(200):
        for agent, v in enumerate(actual):
            topic = int(rng.integers(3))
            seconds = (200, 250, 300)[topic] * v * np.exp(0.85 * rng.normal() - 0.36)
            speeds = speeds.after(f"a{agent}", f"t{topic}", seconds, 240.0, TODAY)
    found = [speeds.factor(f"a{agent}", 1.0, TODAY) for agent in range(60)]

    assert np.corrcoef(found, actual)[0, 1] > 0.93
    assert speeds.handle_seconds("t2", 240.0, TODAY) == pytest.approx(300 * actual.mean(), rel=0.06)
