"""Sessions of agents over real gRPC: they resume where they were, at any replica, and outlive a bad command."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from dataclasses import replace

import grpc
import pytest

from frontdesk.v1 import facts_pb2, router_pb2
from services.contract.topics import partition_of
from services.router.serving import desktops, switchboard
from tests.integration.router_shell import (
    DESK,
    PARTITIONS,
    RawSession,
    Running,
    desktop,
    folded,
    late_replica,
    listening_replica,
    reason_of,
    running,
    stack,
    stub,
    told,
)

__all__ = ["running", "stack"]
"""Fixtures of the shell's tests."""


async def test_a_session_resumes_where_it_was(running: Running, stack: AsyncExitStack) -> None:
    ana = await desktop(running, stack, "ana")
    await running.break_connections()
    async with asyncio.timeout(30):
        while not (ana.reconnects and ana._ready.is_set()):
            await asyncio.sleep(0.01)
    await running.arrive("one")
    assert (await told(ana, "offer")).contact.contact_id == "contact-one"
    assert ana.reconnects >= 1


async def test_a_session_cut_between_two_notices_of_a_record_resumes_with_the_second(
    running: Running, stack: AsyncExitStack
) -> None:
    service = stub(running, stack)
    await running.arrive("one")
    await folded(running, 1)
    async with RawSession(service, "ana") as first:
        await first.next("ready")
        await first.send(command_id="in", sign_in=facts_pb2.AgentSignedIn())
        presence = await first.next("presence")
        offer = await first.next("offer")
    assert offer.position.offset == presence.position.offset
    async with RawSession(service, "ana", presence.position) as resumed:
        assert await resumed.next() == offer
        assert (await resumed.next()).HasField("ready")
    async with RawSession(service, "ana", offer.position) as resumed:
        assert (await resumed.next()).HasField("ready")


async def test_an_agent_is_told_that_a_contact_was_taken_away(
    running: Running, stack: AsyncExitStack
) -> None:
    service = stub(running, stack)
    ana = await desktop(running, stack, "ana")
    contact_id = await running.arrive("one")
    await ana.accept((await told(ana, "offer")).offer_id)
    async with RawSession(service, "ana") as before:
        position = (await before.next("ready")).position
    away = router_pb2.AgentCommand(
        command_id="away", set_presence=facts_pb2.AgentStateChanged(presence=facts_pb2.PRESENCE_OFFLINE)
    )
    await service.Command(router_pb2.CommandRequest(desk_id="acme", agent_id="ana", command=away), timeout=20)
    lost = router_pb2.ReleasedNotice(contact_id=contact_id, reason="agent_lost")
    assert await told(ana, "released") == lost
    async with RawSession(service, "ana", position) as resumed:
        released = await resumed.next("released", "ready")
        assert released.released == lost
    async with RawSession(service, "ana", released.position) as resumed:
        assert (await resumed.next()).HasField("ready")


