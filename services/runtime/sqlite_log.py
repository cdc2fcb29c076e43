"""The log on one machine: a single SQLite file, nothing to install, several processes if need be.

Durability is that of the disk: an append is acknowledged after its transaction has been synced. All appends
that wait for one sync share it. Reading never waits for writing (WAL).
"""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from pathlib import Path

from services.runtime.in_flight import APPEND_DEADLINE_MS, RECORDS_IN_FLIGHT_MAX, InFlight, Pending
from services.runtime.log import (
    ALONG_MAX,
    LogError,
    LogRefused,
    LogUnavailable,
    OutcomeUnknown,
    OwnershipListener,
    Record,
    TopicSpec,
)
from services.runtime.sqlite_own import SESSION_TIMEOUT_MS, SqliteOwnership
from services.runtime.sqlite_reader import News, Reader, along, bounds, one
from services.runtime.sqlite_retention import delete_before, expire
from services.runtime.sqlite_tail import SqliteTail
from services.runtime.sqlite_writer import Writer, unknown_topic

CLOSE_SECONDS_MAX = 10.0
RETENTION_SECONDS = 60.0


def wall_clock_ms() -> int:
    return time.time_ns() // 1_000_000


class SqliteLog:
    """Implements `Log` over one file. Make it with `open`, on the event loop that uses it."""

    def __init__(
        self,
        path: Path,
        *,
        clock: Callable[[], int],
        records_in_flight_max: int,
        append_deadline_ms: int,
        session_timeout_ms: int,
        reads_only: bool,
    ) -> None:
        loop = asyncio.get_running_loop()
        self._path = path
        self._clock = clock
        self._session_timeout_ms = session_timeout_ms
        self._in_flight = InFlight(
            loop, records_max=records_in_flight_max, deadline_ms=append_deadline_ms, overdue=self._overdue
        )
        self._reads_only = reads_only
        self._reader = Reader(path, alone=reads_only)
        self._news = News(self._reader)
        self._writer = Writer(path, loop, clock, self._news.tell)
        self._members: set[SqliteOwnership] = set()
        self._closing = AsyncExitStack()

    @classmethod
    async def open(
        cls,
        path: str | Path,
        *,
        clock: Callable[[], int] = wall_clock_ms,
        records_in_flight_max: int = RECORDS_IN_FLIGHT_MAX,
        append_deadline_ms: int = APPEND_DEADLINE_MS,
        session_timeout_ms: int = SESSION_TIMEOUT_MS,
        reads_only: bool = False,
    ) -> SqliteLog:
        """Opens the file, making it (not its folder) where it is missing.

        `clock` gives the append times of records, in epoch milliseconds; membership has a clock of its own. With
        `reads_only` the file is left as it is, with all that is past its retention, and what would write raises LogRefused.
        Raises LogUnavailable when the file cannot be opened, LogError when it is something else.
        """
        log = cls(
            Path(path),
            clock=clock,
            records_in_flight_max=records_in_flight_max,
            append_deadline_ms=append_deadline_ms,
            session_timeout_ms=session_timeout_ms,
            reads_only=reads_only,
        )
        async with AsyncExitStack() as stack:
            stack.callback(log._in_flight.close)
            if not reads_only:
                await log._writer.open()
                stack.push_async_callback(log._writer.close, CLOSE_SECONDS_MAX)
            await log._reader.open()
            stack.push_async_callback(log._reader.close)
            stack.push_async_callback(log._news.close)
            if not reads_only:
                stack.push_async_callback(
                    _cancel, asyncio.create_task(log._keep_house(), name="log-retention")
                )
            log._closing = stack.pop_all()
        return log

    def append(self, topic: str, partition: int, key: bytes, value: bytes) -> asyncio.Future[int]:
        writer = self._writing()
        pending = self._in_flight.admit(topic, partition, key, value)
        try:
            writer.append(pending)
        except LogUnavailable as error:
            pending.fail(error)
        return pending.future

    async def close(self) -> None:
        for member in list(self._members):
            await member.close()
        await self._in_flight.drained(CLOSE_SECONDS_MAX)
        await self._closing.aclose()

    async def create_topics(self, topics: Sequence[TopicSpec]) -> None:
        await self._writing().run(lambda connection: _create(connection, topics))
        self._news.tell_all()

    async def partitions(self, topic: str) -> int:
        return await self._reader.run(lambda connection: _partitions(connection, topic))

    async def start_offset(self, topic: str, partition: int) -> int:
        return (await self._reader.run(lambda connection: bounds(connection, topic, partition)))[1]

    async def end_offset(self, topic: str, partition: int) -> int:
        return (await self._reader.run(lambda connection: bounds(connection, topic, partition)))[2]

    async def read_at(self, topic: str, partition: int, offset: int) -> Record:
        return await self._reader.run(lambda connection: one(connection, topic, partition, offset))

    async def read_along(
        self, topic: str, partition: int, offset: int, *, records_max: int = ALONG_MAX
    ) -> list[Record]:
        return await self._reader.run(
            lambda connection: along(connection, topic, partition, offset, records_max)
        )

    async def delete_before(self, topic: str, partition: int, offset: int) -> None:
        """Removes the records before the offset, as retention would; not part of `Log`."""
        await self._writing().run(lambda connection: delete_before(connection, topic, partition, offset))

    async def tail(self, topic: str, positions: Mapping[int, int]) -> SqliteTail:
        count = await self.partitions(topic)
        if unknown := [p for p in positions if not 0 <= p < count]:
            raise unknown_topic(topic, unknown[0])
        return SqliteTail(self._reader, self._news, topic, positions)

    async def own(self, topic: str, group: str, listener: OwnershipListener) -> SqliteOwnership:
        writer = self._writing()
        await self.partitions(topic)
        member = SqliteOwnership(
            writer,
            self._reader,
            self._news,
            topic,
            group,
            listener,
            session_timeout_ms=self._session_timeout_ms,
            forget=self._members.discard,
        )
        self._members.add(member)
        return member

    def _writing(self) -> Writer:
        if self._reads_only:
            raise LogRefused("this log was opened to be read")
        return self._writer

    def _overdue(self, pending: Pending) -> None:
        if self._writer.withdraw(pending):
            pending.fail(LogUnavailable(f"the log {self._path} is busy; nothing was written, repeat later"))
        else:
            pending.fail(
                OutcomeUnknown(f"the log {self._path} did not answer in time; repeat with the same id")
            )

    async def _keep_house(self) -> None:
        while True:
            try:
                removed = await self._writer.run(lambda connection: expire(connection, self._clock()))
            except LogUnavailable:
                removed = 0  # the next append meets the fault; there is nobody to tell here
            if removed == 0:
                await asyncio.sleep(RETENTION_SECONDS)


async def _cancel(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.wait([task])


def _partitions(connection: sqlite3.Connection, topic: str) -> int:
    found = connection.execute("SELECT partitions FROM topics WHERE topic = ?", (topic,)).fetchone()
    if found is None:
        raise unknown_topic(topic)
    return int(found[0])


def _create(connection: sqlite3.Connection, topics: Sequence[TopicSpec]) -> None:
    for spec in topics:
        found = connection.execute("SELECT partitions FROM topics WHERE topic = ?", (spec.name,)).fetchone()
        if found is not None:
            if found[0] != spec.partitions:
                raise LogError(
                    f"topic {spec.name} exists with {found[0]} partitions, asked for {spec.partitions}; "
                    "the number never changes in place"
                )
            continue
        row = (spec.name, spec.partitions, spec.retention_ms, int(spec.compacted))
        connection.execute("INSERT INTO topics VALUES (?, ?, ?, ?)", row)
        connection.executemany(
            "INSERT INTO streams (topic, partition) VALUES (?, ?)",
            [(spec.name, partition) for partition in range(spec.partitions)],
        )
