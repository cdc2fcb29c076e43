"""Webhooks that were dead letters, read once more after what was wrong with us has been mended."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import cast

import pytest
from prometheus_client import CollectorRegistry

from services.intake.accounts import Account, Accounts
from services.intake.again import DAY_MS, DAYS_MAX, NotReadable, Rereader, problems, with_request
from services.intake.build import build
from services.intake.canonical import Delivery
from services.intake.channels import PATHS
from services.intake.channels.adapter import Adapter
from services.intake.gather import Gatherer
from services.runtime.clock import ManualClock
from services.runtime.dead_letters import DATA_BYTES_MAX, Request
from tests.unit.intake import test_google_reviews as google
from tests.unit.intake import test_telegram as telegram
from tests.unit.intake import test_trustpilot as trustpilot
from tests.unit.intake.mailed import MAILGUN_KNOWN, mailgun
from tests.unit.intake.world import (
    ACCOUNTS,
    NOON_MS,
    MemoryLog,
    call,
    interpreter,
    messenger,
    needs,
    path_of,
    postmark,
    said,
    settings,
    sms,
)

NOBODYS = Accounts({})
LATER_MS = NOON_MS + 3_600_000


def request_of(delivery: Delivery) -> Request:
    """How its letter has it, when no desk had its account."""
    path = path_of(delivery)
    found = interpreter(NOBODYS, KNOWN).webhook(PATHS[path], delivery)
    kept = with_request(path, PATHS[path], delivery, KNOWN, found).request
    assert kept is not None
    return kept


OTHERS = {**MAILGUN_KNOWN.values, **telegram.KNOWN.values}
KNOWN = replace(settings().known, values={**settings().known.values, **OTHERS})


@asynccontextmanager
async def reading(accounts: Accounts = ACCOUNTS) -> AsyncIterator[tuple[Rereader, MemoryLog]]:
    log = MemoryLog()
    intake = build(
        settings(accounts=accounts, known=KNOWN),
        clock=ManualClock(LATER_MS),
        appender=log,
        partitions=1,
        registry=CollectorRegistry(),
        needs=needs(),
    )
    try:
        yield intake.api.rereader, log
    finally:
        await intake.close()


@pytest.mark.parametrize(
    "delivery",
    [
        sms(),
        messenger(said(), said(mid="m2")),
        postmark(),
        mailgun(files=[("attachment-1", "a.txt", "text/plain", b"x")]),
    ],
    ids=["form", "json", "basic", "multipart"],
)
async def test_facts_are_those_that_would_have_been_taken_but_that_they_came_now(delivery: Delivery) -> None:
    then = interpreter(ACCOUNTS, KNOWN).webhook(PATHS[path_of(delivery)], delivery).facts
    request = request_of(delivery)

    async with reading() as (rereader, log):
        found = await rereader.read(request, delivery.body, NOON_MS)
        assert await rereader.read(request, delivery.body, NOON_MS) == found

    assert then
    assert [replace(one, received_at_ms=LATER_MS) for one in then] == list(found.facts)
    assert log.facts == [*found.facts, *found.facts], "the router knows them by their ids"
    assert not problems(found)
    assert not log.letters


async def test_an_account_that_only_the_url_names_is_kept_and_its_key_is_not() -> None:
    ours = Accounts({"acme-berlin": Account("acme")})
    known = replace(KNOWN, values={**KNOWN.values, **trustpilot.KNOWN.values})
    query = "?key=new-key&account=acme-berlin"
    delivery = trustpilot.posted({"events": [trustpilot.review()]}, query)
    adapter = PATHS[trustpilot.PATH]
    lost = interpreter(NOBODYS, known).webhook(adapter, delivery)
    kept = with_request(trustpilot.PATH, adapter, delivery, known, lost).request
    then = interpreter(ours, known).webhook(adapter, delivery).facts

    assert kept is not None
    assert kept.path == "/hooks/trustpilot?account=acme-berlin"
    async with reading(ours) as (rereader, _):
        found = await rereader.read(kept, delivery.body, NOON_MS)
    assert [(one.fact_id, one.desk_id) for one in found.facts] == [(one.fact_id, one.desk_id) for one in then]
    assert then


async def test_a_bot_that_only_its_secret_names_is_kept_and_the_secret_is_not() -> None:
    ours = Accounts({"777": Account("acme")})
    delivery = telegram.posted({"update_id": 1, "message": telegram.said()})
    then = interpreter(ours, KNOWN).webhook(PATHS["/hooks/telegram"], delivery).facts
    kept = request_of(delivery)

    async with reading(ours) as (rereader, _):
        found = await rereader.read(kept, delivery.body, NOON_MS)
    assert [(one.fact_id, one.desk_id) for one in found.facts] == [(one.fact_id, one.desk_id) for one in then]
    assert then
    assert telegram.SECRET not in kept.headers.values()


@dataclass(frozen=True)
class Fetched:
    """A gatherer whose fetches answer with the same bytes."""

    answer: bytes

    async def completed(self, adapter: Adapter, delivery: Delivery) -> Delivery:
        return replace(
            delivery, fetched={one.url: self.answer for one in adapter.wanted(delivery, google.OIDC)}
        )


async def test_a_review_that_a_push_names_is_fetched_though_its_token_is_not_kept() -> None:
    delivery = google.push()
    asked = Request(path=google.PATH, scheme="oidc", headers={"content-type": "application/json"})

    async with reading(Accounts(default_desk="acme")) as (rereader, log):
        gatherer = cast(Gatherer, Fetched(json.dumps(google.REVIEW).encode()))
        found = await replace(rereader, gatherer=gatherer).read(asked, delivery.body, NOON_MS)

    assert not problems(found)
    assert [one.fact_id for one in log.facts] == [one.fact_id for one in found.facts]
    assert len(found.facts) == 1


async def test_nothing_that_signed_it_is_kept() -> None:
    assert request_of(sms()).headers == {"content-type": "application/x-www-form-urlencoded"}
    assert request_of(postmark()).headers == {"content-type": "application/json"}
    assert request_of(postmark()).scheme == "basic"


async def test_what_still_has_no_desk_is_told_and_makes_no_other_letter() -> None:
    async with reading(Accounts({"elsewhere": Account("acme")})) as (rereader, log):
        found = await rereader.read(request_of(sms()), sms().body, NOON_MS)

    assert problems(found) == ["unknown_account: no desk has this account, and there is no default desk"]
    assert not log.records


async def test_a_call_is_left_out_for_nobody_is_on_the_line() -> None:
    async with reading() as (rereader, log):
        found = await rereader.read(request_of(call()), call().body, NOON_MS)

    assert found.reading.dropped == ("call",)
    assert not log.records


async def test_a_delivery_that_was_taken_or_not_verified_keeps_nothing_more() -> None:
    taken = interpreter().webhook(PATHS[path_of(sms())], sms())
    assert with_request("/hooks/twilio/sms", PATHS["/hooks/twilio/sms"], sms(), KNOWN, taken) is taken

    forged = replace(sms(), headers={"content-type": "application/x-www-form-urlencoded"})
    refused = interpreter(NOBODYS).webhook(PATHS[path_of(sms())], forged)
    assert with_request("/hooks/twilio/sms", PATHS["/hooks/twilio/sms"], forged, KNOWN, refused) is refused


@pytest.mark.parametrize(
    ("path", "body", "received_at_ms", "field"),
    [
        ("/hooks/fax", b"x", NOON_MS, "path"),
        ("/hooks/meta", b"x" * (DATA_BYTES_MAX + 1), NOON_MS, "body"),
        ("/hooks/meta", b"{}", LATER_MS - DAYS_MAX * DAY_MS - 1, "received_at"),
        ("/hooks/meta", b"{}", 0, "received_at"),
    ],
)
async def test_what_cannot_be_read_again_is_refused_by_its_field(
    path: str, body: bytes, received_at_ms: int, field: str
) -> None:
    async with reading() as (rereader, log):
        with pytest.raises(NotReadable) as refused:
            await rereader.read(Request(path=path, scheme="hmac"), body, received_at_ms)

    assert refused.value.field == field
    assert not log.records
