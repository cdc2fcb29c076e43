"""One partition's totals, moved by its decision records in order and by nothing else.

    ledger = Ledger(partition)
    ledger.apply(offset, record)        # SKIPPED, ACCEPTED or REJECTED; raises Gap

Pure but for its own memory: no clock, no log, no metric. The same records give the same ledger, in any chunks and
with any restarts between them. Windows go by `decided_at`, which never falls (engine.md 1.9); should it, the record
counts in the newest quarter.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import Enum

from services.contract.chain import Chain
from services.contract.decisions import Decision, HeartbeatPassed
from services.metrics import folds
from services.metrics.errors import Gap
from services.metrics.folds.people import accrued
from services.metrics.folds.scene import DeskView, Scene, desk_applied
from services.metrics.folds.totals import Move, Series, Totals, agg, initialize
from services.metrics.live import LiveDesk
from services.metrics.now import DeskNow, now_of
from services.metrics.rows import BASE, QUARTER_MS, RING, Row
from services.metrics.windows import Sums, Windows

KEEP_QUARTERS_DEFAULT = 36 * 96
"""Thirty-six days of quarter hours, so that a week can be compared with the four before it; older ones are merged into the
desk's base row."""
KEEP_QUARTERS_MAX = RING - 64
NO_DESK = ""
"""Records of no configured desk count here: unknown desk ids must not grow memory."""


class Verdict(Enum):
    """What became of a delivered record."""

    ACCEPTED = "accepted"
    REJECTED = "rejected"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class LedgerSnapshot:
    """What the collector reads, in another thread: nobody changes it any more."""

    partition: int
    totals: Mapping[Series, int]
    accepted: int
    rejected: int
    unknown: int
    watermark_ms: int
    desks: tuple[DeskView, ...]
    now: tuple[DeskNow, ...] = ()
    """What stands now, in the order of `desks`."""
    heartbeat_ms: int = 0
    """Birth of the newest heartbeat; 0 before the first."""
    heartbeat_decided_ms: int = 0
    """When the router decided it."""
    windows: tuple[tuple[tuple[str, Sums], ...], ...] = ()
    """Windows of event time of each desk that has rows."""


