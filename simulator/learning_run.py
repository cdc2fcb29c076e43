"""Several days on end through one router, which learns from nothing or knows everybody's chances (routing.md 3).

The days follow each other every 24 hours of the router's time; people's true chances stay as they are, but that one
topic's may fall on a morning, of which nobody tells the desk. Whether something came back is known to the desk when
its repeat window is over: of a day, which is nearest to the prototype's "outcomes at once", or of a week.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, fields, replace

import numpy as np

from services.contract.desk import DeskLimits, DeskPolicy
from services.contract.facts import ForecastSet
from simulator.day import Day, draw_day
from simulator.desk import DESK_ID, ONE_AT_A_TIME, desk_of, topic_id
from simulator.drive import Drive
from simulator.metrics import Metrics, measure
from simulator.pool import Floats, Ints, Pool, draw_pool
from simulator.record import Record
from simulator.routed import EPOCH_MS
from simulator.stress import FALL, TOPIC
from simulator.tariffs import EVERY_SECONDS, HOUR_SECONDS, Pricer, true_forecast
from simulator.worlds import DAY_SECONDS, World

CALENDAR_DAY_SECONDS = 86_400.0
CALENDAR_DAY_MS = 86_400_000
RECOVERED_WITHIN = 0.05
"""A topic that fell is believed again when the mean of its agents' learned chances is this near to the true one."""


@dataclass(frozen=True, slots=True)
class Learned:
    """One day and the evening after it."""

    number: int
    """Counted from 1."""
    metrics: Metrics
    correlation: float
    """Of learned and true chances over the certified cells, each weighing alike."""
    rmse: float
    bias: float
    """Mean of learned less true."""
    topic_bias: tuple[float, ...]
    """The same per topic."""
    results_open: int
    """Results of which it is not yet known whether something comes back."""


@dataclass
class Days(Drive):
    """Plays day after day; `day` holds the issues of all of them."""

    day_numbers: Ints = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    """[N] On which day each issue arrives, from 0."""
    falls_on: int | None = None
    """Number of the day, from 0, on whose morning a topic falls."""
    played: int = 0
    """Days so far."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self._busy_before = np.zeros(self.pool.agents)

    def evenings(self) -> Iterator[Learned]:
        """What each day that is left came to, and what is believed after it."""
        for number in range(self.played, int(self.day_numbers[-1]) + 1):
            if number == self.falls_on:
                self._falls()
            self.end_seconds = (number + 1) * CALENDAR_DAY_SECONDS - 1.0
            self.play()
            self.played = number + 1
            yield self._evening(number)

    def _begin(self) -> None:
        if not self.played:
            super()._begin()

    def _prices(self, at: float, pricer: Pricer) -> None:
        """At night, when all but the last calls are over, nobody asks for them."""
        if at % CALENDAR_DAY_SECONDS < DAY_SECONDS + HOUR_SECONDS:
            super()._prices(at, pricer)
        else:
            morning = (at // CALENDAR_DAY_SECONDS + 1) * CALENDAR_DAY_SECONDS
            self._at(max(morning, at + EVERY_SECONDS), self._prices, pricer)

    def _busy(self, agent: int, began: float, ended: float) -> None:
        closing = began // CALENDAR_DAY_SECONDS * CALENDAR_DAY_SECONDS + DAY_SECONDS
        self.record.busy_seconds[agent] += max(0.0, min(ended, closing) - began)

    def _falls(self) -> None:
        resolves = self.pool.resolves.copy()
        resolves[:, TOPIC] = np.maximum(resolves[:, TOPIC] - FALL, 0.05)
        self.pool = replace(self.pool, resolves=resolves)

    def _evening(self, number: int) -> Learned:
        metrics = measure(self._record_of(number))
        results_open = len(self.state.desks[DESK_ID].learned.outcomes.opened)
        return learned_of(number, metrics, self.pool, self._believed(), results_open=results_open)

    def _believed(self) -> Floats:
        """[n, K] The chances in force."""
        desk = self.state.desks[DESK_ID]
        row_of = {topic.topic_id: row for row, topic in enumerate(desk.desk.topics)}
        chances = desk.crew.beliefs.resolves
        return np.stack([chances[row_of[topic_id(topic)]] for topic in range(self.pool.topics)], axis=1)

    def _record_of(self, number: int) -> Record:
        """What became of one day's issues."""
        rows, whole = self.day_numbers == number, self.record
        part = Record(_rows(self.day, rows, number * CALENDAR_DAY_SECONDS), self.pool.agents)
        for name, values in vars(whole).items():
            if name not in ("day", "busy_seconds"):
                setattr(part, name, values[rows])
        part.busy_seconds = whole.busy_seconds - self._busy_before
        self._busy_before = whole.busy_seconds.copy()
        return part


