"""Deliveries that want something fetched first, over real HTTP in and real TLS out."""

from __future__ import annotations

import asyncio
import hmac
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from hashlib import sha256

import aiohttp
from prometheus_client import CollectorRegistry

from services.contract.facts import MentionSeen
from services.intake.build import Intake, build
from services.intake.canonical import (
    CanonicalEvent,
    Collector,
    Customer,
    Delivery,
    Known,
    ProviderReply,
    Verdict,
    Wanted,
)
from services.intake.channels.adapter import Adapter
from services.intake.channels.fetching import FetchRule
from services.intake.channels.provider import Provider
from services.intake.fetch import Fetcher
from services.intake.measures import Measures
from services.intake.values import NotNow
from services.runtime.clock import Clock, ManualClock
from tests.integration.provider_server import URL, ProviderServer, Request, answered, provider, says
from tests.unit.intake.world import MemoryLog, needs, settings

CERTIFICATE, REVIEW, CONFIRM = (f"{URL}/{name}" for name in ("key", "review", "confirm"))
RULES = {
    "keys": FetchRule(hosts=re.compile(r"api\.provider\.example"), cache_seconds=600),
    "reviews": FetchRule(hosts=re.compile(r"api\.provider\.example")),
}


def verify(delivery: Delivery, known: Known) -> Verdict:
    """Signed with a key that must be fetched."""
    key = delivery.fetched.get(CERTIFICATE)
    if key is None:
        raise NotNow("key")
    signed = hmac.new(key or b"none", delivery.body, sha256).hexdigest()
    return Verdict(bool(key) and hmac.compare_digest(signed, delivery.headers.get("x-signature", "")), "test")


def wants(delivery: Delivery, known: Known) -> tuple[Wanted, ...]:
    """The key for anybody; the review only for whoever is genuine."""
    if CERTIFICATE not in delivery.fetched:
        return (Wanted(CERTIFICATE, "keys"),)
    return (Wanted(REVIEW, "reviews"),) if verify(delivery, known).signature_valid else ()


def parse(delivery: Delivery, known: Known, found: Collector) -> None:
    if delivery.body == b"subscribe":
        found.follow.append(Wanted(CONFIRM, "reviews"))
        return
    review = delivery.fetched.get(REVIEW)
    if review is None:
        raise NotNow("review")
    if review == b"":
        found.dropped.append("review_gone")
        return
    found.events.append(
        CanonicalEvent(
            channel="social",
            medium="review",
            account="55",
            provider_event_id="r1",
            kind="review",
            customer=Customer(type="reviewer", value="9"),
            text=review.decode(),
        )
    )


def nothing_to_say(delivery: Delivery, known: Known) -> ProviderReply:
    return ProviderReply(200)


REVIEWS = Provider(
    name="reviewer",
    title="Reviewer",
    media=("review",),
    verified_by="HMAC",
    event_id="id",
    page="none",
    hooks={"/hooks/reviewer": Adapter("reviewer", verify, parse, nothing_to_say, wants=wants)},
)


class Served:
    """A running intake whose only provider is the test's."""

    def __init__(self, intake: Intake, url: str, http: aiohttp.ClientSession, log: MemoryLog) -> None:
        self.intake, self.url, self.http, self.log = intake, url, http, log

    async def post(self, body: bytes = b"new review", key: bytes = b"k") -> aiohttp.ClientResponse:
        headers = {"X-Signature": hmac.new(key, body, sha256).hexdigest()}
        async with self.http.post(self.url, data=body, headers=headers) as response:
            await response.read()
            return response


