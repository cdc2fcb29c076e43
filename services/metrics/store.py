"""The board: ledgers of the partitions owned, and the snapshot that /metrics is made from.

The event loop owns the board. The collector runs in the HTTP server's thread, so it reads `snapshot` only: an
immutable value that the loop swaps (operations.md 2.1). A partition is exported once it is *ready*, which is when
everything that was in the log at the take-over is folded; a total that is still being recovered would fall and
count everything again (operations.md 2.2).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from services.contract.decisions import Decision
from services.contract.topics import partition_of
from services.metrics.folds.totals import Series
from services.metrics.ledger import Ledger, LedgerSnapshot
from services.metrics.rows import BASE


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What is exported: ready partitions in order, and this process's own counts."""

    ledgers: tuple[LedgerSnapshot, ...] = ()
    assigned: int = 0
    duplicates: int = 0
    gaps: int = 0
    rebuilds: int = 0
    recovery_remaining: int = 0
    late: int = 0
    beats_ms: Mapping[int, int] = field(default_factory=dict)
    """By partition, the time from the newest heartbeat's decision to its being folded here."""


@dataclass(frozen=True, slots=True)
class Window:
    """Rows of a window of event time, safe to sum up in another thread."""

    rows: tuple[tuple[str, Mapping[Series, int]], ...]
    watermark_ms: int
    decisions: int


class Board:
    """See the module. `partitions` is the number of partitions of the decision log; `now_ms` tells how long heartbeats take."""

    def __init__(self, partitions: int, *, now_ms: Callable[[], int] | None = None) -> None:
        self.partitions, self._now_ms = partitions, now_ms
        self._beats: dict[int, int] = {}
        self.ledgers: dict[int, Ledger] = {}
        self.snapshot = Snapshot()
        self.duplicates = self.gaps = self.rebuilds = self.recovery_remaining = self.late = 0
        self._targets: dict[int, int] = {}
        self._stale: set[int] = set()
        self._taken: dict[int, LedgerSnapshot] = {}
        self._awaited: dict[str, list[asyncio.Future[Decision]]] = {}

    def own(self, ledger: Ledger, *, target: int) -> None:
        """Takes a partition over; it is ready once its ledger has folded all offsets below `target`."""
        self._taken.pop(ledger.partition, None)
        self.ledgers[ledger.partition] = ledger
        self._targets[ledger.partition] = target
        self._stale.add(ledger.partition)

    def drop(self, partition: int) -> None:
        """Gives a partition up, at once and for the collector too."""
        for memory in (self.ledgers, self._targets, self._taken, self._beats):
            memory.pop(partition, None)
        self._stale.discard(partition)
        self.publish()

    def moved(self, partition: int) -> None:
        """The partition's ledger has changed since the newest snapshot."""
        self._stale.add(partition)

    def publish(self) -> None:
        """Swaps the snapshot; copies only the partitions that have moved."""
        for partition in self._stale:
            if self._caught_up(partition):
                self._taken[partition] = self.ledgers[partition].snapshot()
        self._stale.clear()
        self.snapshot = Snapshot(
            tuple(self._taken[partition] for partition in sorted(self._taken)),
            len(self.ledgers),
            self.duplicates,
            self.gaps,
            self.rebuilds,
            self.recovery_remaining,
            self.late,
            dict(self._beats),
        )

    def caught_up(self) -> bool:
        """True when all that is owned is folded up to where the log ended at the take-over."""
        return all(map(self._caught_up, self.ledgers))

    def missing(self, desk_id: str) -> frozenset[int]:
        """Partitions that an answer needs and that are not here, or not ready; all of them for all desks."""
        wanted = [partition_of(desk_id, self.partitions)] if desk_id else range(self.partitions)
        return frozenset(p for p in wanted if p not in self.ledgers or not self._caught_up(p))

    def oldest_quarter(self, desk_id: str) -> int:
        """First quarter that is a row of its own in every desk asked for; older ones have been merged."""
        return max(
            (
                ledger.merged_until(desk)
                for ledger in self.ledgers.values()
                for desk in ledger.rows
                if not desk_id or desk == desk_id
            ),
            default=0,
        )

    def first_quarter(self, desk_id: str) -> int:
        """First quarter with a row of its own, over all desks asked for."""
        quarters = [
            quarter
            for ledger in self.ledgers.values()
            for desk, rows in ledger.rows.items()
            if desk and (not desk_id or desk == desk_id)
            for quarter in rows
            if quarter != BASE
        ]
        return min(quarters, default=0)

    def folded(self) -> int:
        """Records folded, accepted or not; differs whenever an answer may."""
        return sum(ledger.accepted + ledger.rejected for ledger in self.ledgers.values())

    def changes(self, desk_id: str) -> list[tuple[int, str, str]]:
        """(when it took effect, desk, change) of the newest marks, oldest first."""
        return sorted(
            (at_ms, desk, change)
            for ledger in self.ledgers.values()
            for desk, live in ledger.live.items()
            if not desk_id or desk == desk_id
            for change, at_ms in live.changes.items()
        )

    @contextmanager
    def awaited(self, fact_id: str) -> Iterator[asyncio.Future[Decision]]:
        """A future of the next decision about the fact that is folded here."""
        future: asyncio.Future[Decision] = asyncio.get_running_loop().create_future()
        self._awaited.setdefault(fact_id, []).append(future)
        try:
            yield future
        finally:
            others = self._awaited[fact_id]
            others.remove(future)
            if not others:
                del self._awaited[fact_id]

    def waiting(self) -> int:
        """Facts whose decision is awaited."""
        return len(self._awaited)

    def decided(self, record: Decision) -> None:
        """An accepted record was folded; tells those who wait for it."""
        for future in self._awaited.get(record.fact_id, ()) if record.fact_id else ():
            if not future.done():
                future.set_result(record)

    def beat(self, partition: int, decided_ms: int) -> None:
        """A heartbeat decided then was folded now."""
        if self._now_ms is not None:
            self._beats[partition] = max(0, self._now_ms() - decided_ms)

    def window(self, first: int = BASE, end: int | None = None, *, desk_id: str = "") -> Window:
        """Rows with first <= quarter < end (epoch-ms // 900,000); BASE starts with the log."""
        return Window(
            tuple(self._rows(first, end, desk_id)),
            max((ledger.watermark_ms for ledger in self.ledgers.values()), default=0),
            self.folded(),
        )

    def _rows(self, first: int, end: int | None, desk_id: str) -> Iterator[tuple[str, Mapping[Series, int]]]:
        for partition in sorted(self.ledgers):
            for desk, totals in self.ledgers[partition].window(first, end):
                if not desk_id or desk == desk_id:
                    yield desk, totals

    def _caught_up(self, partition: int) -> bool:
        return self.ledgers[partition].last_offset + 1 >= self._targets[partition]
