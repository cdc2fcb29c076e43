"""What no provider repeats is held until it is durable: a door that reads by itself waits for the log."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from random import random

from services.intake.backoff import Backoff, Random
from services.intake.canonical import Collector, ProviderReply, Verdict
from services.intake.interpret import Interpreter
from services.intake.taking import Away, Taker

Pause = Callable[[float], Awaitable[None]]
"""Waits for seconds; asyncio.sleep, or a test's own."""
PAUSE_FIRST_MS, PAUSE_LONGEST_MS = 1_000, 10_000
"""The log is the desk's own, and calls wait behind what is not stored yet: so not for long."""


@dataclass(frozen=True)
class Insisting:
    """Publishes what one source collects, in order."""

    source: str
    scheme: str
    interpreter: Interpreter
    taker: Taker
    pause: Pause
    random: Random = random

    async def publish(self, found: Collector, data: bytes = b"") -> None:
        """Returns once all of it is durable. What is only counted leaves no line in the log."""
        if not found.events and not found.problems:
            for kind in found.dropped:
                self.taker.measures.dropped.labels(self.source, kind).inc()
            return
        reading = found.reading(Verdict(True, self.scheme), ProviderReply(200))
        received_at_ms = self.taker.clock.now_ms()
        backoff = Backoff(self.random, PAUSE_FIRST_MS, PAUSE_LONGEST_MS)
        while True:
            try:
                await self.taker.take(
                    self.source,
                    data,
                    lambda: self.interpreter.events(self.source, reading, data, received_at_ms),
                )
                return
            except Away:
                await self.pause(backoff.failed() / 1000)
