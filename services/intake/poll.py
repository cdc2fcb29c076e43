"""Asks providers for news, round after round: fetch a page, make it durable, go on; then the cursor moves.

The cursor stays where it is when anything of a round fails, so the next round reads the same again, and the facts'
ids make that harmless. A round never raises and never ends the process: a provider that is down is waited for.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

import structlog

from services.intake.backoff import Backoff, Random
from services.intake.canonical import Collector, Wanted
from services.intake.channels.polling import PAGES_MAX, START_DAYS_MAX, Page, Poller
from services.intake.fetch import Fetcher
from services.intake.fetch_faults import FetchFailed
from services.intake.measures import Measures
from services.intake.news import News
from services.intake.taking import Away
from services.runtime.clock import Clock
from services.runtime.observe import frames_of

FIRST_WAIT_MS_MAX = 5_000
"""Before the first round, drawn, so that processes that start together part."""
BACKOFF_FIRST_MS, BACKOFF_LONGEST_MS = 5_000, 900_000
CONTINUED_MAX = 20
"""Rounds that go on where the one before stopped; a list without end is given up then."""
START_MS_MAX = START_DAYS_MAX * 24 * 3_600_000
JITTER = 0.1
"""Part of the interval that is drawn."""

log = structlog.get_logger()


class Failed(Exception):
    """A round did not come to its end; `wait_ms` is what the provider asked for."""

    def __init__(self, outcome: str, reason: str, wait_ms: int = 0) -> None:
        super().__init__(reason)
        self.outcome, self.reason, self.wait_ms = outcome, reason, wait_ms


@dataclass
class PollLoop:
    """One poller at work."""

    poller: Poller
    news: News
    fetcher: Fetcher
    measures: Measures
    clock: Clock
    random: Random
    cursor: str = ""
    _reached: str = ""
    """The furthest cursor of the pages read in this round."""
    _more: Wanted | None = None
    """Where the next round goes on, when this one was too long."""
    _continued: int = 0
    _one_round: asyncio.Lock = field(default_factory=asyncio.Lock)

    @property
    def configured(self) -> bool:
        """Whether there is anything to ask."""
        return self._first() is not None

    async def run(self) -> None:
        """Rounds without end."""
        backoff = Backoff(self.random, BACKOFF_FIRST_MS, BACKOFF_LONGEST_MS)
        await self.clock.sleep_ms(self.random() * FIRST_WAIT_MS_MAX)
        while True:
            wait_ms = await self.settled(backoff)
            if wait_ms == 0:
                wait_ms = int(self.poller.seconds * 1000 * (1 - JITTER + 2 * JITTER * self.random()))
            await self.clock.sleep_ms(wait_ms)

    async def settled(self, backoff: Backoff) -> int:
        """One round; 0 when it came to its end, else the milliseconds to wait before the next."""
        name = self.poller.name
        try:
            async with self._one_round:
                await self._round()
        except Failed as failed:
            self.measures.polls.labels(name, failed.outcome).inc()
            wait_ms = backoff.failed(failed.wait_ms)
            log.warning("poll_failed", poller=name, reason=failed.reason, wait_ms=wait_ms)
            return wait_ms
        except Exception as error:  # a fault of ours in one provider must not end all of intake
            self.measures.polls.labels(name, "failed").inc()
            wait_ms = backoff.failed()
            log.error("poll_broke", poller=name, error=type(error).__name__, frames=frames_of(error))
            return wait_ms
        backoff.succeeded()
        self.measures.polls.labels(name, "done").inc()
        return 0

    async def _round(self) -> None:
        """At most PAGES_MAX pages; raises Failed, with the cursor where it was."""
        wanted, self._more = self._more or self._first(), None
        asked: set[Wanted] = set()
        while wanted is not None and wanted not in asked and len(asked) < PAGES_MAX:
            asked.add(wanted)
            page = await self._page(wanted)
            self._reached = further(self._reached, page.cursor)
            wanted = page.more
        if wanted is not None and wanted not in asked and self._continued < CONTINUED_MAX:
            self._more, self._continued = wanted, self._continued + 1
            return
        self.cursor, self._reached, self._continued = further(self.cursor, self._reached), "", 0

    async def _page(self, wanted: Wanted) -> Page:
        try:
            body = await self.fetcher.fetch(wanted)
        except FetchFailed as failed:
            raise Failed("failed", failed.reason, failed.retry_after_seconds * 1000) from None

        def read(found: Collector) -> Page:
            page = self.poller.read(body, wanted, self.news.known, self.cursor, found)
            if not self.cursor:
                found.leave_out_before(self.clock.now_ms() - START_MS_MAX)
            return page

        try:
            page = await self.news.publish(body, read)
        except Away:
            raise Failed("log_away", "log_away") from None
        if page is None:
            raise Failed("unreadable", "unreadable")
        return page

    def _first(self) -> Wanted | None:
        return self.poller.first(self.news.known, self.cursor)


def further(one: str, other: str) -> str:
    """The further of two cursors: as numbers when both are digits, else as text; "" is the start."""
    if one.isascii() and other.isascii() and one.isdecimal() and other.isdecimal():
        return max(one, other, key=lambda cursor: (len(cursor.lstrip("0")), cursor.lstrip("0")))
    return max(one, other)
