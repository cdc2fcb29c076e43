"""A small desk and a writer of decision logs, for the tests of metrics."""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from services.contract import decisions as d
from services.contract.desk import Agent, Desk, DeskLimits, Queue, Topic
from tests.unit.metrics.chance import random_event as random_event
from tests.unit.metrics.chance import tally as tally

NOON_MS = 1_775_217_600_000  # 2026-04-03 12:00 UTC, on a quarter of an hour
QUARTER_MS = 900_000
DESK = Desk(
    desk_id="acme",
    queues=(
        Queue(queue_id="calls", channels=("phone",)),
        Queue(queue_id="post", channels=("email", "social")),
    ),
    limits=DeskLimits(),
    topics=(Topic(topic_id="billing"), Topic(topic_id="refund")),
    agents=(Agent(agent_id="ana"), Agent(agent_id="ben"), Agent(agent_id="cid")),
)
APPLIED = d.DeskApplied(desk=DESK)


@dataclass
class Writer:
    """Writes a partition's decision log as owners do; `records[offset]` is what the log holds."""

    records: list[d.Decision] = field(default_factory=list)
    desk_id: str = "acme"
    now_ms: int = NOON_MS
    head: int = 0
    last_fact: int = -1
    _next_id: int = 1

    def genesis(self) -> Writer:
        return self._append(d.GenesisCause(), 0)

    def fact(self, *events: d.Event, desk_id: str | None = None, fact_id: str = "") -> Writer:
        self.last_fact += 1
        return self._append(d.FactCause(), self.last_fact, events, desk_id, fact_id)

    def timer(self, *events: d.Event) -> Writer:
        return self._append(d.TimerCause(), self.last_fact, events)

    def rival(self, *events: d.Event) -> Writer:
        """A record that another owner built on something that is not the head."""
        self.records.append(
            d.Decision(
                decision_id=self._id(),
                prev_id=10**12 + len(self.records),
                fact_offset=self.last_fact + 1,
                desk_id=self.desk_id,
                cause=d.FactCause(),
                decided_at_ms=self.now_ms,
                events=events,
            )
        )
        return self

    def again(self) -> Writer:
        """The newest record lands a second time."""
        self.records.append(self.records[-1])
        return self

    def wait(self, duration_ms: int) -> Writer:
        self.now_ms += duration_ms
        return self

    def _append(
        self,
        cause: object,
        fact_offset: int,
        events: Iterable[d.Event] = (),
        desk_id: str | None = None,
        fact_id: str = "",
    ) -> Writer:
        record = d.Decision(
            decision_id=self._id(),
            prev_id=self.head,
            fact_offset=fact_offset,
            fact_id=fact_id,
            desk_id=self.desk_id if desk_id is None else desk_id,
            cause=cause,  # type: ignore[arg-type]
            decided_at_ms=self.now_ms,
            events=tuple(events),
        )
        self.head = record.decision_id
        self.records.append(record)
        return self

    def _id(self) -> int:
        self._next_id += 1
        return self._next_id


def random_log(
    seed: int, records: int, *, desks: tuple[str, ...] = ("acme",), late: bool = False
) -> list[d.Decision]:
    """A partition's log: genesis, configurations, then facts, timers, rivals and records that land twice.

    With `late`, some records were decided by a clock that was set back.
    """
    rng = random.Random(seed)
    writer = Writer(desk_id=desks[0]).genesis()
    for desk_id in desks:
        desk = replace(DESK, desk_id=desk_id)
        writer.fact(d.DeskApplied(desk=desk), desk_id=desk_id)
    while len(writer.records) < records:
        writer.desk_id = rng.choice(desks)
        events = [random_event(rng) for _ in range(rng.choice([0, 1, 1, 2, 4]))]
        choice = rng.random()
        if choice < 0.6:
            writer.fact(*events)
        elif choice < 0.74:
            writer.timer(*events)
        elif choice < 0.75:
            writer.fact(d.HeartbeatPassed(born_at_ms=writer.now_ms - 5), desk_id="")
        elif choice < 0.9:
            writer.rival(*events)
        else:
            writer.again()
        if late and rng.random() < 0.05:
            writer.wait(-rng.choice([1_000, 60_000, 4 * QUARTER_MS]))
        writer.wait(rng.choice([0, 10, 1_000, 60_000, 60_000, rng.randrange(2 * QUARTER_MS)]))
    return writer.records
