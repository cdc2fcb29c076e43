"""Every replica's view of the decisions: all partitions, folded, each verdict told to listeners.

What leaves the router is taken from here (gRPC replies, offers to agents), never from the process that
decided (engine.md 1.1): a record counts once it has been read back and accepted.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Sequence

import structlog

from services.contract.codec import decode_decision
from services.contract.decisions import OverloadBegan, OverloadEnded
from services.contract.topics import DECISIONS
from services.router.log.fold import fold
from services.router.log.shelf import Placed
from services.router.measures import TailMeasures
from services.router.model import PartitionState
from services.router.owning.foreseen import Foreseen
from services.router.verdict import Verdict
from services.runtime.log import Log, LogUnavailable, Record, Tail

BATCH_RECORDS = 500
YIELD_EVERY_RECORDS = 100
"""The event loop gets a turn after this many folded records."""

NEAR_RECORDS = 50
"""Who was further behind the end than so many records looks again: while it caught up the log grew."""
READY_SECONDS_MAX = 60.0
"""Looks again for so long: a log that grows nearly as fast as it is folded must not keep a router away."""
AWAY_SECONDS_MAX = 60.0
"""A log that cannot be read for that long ends the process."""
AWAY_RETRY_SECONDS = 0.5

_OVERLOAD = frozenset({OverloadBegan, OverloadEnded})

log = structlog.get_logger()


Listener = Callable[[Verdict], None]
Restore = Callable[[int], Awaitable[Placed | None]]
"""Answers where a partition's folding may begin; None when at its start."""


