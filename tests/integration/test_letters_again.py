"""frontdesk letters --again: what came for a desk that was not configured gets to its agents after all."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from services.cli.letters import letters, main
from services.contract.codec import decode_decision
from services.contract.decisions import ContactContinued, ContactOpened
from services.contract.facts import Channel
from services.contract.topics import DEAD_LETTERS, DECISIONS, partition_of
from services.intake import api
from services.intake.build import build as build_intake
from services.router.build import topics
from services.runtime.clock import ManualClock
from services.runtime.log import Log
from services.runtime.ports import free_port
from services.runtime.rpc import serve
from services.runtime.sqlite_log import SqliteLog
from tests.conformance.places import eventually
from tests.integration.router_shell import DESK, PARTITIONS, Running, stack, start
from tests.unit.intake.world import needs, settings

__all__ = ["stack"]  # a fixture


class Place:
    """A router and intake on one embedded log."""

    def __init__(self, running: Running, log: Log, intake: str, data: Path) -> None:
        self.running, self.log, self.intake, self.data = running, log, intake, data

    async def again(self, *options: str) -> int:
        asked = ["--data", str(self.data), "--again", "--address", self.intake, *options]
        return await asyncio.to_thread(main, asked)

    async def letters(self) -> list[str]:
        return [one.reason async for one in letters(self.log)]

    async def rejected(self, name: str, channel: Channel = Channel.SOCIAL, desk_id: str = "telko") -> None:
        """A contact for a desk that nobody has configured, until its letter is written."""
        before = len(await self.letters())
        await self.running.arrive(name, desk_id=desk_id, channel=channel)
        await self.written(before + 1)

    async def events(self, desk_id: str) -> list[str]:
        """What was decided of customers' words there, in order."""
        partition = partition_of(desk_id, PARTITIONS)
        found = []
        for offset in range(await self.log.end_offset(DECISIONS, partition)):
            decision = decode_decision((await self.log.read_at(DECISIONS, partition, offset)).value)
            for event in decision.events if decision.desk_id == desk_id else ():
                if isinstance(event, ContactOpened | ContactContinued):
                    found.append(f"{type(event).__name__} {event.contact_id}")
        return found

    async def written(self, count: int) -> None:
        async with asyncio.timeout(10):
            while len(await self.letters()) < count:
                await asyncio.sleep(0.02)


@pytest.fixture
async def place(tmp_path: Path, stack: AsyncExitStack) -> AsyncIterator[Place]:
    clock = ManualClock(time.time_ns() // 1_000_000)
    log = await SqliteLog.open(tmp_path / "log.db", clock=clock.now_ms)
    stack.push_async_callback(log.close)
    await log.create_topics(topics(PARTITIONS))
    running = await start(log, clock, stack)
    await running.router.api.configure("c1", DESK, timeout_seconds=10)
    registry = CollectorRegistry()
    intake = build_intake(
        settings(), clock=clock, appender=log, partitions=PARTITIONS, registry=registry, needs=needs()
    )
    server = await serve([intake.add_to_grpc], [api.NAME], address="127.0.0.1:0", registry=registry)
    stack.push_async_callback(lambda: server.close(grace_seconds=0))
    yield Place(running, log, f"127.0.0.1:{server.port}", tmp_path / "log.db")


async def test_a_contact_of_a_desk_configured_later_gets_there_once_under_its_own_id(place: Place) -> None:
    await place.rejected("late")
    await place.running.router.api.configure("c2", replace(DESK, desk_id="telko"), timeout_seconds=10)

    assert await place.again() == 0
    await eventually(lambda: set(place.running.desk("telko").contacts) == {"contact-late"})
    assert await place.again() == 0

    await place.running.arrive("after", desk_id="telko")  # the repeat is decided before this one
    await eventually(lambda: "contact-after" in place.running.desk("telko").contacts)
    assert set(place.running.desk("telko").contacts) == {"contact-late", "contact-after"}
    assert await place.letters() == ["desk_unknown"]


async def test_a_desk_that_was_misnamed_may_be_put_right(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    await place.rejected("late")
    await place.rejected("caller", channel=Channel.PHONE)
    capsys.readouterr()

    assert await place.again("--desk", "telko", "--to-desk", "acme") == 0

    await eventually(lambda: "contact-late" in place.running.desk("acme").contacts)
    said = capsys.readouterr()
    assert '"contact_id":"contact-late"' in said.out
    assert "handed in 1 of 1 that can be" in said.err
    assert "left: 1 calls" in said.err


async def test_another_desks_customers_stay_where_they_are(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    await place.rejected("late")
    await place.rejected("secret", desk_id="bank")
    with pytest.raises(SystemExit):
        await place.again("--to-desk", "acme")
    assert "whose customers' words" in capsys.readouterr().err

    assert await place.again("--desk", "telko", "--to-desk", "acme") == 0

    await place.running.arrive("after")
    await eventually(lambda: "contact-after" in place.running.desk("acme").contacts)
    assert set(place.running.desk("acme").contacts) == {"contact-late", "contact-after"}
    assert "left: 1 of other desks" in capsys.readouterr().err


async def test_what_was_handed_in_too_soon_comes_to_another_desk_once(place: Place) -> None:
    """Each handing in to a desk that is not configured makes a letter; they are the same words."""
    await place.rejected("late")
    elsewhere = ("--desk", "telko", "--to-desk", "acme")
    assert await place.again() == 0
    await place.written(2)
    assert await place.again(*elsewhere) == 0
    assert await place.again() == 0
    await place.written(3)
    assert await place.again(*elsewhere) == 0

    await place.running.arrive("after")
    await eventually(lambda: "contact-after" in place.running.desk("acme").contacts)
    assert await place.events("acme") == ["ContactOpened contact-late", "ContactOpened contact-after"]


async def test_intake_that_is_away_is_told(
    place: Place, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.cli.letters_again.SUBMIT_SECONDS_MAX", 1.0)
    await place.rejected("late")

    assert (
        await asyncio.to_thread(
            main, ["--data", str(place.data), "--again", "--address", f"127.0.0.1:{free_port()}"]
        )
        == 1
    )
    assert "no intake answers at" in capsys.readouterr().err


async def test_a_record_that_is_no_letter_is_listed_as_one(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    await place.log.append(DEAD_LETTERS, 0, b"", b"not JSON")

    assert await asyncio.to_thread(main, ["--data", str(place.data)]) == 0
    assert '"reason":"no_letter"' in capsys.readouterr().out
