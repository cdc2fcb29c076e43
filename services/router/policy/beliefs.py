"""What routing believes of agents, in force: chances of resolving and speeds, as arrays in the roster's order.

Published from the learned counts at most once a minute (learning.py), so that whatever routing derives of them stays
valid between two publications and follows from the log alone.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from services.router.policy.patience import FittedPatience

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False, slots=True)
class Beliefs:
    """One publication; its arrays are never written to."""

    version: int
    """Rises with each publication; 0 before the first."""
    resolves: tuple[Floats, ...]
    """Per topic, in the desk's order of topics: chance p of each agent, in the order of `Roster.agent_ids`."""
    spread: tuple[Floats, ...]
    """The same for the posterior's standard deviation of p."""
    speed: Floats
    """Factor v of each agent: its handle time over the desk's mean."""
    handle_seconds: Floats
    """Mean handle time of each topic, in seconds."""
    approver_free: float
    """phi: chance that an approver is free when asked."""
    patience: tuple[FittedPatience | None, FittedPatience | None] = (None, None)
    """Of callers whose tier is not loyal, and of those whose tier is; None while the settings' holds."""