class DecisionTail:
    """Folds all decision partitions and tells listeners; states are never changed in place."""

    def __init__(
        self,
        source: Log,
        partitions: int,
        measures: TailMeasures,
        *,
        restore: Restore | None = None,
        restored: Callable[[], None] | None = None,
    ) -> None:
        """`restore` says where each partition begins; `restored` is called once all have."""
        self._source, self._measures, self._restore, self._restored = source, measures, restore, restored
        self.partitions = partitions
        self._states = {p: PartitionState.empty() for p in range(partitions)}
        self._next = dict.fromkeys(range(partitions), 0)
        self._heads = dict.fromkeys(range(partitions), -1)
        self._begun = dict.fromkeys(range(partitions), 0)
        self._listeners: tuple[Listener, ...] = ()
        self._moved = asyncio.Event()
        self.foreseen = Foreseen()
        """What the owner of this process has appended; the verdict on it is still given here."""
        self._away_since: float | None = None
        self.starting = restore is not None
        """Snapshots are being read, or an older generation folded; that takes as long as it takes."""
        self.ready = False
        """All that was in the log at some moment since the start is folded; before that, little is known."""

    def listen(self, listener: Listener) -> Callable[[], None]:
        """Calls `listener` for each record, in order within a partition; answers how to stop it."""
        self._listeners = (*self._listeners, listener)
        return lambda: self._leave(listener)

    def _leave(self, listener: Listener) -> None:
        at = self._listeners.index(listener)
        self._listeners = self._listeners[:at] + self._listeners[at + 1 :]

    def state(self, partition: int) -> PartitionState:
        """The folded state; a snapshot for the caller to keep."""
        return self._states[partition]

    def next_offset(self, partition: int) -> int:
        """Offset of the first decision record that is not folded yet."""
        return self._next[partition]

    def begun_at(self, partition: int) -> int:
        """Offset from which every accepted record was folded here; those before it came with a snapshot."""
        return self._begun[partition]

    def placed(self, partition: int) -> Placed:
        """The folded state with its place in the log."""
        return Placed(self._states[partition], self._heads[partition], self._next[partition])

    async def reached(self, partition: int, next_offset: int) -> None:
        """Returns once everything before next_offset is folded; the caller bounds the wait."""
        while self._next[partition] < next_offset:
            await self._moved.wait()

    async def caught_up(self) -> None:
        """Returns once the log is folded up to its end; so nobody is given a partition who would be late with it."""
        await self.near_end(range(self.partitions), seconds_max=READY_SECONDS_MAX)
        self.ready = True

    async def near_end(self, partitions: Sequence[int], *, seconds_max: float) -> None:
        """Returns once all that is in them now is folded, and what came meanwhile; that for so long at the most."""
        missing = await self._to_end(partitions)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds_max):
                while missing > NEAR_RECORDS:
                    missing = await self._to_end(partitions)

    async def _to_end(self, partitions: Sequence[int]) -> int:
        """Returns once all that is in them now is folded; answers how much was missing where most was."""
        ends = {p: await self._source.end_offset(DECISIONS, p) for p in partitions}
        missing = max(end - self._next[partition] for partition, end in ends.items())
        for partition, end in ends.items():
            await self.reached(partition, end)
        return missing

    async def run(self) -> None:
        """Folds for ever; raises when a partition cannot be folded (it is never skipped, engine.md 1.4)."""
        if self._restore is not None:
            await self._start_from_snapshots(self._restore)
        tail: Tail = await self._source.tail(DECISIONS, dict(self._next))
        self._measures.partitions.set(self.partitions)
        for partition, state in self._states.items():
            self._measures.overloaded.labels(str(partition)).set(_overloaded(state))
        try:
            while True:
                records = await self._read(tail)
                for index, record in enumerate(records, 1):
                    self._fold(record)
                    if index % YIELD_EVERY_RECORDS == 0:
                        await asyncio.sleep(0)
                if records:
                    self._tell_moved()
        finally:
            await tail.close()

    async def _read(self, tail: Tail) -> list[Record]:
        """The next records; a log that is away is waited for up to AWAY_SECONDS_MAX, then LogUnavailable is raised."""
        loop = asyncio.get_running_loop()
        try:
            records = await tail.read(records_max=BATCH_RECORDS, wait_ms=200)
        except LogUnavailable as error:
            self._away_since = self._away_since or loop.time()
            if loop.time() - self._away_since > AWAY_SECONDS_MAX:
                raise
            log.warning("decisions_not_read", error=str(error))
            await asyncio.sleep(AWAY_RETRY_SECONDS)
            return []
        self._away_since = None
        return records

    async def _start_from_snapshots(self, restore: Restore) -> None:
        for partition in range(self.partitions):
            found = await restore(partition)
            begun = found is None or found.head_offset < 0
            self._measures.started.labels("start" if begun else "snapshot").inc()
            if found is not None:
                self._states[partition], self._heads[partition] = found.state, found.head_offset
                self._next[partition], self._begun[partition] = found.next_offset, found.head_offset + 1
                self._show_memory(partition, found.state)
        if self._restored is not None:
            self._restored()
        self.starting = False
        self._tell_moved()

    def _tell_moved(self) -> None:
        self._moved.set()
        self._moved = asyncio.Event()

    def _show_memory(self, partition: int, state: PartitionState) -> None:
        self._measures.remembered.labels(str(partition)).set(state.seen.count)
        self._measures.dropped.labels(str(partition)).set(state.seen.dropped)

    def _fold(self, record: Record) -> None:
        partition = record.partition
        if record.offset != self._next[partition]:
            raise RuntimeError(
                f"decisions {partition}: offset {record.offset} where {self._next[partition]} was due"
            )
        state = self._states[partition]
        known = self.foreseen.take(partition, record.offset, record.value, state)
        if known is not None:
            decision, after, accepted = known.decision, known.after, True
        else:
            decision = decode_decision(record.value)
            folded = fold(state, decision)
            after, accepted = folded.state, folded.accepted
        self._states[partition] = after
        if after.seen.runs is not state.seen.runs:
            self._show_memory(partition, after)
        if accepted:
            self._heads[partition] = record.offset
            self._measures.accepted.inc()
            if not _OVERLOAD.isdisjoint(map(type, decision.events)):
                self._measures.overloaded.labels(str(partition)).set(_overloaded(after))
        else:
            self._measures.rejected.inc()
        self._next[partition] = record.offset + 1
        verdict = Verdict(partition, record.offset, decision, accepted, after, state)
        for listener in self._listeners:
            listener(verdict)


def _overloaded(state: PartitionState) -> int:
    """Desks that have more work than time."""
    return sum(bool(desk.overload_since_ms) for desk in state.desks.values())
