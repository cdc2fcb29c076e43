"""A sign of life into every partition now and then, so that a quiet log can be told from a stuck one.

It travels like any fact: intake writes it, the router decides nothing about it, metrics folds it; each tells the
birth of the newest that it saw (operations.md 2.3). Several intake processes write the same one in the same slot of
time, and the router ignores all but the first. One beat a partition and interval bounds what the log grows by.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine

from prometheus_client import CollectorRegistry, Counter, Gauge

from services.contract.codec import encode_fact
from services.contract.facts import Fact, Heartbeat
from services.contract.ids import fact_id
from services.contract.topics import FACTS
from services.runtime.clock import Clock
from services.runtime.log import Appender, LogError

KEY = b"heartbeat"
"""Key of the record; its partition is given, for it belongs to no desk."""


class HeartMeasures:
    """What operators see of it."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.newest = Gauge(
            "frontdesk_intake_heartbeat_timestamp_seconds",
            "Birth of the newest heartbeat that is durable, in seconds since the epoch.",
            ("partition",),
            registry=registry,
        )
        self.failed = Counter(
            "frontdesk_intake_heartbeats_failed",
            "Heartbeats that could not be written.",
            registry=registry,
        )


class Heart:
    """Writes the heartbeats of all partitions; `run` never returns."""

    def __init__(
        self,
        appender: Appender,
        partitions: int,
        clock: Clock,
        measures: HeartMeasures,
        *,
        every_seconds: float,
        pause: Callable[[float], Coroutine[None, None, None]] = asyncio.sleep,
    ) -> None:
        self._appender, self._partitions, self._clock = appender, partitions, clock
        self._measures, self._every_seconds, self._pause = measures, every_seconds, pause

    async def run(self) -> None:
        """Beats once an interval, the first time after one."""
        while True:
            await self._pause(self._every_seconds)
            await self.beat()

    async def beat(self) -> None:
        """One beat in every partition; a log that is away costs the beat and nothing else."""
        born_ms = self._clock.now_ms()
        slot = int(born_ms // (self._every_seconds * 1000))
        await asyncio.gather(*(self._write(p, born_ms, slot) for p in range(self._partitions)))

    async def _write(self, partition: int, born_ms: int, slot: int) -> None:
        fact = Fact(
            fact_id=fact_id("heartbeat", str(partition), str(slot)),
            occurred_at_ms=born_ms,
            received_at_ms=born_ms,
            source="intake",
            body=Heartbeat(born_at_ms=born_ms),
        )
        try:
            await self._appender.append(FACTS, partition, KEY, encode_fact(fact))
        except LogError:
            self._measures.failed.inc()
        else:
            self._measures.newest.labels(str(partition)).set(born_ms / 1000)
