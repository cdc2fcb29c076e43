"""The router on an embedded log: commands, sessions that resume, refusals, explanations, over real gRPC."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import grpc
import pytest
from google.rpc import error_details_pb2
from grpc_status import rpc_status
from prometheus_client import CollectorRegistry

from frontdesk.client import AgentDesktop
from frontdesk.v1 import facts_pb2, router_pb2, router_pb2_grpc
from services.contract.codec import encode_fact
from services.contract.desk import Agent, AuthorityRule, Desk, Grant, Queue, Topic
from services.contract.facts import (
    AgentSignedIn,
    Channel,
    ContactArrived,
    CustomerRef,
    Fact,
    LanguageGuess,
    TopicWeight,
)
from services.contract.topics import DEAD_LETTERS, FACTS, partition_of
from services.router import desktops, trail
from services.router.build import Router, build, topics
from services.router.cards import Cards
from services.router.commands import Commander
from services.router.model import DeskState
from services.router.settings import RouterSettings
from services.runtime.clock import ManualClock
from services.runtime.dead_letters import read_letter
from services.runtime.log import Log, LogError, LogUnavailable, OutcomeUnknown, PositionLost, Record
from services.runtime.rpc import Refusal, RpcServer, serve
from services.runtime.sqlite_log import SqliteLog

PARTITIONS = 2
DESK = Desk(
    desk_id="acme",
    version="1",
    topics=(Topic(topic_id="billing", resolution_prior=0.8, handle_seconds=240, level_priors=(0.8, 0.2)),),
    queues=(Queue(queue_id="all"),),
    authority=(AuthorityRule(decision_type="refund", currency="EUR", limits_minor=(0, 5_000)),),
    agents=tuple(
        Agent(
            agent_id=name,
            topic_ids=("billing",),
            languages=("en",),
            grants=(Grant(decision_type="refund", limit_minor=5_000, currency="EUR"),),
            capacity_units=100,
            speed_factor=1.0,
        )
        for name in ("ana", "bor")
    ),
)


class Running:
    """A router behind a port, on a log that outlives it."""

    def __init__(self, router: Router, log: Log, clock: ManualClock, server: RpcServer) -> None:
        self.router, self.log, self.clock, self.server = router, log, clock, server
        self.address = f"127.0.0.1:{server.port}"

    async def break_connections(self) -> None:
        """Ends every connection at once and listens again at the same address."""
        await self.server.close(grace_seconds=0)
        self.server = await listen(self.router, self.address)

    def desk(self, desk_id: str = "acme") -> DeskState:
        return self.router.tail.state(partition_of(desk_id, PARTITIONS)).desks[desk_id]

    async def arrive(
        self,
        name: str,
        *,
        channel: Channel = Channel.SOCIAL,
        desk_id: str = "acme",
        text: str = "I was charged twice.",
    ) -> str:
        """A contact comes in, as intake would append it; answers its id."""
        now_ms = self.clock.now_ms()
        body = ContactArrived(
            contact_id=f"contact-{name}",
            channel=channel,
            medium="messenger",
            customer=CustomerRef(type="psid", value=name, name="Ida", key=f"key-{name}"),
            thread_key=f"thread-{name}",
            text=text,
            language=LanguageGuess(code="en", script="Latn", confidence=0.9, source="text"),
            topics=(TopicWeight(topic_id="billing", weight=0.9),),
        )
        fact = Fact(
            fact_id=f"fact-{name}" if desk_id == "acme" else f"fact-{desk_id}-{name}",
            desk_id=desk_id,
            occurred_at_ms=now_ms,
            received_at_ms=now_ms,
            source="test",
            body=body,
        )
        await self.log.append(FACTS, partition_of(desk_id, PARTITIONS), desk_id.encode(), encode_fact(fact))
        return body.contact_id


async def start(log: Log, clock: ManualClock, stack: AsyncExitStack) -> Running:
    router = build(
        RouterSettings("test", PARTITIONS, 100, 100), clock=clock, log=log, registry=CollectorRegistry()
    )
    running = asyncio.ensure_future(router.run())

    async def stop() -> None:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)

    stack.push_async_callback(stop)
    found = Running(router, log, clock, await listen(router, "127.0.0.1:0"))
    stack.push_async_callback(lambda: found.server.close(grace_seconds=0))
    await router.ready()
    return found


async def listen(router: Router, address: str) -> RpcServer:
    return await serve(
        [router.add_to_grpc], [router.service_name], address=address, registry=CollectorRegistry()
    )


@pytest.fixture
async def stack() -> AsyncIterator[AsyncExitStack]:
    async with AsyncExitStack() as exit_stack:
        yield exit_stack


@pytest.fixture
async def running(tmp_path: Path, stack: AsyncExitStack) -> Running:
    clock = ManualClock()
    log = await SqliteLog.open(tmp_path / "log.db", clock=clock.now_ms)
    stack.push_async_callback(log.close)
    await log.create_topics(topics(PARTITIONS))
    found = await start(log, clock, stack)
    await found.router.api.configure("c1", DESK, timeout_seconds=10)
    return found


async def desktop(running: Running, stack: AsyncExitStack, agent_id: str) -> AgentDesktop:
    one = await stack.enter_async_context(AgentDesktop(running.address, "acme", agent_id, retry_seconds=10))
    await one.send(sign_in=facts_pb2.AgentSignedIn())
    return one


async def told(one: AgentDesktop, kind: str) -> Any:
    """The next notice of a kind; fails after five seconds."""
    async with asyncio.timeout(5):
        async for notice in one.notices():
            if notice.WhichOneof("message") == kind:
                return getattr(notice, kind)
    raise AssertionError(kind)


def stub(running: Running, stack: AsyncExitStack) -> Any:
    channel = grpc.aio.insecure_channel(running.address)
    stack.push_async_callback(channel.close)
    return router_pb2_grpc.RouterServiceStub(channel)  # type: ignore[no-untyped-call] # generated


def reason_of(error: grpc.aio.AioRpcError) -> tuple[grpc.StatusCode, str]:
    """Code and reason of a refusal."""
    status = rpc_status.from_call(error)
    info = error_details_pb2.ErrorInfo()
    assert status is not None
    assert status.details[0].Unpack(info)
    return error.code(), info.reason


async def test_a_contact_is_offered_accepted_and_resolved(running: Running, stack: AsyncExitStack) -> None:
    ana = await desktop(running, stack, "ana")
    contact_id = await running.arrive("one")
    offer = await told(ana, "offer")
    assert (offer.contact.contact_id, offer.contact.text, offer.contact.customer_name) == (
        contact_id,
        "I was charged twice.",
        "Ida",
    )
    assert (await ana.accept(offer.offer_id)).reply.accepted
    assigned = await told(ana, "assigned")
    assert (await ana.resolve(contact_id, assigned.epoch)).reply.accepted
    assert (await told(ana, "released")).contact_id == contact_id
    contact = await stub(running, stack).GetContact(
        router_pb2.GetContactRequest(desk_id="acme", contact_id=contact_id), timeout=5
    )
    assert contact.state == router_pb2.CONTACT_STATE_CLOSED
    assert contact.outcome == facts_pb2.OUTCOME_RESOLVED


async def test_a_command_repeated_with_its_id_takes_effect_once(
    running: Running, stack: AsyncExitStack
) -> None:
    ana = await desktop(running, stack, "ana")
    await running.arrive("one")
    offer = await told(ana, "offer")
    command = router_pb2.AgentCommand(
        command_id="same",
        answer_offer=facts_pb2.OfferAnswered(offer_id=offer.offer_id, answer=facts_pb2.OFFER_ANSWER_ACCEPT),
    )
    request = router_pb2.CommandRequest(desk_id="acme", agent_id="ana", command=command)
    first = await stub(running, stack).Command(request, timeout=5)
    again = await stub(running, stack).Command(request, timeout=5)
    assert first.reply == again.reply
    assert first.reply.accepted
    assert again.position.offset > first.position.offset


async def test_an_offer_of_another_agent_cannot_be_taken(running: Running, stack: AsyncExitStack) -> None:
    ana = await desktop(running, stack, "ana")
    bor = await desktop(running, stack, "bor")
    await running.arrive("one")
    done, pending = await asyncio.wait(
        {asyncio.ensure_future(told(one, "offer")) for one in (ana, bor)}, return_when=asyncio.FIRST_COMPLETED
    )
    for task in pending:
        task.cancel()
    offer = next(iter(done)).result()
    contact = await stub(running, stack).GetContact(
        router_pb2.GetContactRequest(desk_id="acme", contact_id=offer.contact.contact_id), timeout=5
    )
    other = bor if contact.offered_to_id == "ana" else ana
    reply = (await other.accept(offer.offer_id)).reply
    assert not reply.accepted
    assert reply.reason


async def test_a_session_resumes_where_it_was(running: Running, stack: AsyncExitStack) -> None:
    ana = await desktop(running, stack, "ana")
    await running.break_connections()
    async with asyncio.timeout(5):
        while not (ana.reconnects and ana._ready.is_set()):
            await asyncio.sleep(0.01)
    await running.arrive("one")
    assert (await told(ana, "offer")).contact.contact_id == "contact-one"
    assert ana.reconnects >= 1


class RawSession:
    """A session without the client's care."""

    def __init__(self, service: Any, agent_id: str, resume_after: router_pb2.Position | None = None) -> None:
        hello = router_pb2.SessionHello(desk_id="acme", agent_id=agent_id, resume_after=resume_after)
        self.call = service.AgentSession()
        self._hello = router_pb2.AgentSessionRequest(hello=hello)

    async def __aenter__(self) -> RawSession:
        await self.call.write(self._hello)
        return self

    async def __aexit__(self, *_: object) -> None:
        self.call.cancel()

    async def send(self, **command: Any) -> None:
        await self.call.write(
            router_pb2.AgentSessionRequest(command=router_pb2.AgentCommand(**command)),
        )

    async def next(self, *kinds: str) -> router_pb2.AgentSessionResponse:
        """The next message of one of these kinds; of any kind when none is named."""
        async with asyncio.timeout(5):
            while True:
                message = await self.call.read()
                assert message is not grpc.aio.EOF, self.call
                if not kinds or message.WhichOneof("message") in kinds:
                    return message  # type: ignore[no-any-return] # generated


