"""The log through which the services meet: append, tail from a position, own partitions as a group.

A topic is a fixed number of partitions; a partition is an ordered, dense sequence of records whose offsets
start at 0 and rise by one. Two implementations pass one conformance suite (tests/conformance): `sqlite_log`
for one machine, `kafka_log` for many. Order inside a partition is the only guarantee that the router's
safety rests on; group ownership gives liveness and nothing more (two owners may overlap).

    LogError
    ├── LogUnavailable   the log cannot be reached now; nothing is known to be written; repeat later
    ├── OutcomeUnknown   an append was sent and no answer came; it may or may not be in the log
    ├── BufferFull       the bound of records in flight is reached; nothing was sent; slow down
    ├── RecordTooLarge   the record exceeds the log's bound and was refused; nothing was sent
    ├── UnknownTopic     topic or partition does not exist (topics are created by `create_topics` only)
    └── PositionLost     the position asked for is outside what the log holds: a person decides
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from services.contract.record import quick_record

RECORD_BYTES_MAX = 1_000_000
"""Largest value of a record, in bytes; below Kafka's default `max.message.bytes` of 1 MiB."""
ALONG_MAX = 500
"""Records that `read_along` answers with, unless told."""


class LogError(Exception):
    """Root of everything the log can answer with; the message says what to do about it."""


class LogUnavailable(LogError):
    """The log cannot be reached now; nothing is known to be written, repeat later."""


class LogRefused(LogUnavailable):
    """The log answers and turns us away (certificate, password, rights); nothing was written, a person must act."""


class OutcomeUnknown(LogError):
    """The append may or may not be in the log; repeat it with the same id."""


class BufferFull(LogError):
    """Too many records in flight; nothing was sent."""


class RecordTooLarge(LogError):
    """The value exceeds `RECORD_BYTES_MAX`; nothing was sent."""


class UnknownTopic(LogError):
    """No such topic or partition; create it first."""


class PositionLost(LogError):
    """The position is before the first or beyond the end of what the log holds."""


@dataclass(frozen=True, slots=True)
class TopicSpec:
    """What a topic is created with.

    `retention_ms` is -1 for ever; `compacted` keeps the newest value per key only.
    """

    name: str
    partitions: int
    retention_ms: int = -1
    compacted: bool = False


@quick_record
@dataclass(frozen=True, slots=True)
class Record:
    """One record as read back. `timestamp_ms` is the append time (epoch, milliseconds).

    An empty `value` is a tombstone: in a compacted topic it makes its key disappear, in time.
    """

    topic: str
    partition: int
    offset: int
    key: bytes
    value: bytes
    timestamp_ms: int


class Appender(Protocol):
    """Writes records; the order of calls to one partition is their order in the log."""

    def append(self, topic: str, partition: int, key: bytes, value: bytes) -> asyncio.Future[int]:
        """Sends a record without waiting; the future gives its offset once it is durable.

        Must be called on the event loop's thread. Raises BufferFull, RecordTooLarge, UnknownTopic (where
        known at once); the future fails with LogUnavailable, OutcomeUnknown or UnknownTopic, at the latest
        after the implementation's own deadline. It never stays unresolved.
        """
        ...

    async def close(self) -> None:
        """Waits (bounded) for what is in flight, then releases everything."""
        ...


class Tail(Protocol):
    """A reader without a group, at explicit positions."""

    async def read(self, *, records_max: int = 500, wait_ms: int = 200) -> list[Record]:
        """The next records, in order within each partition; empty after `wait_ms` without news.

        Raises LogUnavailable when the log has been away for longer than the implementation's bound (a later
        call may succeed), PositionLost when a position is no longer (or not yet) in the log.
        """
        ...

    def seek(self, partition: int, offset: int) -> None:
        """The next `read` continues partition at offset."""
        ...

    def rest(self, partition: int) -> None:
        """Nothing of the partition is asked for until a `seek`; so a reader can be kept ready at little cost."""
        ...

    async def close(self) -> None: ...


class OwnershipListener(Protocol):
    """Told of changes before any record of the new assignment is delivered; must not block.

    Called on the event loop's thread, any time after `own` was called. What it raises is raised by the
    next `read`, and the member is of no use afterwards.
    """

    def assigned(self, partitions: Sequence[int]) -> Mapping[int, int]:
        """Newly owned partitions; answers the offset at which each is to be read (all of them)."""
        ...

    def revoked(self, partitions: Sequence[int]) -> None:
        """Partitions that are no longer owned; their records stop with this call, which `close` makes too."""
        ...


class Membership(Enum):
    """How a member stands with its group."""

    MEMBER = "member"
    """It has its share of the present generation."""
    JOINING = "joining"
    """The group is sharing out the partitions."""
    LOST = "lost"
    """The group does not know it, has not heard of it for a session, or nobody drives its membership any more."""


class Ownership(Protocol):
    """Membership in a group whose members share a topic's partitions; each partition has one owner.

    Positions come from the listener, never from the group: what the group remembers (`hint`) is for lag
    graphs only. A member that dies is replaced within the session timeout, one that closes at once.
    """

    async def read(self, *, records_max: int = 500, wait_ms: int = 200) -> list[Record]:
        """The next records of owned, unpaused partitions; drives membership, so call it steadily."""
        ...

    @property
    def owned(self) -> frozenset[int]: ...

    @property
    def membership(self) -> Membership:
        """As far as this process knows, without asking anybody."""
        ...

    def seek(self, partition: int, offset: int) -> None: ...

    def pause(self, partition: int) -> None: ...

    def resume(self, partition: int) -> None: ...

    async def hint(self, partition: int, next_offset: int) -> None:
        """Best effort: tells the group how far the partition is decided."""
        ...

    async def close(self) -> None:
        """Leaves the group, so that others take over without waiting for the session timeout."""
        ...


class Log(Appender, Protocol):
    """The whole of it; an application holds one."""

    async def create_topics(self, topics: Sequence[TopicSpec]) -> None:
        """Creates what is missing; a topic that exists with other partitions raises LogError."""
        ...

    async def partitions(self, topic: str) -> int:
        """Number of partitions; raises UnknownTopic."""
        ...

    async def start_offset(self, topic: str, partition: int) -> int:
        """Offset of the oldest record held (0 unless retention removed some)."""
        ...

    async def end_offset(self, topic: str, partition: int) -> int:
        """Offset that the next appended record will get."""
        ...

    async def read_at(self, topic: str, partition: int, offset: int) -> Record:
        """One record by position; raises PositionLost when it is not (any longer) there."""
        ...

    async def read_along(
        self, topic: str, partition: int, offset: int, *, records_max: int = ALONG_MAX
    ) -> list[Record]:
        """The same, and behind it, in order, those that came along for next to nothing, which may be none."""
        ...

    async def tail(self, topic: str, positions: Mapping[int, int]) -> Tail:
        """Reads partitions from explicit offsets (partition -> first offset wanted)."""
        ...

    async def own(self, topic: str, group: str, listener: OwnershipListener) -> Ownership:
        """Joins a group that shares the topic's partitions."""
        ...