class Ledger:
    """See the module. `keep_quarters` bounds the rows per desk."""

    def __init__(self, partition: int, *, keep_quarters: int = KEEP_QUARTERS_DEFAULT) -> None:
        if not 1 <= keep_quarters <= KEEP_QUARTERS_MAX:
            raise ValueError(f"keep_quarters must be from 1 to {KEEP_QUARTERS_MAX}, not {keep_quarters}")
        self.partition, self.keep_quarters = partition, keep_quarters
        self.chain = Chain()
        self.last_offset = -1
        self.accepted = self.rejected = self.unknown = self.count = self.watermark_ms = 0
        self.desks: dict[str, DeskView] = {}
        self.live: dict[str, LiveDesk] = {}
        """What stands now at each configured desk."""
        self.live_set = self.live_rows = 0
        self.heartbeat_ms = self.heartbeat_decided_ms = 0
        self.rows: dict[str, dict[int, Row]] = {}
        self.lifetime: Totals = initialize()
        self.names: dict[Series, Series] = {}
        """Each series' name once: thousands of rows hold the same ones."""
        self.flushed_offset = -1
        """`last_offset` at the newest flush."""
        self.flush_from = -1
        """No flush before this offset: stored rows reach up to it."""
        self.indexed = 0
        """Desks in the stored index."""
        self._oldest: dict[str, int] = {}
        """A desk's first quarter with a row of its own, where it is known: none before it needs to be merged."""
        self.touched: dict[tuple[str, int], None] = {}
        """(desk, quarter) of rows changed since the newest flush."""
        self._windows = Windows(keep_quarters)

    def apply(self, offset: int, record: Decision) -> Verdict:
        """Folds the record at `offset`. Raises Gap when it is not the next one (nothing changes then)."""
        if offset <= self.last_offset:
            return Verdict.SKIPPED
        if offset > self.last_offset + 1:
            raise Gap(self.partition, self.last_offset + 1, offset)
        if not self.chain.accepts(record):
            self.last_offset, self.rejected = offset, self.rejected + 1
            return Verdict.REJECTED
        self._fold(offset, record)
        self.chain = self.chain.after(record)
        self.last_offset, self.accepted = offset, self.accepted + 1
        return Verdict.ACCEPTED

    def snapshot(self) -> LedgerSnapshot:
        """A copy that nobody changes."""
        return LedgerSnapshot(
            self.partition,
            dict(self.lifetime),
            self.accepted,
            self.rejected,
            self.unknown,
            self.watermark_ms,
            tuple(self.desks[desk_id] for desk_id in sorted(self.desks)),
            tuple(now_of(desk_id, self.live[desk_id]) for desk_id in sorted(self.desks)),
            self.heartbeat_ms,
            self.heartbeat_decided_ms,
            tuple(
                self._windows.of(desk_id, self.rows[desk_id], self.watermark_ms // QUARTER_MS)
                for desk_id in sorted(self.rows)
            ),
        )

    def window(self, first: int, end: int | None) -> Iterator[tuple[str, Mapping[Series, int]]]:
        """(desk, totals) of the rows with first <= quarter < end, base rows when `first` is BASE.

        A row that can still change is copied, so the caller may sum them up in another thread.
        """
        newest = self.watermark_ms // QUARTER_MS
        for desk_id, quarters in self.rows.items():
            for quarter, row in quarters.items():
                if first <= quarter and (end is None or quarter < end):
                    yield desk_id, dict(row.totals) if quarter >= newest else row.totals

    def merged_until(self, desk_id: str) -> int:
        """First quarter of the desk that is still a row of its own."""
        base = self.rows.get(desk_id, {}).get(BASE)
        return 0 if base is None else base.merged + 1

    def _fold(self, offset: int, record: Decision) -> None:
        self.watermark_ms = max(self.watermark_ms, record.decided_at_ms)
        desk = desk_applied(record)
        if desk is not None and desk.desk_id == record.desk_id:
            self.desks[record.desk_id] = self.desks.get(record.desk_id, DeskView()).applied(desk)
            self.live.setdefault(record.desk_id, LiveDesk({}, accrued_ms=self.watermark_ms))
        self.unknown += sum(event is None for event in record.events)
        if not record.events:
            return
        desk_id = record.desk_id if record.desk_id in self.desks else NO_DESK
        self._accrue(offset, self._ticked(record, desk_id))
        at_ms = self.watermark_ms
        live = self.live.get(desk_id) or LiveDesk({})
        moves = folds.moves(Scene(self.desks.get(desk_id, DeskView()), record, live, at_ms))
        self._add(offset, desk_id, at_ms // QUARTER_MS, moves)

    def _ticked(self, record: Decision, desk_id: str) -> Iterable[str]:
        """Desks whose agents' time is counted up to now: the record's own, and all of them at a heartbeat."""
        beats = [event.born_at_ms for event in record.events if isinstance(event, HeartbeatPassed)]
        if not beats:
            return (desk_id,) if desk_id in self.live else ()
        if max(beats) > self.heartbeat_ms:
            self.heartbeat_ms, self.heartbeat_decided_ms = max(beats), record.decided_at_ms
        return sorted(self.live)

    def _accrue(self, offset: int, desk_ids: Iterable[str]) -> None:
        """Adds agents' time since the last time, to each quarter of an hour its own share."""
        for desk_id in desk_ids:
            live, at_ms = self.live[desk_id], self.watermark_ms
            begin_ms, live.accrued_ms = live.accrued_ms, at_ms
            oldest = at_ms // QUARTER_MS - self.keep_quarters
            while begin_ms < at_ms and any(live.at_work.values()):
                quarter = begin_ms // QUARTER_MS
                end_ms = min(at_ms, (max(quarter, oldest) + 1) * QUARTER_MS)
                self._add(offset, desk_id, quarter, accrued(live, desk_id, end_ms - begin_ms))
                begin_ms = end_ms

    def _add(self, offset: int, desk_id: str, quarter: int, moves: Iterable[Move]) -> None:
        row = self._row(desk_id, quarter)
        self.count += 1
        if offset <= row.at:
            return  # restored ahead of the head: it holds this already
        names = self.names
        moved = [(names.setdefault(series, series), amount) for series, amount in moves]
        agg(row.totals, moved)
        agg(self.lifetime, moved)
        row.count += 1

    def _row(self, desk_id: str, quarter: int) -> Row:
        """The row that takes a record of this quarter; a desk's first one makes its base row too."""
        quarters = self.rows.setdefault(desk_id, {})
        if BASE not in quarters:
            quarters[BASE] = Row()
            self.touched[desk_id, BASE] = None
        if quarter not in quarters:
            self._merge(desk_id, quarters, quarter - self.keep_quarters)
        if quarter <= quarters[BASE].merged:
            quarter = BASE  # restored ahead of the head: its quarter is merged already
        self.touched[desk_id, quarter] = None
        row = quarters.get(quarter)
        if row is None:
            row = quarters[quarter] = Row()
            if desk_id in self._oldest:
                self._oldest[desk_id] = min(self._oldest[desk_id], quarter)
        return row

    def _merge(self, desk_id: str, quarters: dict[int, Row], until: int) -> None:
        """Moves all quarters up to `until` into the base row; its totals are a new mapping, for old ones may be read."""
        if until < self._oldest.get(desk_id, until):
            return
        old = [quarter for quarter in quarters if BASE < quarter <= until]
        if not old:
            self._oldest[desk_id] = min((quarter for quarter in quarters if quarter > BASE), default=until)
            return
        base = quarters[BASE]
        base = quarters[BASE] = replace(base, totals=dict(base.totals), merged=until)
        for quarter in old:
            row = quarters.pop(quarter)
            agg(base.totals, row.totals.items())
            base.count += row.count
            self.touched.pop((desk_id, quarter), None)
        self._oldest.pop(desk_id, None)
        self.touched[desk_id, BASE] = None