@asynccontextmanager
async def serving(server: ProviderServer, *, seconds_max: float = 2.5) -> AsyncIterator[Served]:
    def fetcher(known: Known, clock: Clock, measures: Measures) -> Fetcher:
        return Fetcher(known, clock, measures, rules=RULES, resolver=server.resolver, tls=server.tls)

    log, registry = MemoryLog(), CollectorRegistry()
    intake = build(
        settings(),
        clock=ManualClock(),
        appender=log,
        partitions=3,
        registry=registry,
        needs=needs(),
        providers=[REVIEWS],
        make_fetcher=fetcher,
    )
    intake.gatherer.seconds_max = seconds_max
    port = await intake.front_door.open("127.0.0.1", 0)
    async with aiohttp.ClientSession() as http:
        try:
            url = f"http://127.0.0.1:{port}/hooks/reviewer"
            yield Served(intake, url, http, log)
        finally:
            await intake.front_door.close()
            await intake.close()


async def test_key_and_then_review_are_fetched_before_the_answer() -> None:
    review = says("Loše iskustvo".encode())
    async with provider(key=says(b"k"), review=review) as server, serving(server) as intake:
        assert (await intake.post()).status == 200

        (fact,) = intake.log.facts
        assert isinstance(fact.body, MentionSeen)
        assert [request.target for request in server.requests] == ["/key", "/review"]


async def test_forged_delivery_fetches_the_key_once_and_nothing_else() -> None:
    async with provider(key=says(b"k"), review=says(b"x")) as server, serving(server) as intake:
        for _ in range(5):
            assert (await intake.post(key=b"forged")).status == 403
        assert [request.target for request in server.requests] == ["/key"]
        assert intake.log.records == []


async def test_what_cannot_be_fetched_now_makes_the_provider_come_back() -> None:
    broken = says(b"", "500 Oops")
    async with provider(key=broken, review=broken) as server, serving(server) as intake:
        answer = await intake.post()
        assert (answer.status, answer.headers["Retry-After"]) == (503, "5")
        server.routes["/key"] = says(b"k")
        assert (await intake.post()).status == 503
        assert intake.log.records == []

        server.routes["/review"] = says(b"Bad.")
        assert (await intake.post()).status == 200
        assert len(intake.log.facts) == 1


async def test_what_the_provider_no_longer_has_is_not_asked_for_for_ever() -> None:
    async with provider(key=says(b"k")) as server, serving(server) as intake:
        assert (await intake.post()).status == 200
        assert intake.log.records == []


async def test_provider_that_dawdles_delays_the_answer_for_a_bounded_time() -> None:
    async def silent(request: Request) -> AsyncIterator[bytes]:
        await asyncio.Event().wait()
        yield b""

    async with provider(key=says(b"k"), review=silent) as server, serving(server, seconds_max=0.2) as intake:
        assert (await intake.post()).status == 503


async def test_confirmation_follows_after_the_answer_and_only_for_the_genuine() -> None:
    asked, go_on = asyncio.Event(), asyncio.Event()

    async def confirm(request: Request) -> AsyncIterator[bytes]:
        asked.set()
        await go_on.wait()
        yield answered(b"confirmed")

    async with provider(key=says(b"k"), confirm=confirm, review=says(b"x")) as server:
        async with serving(server) as intake:
            assert (await intake.post(b"subscribe", key=b"forged")).status == 403
            assert (await intake.post(b"subscribe")).status == 200
            await asyncio.wait_for(asked.wait(), 30)
            assert intake.log.records == []
        assert [request.target for request in server.requests].count("/confirm") == 1


async def test_adapter_that_wants_for_ever_is_asked_three_times() -> None:
    asked = 0

    def greedy(delivery: Delivery, known: Known) -> tuple[Wanted, ...]:
        nonlocal asked
        asked += 1
        return tuple(Wanted(f"{URL}/{asked}-{number}", "reviews") for number in range(100))

    async with provider() as server, serving(server) as intake:
        adapter = replace(REVIEWS.hooks["/hooks/reviewer"], wants=greedy)
        delivery = Delivery("POST", "https://desk.example/", {}, b"", 0)
        completed = await intake.intake.gatherer.completed(adapter, delivery)
        assert asked == 3
        assert len(server.requests) == len(completed.fetched) == 60