async def folded(running: Running, count: int) -> None:
    """Waits until so many contacts are known."""
    async with asyncio.timeout(5):
        while len(running.desk().contacts) < count:
            await asyncio.sleep(0.01)


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
    await service.Command(router_pb2.CommandRequest(desk_id="acme", agent_id="ana", command=away), timeout=5)
    lost = router_pb2.ReleasedNotice(contact_id=contact_id, reason="agent_lost")
    assert await told(ana, "released") == lost
    async with RawSession(service, "ana", position) as resumed:
        released = await resumed.next("released", "ready")
        assert released.released == lost
    async with RawSession(service, "ana", released.position) as resumed:
        assert (await resumed.next()).HasField("ready")


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
    async with asyncio.timeout(5):
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


async def late_replica(running: Running, stack: AsyncExitStack) -> tuple[Running, Callable[[], None]]:
    """A replica that was ready and folds no more, until it is told to."""
    router = build(
        RouterSettings("late", PARTITIONS, 100, 100),
        clock=running.clock,
        log=running.log,
        registry=CollectorRegistry(),
    )
    late = Running(router, running.log, running.clock, await listen(router, "127.0.0.1:0"))
    stack.push_async_callback(lambda: late.server.close(grace_seconds=0))
    folding = asyncio.ensure_future(router.tail.run())
    await router.ready()
    folding.cancel()
    await asyncio.gather(folding, return_exceptions=True)

    def fold_on() -> None:
        stack.callback(asyncio.ensure_future(router.tail.run()).cancel)

    return late, fold_on


