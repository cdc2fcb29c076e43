"""How strong the priors of people should be, from the data, by moments (routing.md 3, "Strength").

    S = m (1 - m) / sigma^2 - 1

sigma^2 is the variance between agents, or between an agent's topics, that is left when what chance alone makes of so
many results is taken off: a nested analysis of variance with unequal counts (Searle, Casella & McCulloch 1992, ch. 2).
A spread of .05 at m = .8 gives 63; agents who are all alike give the largest strength.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from services.router.policy.learning import Strengths

Floats = npt.NDArray[np.float64]

STRENGTH_MIN, STRENGTH_MAX = 20.0, 400.0
AGENTS_MIN = 20
"""Fewer agents with results say nothing of their spread."""
RESULTS_MIN = 30.0
"""Agents with fewer results are left out."""
EVERY_DAYS = 30
DIGITS = 9


def measured(counts: Floats, excess: Floats, mean: float, evenness: float, before: Strengths) -> Strengths:
    """Strengths that the spread calls for; those of before where too few agents have results.

    `counts` and `excess` of shape (agents, topics): results of today, and the sum of seen minus expected; `mean`: share
    resolved over all; `evenness`: see `evenness_after`.
    """
    totals = counts.sum(axis=1)
    kept = totals >= RESULTS_MIN
    if int(kept.sum()) < AGENTS_MIN:
        return before
    counts, excess, totals = counts[kept], excess[kept], totals[kept]
    chance = mean * (1.0 - mean) * evenness
    every = float(totals.sum())
    means = excess.sum(axis=1) / totals
    cell_means = np.divide(excess, counts, out=np.zeros_like(excess), where=counts > 0)
    squares = (counts**2).sum(axis=1)
    cells = int((counts > 0).sum()) - len(totals)
    between_cells = 0.0
    left = float((totals - squares / totals).sum())
    if cells > 0 and left > 0:
        within = float((counts * (cell_means - means[:, None]) ** 2).sum())
        between_cells = (within - cells * chance) / left
    spread = float((totals * (means - (totals * means).sum() / every) ** 2).sum())
    of_cells = float((squares / totals).sum() - squares.sum() / every) * max(0.0, between_cells)
    between_agents = (spread - (len(totals) - 1) * chance - of_cells) / (
        every - float((totals**2).sum()) / every
    )
    bernoulli = mean * (1.0 - mean)
    return Strengths(
        _strength(bernoulli, between_agents),
        _strength(bernoulli, between_cells) if cells > 0 else before.cell,
    )


def evenness_after(days: float, half_life_days: float) -> float:
    """Sum of squared weights over sum of weights, for results that came evenly over these days: 1 falling to .5.

    A sum of faded results varies less than one of as many fresh ones.
    """
    rate: float = 0.5 ** (1.0 / half_life_days)
    faded: float = rate ** max(1.0, days)
    return (1.0 + faded) / (1.0 + rate)


def _strength(bernoulli: float, variance: float) -> float:
    if variance <= 0.0:
        return STRENGTH_MAX
    return round(min(STRENGTH_MAX, max(STRENGTH_MIN, bernoulli / variance - 1.0)), DIGITS)
