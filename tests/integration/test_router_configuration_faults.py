"""A configuration with faults is refused over real gRPC, and all of them are told."""

from __future__ import annotations

from contextlib import AsyncExitStack

import grpc
import pytest

from frontdesk.v1 import router_pb2
from services.contract.topics import partition_of
from tests.integration.router_shell import PARTITIONS, Running, running, stack, stub, violations

__all__ = ["running", "stack"]
"""Fixtures of the shell's tests."""


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