async def test_decisions_are_not_watched_from_another_partition(
    running: Running, stack: AsyncExitStack
) -> None:
    request = router_pb2.WatchDecisionsRequest(desk_id="acme")
    request.resume_after.partition = 1 - partition_of("acme", PARTITIONS)
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await stub(running, stack).WatchDecisions(request).read()
    assert raised.value.code() == grpc.StatusCode.INVALID_ARGUMENT


async def test_commands_sent_at_the_same_time_are_all_answered(
    running: Running, stack: AsyncExitStack
) -> None:
    ana = await desktop(running, stack, "ana")
    async with asyncio.timeout(10):
        answers = await asyncio.gather(*(ana.send(sign_in=facts_pb2.AgentSignedIn()) for _ in range(50)))
    assert [answer.reply.accepted for answer in answers] == [True] * 50
    assert ana.reconnects == 0


async def test_commands_under_way_survive_a_break_and_one_given_up(
    running: Running, stack: AsyncExitStack
) -> None:
    ana = await desktop(running, stack, "ana")
    sends = [asyncio.ensure_future(ana.send(sign_in=facts_pb2.AgentSignedIn())) for _ in range(40)]
    await asyncio.sleep(0)
    sends[0].cancel()
    await running.break_connections()
    async with asyncio.timeout(10):
        answers = await asyncio.gather(*sends[1:])
    assert all(answer.reply.accepted for answer in answers)
    assert ana.reconnects


