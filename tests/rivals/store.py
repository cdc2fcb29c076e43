"""One partition's true log, and how one process sees it: late, in parts, with lost and doubled appends.

Appends are worse than Kafka's: an idempotent producer keeps the order of a partition and lands nothing twice, here
both happen, since the chain must hold without them.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Mapping, Sequence
from contextvars import Context
from dataclasses import dataclass

from services.contract.topics import DEAD_LETTERS, DECISIONS, FACTS
from services.runtime.log import (
    ALONG_MAX,
    LogUnavailable,
    Membership,
    OutcomeUnknown,
    OwnershipListener,
    PositionLost,
    Record,
    TopicSpec,
)

ASSIGNMENTS = "assignments"
DEADLINE_SECONDS = 0.5
"""When an append that never landed is answered."""
IDLE_SECONDS = 2.0
"""Who waits for nothing that time alone brings is left waiting this long: polling costs more than all else here."""


@dataclass(frozen=True)
class Weather:
    """Chances of what may happen to one append or question, each in [0, 1]; lags in seconds."""

    lost: float = 0.05
    doubled: float = 0.05
    delayed: float = 0.1
    unanswered: float = 0.04
    """Landed, and the answer did not come."""
    refused: float = 0.02
    """Surely not landed, and said so at once."""
    broken_reads: float = 0.002
    """Reads and questions that fail; the process that read ends, or asks again."""
    lag_seconds: float = 0.004
    delay_seconds: float = 0.6


CALM = Weather(0, 0, 0, 0, 0, 0, 0.001, 0)


class Store:
    """What is in the log; `landed` is called with each record as it gets its place."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.weather = Weather()
        self.records: dict[str, list[Record]] = {FACTS: [], DECISIONS: [], DEAD_LETTERS: []}
        self.committed = 0
        """What the group remembers: a hint of the owners, and whatever somebody wrote into it by hand."""
        self.landed: Callable[[Record], None] = lambda _: None
        self._waiting: dict[str, list[asyncio.Future[None]]] = {
            topic: [] for topic in (*self.records, ASSIGNMENTS)
        }

    def land(self, topic: str, key: bytes, value: bytes) -> int:
        """The record's offset, which is final."""
        records = self.records[topic]
        record = Record(topic, 0, len(records), key, value, 0)
        records.append(record)
        self.landed(record)
        self.wake(topic)
        return record.offset

    def wake(self, topic: str) -> None:
        """All who wait for news of it look again."""
        waiting, self._waiting[topic] = self._waiting[topic], []
        for reader in waiting:
            _ring(reader)

    async def news(self, topic: str, seconds_max: float) -> None:
        """Returns when something lands, or when the time is over."""
        loop = asyncio.get_running_loop()
        reader: asyncio.Future[None] = loop.create_future()
        self._waiting[topic].append(reader)
        bell = loop.call_later(seconds_max, _ring, reader)
        await reader
        bell.cancel()


