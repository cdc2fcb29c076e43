"""Plays a policy on many replications, in as many processes as there are cores.

A replication's number fixes its pool and its day, so results of two policies with the same number are pairs.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context

import numpy as np

from simulator.baselines import BASELINES
from simulator.bid_prices import hourly_prices
from simulator.day import draw_day
from simulator.flow import Flow
from simulator.metrics import Metrics, measure
from simulator.pool import draw_pool
from simulator.progress import Progress
from simulator.reference_policy import HOLD_CAP_SECONDS, ReferencePolicy
from simulator.worlds import World

REPLICATIONS = 20

Play = Callable[[World, int], Metrics]
"""Plays one replication of a world; a module's function or a partial of one, so that another process can get it."""


def play_baseline(name: str, world: World, replication: int) -> Metrics:
    """`name` is one of BASELINES, with " + owner" after it for the owner rule."""
    policy, owner_keeps = name.removesuffix(" + owner"), name.endswith(" + owner")
    pool = draw_pool(world, replication)
    day = draw_day(world, pool, replication)
    return measure(Flow(pool, day, BASELINES[policy](), owner_keeps=owner_keeps).run())


def play_reference(
    world: World,
    replication: int,
    *,
    idle_cs: float = 0.3,
    hold_cap_seconds: float = HOLD_CAP_SECONDS,
    priced: bool = True,
    clairvoyant: bool = False,
) -> Metrics:
    """[R1 fair]; idle_cs .05 is [R1]. Without prices, without hold (cap 0), or knowing everything."""
    pool = draw_pool(world, replication)
    day = draw_day(world, pool, replication)
    prices = hourly_prices(world, pool) if priced else np.zeros((1, pool.agents))
    policy = ReferencePolicy(prices, idle_cs=idle_cs, hold_cap_seconds=hold_cap_seconds)
    return measure(Flow(pool, day, policy, owner_keeps=True, clairvoyant=clairvoyant).run())


def replicate(
    plays: Mapping[str, Play],
    world: World,
    replications: Sequence[int] = range(REPLICATIONS),
    *,
    processes: int | None = None,
) -> dict[str, list[Metrics]]:
    """Per policy, the figures of each replication in the order given. `processes` of None takes every core."""
    found: dict[tuple[str, int], Metrics] = {}
    count = processes or os.cpu_count() or 1
    with (
        Progress(f"world {world.name}", len(plays) * len(replications)) as progress,
        ProcessPoolExecutor(count, mp_context=get_context("spawn")) as pool,
    ):
        jobs = {
            pool.submit(play, world, replication): (name, replication)
            for replication in replications
            for name, play in plays.items()
        }
        for job in as_completed(jobs):
            found[jobs[job]] = job.result()
            progress.step()
    return {name: [found[name, replication] for replication in replications] for name in plays}
