"""The one thread that writes the embedded log.

Appends that arrive while a transaction is being synced form the next one (group commit), so the cost of a
sync is shared by all that wait for it and the order of calls is the order in the log. Everything else that
writes (topics, membership, retention) runs between two batches as a job, each in a transaction of its own.
"""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
import threading
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, TypeVar

from services.runtime.in_flight import Pending
from services.runtime.log import LogUnavailable, OutcomeUnknown, UnknownTopic
from services.runtime.sqlite_schema import OFFSET_BITS, connect, unavailable

T = TypeVar("T")

BATCH_RECORDS_MAX = 2_000
BATCH_BYTES_MAX = 8_000_000

_Job = tuple[Callable[[sqlite3.Connection], Any], asyncio.Future[Any]]


class Writer:
    """Owns the writing connection and its thread. All methods belong to the event loop's thread."""

    def __init__(
        self,
        path: Path,
        loop: asyncio.AbstractEventLoop,
        clock: Callable[[], int],
        committed: Callable[[Iterable[str]], None],
    ) -> None:
        """`committed` is called on the loop with the topics that have news."""
        self._path = path
        self._loop = loop
        self._clock = clock
        self._committed = committed
        self._appends: deque[Pending] = deque()
        self._jobs: deque[_Job] = deque()
        self._wake = threading.Event()
        self._closing = False
        self._thread = threading.Thread(target=self._run, name="frontdesk-log-writer", daemon=True)
        self._opened: asyncio.Future[None] = loop.create_future()

    async def open(self) -> None:
        """Raises LogUnavailable or LogError when the file cannot be used."""
        self._thread.start()
        await self._opened

    def append(self, pending: Pending) -> None:
        if self._closing:
            raise LogUnavailable(f"the log {self._path} has been closed")
        self._appends.append(pending)
        self._wake.set()

    def withdraw(self, pending: Pending) -> bool:
        """Takes a queued append back; False when the thread has it already, and it may be written."""
        try:
            self._appends.remove(pending)
        except ValueError:
            return False
        return True

    async def run(self, job: Callable[[sqlite3.Connection], T]) -> T:
        """Runs the job in a transaction of its own; raises LogUnavailable where SQLite cannot."""
        if self._closing:
            raise LogUnavailable(f"the log {self._path} has been closed")
        future: asyncio.Future[T] = self._loop.create_future()
        self._jobs.append((job, future))
        self._wake.set()
        return await future

    async def close(self, seconds_max: float) -> None:
        """Writes what is queued, then ends the thread; after the bound it is left to die with the process."""
        self._closing = True
        self._wake.set()
        await asyncio.to_thread(self._thread.join, seconds_max)

    # From here on: the writer's thread.

    def _run(self) -> None:
        try:
            connection = connect(self._path, writing=True)
        except Exception as error:
            self._tell(_fail, self._opened, error)
            return
        self._tell(_settle, self._opened, None)
        with contextlib.closing(connection):
            while True:
                self._wake.wait()
                self._wake.clear()
                while self._appends or self._jobs:
                    if self._jobs:
                        self._do(connection, *self._jobs.popleft())
                    if self._appends:
                        self._write(connection, self._next_batch())
                if self._closing:
                    return

    def _next_batch(self) -> list[Pending]:
        batch: list[Pending] = []
        size = 0
        while self._appends and len(batch) < BATCH_RECORDS_MAX and size < BATCH_BYTES_MAX:
            pending = self._appends.popleft()
            if pending.future.done():
                continue  # its caller gave up
            size += len(pending.value)
            batch.append(pending)
        return batch

    def _write(self, connection: sqlite3.Connection, batch: Sequence[Pending]) -> None:
        if not batch:
            return
        offsets: list[int | Exception] = []
        try:
            connection.execute("BEGIN IMMEDIATE")
            offsets = self._insert(connection, batch)
        except sqlite3.Error as error:
            _roll_back(connection)
            self._tell(_resolve, batch, [unavailable(self._path, error)] * len(batch))
            return
        try:
            connection.execute("COMMIT")
        except sqlite3.OperationalError as error:
            _roll_back(connection)
            unknown = OutcomeUnknown(
                f"the log {self._path} failed while syncing ({error}); repeat with the same id"
            )
            self._tell(_resolve, batch, [unknown] * len(batch))
            return
        self._tell(_resolve, batch, offsets)
        self._tell(self._committed, {pending.topic for pending in batch})

    def _insert(self, connection: sqlite3.Connection, batch: Sequence[Pending]) -> list[int | Exception]:
        now = self._clock()
        streams: dict[tuple[str, int], list[int] | None] = {}
        rows: list[tuple[int, bytes, bytes, int]] = []
        offsets: list[int | Exception] = []
        for pending in batch:
            name = (pending.topic, pending.partition)
            if name not in streams:
                found = connection.execute(
                    "SELECT stream, next_offset FROM streams WHERE topic = ? AND partition = ?", name
                ).fetchone()
                streams[name] = list(found) if found else None
            stream = streams[name]
            if stream is None:
                offsets.append(unknown_topic(*name))
                continue
            rows.append((stream[0] << OFFSET_BITS | stream[1], pending.key, pending.value, now))
            offsets.append(stream[1])
            stream[1] += 1
        connection.executemany("INSERT INTO records VALUES (?, ?, ?, ?)", rows)
        connection.executemany(
            "UPDATE streams SET next_offset = ? WHERE stream = ?",
            [(stream[1], stream[0]) for stream in streams.values() if stream is not None],
        )
        return offsets

    def _do(
        self,
        connection: sqlite3.Connection,
        job: Callable[[sqlite3.Connection], Any],
        future: asyncio.Future[Any],
    ) -> None:
        try:
            connection.execute("BEGIN IMMEDIATE")
            result = job(connection)
            connection.execute("COMMIT")
        except sqlite3.Error as error:
            _roll_back(connection)
            self._tell(_fail, future, unavailable(self._path, error))
        except Exception as error:
            _roll_back(connection)
            self._tell(_fail, future, error)
        else:
            self._tell(_settle, future, result)

    def _tell(self, function: Callable[..., None], *arguments: Any) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody is left to be told
            self._loop.call_soon_threadsafe(function, *arguments)


def unknown_topic(topic: str, partition: int | None = None) -> UnknownTopic:
    what = topic if partition is None else f"partition {partition} of {topic}"
    return UnknownTopic(f"{what} does not exist; create_topics makes it")


def _roll_back(connection: sqlite3.Connection) -> None:
    with contextlib.suppress(sqlite3.Error):
        if connection.in_transaction:
            connection.execute("ROLLBACK")


def _resolve(batch: Sequence[Pending], outcomes: Sequence[int | Exception]) -> None:
    for pending, outcome in zip(batch, outcomes, strict=True):
        if isinstance(outcome, int):
            pending.settle(outcome)
        else:
            pending.fail(outcome)


def _settle(future: asyncio.Future[Any], result: Any) -> None:
    if not future.done():
        future.set_result(result)


def _fail(future: asyncio.Future[Any], error: Exception) -> None:
    if not future.done():
        future.set_exception(error)
