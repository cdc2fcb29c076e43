"""The simulator's own loop on a queue with a known answer: one topic, all able, everything resolved."""

from __future__ import annotations

import numpy as np

from simulator.baselines.plain import LongestIdle
from simulator.checks.erlang import Queue, Steady
from simulator.day import DRAWS, Day
from simulator.flow import Flow
from simulator.pool import LEVELS, Pool

WARM_UP_SHARE = 0.125


def alike(queue: Queue) -> Pool:
    """Agents who are certified for the one topic, of the highest level, resolve everything at the mean speed."""
    return Pool(
        level=np.full(queue.agents, LEVELS - 1),
        certified=np.ones((queue.agents, 1), dtype=bool),
        resolves=np.ones((queue.agents, 1)),
        speed=np.ones(queue.agents),
        popularity=np.ones(1),
        handle_seconds=np.array([queue.service_seconds]),
        need_prior=np.full((1, 2, LEVELS), 1 / LEVELS),
        need_posterior=np.full((1, 2, LEVELS, LEVELS), 1 / LEVELS),
    )


def calls(queue: Queue, seconds: float, seed: int) -> Day:
    """Poisson arrivals over `seconds`, exponential work and patience; whoever leaves never comes back."""
    rng = np.random.default_rng(seed)
    size = int(rng.poisson(queue.arrivals * seconds))
    block = (size, DRAWS)
    zeros = np.zeros(size, dtype=np.int64)
    patience = np.full(block, np.inf)
    if queue.patience_seconds is not None:
        patience = rng.exponential(queue.patience_seconds, size=block)
    return Day(
        arrival_seconds=np.sort(rng.uniform(0.0, seconds, size=size)),
        topic=zeros,
        observed_topic=zeros,
        tier=zeros,
        complaint=zeros.astype(bool),
        email=zeros.astype(bool),
        need=zeros,
        signal=zeros,
        work=rng.exponential(1.0, size=block),
        luck_resolved=np.zeros(block),
        luck_stuck=np.ones(block),
        luck_stated=np.ones(block),
        patience_seconds=patience,
        delay=np.ones(block),
        luck_back=np.ones(block),
    )


def simulated(queue: Queue, seconds: float, seed: int) -> Steady:
    """The figures of one run, without its first eighth."""
    day = calls(queue, seconds, seed)
    record = Flow(alike(queue), day, LongestIdle(), horizon_seconds=2 * seconds).run()
    counted = day.arrival_seconds >= WARM_UP_SHARE * seconds
    answered = ~np.isnan(record.first_wait_seconds)
    waits = record.first_left | (record.first_wait_seconds > 0)
    wait_seconds = np.where(record.first_left, record.wait_seconds_most, record.first_wait_seconds)
    return Steady(
        waits=float(waits[counted].mean()),
        wait_seconds=float(wait_seconds[counted].mean()),
        leaves=float(1.0 - answered[counted].mean()),
        occupancy=float(record.busy_seconds.mean()) / seconds,
    )
