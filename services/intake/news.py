"""What pollers and streams read becomes durable: the same way as a delivery, and each thing once.

What is read needs no signature: we asked the provider itself, over TLS, with our own credentials.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from services.intake.canonical import Collector, Known, Problem, ProviderReply, Verdict
from services.intake.interpret import Interpreted, Interpreter
from services.intake.seen import Seen
from services.intake.taking import Taker
from services.intake.values import Unreadable
from services.runtime.clock import Clock

FETCHED = Verdict(True, "fetched")
NOBODY = ProviderReply(200)
"""Nobody waits for an answer."""

T = TypeVar("T")


@dataclass(frozen=True)
class News:
    """Publishes for one provider; its pollers and streams share it, so that one knows what the other brought."""

    source: str
    interpreter: Interpreter
    taker: Taker
    clock: Clock
    seen: Seen = field(default_factory=Seen)
    _one_by_one: asyncio.Lock = field(default_factory=asyncio.Lock)
    """A stream and its poller bring the same thing at the same time; the second must see the first remembered."""

    @property
    def known(self) -> Known:
        return self.interpreter.known

    async def publish(self, body: bytes, read: Callable[[Collector], T]) -> T | None:
        """What `read` gave, with everything it found durable; None when it could not read, which is a dead letter.

        Raises Away when the log does not take it.
        """
        began = time.perf_counter()
        given: list[T] = []

        def interpreted() -> Interpreted:
            found = Collector()
            try:
                given.append(read(found))
            except Unreadable as error:
                found.problems.append(Problem("unreadable", str(error), body))
            except Exception as error:  # a fault of ours: keep the evidence, go on
                detail = f"{self.source}'s reader failed with {type(error).__name__}"
                found.problems.append(Problem("reader_failed", detail, body))
            reading = found.reading(FETCHED, NOBODY)
            return self.interpreter.events(self.source, reading, body, self.clock.now_ms())

        async with self._one_by_one:
            news = self.seen.news(await self.taker.read(self.source, body, interpreted))
            if news.facts or news.problems:
                await self.taker.keep(news, body, began)
                self.seen.remember(news)
        return given[0] if given else None
