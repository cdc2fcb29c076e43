"""The router on an embedded log behind a port, for the tests that ask it over real gRPC."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

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
    Channel,
    ContactArrived,
    CustomerRef,
    Fact,
    LanguageGuess,
    TopicWeight,
)
from services.contract.topics import FACTS, partition_of
from services.router.build import Router, build, topics
from services.router.model import DeskState
from services.router.settings import RouterSettings
from services.runtime.clock import ManualClock
from services.runtime.log import Log
from services.runtime.rpc import RpcServer, serve
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
    """The next notice of a kind; fails after half a minute."""
    async with asyncio.timeout(30):
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


def violations(error: grpc.aio.AioRpcError) -> dict[str, str]:
    """What is wrong, by the field's path."""
    status = rpc_status.from_call(error)
    found = error_details_pb2.BadRequest()
    assert status is not None and any(detail.Unpack(found) for detail in status.details)
    return {one.field: one.description for one in found.field_violations}


class RawSession:
    """A session without the client's care."""

    def __init__(
        self,
        service: Any,
        agent_id: str,
        resume_after: router_pb2.Position | None = None,
        open_ids: Mapping[str, list[str]] | None = None,
    ) -> None:
        hello = router_pb2.SessionHello(
            desk_id="acme",
            agent_id=agent_id,
            resume_after=resume_after,
            **(open_ids or {}),
        )
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
        async with asyncio.timeout(30):
            while True:
                message = await self.call.read()
                assert message is not grpc.aio.EOF, self.call
                if not kinds or message.WhichOneof("message") in kinds:
                    return message  # type: ignore[no-any-return] # generated


async def folded(running: Running, count: int) -> None:
    """Waits until so many contacts are known."""
    async with asyncio.timeout(30):
        while len(running.desk().contacts) < count:
            await asyncio.sleep(0.01)


async def listening_replica(running: Running, stack: AsyncExitStack) -> Running:
    """A second replica on the same log that answers calls and has folded nothing."""
    router = build(
        RouterSettings("late", PARTITIONS, 100, 100),
        clock=running.clock,
        log=running.log,
        registry=CollectorRegistry(),
    )
    late = Running(router, running.log, running.clock, await listen(router, "127.0.0.1:0"))
    stack.push_async_callback(lambda: late.server.close(grace_seconds=0))
    return late


async def late_replica(running: Running, stack: AsyncExitStack) -> tuple[Running, Callable[[], None]]:
    """A replica that was ready and folds no more, until it is told to."""
    late = await listening_replica(running, stack)
    router = late.router
    folding = asyncio.ensure_future(router.tail.run())
    await router.ready()
    folding.cancel()
    await asyncio.gather(folding, return_exceptions=True)

    def fold_on() -> None:
        stack.callback(asyncio.ensure_future(router.tail.run()).cancel)

    return late, fold_on
