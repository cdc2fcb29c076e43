"""How requests ended before what a replica remembers: read from the log, for a desktop that was away meanwhile.

A replica remembers the newest records that concern somebody, and none of before the snapshot that it began at. A desktop
that resumes from before that names what it holds as open; what of that is open no more has ended in between. After a
restart many desktops come at once: those that come while a partition's log is read are served by the next reading
together. A reading belongs to none of them, so whoever hangs up ends nobody else's.
"""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from dataclasses import dataclass, field

import structlog

from services.contract.decisions import Decision
from services.router.serving.sessions_requests import Notice, Open, request_named
from services.router.trail.recent import Trail
from services.router.trail.search import as_field
from services.runtime.log import LogError
from services.runtime.observe import frames_of

RECORDS_MAX = 50_000
"""Records read for a session, the newest before what is remembered."""
SECONDS_MAX = 3.0
"""Longest that a session waits for them before it tells what stands, and that a reading takes; what is decided meanwhile
waits in the session's feed."""
QUESTIONS_MAX = 4_000
"""Sessions that wait at a time; whoever comes beyond that is told what stands, and no ends."""
READINGS_MAX = 2
"""Partitions whose log is read at a time."""
NAMED_MAX = 10
"""With more ids than that it is cheaper to decode every record than to look which of them stands in it."""
YIELD_EVERY_ANSWERS = 100
"""The event loop gets a turn after so many sessions were looked after."""

log = structlog.get_logger()


@dataclass(eq=False)
class _Question:
    """Of one session; about the records from `begin` on, before `end`."""

    desk_id: str
    agent_id: str
    asked: Open
    begin: int
    end: int
    answer: asyncio.Future[list[Notice]]
    ends: list[Notice] = field(default_factory=list)

    @property
    def named(self) -> list[tuple[str, str]]:
        return [(self.desk_id, one) for ids in self.asked for one in ids]

    def settle(self, ends: list[Notice]) -> None:
        if not self.answer.done():
            self.answer.set_result(ends)


@dataclass(eq=False)
class _Round:
    """Questions that one reading answers, found by the desk and an id that they name."""

    questions: set[_Question] = field(default_factory=set)
    by_name: dict[tuple[str, str], set[_Question]] = field(default_factory=dict)

    def add(self, question: _Question) -> None:
        self.questions.add(question)
        for name in question.named:
            self.by_name.setdefault(name, set()).add(question)

    def remove(self, question: _Question) -> None:
        self.questions.discard(question)
        for name in question.named:
            if (asking := self.by_name.get(name)) is not None:
                asking.discard(question)
                if not asking:
                    del self.by_name[name]

    def naming(self) -> list[bytes]:
        """What stands in a record that ends one of the requests; b"" stands in each."""
        if len(self.by_name) > NAMED_MAX:
            return [b""]
        return [as_field(one) for _, one in self.by_name]


class PastEnds:
    """Reads a partition's log once at a time, as long as somebody waits for it."""

    def __init__(self, trail: Trail) -> None:
        self._trail = trail
        self._coming: dict[int, _Round] = {}
        """By partition, whom the next reading serves."""
        self._readers: dict[int, asyncio.Task[None]] = {}
        self._turns = asyncio.Semaphore(READINGS_MAX)
        self._waiting: set[_Question] = set()
        self._turned_away = 0
        """Sessions since the last reading that were one too many."""
        self._closed = False

    async def of(
        self, partition: int, desk_id: str, agent_id: str, asked: Open, *, after: int, until: int
    ) -> list[Notice]:
        """How an agent's requests ended with the records after an offset, up to another, oldest first; none when they could
        not be read within the bounds. What is left out the desktop ends without a result."""
        begin = max(after + 1, until + 1 - RECORDS_MAX)
        if self._closed or begin > until or not any(asked):
            return []
        if len(self._waiting) >= QUESTIONS_MAX:
            self._turned_away += 1
            return []
        answer: asyncio.Future[list[Notice]] = asyncio.get_running_loop().create_future()
        question = _Question(desk_id, agent_id, asked, begin, until + 1, answer)
        coming = self._coming.setdefault(partition, _Round())
        coming.add(question)
        self._waiting.add(question)
        if partition not in self._readers:
            self._readers[partition] = asyncio.create_task(self._read_on(partition), name="past-ends")
        try:
            async with asyncio.timeout(SECONDS_MAX):
                return await answer
        except TimeoutError:
            return []
        finally:
            coming.remove(question)
            self._waiting.discard(question)

    async def close(self) -> None:
        """Ends what is read; whoever waits for it is told no ends."""
        self._closed = True
        readers = list(self._readers.values())
        for reader in readers:
            reader.cancel()
        await asyncio.gather(*readers, return_exceptions=True)
        for question in self._waiting:
            question.settle([])

    async def _read_on(self, partition: int) -> None:
        try:
            while partition in self._coming:
                async with self._turns:
                    await self._serve(partition, self._coming.pop(partition))
        finally:
            self._readers.pop(partition, None)

    async def _serve(self, partition: int, asking: _Round) -> None:
        """One reading; its fault is told once, not by each of those who wait."""
        if not asking.questions:
            return
        asked = len(asking.questions)
        whole = False
        try:
            async with asyncio.timeout(SECONDS_MAX):
                await self._read(partition, asking)
            whole = True
        except TimeoutError:
            log.warning("past_ends_not_read", partition=partition, sessions=asked, reason="too_slow")
        except LogError as error:
            log.warning(
                "past_ends_not_read", partition=partition, sessions=asked, reason=type(error).__name__
            )
        except Exception as error:  # a fault in here must not end the desks' sessions
            log.error(
                "past_ends_not_read",
                partition=partition,
                sessions=asked,
                reason=type(error).__name__,
                frames=frames_of(error),
            )
        if self._turned_away:
            log.warning("past_ends_crowded", sessions=self._turned_away)
            self._turned_away = 0
        for number, question in enumerate(tuple(asking.questions), 1):
            question.settle(question.ends if whole else [])
            if number % YIELD_EVERY_ANSWERS == 0:
                await asyncio.sleep(0)

    async def _read(self, partition: int, asking: _Round) -> None:
        reading = self._trail.accepted(
            partition,
            after=min(one.begin for one in asking.questions) - 1,
            end=max(one.end for one in asking.questions),
            naming=asking.naming(),
        )
        async with aclosing(reading) as records:
            async for at, record in records:
                await self._look(at, record, asking)
                if not asking.questions:
                    return

    @staticmethod
    async def _look(at: int, record: Decision, asking: _Round) -> None:
        for event in record.events:
            concerned = asking.by_name.get((record.desk_id, request_named(event)), ())
            for number, one in enumerate(tuple(concerned), 1):
                if one.begin <= at < one.end and (end := one.asked.end(event, one.agent_id)) is not None:
                    one.ends.append(end)
                if number % YIELD_EVERY_ANSWERS == 0:
                    await asyncio.sleep(0)
