"""Intake over real HTTP on loopback, with the embedded log: bad deliveries, and the service goes on."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import aiohttp
import pytest
from prometheus_client import CollectorRegistry

from services.contract.codec import decode_fact
from services.contract.facts import ContactArrived, Fact
from services.contract.topics import DEAD_LETTERS, FACTS
from services.intake.build import build
from services.intake.canonical import Delivery
from services.intake.settings import IntakeSettings
from services.intake.unverified import UNVERIFIED_LETTERS_PER_MINUTE
from services.runtime.clock import ManualClock
from services.runtime.dead_letters import DeadLetter, read_letter
from services.runtime.log import Appender, LogUnavailable, OutcomeUnknown, TopicSpec
from services.runtime.sqlite_log import SqliteLog
from tests.unit.intake.mailed import MAILGUN_KNOWN, mailgun
from tests.unit.intake.world import (
    NOON_MS,
    PUBLIC_URL,
    MemoryLog,
    messenger,
    meta,
    needs,
    postmark,
    said,
    settings,
    sms,
    twilio,
)

PARTITIONS = 3
MIB = 1024 * 1024


class Served:
    """A running intake and how to reach it."""

    def __init__(self, port: int, http: aiohttp.ClientSession, registry: CollectorRegistry) -> None:
        self.port, self.http, self.registry = port, http, registry

    async def post(self, delivery: Delivery) -> aiohttp.ClientResponse:
        url = f"http://127.0.0.1:{self.port}" + delivery.url.removeprefix(PUBLIC_URL)
        response = await self.http.request(delivery.method, url, data=delivery.body, headers=delivery.headers)
        await response.read()
        return response

    def count(self, provider: str, verdict: str) -> float:
        labels = {"provider": provider, "verdict": verdict}
        return self.registry.get_sample_value("frontdesk_intake_deliveries_total", labels) or 0.0


@asynccontextmanager
async def serving(
    appender: Appender, given: IntakeSettings | None = None, *, clock: ManualClock | None = None
) -> AsyncIterator[Served]:
    registry = CollectorRegistry()
    intake = build(
        given or settings(),
        clock=clock or ManualClock(),
        appender=appender,
        partitions=PARTITIONS,
        registry=registry,
        needs=needs(),
    )
    port = await intake.front_door.open("127.0.0.1", 0)
    async with aiohttp.ClientSession() as http:
        try:
            yield Served(port, http, registry)
        finally:
            await intake.front_door.close()


@pytest.fixture
async def log(tmp_path: Path) -> AsyncIterator[SqliteLog]:
    opened = await SqliteLog.open(tmp_path / "log.db")
    await opened.create_topics([TopicSpec(FACTS, PARTITIONS), TopicSpec(DEAD_LETTERS, PARTITIONS)])
    yield opened
    await opened.close()


async def values(log: SqliteLog, topic: str) -> list[bytes]:
    found = []
    for partition in range(PARTITIONS):
        for offset in range(await log.end_offset(topic, partition)):
            found.append((await log.read_at(topic, partition, offset)).value)
    return found


async def facts(log: SqliteLog) -> list[Fact]:
    return [decode_fact(value) for value in await values(log, FACTS)]


async def letters(log: SqliteLog) -> list[DeadLetter]:
    return [read_letter(value) for value in await values(log, DEAD_LETTERS)]


async def test_answer_comes_after_the_fact_is_in_the_log(log: SqliteLog) -> None:
    async with serving(log) as intake:
        answer = await intake.post(sms())

        assert (answer.status, answer.content_type) == (200, "text/xml")
        (fact,) = await facts(log)
        assert isinstance(fact.body, ContactArrived)
        assert (fact.desk_id, fact.source, fact.body.medium) == ("acme", "twilio", "sms")


async def test_slash_behind_the_path_is_the_same_door_and_part_of_what_is_signed(log: SqliteLog) -> None:
    fields = {
        "MessageSid": "SM1",
        "From": "+381641112223",
        "To": "+381112345678",
        "Body": "Gde je moj paket?",
    }
    signed_with = twilio("/hooks/twilio/sms/", fields)
    signed_without = replace(sms(), url=signed_with.url)
    async with serving(log) as intake:
        assert (await intake.post(signed_without)).status == 403
        assert (await intake.post(signed_with)).status == 200
        assert (await intake.post(replace(messenger(said()), url=PUBLIC_URL + "/hooks/meta/"))).status == 200
        assert (await intake.post(replace(messenger(said()), url=PUBLIC_URL + "/hooks/meta//"))).status == 404

        assert len(await facts(log)) == 2


async def test_bad_deliveries_are_answered_and_the_next_good_one_is_taken(log: SqliteLog) -> None:
    unsigned = replace(sms(), headers={"content-type": "application/x-www-form-urlencoded"})
    async with serving(log) as intake:
        assert (await intake.post(unsigned)).status == 403
        assert (await intake.post(replace(postmark(), headers={}))).status == 403
        assert await facts(log) == []
        assert await letters(log) == []

        assert (await intake.post(meta(b"\xff not json"))).status == 200
        assert (await intake.post(messenger({"hologram": 1}, said()))).status == 200
        assert [letter.reason for letter in await letters(log)] == ["unreadable", "unknown_event"]

        assert len(await facts(log)) == 1
        assert intake.count("meta", "genuine") == 2
        assert intake.count("twilio", "refused") == 1


@pytest.mark.parametrize("chunked", [False, True])
async def test_twenty_megabytes_are_refused_plainly(log: SqliteLog, chunked: bool) -> None:
    async def parts() -> AsyncIterator[bytes]:
        for _ in range(20):
            yield b"x" * MIB

    async with serving(log) as intake:
        url = f"http://127.0.0.1:{intake.port}/hooks/meta"
        with contextlib.suppress(aiohttp.ClientOSError):  # it may hang up while we still send
            async with intake.http.post(url, data=parts() if chunked else b"x" * 20 * MIB) as answer:
                assert answer.status == 413
                assert "longer than" in await answer.text()

        (letter,) = await letters(log)
        assert (letter.reason, letter.size_bytes, letter.data) == ("too_large", 0, "")
        assert (await intake.post(messenger(said()))).status == 200


@pytest.mark.parametrize("texts", [1, 40])
async def test_bodies_that_are_held_at_once_have_a_bound_together_and_room_comes_back(texts: int) -> None:
    """Both for a body that comes whole with its head, and for one that comes in pieces."""
    log = MemoryLog()
    long = messenger(*(said("x" * 3_000, f"m{number}") for number in range(texts)))
    async with serving(log, settings(bytes_in_flight_max=2_000)) as intake:
        for _ in range(3):
            answer = await intake.post(long)
            assert (answer.status, answer.headers["Retry-After"]) == (503, "5")
        assert (await intake.post(sms())).status == 200
    assert len(log.facts) == 1


async def test_flood_of_unsigned_long_bodies_writes_few_dead_letters() -> None:
    log = MemoryLog()
    many = UNVERIFIED_LETTERS_PER_MINUTE + 5
    async with serving(log, settings(body_bytes_max=1_000)) as intake:
        for _ in range(many):
            assert (await intake.post(meta(b"x" * 1_001, secret="nobody's"))).status == 413
        assert (await intake.post(replace(sms(), body=b"x" * 1_001))).status == 413

        assert [letter.source for letter in log.letters] == (
            ["meta"] * UNVERIFIED_LETTERS_PER_MINUTE + ["twilio"]
        )
        assert intake.count("meta", "too_large") == many


async def test_fault_of_ours_is_counted_and_no_word_of_it_told() -> None:
    async with serving(MemoryLog(ZeroDivisionError("+381641112223 by zero"))) as intake:
        answer = await intake.post(sms())

        assert (answer.status, await answer.text()) == (500, "internal error\n")
        assert intake.count("twilio", "failed") == 1


async def test_truncated_body_is_counted_and_the_service_goes_on(log: SqliteLog) -> None:
    async with serving(log) as intake:
        _, writer = await asyncio.open_connection("127.0.0.1", intake.port)
        writer.write(b"POST /hooks/meta HTTP/1.1\r\nHost: x\r\nContent-Length: 500\r\n\r\n{half")
        await writer.drain()
        writer.close()
        await writer.wait_closed()

        await until(lambda: intake.count("meta", "truncated") == 1)
        assert (await intake.post(messenger(said()))).status == 200
        assert len(await facts(log)) == 1


async def test_body_that_dawdles_is_cut_off(log: SqliteLog) -> None:
    async with serving(log, settings(body_seconds_max=0.1)) as intake:
        reader, writer = await asyncio.open_connection("127.0.0.1", intake.port)
        writer.write(b"POST /hooks/meta HTTP/1.1\r\nHost: x\r\nContent-Length: 500\r\n\r\n{")

        assert b" 408 " in await asyncio.wait_for(reader.readline(), 30)
        assert intake.count("meta", "too_slow") == 1
        writer.close()


@pytest.mark.parametrize("fault", [LogUnavailable("away"), OutcomeUnknown("who knows")])
async def test_log_that_is_away_makes_the_provider_come_back(fault: Exception) -> None:
    log = MemoryLog(fault)
    async with serving(log) as intake:
        answer = await intake.post(sms())
        assert (answer.status, answer.headers["Retry-After"]) == (503, "5")

        log.fault = None
        assert (await intake.post(sms())).status == 200
        assert (await intake.post(sms())).status == 200
        assert len({fact.fact_id for fact in log.facts}) == 1


async def test_too_many_at_once_are_told_to_come_back() -> None:
    async with serving(MemoryLog(), settings(deliveries_in_flight_max=0)) as intake:
        assert (await intake.post(sms())).status == 503
        assert intake.count("twilio", "busy") == 1


async def test_unknown_path_and_method() -> None:
    async with serving(MemoryLog()) as intake:
        base = f"http://127.0.0.1:{intake.port}"
        assert (await intake.http.get(f"{base}/hooks/moon")).status == 404
        refused = await intake.http.delete(f"{base}/hooks/meta")
        assert (refused.status, refused.headers["Allow"]) == (405, "GET,POST")
        assert (await intake.http.get(f"{base}/healthz")).status == 200
        assert (await intake.http.post(f"{base}/healthz")).status == 405


async def test_whoever_asks_before_sending_the_body_is_told_to_go_on() -> None:
    log = MemoryLog()
    async with serving(log) as intake:
        delivery = sms()
        url = f"http://127.0.0.1:{intake.port}" + delivery.url.removeprefix(PUBLIC_URL)
        asked = await intake.http.post(url, data=delivery.body, headers=delivery.headers, expect100=True)
        assert asked.status == 200
        assert len(log.facts) == 1
        other = {**delivery.headers, "Expect": "an echo"}
        assert (await intake.http.post(url, data=delivery.body, headers=other)).status == 417


async def test_handshake_over_http() -> None:
    async with serving(MemoryLog()) as intake:
        query = "hub.mode=subscribe&hub.verify_token=verify-me&hub.challenge=1158"
        answer = await intake.http.get(f"http://127.0.0.1:{intake.port}/hooks/meta?{query}")

        assert (answer.status, await answer.text()) == (200, "1158")


async def test_no_word_of_a_delivery_is_logged_or_counted(capsys: pytest.CaptureFixture[str]) -> None:
    log = MemoryLog()
    async with serving(log) as intake:
        await intake.post(sms(Body="a very secret sentence"))
        await intake.post(postmark())
        await intake.post(meta(b'{"object": "secret sentence"}'))
        from prometheus_client import generate_latest

        told = capsys.readouterr()
        everything = told.out + told.err + generate_latest(intake.registry).decode()

    assert log.facts
    assert not any(word in everything for word in ("secret sentence", "+381641112223", "641112223", "jane@"))


async def until(holds: object, *, seconds_max: float = 30.0) -> None:
    """Polls a condition within a deadline."""
    assert callable(holds)
    async with asyncio.timeout(seconds_max):
        while not holds():
            await asyncio.sleep(0.005)


async def test_token_that_was_taken_opens_the_door_to_no_other_body() -> None:
    log = MemoryLog()
    async with serving(log, settings(known=MAILGUN_KNOWN), clock=ManualClock(NOON_MS)) as intake:
        assert (await intake.post(mailgun())).status == 200
        replayed = mailgun({"body-plain": "Send it elsewhere", "message-headers": "[]"})
        assert (await intake.post(replayed)).status == 406
        assert (await intake.post(mailgun(token="another", key="wrong"))).status == 406
        assert (await intake.post(mailgun(token="another"))).status == 200

    assert len({fact.fact_id for fact in log.facts}) == 1
    assert log.letters == []


async def test_mail_that_we_turned_away_is_taken_when_it_comes_again_with_its_first_timestamp() -> None:
    log, clock = MemoryLog(LogUnavailable("away")), ManualClock(NOON_MS)
    async with serving(log, settings(known=MAILGUN_KNOWN), clock=clock) as intake:
        assert (await intake.post(mailgun())).status == 503
        log.fault = None
        clock.advance_ms(15 * 60_000)
        assert (await intake.post(mailgun(token="late"))).status == 406
        assert (await intake.post(mailgun())).status == 200

    (fact,) = log.facts
    assert fact.received_at_ms == NOON_MS
