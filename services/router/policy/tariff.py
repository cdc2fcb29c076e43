"""The bid prices in force: what a second of each agent's time costs, in customer-seconds (routing.md 2.3)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False, slots=True)
class Tariff:
    """One epoch of prices; its array is never written to."""

    epoch: int
    """0 before the first prices: every price is 0."""
    of_agent: Floats
    """lambda of each agent's group, in the order of `Roster.agent_ids`."""
    highest: float
    """lambda_max: the highest price in force."""
