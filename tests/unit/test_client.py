"""The desktop's client against a router that a test scripts."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any

import grpc
import pytest

from frontdesk.client import AgentDesktop, Backoff, SessionLost
from frontdesk.client import desktop as desktop_module
from frontdesk.v1 import facts_pb2, router_pb2, router_pb2_grpc

Notice = router_pb2.AgentSessionResponse
Script = Callable[[AsyncIterator[router_pb2.AgentSessionRequest]], AsyncIterator[Notice]]
READY = Notice(ready=router_pb2.SessionReady())


class ScriptedRouter(router_pb2_grpc.RouterServiceServicer):
    """Answers every session as the script says."""

    def __init__(self, script: Script) -> None:
        self._script = script

    async def AgentSession(
        self, requests: AsyncIterator[router_pb2.AgentSessionRequest], context: Any
    ) -> AsyncIterator[Notice]:
        async for notice in self._script(requests):
            yield notice


@pytest.fixture
async def serve() -> AsyncIterator[Callable[[Script], Awaitable[str]]]:
    async with AsyncExitStack() as stack:

        async def start(script: Script) -> str:
            server = grpc.aio.server()
            router_pb2_grpc.add_RouterServiceServicer_to_server(ScriptedRouter(script), server)  # type: ignore[no-untyped-call] # generated
            port = server.add_insecure_port("127.0.0.1:0")
            await server.start()
            stack.push_async_callback(server.stop, 0)
            return f"127.0.0.1:{port}"

        yield start


def offline(number: int) -> Notice:
    notice = Notice(position=router_pb2.Position(offset=number))
    notice.presence.agent_id = f"ana {number}"
    return notice


async def test_a_reader_that_is_too_slow_reads_what_was_kept_and_then_the_error(
    serve: Callable[[Script], Awaitable[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def script(requests: AsyncIterator[router_pb2.AgentSessionRequest]) -> AsyncIterator[Notice]:
        yield READY
        for number in range(5):
            yield offline(number)
        async for _ in requests:
            pass

    monkeypatch.setattr(desktop_module, "NOTICES_MAX", 3)
    read: list[int] = []
    async with asyncio.timeout(30), AgentDesktop(await serve(script), "acme", "ana") as desktop:
        with pytest.raises(SessionLost, match="3 notices"):
            await desktop.send(sign_in=facts_pb2.AgentSignedIn())
        with pytest.raises(SessionLost, match="3 notices"):
            async for notice in desktop.notices():
                read.append(notice.position.offset)
        with pytest.raises(SessionLost, match="3 notices"):
            await desktop.send(sign_in=facts_pb2.AgentSignedIn())
    assert read == [0, 1, 2]


async def test_a_desktop_that_stops_waiting_for_its_router_leaves_nothing_running() -> None:
    before = asyncio.all_tasks()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05), AgentDesktop("127.0.0.1:1", "acme", "ana"):
            pass
    async with asyncio.timeout(30):  # gRPC's own task of a call ends once its core has told the status
        while asyncio.all_tasks() - before:
            await asyncio.sleep(0.01)


async def test_a_desktop_waits_longer_for_a_router_that_it_had_than_for_one_that_it_never_saw(
    serve: Callable[[Script], Awaitable[str]],
) -> None:
    async def script(requests: AsyncIterator[router_pb2.AgentSessionRequest]) -> AsyncIterator[Notice]:
        await anext(aiter(requests))  # a call that ends while its caller writes is a fault to gRPC
        yield READY

    with pytest.raises(SessionLost, match="for 0 s"):
        async with AgentDesktop("127.0.0.1:1", "acme", "ana", retry_seconds=60, connect_seconds=0.1):
            pass
    quick = Backoff(first_seconds=0.01, max_seconds=0.02)
    async with (
        asyncio.timeout(30),
        AgentDesktop(
            await serve(script), "acme", "ana", retry_seconds=60, connect_seconds=0, backoff=quick
        ) as desktop,
    ):
        while desktop.reconnects < 3:  # each session ends at once, and the next one is waited for
            await asyncio.sleep(0.01)


async def test_no_more_open_requests_are_named_than_a_router_takes_and_those_are_the_newest(
    serve: Callable[[Script], Awaitable[str]],
) -> None:
    hellos: list[router_pb2.SessionHello] = []

    async def script(requests: AsyncIterator[router_pb2.AgentSessionRequest]) -> AsyncIterator[Notice]:
        hellos.append((await anext(aiter(requests))).hello)
        for number in range(120 if len(hellos) == 1 else 0):
            yield Notice(request=router_pb2.RequestNotice(help_id=f"h{number}", contact_id="c"))
            yield Notice(request=router_pb2.RequestNotice(contact_id=f"c{number}"))
        yield Notice(position=router_pb2.Position(offset=1), ready=router_pb2.SessionReady())
        if len(hellos) > 1:
            async for _ in requests:
                pass

    desktop = AgentDesktop(await serve(script), "acme", "ana", backoff=Backoff(first_seconds=0.01))
    async with asyncio.timeout(30), desktop:
        while len(hellos) < 2:
            await asyncio.sleep(0.01)
    newest = range(119, 19, -1)
    assert list(hellos[0].open_help_ids) == []
    assert list(hellos[1].open_help_ids) == [f"h{number}" for number in newest]
    assert list(hellos[1].open_handover_ids) == [f"c{number}" for number in newest]