async def test_a_router_started_again_knows_everything(
    running: Running, stack: AsyncExitStack, tmp_path: Path
) -> None:
    ana = await desktop(running, stack, "ana")
    contact_id = await running.arrive("one")
    await ana.accept((await told(ana, "offer")).offer_id)
    async with AsyncExitStack() as second:
        log = await SqliteLog.open(tmp_path / "log.db", clock=running.clock.now_ms)
        second.push_async_callback(log.close)
        again = await start(log, running.clock, second)
        contact = await stub(again, second).GetContact(
            router_pb2.GetContactRequest(desk_id="acme", contact_id=contact_id), timeout=5
        )
        assert (contact.owner_id, contact.state) == ("ana", router_pb2.CONTACT_STATE_ASSIGNED)


async def test_an_offer_that_nobody_answers_goes_to_the_next_agent(
    running: Running, stack: AsyncExitStack
) -> None:
    ana = await desktop(running, stack, "ana")
    await running.arrive("one")
    first = await told(ana, "offer")
    bor = await desktop(running, stack, "bor")
    running.clock.advance_ms(61_000)
    assert (await told(ana, "offer_ended")).offer_id == first.offer_id
    assert (await told(bor, "offer")).contact.contact_id == "contact-one"


async def test_waiting_contacts_are_listed_oldest_first_in_pages(
    running: Running, stack: AsyncExitStack
) -> None:
    for name in ("one", "two", "three"):
        await running.arrive(name)
        running.clock.advance_ms(1_000)
    service = stub(running, stack)
    async with asyncio.timeout(5):
        while (
            page := await service.ListWaiting(
                router_pb2.ListWaitingRequest(desk_id="acme", page_size=2), timeout=5
            )
        ).total_size < 3:
            await asyncio.sleep(0.01)
    assert [contact.contact_id for contact in page.contacts] == ["contact-one", "contact-two"]
    rest = await service.ListWaiting(
        router_pb2.ListWaitingRequest(desk_id="acme", page_size=2, page_token=page.next_page_token), timeout=5
    )
    assert [contact.contact_id for contact in rest.contacts] == ["contact-three"]
    assert not rest.next_page_token


