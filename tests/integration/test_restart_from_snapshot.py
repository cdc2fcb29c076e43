"""A router that starts again begins at its newest snapshot, answers for what came before, and decides on."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest.mock import AsyncMock

import pytest
from prometheus_client import CollectorRegistry

from services.contract.codec import encode_fact
from services.contract.decisions import ContactOpened
from services.contract.facts import (
    AgentSignedIn,
    AgentStateChanged,
    CallerHungUp,
    ContactResolved,
    Fact,
    OfferAnswer,
    OfferAnswered,
    Outcome,
    Presence,
)
from services.contract.topics import DECISIONS, FACTS, SNAPSHOTS
from services.router import snapshots as snapshots_module
from services.router.build import Router, build, topics
from services.router.log import shelf
from services.router.log.canonical import digest
from services.router.settings import RouterSettings
from services.router.trail import anchors as trail_anchors
from services.router.trail import recent as trail_module
from services.router.trail import search as trail_search
from services.runtime.clock import ManualClock
from services.runtime.log import LogUnavailable
from services.runtime.sqlite_log import SqliteLog
from tests.conformance.places import eventually
from tests.integration.router_shell import DESK
from tests.integration.test_watch_resumes import CountingLog
from tests.unit.router.world import call

SETTINGS = RouterSettings("test", 1, 100, 100)
RECORDS_BEFORE = 1_000


class Place:
    """A log of one partition, in which routers come and go."""

    def __init__(self, log: SqliteLog, clock: ManualClock) -> None:
        self.log, self.clock, self.registry = log, clock, CollectorRegistry()

    @asynccontextmanager
    async def router(self, **settings: Any) -> AsyncIterator[Router]:
        self.registry = CollectorRegistry()
        router = build(replace(SETTINGS, **settings), clock=self.clock, log=self.log, registry=self.registry)
        running = asyncio.create_task(router.run())
        try:
            await asyncio.wait_for(router.ready(), 30)
            yield router
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)

    async def arrive(self, router: Router, *names: str) -> None:
        """Contacts come and are decided."""
        for name in names:
            await self.tell(router, name, call(name))

    async def tell(self, router: Router, name: str, body: Any) -> None:
        """A fact comes and is decided."""
        now_ms = self.clock.now_ms()
        fact = Fact(fact_id=name, desk_id="acme", received_at_ms=now_ms, source="t", body=body)
        at = await self.log.append(FACTS, 0, b"acme", encode_fact(fact))
        await eventually(lambda: router.tail.state(0).last_fact >= at)

    def sample(self, name: str, **labels: str) -> float:
        return self.registry.get_sample_value(name, labels) or 0.0


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Place]:
    async with AsyncExitStack() as stack:
        clock = ManualClock()
        log = await SqliteLog.open(tmp_path / "log.db", clock=clock.now_ms)
        stack.push_async_callback(log.close)
        await log.create_topics(topics(1))
        yield Place(log, clock)


async def test_a_restart_begins_at_the_snapshot_and_decides_on(place: Place) -> None:
    async with place.router() as router:
        await router.api.configure("c1", DESK, timeout_seconds=10)
        await place.arrive(router, "one", "two")
        assert await router.snapshots.keep(0)
        await place.arrive(router, "three")
        before = router.tail.state(0)

    async with place.router() as router:
        assert router.tail.begun_at(0) > 2
        assert place.sample("frontdesk_router_partitions_started_total", at="snapshot") == 1
        assert digest(router.tail.state(0)) == digest(before)
        await place.arrive(router, "four", "one")  # and a repeat of what was decided before the snapshot
        desk = router.tail.state(0).desks["acme"]
        assert {"one", "two", "three", "four"} <= set(desk.contacts)
        assert place.sample("frontdesk_router_records_folded_total", verdict="rejected") == 0
        assert router.tail.state(0).last_fact == before.last_fact + 2


async def test_what_came_before_the_snapshot_is_still_told(place: Place) -> None:
    """Explanations and watchers read from the log what was not folded here."""
    async with place.router() as router:
        await router.api.configure("c1", DESK, timeout_seconds=10)
        await place.arrive(router, "one")
        assert await router.snapshots.keep(0)

    async with place.router() as router:
        trail = router.api._explaining._trail
        found = await trail.of_contact(0, "acme", "one")
        assert any(isinstance(event, ContactOpened) for _, record in found for event in record.events)
        assert trail.since(0, 0) is None
        await place.arrive(router, "two")
        assert len(trail.since(0, router.tail.begun_at(0) - 1) or ()) >= 1
        assert len(await trail.of_contact(0, "acme", "one")) == len(found)


@pytest.mark.parametrize("misled", [False, True], ids=["found", "looked for too late"])
async def test_a_contact_from_before_the_snapshot_is_explained_without_reading_what_came_before_it(
    place: Place, monkeypatch: pytest.MonkeyPatch, misled: bool
) -> None:
    """From the fact that brought it; when its first record is not met there, it is looked for backwards. Once."""
    for module, name, records in (
        (trail_anchors, "SETTLE_RECORDS", 40),
        (trail_anchors, "BEYOND_RECORDS", 20),
        (trail_search, "BACK_RECORDS", 10),
    ):
        monkeypatch.setattr(module, name, records)
    async with place.router() as router:
        await router.api.configure("c1", DESK, timeout_seconds=10)
        for number in range(RECORDS_BEFORE):
            body = AgentStateChanged(agent_id=f"nobody-{number}", presence=Presence.OFFLINE)
            fact = Fact(fact_id=f"f{number}", desk_id="acme", received_at_ms=1, source="t", body=body)
            last = place.log.append(FACTS, 0, b"acme", encode_fact(fact))
        await last
        await place.arrive(router, "one", "two")
        found = await router.api._explaining._trail.of_contact(0, "acme", "one")
        assert await router.snapshots.keep(0)

    log = CountingLog(place.log)
    place.log = log  # type: ignore[assignment] # what counts is beside the point for all else
    async with place.router() as router:
        assert router.tail.begun_at(0) > RECORDS_BEFORE
        await place.tell(router, "again", call("three"))
        trail = router.api._explaining._trail
        if misled:
            end = router.tail.next_offset(0)
            monkeypatch.setattr(trail_module, "about_fact", AsyncMock(return_value=end))
        log.reads.clear()
        assert await trail.of_contact(0, "acme", "one") == found
        assert (log.reads["records"] > RECORDS_BEFORE) == misled
        if not misled:
            assert log.reads["records"] < 400


async def test_a_contact_that_is_heard_of_again_is_read_from_the_log_once(place: Place) -> None:
    async with place.router() as router:
        await router.api.configure("c1", DESK, timeout_seconds=10)
        await place.tell(router, "in", AgentSignedIn(agent_id="ana"))
        await place.arrive(router, "one")
        assert await router.snapshots.keep(0)

    log = CountingLog(place.log)
    place.log = log  # type: ignore[assignment] # as above
    async with place.router() as router:
        await place.tell(router, "gone", CallerHungUp(contact_id="one"))
        trail = router.api._explaining._trail
        found = await trail.of_contact(0, "acme", "one")
        assert any(isinstance(event, ContactOpened) for event in found[0][1].events)
        log.reads.clear()
        assert await trail.of_contact(0, "acme", "one") == found
        assert log.reads["records"] == 0
        await place.tell(router, "gone again", CallerHungUp(contact_id="one"))
        assert len(await trail.of_contact(0, "acme", "one")) >= len(found)


async def test_the_first_decision_after_a_restart_tells_who_lost_what(place: Place) -> None:
    """What an agent had came with the snapshot; that it has it no more is told with the record."""
    async with place.router() as router:
        await router.api.configure("c1", DESK, timeout_seconds=10)
        await place.tell(router, "in", AgentSignedIn(agent_id="ana"))
        await place.tell(router, "comes", call("one", "billing"))
        offer = router.tail.state(0).desks["acme"].contacts["one"].offer_id
        await place.tell(
            router, "yes", OfferAnswered(offer_id=offer, agent_id="ana", answer=OfferAnswer.ACCEPT)
        )
        assert await router.snapshots.keep(0)

    async with place.router() as router:
        contact = router.tail.state(0).desks["acme"].contacts["one"]
        assert (contact.owner_id, router.tail.begun_at(0)) == ("ana", router.tail.next_offset(0))
        with router.api.switchboard.agent("acme", "ana", records_max=10) as feed:
            done = ContactResolved(
                contact_id="one", agent_id="ana", epoch=contact.epoch, outcome=Outcome.RESOLVED
            )
            await place.tell(router, "done", done)
            told, _ = await asyncio.wait_for(feed.next(), 30)
        assert [one.contact_id for one in told.lost["ana"]] == ["one"]


async def test_the_owner_keeps_its_state_after_so_many_decisions(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(snapshots_module, "LOOK_SECONDS", 0.01)
    async with place.router(snapshot_decisions=3) as router:
        await router.api.configure("c1", DESK, timeout_seconds=10)
        assert await place.log.end_offset(SNAPSHOTS, 0) == 0
        await place.arrive(router, "one")
        for number in range(router.tail.state(0).objects()):
            await place.tell(router, f"gone-{number}", CallerHungUp(contact_id=f"nobody-{number}"))
        await eventually(lambda: place.sample("frontdesk_router_snapshots_total", result="written") >= 1)
        assert place.sample("frontdesk_router_snapshot_bytes", partition="0") > 1_000


async def test_a_large_state_is_kept_after_as_many_decisions_as_it_has_objects(place: Place) -> None:
    """Else each decision would pay for what the state holds: keeping it takes as long as it is large."""
    async with place.router(snapshot_decisions=3) as router:
        await router.api.configure("c1", DESK, timeout_seconds=10)
        await place.arrive(router, *(f"contact-{number}" for number in range(10)))
        assert await router.snapshots.keep(0)
        kept, objects = router.tail.state(0).count, router.tail.state(0).objects()
        assert objects > 20
        for number in range(objects):
            assert not router.snapshots._is_due(0)
            gone = CallerHungUp(contact_id=f"nobody-{number}")
            await place.tell(router, f"gone-{number}", gone)
        assert router.tail.state(0).objects() == objects
        assert router.tail.state(0).count == kept + objects
        assert router.snapshots._is_due(0)


async def test_the_owner_keeps_its_state_after_some_time(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(snapshots_module, "LOOK_SECONDS", 0.01)
    async with place.router(snapshot_seconds=0.05) as router:
        await router.api.configure("c1", DESK, timeout_seconds=10)
        await eventually(lambda: place.sample("frontdesk_router_snapshots_total", result="written") >= 1)


async def test_a_snapshot_that_cannot_be_written_stops_nothing(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with place.router(snapshot_megabytes_max=0) as router:
        await router.api.configure("c1", DESK, timeout_seconds=10)
        assert not await router.snapshots.keep(0)
        assert place.sample("frontdesk_router_snapshots_total", result="too_large") == 1

        async def away(*_: object, **__: object) -> None:
            raise LogUnavailable("the disk is full")

        async def broken(*_: object, **__: object) -> None:
            raise TypeError("a field of a type without a shape")

        for fault in (away, broken):
            monkeypatch.setattr(shelf, "write", fault)
            assert not await router.snapshots.keep(0)
        assert place.sample("frontdesk_router_snapshots_total", result="failed") == 2
        await place.arrive(router, "one")
        assert await place.log.end_offset(DECISIONS, 0) > 2
