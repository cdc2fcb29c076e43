"""Baselines on replication 0 meet the figures of routing.md 6.5, to the digits given there."""

from __future__ import annotations

import pytest

from simulator.baselines import BASELINES
from simulator.day import draw_day
from simulator.flow import Flow
from simulator.metrics import Metrics, measure
from simulator.pool import draw_pool
from simulator.worlds import A, C, World


def played(world: World, policy: str, *, owner_keeps: bool) -> Metrics:
    pool = draw_pool(world, 0)
    return measure(Flow(pool, draw_day(world, pool, 0), BASELINES[policy](), owner_keeps=owner_keeps).run())


@pytest.mark.parametrize(
    ("policy", "owner_keeps", "asa", "fcr", "abandoned", "transfers", "cost"),
    [
        ("longest-idle", False, 5.025, 0.8131, 0.0393, 0.5286, 617.8),
        ("longest-idle", True, 4.454, 0.8231, 0.0332, 0.2057, 576.0),
        ("bullseye", True, 6.312, 0.8408, 0.0340, 0.1508, 531.7),
    ],
)
def test_world_a_has_its_fingerprints(
    policy: str, owner_keeps: bool, asa: float, fcr: float, abandoned: float, transfers: float, cost: float
) -> None:
    figures = played(A, policy, owner_keeps=owner_keeps)
    assert round(figures.asa_seconds, 3) == asa
    assert round(figures.fcr, 4) == fcr
    assert round(figures.abandoned, 4) == abandoned
    assert round(figures.transfers, 4) == transfers
    assert round(figures.cost_cs, 1) == cost


def test_world_c_has_its_fingerprint() -> None:
    figures = played(C, "longest-idle", owner_keeps=False)
    assert round(figures.asa_seconds, 3) == 2.740
    assert round(figures.fcr, 4) == 0.8240
