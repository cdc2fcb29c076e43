"""The linear-programming bound on first-agent resolution."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from simulator.bound import first_agent_bound
from simulator.day import draw_day
from simulator.pool import draw_pool
from simulator.worlds import WORLDS, D


@pytest.mark.parametrize(
    ("name", "replications", "bound"),
    [
        ("A", 20, 0.889),
        ("B", 20, 0.881),
        ("C", 20, 0.884),
        ("D", 20, 0.882),
        ("E", 20, 0.845),
        ("L", 2, 0.888),
    ],
)
def test_every_world_has_the_bound_of_the_reference(name: str, replications: int, bound: float) -> None:
    world = WORLDS[name]
    found = []
    for replication in range(replications):
        pool = draw_pool(world, replication)
        found.append(first_agent_bound(pool, draw_day(world, pool, replication)))
    assert round(float(np.mean(found)), 3) == bound


def test_with_nobody_certified_nothing_is_resolved_and_with_time_for_all_the_best_resolve() -> None:
    pool = draw_pool(D, 0)
    day = draw_day(D, pool, 0)
    assert first_agent_bound(replace(pool, certified=np.zeros_like(pool.certified)), day) == 0.0
    alike = replace(pool, resolves=np.full_like(pool.resolves, 0.8), speed=np.full_like(pool.speed, 0.1))
    assert first_agent_bound(alike, day) == pytest.approx(0.8)
