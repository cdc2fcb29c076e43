"""A ledger to stored rows and back; see rows.py for why the counts must add up.

for key, value in changed(ledger): table[key] = value      # the index, base rows, rows, what stands, the head last
ledger = restore(partition, table.get)                     # raises Torn
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress

import msgspec

from services.metrics.errors import Torn
from services.metrics.folds.totals import agg
from services.metrics.ledger import KEEP_QUARTERS_DEFAULT, Ledger
from services.metrics.live_rows import live_rows, restored
from services.metrics.rows import (
    BASE,
    Row,
    StoredHead,
    StoredRow,
    head_key,
    index_key,
    keys_of_desk,
    live_key,
    read_head,
    read_index,
    read_row,
    row_key,
    store_head,
    store_index,
    store_row,
)

Read = Callable[[bytes], bytes | None]
UNREADABLE = (msgspec.DecodeError, zlib.error)


def changed(ledger: Ledger) -> list[tuple[bytes, bytes]]:
    """What to write so that the ledger can be restored as of now; empty when nothing changed or it is too early.

    The order matters: a log keeps a prefix of it when the writer dies.
    """
    if ledger.last_offset == ledger.flushed_offset or ledger.last_offset < ledger.flush_from:
        return []
    since = ledger.flushed_offset
    written = []
    if len(ledger.rows) > ledger.indexed:
        written.append((index_key(ledger.partition), store_index(sorted(ledger.rows))))
        ledger.indexed = len(ledger.rows)
    for desk_id, quarter in sorted(ledger.touched, key=lambda key: key[1] != BASE):
        row = ledger.rows[desk_id][quarter]
        row.at = ledger.last_offset
        written.append((row_key(ledger.partition, desk_id, quarter), store_row(row, quarter, since=since)))
        row.flushed_count, row.flushed_merged = row.count, row.merged
    ledger.touched.clear()
    ledger.flushed_offset = ledger.last_offset
    ledger.live_set = 1 - ledger.live_set
    standing = live_rows(ledger.live, ledger.last_offset)
    ledger.live_rows = len(standing)
    written += [
        (live_key(ledger.partition, ledger.live_set, index), row) for index, row in enumerate(standing)
    ]
    written.append((head_key(ledger.partition), store_head(_head(ledger))))
    return written


def restore(partition: int, read: Read, *, keep_quarters: int = KEEP_QUARTERS_DEFAULT) -> Ledger:
    """The ledger that these rows hold; without any it is empty. Raises Torn.

    A head row that is missing is that of an empty ledger: the first flush may have been cut before it.
    """
    ledger = Ledger(partition, keep_quarters=keep_quarters)
    data = read(head_key(partition))
    try:
        head = _head(ledger) if data is None else read_head(data)
        desk_ids = read_index(read(index_key(partition)) or b"\x90")
    except UNREADABLE as error:
        raise Torn(partition, -1, f"the head row or the index cannot be read ({error})") from error
    stored = {desk_id: _stored(partition, desk_id, read) for desk_id in desk_ids}
    newest = max((row.at for rows in stored.values() for row in rows), default=-1)
    newest = max(newest, head.last_offset)
    counted = 0
    for desk_id, rows in stored.items():
        for row, merged_away in _living(partition, head.last_offset, newest, rows):
            counted += row.count if row.at <= head.last_offset else row.count_before
            if not merged_away:
                _take(ledger, desk_id, row, head.last_offset)
    if counted != head.count:
        raise Torn(partition, newest, f"rows hold {counted} records, the head row says {head.count}")
    ledger.live = restored(
        partition,
        lambda index: read(live_key(partition, head.live_set, index)),
        head.live_rows,
        head.last_offset,
    )
    _take_head(ledger, head, newest)
    return ledger


def _stored(partition: int, desk_id: str, read: Read) -> list[StoredRow]:
    """The desk's rows; one that cannot be read is missing, and the counts tell whether that matters."""
    rows = []
    for key in keys_of_desk(partition, desk_id):
        data = read(key)
        if data is not None:
            with suppress(*UNREADABLE):
                rows.append(read_row(data))
    return rows


def _living(
    partition: int, head_offset: int, newest: int, rows: list[StoredRow]
) -> Iterator[tuple[StoredRow, bool]]:
    """The rows that count at the head's position, and whether their totals stand in the base row already.

    A quarter that the base row has merged is a left-over in a slot not yet reused; it counts only where the merge
    itself is ahead of the head. Raises Torn for a row that is more than one flush ahead.
    """
    base = next((row for row in rows if row.quarter == BASE), None)
    merged = BASE if base is None else base.merged
    merged_before = base.merged_before if base is not None and base.at > head_offset else merged
    for row in rows:
        if row.at > head_offset and row.since != head_offset:
            raise Torn(partition, newest, f"a row of offset {row.at} follows a head row that is missing")
        if row.quarter == BASE or row.quarter > merged:
            yield row, False
        elif row.quarter > merged_before:
            yield row, True


def _take(ledger: Ledger, desk_id: str, row: StoredRow, head_offset: int) -> None:
    totals = row.totals(ledger.names)
    agg(ledger.lifetime, totals.items())
    ahead = row.at > head_offset
    ledger.rows.setdefault(desk_id, {})[row.quarter] = Row(
        totals,
        row.count,
        row.at,
        row.count_before if ahead else row.count,
        row.merged,
        row.merged_before if ahead else row.merged,
    )
    ledger.indexed = len(ledger.rows)


def _take_head(ledger: Ledger, head: StoredHead, newest: int) -> None:
    ledger.chain, ledger.desks = head.chain(), head.views()
    ledger.last_offset = ledger.flushed_offset = head.last_offset
    ledger.flush_from = newest
    ledger.accepted, ledger.rejected, ledger.unknown = head.accepted, head.rejected, head.unknown
    ledger.count, ledger.watermark_ms = head.count, head.watermark_ms
    ledger.live_set, ledger.live_rows = head.live_set, head.live_rows
    ledger.heartbeat_ms, ledger.heartbeat_decided_ms = head.heartbeat_ms, head.heartbeat_decided_ms


def _head(ledger: Ledger) -> StoredHead:
    chain = ledger.chain
    return StoredHead(
        ledger.last_offset,
        chain.head,
        chain.last_fact,
        chain.closed,
        chain.started,
        ledger.accepted,
        ledger.rejected,
        ledger.unknown,
        ledger.count,
        ledger.watermark_ms,
        [(v.desk_id, list(v.queues), list(v.pairs), v.window, list(v.topics)) for v in ledger.desks.values()],
        ledger.live_set,
        ledger.live_rows,
        ledger.heartbeat_ms,
        ledger.heartbeat_decided_ms,
    )
