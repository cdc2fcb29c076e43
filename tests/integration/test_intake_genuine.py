"""Providers' own modules through the whole of intake: replays, what is fetched to prove a delivery, and a stream."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest
from prometheus_client import CollectorRegistry

from services.intake.build import build
from services.intake.canonical import Delivery, Known
from services.intake.channels import mastodon
from services.intake.fetch import Fetcher
from services.intake.measures import Measures
from services.runtime.clock import Clock, ManualClock
from tests.integration.provider_server import HOST, ProviderServer, Request, answered, provider, says
from tests.unit.intake import test_mastodon as social
from tests.unit.intake import test_slack as slack
from tests.unit.intake import test_standard_webhooks as generic
from tests.unit.intake.mailed import (
    CERTIFICATE_URL,
    MAILGUN_KNOWN,
    SES_KNOWN,
    certificate,
    mailgun,
    received,
    sns,
)
from tests.unit.intake.world import KNOWN, NOON_MS, PUBLIC_URL, MemoryLog, messenger, needs, settings
from tests.unit.intake.world import said as meta_said

ALL = Known(
    values={
        **KNOWN.values,
        **slack.KNOWN.values,
        **generic.KNOWN.values,
        **MAILGUN_KNOWN.values,
        **SES_KNOWN.values,
    }
)
MINUTE_MS = 60_000


class Served:
    """A running intake at a time that the test moves."""

    def __init__(self, port: int, http: aiohttp.ClientSession, log: MemoryLog, clock: ManualClock) -> None:
        self.port, self.http, self.log, self.clock = port, http, log, clock

    async def status(self, delivery: Delivery) -> int:
        url = f"http://127.0.0.1:{self.port}" + delivery.url.removeprefix(PUBLIC_URL)
        sent = self.http.request(delivery.method, url, data=delivery.body, headers=delivery.headers)
        async with sent as answer:
            await answer.read()
            return answer.status

    @property
    def fact_ids(self) -> set[str]:
        return {fact.fact_id for fact in self.log.facts}


@asynccontextmanager
async def serving(server: ProviderServer | None = None) -> AsyncIterator[Served]:
    def fetcher(known: Known, clock: Clock, measures: Measures) -> Fetcher:
        if server is None:
            return Fetcher(known, clock, measures)
        return Fetcher(known, clock, measures, resolver=server.resolver, tls=server.tls)

    log, clock = MemoryLog(), ManualClock(NOON_MS)
    intake = build(
        settings(known=ALL),
        clock=clock,
        appender=log,
        partitions=3,
        registry=CollectorRegistry(),
        needs=needs(),
        make_fetcher=fetcher,
    )
    port = await intake.front_door.open("127.0.0.1", 0)
    async with aiohttp.ClientSession() as http:
        try:
            yield Served(port, http, log, clock)
        finally:
            await intake.front_door.close()
            await intake.close()


DELIVERIES: dict[str, Any] = {
    "slack": lambda: slack.signed(slack.callback(slack.said())),
    "standard webhooks": generic.delivery,
    "mailgun": mailgun,
    "meta": lambda: messenger(meta_said()),
}


@pytest.mark.parametrize("name", DELIVERIES)
async def test_delivery_that_comes_again_adds_no_fact(name: str) -> None:
    """A redelivery is answered; a token that counts once is refused. Neither makes another fact."""
    delivery = DELIVERIES[name]()
    async with serving() as intake:
        assert await intake.status(delivery) in (200, 202, 204)
        before = intake.fact_ids
        again = [await intake.status(delivery) for _ in range(2)]
        assert before and intake.fact_ids == before
        assert again == ([406, 406] if name == "mailgun" else again)
        assert all(status < 500 for status in again)


@pytest.mark.parametrize("name", ["slack", "standard webhooks", "mailgun"])
async def test_signature_of_an_hour_ago_no_longer_proves_anything(name: str) -> None:
    async with serving() as intake:
        intake.clock.advance_ms(60 * MINUTE_MS)
        assert await intake.status(DELIVERIES[name]()) in (401, 403, 406)
        assert intake.log.records == []


async def test_mail_by_ses_is_proven_by_the_certificate_that_is_fetched_once() -> None:
    envelopes = [sns(received(), MessageId=f"m-{number}", fetched=False) for number in range(3)]
    async with provider() as server:
        server.routes["/" + CERTIFICATE_URL.rpartition("/")[2]] = says(certificate())
        async with serving(server) as intake:
            assert [await intake.status(one) for one in envelopes] == [200] * 3
            assert len(server.requests) == 1
            assert len(intake.fact_ids) == 1  # one mail, told three times


async def test_envelope_whose_certificate_cannot_be_had_now_comes_again_and_a_forged_address_does_not() -> (
    None
):
    forged = sns(received(), SigningCertURL=f"{CERTIFICATE_URL}.evil.example/x.pem", fetched=False)
    async with provider() as server:
        server.routes["/" + CERTIFICATE_URL.rpartition("/")[2]] = says(b"", "500 Oops")
        async with serving(server) as intake:
            assert await intake.status(sns(received(), fetched=False)) == 503
            assert await intake.status(forged) == 403
            assert [one.headers["host"] for one in server.requests] == ["sns.eu-central-1.amazonaws.com"]
            assert intake.log.records == []


async def test_mastodon_is_listened_to_with_its_token_and_asked_for_what_was_missed() -> None:
    missed, heard = social.notification(number="99"), social.notification(number="100")

    async def stream(request: Request) -> AsyncIterator[bytes]:
        yield b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n:)\n"
        for one in (heard, heard):
            yield b"event: notification\ndata: " + json.dumps(one).encode() + b"\n\n"
        await asyncio.Event().wait()

    async def listed(request: Request) -> AsyncIterator[bytes]:
        yield answered(json.dumps([] if "min_id" in request.target else [heard, missed]).encode())

    known = Known(values={**social.KNOWN.values, mastodon.SERVER.name: (HOST,)})
    log, clock = MemoryLog(), ManualClock(NOON_MS)
    async with provider(api_v1_streaming_user_notification=stream, api_v1_notifications=listed) as server:
        intake = build(
            settings(known=known),
            clock=clock,
            appender=log,
            partitions=3,
            registry=CollectorRegistry(),
            needs=needs(),
            make_fetcher=lambda *given: Fetcher(*given, resolver=server.resolver, tls=server.tls),
        )
        assert sorted(name for name, _ in intake.work) == ["mastodon_notifications", "mastodon_stream"]
        work = [asyncio.create_task(run()) for _, run in intake.work]
        async with asyncio.timeout(30):
            while len(log.facts) < 2:
                clock.advance_ms(500)
                await asyncio.sleep(0.001)
        for task in work:
            task.cancel()
        await asyncio.gather(*work, return_exceptions=True)
        await intake.close()
    assert len(log.facts) == len({fact.fact_id for fact in log.facts}) == 2
    assert {one.headers.get("authorization") for one in server.requests} == {"Bearer tok"}