async def test_a_decision_is_explained_in_words(running: Running, stack: AsyncExitStack) -> None:
    await desktop(running, stack, "ana")
    contact_id = await running.arrive("one")
    service = stub(running, stack)
    request = router_pb2.ExplainDecisionRequest(desk_id="acme", contact_id=contact_id)
    async with asyncio.timeout(5):
        while True:
            try:
                response = await service.ExplainDecision(request, timeout=5)
            except grpc.aio.AioRpcError as error:
                assert error.code() == grpc.StatusCode.NOT_FOUND
                await asyncio.sleep(0.01)
                continue
            break
    weighed = [step for step in response.steps if step.explanation.candidates]
    assert weighed[0].explanation.candidates[0].agent_id == "ana"
    assert any("ana" in step.summary for step in response.steps)


async def test_what_cannot_be_read_becomes_a_dead_letter_and_the_desk_goes_on(
    running: Running, stack: AsyncExitStack
) -> None:
    partition = partition_of("acme", PARTITIONS)
    offset = await running.log.append(FACTS, partition, b"acme", b"\xff no fact")
    ana = await desktop(running, stack, "ana")
    await running.arrive("after")
    assert (await told(ana, "offer")).contact.contact_id == "contact-after"
    tail = await running.log.tail(DEAD_LETTERS, dict.fromkeys(range(PARTITIONS), 0))
    async with asyncio.timeout(5):
        letters: list[Any] = []
        while not letters:
            letters = await tail.read()
    await tail.close()
    letter = read_letter(letters[0].value)
    assert (letter.source, letter.reason) == (f"{FACTS}/{partition}/{offset}", "undecodable")


async def test_a_replica_that_still_reads_the_log_says_so_and_desktops_wait_for_it(
    running: Running, stack: AsyncExitStack
) -> None:
    router = build(
        RouterSettings("late", PARTITIONS, 100, 100),
        clock=running.clock,
        log=running.log,
        registry=CollectorRegistry(),
    )
    late = Running(router, running.log, running.clock, await listen(router, "127.0.0.1:0"))
    stack.push_async_callback(lambda: late.server.close(grace_seconds=0))
    service = stub(late, stack)
    for method, request in (
        ("GetContact", router_pb2.GetContactRequest(desk_id="acme", contact_id="x")),
        ("ListWaiting", router_pb2.ListWaitingRequest(desk_id="acme")),
        ("ExplainDecision", router_pb2.ExplainDecisionRequest(desk_id="acme", contact_id="x")),
        ("Command", router_pb2.CommandRequest(desk_id="acme", agent_id="ana")),
    ):
        with pytest.raises(grpc.aio.AioRpcError) as raised:
            await getattr(service, method)(request, timeout=5)
        assert reason_of(raised.value) == (grpc.StatusCode.UNAVAILABLE, "CATCHING_UP")
    waiting = asyncio.ensure_future(desktop(late, stack, "ana"))
    folding = asyncio.ensure_future(router.run())
    stack.callback(folding.cancel)
    assert (await asyncio.wait_for(waiting, 5)).agent_id == "ana"
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await service.GetContact(router_pb2.GetContactRequest(desk_id="acme", contact_id="x"), timeout=5)
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
        await asyncio.wait_for(stub(running, stack).AgentSession().read(), 5)
    assert reason_of(raised.value) == (grpc.StatusCode.DEADLINE_EXCEEDED, "NO_HELLO")


async def test_commands_of_agents_and_configurations_never_share_an_id(
    running: Running, stack: AsyncExitStack
) -> None:
    agents = (*DESK.agents, *(replace(DESK.agents[0], agent_id=name) for name in ("ana/x", "configure")))
    await running.router.api.configure("c2", replace(DESK, version="2", agents=agents), timeout_seconds=5)
    service = stub(running, stack)
    for agent_id, command_id in (("ana", "x/1"), ("ana/x", "1"), ("configure", "c2")):
        command = router_pb2.AgentCommand(command_id=command_id, sign_in=facts_pb2.AgentSignedIn())
        request = router_pb2.CommandRequest(desk_id="acme", agent_id=agent_id, command=command)
        reply = (await service.Command(request, timeout=5)).reply
        assert (reply.accepted, reply.subject_id) == (True, agent_id)


