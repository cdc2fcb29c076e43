"""Every replica's view of the decisions: all partitions, folded, each verdict told to listeners.

What leaves the router is taken from here (gRPC replies, offers to agents), never from the process that
decided (engine.md 1.1): a record counts once it has been read back and accepted.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

import structlog

from services.contract.codec import decode_decision
from services.contract.decisions import Decision, OverloadBegan, OverloadEnded
from services.contract.topics import DECISIONS
from services.router.foreseen import Foreseen
from services.router.log.fold import Folded, fold
from services.router.measures import TailMeasures
from services.router.model import PartitionState
from services.runtime.log import Log, Record, Tail

BATCH_RECORDS = 500
YIELD_EVERY_RECORDS = 100
"""The event loop gets a turn after this many folded records."""

_OVERLOAD = frozenset({OverloadBegan, OverloadEnded})

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Verdict:
    """One record as folded. `state` is the partition's state after it (unchanged when rejected)."""

    partition: int
    offset: int
    record: Decision
    accepted: bool
    state: PartitionState


Listener = Callable[[Verdict], None]


class DecisionTail:
    """Folds all decision partitions and tells listeners; states are never changed in place."""

    def __init__(self, source: Log, partitions: int, measures: TailMeasures) -> None:
        self._source, self._measures = source, measures
        self.partitions = partitions
        self._states = {p: PartitionState.empty() for p in range(partitions)}
        self._next = dict.fromkeys(range(partitions), 0)
        self._listeners: list[Listener] = []
        self._moved = asyncio.Event()
        self.foreseen = Foreseen()
        """What the owner of this process has appended; the verdict on it is still given here."""
        self.ready = False
        """All that was in the log at some moment since the start is folded; before that, little is known."""

    def listen(self, listener: Listener) -> Callable[[], None]:
        """Calls `listener` for each record, in order within a partition; answers how to stop it."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def state(self, partition: int) -> PartitionState:
        """The folded state; a snapshot for the caller to keep."""
        return self._states[partition]

    def next_offset(self, partition: int) -> int:
        """Offset of the first decision record that is not folded yet."""
        return self._next[partition]

    async def reached(self, partition: int, next_offset: int) -> None:
        """Returns once everything before next_offset is folded; the caller bounds the wait."""
        while self._next[partition] < next_offset:
            await self._moved.wait()

    async def caught_up(self) -> None:
        """Returns once all that is in the log now is folded."""
        for partition in range(self.partitions):
            await self.reached(partition, await self._source.end_offset(DECISIONS, partition))
        self.ready = True

    async def run(self) -> None:
        """Folds for ever; raises when a partition cannot be folded (it is never skipped, engine.md 1.4)."""
        tail: Tail = await self._source.tail(DECISIONS, dict(self._next))
        self._measures.partitions.set(self.partitions)
        for partition in range(self.partitions):
            self._measures.overloaded.labels(str(partition)).set(0)
        try:
            while True:
                records = await tail.read(records_max=BATCH_RECORDS, wait_ms=200)
                for index, record in enumerate(records, 1):
                    self._fold(record)
                    if index % YIELD_EVERY_RECORDS == 0:
                        await asyncio.sleep(0)
                if records:
                    self._moved.set()
                    self._moved = asyncio.Event()
        finally:
            await tail.close()

    def _fold(self, record: Record) -> None:
        partition = record.partition
        if record.offset != self._next[partition]:
            raise RuntimeError(
                f"decisions {partition}: offset {record.offset} where {self._next[partition]} was due"
            )
        state = self._states[partition]
        before = state.seen
        known = self.foreseen.take(partition, record.offset, record.value, state)
        if known is not None:
            decision, folded = known.decision, Folded(known.after, True)
        else:
            decision = decode_decision(record.value)
            folded = fold(state, decision)
        self._states[partition] = folded.state
        if folded.state.seen.runs is not before.runs:
            self._measures.remembered.labels(str(partition)).set(folded.state.seen.count)
            self._measures.dropped.labels(str(partition)).set(folded.state.seen.dropped)
        if folded.accepted and any(type(event) in _OVERLOAD for event in decision.events):
            count = sum(bool(desk.overload_since_ms) for desk in folded.state.desks.values())
            self._measures.overloaded.labels(str(partition)).set(count)
        self._next[partition] = record.offset + 1
        self._measures.folded.labels("accepted" if folded.accepted else "rejected").inc()
        verdict = Verdict(partition, record.offset, decision, folded.accepted, folded.state)
        for listener in tuple(self._listeners):
            listener(verdict)
