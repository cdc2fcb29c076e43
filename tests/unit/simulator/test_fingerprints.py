"""Baselines on replication 0 meet the figures of routing.md 6.5, to the digits given there."""

from __future__ import annotations

import pytest

from simulator.baselines import BASELINES
from simulator.day import draw_day
from simulator.flow import Flow
from simulator.metrics import Metrics, measure
from simulator.pool import draw_pool
from simulator.replications import play_reference
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


@pytest.mark.parametrize(
    ("idle_cs", "asa", "fcr", "abandoned", "transfers", "cost"),
    [(0.05, 3.745, 0.8599, 0.0181, 0.1487, 500.4), (0.3, 3.837, 0.8609, 0.0161, 0.1461, 501.2)],
)
def test_the_reference_policy_has_its_fingerprints(
    idle_cs: float, asa: float, fcr: float, abandoned: float, transfers: float, cost: float
) -> None:
    """To half a point of FCR and a tenth of a second only: equal optima of the price program may fall differently."""
    figures = play_reference(A, 0, idle_cs=idle_cs)
    assert figures.asa_seconds == pytest.approx(asa, abs=0.1)
    assert figures.fcr == pytest.approx(fcr, abs=0.005)
    assert figures.abandoned == pytest.approx(abandoned, abs=0.003)
    assert figures.transfers == pytest.approx(transfers, abs=0.005)
    assert figures.cost_cs == pytest.approx(cost, abs=6.0)


def test_who_knows_everything_hands_over_least() -> None:
    known, read = play_reference(A, 0, clairvoyant=True), play_reference(A, 0)
    assert known.transfers < 0.06 < read.transfers
    assert known.authority_calls < 0.04 < read.authority_calls
    assert known.first_agent > read.first_agent + 0.05
