"""How likely a waiting customer leaves: the figures of routing.md 2.4, step 3."""

from __future__ import annotations

import math

import numpy as np
import pytest

from services.router.policy.hazard import PATIENT, GammaPatience, mean_hazard, summed_hazards

CALLER = GammaPatience(3, 56 / 3)


def test_a_third_is_gone_by_forty_seconds() -> None:
    assert 1 - math.exp(-CALLER.left_share_log(40)) == pytest.approx(0.36, abs=0.01)


@pytest.mark.parametrize("shape", [1, 2, 3, 5])
@pytest.mark.parametrize("seconds", [0.5, 40.0, 300.0])
def test_survival_is_that_of_the_gamma_distribution(shape: int, seconds: float) -> None:
    survives = math.exp(-GammaPatience(shape, 20.0).left_share_log(seconds))

    times = np.linspace(0.0, seconds, 20_001)
    density = times ** (shape - 1) * np.exp(-times / 20.0) / (math.factorial(shape - 1) * 20.0**shape)
    assert survives == pytest.approx(1.0 - np.trapezoid(density, times), abs=1e-6)


def test_over_no_time_at_all_it_is_the_hazard_itself() -> None:
    """x^2/2 / (1 + x + x^2/2) / s with x = 30 / (56/3)."""
    x = 30 / (56 / 3)

    expected = (x * x / 2) / (1 + x + x * x / 2) / (56 / 3)
    assert mean_hazard(CALLER, 30.0, 0.0) == pytest.approx(expected, rel=1e-3)


def test_many_at_once_are_each_alone() -> None:
    ahead = np.array([0.01, 1.0, 20.0, 900.0])

    alone = [mean_hazard(CALLER, 12.5, one) * one for one in ahead]
    assert list(summed_hazards(CALLER, 12.5, ahead)) == pytest.approx(alone, abs=1e-6)


def test_who_writes_does_not_hang_up() -> None:
    assert mean_hazard(PATIENT, 100.0, 100.0) == 0.0
