"""How likely a waiting customer leaves: the hazard of patience (routing.md 2.4, step 3).

Gamma of a whole shape n and scale s: with x = t/s the survival is S(t) = e^-x sum over k < n of x^k/k!, and the mean
hazard over [W, W + D] is ln(S(W)/S(W + D))/D. A desk's own fit may bring other parameters, or another `Patience`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
DIGITS = 9
"""Hazards are rounded, so that a last bit never tells two machines apart."""
_SHORT_SECONDS = 1e-6


class Patience(Protocol):
    """What must be known of how long customers wait before they leave."""

    def left_share_log(self, seconds: float) -> float:
        """-ln S(t): the hazard summed up to t; rises from 0."""

    def left_shares_log(self, seconds: Floats) -> Floats:
        """The same for many times at once."""


@dataclass(frozen=True, slots=True)
class GammaPatience:
    """Gamma distribution of a whole shape, at least 1."""

    shape: int
    scale_seconds: float

    def left_share_log(self, seconds: float) -> float:
        x = seconds / self.scale_seconds
        total = 1.0
        for k in range(self.shape - 1, 0, -1):  # 1 + x/1 (1 + x/2 (...)), as below
            total = total * x / k + 1.0
        return x - math.log(total)

    def left_shares_log(self, seconds: Floats) -> Floats:
        x = seconds / self.scale_seconds
        if self.shape == 1:
            return x
        total = x / (self.shape - 1)
        total += 1.0
        for k in range(self.shape - 2, 0, -1):
            total *= x
            if k > 1:
                total /= k
            total += 1.0
        found: Floats = x - np.log(total, out=total)
        return found


@dataclass(frozen=True, slots=True)
class Patient:
    """Never leaves: who writes does not hang up."""

    def left_share_log(self, seconds: float) -> float:  # noqa: ARG002 - one signature for all
        return 0.0

    def left_shares_log(self, seconds: Floats) -> Floats:
        return np.zeros_like(seconds)


PATIENT = Patient()


def mean_hazard(patience: Patience, waited_seconds: float, ahead_seconds: float) -> float:
    """Mean rate of leaving per second over the next `ahead_seconds` of one who has waited so long."""
    ahead = max(ahead_seconds, _SHORT_SECONDS)
    waited = max(waited_seconds, 0.0)
    before = patience.left_share_log(waited)
    return round(max(0.0, patience.left_share_log(waited + ahead) - before) / ahead, DIGITS)


def summed_hazards(patience: Patience, waited_seconds: float, ahead_seconds: Floats) -> Floats:
    """The hazard summed up over the times ahead, for many at once: their mean rate of leaving times the seconds."""
    waited = max(waited_seconds, 0.0)
    found = patience.left_shares_log(ahead_seconds + waited)
    found -= patience.left_share_log(waited)
    return found