class View:
    """The log as one process has it; implements `Log` for one partition.

    `stopped` processes get no answer until they go on; those that are `dead` never do, and what they had on the
    wire may still land.
    """

    def __init__(self, store: Store, context: Context) -> None:
        self.store, self._context = store, context
        self.dead = False
        self.member: View.Member | None = None
        self._going: asyncio.Event = asyncio.Event()
        self._going.set()

    def stop(self) -> None:
        self._going.clear()

    def go_on(self) -> None:
        self._going.set()

    @property
    def stopped(self) -> bool:
        return not self._going.is_set()

    async def pause(self, seconds: float = -1.0) -> None:
        """What any exchange with the log takes; for a stopped process, until it goes on."""
        rng, weather = self.store.rng, self.store.weather
        await asyncio.sleep(rng.expovariate(1.0) * weather.lag_seconds if seconds < 0 else seconds)
        await self._going.wait()
        if self.dead:
            raise LogUnavailable("this process is dead")

    def append(self, topic: str, partition: int, key: bytes, value: bytes) -> asyncio.Future[int]:
        loop = asyncio.get_running_loop()
        future: asyncio.Future[int] = loop.create_future()
        if self.dead:
            future.set_exception(LogUnavailable("this process is dead"))
            future.exception()
            return future
        rng, weather = self.store.rng, self.store.weather
        fate, after = rng.random(), rng.expovariate(1.0) * weather.lag_seconds
        if (fate := fate - weather.refused) < 0:
            loop.call_later(after, self._answer, future, LogUnavailable("refused"))
            return future
        if (fate := fate - weather.lost) < 0:
            loop.call_later(DEADLINE_SECONDS, self._answer, future, OutcomeUnknown("lost"))
            return future
        if (fate := fate - weather.delayed) < 0:
            after += rng.random() * weather.delay_seconds
        if (fate := fate - weather.doubled) < 0:
            loop.call_later(after + rng.random() * weather.delay_seconds, self.store.land, topic, key, value)
        loop.call_later(after, self._land, topic, key, value, future, rng.random() < weather.unanswered)
        loop.call_later(DEADLINE_SECONDS, self._answer, future, OutcomeUnknown("no answer in time"))
        return future

    def _land(
        self, topic: str, key: bytes, value: bytes, future: asyncio.Future[int], unanswered: bool
    ) -> None:
        if self.dead and self.store.rng.random() < 0.5:
            return  # it had not left the process
        offset = self.store.land(topic, key, value)
        if not unanswered:
            self._answer(future, offset)

    def _answer(self, future: asyncio.Future[int], answer: int | Exception) -> None:
        """Answers as soon as the process can hear it."""
        if future.done() or self.dead:
            return
        if self.stopped:
            asyncio.get_running_loop().call_later(0.05, self._answer, future, answer)
        elif isinstance(answer, int):
            future.set_result(answer)
        else:
            future.set_exception(answer)
            future.exception()  # whoever asked may be gone

    async def close(self) -> None:
        return

    async def create_topics(self, topics: Sequence[TopicSpec]) -> None:
        return

    async def partitions(self, topic: str) -> int:
        return 1

    async def start_offset(self, topic: str, partition: int) -> int:
        await self._asked()
        return 0

    async def end_offset(self, topic: str, partition: int) -> int:
        await self._asked()
        return len(self.store.records[topic])

    async def read_at(self, topic: str, partition: int, offset: int) -> Record:
        await self._asked()
        if offset >= len(self.store.records[topic]):
            raise PositionLost("not there")
        return self.store.records[topic][offset]

    async def read_along(
        self, topic: str, partition: int, offset: int, *, records_max: int = ALONG_MAX
    ) -> list[Record]:
        await self.read_at(topic, partition, offset)
        return self.store.records[topic][offset : offset + records_max]

    async def _asked(self) -> None:
        await self.pause()
        self.may_break()

    def may_break(self) -> None:
        """Raises LogUnavailable now and then."""
        if self.store.rng.random() < self.store.weather.broken_reads:
            raise LogUnavailable("away for a while")

    async def tail(self, topic: str, positions: Mapping[int, int]) -> View.Reader:
        await self._asked()
        return View.Reader(self, topic, positions[0])

    async def own(self, topic: str, group: str, listener: OwnershipListener) -> View.Member:
        await self._asked()
        self.member = View.Member(self, topic, listener, self._context)
        return self.member

    class Reader:
        """Implements `Tail`."""

        def __init__(self, view: View, topic: str, position: int) -> None:
            self._view, self._topic, self._position, self._rests = view, topic, position, False

        async def read(self, *, records_max: int = 500, wait_ms: int = 200) -> list[Record]:
            view, records = self._view, self._view.store.records[self._topic]
            if self._rests or self._position >= len(records):
                patient = self._topic == DECISIONS  # who parts looks at other things too
                await view.store.news(self._topic, IDLE_SECONDS if patient else wait_ms / 1000)
            await view.pause()
            view.may_break()
            if self._rests:
                return []
            found = records[self._position : self._position + part(view.store.rng, records_max)]
            self._position += len(found)
            return found

        def seek(self, partition: int, offset: int) -> None:
            self._position, self._rests = offset, False

        def rest(self, partition: int) -> None:
            self._rests = True

        async def close(self) -> None:
            return

    class Member:
        """Implements `Ownership`; who owns is decided by whoever calls `assign` and `revoke`."""

        def __init__(self, view: View, topic: str, listener: OwnershipListener, context: Context) -> None:
            self._view, self._topic, self._listener, self._context = view, topic, listener, context
            self._position: int | None = None
            self._paused = False

        def assign(self) -> None:
            if not self._view.dead:
                self.revoke()
                self._position, self._paused = 0, False
                self._position = self._context.run(self._listener.assigned, [0])[0]
                self._view.store.wake(ASSIGNMENTS)

        def revoke(self) -> None:
            if self._position is not None and not self._view.dead:
                self._position = None
                self._context.run(self._listener.revoked, [0])

        async def read(self, *, records_max: int = 500, wait_ms: int = 200) -> list[Record]:
            view = self._view
            records = view.store.records[self._topic]
            if self._position is None:
                await view.store.news(ASSIGNMENTS, IDLE_SECONDS)
            elif self._paused or self._position >= len(records):
                await view.store.news(self._topic, wait_ms / 1000)
            await view.pause()
            view.may_break()
            if self._position is None or self._paused:
                return []
            found = records[self._position : self._position + part(view.store.rng, records_max)]
            self._position += len(found)
            return found

        @property
        def membership(self) -> Membership:
            return Membership.JOINING if self._position is None else Membership.MEMBER

        @property
        def owned(self) -> frozenset[int]:
            return frozenset() if self._position is None else frozenset({0})

        def seek(self, partition: int, offset: int) -> None:
            if self._position is not None:
                self._position = offset

        def pause(self, partition: int) -> None:
            self._paused = self._position is not None

        def resume(self, partition: int) -> None:
            self._paused = False

        async def hint(self, partition: int, next_offset: int) -> None:
            await self._view.pause()
            self._view.store.committed = next_offset

        async def close(self) -> None:
            self.revoke()


def _ring(reader: asyncio.Future[None]) -> None:
    if not reader.done():
        reader.set_result(None)


def part(rng: random.Random, records_max: int) -> int:
    """How many records one answer holds: often few, so that a story is read in pieces."""
    return min(records_max, rng.choice((1, 2, 4, 500)))
