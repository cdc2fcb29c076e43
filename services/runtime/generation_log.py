"""One generation of the log: the same code, its topics under the names of that generation (engine.md 1.11).

Partitions never change in place. More of them is a new generation, with topics of its own: `frontdesk.facts.v2` beside
`frontdesk.facts.v1`. Programs say FACTS, DECISIONS and SNAPSHOTS in all of them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace

from services.contract.topics import of_generation
from services.runtime.log import (
    ALONG_MAX,
    Appender,
    Log,
    Ownership,
    OwnershipListener,
    Record,
    Tail,
    TopicSpec,
)
from services.runtime.settings import Reader

GENERATION_MAX = 1_000


def generation_from(mapping: Mapping[str, str]) -> int:
    """FRONTDESK_LOG_GENERATION; raises SettingsError."""
    reader = Reader(mapping)
    generation = reader.integer("FRONTDESK_LOG_GENERATION", default=1, low=1, high=GENERATION_MAX)
    reader.done()
    return generation


def generation_of(log: Log, generation: int) -> Log:
    """The log as that generation sees it."""
    return log if generation == 1 else GenerationLog(log, generation)


class GenerationAppender:
    """Implements `Appender` over another."""

    def __init__(self, inner: Appender, generation: int) -> None:
        self._to, self._generation = inner, generation

    def append(self, topic: str, partition: int, key: bytes, value: bytes) -> asyncio.Future[int]:
        return self._to.append(self._name(topic), partition, key, value)

    async def close(self) -> None:
        await self._to.close()

    def _name(self, topic: str) -> str:
        return of_generation(topic, self._generation)


class GenerationLog(GenerationAppender):
    """Implements `Log` over another. Records are told by the name that they have in the log."""

    def __init__(self, inner: Log, generation: int) -> None:
        super().__init__(inner, generation)
        self._inner = inner

    async def create_topics(self, topics: Sequence[TopicSpec]) -> None:
        await self._inner.create_topics([replace(spec, name=self._name(spec.name)) for spec in topics])

    async def partitions(self, topic: str) -> int:
        return await self._inner.partitions(self._name(topic))

    async def start_offset(self, topic: str, partition: int) -> int:
        return await self._inner.start_offset(self._name(topic), partition)

    async def end_offset(self, topic: str, partition: int) -> int:
        return await self._inner.end_offset(self._name(topic), partition)

    async def read_at(self, topic: str, partition: int, offset: int) -> Record:
        return await self._inner.read_at(self._name(topic), partition, offset)

    async def read_along(
        self, topic: str, partition: int, offset: int, *, records_max: int = ALONG_MAX
    ) -> list[Record]:
        return await self._inner.read_along(self._name(topic), partition, offset, records_max=records_max)

    async def tail(self, topic: str, positions: Mapping[int, int]) -> Tail:
        return await self._inner.tail(self._name(topic), positions)

    async def own(self, topic: str, group: str, listener: OwnershipListener) -> Ownership:
        return await self._inner.own(self._name(topic), group, listener)