async def test_what_an_agent_asked_for_stands_and_how_it_ended_is_told_though_its_position_is_forgotten(
    running: Running, stack: AsyncExitStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(switchboard, "RECORDS_REMEMBERED", 2)
    service = stub(running, stack)
    ana = await desktop(running, stack, "ana")
    contact_id = await running.arrive("one")
    await ana.accept((await told(ana, "offer")).offer_id)
    epoch = (await told(ana, "assigned")).epoch
    async with RawSession(service, "ana") as first:
        position = (await first.next("ready")).position
    asking = facts_pb2.HelpAsked(contact_id=contact_id, epoch=epoch, kind=facts_pb2.HELP_KIND_EXPERT)
    asked = await ana.send(ask_help=asking)
    help_id = asked.reply.subject_id
    assert (await told(ana, "request")).help_id == help_id
    bor = await desktop(running, stack, "bor")
    assert (await told(bor, "help")).help_id == help_id
    joined = router_pb2.RequestNotice(
        help_id=help_id, contact_id=contact_id, kind=facts_pb2.HELP_KIND_EXPERT, adviser_id="bor"
    )
    assert await told(ana, "request") == joined
    hands = await service.GetAgent(router_pb2.GetAgentRequest(desk_id="acme", agent_id="ana"), timeout=20)
    assert list(hands.requests) == [joined]
    assert ana.hands.requests == {help_id: joined}

    await bor.send(answer_help=facts_pb2.HelpAnswered(help_id=help_id, result=facts_pb2.HELP_RESULT_ADVICE))
    assert (await told(ana, "help_ended")).result == facts_pb2.HELP_RESULT_ADVICE
    async with RawSession(service, "ana", position) as later:
        ended = await later.next()
        assert (ended.help_ended.help_id, ended.HasField("position")) == (help_id, False)
        assert ended.help_ended.result == facts_pb2.HELP_RESULT_ADVICE
        assert (await later.next("assigned", "request")).assigned.epoch == epoch
        ready = await later.next("ready", "request")
        assert ready.ready.told_whole and ready.ready.ends_known_after.offset > position.offset
    assert ana.hands.requests == {}


async def test_a_position_of_another_generation_starts_a_session_as_if_it_were_new(
    running: Running, stack: AsyncExitStack
) -> None:
    """Of its requests it is told those about contacts that it has; this replica has forgotten nothing."""
    ana = await desktop(running, stack, "ana")
    help_ids = []
    for name in ("one", "two"):
        contact_id = await running.arrive(name)
        await ana.accept((await told(ana, "offer")).offer_id)
        epoch = (await told(ana, "assigned")).epoch
        asking = facts_pb2.HelpAsked(contact_id=contact_id, epoch=epoch, kind=facts_pb2.HELP_KIND_EXPERT)
        help_ids.append((await ana.send(ask_help=asking)).reply.subject_id)
        if name == "one":
            await ana.resolve(contact_id, epoch, "OUTCOME_RESOLVED")
            assert (await told(ana, "help_ended")).help_id == help_ids[0]
    elsewhere = router_pb2.Position(generation=7, partition=partition_of("acme", PARTITIONS), offset=1)
    async with RawSession(stub(running, stack), "ana", elsewhere) as session:
        notice, kinds = await session.next(), []
        while not notice.HasField("ready"):
            kinds.append(notice.WhichOneof("message"))
            notice = await session.next()
    assert kinds == ["presence", "assigned", "request"]
    assert (notice.ready.told_whole, notice.ready.ends_known_after.offset) == (True, -1)


async def test_a_position_ahead_of_the_replica_repeats_nothing(
    running: Running, stack: AsyncExitStack
) -> None:
    ana = await desktop(running, stack, "ana")
    late, fold_on = await late_replica(running, stack)
    for presence in ("PRESENCE_BREAK", "PRESENCE_AVAILABLE"):
        ahead = (await ana.send(set_presence=facts_pb2.AgentStateChanged(presence=presence))).position
    service = stub(late, stack)
    call = service.WatchDecisions(router_pb2.WatchDecisionsRequest(desk_id="acme", resume_after=ahead))
    stack.callback(call.cancel)
    async with RawSession(service, "ana", ahead) as session:
        ready = await session.next("ready")
        assert (ready.position, ready.ready.told_whole) == (ahead, False)
        fold_on()
        await session.send(
            command_id="2", set_presence=facts_pb2.AgentStateChanged(presence=facts_pb2.PRESENCE_BREAK)
        )
        assert (await session.next("presence")).position.offset == ahead.offset + 1
    async with asyncio.timeout(30):
        assert (await call.read()).position.offset == ahead.offset + 1


async def test_an_agent_who_comes_from_ahead_of_the_replica_is_waited_for(
    running: Running, stack: AsyncExitStack
) -> None:
    """Configured and signed in at another replica, it comes to one that has not heard of it."""
    late, fold_on = await late_replica(running, stack)
    agents = (*DESK.agents, replace(DESK.agents[0], agent_id="cy"))
    await running.router.api.configure("c2", replace(DESK, version="2", agents=agents), timeout_seconds=10)
    ahead = (await (await desktop(running, stack, "cy")).send(sign_in=facts_pb2.AgentSignedIn())).position
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        async with RawSession(stub(late, stack), "cy") as session:
            await session.next("ready")
    assert reason_of(raised.value) == (grpc.StatusCode.NOT_FOUND, "AGENT_NOT_FOUND")
    async with RawSession(stub(late, stack), "cy", ahead) as session:
        fold_on()
        ready = await session.next("ready")
        assert (ready.position, ready.ready.told_whole) == (ahead, False)


async def test_an_agent_who_comes_from_too_far_ahead_is_sent_elsewhere(
    running: Running, stack: AsyncExitStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(desktops, "BEHIND_SECONDS_MAX", 0.05)
    late, _ = await late_replica(running, stack)
    agents = (*DESK.agents, replace(DESK.agents[0], agent_id="cy"))
    await running.router.api.configure("c2", replace(DESK, version="2", agents=agents), timeout_seconds=10)
    ahead = (await (await desktop(running, stack, "cy")).send(sign_in=facts_pb2.AgentSignedIn())).position
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        async with RawSession(stub(late, stack), "cy", ahead) as session:
            await session.next("ready")
    assert reason_of(raised.value) == (grpc.StatusCode.UNAVAILABLE, "BEHIND")


async def test_commands_under_way_survive_a_break_and_one_given_up(
    running: Running, stack: AsyncExitStack
) -> None:
    ana = await desktop(running, stack, "ana")
    sends = [asyncio.ensure_future(ana.send(sign_in=facts_pb2.AgentSignedIn())) for _ in range(40)]
    await asyncio.sleep(0)
    sends[0].cancel()
    await running.break_connections()
    async with asyncio.timeout(30):
        answers = await asyncio.gather(*sends[1:])
    assert all(answer.reply.accepted for answer in answers)
    assert ana.reconnects


async def test_a_replica_that_still_reads_the_log_says_so_and_desktops_wait_for_it(
    running: Running, stack: AsyncExitStack
) -> None:
    late = await listening_replica(running, stack)
    service = stub(late, stack)
    for method, request in (
        ("GetContact", router_pb2.GetContactRequest(desk_id="acme", contact_id="x")),
        ("ListWaiting", router_pb2.ListWaitingRequest(desk_id="acme")),
        ("ExplainDecision", router_pb2.ExplainDecisionRequest(desk_id="acme", contact_id="x")),
        ("Command", router_pb2.CommandRequest(desk_id="acme", agent_id="ana")),
    ):
        with pytest.raises(grpc.aio.AioRpcError) as raised:
            await getattr(service, method)(request, timeout=20)
        assert reason_of(raised.value) == (grpc.StatusCode.UNAVAILABLE, "CATCHING_UP")
    waiting = asyncio.ensure_future(desktop(late, stack, "ana"))
    folding = asyncio.ensure_future(late.router.run())
    stack.callback(folding.cancel)
    assert (await asyncio.wait_for(waiting, 30)).agent_id == "ana"
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await service.GetContact(router_pb2.GetContactRequest(desk_id="acme", contact_id="x"), timeout=20)
    assert reason_of(raised.value) == (grpc.StatusCode.NOT_FOUND, "CONTACT_NOT_FOUND")


async def test_a_command_that_cannot_be_taken_is_answered_and_the_session_goes_on(
    running: Running, stack: AsyncExitStack
) -> None:
    async with RawSession(stub(running, stack), "ana") as session:
        await session.send(command_id="empty")
        await session.send(command_id="", sign_in=facts_pb2.AgentSignedIn())
        await session.send(command_id="large", ask_help=facts_pb2.HelpAsked(contact_id="x" * 1_100_000))
        await session.send(command_id="good", sign_in=facts_pb2.AgentSignedIn())
        replies = [(await session.next("reply")).reply for _ in range(4)]
    assert [(one.command_id, one.reply.accepted, one.reply.reason) for one in replies] == [
        ("empty", False, "INVALID_REQUEST"),
        ("", False, "INVALID_REQUEST"),
        ("large", False, "TOO_LARGE"),
        ("good", True, ""),
    ]
    assert not replies[0].HasField("position")


async def test_a_session_without_a_hello_is_ended(
    running: Running, stack: AsyncExitStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(desktops, "HELLO_SECONDS_MAX", 0.05)
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await asyncio.wait_for(stub(running, stack).AgentSession().read(), 30)
    assert reason_of(raised.value) == (grpc.StatusCode.DEADLINE_EXCEEDED, "NO_HELLO")
