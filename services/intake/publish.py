"""Durable appends: facts to their desk's partition, what could not be read to the dead letters.

A provider is answered only after `publish` has returned (channels.md 1, rule 4). When the log is away it raises,
the provider is told to come back, and the facts' ids make the repetition harmless.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from services.contract.codec import encode_fact
from services.contract.facts import Fact
from services.contract.topics import FACTS, partition_of
from services.intake.canonical import Problem
from services.intake.measures import Measures
from services.runtime.dead_letters import DeadLetters, Request
from services.runtime.log import Appender, LogError, RecordTooLarge

FACTS_AT_ONCE = 1_000
"""Facts of one delivery on their way. A delivery with more than the log's buffer holds (10,000) would else find it
full each time that its provider repeats it, and never get in."""
LETTERS_AT_ONCE = 100
"""Dead letters of one delivery on their way; one after the other, a thousand would outlast the provider's patience."""


@dataclass(frozen=True)
class Publisher:
    """Appends what deliveries came to."""

    appender: Appender
    partitions: int
    letters: DeadLetters
    measures: Measures

    async def publish(
        self,
        source: str,
        facts: Sequence[Fact],
        problems: Sequence[Problem],
        *,
        now_ms: int,
        data: bytes = b"",
        request: Request | None = None,
    ) -> list[int]:
        """Offsets of the facts, once all of it is durable; raises LogError when something is not.

        A fact that the log will never take goes to the dead letters, with `data` as its evidence. Letters that hold all
        of `data` hold `request` too.
        """
        offsets: list[int] = []
        left = list(problems)
        for begin in range(0, len(facts), FACTS_AT_ONCE):
            some, never = await self._facts(facts[begin : begin + FACTS_AT_ONCE], data)
            offsets += some
            left += never
        for begin in range(0, len(left), LETTERS_AT_ONCE):
            letters = (
                self.letter(source, one, now_ms=now_ms, request=request if one.data is data else None)
                for one in left[begin : begin + LETTERS_AT_ONCE]
            )
            for told in await asyncio.gather(*letters, return_exceptions=True):
                if told is not None:
                    raise told
        return offsets

    async def _facts(self, facts: Sequence[Fact], data: bytes) -> tuple[list[int], list[Problem]]:
        """Offsets of the facts, and what the log will never take of them; raises LogError."""
        waiting: list[asyncio.Future[int]] = []
        sent: list[Fact] = []
        never: list[Problem] = []
        try:
            for fact in facts:
                problem = self._send(fact, waiting, data)
                if problem is None:
                    sent.append(fact)
                else:
                    never.append(problem)
        finally:
            # Also when the buffer is full midway: what has been sent is awaited, so that nothing is left unread.
            results = await _outcomes(waiting)
        for result in results:
            if isinstance(result, BaseException):
                raise result
        for fact in sent:
            self.measures.facts.labels(type(fact.body).__name__).inc()
        return [result for result in results if isinstance(result, int)], never

    async def letter(
        self, source: str, problem: Problem, *, now_ms: int, request: Request | None = None
    ) -> None:
        """One dead letter, durable on return."""
        await self.letters.put(
            source, problem.reason, problem.detail, problem.data, now_ms=now_ms, request=request
        )
        self.measures.dead_letters.labels(source, problem.reason).inc()

    def append(self, fact: Fact) -> asyncio.Future[int]:
        """Sends one fact; raises as `Appender.append` does, and ValueError for what cannot be encoded."""
        return self.append_encoded(fact.desk_id, encode_fact(fact))

    def append_encoded(self, desk_id: str, data: bytes) -> asyncio.Future[int]:
        """Sends one encoded fact of a desk; raises as `Appender.append` does."""
        return self.appender.append(FACTS, partition_of(desk_id, self.partitions), desk_id.encode(), data)

    def _send(self, fact: Fact, waiting: list[asyncio.Future[int]], data: bytes) -> Problem | None:
        try:
            waiting.append(self.append(fact))
        except RecordTooLarge:
            return Problem("fact_too_large", "the fact exceeds the log's bound", data)
        except (ValueError, TypeError) as error:
            return Problem("unencodable", f"the fact cannot be encoded ({type(error).__name__})", data)
        return None


async def _outcomes(waiting: Sequence[asyncio.Future[int]]) -> Sequence[int | BaseException]:
    """What each append came to; most deliveries hold one fact, which needs no gathering."""
    if len(waiting) != 1:
        return await asyncio.gather(*waiting, return_exceptions=True)
    try:
        return (await waiting[0],)
    except LogError as error:
        return (error,)
