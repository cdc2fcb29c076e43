"""A day of a call log under first come, first served, or under production's own decisions (routing.md 6.8, "Real calls").

The same calls come at the same times to the agents who were there; how long each talk and each patience would have lasted is
drawn, alike for every rule that plays the day. Everybody resolves everything: the log says nothing of that.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from simulator.baselines.plain import LongestIdle
from simulator.calls.log import DAY_SECONDS, Call, CallLog
from simulator.calls.past import Past, Stays, absences, past_of, spells, stays
from simulator.contact import Contact
from simulator.day import DRAWS, Day, Tier
from simulator.desk import ONE_AT_A_TIME, desk_of
from simulator.flow import Flow
from simulator.pool import LEVELS, Floats, Pool
from simulator.record import Record
from simulator.report.strained import StrainedDrive
from simulator.strain import Absence, Strain
from simulator.tariffs import Pricer

HEAD_START_SECONDS = 90.0
"""Of priority 2, over who came before it."""
FIRST_OF_ALL = 2
TALK_SPREAD, TALK_SHIFT = 0.95, -0.45
"""A talk lasts the agent's mean x exp(.95 z - .45), whose mean is 1."""
END_SECONDS = DAY_SECONDS + 4 * 3600.0
"""Calls that wait at midnight are played to their end."""
TARGET_SECONDS = 40.0
FIRST_COME, PRODUCTION = "first come", "production"


@dataclass(frozen=True, slots=True)
class Sums:
    """Of calls that asked for an agent; adds up over days."""

    asked: int = 0
    answered: int = 0
    waited_seconds: float = 0.0
    """Of the answered."""
    in_time: int = 0
    """Answered within 40 s."""

    def __add__(self, other: Sums) -> Sums:
        return Sums(
            self.asked + other.asked,
            self.answered + other.answered,
            self.waited_seconds + other.waited_seconds,
            self.in_time + other.in_time,
        )

    def figures(self) -> dict[str, float]:
        """Seconds and shares; NaN where there is nothing to divide by."""
        return {
            "asa_seconds": self.waited_seconds / self.answered if self.answered else math.nan,
            "abandoned": 1.0 - self.answered / self.asked if self.asked else math.nan,
            "within_target": self.in_time / self.asked if self.asked else math.nan,
        }


def measured(calls: Sequence[Call]) -> Sums:
    """As it was."""
    waits = [call.waited_seconds for call in calls if not call.left]
    return Sums(len(calls), len(waits), float(sum(waits)), sum(wait <= TARGET_SECONDS for wait in waits))


def played(log: CallLog, gap_seconds: float, seed: int, rule: str = FIRST_COME) -> Sums:
    """All days of the log, each from an empty desk; the same seed brings every rule the same luck."""
    past, total = past_of(log), Sums()
    patience = stays(log.calls)
    for number, name in enumerate(log.days):
        calls = [call for call in log.calls if call.day == name]
        day = _day(calls, past, np.random.default_rng((seed, number)))
        record = _record(rule, past, patience, day, _strain(calls, past, gap_seconds))
        total += _sums(record)
    return total


def _sums(record: Record) -> Sums:
    waits = record.first_wait_seconds[~np.isnan(record.first_wait_seconds)]
    return Sums(
        len(record.day), len(waits), float(waits.sum()), int(np.count_nonzero(waits <= TARGET_SECONDS))
    )


def _record(rule: str, past: Past, patience: Stays, day: Day, strain: Strain) -> Record:
    pool = _pool(past, everything=True)
    if rule == FIRST_COME:
        return CallFlow(past.talk_seconds, pool, day, FirstCome(), strain=strain).run()
    believed = _pool(past, everything=False)
    policy = replace(ONE_AT_A_TIME, patience_shape=1, patience_scale_seconds=_mean_patience(patience))
    return CallDrive(
        pool,
        day,
        desk_of(believed, policy=policy),
        pricer=Pricer(),
        strain=strain,
        end_seconds=END_SECONDS,
        talk_seconds=past.talk_seconds,
    ).play()


def _mean_patience(patience: Stays) -> float:
    """Of the exponential with the log's median: what production is told of these callers."""
    median = patience.median_seconds
    return median / math.log(2.0) if 0.0 < median < math.inf else 1_000.0


