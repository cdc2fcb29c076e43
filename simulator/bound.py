"""The most first-agent resolution that any routing could reach: the linear program of routing.md 6.4.

Fluid: no waits, no waves, the true topic and need known at once. Expert consults are outside it, so a policy that knows
everything may pass it.
"""

from __future__ import annotations

import numpy as np
from scipy import sparse
from scipy.optimize import linprog

from simulator.day import Day
from simulator.pool import LEVELS, Pool
from simulator.worlds import COUNTED_FROM_SECONDS, COUNTED_TO_SECONDS


def first_agent_bound(pool: Pool, day: Day) -> float:
    """Share of the counted issues, e-mail included, that the first agent resolves at best.

    max sum x p over the cells (topic, need, agent) whose agent is certified and of the level; at most one second of
    talk per agent and second, at most the observed rate per topic and need.
    """
    classes = day.topic[day.counted] * LEVELS + day.need[day.counted]
    rates = np.bincount(classes, minlength=pool.topics * LEVELS) / (COUNTED_TO_SECONDS - COUNTED_FROM_SECONDS)
    able = pool.certified.T[:, None, :] & (pool.level >= np.arange(LEVELS)[:, None])
    topic, need, agent = np.nonzero(able)
    if not topic.size:
        return 0.0
    cells = np.arange(len(topic))
    talk = sparse.csr_array(
        (pool.handle_seconds[topic] * pool.speed[agent], (agent, cells)), shape=(pool.agents, len(cells))
    )
    offered = sparse.csr_array(
        (np.ones(len(cells)), (topic * LEVELS + need, cells)), shape=(len(rates), len(cells))
    )
    found = linprog(
        -pool.resolves[agent, topic],
        A_ub=sparse.vstack([talk, offered]),
        b_ub=np.concatenate([np.ones(pool.agents), rates]),
        method="highs",
    )
    if not found.success:
        raise ArithmeticError(f"the bound has no solution: {found.message}")
    return float(-found.fun / rates.sum())
