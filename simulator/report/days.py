"""Several days on end through production, which learns from nothing or knows everybody's chances (routing.md 3).

The days stand behind each other in one, so the router's state lives on from day to day as it does in production. On the
morning after FALL_AFTER_DAYS everybody's chance to resolve one topic falls, and nobody tells the desk.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, fields, replace

import numpy as np

from services.contract.desk import DeskPolicy
from services.contract.facts import ForecastSet
from simulator.day import Day, draw_day
from simulator.desk import DESK_ID, desk_of, topic_id
from simulator.drive import EPOCH_MS, Drive
from simulator.pool import Floats, Pool
from simulator.report.measures import Run
from simulator.stress import FALL, TOPIC
from simulator.tariffs import EVERY_SECONDS, Pricer, true_forecast
from simulator.worlds import COUNTED_FROM_SECONDS, COUNTED_TO_SECONDS, DAY_SECONDS, World

CALENDAR_DAY_SECONDS = 86_400.0
FALL_AFTER_DAYS = 10
FROM_DAY, CORRELATED_DAY = 6, 8
"""Counted from 1."""
RECOVERED_WITHIN = 0.05


@dataclass
class Days(Drive):
    """Notes every evening how near the learned chances are; lets one topic fall on the way."""

    falls_at: float | None = None
    evenings: int = 1
    learned: list[Floats] = field(default_factory=list)
    """[n, K] per evening."""
    true: list[Floats] = field(default_factory=list)

    def _begin(self) -> None:
        super()._begin()
        for day in range(self.evenings):
            self._at(day * CALENDAR_DAY_SECONDS + self.working_seconds, self._evening)
        if self.falls_at is not None:
            self._at(self.falls_at, self._falls)

    working_seconds: float = 16 * 3600.0

    def _prices(self, at: float, pricer: Pricer) -> None:
        """At night nobody asks for them."""
        if at % CALENDAR_DAY_SECONDS < self.working_seconds:
            super()._prices(at, pricer)
        else:
            morning = (at // CALENDAR_DAY_SECONDS + 1) * CALENDAR_DAY_SECONDS
            self._at(max(morning, at + EVERY_SECONDS), self._prices, pricer)

    def _evening(self, at: float) -> None:
        desk = self.state.desks[DESK_ID]
        of_topic = {topic.topic_id: index for index, topic in enumerate(desk.desk.topics)}
        beliefs = desk.crew.beliefs.resolves
        chances = [beliefs[of_topic[topic_id(index)]] for index in range(self.pool.topics)]
        self.learned.append(np.stack(chances, axis=1))
        self.true.append(self.pool.resolves)

    def _falls(self, at: float) -> None:
        resolves = self.pool.resolves.copy()
        resolves[:, TOPIC] = np.maximum(resolves[:, TOPIC] - FALL, 0.05)
        self.pool = replace(self.pool, resolves=resolves)


def play_days(
    world: World,
    pool: Pool,
    replication: int,
    *,
    policy: DeskPolicy,
    known: bool,
    days: int,
    day_seconds: float = DAY_SECONDS,
) -> Run:
    """`day_seconds`: arrivals later in a day are left out, for a short trial."""
    day = _joined(world, pool, replication, days, day_seconds)
    drive = Days(
        pool,
        day,
        desk_of(pool, policy=policy, known=known),
        forecast=_forecast(world, pool, days),
        pricer=Pricer(),
        end_seconds=days * CALENDAR_DAY_SECONDS,
        falls_at=FALL_AFTER_DAYS * CALENDAR_DAY_SECONDS if days > FALL_AFTER_DAYS else None,
        evenings=days,
    )
    resolved = drive.play().first_resolved
    of_day = (day.arrival_seconds // CALENDAR_DAY_SECONDS).astype(np.int64)
    in_day = day.arrival_seconds % CALENDAR_DAY_SECONDS
    counted = (in_day >= min(COUNTED_FROM_SECONDS, day_seconds / 8)) & (in_day < COUNTED_TO_SECONDS)
    fcr = [float(resolved[counted & (of_day == one)].mean()) for one in range(days)]
    return _run(pool, fcr, drive)


def _run(pool: Pool, fcr: Sequence[float], drive: Days) -> Run:
    certified = pool.certified
    pairs = list(zip(drive.learned, drive.true, strict=True))
    correlation = [float(np.corrcoef(one[certified], two[certified])[0, 1]) for one, two in pairs]
    rmse = [float(np.sqrt(((one - two)[certified] ** 2).mean())) for one, two in pairs]
    off = [abs(float((one - two)[certified[:, TOPIC], TOPIC].mean())) for one, two in pairs]
    after = off[FALL_AFTER_DAYS:]
    before_fall = fcr[:FALL_AFTER_DAYS]
    figures = {
        "fcr_from_day_6": float(np.mean(before_fall[FROM_DAY - 1 :] or [np.nan])),
        "correlation_day_8": correlation[CORRELATED_DAY - 1]
        if len(correlation) >= CORRELATED_DAY
        else float("nan"),
        "fall_recovered_days": _recovered(after) if after else float("nan"),
    }
    return Run(figures, {"fcr": list(fcr), "correlation": correlation, "rmse": rmse, "topic_off": off})


def _recovered(off: Sequence[float]) -> float:
    """Days after the fall until the first evening that is near enough; one more than there are if none is."""
    near = [number for number, one in enumerate(off, start=1) if one <= RECOVERED_WITHIN]
    return float(near[0] if near else len(off) + 1)


def _joined(world: World, pool: Pool, replication: int, days: int, day_seconds: float) -> Day:
    parts = []
    for number in range(days):
        one = draw_day(world, pool, replication, number)
        rows = one.arrival_seconds < day_seconds
        part = {name.name: getattr(one, name.name)[rows] for name in fields(Day)}
        part["arrival_seconds"] = part["arrival_seconds"] + number * CALENDAR_DAY_SECONDS
        parts.append(part)
    return Day(**{name: np.concatenate([part[name] for part in parts]) for name in parts[0]})


def _forecast(world: World, pool: Pool, days: int) -> ForecastSet:
    """Every day as the world's true rate has it."""
    starts = (EPOCH_MS + round(number * CALENDAR_DAY_SECONDS * 1000) for number in range(days))
    return ForecastSet(rows=tuple(row for start in starts for row in true_forecast(world, pool, start).rows))
