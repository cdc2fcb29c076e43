"""Comparing two policies that met the same customers: paired differences, their half-widths, and the gap closed.

Common random numbers are by construction (day.py): replication r of two policies is one pool, one day, one luck. Worlds
differ more than policies do, so a difference is judged before a level.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

import numpy as np
from scipy.stats import t as student

from simulator.metrics import Metrics

CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean and the half-width of its confidence interval by Student's t; NaN half-width of a single value."""

    mean: float
    half_width: float

    @property
    def low(self) -> float:
        return self.mean - self.half_width

    @property
    def high(self) -> float:
        return self.mean + self.half_width

    def holds(self, value: float) -> bool:
        """Whether `value` lies inside the interval."""
        return self.low <= value <= self.high


def estimate(values: Sequence[float], confidence: float = CONFIDENCE) -> Estimate:
    """Of independent replications. For 20 the half-width is 2.09 sd / sqrt(20)."""
    count = len(values)
    if count < 2:
        return Estimate(float(np.mean(values)), float("nan"))
    quantile = float(student.ppf((1 + confidence) / 2, count - 1))
    return Estimate(float(np.mean(values)), quantile * float(np.std(values, ddof=1)) / sqrt(count))


def values_of(runs: Sequence[Metrics], name: str) -> list[float]:
    """One figure of every replication; `name` is a field of Metrics."""
    return [float(getattr(run, name)) for run in runs]


def difference(runs: Sequence[Metrics], other: Sequence[Metrics], name: str) -> Estimate:
    """Of `runs` minus `other`, replication by replication."""
    pairs = zip(values_of(runs, name), values_of(other, name), strict=True)
    return estimate([one - two for one, two in pairs])


def gap_closed(
    runs: Sequence[Metrics],
    longest_idle: Sequence[Metrics],
    clairvoyant: Sequence[Metrics],
    name: str = "fcr",
) -> float:
    """(x - longest-idle) / (clairvoyant - longest-idle), of the means: 0 is the usual, 1 is knowing everything."""
    low, high = (float(np.mean(values_of(some, name))) for some in (longest_idle, clairvoyant))
    return (float(np.mean(values_of(runs, name))) - low) / (high - low)
