"""What the services are loaded with: a morning of recorded deliveries at one desk, the simulator's world at another.

The morning brings what a world has not: providers' webhooks and SMTP, posts and reviews, complaints in public. The world
brings the mass: phone and e-mail of two dozen agents. Somebody writes to the customers of both.
"""

from __future__ import annotations

import asyncio
import contextlib
import io
import time
from collections.abc import Callable
from dataclasses import dataclass

import grpc
from rich.console import Console

from frontdesk.client import IntakeClient
from frontdesk.v1 import (
    facts_pb2,
    intake_pb2,
    intake_pb2_grpc,
    metrics_pb2,
    metrics_pb2_grpc,
    router_pb2,
    router_pb2_grpc,
)
from services.cli.demo.command import LATE_SHIFT
from services.cli.demo.ids import contact_ids
from services.cli.demo.run import Result, desk_folder, play
from services.cli.demo.stories import load
from services.cli.demo.system import System
from services.contract.desk import Desk
from services.router.desks.config import load_toml
from services.runtime.clock import ScaledClock
from simulator.desk import DESK_ID
from tests.monitoring import simulated
from tests.monitoring.correspondent import Correspondent

QUIET_SECONDS_MAX = 90


@dataclass(frozen=True)
class Loaded:
    """What the players saw."""

    morning: Result
    world: simulated.Played
    wrote: int
    """Messages and answers to surveys that went out beside it."""


def example_desk() -> Desk:
    """The desk of the morning."""
    return load_toml((desk_folder() / "desk.toml").read_text(encoding="utf-8"))


async def run(system: System, clock: ScaledClock, *, minutes: float) -> Loaded:
    """Both at once, the world's for so many minutes of the services' clock; then until nothing moves any more."""
    desk, morning = example_desk(), load(desk_folder() / "morning")
    router, intake = system.address("router", "grpc"), system.address("intake", "grpc")
    mail = [Correspondent(router, intake, desk_id) for desk_id in (desk.desk_id, DESK_ID)]
    writing = [asyncio.create_task(one.run()) for one in mail]
    await mark(system, desk.desk_id)
    await _refused(intake)
    try:
        result, world = await asyncio.gather(
            play(system, morning, contact_ids(morning), desk, LATE_SHIFT, clock, Console(file=io.StringIO())),
            simulated.play(router, intake, clock, minutes=minutes),
        )
        await _sign_out(router, desk)
        await quiet(lambda: sum(one.wrote for one in mail))
    finally:
        for task in writing:
            task.cancel()
        await asyncio.gather(*writing, return_exceptions=True)
    return Loaded(result, world, sum(one.wrote for one in mail))


async def caller_gives_up(system: System) -> None:
    """One more customer of the world, when nobody is at work: windows of event time have something in them."""
    async with IntakeClient(system.address("intake", "grpc"), deadline_seconds=60) as intake:
        arrived = facts_pb2.ContactArrived(
            contact_id="a-week-later",
            channel=facts_pb2.CHANNEL_PHONE,
            medium="voice",
            customer=facts_pb2.CustomerRef(type="opaque", value="a-week-later"),
        )
        await intake.submit(DESK_ID, request_id="a-week-later", contact_arrived=arrived)
        hung_up = facts_pb2.CallerHungUp(contact_id="a-week-later")
        await intake.submit(DESK_ID, request_id="a-week-later-gone", caller_hung_up=hung_up)


async def mark(system: System, desk_id: str, change: str = "monitoring-run") -> None:
    """Says by gRPC that something was changed."""
    async with grpc.aio.insecure_channel(system.address("metrics", "grpc")) as channel:
        stub = metrics_pb2_grpc.MetricsServiceStub(channel)  # type: ignore[no-untyped-call] # generated
        await stub.MarkChange(
            metrics_pb2.MarkChangeRequest(desk_id=desk_id, request_id=change, change=change),
            timeout=30,
            wait_for_ready=True,
        )


async def _refused(intake: str) -> None:
    """A fact that intake refuses by name, so that this too is seen."""
    async with grpc.aio.insecure_channel(intake) as channel:
        stub = intake_pb2_grpc.IntakeServiceStub(channel)  # type: ignore[no-untyped-call] # generated
        with contextlib.suppress(grpc.aio.AioRpcError):
            await stub.Submit(intake_pb2.SubmitRequest(request_id="no-fact"), timeout=30, wait_for_ready=True)


async def _sign_out(router: str, desk: Desk) -> None:
    """Nobody is idle for the week that is skipped."""
    async with grpc.aio.insecure_channel(router) as channel:
        stub = router_pb2_grpc.RouterServiceStub(channel)  # type: ignore[no-untyped-call] # generated
        for agent in desk.agents:
            offline = facts_pb2.AgentStateChanged(presence="PRESENCE_OFFLINE")
            command = router_pb2.AgentCommand(command_id=f"home-{agent.agent_id}", set_presence=offline)
            request = router_pb2.CommandRequest(
                desk_id=desk.desk_id, agent_id=agent.agent_id, command=command
            )
            await stub.Command(request, timeout=30, wait_for_ready=True)


async def quiet(count: Callable[[], int], seconds_max: float = QUIET_SECONDS_MAX) -> None:
    """Returns once the count has stood still for two seconds; raises TimeoutError when it does not in time."""
    ends_at, seen, since = time.monotonic() + seconds_max, -1, time.monotonic()
    while time.monotonic() < ends_at:
        if count() != seen:
            seen, since = count(), time.monotonic()
        elif time.monotonic() - since > 2:
            return
        await asyncio.sleep(0.1)
    raise TimeoutError(f"messages still go out after {seconds_max:g} s: {seen} so far")
