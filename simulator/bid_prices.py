"""Hourly bid prices of a pool from its true rates: the linear program of routing.md 2.3, whole and plain.

Written apart from the router's own (services/router/policy/prices.py), so that the reference policy checks it too.
"""

from __future__ import annotations

import numpy as np
from scipy import sparse
from scipy.optimize import linprog

from simulator.day import COMPLAINT_SHARE, rate_per_second
from simulator.pool import SIGNAL_GIVEN_NEED, Floats, Pool
from simulator.worlds import DAY_SECONDS, World

NOT_RESOLVED_CS, LEFT_OUT_CS, CAPACITY_SHARE, REPEATS = 1200.0, 2500.0, 0.93, 1.12
COMPLAINT_WEIGHT = 1.3
HOUR_SECONDS = 3600.0


def hourly_prices(world: World, pool: Pool) -> Floats:
    """[8, n] Price of each agent's second in each hour of the day, in cs."""
    hours = np.arange(0.0, DAY_SECONDS, HOUR_SECONDS)
    minutes = np.arange(0.0, HOUR_SECONDS, 60.0)
    return np.stack(
        [_prices(pool, float(rate_per_second(world, pool, hour + minutes).mean())) for hour in hours]
    )


def _prices(pool: Pool, arrivals: float) -> Floats:
    """Classes are (topic, complaint, signal), groups agents of the same topics and level."""
    keys = np.column_stack([pool.certified.astype(np.int64), pool.level])
    groups, member = np.unique(keys, axis=0, return_inverse=True)
    member = member.reshape(-1)
    sizes = np.bincount(member).astype(np.float64)
    speed = np.bincount(member, weights=pool.speed) / sizes
    resolves = np.stack(
        [np.bincount(member, weights=pool.resolves[:, topic]) / sizes for topic in range(pool.topics)]
    )
    rates = _class_rates(pool, arrivals)
    covered = np.cumsum(pool.need_posterior, axis=-1)[..., groups[:, -1]]
    cells = np.broadcast_to(groups[:, :-1].T.astype(bool)[:, None, None, :], covered.shape)
    topic, complaint, signal, group = np.nonzero(cells)
    of_class = np.ravel_multi_index((topic, complaint, signal), rates.shape)
    talk = pool.handle_seconds[topic] * speed[group]
    failure = NOT_RESOLVED_CS * np.where(complaint == 1, COMPLAINT_WEIGHT, 1.0)
    cost = talk + (1 - resolves[topic, group] * covered[topic, complaint, signal, group]) * failure
    columns = np.arange(len(cost))
    found = linprog(
        np.concatenate([cost, np.full(rates.size, LEFT_OUT_CS)]),
        A_ub=sparse.csr_array((talk, (group, columns)), shape=(len(groups), len(cost) + rates.size)),
        b_ub=CAPACITY_SHARE * sizes,
        A_eq=sparse.hstack(
            [
                sparse.csr_array((np.ones(len(cost)), (of_class, columns)), shape=(rates.size, len(cost))),
                sparse.eye_array(rates.size),
            ]
        ),
        b_eq=rates.ravel(),
        method="highs",
    )
    if not found.success:
        raise ArithmeticError(f"no prices: {found.message}")
    return np.asarray(np.maximum(0.0, -found.ineqlin.marginals)[member])


def _class_rates(pool: Pool, arrivals: float) -> Floats:
    """[K, 2, 4] Per second, repeats included."""
    signals = pool.need_prior @ SIGNAL_GIVEN_NEED
    of_kind = np.array([1 - COMPLAINT_SHARE, COMPLAINT_SHARE])
    return np.asarray(arrivals * REPEATS * pool.popularity[:, None, None] * of_kind[:, None] * signals)
