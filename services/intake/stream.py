"""Listens to providers that stream (server-sent events), and reconnects for as long as it runs.

A stream has no memory: while events come, the poller of the same provider reads what was missed since the last
connection. A connection without a byte for `silent_seconds_max` is dead, however open it looks.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

import aiohttp
import structlog

from services.intake.backoff import Backoff, Random
from services.intake.canonical import Collector
from services.intake.channels.polling import Stream
from services.intake.fetch import Fetcher
from services.intake.fetch_faults import FetchFailed
from services.intake.measures import Measures
from services.intake.news import News
from services.intake.poll import BACKOFF_FIRST_MS, BACKOFF_LONGEST_MS, PollLoop
from services.intake.sse import EventParser, ServerEvent, TooLong
from services.intake.taking import Away
from services.runtime.clock import Clock
from services.runtime.observe import frames_of

RECONNECT_FIRST_MS, RECONNECT_LONGEST_MS = 1_000, 60_000
STEADY_MS = 30_000
"""A connection that lasted so long was good; the next failure is a first one."""
LOOKS_PER_SILENCE = 3
"""How often the watchdog looks within the longest silence."""
CHUNK_BYTES_MAX = 64 * 1024

log = structlog.get_logger()


class Ended(Exception):
    """A connection is over; `outcome` is a label of the measures."""

    def __init__(self, outcome: str, wait_ms: int = 0) -> None:
        super().__init__(outcome)
        self.outcome, self.wait_ms = outcome, wait_ms


@dataclass
class StreamLoop:
    """One stream at work; `missed` is the loop of the same provider's poller, which may also run by itself."""

    stream: Stream
    news: News
    missed: PollLoop
    fetcher: Fetcher
    measures: Measures
    clock: Clock
    random: Random
    _last_id: str = ""
    _heard_ms: int = 0

    @property
    def configured(self) -> bool:
        """Whether there is anything to listen to."""
        return self.stream.open(self.news.known) is not None

    async def run(self) -> None:
        """Connections without end."""
        backoff = Backoff(self.random, RECONNECT_FIRST_MS, RECONNECT_LONGEST_MS)
        name = self.stream.name
        while True:
            began_ms = self.clock.now_ms()
            try:
                await self._connection(backoff)
                ended = Ended("ended")
            except Ended as one:
                ended = one
            except Exception as error:  # a fault of ours in one provider must not end all of intake
                ended = Ended("failed")
                log.error("stream_broke", stream=name, error=type(error).__name__, frames=frames_of(error))
            self.measures.stream_open.labels(name).set(0)
            self.measures.stream_connections.labels(name, ended.outcome).inc()
            if self.clock.now_ms() - began_ms >= STEADY_MS:
                backoff.succeeded()
            wait_ms = backoff.failed(ended.wait_ms)
            log.warning("stream_ended", stream=name, outcome=ended.outcome, wait_ms=wait_ms)
            await self.clock.sleep_ms(wait_ms)

    async def _connection(self, backoff: Backoff) -> None:
        """One connection to its end; raises Ended."""
        wanted = self.stream.open(self.news.known)
        if wanted is None:
            raise Ended("failed", RECONNECT_LONGEST_MS)
        parser = EventParser(last_id=self._last_id)
        helpers: list[asyncio.Task[None]] = []
        try:
            async with self.fetcher.opened(wanted, self._headers()) as response:
                if response.status != 200 or response.content_type != "text/event-stream":
                    raise Ended("not_a_stream")
                self._opened()
                reading = asyncio.create_task(self._read(response.content, parser))
                helpers = [
                    reading,
                    asyncio.create_task(self._catch_up()),
                    asyncio.create_task(self._watch(reading.cancel)),
                ]
                await asyncio.wait([reading])
                if reading.cancelled():
                    raise Ended("silent")
                reading.result()
        except FetchFailed as failed:
            raise Ended("failed", failed.retry_after_seconds * 1000) from None
        finally:
            for task in helpers:
                task.cancel()
            await asyncio.gather(*helpers, return_exceptions=True)
            self._last_id = parser.last_id
            if parser.retry_ms is not None:
                backoff.first_ms = min(max(parser.retry_ms, RECONNECT_FIRST_MS), RECONNECT_LONGEST_MS)

    def _headers(self) -> dict[str, str]:
        headers = {"Accept": "text/event-stream", "Cache-Control": "no-store"}
        if self._last_id and self._last_id.isascii() and self._last_id.isprintable():
            headers["Last-Event-ID"] = self._last_id
        return headers

    def _opened(self) -> None:
        self._heard_ms = self.clock.now_ms()
        self.measures.stream_open.labels(self.stream.name).set(1)
        self.measures.stream_connections.labels(self.stream.name, "opened").inc()
        log.info("stream_opened", stream=self.stream.name)

    async def _read(self, content: aiohttp.StreamReader, parser: EventParser) -> None:
        """Events until the connection ends; raises Ended."""
        while chunk := await content.read(CHUNK_BYTES_MAX):
            self._heard_ms = self.clock.now_ms()
            try:
                events = parser.feed(chunk)
            except TooLong:
                raise Ended("too_large") from None
            for event in events:
                await self._take(event)

    async def _take(self, event: ServerEvent) -> None:
        def read(found: Collector) -> None:
            self.stream.read(event.name, event.data, self.news.known, found)

        try:
            await self.news.publish(event.data, read)
        except Away:  # the event is lost to the stream, and found by the poller after the next connection
            raise Ended("log_away") from None

    async def _catch_up(self) -> None:
        """What was missed, until one round came to its end."""
        backoff = Backoff(self.random, BACKOFF_FIRST_MS, BACKOFF_LONGEST_MS)
        while wait_ms := await self.missed.settled(backoff):
            await self.clock.sleep_ms(wait_ms)

    async def _watch(self, give_up: Callable[[], bool]) -> None:
        """Gives up on a connection that is silent for too long."""
        silent_ms = self.stream.silent_seconds_max * 1000
        while self.clock.now_ms() - self._heard_ms < silent_ms:
            await self.clock.sleep_ms(silent_ms / LOOKS_PER_SILENCE)
        give_up()
