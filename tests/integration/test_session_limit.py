"""A replica with all the sessions that it may have says so, and when to come back; desktops go to another one."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from dataclasses import replace

import grpc
import pytest
from google.rpc import error_details_pb2
from grpc_status import rpc_status
from prometheus_client import CollectorRegistry

from frontdesk.client import AgentDesktop, SessionLost
from frontdesk.v1 import facts_pb2, router_pb2, router_pb2_grpc
from services.runtime.rpc import serve
from services.runtime.rpc_settings import RpcSettings
from tests.conformance.places import eventually
from tests.integration.router_shell import Running, reason_of, running, stack

__all__ = ["running", "stack"]


async def one_session(running: Running, stack: AsyncExitStack, registry: CollectorRegistry) -> str:
    """The address of a replica that may have one session."""
    server = await serve(
        [running.router.add_to_grpc],
        [running.router.service_name],
        address="127.0.0.1:0",
        registry=registry,
        settings=replace(RpcSettings(), calls_max=1),
    )
    stack.push_async_callback(server.close, grace_seconds=0)
    return f"127.0.0.1:{server.port}"


def refused(registry: CollectorRegistry) -> float:
    """Sessions that were."""
    labels = {"grpc_service": "frontdesk.v1.RouterService", "grpc_method": "AgentSession"}
    labels |= {"grpc_type": "bidi_stream", "grpc_code": "RESOURCE_EXHAUSTED"}
    return registry.get_sample_value("grpc_server_handled_total", labels) or 0.0


async def full_replica(running: Running, stack: AsyncExitStack) -> str:
    """One that has it, of ana."""
    address = await one_session(running, stack, CollectorRegistry())
    await stack.enter_async_context(AgentDesktop(address, "acme", "ana"))
    return address


async def test_a_session_beyond_the_bound_is_refused_and_told_when_to_come_back(
    running: Running, stack: AsyncExitStack
) -> None:
    channel = grpc.aio.insecure_channel(await full_replica(running, stack))
    stack.push_async_callback(channel.close)
    service = router_pb2_grpc.RouterServiceStub(channel)  # type: ignore[no-untyped-call] # generated
    hello = router_pb2.SessionHello(desk_id="acme", agent_id="bor")
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        async for _ in service.AgentSession(iter([router_pb2.AgentSessionRequest(hello=hello)]), timeout=10):
            pytest.fail("a session beyond the bound")
    assert reason_of(raised.value) == (grpc.StatusCode.RESOURCE_EXHAUSTED, "TOO_MANY_CALLS")
    status, retry = rpc_status.from_call(raised.value), error_details_pb2.RetryInfo()
    assert status is not None and any(detail.Unpack(retry) for detail in status.details)
    assert retry.retry_delay.ToMilliseconds() > 0


async def test_a_desktop_opens_its_session_at_a_replica_that_has_room(
    running: Running, stack: AsyncExitStack
) -> None:
    full = await full_replica(running, stack)
    bor = await stack.enter_async_context(
        AgentDesktop([full, running.address], "acme", "bor", retry_seconds=20)
    )
    assert (await bor.send(sign_in=facts_pb2.AgentSignedIn())).reply.accepted
    with pytest.raises(SessionLost):
        await stack.enter_async_context(AgentDesktop(full, "acme", "bor", retry_seconds=1.5))


async def test_a_desktop_that_waits_gets_the_place_of_one_that_goes(
    running: Running, stack: AsyncExitStack
) -> None:
    registry = CollectorRegistry()
    address = await one_session(running, stack, registry)
    async with AgentDesktop(address, "acme", "ana"):
        waiting = AgentDesktop(address, "acme", "bor", retry_seconds=30)
        opening = stack.enter_async_context(waiting)
        task = asyncio.ensure_future(opening)
        await eventually(lambda: refused(registry) > 0, seconds_max=10)
        assert not task.done()
    await task
    assert waiting.connected
