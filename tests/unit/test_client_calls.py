"""Calls that are repeated within their deadline, against routers that a test scripts, over real gRPC."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any

import grpc
import pytest
from prometheus_client import CollectorRegistry

from frontdesk.client import (
    AgentDesktop,
    Backoff,
    Endpoint,
    NoAnswer,
    Refused,
    RouterClient,
    SessionLost,
    retry,
)
from frontdesk.v1 import decisions_pb2, facts_pb2, router_pb2, router_pb2_grpc
from services.runtime.refusal import Refusal, invalid
from services.runtime.rpc import serve

QUICK = Backoff(first_seconds=0.005, max_seconds=0.02, attempt_seconds_max=1)
AWAY = Refusal(grpc.StatusCode.UNAVAILABLE, "CATCHING_UP", "soon", retry_after_ms=10)

EARLY = Refusal(grpc.StatusCode.NOT_FOUND, "AGENT_NOT_FOUND", "no such agent, or not yet", retry_after_ms=10)
FAULT = Refusal(grpc.StatusCode.INTERNAL, "INTERNAL", "the server's log has it")


class Scripted(router_pb2_grpc.RouterServiceServicer):
    """Answers commands one after the other as it is told; None hangs, after the last one it accepts."""

    def __init__(self, *answers: Refusal | None) -> None:
        self.answers = list(answers)
        self.ids: list[str] = []
        self.watched: list[int] = []
        self.breaks = 0

    async def Command(self, request: Any, context: Any) -> router_pb2.CommandResponse:
        self.ids.append(request.command.command_id)
        if self.answers:
            answer = self.answers.pop(0)
            if answer is None:
                await asyncio.Event().wait()
            assert answer is not None
            raise answer
        return router_pb2.CommandResponse(
            command_id=request.command.command_id, reply=decisions_pb2.Reply(accepted=True)
        )

    async def WatchDecisions(
        self, request: Any, context: Any
    ) -> AsyncIterator[router_pb2.WatchDecisionsResponse]:
        """Three decisions a stream, then it breaks."""
        self.watched.append(request.resume_after.offset)
        for offset in range(request.resume_after.offset + 1, request.resume_after.offset + 4):
            yield router_pb2.WatchDecisionsResponse(position=router_pb2.Position(offset=offset))
        raise Refusal(grpc.StatusCode.RESOURCE_EXHAUSTED, "TOO_SLOW", "again", retry_after_ms=1)

    async def AgentSession(
        self, requests: Any, context: Any
    ) -> AsyncIterator[router_pb2.AgentSessionResponse]:
        """Ready at once where the answer is None or none is left; ends after that while there are answers."""
        self.ids.append("session")
        answer = self.answers.pop(0) if self.answers else None
        if isinstance(answer, Refusal):
            raise answer
        yield router_pb2.AgentSessionResponse(ready=router_pb2.SessionReady())
        if self.answers:
            raise RuntimeError("a fault of the service")
        await asyncio.Event().wait()


@pytest.fixture
async def replica() -> AsyncIterator[Callable[[Scripted], Awaitable[str]]]:
    async with AsyncExitStack() as stack:

        async def started(scripted: Scripted) -> str:
            server = await serve(
                [lambda s: router_pb2_grpc.add_RouterServiceServicer_to_server(scripted, s)],  # type: ignore[no-untyped-call] # generated
                [],
                address="127.0.0.1:0",
                registry=CollectorRegistry(),
            )
            stack.push_async_callback(server.close, grace_seconds=0)
            return f"127.0.0.1:{server.port}"

        yield started


Replica = Callable[[Scripted], Awaitable[str]]


async def sign_in(client: RouterClient) -> router_pb2.CommandResponse:
    return await client.command("acme", "ana", sign_in=facts_pb2.AgentSignedIn())


async def test_one_intent_keeps_its_id_through_refusals_and_a_replica_that_hangs(replica: Replica) -> None:
    busy = Refusal(grpc.StatusCode.RESOURCE_EXHAUSTED, "TOO_MANY_COMMANDS", "busy", retry_after_ms=10)
    unknown = Refusal(grpc.StatusCode.DEADLINE_EXCEEDED, "OUTCOME_UNKNOWN", "again", retry_after_ms=10)
    scripted = Scripted(AWAY, busy, unknown, None)
    async with RouterClient(await replica(scripted), backoff=QUICK) as client:
        assert (await sign_in(client)).reply.accepted
        assert (await sign_in(client)).reply.accepted
    first, second = scripted.ids[:5], scripted.ids[5:]
    assert len(set(first)) == len(set(second)) == 1 and first[0] != second[0]


async def test_what_repeating_cannot_mend_is_raised_at_once_with_its_fields(replica: Replica) -> None:
    scripted = Scripted(invalid({"command": "is required"}))
    async with RouterClient(await replica(scripted), backoff=QUICK) as client:
        with pytest.raises(Refused) as raised:
            await sign_in(client)
    assert (raised.value.reason, raised.value.fields) == ("INVALID_REQUEST", {"command": "is required"})
    assert len(scripted.ids) == 1


async def test_a_no_that_may_be_too_early_is_doubted_for_a_while_and_then_raised(
    replica: Replica, monkeypatch: pytest.MonkeyPatch
) -> None:
    scripted = Scripted(EARLY, EARLY)
    async with RouterClient(await replica(scripted), backoff=QUICK) as client:
        assert (await sign_in(client)).reply.accepted
    assert len(scripted.ids) == 3
    scripted = Scripted(*[EARLY] * 1_000)
    async with RouterClient(await replica(scripted), backoff=QUICK, deadline_seconds=1) as client:
        with pytest.raises(Refused, match="AGENT_NOT_FOUND"):
            await sign_in(client)
    assert len(scripted.ids) > 1
    monkeypatch.setattr(retry, "DOUBTED_SECONDS_MAX", 0.05)
    async with asyncio.timeout(30):
        async with RouterClient(await replica(scripted), backoff=QUICK, deadline_seconds=60) as client:
            with pytest.raises(Refused, match="AGENT_NOT_FOUND"):
                await sign_in(client)
        with pytest.raises(Refused, match="AGENT_NOT_FOUND"):
            async with AgentDesktop(await replica(scripted), "acme", "ana", backoff=QUICK):
                raise AssertionError("there is no such agent")


async def test_a_session_outlives_a_no_that_was_too_early_and_a_fault_of_the_service(
    replica: Replica,
) -> None:
    scripted = Scripted(FAULT, EARLY, None, None, FAULT, None)
    async with (
        asyncio.timeout(30),
        AgentDesktop(await replica(scripted), "acme", "ana", backoff=QUICK) as desktop,
    ):
        while len(scripted.ids) < 6 or not desktop.connected:
            await asyncio.sleep(0.01)
    assert desktop.reconnects == 5


async def test_a_session_that_meets_faults_only_gives_up_in_time_though_each_was_ready(
    replica: Replica,
) -> None:
    async with (
        asyncio.timeout(30),
        AgentDesktop(
            await replica(Scripted(*[None] * 10_000)), "acme", "ana", backoff=QUICK, retry_seconds=1
        ) as desktop,
    ):
        with pytest.raises(SessionLost, match="INTERNAL"):
            async for _ in desktop.notices():
                raise AssertionError("nothing is told")


async def test_after_the_deadline_the_caller_has_the_id_to_repeat(replica: Replica) -> None:
    scripted = Scripted(*[AWAY] * 1_000)
    async with RouterClient(await replica(scripted), backoff=QUICK, deadline_seconds=1) as client:
        with pytest.raises(NoAnswer, match="CATCHING_UP") as raised:
            await sign_in(client)
    assert {raised.value.command_id} == set(scripted.ids)
    assert isinstance(raised.value, TimeoutError)


async def test_calls_go_round_all_replicas_and_past_those_that_are_gone(replica: Replica) -> None:
    one, other = Scripted(), Scripted()
    targets = [await replica(one), await replica(other), "127.0.0.1:1"]
    async with RouterClient(targets, backoff=QUICK) as client:
        async with asyncio.timeout(30):
            while not (one.ids and other.ids):
                await sign_in(client)
        for _ in range(20):
            await sign_in(client)
    assert len(one.ids) >= 5 and len(other.ids) >= 5


async def test_a_watch_goes_on_after_the_last_decision_it_told(replica: Replica) -> None:
    scripted = Scripted()
    seen: list[int] = []
    async with RouterClient(await replica(scripted), backoff=QUICK) as client:
        async with asyncio.timeout(30):
            async for response in client.watch("acme", after=router_pb2.Position(offset=4)):
                seen.append(response.position.offset)
                if len(seen) == 7:
                    break
    assert seen == [5, 6, 7, 8, 9, 10, 11]
    assert scripted.watched == [4, 7, 10]


async def test_a_watch_gives_up_when_nobody_answers() -> None:
    async with RouterClient("127.0.0.1:1", backoff=QUICK) as client:
        with pytest.raises(SessionLost, match=r"127\.0\.0\.1:1"):
            async for _ in client.watch("acme", after=router_pb2.Position(), retry_seconds=1):
                raise AssertionError("there is nobody")


@pytest.mark.parametrize(
    ("code", "reason", "message", "again"),
    [
        ("UNAVAILABLE", "", "connection reset", True),
        ("UNKNOWN", "", "stream removed", True),
        ("CANCELLED", "", "by a server that stops", True),
        ("UNAVAILABLE", "BEHIND", "", True),
        ("RESOURCE_EXHAUSTED", "TOO_MANY_CALLS", "", True),
        ("RESOURCE_EXHAUSTED", "", "Concurrent RPC limit exceeded!", True),
        ("RESOURCE_EXHAUSTED", "", "SERVER: Received message larger than max (9 vs. 8)", False),
        ("INTERNAL", "INTERNAL", "the server's log has it", False),
        ("NOT_FOUND", "DESK_NOT_FOUND", "", False),
        ("UNIMPLEMENTED", "", "", False),
        ("PERMISSION_DENIED", "", "", False),
    ],
)
def test_what_is_worth_repeating(code: str, reason: str, message: str, again: bool) -> None:
    refused = Refused(grpc.StatusCode[code], reason, message)
    assert (refused.may_repeat, refused.is_doubtful) == (again, False)


def test_a_no_that_says_when_to_come_back_is_worth_repeating() -> None:
    early = Refused(grpc.StatusCode.NOT_FOUND, "DESK_NOT_FOUND", "", retry_after_seconds=1.0)
    assert early.may_repeat and early.is_doubtful


@pytest.mark.parametrize(
    ("attempt", "asked", "chance", "seconds"),
    [
        (0, None, 0.0, 0.0),
        (0, None, 0.5, 0.05 * 0.5),
        (3, None, 0.5, 0.05 * 8 * 0.5),
        (50, None, 1.0, 2.0),  # the most
        (0, 1.5, 0.5, 1.5 + 0.05 * 0.5),  # the service's word is the least
    ],
)
def test_pauses_grow_with_jitter_up_to_a_bound(
    attempt: int, asked: float | None, chance: float, seconds: float
) -> None:
    assert Backoff().pause_seconds(attempt, asked, chance) == pytest.approx(seconds)


@pytest.mark.parametrize(
    ("given", "target"),
    [
        ("router:50051", "dns:///router:50051"),
        ("dns:///router:50051", "dns:///router:50051"),
        ("10.0.0.7:1, 10.0.0.8:2", "ipv4:10.0.0.7:1,10.0.0.8:2"),
        (("[::1]:1", "[::2]:2"), "ipv6:[::1]:1,[::2]:2"),
        ("ipv4:10.0.0.7:1,10.0.0.8:2", "ipv4:10.0.0.7:1,10.0.0.8:2"),
    ],
)
async def test_targets_are_one_name_or_a_list_of_addresses(given: Any, target: str) -> None:
    assert await Endpoint.of(given)._target(shuffled=False) == target
