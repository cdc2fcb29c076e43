"""A partition's memory as rows, and how rows are written so that a half-written set is noticed (engine.md 3.2).

One row per desk and quarter of an hour of `decided_at`, one *base* row per desk for all older quarters, and one
head row per partition. Rows are stored as separate values, so after a crash some may be newer than others. Each
stored row says what it held at the flush before it (`since`, `count_before`), and the head says how many records
it has folded; the rows at the head's position must add up to that. A row that is ahead of the head is exact too:
records up to its `at` are simply not folded into it again. Anything else is Torn, and the log is folded anew.

Keys are reused in a ring (`slot`), never deleted: a compacted-away tombstone would let an old key rise again.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass, field

import msgspec

from services.contract.chain import Chain
from services.metrics.errors import RowTooLarge
from services.metrics.folds.scene import DeskView
from services.metrics.folds.totals import Series, Totals
from services.runtime.log import RECORD_BYTES_MAX

FORMAT = 4
"""Version of the stored rows *and* of what the folds count: raise it with either, and the log is folded anew."""
QUARTER_MS = 900_000
BASE = -1
"""Quarter of the base row."""
RING = 4096
"""Slots per desk; more than the quarters kept, so that a slot is free again before it is needed."""


@dataclass(slots=True)
class Row:
    """Totals of one desk in one quarter of an hour, and what a torn write can be told by."""

    totals: Totals = field(default_factory=dict)
    count: int = 0
    """Accepted records folded into it."""
    at: int = -1
    """Offset of the flush that wrote it; it holds all its records up to there."""
    flushed_count: int = 0
    """`count` as of the newest flush of the partition."""
    merged: int = BASE
    """In a base row: all quarters up to this one are in it."""
    flushed_merged: int = BASE


_SLOTS = tuple(str(slot).encode() for slot in range(RING))


class StoredRow(msgspec.Struct, array_like=True, frozen=True):
    """A row as written. `series` index into `words`; `since` is the offset of the flush before."""

    quarter: int
    count: int
    at: int
    since: int
    count_before: int
    merged: int
    merged_before: int
    words: list[str]
    series: list[tuple[list[int], int]]

    def totals(self, names: dict[Series, Series]) -> Totals:
        """The totals, each series under the one name that `names` has for it."""
        words = self.words
        found = [(tuple([words[index] for index in series]), amount) for series, amount in self.series]
        return {names.setdefault(series, series): amount for series, amount in found}


class StoredHead(msgspec.Struct, array_like=True, frozen=True):
    """The head row as written: the verdict's two values, counts, and the desks' labels."""

    last_offset: int
    head: int
    last_fact: int
    closed: bool
    started: bool
    accepted: int
    rejected: int
    unknown: int
    count: int
    watermark_ms: int
    desks: list[tuple[str, list[str], list[tuple[str, str]], str, list[str]]]
    live_set: int
    """Which of the two sets of rows holds what stands now."""
    live_rows: int
    """How many rows it has."""
    heartbeat_ms: int
    """Birth of the newest heartbeat, and when the router decided it."""
    heartbeat_decided_ms: int

    def chain(self) -> Chain:
        return Chain(self.head, self.last_fact, self.closed, self.started)

    def views(self) -> dict[str, DeskView]:
        return {
            desk_id: DeskView(desk_id, tuple(queues), tuple(pairs), window, tuple(topics))
            for desk_id, queues, pairs, window, topics in self.desks
        }


def head_key(partition: int) -> bytes:
    return f"{FORMAT}/{partition}/head".encode()


def index_key(partition: int) -> bytes:
    return f"{FORMAT}/{partition}/desks".encode()


def live_key(partition: int, live_set: int, index: int) -> bytes:
    return f"{FORMAT}/{partition}/live/{live_set}/{index}".encode()


def row_key(partition: int, desk_id: str, quarter: int) -> bytes:
    slot = "base" if quarter == BASE else str(quarter % RING)
    return f"{FORMAT}/{partition}/{slot}/{desk_id}".encode()


def keys_of_desk(partition: int, desk_id: str) -> list[bytes]:
    """Every key that a desk's rows can have, the base row first; thousands, so they are put together quickly."""
    prefix, suffix = f"{FORMAT}/{partition}/".encode(), f"/{desk_id}".encode()
    return [row_key(partition, desk_id, BASE), *[prefix + slot + suffix for slot in _SLOTS]]


def store_row(row: Row, quarter: int, *, since: int) -> bytes:
    """The row as bytes; raises RowTooLarge. `row.at` is the flush being written."""
    words: dict[str, int] = {}
    series = [
        ([words.setdefault(word, len(words)) for word in name], amount) for name, amount in row.totals.items()
    ]
    return _pack(
        StoredRow(
            quarter,
            row.count,
            row.at,
            since,
            row.flushed_count,
            row.merged,
            row.flushed_merged,
            list(words),
            series,
        )
    )


def read_row(data: bytes) -> StoredRow:
    """Raises msgspec.DecodeError or zlib.error when the bytes are not a row."""
    return msgspec.msgpack.decode(zlib.decompress(data), type=StoredRow)


def store_head(head: StoredHead) -> bytes:
    return _pack(head)


def read_head(data: bytes) -> StoredHead:
    """Raises msgspec.DecodeError or zlib.error when the bytes are not a head row."""
    return msgspec.msgpack.decode(zlib.decompress(data), type=StoredHead)


def store_index(desk_ids: list[str]) -> bytes:
    """The ids of all desks that have rows, written before the first of them: keys are known, never iterated."""
    return msgspec.msgpack.encode(desk_ids)


def read_index(data: bytes) -> list[str]:
    """Raises msgspec.DecodeError when the bytes are not an index."""
    return msgspec.msgpack.decode(data, type=list[str])


def _pack(value: StoredRow | StoredHead) -> bytes:
    data = zlib.compress(msgspec.msgpack.encode(value), 1)
    if len(data) > RECORD_BYTES_MAX:
        raise RowTooLarge(f"a row has {len(data)} bytes, at most {RECORD_BYTES_MAX} fit into the log")
    return data