async def test_a_contact_is_explained_from_its_arrival_though_it_was_forgotten_in_between(
    running: Running, stack: AsyncExitStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trail, "CONTACTS_MAX", 1)
    service = stub(running, stack)
    for count, name in enumerate(("one", "two"), 1):
        await running.arrive(name)
        await folded(running, count)
    ana = await desktop(running, stack, "ana")
    await ana.accept((await told(ana, "offer")).offer_id)
    for contact_id in ("contact-one", "contact-two"):
        assert await explained_offsets(service, "acme", contact_id) == await decided(running, contact_id)


async def test_a_contact_with_very_many_decisions_is_explained_from_the_log(
    running: Running, stack: AsyncExitStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trail, "OFFSETS_PER_CONTACT_MAX", 1)
    ana = await desktop(running, stack, "ana")
    contact_id = await running.arrive("one")
    await ana.accept((await told(ana, "offer")).offer_id)
    found = await explained_offsets(stub(running, stack), "acme", contact_id)
    assert found == await decided(running, contact_id)
    assert running.router.api._explaining._trail._contacts["acme", contact_id] is None


async def test_desks_that_share_a_partition_do_not_explain_each_others_contacts(
    running: Running, stack: AsyncExitStack
) -> None:
    partition = partition_of("acme", PARTITIONS)
    other = next(name for name in map(str, range(100)) if partition_of(name, PARTITIONS) == partition)
    await running.router.api.configure("c1", replace(DESK, desk_id=other), timeout_seconds=5)
    contact_id = await running.arrive("one")
    assert await running.arrive("one", desk_id=other) == contact_id
    async with asyncio.timeout(5):
        while contact_id not in running.desk(other).contacts:
            await asyncio.sleep(0.01)
    service = stub(running, stack)
    here = await explained_offsets(service, "acme", contact_id)
    there = await explained_offsets(service, other, contact_id)
    assert here
    assert there
    assert not set(here) & set(there)


async def explained_offsets(service: Any, desk_id: str, contact_id: str) -> list[int]:
    request = router_pb2.ExplainDecisionRequest(desk_id=desk_id, contact_id=contact_id)
    response = await service.ExplainDecision(request, timeout=5)
    return list(dict.fromkeys(step.position.offset for step in response.steps))


async def decided(running: Running, contact_id: str) -> list[int]:
    """Offsets of all that was decided about a contact, read from the log."""
    every = running.router.api._explaining._trail.accepted(partition_of("acme", PARTITIONS))
    return [at async for at, record in every if contact_id in trail.concerns(record)]


class Away:
    """A log whose next reads by position fail with the errors given."""

    def __init__(self, log: Log, *errors: LogError) -> None:
        self._log, self._errors = log, list(errors)

    async def read_at(self, topic: str, partition: int, offset: int) -> Record:
        if self._errors:
            raise self._errors.pop(0)
        return await self._log.read_at(topic, partition, offset)


@pytest.mark.parametrize(
    ("error", "later"),
    [(LogUnavailable("away"), "I was charged twice."), (PositionLost("expired"), "")],
    ids=["unavailable", "expired"],
)
async def test_words_are_given_up_only_when_their_fact_is_gone(
    running: Running, error: LogError, later: str
) -> None:
    contact_id = await running.arrive("one")
    await folded(running, 1)
    cards = Cards(cast(Log, Away(running.log, error)))
    contact = running.desk().contacts[contact_id]
    partition = partition_of("acme", PARTITIONS)
    assert [(await cards.card(partition, contact)).text for _ in range(2)] == ["", later]


