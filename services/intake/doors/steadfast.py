"""A door that breaks by a fault of ours is opened anew after a while: one mailbox, file or topic must not end all of
intake, and a mail that nobody foresaw must not end each process that is started after it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from typing import Any

import structlog

from services.intake.backoff import Backoff, Random
from services.intake.measures import Measures
from services.runtime.observe import frames_of

FIRST_MS, LONGEST_MS = 5_000, 300_000

log = structlog.get_logger()


@dataclass(frozen=True)
class Steadfast:
    """Runs a door for ever. What the door itself waits out (a server, the log) never comes here."""

    name: str
    door: Callable[[], Coroutine[Any, Any, None]]
    measures: Measures
    random: Random
    pause: Callable[[float], Awaitable[None]]
    """Waits for seconds."""

    async def run(self) -> None:
        """Never returns; only being cancelled ends it."""
        backoff = Backoff(self.random, FIRST_MS, LONGEST_MS)
        while True:
            try:
                await self.door()
            except Exception as error:  # a fault of ours; the measure and the frames tell it
                self.measures.doors_broken.labels(self.name).inc()
                log.error("door_broke", door=self.name, error=type(error).__name__, frames=frames_of(error))
            await self.pause(backoff.failed() / 1000)
