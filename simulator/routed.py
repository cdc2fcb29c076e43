"""A simulated day as the router sees it: production's very `decide` and `fold`, fact by fact and timer by timer.

Time in the world is seconds since the day began; the router gets milliseconds after EPOCH_MS.
"""

from __future__ import annotations

import heapq
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from services.contract import decisions as d
from services.contract import facts as f
from services.contract.desk import Desk
from services.contract.topics import PARTITION_HASH
from services.router.decide import decide_fact, decide_genesis, decide_timer
from services.router.log.fold import fold
from services.router.model import PartitionState
from services.router.timers import TimerIndex
from simulator.day import Day
from simulator.desk import DESK_ID, agent_id
from simulator.pool import Pool
from simulator.record import Record
from simulator.tariffs import EVERY_SECONDS, Pricer

EPOCH_MS = 1_775_548_800_000
END_SECONDS = 57_600.0


@dataclass
class Routed(ABC):
    """One day of one replication: its clock and its router; who comes and who works is its subclasses' (drive.py)."""

    pool: Pool
    day: Day
    desk: Desk
    clairvoyant: bool = False
    """Contacts arrive with their true topic and exact need."""
    forecast: f.ForecastSet | None = None
    """Told at the start; without one the desk forecasts from what comes."""
    pricer: Pricer | None = None
    """Sets prices every few minutes; without one time is free."""
    end_seconds: float = END_SECONDS
    state: PartitionState = field(default_factory=PartitionState.empty)
    facts: int = 0
    timers_fired: int = 0
    offset: int = -1
    watch: Callable[[d.Decision], None] | None = None

    def __post_init__(self) -> None:
        self.record = Record(self.day, self.pool.agents)
        self._now_ms = EPOCH_MS
        self._heap: list[tuple[float, int, Callable[..., None], tuple[Any, ...]]] = []
        self._order = 0
        self._todo: deque[tuple[Callable[..., None], tuple[Any, ...]]] = deque()
        self._index = TimerIndex()
        self._agents = {agent_id(index): index for index in range(self.pool.agents)}
        self._records = 0

    def play(self) -> Record:
        """Plays the day to its end and answers what became of its issues and agents."""
        self._begin()
        heap = self._heap
        while True:
            at = heap[0][0] if heap else float("inf")
            due_ms = self._index.next_at_ms(self.state)
            due = (due_ms - EPOCH_MS) / 1000.0 if due_ms is not None else float("inf")
            if min(at, due) > self.end_seconds:
                return self.record
            if due < at:
                self._fire(due)
            else:
                _, _, action, args = heapq.heappop(heap)
                action(at, *args)
            while self._todo:
                action, args = self._todo.popleft()
                action(max(min(at, due), 0.0), *args)

    def _begin(self) -> None:
        self._folded(
            decide_genesis(
                generation=1,
                partitions=1,
                partition_hash=PARTITION_HASH,
                first_fact_offset=0,
                now_ms=EPOCH_MS,
                decision_id=1,
                owner="simulator",
            )
        )
        self.tell(0.0, f.DeskConfigured(desk=self.desk))
        if self.forecast is not None:
            self.tell(0.0, self.forecast)
        for name in self._agents:
            self.tell(0.0, f.AgentSignedIn(agent_id=name))
        if self.pricer is not None:
            self._prices(0.0, self.pricer)

    def tell(self, at: float, body: Any) -> d.Reply | None:
        """A fact for the router now; what it decides is played."""
        self.offset += 1
        self.facts += 1
        self._now_ms = max(self._now_ms, EPOCH_MS + round(at * 1000.0))
        fact = f.Fact(
            fact_id=f"f{self.offset}",
            desk_id=DESK_ID,
            occurred_at_ms=self._now_ms,
            received_at_ms=self._now_ms,
            body=body,
        )
        record = decide_fact(
            self.state,
            fact,
            offset=self.offset,
            now_ms=self._now_ms,
            decision_id=self._records + 1,
            owner="simulator",
        )
        self._folded(record)
        return record.reply

    def _fire(self, at: float) -> None:
        timer = self._index.due(self.state, EPOCH_MS + round(at * 1000.0))
        if timer is None:
            return
        self._now_ms = max(self._now_ms, timer.deadline_at_ms)
        self.timers_fired += 1
        self._folded(
            decide_timer(
                self.state, timer, now_ms=self._now_ms, decision_id=self._records + 1, owner="simulator"
            )
        )

    def _folded(self, record: d.Decision) -> None:
        folded = fold(self.state, record)
        if not folded.accepted:
            raise RuntimeError(f"the router rejects its own record: {folded.reason}")
        self.state = folded.state
        self._records += 1
        self._index.note(self.state, record)
        if self.watch is not None:
            self.watch(record)
        self._heard(record)

    @abstractmethod
    def _heard(self, record: d.Decision) -> None:
        """What the decision sets off in the world."""

    def _prices(self, at: float, pricer: Pricer) -> None:
        self.tell(at, pricer.prices(self.state.desks[DESK_ID], EPOCH_MS + round(at * 1000.0)))
        self._at(at + EVERY_SECONDS, self._prices, pricer)

    def _at(self, at: float, action: Callable[..., None], *args: Any) -> None:
        self._order += 1
        heapq.heappush(self._heap, (at, self._order, action, args))
