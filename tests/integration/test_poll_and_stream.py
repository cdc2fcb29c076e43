"""Pollers and streams at work, against a real TLS server that breaks as servers do. No test sleeps: time is moved."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

from prometheus_client import CollectorRegistry

from services.contract.facts import ContactArrived
from services.intake.build import Intake, build
from services.intake.canonical import CanonicalEvent, Collector, Customer, Known, Wanted
from services.intake.channels.fetching import FetchRule
from services.intake.channels.polling import Page, Poller, Stream
from services.intake.channels.provider import Provider
from services.intake.fetch import Fetcher
from services.intake.measures import Measures
from services.intake.settings import IntakeSettings
from services.intake.values import load_json
from services.runtime.clock import Clock, ManualClock
from services.runtime.log import LogUnavailable
from tests.integration.provider_server import URL, ProviderServer, Request, answered, provider, says
from tests.unit.intake.world import MemoryLog, needs, settings

RULES = {"news": FetchRule(hosts=re.compile(r"api\.provider\.example"), seconds_max=30)}


def said(number: int, at_ms: int = 0) -> CanonicalEvent:
    return CanonicalEvent(
        channel="social",
        medium="mastodon",
        account="55",
        provider_event_id=str(number),
        kind="message",
        customer=Customer(type="acct", value="jane@social.example"),
        subject=str(number),
        text="Where is my parcel?",
        occurred_at_ms=at_ms,
    )


def first(known: Known, cursor: str) -> Wanted | None:
    return Wanted(f"{URL}/list?since={cursor}", "news")


def read_page(body: bytes, wanted: Wanted, known: Known, cursor: str, found: Collector) -> Page:
    """{"ids": [...], "at": {"ID": epoch ms}, "next": "..."}"""
    page = load_json(body)
    at = page.get("at", {})
    found.events.extend(said(number, at.get(str(number), 0)) for number in page["ids"])
    more = Wanted(f"{URL}/list?{page['next']}", "news") if page.get("next") else None
    return Page(more, str(max(page["ids"], default="")))


def opens(known: Known) -> Wanted | None:
    return Wanted(f"{URL}/stream", "news")


def read_event(name: str, data: bytes, known: Known, found: Collector) -> None:
    if name == "notification":
        found.events.append(said(load_json(data)["id"]))
    else:
        found.dropped.append("other")


POLLER = Poller(source="meta", name="list", seconds=60, first=first, read=read_page)
STREAM = Stream(
    source="meta", name="stream", open=opens, read=read_event, missed=POLLER, silent_seconds_max=90
)
PLAIN = Provider(
    name="meta",
    title="News",
    media=("mastodon",),
    verified_by="TLS",
    event_id="id",
    page="none",
    pollers=(POLLER,),
)


class Listening:
    """An intake whose work runs, on a clock that the test moves."""

    def __init__(
        self, intake: Intake, log: MemoryLog, clock: ManualClock, registry: CollectorRegistry
    ) -> None:
        self.intake, self.log, self.clock, self.registry = intake, log, clock, registry

    @property
    def heard(self) -> list[str]:
        bodies = [fact.body for fact in self.log.facts]
        return [body.subject for body in bodies if isinstance(body, ContactArrived)]

    async def until(self, holds: Callable[[], object], *, step_ms: int = 500) -> None:
        """Moves the clock on until it holds."""
        async with asyncio.timeout(30):
            while not holds():
                self.clock.advance_ms(step_ms)
                await asyncio.sleep(0.001)

    def count(self, measure: str, **labels: str) -> float:
        return self.registry.get_sample_value(f"frontdesk_intake_{measure}", labels) or 0.0


@asynccontextmanager
async def listening(
    server: ProviderServer, provider: Provider = PLAIN, given: IntakeSettings | None = None
) -> AsyncIterator[Listening]:
    def fetcher(known: Known, clock: Clock, measures: Measures) -> Fetcher:
        return Fetcher(known, clock, measures, rules=RULES, resolver=server.resolver, tls=server.tls)

    log, registry, clock = MemoryLog(), CollectorRegistry(), ManualClock()
    intake = build(
        given or settings(),
        clock=clock,
        appender=log,
        partitions=3,
        registry=registry,
        needs=needs(),
        providers=[provider],
        make_fetcher=fetcher,
        random=lambda: 0.5,
    )
    work = [asyncio.create_task(run()) for _, run in intake.work]
    try:
        yield Listening(intake, log, clock, registry)
        assert not any(task.done() for task in work)
    finally:
        for task in work:
            task.cancel()
        await asyncio.gather(*work, return_exceptions=True)
        await intake.close()


def pages(*answers: dict[str, object]) -> Callable[[Request], AsyncIterator[bytes]]:
    """One answer after the other; the last one again and again."""
    left = list(answers)

    async def answer(request: Request) -> AsyncIterator[bytes]:
        yield answered(json.dumps(left.pop(0) if len(left) > 1 else left[0]).encode())

    return answer


def since(server: ProviderServer) -> list[str]:
    """Queries of the list, in order."""
    return [urlsplit(one.target).query for one in server.requests if one.target.startswith("/list")]


async def test_pages_become_facts_once_and_the_cursor_moves_after_the_round() -> None:
    answer = pages({"ids": [12, 11], "next": "page=2"}, {"ids": [10]}, {"ids": [12, 13]})
    async with provider(list=answer) as server, listening(server) as to:
        await to.until(lambda: to.count("polls_total", poller="list", outcome="done") >= 3)

        assert since(server)[:4] == ["since=", "page=2", "since=12", "since=13"]
        assert to.heard == ["12", "11", "10", "13"]


async def test_start_leaves_out_what_the_router_may_have_forgotten_and_later_rounds_do_not() -> None:
    days = {number: ManualClock().now_ms() - number * 24 * 3_600_000 for number in (1, 6, 9, 30)}
    answer = pages({"ids": [1, 6, 9, 30], "at": days}, {"ids": [9], "at": days})
    async with provider(list=answer) as server, listening(server) as to:
        await to.until(lambda: to.count("polls_total", poller="list", outcome="done") >= 1)
        assert to.heard == ["1", "6"]
        assert to.count("dropped_total", provider="meta", kind="old") == 2
        await to.until(lambda: to.heard == ["1", "6", "9"])  # found after an outage of the provider


async def test_provider_that_fails_is_asked_ever_less_and_the_cursor_stays() -> None:
    down = says(b"", "500 Oops")
    async with provider(list=down) as server, listening(server) as to:
        await to.until(lambda: to.count("polls_total", poller="list", outcome="failed") >= 4)
        asked_ms = to.clock.now_ms()
        server.routes["/list"] = pages({"ids": [1]})
        await to.until(lambda: to.heard == ["1"])
        assert to.clock.now_ms() - asked_ms > 25_000  # 5 s doubled three times, three quarters of it: 30 s
        assert set(since(server)) == {"since="}


async def test_provider_that_asks_to_wait_is_left_alone_for_so_long() -> None:
    async with (
        provider(list=says(b"", "429 Slow Down", Retry_After="600")) as server,
        listening(server) as to,
    ):
        await to.until(lambda: len(server.requests) == 1)
        asked_ms = to.clock.now_ms()
        server.routes["/list"] = pages({"ids": [1]})
        await to.until(lambda: to.heard == ["1"], step_ms=10_000)
        assert to.clock.now_ms() - asked_ms >= 600_000


async def test_page_that_fails_in_the_middle_brings_the_round_again_and_doubles_nothing() -> None:
    broken = False

    async def answer(request: Request) -> AsyncIterator[bytes]:
        nonlocal broken
        if "page=2" not in request.target:
            yield answered(b'{"ids": [2], "next": "page=2"}')
        elif broken:
            yield answered(b'{"ids": [1]}')
        else:
            broken = True
            yield b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n{"
            yield b""

    async with provider(list=answer) as server, listening(server) as to:
        await to.until(lambda: to.count("polls_total", poller="list", outcome="done") >= 1)
        assert since(server)[:4] == ["since=", "page=2", "since=", "page=2"]
        assert to.heard == ["2", "1"]


async def test_log_that_is_away_keeps_the_cursor() -> None:
    async with provider(list=pages({"ids": [1]})) as server, listening(server) as to:
        to.log.fault = LogUnavailable("away")
        await to.until(lambda: to.count("polls_total", poller="list", outcome="log_away") >= 2)
        to.log.fault = None
        await to.until(lambda: to.heard == ["1"])
        assert set(since(server)) == {"since="}


async def test_page_that_nobody_can_read_is_one_dead_letter_however_often_it_comes() -> None:
    async with provider(list=says(b"<html>maintenance</html>")) as server, listening(server) as to:
        await to.until(lambda: to.count("polls_total", poller="list", outcome="unreadable") >= 3)
        assert [letter.reason for letter in to.log.letters] == ["unreadable"]
        server.routes["/list"] = says(b"{}")
        await to.until(lambda: len(to.log.letters) == 2)
        assert to.log.letters[1].reason == "reader_failed"


async def test_long_list_goes_on_in_the_next_round_and_one_in_a_circle_ends() -> None:
    async def answer(request: Request) -> AsyncIterator[bytes]:
        number = int(parse_qs(urlsplit(request.target).query).get("page", ["0"])[0])
        more = {"next": f"page={number + 1}"} if number < 70 else {"next": "page=60"}
        yield answered(json.dumps({"ids": [100 - number], **more}).encode())

    async with provider(list=answer) as server, listening(server) as to:
        await to.until(lambda: to.count("polls_total", poller="list", outcome="done") >= 3)
        assert since(server)[50] == "page=50"
        assert since(server)[71] == "since=100"
        assert len(to.heard) == 71


async def test_provider_that_is_not_configured_or_polling_switched_off_asks_nothing() -> None:
    unset = replace(PLAIN, pollers=(replace(POLLER, first=lambda known, cursor: None),))
    async with provider() as server:
        async with listening(server, unset) as to:
            assert to.intake.work == []
        async with listening(server, given=settings(polling=False)) as to:
            assert to.intake.work == []


STREAMING = replace(PLAIN, pollers=(), streams=(STREAM,))
OPEN = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\nTransfer-Encoding: chunked\r\n\r\n"
)


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


def event(number: int, name: str = "notification") -> bytes:
    return b'event: %s\nid: %d\ndata: {"id": %d}\n\n' % (name.encode(), number, number)


async def test_stream_that_breaks_within_an_event_is_opened_again_and_nothing_is_lost_or_doubled() -> None:
    connections = 0

    async def stream(request: Request) -> AsyncIterator[bytes]:
        nonlocal connections
        connections += 1
        yield OPEN
        if connections == 1:
            yield chunk(b":hello\n\n" + event(1) + event(2)[:20])
            yield b""
        yield chunk(event(2) + event(9, "filters_changed") + event(3))
        await asyncio.Event().wait()

    missed = pages({"ids": []}, {"ids": [2]})
    async with provider(stream=stream, list=missed) as server, listening(server, STREAMING) as to:
        await to.until(lambda: "3" in to.heard)
        assert sorted(to.heard) == ["1", "2", "3"]
        opened = [one for one in server.requests if one.target == "/stream"]
        assert [one.headers.get("last-event-id") for one in opened] == [None, "1"]
        assert opened[0].headers["accept"] == "text/event-stream"
        assert to.count("stream_connections_total", stream="stream", outcome="opened") == 2
        assert to.count("stream_open", stream="stream") == 1


async def test_silent_stream_is_given_up_and_one_that_only_comments_is_not() -> None:
    speak = True

    async def stream(request: Request) -> AsyncIterator[bytes]:
        yield OPEN
        while speak:
            yield chunk(b":thump\n")
            await asyncio.sleep(0.001)
        await asyncio.Event().wait()

    async with provider(stream=stream, list=pages({"ids": []})) as server, listening(server, STREAMING) as to:
        began_ms = to.clock.now_ms()
        await to.until(lambda: to.clock.now_ms() - began_ms > 300_000)
        assert to.count("stream_connections_total", stream="stream", outcome="silent") == 0
        speak = False
        await to.until(lambda: to.count("stream_connections_total", stream="stream", outcome="silent") == 1)


async def test_what_was_missed_is_asked_for_until_it_is_had_while_events_come() -> None:
    async def stream(request: Request) -> AsyncIterator[bytes]:
        yield OPEN + chunk(event(5))
        await asyncio.Event().wait()

    async with (
        provider(stream=stream, list=says(b"", "500 Oops")) as server,
        listening(server, STREAMING) as to,
    ):
        await to.until(lambda: to.heard == ["5"] and len(since(server)) >= 2)
        server.routes["/list"] = pages({"ids": [4, 5]})
        await to.until(lambda: to.heard == ["5", "4"])
        assert to.count("stream_connections_total", stream="stream", outcome="opened") == 1


async def test_answer_that_is_no_stream_or_too_much_for_one_event_is_left() -> None:
    async def endless(request: Request) -> AsyncIterator[bytes]:
        yield OPEN
        while True:
            yield chunk(b"data: " + b"x" * 60_000 + b"\n")

    ended = "stream_connections_total"
    routes = {"stream": says(b"{}"), "list": pages({"ids": []})}
    async with provider(**routes) as server, listening(server, STREAMING) as to:
        await to.until(lambda: to.count(ended, stream="stream", outcome="not_a_stream"))
        server.routes["/stream"] = endless
        await to.until(lambda: to.count(ended, stream="stream", outcome="too_large"))


async def test_event_that_nobody_can_read_is_a_dead_letter_and_the_next_is_taken() -> None:
    async def stream(request: Request) -> AsyncIterator[bytes]:
        yield OPEN + chunk(b"event: notification\ndata: \xff\n\n" + event(1))
        await asyncio.Event().wait()

    async with provider(stream=stream, list=pages({"ids": []})) as server, listening(server, STREAMING) as to:
        await to.until(lambda: to.heard == ["1"])
        assert [letter.reason for letter in to.log.letters] == ["unreadable"]
