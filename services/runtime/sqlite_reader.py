"""Reading the embedded log: one thread with a connection that can only read, and the news that wake readers."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from services.runtime.ending import ended
from services.runtime.log import LogUnavailable, PositionLost, Record
from services.runtime.sqlite_schema import OFFSET_BITS, connect, unavailable
from services.runtime.sqlite_writer import unknown_topic

T = TypeVar("T")

POLL_SECONDS = 0.04
"""How often waiting readers ask whether another process has written."""
READ_BYTES_MAX = 8_000_000
ALONG_BYTES = 65_536
"""Most that comes along behind a record asked for by its place."""


class Reader:
    """Runs queries beside the event loop, on a thread of its own."""

    def __init__(self, path: Path, *, alone: bool = False) -> None:
        self._path, self._alone = path, alone
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="frontdesk-log-reader")
        self._connection: sqlite3.Connection | None = None

    async def open(self) -> None:
        self._connection = await self._hop(lambda: connect(self._path, writing=False, alone=self._alone))

    async def run(self, query: Callable[[sqlite3.Connection], T]) -> T:
        """Raises LogUnavailable where SQLite cannot answer or the log has been closed."""
        connection = self._connection
        if connection is None:
            raise LogUnavailable(f"the log {self._path} has been closed")

        def ask() -> T:
            try:
                return query(connection)
            except sqlite3.Error as error:
                raise unavailable(self._path, error) from error

        return await self._hop(ask)

    async def close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            await self._hop(connection.close)
        self._thread.shutdown(wait=False)

    async def _hop(self, function: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, function)


class News:
    """Wakes readers when a topic may have grown: at once for this process, by polling for others.

    The poll asks for SQLite's `data_version`, which changes with every commit of another connection; it
    runs only while someone waits.
    """

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._waiting: dict[str, set[asyncio.Future[None]]] = {}
        self._counts: dict[str, int] = {}
        self._everywhere = 0
        self._version = -1
        self._poll: asyncio.Task[None] | None = None

    def mark(self, topic: str) -> tuple[int, int]:
        """Taken before reading; `wait` returns at once when there were news since."""
        return self._counts.get(topic, 0), self._everywhere

    async def wait(self, topic: str, mark: tuple[int, int], seconds_max: float) -> None:
        if self.mark(topic) != mark:
            return
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        waiting = self._waiting.setdefault(topic, set())
        waiting.add(future)
        if self._poll is None or self._poll.done():
            self._poll = asyncio.create_task(self._watch(), name="log-news")
        try:
            await asyncio.wait([future], timeout=seconds_max)
        finally:
            waiting.discard(future)

    def tell(self, topics: Iterable[str]) -> None:
        for topic in topics:
            self._counts[topic] = self._counts.get(topic, 0) + 1
            for future in self._waiting.get(topic, ()):
                if not future.done():
                    future.set_result(None)

    def tell_all(self) -> None:
        self._everywhere += 1
        for futures in self._waiting.values():
            for future in futures:
                if not future.done():
                    future.set_result(None)

    async def close(self) -> None:
        self.tell_all()
        if self._poll is not None:
            await ended(self._poll)

    async def _watch(self) -> None:
        while any(self._waiting.values()):
            try:
                version = await self._reader.run(_data_version)
            except LogUnavailable:
                self.tell_all()  # each reader meets the error itself
                return
            if version != self._version:
                self._version = version
                self.tell_all()
            await asyncio.sleep(POLL_SECONDS)


def _data_version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA data_version").fetchone()[0])


def bounds(connection: sqlite3.Connection, topic: str, partition: int) -> tuple[int, int, int]:
    """(stream, start offset, next offset); raises UnknownTopic."""
    found = connection.execute(
        "SELECT stream, start_offset, next_offset FROM streams WHERE topic = ? AND partition = ?",
        (topic, partition),
    ).fetchone()
    if found is None:
        raise unknown_topic(topic, partition)
    return int(found[0]), int(found[1]), int(found[2])


def one(connection: sqlite3.Connection, topic: str, partition: int, offset: int) -> Record:
    """Raises PositionLost when the offset is outside the log or was compacted away."""
    stream, start, end = bounds(connection, topic, partition)
    found = connection.execute(
        "SELECT key, value, timestamp_ms FROM records WHERE id = ?", (stream << OFFSET_BITS | offset,)
    ).fetchone()
    if found is None or not start <= offset < end:
        raise lost(topic, partition, offset, start, end)
    return Record(topic, partition, offset, *found)


def along(
    connection: sqlite3.Connection, topic: str, partition: int, offset: int, records_max: int
) -> list[Record]:
    """That record and those behind it, up to ALONG_BYTES; raises PositionLost where `one` does."""
    found = [one(connection, topic, partition, offset)]
    stream, _, end = bounds(connection, topic, partition)
    rows = connection.execute(
        "SELECT id, key, value, timestamp_ms FROM records WHERE id > ? AND id < ? ORDER BY id LIMIT ?",
        (stream << OFFSET_BITS | offset, stream << OFFSET_BITS | end, records_max - 1),
    )
    size = len(found[0].value)
    for place, *row in rows:
        size += len(row[1])
        if size > ALONG_BYTES:
            break
        found.append(Record(topic, partition, place & (1 << OFFSET_BITS) - 1, *row))
    rows.close()
    return found


def batch(
    connection: sqlite3.Connection, topic: str, positions: Mapping[int, int], records_max: int
) -> list[Record]:
    """The next records from each position, in the mapping's order of partitions; raises PositionLost."""
    records: list[Record] = []
    size = 0
    streams = connection.execute(
        "SELECT partition, stream, start_offset, next_offset FROM streams WHERE topic = ?", (topic,)
    ).fetchall()
    known = {partition: (stream, start, end) for partition, stream, start, end in streams}
    for partition, position in positions.items():
        if partition not in known:
            raise unknown_topic(topic, partition)
        stream, start, end = known[partition]
        if not start <= position <= end:
            if records:
                return records  # what was read is good; the next call meets the lost position first
            raise lost(topic, partition, position, start, end)
        if position == end:
            continue
        base = stream << OFFSET_BITS
        rows = connection.execute(
            "SELECT id, key, value, timestamp_ms FROM records WHERE id >= ? AND id < ? ORDER BY id LIMIT ?",
            (base | position, base | end, records_max - len(records)),
        )
        for row_id, key, value, timestamp_ms in rows:
            records.append(Record(topic, partition, row_id - base, key, value, timestamp_ms))
            size += len(value)
            if size >= READ_BYTES_MAX:
                return records
        if len(records) >= records_max:
            return records
    return records


def lost(topic: str, partition: int, offset: int, start: int, end: int) -> PositionLost:
    return PositionLost(
        f"offset {offset} of partition {partition} of {topic} is not in the log, which holds {start} to {end}; "
        "a person decides where to go on"
    )
