"""What the embedded log forgets: records past their topic's retention, older values of a compacted topic's keys."""

from __future__ import annotations

import sqlite3

from services.runtime.sqlite_reader import bounds
from services.runtime.sqlite_schema import OFFSET_BITS

STEP_RECORDS_MAX = 2_000
"""Most records removed in one transaction, so that appends do not wait long for it."""
TOMBSTONE_MS = 86_400_000
"""How long an empty value stays readable after its key's older values have gone; a day, as with Kafka."""


def delete_before(connection: sqlite3.Connection, topic: str, partition: int, offset: int) -> None:
    """Raises the start of the partition to the offset (never down, never beyond the end)."""
    stream, start, end = bounds(connection, topic, partition)
    first = min(max(offset, start), end)
    base = stream << OFFSET_BITS
    connection.execute("DELETE FROM records WHERE id >= ? AND id < ?", (base, base | first))
    connection.execute("UPDATE streams SET start_offset = ? WHERE stream = ?", (first, stream))


def expire(connection: sqlite3.Connection, now_ms: int) -> int:
    """One bounded step; answers how many records went, 0 when there is nothing left to do."""
    removed = 0
    for topic, partition, stream, start, retention_ms, compacted in connection.execute(
        "SELECT topic, partition, stream, start_offset, retention_ms, compacted FROM streams "
        "JOIN topics USING (topic) WHERE next_offset > start_offset AND (retention_ms >= 0 OR compacted = 1)"
    ).fetchall():
        base = stream << OFFSET_BITS
        if retention_ms >= 0:
            first = _first_kept(connection, base, start, now_ms - retention_ms)
            if first > start:
                delete_before(connection, topic, partition, first)
                removed += first - start
        if compacted:
            removed += connection.execute(
                "DELETE FROM records WHERE id IN (SELECT id FROM records WHERE id >= ? AND id < ? AND id NOT IN "
                "(SELECT max(id) FROM records WHERE id >= ? AND id < ? GROUP BY key) LIMIT ?)",
                (base, base + (1 << OFFSET_BITS), base, base + (1 << OFFSET_BITS), STEP_RECORDS_MAX),
            ).rowcount
            removed += connection.execute(
                "DELETE FROM records WHERE id >= ? AND id < ? AND length(value) = 0 AND timestamp_ms < ?",
                (base, base + (1 << OFFSET_BITS), now_ms - TOMBSTONE_MS),
            ).rowcount
        if removed >= STEP_RECORDS_MAX:
            return removed
    return removed


def _first_kept(connection: sqlite3.Connection, base: int, start: int, oldest_ms: int) -> int:
    """The first offset young enough, looking at a bounded number of records from the start."""
    first = start
    rows = connection.execute(
        "SELECT id, timestamp_ms FROM records WHERE id >= ? AND id < ? ORDER BY id LIMIT ?",
        (base | start, base + (1 << OFFSET_BITS), STEP_RECORDS_MAX),
    )
    for row_id, timestamp_ms in rows:
        if timestamp_ms >= oldest_ms:
            break
        first = row_id - base + 1
    return first
