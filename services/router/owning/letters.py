"""Dead letters of the router: facts that stand in the log and could not be used.

Written from the tail, for records of this owner that were accepted; a stop waits for them. What is waiting here when a process is
killed is not written by the next one: the fact stands in the facts and its rejection, with the reason, in the decisions.
"""

from __future__ import annotations

import asyncio
import contextlib

import structlog

from services.contract.decisions import FactRejected
from services.contract.topics import FACTS
from services.router.measures import LetterMeasures
from services.router.verdict import Verdict
from services.runtime.clock import Clock
from services.runtime.dead_letters import DeadLetters
from services.runtime.log import Log, LogError

LETTERS_WAITING_MAX = 10_000
LETTER_ATTEMPTS_MAX = 8
"""Tries of one dead letter, some fifteen seconds apart in all."""


log = structlog.get_logger()


class RejectionLetters:
    """Writes them one at a time; `run` goes on until cancelled."""

    def __init__(
        self, source: Log, dead_letters: DeadLetters, clock: Clock, measures: LetterMeasures
    ) -> None:
        self._source, self._dead_letters, self._clock, self._measures = source, dead_letters, clock, measures
        self._waiting: asyncio.Queue[tuple[int, int, FactRejected]] = asyncio.Queue(LETTERS_WAITING_MAX)

    def told(self, verdict: Verdict) -> None:
        """From the tail, like all that leaves the router: only what counted is told."""
        for event in verdict.record.events:
            if isinstance(event, FactRejected):
                if self._waiting.full():  # the fact stands in facts, its rejection in decisions
                    self._measures.dropped.inc()
                    log.warning("dead_letter_dropped", partition=verdict.partition, offset=verdict.offset)
                else:
                    self._waiting.put_nowait((verdict.partition, verdict.record.fact_offset, event))

    async def written(self, seconds_max: float) -> None:
        """Returns once none waits any more, or when the time is over; while `run` goes on."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds_max):
                await self._waiting.join()

    async def run(self) -> None:
        """One at a time, so that a storm of bad facts takes no memory; each a bounded number of times."""
        while True:
            partition, offset, event = await self._waiting.get()
            origin = f"{FACTS}/{partition}/{offset}"
            for attempt in range(LETTER_ATTEMPTS_MAX):
                try:
                    fact = await self._source.read_at(FACTS, partition, offset)
                    await self._dead_letters.put(
                        origin, event.reason, event.detail, fact.value, now_ms=self._clock.now_ms()
                    )
                    self._measures.written.labels(event.reason).inc()
                    break
                except LogError as error:
                    log.warning("dead_letter_repeated", origin=origin, error=type(error).__name__)
                    await asyncio.sleep(min(5.0, 0.2 * 2**attempt))
            else:
                self._measures.dropped.inc()
            self._waiting.task_done()
