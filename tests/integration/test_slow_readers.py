"""A reader that stops reading costs a bounded amount, is told so by name, and goes on where it was."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from typing import Any, cast

import grpc
import pytest

from frontdesk.v1 import facts_pb2, router_pb2
from services.contract.topics import partition_of
from services.router.serving import desktops, watching
from services.runtime.rpc import Refusal
from tests.integration.router_shell import (
    PARTITIONS,
    RawSession,
    Running,
    folded,
    reason_of,
    running,
    stack,
    stub,
)

__all__ = ["running", "stack"]
"""Fixtures of the shell's tests."""

STEPS_MAX = 400


async def change(running: Running, service: Any, number: int) -> int:
    """Ana goes or comes back, who is then offered what waits; answers the position."""
    presence = facts_pb2.PRESENCE_BREAK if number % 2 else facts_pb2.PRESENCE_AVAILABLE
    command = router_pb2.AgentCommand(
        command_id=f"c{number}", set_presence=facts_pb2.AgentStateChanged(presence=presence)
    )
    request = router_pb2.CommandRequest(desk_id="acme", agent_id="ana", command=command)
    offset: int = (await service.Command(request, timeout=20)).position.offset
    return offset


async def test_a_desktop_that_does_not_read_is_ended_and_misses_nothing(
    running: Running, stack: AsyncExitStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(desktops, "NOTICES_MAX", 4)
    monkeypatch.setattr(desktops, "RECORDS_MAX", 8)
    writer, board = stub(running, stack), running.router.api.switchboard
    await running.arrive("one", text="x" * 600_000)
    await folded(running, 1)
    seen: list[tuple[int, int]] = []
    async with RawSession(stub(running, stack), "ana") as slow:
        last = (await slow.next("ready")).position
        feed = board._agents["acme"]["ana"][0]
        for number in range(STEPS_MAX):
            end = await change(running, writer, number)
            if feed.ended is not None:
                break
        assert feed.ended is not None and not feed._waiting
        with pytest.raises(grpc.aio.AioRpcError) as raised:
            while (notice := await slow.call.read()) is not grpc.aio.EOF:
                last = notice.position
                seen.append((last.offset, last.index))
            await slow.call
        assert reason_of(raised.value) == (grpc.StatusCode.RESOURCE_EXHAUSTED, "TOO_SLOW")
    async with RawSession(stub(running, stack), "ana", last) as resumed:
        while (notice := await resumed.next()).WhichOneof("message") != "ready":
            seen.append((notice.position.offset, notice.position.index))
    assert seen == sorted(set(seen))
    assert {offset for offset, _ in seen} == set(range(seen[0][0], end + 1))


async def test_a_watcher_that_does_not_read_is_ended_and_misses_nothing(
    running: Running, stack: AsyncExitStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At the servicer itself: decisions are so small that thousands of them fit what HTTP/2 sends unread."""
    monkeypatch.setattr(watching, "RECORDS_MAX", 8)
    writer = stub(running, stack)
    request = router_pb2.WatchDecisionsRequest(desk_id="acme")
    request.resume_after.partition = partition_of("acme", PARTITIONS)
    slow = running.router.api.WatchDecisions(request, cast(Any, None))
    seen = [(await anext(slow)).position.offset]
    reading = asyncio.ensure_future(anext(slow))
    for number in range(20):
        end = await change(running, writer, number)
        if number == 0:
            request.resume_after.CopyFrom((await reading).position)
            seen.append(request.resume_after.offset)
    with pytest.raises(Refusal, match="8 decisions behind") as raised:
        await anext(slow)
    assert raised.value.reason == "TOO_SLOW"
    async with asyncio.timeout(60):
        async for response in writer.WatchDecisions(request):
            seen.append(response.position.offset)
            if seen[-1] == end:
                break
    assert seen == list(range(seen[0], end + 1))
