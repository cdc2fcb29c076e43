"""Queues with known answers: Erlang-C (nobody leaves) and Erlang-A (exponential patience), by their birth-death chains.

Poisson arrivals, exponential service, n agents who are all alike. Rates are per second.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

TAIL = 1e-14
"""The chain is cut where the probability of longer queues is below this, relative to the likeliest state."""
QUEUE_MAX = 1_000_000


@dataclass(frozen=True, slots=True)
class Queue:
    """M/M/n, with +M if customers are impatient."""

    arrivals: float
    """Per second."""
    service_seconds: float
    agents: int
    patience_seconds: float | None = None
    """Mean; None waits for ever."""

    @property
    def load(self) -> float:
        """Of the agents' time, if nobody left."""
        return self.arrivals * self.service_seconds / self.agents


@dataclass(frozen=True, slots=True)
class Steady:
    """The steady state."""

    waits: float
    """Share of the arrivals that find every agent busy."""
    wait_seconds: float
    """Mean over all arrivals, those who leave included."""
    leaves: float
    """Share of the arrivals that leave."""
    occupancy: float


def steady(queue: Queue) -> Steady:
    """Raises ValueError for a queue that grows without end."""
    if queue.patience_seconds is None and queue.load >= 1.0:
        raise ValueError(f"a queue at load {queue.load:.3f} whose customers never leave has no steady state")
    weights = _weights(queue)
    chances = weights / weights.sum()
    states = np.arange(len(chances))
    waiting = float(np.maximum(states - queue.agents, 0) @ chances)
    busy = float(np.minimum(states, queue.agents) @ chances)
    return Steady(
        waits=float(chances[queue.agents :].sum()),
        wait_seconds=waiting / queue.arrivals,
        leaves=0.0 if queue.patience_seconds is None else waiting / queue.patience_seconds / queue.arrivals,
        occupancy=busy / queue.agents,
    )


def _weights(queue: Queue) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Of the states 0, 1, ... in the system, relative to the likeliest, in logarithms until the end."""
    logs = [0.0]
    highest = 0.0
    for state in range(1, queue.agents + QUEUE_MAX):
        leaving = min(state, queue.agents) / queue.service_seconds
        if queue.patience_seconds is not None:
            leaving += max(0, state - queue.agents) / queue.patience_seconds
        logs.append(logs[-1] + np.log(queue.arrivals / leaving))
        highest = max(highest, logs[-1])
        if state > queue.agents and logs[-1] < highest + np.log(TAIL):
            break
    return np.exp(np.array(logs) - highest)
