"""A desktop without a replica while its requests ended learns how, though the next replica began at a snapshot after that."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import grpc
import pytest
from prometheus_client import CollectorRegistry

from frontdesk.client import AgentDesktop
from frontdesk.v1 import decisions_pb2, facts_pb2, router_pb2
from services.contract import decisions as d
from services.contract import facts as f
from services.contract.codec import encode_fact
from services.contract.topics import FACTS
from services.router.build import Router, build, topics
from services.router.model import Contact, ContactState
from services.router.serving import past_ends
from services.router.serving.sessions_requests import Open
from services.router.settings import RouterSettings
from services.router.trail.search import as_field
from services.runtime.clock import ManualClock
from services.runtime.log import Log, LogUnavailable
from services.runtime.rpc import RpcServer
from tests.conformance.places import Place, Prefixed, eventually
from tests.integration.router_shell import RawSession, listen, reason_of, stub, told, violations
from tests.unit.router.world import MINUTE, agent, call, desk

TEAM = desk(agent("ana", "billing"), agent("bor", "billing delivery", delivery=0.9))


class Site:
    """A log of one partition, a router on it and its door, which open and close apart."""

    def __init__(self, log: Log) -> None:
        self.log, self.clock, self.address = log, ManualClock(), "127.0.0.1:0"
        self.router: Router
        self._server: RpcServer | None = None
        self._running: asyncio.Future[None] | None = None
        self._facts = 0

    async def start(self) -> None:
        self.router = build(
            RouterSettings("test", 1, 100, 100),
            clock=self.clock,
            log=self.log,
            registry=CollectorRegistry(),
        )
        self._running = asyncio.ensure_future(self.router.run())
        await self.router.ready()

    async def open(self) -> None:
        self._server = await listen(self.router, self.address)
        self.address = f"127.0.0.1:{self._server.port}"

    async def close(self) -> None:
        """The router goes on, and nobody reaches it."""
        if self._server is not None:
            await self._server.close(grace_seconds=0)
            self._server = None

    async def stop(self) -> None:
        await self.close()
        if self._running is not None:
            self._running.cancel()
            await asyncio.gather(self._running, return_exceptions=True)

    async def tell(self, body: Any) -> None:
        """A fact comes and is decided."""
        self._facts += 1
        fact = f.Fact(
            fact_id=f"f{self._facts}",
            desk_id="acme",
            received_at_ms=self.clock.now_ms(),
            source="t",
            body=body,
        )
        at = await self.log.append(FACTS, 0, b"acme", encode_fact(fact))
        await eventually(lambda: self.router.tail.state(0).last_fact >= at)

    @property
    def contact(self) -> Contact:
        return self.router.tail.state(0).desks["acme"].contacts["one"]


@pytest.fixture(params=["embedded", pytest.param("kafka", marks=pytest.mark.kafka)])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    if request.param == "kafka":
        return Place("kafka", request.getfixturevalue("kafka_bootstrap"))
    return Place("sqlite", str(tmp_path / "log.db"))


@pytest.fixture
async def stack() -> AsyncIterator[AsyncExitStack]:
    async with AsyncExitStack() as exit_stack:
        yield exit_stack


@pytest.fixture
async def site(place: Place, stack: AsyncExitStack) -> Site:
    log = Prefixed(await stack.enter_async_context(place.log()))
    await log.create_topics(topics(1))
    site = Site(log)
    stack.push_async_callback(lambda: site.stop())
    await site.start()
    await site.router.api.configure("c1", TEAM, timeout_seconds=20)
    await site.open()
    return site


async def talking(site: Site, stack: AsyncExitStack) -> AgentDesktop:
    """ana, who has a caller."""
    one = AgentDesktop(site.address, "acme", "ana", retry_seconds=30)
    ana = await stack.enter_async_context(one)
    await ana.send(sign_in=facts_pb2.AgentSignedIn())
    await site.tell(call("one", "billing"))
    await ana.accept((await told(ana, "offer")).offer_id)
    await told(ana, "assigned")
    return ana


async def ask_advice(ana: AgentDesktop, epoch: int) -> str:
    asking = facts_pb2.HelpAsked(contact_id="one", epoch=epoch, kind=facts_pb2.HELP_KIND_EXPERT)
    asked = await ana.send(ask_help=asking)
    assert (await told(ana, "request")).help_id == asked.reply.subject_id
    return str(asked.reply.subject_id)


async def pass_on(site: Site, ana: AgentDesktop) -> None:
    await site.tell(f.AgentSignedIn(agent_id="bor"))
    asking = facts_pb2.TransferAsked(
        contact_id="one",
        epoch=site.contact.epoch,
        reason=facts_pb2.TRANSFER_REASON_WRONG_TOPIC,
        topic_id="delivery",
    )
    assert (await ana.send(ask_transfer=asking)).reply.accepted
    assert (await told(ana, "request")).contact_id == "one"
    assert site.contact.state is ContactState.HANDING_OVER


async def begin_anew(site: Site) -> None:
    """A snapshot is kept, and the next router begins there: it was told nothing of before."""
    assert await site.router.snapshots.keep(0)
    await site.stop()
    await site.start()
    assert site.router.tail.begun_at(0) == site.router.tail.next_offset(0)
    assert site.router.api.switchboard.remembered(0, "acme", "ana") == (None, [])
    await site.open()


async def test_how_a_request_for_help_ended_is_told_from_the_log(site: Site, stack: AsyncExitStack) -> None:
    ana = await talking(site, stack)
    help_id = await ask_advice(ana, site.contact.epoch)
    await site.close()
    await site.tell(f.AgentSignedIn(agent_id="bor"))
    await site.tell(f.HelpAnswered(help_id=help_id, agent_id="bor", result=f.HelpResult.ADVICE))
    assert not site.router.tail.state(0).desks["acme"].helps
    await begin_anew(site)

    ended = await told(ana, "help_ended")

    assert (ended.help_id, ended.result, ended.adviser_id) == (help_id, facts_pb2.HELP_RESULT_ADVICE, "bor")
    assert ana.hands.requests == {} and list(ana.hands.contacts) == ["one"]


async def test_a_contact_that_somebody_else_took_is_told_as_passed_on(
    site: Site, stack: AsyncExitStack
) -> None:
    ana = await talking(site, stack)
    await pass_on(site, ana)
    await site.close()
    await site.tell(
        f.OfferAnswered(offer_id=site.contact.offer_id, agent_id="bor", answer=f.OfferAnswer.ACCEPT)
    )
    assert site.contact.owner_id == "bor"
    await begin_anew(site)

    assert await told(ana, "released") == router_pb2.ReleasedNotice(contact_id="one", reason="transferred")
    assert (ana.hands.requests, ana.hands.contacts) == ({}, {})


async def test_a_contact_that_nobody_took_is_told_as_kept(site: Site, stack: AsyncExitStack) -> None:
    ana = await talking(site, stack)
    await pass_on(site, ana)
    await site.close()
    await site.tell(f.AgentStateChanged(agent_id="bor", presence=f.Presence.OFFLINE))
    site.clock.advance_ms(5 * MINUTE)
    await eventually(lambda: site.contact.handover is None)
    assert site.contact.owner_id == "ana"
    await begin_anew(site)

    kept: decisions_pb2.HandoverEnded = await told(ana, "handover_ended")

    assert (kept.contact_id, bool(kept.reason)) == ("one", True)
    assert list(ana.hands.contacts) == ["one"]


def too_little(monkeypatch: pytest.MonkeyPatch, site: Site) -> None:
    monkeypatch.setattr(past_ends, "RECORDS_MAX", 1)


def away(monkeypatch: pytest.MonkeyPatch, site: Site) -> None:
    async def nowhere(*_: object) -> None:
        raise LogUnavailable("away")

    monkeypatch.setattr(site.router.api._desktops.past._trail._anchors, "before", nowhere)


def slow(monkeypatch: pytest.MonkeyPatch, site: Site) -> None:
    monkeypatch.setattr(past_ends, "SECONDS_MAX", 0.1)

    async def never(*_: object) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(site.router.api._desktops.past._trail._anchors, "before", never)


@pytest.mark.parametrize("hinder", [too_little, away, slow])
async def test_what_the_log_does_not_give_in_time_ends_without_a_result(
    site: Site,
    stack: AsyncExitStack,
    monkeypatch: pytest.MonkeyPatch,
    hinder: Callable[[pytest.MonkeyPatch, Site], None],
) -> None:
    ana = await talking(site, stack)
    help_id = await ask_advice(ana, site.contact.epoch)
    await site.close()
    await site.tell(f.AgentSignedIn(agent_id="bor"))
    await site.tell(f.HelpAnswered(help_id=help_id, agent_id="bor", result=f.HelpResult.ADVICE))
    await site.tell(f.AgentStateChanged(agent_id="bor", presence=f.Presence.OFFLINE))
    assert await site.router.snapshots.keep(0)
    await site.stop()
    await site.start()
    hinder(monkeypatch, site)
    await site.open()

    ended = await told(ana, "help_ended")

    assert (ended.help_id, ended.result) == (help_id, facts_pb2.HELP_RESULT_UNSPECIFIED)


async def test_who_gives_up_ends_no_reading_for_others(
    site: Site, stack: AsyncExitStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    ana = await talking(site, stack)
    help_id = await ask_advice(ana, site.contact.epoch)
    await site.tell(f.AgentSignedIn(agent_id="bor"))
    await site.tell(f.HelpAnswered(help_id=help_id, agent_id="bor", result=f.HelpResult.ADVICE))
    past, until = site.router.past, site.router.tail.next_offset(0) - 1
    accepted, begun, go_on = past._trail.accepted, asyncio.Event(), asyncio.Event()
    readings = []

    async def late(*args: Any, **how: Any) -> Any:
        readings.append(how["naming"])
        begun.set()
        await go_on.wait()
        async for one in accepted(*args, **how):
            yield one

    def asks() -> asyncio.Task[Any]:
        asked = Open(frozenset({help_id}))
        return asyncio.create_task(past.of(0, "acme", "ana", asked, after=0, until=until))

    monkeypatch.setattr(past._trail, "accepted", late)
    first, second = asks(), asks()
    await begun.wait()
    first.cancel()
    go_on.set()

    (ended,) = await second
    assert ended.help_ended.result == facts_pb2.HELP_RESULT_ADVICE
    await asyncio.gather(first, return_exceptions=True)
    assert readings == [[as_field(help_id)]] and past._waiting == set()


async def test_a_reading_ends_with_its_router(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    past, until = site.router.past, site.router.tail.next_offset(0) - 1

    async def never(*_: object) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(past._trail._anchors, "before", never)
    asking = asyncio.create_task(past.of(0, "acme", "ana", Open(frozenset({"h"})), after=-1, until=until))
    await eventually(lambda: bool(past._readers))
    await site.stop()
    assert not past._readers
    assert await asking == []


async def test_a_record_in_whose_middle_a_session_broke_is_read_to_its_end(
    site: Site, stack: AsyncExitStack
) -> None:
    ana = await talking(site, stack)
    help_id = await ask_advice(ana, site.contact.epoch)
    await site.close()
    await site.tell(f.AgentSignedIn(agent_id="bor"))
    await site.tell(f.HelpAnswered(help_id=help_id, agent_id="bor", result=f.HelpResult.ADVICE))
    (end,) = [
        at
        async for at, record in site.router.past._trail.accepted(0)
        if any(isinstance(event, d.ConsultEnded) for event in record.events)
    ]
    await begin_anew(site)
    for offset, index, told_again in ((end, 1, True), (end, 0, False), (end - 1, 0, True)):
        seen = router_pb2.Position(generation=1, partition=0, offset=offset, index=index)
        names = {"open_help_ids": [help_id]}
        async with RawSession(stub(site, stack), "ana", seen, open_ids=names) as session:  # type: ignore[arg-type] # its address is all that is asked of it
            first = await session.next("help_ended", "ready")
        assert (first.WhichOneof("message") == "help_ended") is told_again, (offset - end, index)


async def test_more_open_requests_than_may_be_named_are_refused(site: Site, stack: AsyncExitStack) -> None:
    service = stub(site, stack)  # type: ignore[arg-type] # its address is all that is asked of it
    for names, field in (
        ({"open_help_ids": ["h"] * 101}, "open_help_ids"),
        ({"open_handover_ids": ["c"] * 101}, "open_handover_ids"),
        ({"open_help_ids": ["h", ""]}, "open_help_ids[1]"),
    ):
        async with RawSession(service, "ana", open_ids=names) as session:
            with pytest.raises(grpc.aio.AioRpcError) as refused:
                await session.next()
        assert reason_of(refused.value) == (grpc.StatusCode.INVALID_ARGUMENT, "INVALID_REQUEST")
        assert set(violations(refused.value)) == {field}
