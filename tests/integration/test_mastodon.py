"""Mastodon as it is declared, at work against a real TLS server: a stream that breaks, and the list after it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

from prometheus_client import CollectorRegistry

from services.contract.facts import MentionSeen
from services.intake.build import build
from services.intake.canonical import Known
from services.intake.channels import mastodon
from services.intake.fetch import Fetcher
from services.intake.measures import Measures
from services.runtime.clock import Clock, ManualClock
from tests.integration.provider_server import HOST, ProviderServer, Request, answered, provider
from tests.unit.intake.test_mastodon import notification
from tests.unit.intake.world import MemoryLog, needs, settings

KNOWN = Known(values={mastodon.ACCOUNT.name: (f"care@{HOST}",), mastodon.TOKEN.name: ("tok",)})
STREAM, LIST = "/api/v1/streaming/user/notification", "/api/v1/notifications"
OPEN = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
SECONDS_MAX = 60


class Server:
    """A Mastodon with notifications 1, 2 ...; its first stream breaks after `breaks_after`, the next stays."""

    def __init__(self, breaks_after: int) -> None:
        self.there: list[int] = []
        self.breaks_after, self.connections = breaks_after, 0
        self.more = asyncio.Event()

    def says(self, number: int) -> None:
        self.there.append(number)
        self.more.set()

    async def stream(self, request: Request) -> AsyncIterator[bytes]:
        assert request.headers["authorization"] == "Bearer tok"
        self.connections += 1
        first = self.connections == 1
        told = 0 if first else len(self.there)
        yield OPEN
        while True:
            for number in self.there[told:]:
                yield self.event(number)
            told = len(self.there)
            if first and told >= self.breaks_after:
                yield b""
            self.more.clear()
            await self.more.wait()

    def event(self, number: int) -> bytes:
        data = f"event: notification\ndata: {json.dumps(self.body(number))}\n\n".encode()
        return f"{len(data):x}\r\n".encode() + data + b"\r\n"

    async def list(self, request: Request) -> AsyncIterator[bytes]:
        """Newest first; from min_id the next ones after it, as Mastodon pages."""
        assert request.headers["authorization"] == "Bearer tok"
        query = parse_qs(urlsplit(request.target).query)
        size = int(query["limit"][0])
        after = int(query.get("min_id", ["0"])[0])
        later = [number for number in self.there if number > after]
        page = later[:size] if after else later[-size:]
        yield answered(json.dumps([self.body(number) for number in reversed(page)]).encode())

    def body(self, number: int) -> dict[str, Any]:
        return notification(number=str(number), id=f"s{number}", content=f"<p>{number}</p>")


async def test_what_a_break_missed_is_found_and_everything_counts_once() -> None:
    mastodon_server = Server(breaks_after=2)
    async with provider() as server:
        server.routes |= {STREAM: mastodon_server.stream, LIST: mastodon_server.list}
        log, clock = MemoryLog(), ManualClock()
        tasks, close = running(server, log, clock)
        try:
            mastodon_server.says(1)
            mastodon_server.says(2)
            await until(lambda: len(log.facts) == 2 and asked(server), clock)
            for number in range(3, 203):  # while nobody listens: more than a page
                mastodon_server.there.append(number)
            await until(lambda: len(log.facts) == 202, clock)
            mastodon_server.says(203)
            await until(lambda: len(log.facts) == 203, clock)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await close

    assert heard(log) == [str(number) for number in range(1, 204)]
    assert mastodon_server.connections >= 2


def running(
    server: ProviderServer, log: MemoryLog, clock: ManualClock
) -> tuple[list[asyncio.Task[None]], Any]:
    """Intake's work for Mastodon alone, and what closes it."""

    def fetcher(known: Known, clock: Clock, measures: Measures) -> Fetcher:
        return Fetcher(known, clock, measures, resolver=server.resolver, tls=server.tls)

    intake = build(
        settings(known=KNOWN),
        clock=clock,
        appender=log,
        partitions=3,
        registry=CollectorRegistry(),
        needs=needs(),
        providers=[mastodon.PROVIDER],
        make_fetcher=fetcher,
        random=lambda: 0.5,
    )
    work = [(name, run) for name, run in intake.work if name.startswith("mastodon")]
    assert {name for name, _ in work} == {"mastodon_notifications", "mastodon_stream"}
    return [asyncio.create_task(run(), name=name) for name, run in work], intake.close()


def heard(log: MemoryLog) -> list[str]:
    contacts = [fact.body.contact for fact in log.facts if isinstance(fact.body, MentionSeen)]
    return sorted((contact.text for contact in contacts if contact), key=int)


def asked(server: ProviderServer) -> bool:
    """Whether the list was asked for: from now on the cursor stands somewhere."""
    return any(one.target.startswith(LIST) for one in server.requests)


async def until(holds: Callable[[], bool], clock: ManualClock) -> None:
    """Moves the clock on until it holds."""
    async with asyncio.timeout(SECONDS_MAX):
        while not holds():
            clock.advance_ms(500)
            await asyncio.sleep(0.001)