def learned_of(number: int, metrics: Metrics, pool: Pool, believed: Floats, *, results_open: int) -> Learned:
    """An evening; `number` counts from 0, `believed` is of the shape of the pool's chances."""
    certified, distance = pool.certified, believed - pool.resolves
    return Learned(
        number=number + 1,
        metrics=metrics,
        correlation=float(np.corrcoef(believed[certified], pool.resolves[certified])[0, 1]),
        rmse=float(np.sqrt((distance[certified] ** 2).mean())),
        bias=float(distance[certified].mean()),
        topic_bias=tuple(
            [float(distance[certified[:, topic], topic].mean()) for topic in range(pool.topics)]
        ),
        results_open=results_open,
    )


def days_of(
    world: World,
    replication: int,
    *,
    days: int,
    known: bool,
    window_days: int = 1,
    policy: DeskPolicy = ONE_AT_A_TIME,
    falls_after: int | None = None,
    day_seconds: float = DAY_SECONDS,
) -> Days:
    """The run, not begun.

    `known`: the desk is told the true chances and learns none. `falls_after`: days before a topic falls.
    `day_seconds`: arrivals later in a day are left out, for a short trial.
    """
    pool = draw_pool(world, replication)
    day, numbers = joined(world, pool, replication, days, day_seconds)
    desk = desk_of(pool, policy=policy, known=known)
    limits = replace(desk.limits or DeskLimits(), repeat_window_ms=window_days * CALENDAR_DAY_MS)
    return Days(
        pool,
        day,
        replace(desk, limits=limits),
        forecast=_forecast(world, pool, days),
        pricer=Pricer(),
        day_numbers=numbers,
        falls_on=falls_after,
    )


def recovered_days(evenings: Sequence[Learned], falls_after: int) -> float:
    """Days from a topic's fall to the first evening that is near enough; one more than there are if none is."""
    near = [abs(one.topic_bias[TOPIC]) <= RECOVERED_WITHIN for one in evenings[falls_after:]]
    return float(near.index(True) + 1 if True in near else len(near) + 1)


def joined(
    world: World, pool: Pool, replication: int, days: int, day_seconds: float = DAY_SECONDS
) -> tuple[Day, Ints]:
    """The issues of all days, and on which day, from 0, each arrives."""
    parts, numbers = [], []
    for number in range(days):
        one = draw_day(world, pool, replication, number)
        parts.append(_rows(one, one.arrival_seconds < day_seconds, -number * CALENDAR_DAY_SECONDS))
        numbers.append(np.full(len(parts[-1]), number))
    together = {
        name.name: np.concatenate([getattr(part, name.name) for part in parts]) for name in fields(Day)
    }
    return Day(**together), np.concatenate(numbers)


def _rows(day: Day, rows: np.ndarray[tuple[int], np.dtype[np.bool_]], earlier_seconds: float) -> Day:
    """Some issues of a day, that many seconds earlier."""
    part = {name.name: getattr(day, name.name)[rows] for name in fields(Day)}
    part["arrival_seconds"] = part["arrival_seconds"] - earlier_seconds
    return Day(**part)


def _forecast(world: World, pool: Pool, days: int) -> ForecastSet:
    """Every day as the world's true rate has it."""
    starts = [EPOCH_MS + number * CALENDAR_DAY_MS for number in range(days)]
    return ForecastSet(
        rows=tuple([row for start in starts for row in true_forecast(world, pool, start).rows])
    )