class Unsure:
    """An appender that never knows what became of a record; it writes when told to."""

    def __init__(self, log: Log, *, writes: bool) -> None:
        self._log, self._writes = log, writes

    async def _write(self, topic: str, partition: int, key: bytes, value: bytes) -> int:
        if self._writes:
            await self._log.append(topic, partition, key, value)
        raise OutcomeUnknown("no answer")

    def append(self, topic: str, partition: int, key: bytes, value: bytes) -> asyncio.Future[int]:
        return asyncio.ensure_future(self._write(topic, partition, key, value))

    async def close(self) -> None: ...


async def test_a_command_that_may_be_written_waits_for_its_decision(running: Running) -> None:
    def commander(*, writes: bool) -> Commander:
        appender = Unsure(running.log, writes=writes)
        return Commander(appender, running.router.tail, running.clock, waiting_max=10)

    sign_in = AgentSignedIn(agent_id="ana")
    answer = await commander(writes=True).send("acme", "1", sign_in, timeout_seconds=5)
    assert answer.reply.accepted
    with pytest.raises(Refusal) as raised:
        await commander(writes=False).send("acme", "2", sign_in, timeout_seconds=0.05)
    assert raised.value.reason == "OUTCOME_UNKNOWN"


async def test_all_faults_of_a_configuration_are_told_and_nothing_is_applied(
    running: Running, stack: AsyncExitStack
) -> None:
    desk = router_pb2.ConfigureDeskRequest(command_id="c").desk
    desk.desk_id = "acme"
    desk.agents.add(agent_id="eve", topic_ids=["unknown"])
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await stub(running, stack).ConfigureDesk(
            router_pb2.ConfigureDeskRequest(command_id="c", desk=desk), timeout=5
        )
    assert raised.value.code() == grpc.StatusCode.INVALID_ARGUMENT
    told = violations(raised.value)
    assert told["desk.agents[eve].topic_ids"].startswith("unknown topic 'unknown'")
    assert told["desk.agents[eve].capacity_units"].startswith("must be 20 to")
    assert told["desk.topics"] == "needs at least one topic"
    assert "ana" in running.router.tail.state(partition_of("acme", PARTITIONS)).desks["acme"].agents


def violations(error: grpc.aio.AioRpcError) -> dict[str, str]:
    """What is wrong, by the field's path."""
    status = rpc_status.from_call(error)
    found = error_details_pb2.BadRequest()
    assert status is not None and any(detail.Unpack(found) for detail in status.details)
    return {one.field: one.description for one in found.field_violations}


async def test_more_faults_than_an_answer_holds_are_counted(running: Running, stack: AsyncExitStack) -> None:
    desk = router_pb2.ConfigureDeskRequest().desk
    desk.desk_id = "acme"
    for number in range(2_000):
        desk.agents.add(agent_id=f"agent-{number}", capacity_units=100, languages=["en"], topic_ids=["moon"])
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await stub(running, stack).ConfigureDesk(
            router_pb2.ConfigureDeskRequest(command_id="c", desk=desk), timeout=5
        )

    assert raised.value.code() == grpc.StatusCode.INVALID_ARGUMENT
    told = violations(raised.value)
    rest = told.pop("desk")
    assert len(told) > 20 and f"and {2_002 - len(told)} more faults" in rest
    assert "(2002 faults)" in (raised.value.details() or "")


async def test_watchers_see_every_accepted_decision_once_across_a_break(
    running: Running, stack: AsyncExitStack
) -> None:
    service = stub(running, stack)
    seen: list[int] = []
    request = router_pb2.WatchDecisionsRequest(desk_id="acme")
    request.resume_after.partition = partition_of("acme", PARTITIONS)
    for name in ("one", "two"):
        await running.arrive(name)
        async with asyncio.timeout(5):
            async for response in service.WatchDecisions(request):
                seen.append(response.position.offset)
                request.resume_after.CopyFrom(response.position)
                if response.decision.fact_id == f"fact-{name}":
                    break
    assert seen == sorted(set(seen))
    assert len(seen) >= 3  # the configuration and two contacts
