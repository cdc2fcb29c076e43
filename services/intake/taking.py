"""One delivery from its bytes to its durable facts, whatever brought it: read, publish, count, tell.

Long bodies are read in a thread, so that one large mail does not hold up the others' answers.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

import structlog

from services.contract.facts import ContactArrived
from services.intake.channels.adapter import COME_BACK
from services.intake.interpret import Interpreted
from services.intake.measures import Measures
from services.intake.publish import Publisher
from services.runtime.clock import Clock
from services.runtime.log import LogError

THREAD_BYTES_MIN = 128 * 1024
RETRY_SECONDS = 5
TOLD_MAX = 50
"""Facts of one delivery that its line in the log names."""

log = structlog.get_logger()


class Away(Exception):
    """The log did not take it; whoever sent it must send it again."""


@dataclass(frozen=True)
class Taker:
    """Takes deliveries."""

    publisher: Publisher
    measures: Measures
    clock: Clock
    keep_seconds_max: float = 20.0
    """Longest until all of a delivery is durable, facts and dead letters; each append has a deadline of its own."""

    async def take(self, source: str, data: bytes, read: Callable[[], Interpreted]) -> Interpreted:
        """What the delivery came to, durable on return; raises Away. `read` is pure."""
        began = time.perf_counter()
        found = await self.read(source, data, read)
        await self.keep(found, data, began)
        return found

    async def read(self, source: str, data: bytes, read: Callable[[], Interpreted]) -> Interpreted:
        """What it comes to, not published."""
        began = time.perf_counter()
        found = await asyncio.to_thread(read) if len(data) > THREAD_BYTES_MIN else read()
        self.measures.reading_seconds.labels(source).observe(time.perf_counter() - began)
        return found

    async def keep(self, found: Interpreted, data: bytes, began: float) -> None:
        """Makes it durable, counts and tells; raises Away. `began` is by `time.perf_counter`."""
        source = found.source
        try:
            storing = self.publisher.publish(
                source,
                found.facts,
                found.problems,
                now_ms=self.clock.now_ms(),
                data=data,
                request=found.request,
            )
            if found.problems or len(found.facts) != 1:
                async with asyncio.timeout(self.keep_seconds_max):
                    await storing
            else:  # one append, which has a deadline of its own
                await storing
        except (LogError, TimeoutError) as error:
            self.measures.deliveries.labels(source, "log_away").inc()
            log.warning(
                "delivery_postponed", provider=source, error=type(error).__name__, facts=len(found.facts)
            )
            raise Away from error
        genuine = found.reading.verdict.signature_valid
        self._count(source, found, genuine)
        log.info(
            "delivery",
            provider=source,
            genuine=genuine,
            reason=found.reading.verdict.reason or None,
            facts=[fact.fact_id for fact in found.facts[:TOLD_MAX]],
            contacts=[
                fact.body.contact_id
                for fact in found.facts[:TOLD_MAX]
                if isinstance(fact.body, ContactArrived)
            ],
            more_facts=max(0, len(found.facts) - TOLD_MAX) or None,
            desks=sorted({fact.desk_id for fact in found.facts})[:TOLD_MAX],
            dead_letters=dict(Counter(problem.reason for problem in found.problems))
            if found.problems
            else {},
            dropped=len(found.reading.dropped),
            ms=round((time.perf_counter() - began) * 1000, 2),
        )

    def _count(self, source: str, found: Interpreted, genuine: bool) -> None:
        verdict = "genuine" if genuine else "refused"
        if found.reading.reply.status == COME_BACK.status:
            verdict = "not_now"
        self.measures.deliveries.labels(source, verdict).inc()
        for kind in found.reading.dropped:
            self.measures.dropped.labels(source, kind).inc()
        self.measures.need_cut_short.inc(sum(need.cut_short for need in found.needs))
