"""Sharing a topic's partitions among members of a group, over the embedded log's file.

Each member beats in the file; partition p belongs to the p-th living member (by name, modulo their number).
A claim row makes ownership exclusive: who must give a partition up says so to its listener first and then
drops the claim; who should have it waits for that, or until the holder has not beaten for its own session
timeout. Every change raises the group's generation, which members notice as news of the topic (at once
in one process, within the poll across processes).

Time is `time.monotonic`, which all processes of one machine share; a beat from the future is from before a
reboot and counts as none.
"""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from services.runtime.ending import ended
from services.runtime.log import LogError, LogUnavailable, Membership, OwnershipListener, Record
from services.runtime.sqlite_reader import News, Reader
from services.runtime.sqlite_tail import SqliteTail
from services.runtime.sqlite_writer import Writer

SESSION_TIMEOUT_MS = 10_000
BEATS_PER_SESSION = 4
RETRY_SECONDS = 0.2


@dataclass(frozen=True, slots=True)
class _Turn:
    """What one beat found: partitions to give up, partitions won, the generation after it."""

    give_up: frozenset[int]
    won: frozenset[int]
    generation: int


class SqliteOwnership(SqliteTail):
    """One member of a group; implements `Ownership`."""

    def __init__(
        self,
        writer: Writer,
        reader: Reader,
        news: News,
        topic: str,
        group: str,
        listener: OwnershipListener,
        *,
        session_timeout_ms: int,
        forget: Callable[[SqliteOwnership], None],
    ) -> None:
        super().__init__(reader, news, topic, {})
        self._writer = writer
        self._group = group
        self._listener = listener
        self._session_seconds = session_timeout_ms / 1000
        self._forget = forget
        self._member = f"{time.monotonic():020.9f}-{uuid.uuid4().hex[:8]}"
        self._beaten_at = time.monotonic()
        self._generation_seen = -1
        self._fault: Exception | None = None
        self._task = asyncio.create_task(self._belong(), name=f"member of {group}")

    @property
    def owned(self) -> frozenset[int]:
        return frozenset(self._positions)

    @property
    def membership(self) -> Membership:
        if self._closed or self._task.done() or time.monotonic() - self._beaten_at > self._session_seconds:
            return Membership.LOST
        return Membership.JOINING if self._generation_seen == -1 else Membership.MEMBER

    async def read(self, *, records_max: int = 500, wait_ms: int = 200) -> list[Record]:
        self._check()
        records = await super().read(records_max=records_max, wait_ms=wait_ms)
        self._check()
        return records

    def seek(self, partition: int, offset: int) -> None:
        if partition in self._positions:
            self._positions[partition] = offset

    def pause(self, partition: int) -> None:
        self._paused.add(partition)

    def resume(self, partition: int) -> None:
        self._paused.discard(partition)
        self._news.tell([self._topic])

    async def hint(self, partition: int, next_offset: int) -> None:
        row = (self._topic, self._group, partition, next_offset)
        with contextlib.suppress(LogUnavailable):
            await self._writer.run(
                lambda connection: connection.execute("INSERT OR REPLACE INTO hints VALUES (?, ?, ?, ?)", row)
            )

    async def close(self) -> None:
        if self._closed:
            return
        await ended(self._task)
        self._drop(self.owned)
        await super().close()
        with contextlib.suppress(LogUnavailable):
            await self._writer.run(self._leave)
        self._news.tell([self._topic])
        self._forget(self)

    def _check(self) -> None:
        """Raises what went wrong since the last read; lets go of everything when the last beat is too old.

        A process that was stopped for longer than its session, or whose event loop was blocked, is no owner
        any more, and should not find that out one batch too late.
        """
        if time.monotonic() - self._beaten_at > self._session_seconds:
            self._drop(self.owned)
        fault = self._fault
        if isinstance(fault, LogUnavailable):
            self._fault = None  # the member goes on trying; a later read may succeed
        if fault is not None:
            raise fault

    async def _belong(self) -> None:
        """Beats, and follows every change of the group, until the member is closed or its listener fails."""
        while True:
            mark = self._news.mark(self._topic)
            try:
                await self._follow()
            except Exception as error:
                self._fault = error
                self._drop(self.owned)
                self._generation_seen = -1
                self._news.tell([self._topic])
                if not isinstance(error, LogUnavailable):
                    return
                await asyncio.sleep(RETRY_SECONDS)
            else:
                await self._news.wait(self._topic, mark, self._session_seconds / BEATS_PER_SESSION)

    async def _follow(self) -> None:
        due = time.monotonic() - self._beaten_at >= self._session_seconds / BEATS_PER_SESSION
        seen = self._generation_seen
        if due or seen == -1 or await self._reader.run(self._generation) != seen:
            self._generation_seen = await self._turn()

    async def _turn(self) -> int:
        if time.monotonic() - self._beaten_at > self._session_seconds:
            # Others may own our partitions by now; stop first, then ask.
            self._drop(self.owned)
        held = self.owned
        turn = await self._writer.run(lambda connection: self._beat(connection, held))
        generation = turn.generation
        if turn.give_up:
            self._drop(turn.give_up)
            generation = await self._writer.run(lambda connection: self._release(connection, turn.give_up))
        if turn.won:
            won = sorted(turn.won)
            positions = self._listener.assigned(won)
            if missing := [p for p in won if p not in positions]:
                raise LogError(f"the listener gave no position for partitions {missing} of {self._topic}")
            self._positions.update({p: positions[p] for p in won})
        if turn.give_up or turn.won:
            self._news.tell([self._topic])
        return generation

    def _drop(self, partitions: frozenset[int]) -> None:
        gone = sorted(partitions & self._positions.keys())
        for partition in gone:
            del self._positions[partition]
            self._paused.discard(partition)
        if gone:
            self._listener.revoked(gone)

    # From here on: inside the writer's or reader's thread.

    def _beat(self, connection: sqlite3.Connection, held: frozenset[int]) -> _Turn:
        now = time.monotonic()
        scope = (self._topic, self._group)
        changed = connection.execute(
            "DELETE FROM members WHERE topic = ? AND grp = ? AND member <> ? AND (seen > ? OR seen + timeout < ?)",
            (*scope, self._member, now, now),
        ).rowcount
        joined = connection.execute(
            "UPDATE members SET seen = ? WHERE topic = ? AND grp = ? AND member = ?",
            (now, *scope, self._member),
        )
        if joined.rowcount == 0:
            row = (*scope, self._member, now, self._session_seconds)
            changed += connection.execute("INSERT INTO members VALUES (?, ?, ?, ?, ?)", row).rowcount
        changed += connection.execute(
            "DELETE FROM claims WHERE topic = ? AND grp = ? AND member NOT IN "
            "(SELECT member FROM members WHERE topic = ? AND grp = ?)",
            (*scope, *scope),
        ).rowcount
        target = self._target(connection)
        claims = dict(
            connection.execute(
                "SELECT partition, member FROM claims WHERE topic = ? AND grp = ?", scope
            ).fetchall()
        )
        for partition in target - claims.keys():
            connection.execute("INSERT INTO claims VALUES (?, ?, ?, ?)", (*scope, partition, self._member))
            claims[partition] = self._member
            changed += 1
        mine = {partition for partition, member in claims.items() if member == self._member}
        self._beaten_at = now
        return _Turn(
            give_up=frozenset((held | mine) - (target & mine)),
            won=frozenset((mine & target) - held),
            generation=self._raise_generation(connection) if changed else self._generation(connection),
        )

    def _target(self, connection: sqlite3.Connection) -> set[int]:
        scope = (self._topic, self._group)
        members = [
            row[0]
            for row in connection.execute(
                "SELECT member FROM members WHERE topic = ? AND grp = ? ORDER BY member", scope
            )
        ]
        partitions = connection.execute("SELECT partition FROM streams WHERE topic = ?", (self._topic,))
        turn = members.index(self._member)
        return {row[0] for row in partitions if row[0] % len(members) == turn}

    def _release(self, connection: sqlite3.Connection, partitions: frozenset[int] | Sequence[int]) -> int:
        connection.executemany(
            "DELETE FROM claims WHERE topic = ? AND grp = ? AND partition = ? AND member = ?",
            [(self._topic, self._group, partition, self._member) for partition in partitions],
        )
        return self._raise_generation(connection)

    def _leave(self, connection: sqlite3.Connection) -> None:
        for table in ("members", "claims"):
            connection.execute(
                f"DELETE FROM {table} WHERE topic = ? AND grp = ? AND member = ?",  # noqa: S608 - two fixed names
                (self._topic, self._group, self._member),
            )
        self._raise_generation(connection)

    def _generation(self, connection: sqlite3.Connection) -> int:
        found = connection.execute(
            "SELECT generation FROM generations WHERE topic = ? AND grp = ?", (self._topic, self._group)
        ).fetchone()
        return int(found[0]) if found else 0

    def _raise_generation(self, connection: sqlite3.Connection) -> int:
        connection.execute(
            "INSERT INTO generations VALUES (?, ?, 1) "
            "ON CONFLICT (topic, grp) DO UPDATE SET generation = generation + 1",
            (self._topic, self._group),
        )
        return self._generation(connection)
