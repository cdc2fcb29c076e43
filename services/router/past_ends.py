"""How requests ended before what a replica remembers: read from the log, for a desktop that was away meanwhile.

A replica remembers the newest records that concern somebody, and none of before the snapshot that it began at. A desktop
that resumes from before that names what it holds as open; what of that is open no more has ended in between. Whoever
waits while the log is read is served by one reading together, for after a restart many desktops come at once.
"""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from dataclasses import dataclass

import structlog

from services.router.sessions_requests import Notice, Open
from services.router.trail import Trail
from services.runtime.log import LogError

RECORDS_MAX = 50_000
"""Records read for a session, the newest before what is remembered."""
SECONDS_MAX = 3.0
"""Longest that a session waits for them before it tells what stands; what is decided meanwhile waits in its feed."""
NAMED_MAX = 10
"""With more ids than that it is cheaper to decode every record than to look which of them stands in it."""

log = structlog.get_logger()


@dataclass(eq=False)
class _Question:
    """Of one session."""

    partition: int
    desk_id: str
    agent_id: str
    asked: Open
    begin: int
    end: int
    ends: list[Notice] | None = None
    """The answer, once there is one."""


class PastEnds:
    """Reads the log once at a time."""

    def __init__(self, trail: Trail) -> None:
        self._trail = trail
        self._turn = asyncio.Lock()
        self._waiting: list[_Question] = []

    async def of(
        self, partition: int, desk_id: str, agent_id: str, asked: Open, *, after: int, until: int
    ) -> list[Notice]:
        """How an agent's requests ended with the records after an offset, up to another, oldest first; none when they could
        not be read within the bounds. What is left out the desktop ends without a result."""
        begin = max(after + 1, until + 1 - RECORDS_MAX)
        if begin > until or not (asked.help_ids or asked.handover_ids):
            return []
        question = _Question(partition, desk_id, agent_id, asked, begin, until + 1)
        self._waiting.append(question)
        try:
            async with asyncio.timeout(SECONDS_MAX), self._turn:
                if question.ends is None:
                    await self._answer([one for one in self._waiting if one.partition == partition])
        except (TimeoutError, LogError) as error:
            log.warning("past_ends_not_read", partition=partition, error=type(error).__name__)
        finally:
            self._waiting.remove(question)
        return question.ends or []

    async def _answer(self, questions: list[_Question]) -> None:
        """Reads for all of them; who is interrupted leaves them to the next."""
        ids = {one for ask in questions for one in (*ask.asked.help_ids, *ask.asked.handover_ids)}
        found: list[list[Notice]] = [[] for _ in questions]
        reading = self._trail.accepted(
            questions[0].partition,
            after=min(one.begin for one in questions) - 1,
            end=max(one.end for one in questions),
            naming=[one.encode() for one in ids] if len(ids) <= NAMED_MAX else (b"",),
        )
        async with aclosing(reading) as records:
            async for at, record in records:
                for one, ends in zip(questions, found, strict=True):
                    if record.events and record.desk_id == one.desk_id and one.begin <= at < one.end:
                        ends += one.asked.ended(record, one.agent_id)
        for one, ends in zip(questions, found, strict=True):
            one.ends = ends
