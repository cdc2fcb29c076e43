"""How each policy of the report plays one replication; a case is all that a run depends on, and can be sent elsewhere."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from services.contract.desk import DeskPolicy
from simulator.baselines import BASELINES
from simulator.bid_prices import hourly_prices
from simulator.day import Day, draw_day
from simulator.desk import ONE_AT_A_TIME, desk_of
from simulator.drive import Drive
from simulator.flow import Flow
from simulator.pool import Pool, draw_pool
from simulator.reference_policy import ReferencePolicy
from simulator.report.measures import Run, run_of
from simulator.report.strained import play_strained
from simulator.routed import EPOCH_MS
from simulator.strain import NONE, Strain
from simulator.stress import SCENARIOS
from simulator.tariffs import Pricer, true_forecast
from simulator.worlds import World

BASELINE, REFERENCE, PRODUCTION, CHECK, DAYS = "baseline", "reference", "production", "check", "days"
REFERENCE_IDLE_CS = 0.3
"""[R1 fair] The default of routing.md 2.0."""
Setting = tuple[str, float]


@dataclass(frozen=True, slots=True)
class Play:
    """A policy as it is to be played."""

    name: str
    """As tables call it; of baselines also the policy, with " + owner" after it for the owner rule."""
    kind: str = PRODUCTION
    settings: tuple[Setting, ...] = ()
    """What differs from the desk policy's defaults."""
    clairvoyant: bool = False
    """Contacts arrive with their true topic and exact need."""
    known: bool = True
    """The desk knows every agent's chances to resolve; else it begins to learn them."""
    days: int = 1


@dataclass(frozen=True, slots=True)
class Case:
    """One run."""

    world: World
    play: Play
    replication: int
    scenario: str = ""
    """One of stress.py's; empty leaves the day as it is."""


def play(case: Case) -> Run:
    """Plays it to the end; the same case gives the same run on any machine."""
    if case.play.kind == CHECK:
        from simulator.report.outside import check

        return check(case.play.name)
    if case.play.kind == DAYS:
        from simulator.report.days import play_days

        return play_days(
            case.world,
            case.replication,
            policy=desk_policy(case.play),
            known=case.play.known,
            days=case.play.days,
        )
    pool = draw_pool(case.world, case.replication)
    day = draw_day(case.world, pool, case.replication)
    if case.scenario:
        return _stressed(case, pool, day)
    if case.play.kind == BASELINE:
        return _baseline(pool, day, case.play.name)
    if case.play.kind == REFERENCE:
        policy = ReferencePolicy(hourly_prices(case.world, pool), idle_cs=REFERENCE_IDLE_CS)
        return run_of(Flow(pool, day, policy, owner_keeps=True).run())
    return run_of(drive(case, pool, day).play())


def _stressed(case: Case, pool: Pool, day: Day) -> Run:
    stressed = SCENARIOS[case.scenario](case.world, pool, day, case.replication)
    if case.play.kind == BASELINE:
        return _baseline(stressed.pool, stressed.day, case.play.name, stressed.strain)
    return play_strained(case.world, stressed)


def drive(case: Case, pool: Pool, day: Day) -> Drive:
    """Production on the case's day, not begun."""
    return Drive(
        pool,
        day,
        desk_of(pool, policy=desk_policy(case.play), known=case.play.known),
        forecast=true_forecast(case.world, pool, EPOCH_MS),
        pricer=Pricer(),
        clairvoyant=case.play.clairvoyant,
    )


def desk_policy(play: Play) -> DeskPolicy:
    """The defaults, but that one agent does one thing at a time."""
    settings: dict[str, Any] = dict(play.settings)
    return replace(ONE_AT_A_TIME, **settings)


def _baseline(pool: Pool, day: Day, name: str, strain: Strain = NONE) -> Run:
    policy, owner_keeps = name.removesuffix(" + owner"), name.endswith(" + owner")
    return run_of(Flow(pool, day, BASELINES[policy](), owner_keeps=owner_keeps, strain=strain).run())
