"""frontdesk letters --again: a webhook of an account that no desk had gets to its agents once the account has one."""

from __future__ import annotations

import aiohttp
import pytest
from prometheus_client import CollectorRegistry

from services.intake.accounts import Accounts
from services.intake.build import build as build_intake
from services.intake.canonical import Delivery
from services.runtime.clock import ManualClock
from services.runtime.log import Log
from tests.conformance.places import eventually
from tests.integration.router_shell import PARTITIONS
from tests.integration.test_letters_again import Place, place, stack
from tests.unit.intake.world import NOON_MS, PUBLIC_URL, needs, settings, sms

__all__ = ["place", "stack"]  # fixtures


async def posted(log: Log, clock: ManualClock, delivery: Delivery) -> int:
    """What an intake that knows no account answers."""
    intake = build_intake(
        settings(accounts=Accounts({})),
        clock=clock,
        appender=log,
        partitions=PARTITIONS,
        registry=CollectorRegistry(),
        needs=needs(),
    )
    port = await intake.front_door.open("127.0.0.1", 0)
    url = f"http://127.0.0.1:{port}" + delivery.url.removeprefix(PUBLIC_URL)
    try:
        async with (
            aiohttp.ClientSession() as http,
            http.post(url, data=delivery.body, headers=delivery.headers) as answer,
        ):
            return answer.status
    finally:
        await intake.front_door.close()
        await intake.close()


async def test_it_is_read_again_and_told_once(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    assert await posted(place.log, place.running.clock, sms()) == 200
    assert await place.letters() == ["unknown_account"]

    assert await place.again() == 0
    await eventually(lambda: len(place.running.desk("acme").contacts) == 1)
    said = capsys.readouterr()
    assert '"source":"twilio","reason":"unknown_account","facts":1' in said.out
    assert "read again 1 of 1 deliveries" in said.err

    assert await place.again() == 0
    await place.running.arrive("after")
    await eventually(lambda: "contact-after" in place.running.desk("acme").contacts)
    assert len(place.running.desk("acme").contacts) == 2
    assert await place.letters() == ["unknown_account"]


async def test_what_came_too_long_ago_is_left(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    await posted(place.log, ManualClock(NOON_MS), sms())

    assert await place.again() == 0
    assert "left: 1 deliveries older than 7 days" in capsys.readouterr().err
