"""The demonstration from start to end: system up, morning played, measures checked against what was played."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path

import grpc
from rich.console import Console

from frontdesk.v1 import metrics_pb2, metrics_pb2_grpc, router_pb2, router_pb2_grpc
from services.cli.demo.agents import SimulatedAgent
from services.cli.demo.board import Board
from services.cli.demo.player import Player
from services.cli.demo.stories import Morning
from services.cli.demo.system import System
from services.cli.demo.truth import Ledger
from services.contract.codec import from_message
from services.contract.decisions import Decision
from services.contract.desk import Desk
from services.runtime.clock import ScaledClock

DRAIN_SECONDS_MAX = 45
"""After the last delivery, the longest wait for open contacts to be closed."""
MEASURES_SECONDS_MAX = 20
"""The longest wait until the measures have folded everything."""
LATE_SHIFT_MS = 30 * 60_000
"""Agents of the late shift sign in this long after the morning began."""


@dataclass(frozen=True)
class Result:
    """What came of it; `differences` is empty when the measures agree with the played truth."""

    kpis: metrics_pb2.KpiRow
    expected: dict[str, int]
    differences: list[str]
    lost: list[str]
    doubles: list[str]

    @property
    def good(self) -> bool:
        return not (self.differences or self.lost or self.doubles)


async def play(
    system: System,
    morning: Morning,
    ids: dict[str, str],
    desk: Desk,
    late_shift: frozenset[str],
    clock: ScaledClock,
    console: Console,
    *,
    disturb: Callable[[], AsyncIterator[None]] | None = None,
) -> Result:
    """Plays the morning on a running system. `disturb` may break things while it is played."""
    ledger = Ledger()
    names = {contact_id: name for name, contact_id in ids.items()}
    grpc_address = system.address("router", "grpc")
    begins_at_ms = clock.now_ms()
    player = Player(
        morning, ids, system.address("intake", "http"), system.address("intake", "smtp"), clock, ledger
    )
    agents = [SimulatedAgent(agent, grpc_address, desk.desk_id, clock, ledger) for agent in desk.agents]
    with Board(console, names, len(morning.contacts)) as board:
        watching = asyncio.create_task(watch(grpc_address, desk.desk_id, board))
        shifts = [
            asyncio.create_task(
                agent.run(begins_at_ms + LATE_SHIFT_MS * (agent.profile.agent_id in late_shift))
            )
            for agent in agents
        ]
        disturbing = asyncio.create_task(_exhaust(disturb)) if disturb is not None else None
        try:
            await _first_failure(player.play(begins_at_ms), shifts)
            await _first_failure(_drained(ledger), shifts)
            if disturbing is not None:
                await disturbing
        finally:
            for task in (watching, *shifts):
                task.cancel()
            await asyncio.gather(watching, *shifts, return_exceptions=True)
    expected = ledger.expected()
    row = await measured(system.address("metrics", "grpc"), desk.desk_id, expected)
    differences = [
        f"{name}: played {wanted}, measured {getattr(row, name)}"
        for name, wanted in expected.items()
        if getattr(row, name) != wanted
    ]
    return Result(row, expected, differences, ledger.open, ledger.doubles)


async def watch(address: str, desk_id: str, board: Board) -> None:
    """Feeds the board from WatchDecisions, resuming when the router is away for a while."""
    request = router_pb2.WatchDecisionsRequest(desk_id=desk_id)
    while True:
        with contextlib.suppress(grpc.aio.AioRpcError):
            async with grpc.aio.insecure_channel(address) as channel:
                stub = router_pb2_grpc.RouterServiceStub(channel)  # type: ignore[no-untyped-call] # generated
                async for response in stub.WatchDecisions(request):
                    request.resume_after.CopyFrom(response.position)
                    board.take(from_message(response.decision, Decision))
        await asyncio.sleep(0.3)


async def measured(address: str, desk_id: str, expected: dict[str, int]) -> metrics_pb2.KpiRow:
    """The desk's KPIs, once they hold everything that was played (or the wait is over)."""
    ends_at = time.monotonic() + MEASURES_SECONDS_MAX
    async with grpc.aio.insecure_channel(address) as channel:
        stub = metrics_pb2_grpc.MetricsServiceStub(channel)  # type: ignore[no-untyped-call] # generated
        while True:
            request = metrics_pb2.GetKpisRequest(desk_id=desk_id)
            row = metrics_pb2.KpiRow()
            with contextlib.suppress(grpc.aio.AioRpcError):  # not folded yet: asked again
                response = await stub.GetKpis(request, timeout=10, wait_for_ready=True)
                row = response.rows[0] if response.rows else row
            if all(getattr(row, name) == wanted for name, wanted in expected.items()):
                return row
            if time.monotonic() > ends_at:
                return row
            await asyncio.sleep(0.2)


async def _drained(ledger: Ledger) -> None:
    """Returns once nothing is open; after the bound it returns too, and the ledger tells what is lost."""
    ends_at = time.monotonic() + DRAIN_SECONDS_MAX
    while ledger.open and time.monotonic() < ends_at:  # noqa: ASYNC110 # the ledger is plain data, polled
        await asyncio.sleep(0.1)


async def _exhaust(disturb: Callable[[], AsyncIterator[None]]) -> None:
    async for _ in disturb():
        pass


async def _first_failure(work: object, shifts: list[asyncio.Task[None]]) -> None:
    """Runs the work; an agent who breaks ends it with that error."""
    main = asyncio.ensure_future(work)  # type: ignore[call-overload] # a coroutine
    await asyncio.wait({main, *shifts}, return_when=asyncio.FIRST_COMPLETED)
    for shift in shifts:
        if shift.done():
            main.cancel()
            shift.result()
    await main


def desk_folder() -> Path:
    """Where the shipped example lives."""
    return Path(__file__).resolve().parents[3] / "examples"