class FirstCome(LongestIdle):
    """Oldest call first, priority 2 as if it had come 90 s sooner; the longest idle agent."""

    def next_phone(self, agent: int, now: float) -> Contact | None:
        return min(self.able_phone(agent, now), key=_place, default=None)


def _place(contact: Contact) -> tuple[float, int]:
    ahead = HEAD_START_SECONDS if contact.tier == Tier.LOYAL else 0.0
    return contact.arrived_seconds - ahead, contact.order


class CallFlow(Flow):
    """The simulator's loop, where each agent has a pace of its own for each kind of call."""

    def __init__(
        self, talk_seconds: Floats, pool: Pool, day: Day, policy: FirstCome, *, strain: Strain
    ) -> None:
        super().__init__(pool, day, policy, strain=strain, horizon_seconds=END_SECONDS)
        self._talk = talk_seconds

    def full_seconds(self, agent: int, issue: int, draw: int) -> float:
        return float(self._talk[agent, self.day.topic[issue]] * self.day.work[issue, draw])


@dataclass
class CallDrive(StrainedDrive):
    """The same under production."""

    talk_seconds: Floats = None  # type: ignore[assignment]  # given by whoever makes one; its base has defaults

    def full_seconds(self, agent: int, issue: int, draw: int) -> float:
        return float(self.talk_seconds[agent, self.day.topic[issue]] * self.day.work[issue, draw])


def _pool(past: Past, *, everything: bool) -> Pool:
    """`everything`: an agent who is given a kind that it never took does its best; else as policies know them."""
    agents, kinds = past.takes.shape
    sure = np.zeros((kinds, 2, LEVELS))
    sure[..., 0] = 1.0
    weights = past.takes * past.talk_seconds
    usual = past.takes * past.kind_seconds
    some = usual.sum(axis=1) > 0
    speed = np.where(some, weights.sum(axis=1) / np.where(some, usual.sum(axis=1), 1.0), 1.0)
    return Pool(
        level=np.zeros(agents, dtype=np.int64),
        certified=np.ones_like(past.takes) if everything else past.takes,
        resolves=np.full((agents, kinds), 0.9),
        speed=speed,
        popularity=np.full(kinds, 1.0 / kinds),
        handle_seconds=past.kind_seconds,
        need_prior=sure,
        need_posterior=np.repeat(sure[:, :, None, :], LEVELS, axis=2),
    )


def _day(calls: Sequence[Call], past: Past, rng: np.random.Generator) -> Day:
    """Nobody comes back by chance: who did is in the log."""
    size = len(calls)
    block = (size, DRAWS)
    zeros = np.zeros(size, dtype=np.int64)
    kind = np.array([past.kinds.index(call.kind) for call in calls], dtype=np.int64)
    uniform, tail = rng.random(size), rng.exponential(size=size)
    patience = np.empty(size)
    for at, name in enumerate(past.kinds):
        some = kind == at
        patience[some] = past.stays[name].drawn(uniform[some], tail[some])
    return Day(
        arrival_seconds=np.array([float(call.asked_seconds) for call in calls]),
        topic=kind,
        observed_topic=kind,
        tier=np.array(
            [Tier.LOYAL if call.priority == FIRST_OF_ALL else Tier.REGULAR for call in calls], dtype=np.int64
        ),
        complaint=zeros.astype(bool),
        email=zeros.astype(bool),
        need=zeros,
        signal=zeros,
        work=np.exp(TALK_SPREAD * rng.standard_normal(block) + TALK_SHIFT),
        luck_resolved=np.zeros(block),
        luck_stuck=np.ones(block),
        luck_stated=np.ones(block),
        patience_seconds=np.repeat(patience[:, None], DRAWS, axis=1),
        delay=np.ones(block),
        luck_back=np.ones(block),
    )


def _strain(calls: Sequence[Call], past: Past, gap_seconds: float) -> Strain:
    there = spells(calls, gap_seconds)
    away = tuple(
        Absence(number, *span)
        for number, agent in enumerate(past.agents)
        for span in absences(there.get(agent, []), END_SECONDS)
    )
    return Strain(absences=away, believed=_pool(past, everything=False))
