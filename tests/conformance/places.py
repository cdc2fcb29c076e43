"""Where a log lives in these tests, and what they share: polling with a deadline, a listener that remembers."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Protocol

from services.runtime.generation_log import GenerationLog
from services.runtime.kafka_log import KafkaLog
from services.runtime.log import Log, Ownership, Record, Tail
from services.runtime.sqlite_log import SqliteLog

SECONDS_MAX = 60.0


class WholeLog(Log, Protocol):
    """A log with the one thing tests need beside the interface: forgetting, as retention does."""

    async def delete_before(self, topic: str, partition: int, offset: int) -> None: ...


@dataclass(frozen=True)
class Place:
    """A kind of log and its address: a file for sqlite, a bootstrap for kafka."""

    kind: str
    address: str

    @asynccontextmanager
    async def log(self, **settings: Any) -> AsyncIterator[WholeLog]:
        log: WholeLog
        if self.kind == "kafka":
            log = await KafkaLog.connect(self.address, **{"heartbeat_ms": 300, **settings})
        else:
            log = await SqliteLog.open(self.address, **settings)
        try:
            yield log
        finally:
            await log.close()


class Prefixed(GenerationLog):
    """A log with topics of its own under their usual names, for one broker serves all tests."""

    def __init__(self, inner: Log) -> None:
        super().__init__(inner, 1)
        self._prefix = f"test.{uuid.uuid4().hex[:12]}."

    def _name(self, topic: str) -> str:
        return self._prefix + topic


async def eventually(condition: Callable[[], bool], *, seconds_max: float = SECONDS_MAX) -> None:
    """Returns as soon as the condition holds; fails after the bound."""
    deadline = asyncio.get_running_loop().time() + seconds_max
    while not condition():
        assert asyncio.get_running_loop().time() < deadline, "it did not come about in time"
        await asyncio.sleep(0.01)


async def read_until(reader: Tail | Ownership, count: int, *, records_max: int = 500) -> list[Record]:
    """At least `count` records; fails after the bound."""
    records: list[Record] = []
    deadline = asyncio.get_running_loop().time() + SECONDS_MAX
    while len(records) < count:
        assert asyncio.get_running_loop().time() < deadline, f"{len(records)} of {count} records came in time"
        records += await reader.read(records_max=records_max)
    return records


class Memory:
    """A listener that gives fixed positions and remembers what it was told."""

    def __init__(self, positions: Mapping[int, int] | None = None) -> None:
        self.positions = dict(positions or {})
        self.told: list[tuple[str, tuple[int, ...]]] = []

    def assigned(self, partitions: Sequence[int]) -> Mapping[int, int]:
        self.told.append(("assigned", tuple(partitions)))
        return {partition: self.positions.get(partition, 0) for partition in partitions}

    def revoked(self, partitions: Sequence[int]) -> None:
        self.told.append(("revoked", tuple(partitions)))


class Driven:
    """A member that is read steadily in the background, as its owner would."""

    def __init__(self, member: Ownership) -> None:
        self.member = member
        self.records: list[Record] = []
        self._task = asyncio.create_task(self._drive())

    async def _drive(self) -> None:
        while True:
            self.records += await self.member.read(wait_ms=50)

    async def close(self) -> None:
        self._task.cancel()
        await asyncio.wait([self._task])
        await self.member.close()
