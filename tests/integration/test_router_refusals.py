"""Every refusal of RouterService by its status, reason and fields, over real gRPC."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from typing import Any

import grpc
import pytest
from google.rpc import error_details_pb2
from grpc_status import rpc_status

from frontdesk.v1 import desk_pb2, facts_pb2, router_pb2
from services.contract.topics import partition_of
from tests.integration.router_shell import (
    PARTITIONS,
    RawSession,
    Running,
    desktop,
    late_replica,
    reason_of,
    running,
    stack,
    stub,
    violations,
)

__all__ = ["running", "stack"]
"""Fixtures of the shell's tests."""

HERE = partition_of("acme", PARTITIONS)
SIGN_IN = router_pb2.AgentCommand(command_id="1", sign_in=facts_pb2.AgentSignedIn())


def at(partition: int = HERE, offset: int = 0, generation: int = 0) -> router_pb2.Position:
    return router_pb2.Position(partition=partition, offset=offset, generation=generation)


def contact(**parts: Any) -> router_pb2.GetContactRequest:
    return router_pb2.GetContactRequest(**{"desk_id": "acme", "contact_id": "x", **parts})


def command(**parts: Any) -> router_pb2.CommandRequest:
    return router_pb2.CommandRequest(**{"desk_id": "acme", "agent_id": "ana", "command": SIGN_IN, **parts})


def watch(**parts: Any) -> router_pb2.WatchDecisionsRequest:
    return router_pb2.WatchDecisionsRequest(**{"desk_id": "acme", **parts})


def named(**ids: str) -> dict[str, str]:
    return {"command_id": "1", "desk_id": "acme", **ids}


INVALID, NOT_FOUND = "INVALID_ARGUMENT INVALID_REQUEST", "NOT_FOUND"
TABLE: list[tuple[str, Any, str, set[str]]] = [
    ("GetContact", contact(desk_id="", contact_id=""), INVALID, {"desk_id", "contact_id"}),
    ("GetContact", contact(contact_id="x\n"), INVALID, {"contact_id"}),
    ("GetContact", contact(contact_id="x" * 201), INVALID, {"contact_id"}),
    ("GetContact", contact(), f"{NOT_FOUND} CONTACT_NOT_FOUND", set()),
    ("GetContact", contact(desk_id="nowhere"), f"{NOT_FOUND} DESK_NOT_FOUND", set()),
    ("GetContact", contact(min_position=at(1 - HERE)), INVALID, {"min_position.partition"}),
    ("GetContact", contact(min_position=at(99)), INVALID, {"min_position.partition"}),
    ("GetContact", contact(min_position=at(generation=7)), INVALID, {"min_position.generation"}),
    ("GetContact", contact(min_position=at(offset=-5)), INVALID, {"min_position.offset"}),
    ("GetContact", contact(min_position=at(offset=10**12)), INVALID, {"min_position.offset"}),
    ("GetCase", router_pb2.GetCaseRequest(desk_id="acme"), INVALID, {"case_id"}),
    ("GetCase", router_pb2.GetCaseRequest(desk_id="acme", case_id="x"), f"{NOT_FOUND} CASE_NOT_FOUND", set()),
    ("GetAgent", router_pb2.GetAgentRequest(desk_id="acme"), INVALID, {"agent_id"}),
    (
        "GetAgent",
        router_pb2.GetAgentRequest(desk_id="acme", agent_id="zoe"),
        f"{NOT_FOUND} AGENT_NOT_FOUND",
        set(),
    ),
    ("EstimateWait", router_pb2.EstimateWaitRequest(desk_id="acme"), INVALID, {"channel"}),
    (
        "EstimateWait",
        router_pb2.EstimateWaitRequest(desk_id="acme", contact_id="x"),
        f"{NOT_FOUND} CONTACT_NOT_FOUND",
        set(),
    ),
    ("ListWaiting", router_pb2.ListWaitingRequest(desk_id="acme", page_token="x"), INVALID, {"page_token"}),
    ("ListWaiting", router_pb2.ListWaitingRequest(desk_id="acme", page_token="²/x"), INVALID, {"page_token"}),
    ("ListWaiting", router_pb2.ListWaitingRequest(desk_id="acme", page_size=-1), INVALID, {"page_size"}),
    ("ListAgents", router_pb2.ListAgentsRequest(desk_id="acme", page_size=-1), INVALID, {"page_size"}),
    ("ListAgents", router_pb2.ListAgentsRequest(), INVALID, {"desk_id"}),
    ("GetDesk", router_pb2.GetDeskRequest(), INVALID, {"desk_id"}),
    (
        "ExplainDecision",
        router_pb2.ExplainDecisionRequest(desk_id="acme", contact_id="x"),
        f"{NOT_FOUND} CONTACT_NOT_FOUND",
        set(),
    ),
    ("Command", command(agent_id="zoe"), f"{NOT_FOUND} AGENT_NOT_FOUND", set()),
    ("Command", command(command=router_pb2.AgentCommand(command_id="1")), INVALID, {"command"}),
    ("Command", command(command=router_pb2.AgentCommand()), INVALID, {"command_id"}),
    (
        "Command",
        command(command=router_pb2.AgentCommand(command_id="a\x1fb", sign_in=facts_pb2.AgentSignedIn())),
        INVALID,
        {"command_id"},
    ),
    (
        "Command",
        command(
            command=router_pb2.AgentCommand(
                command_id="2", ask_help=facts_pb2.HelpAsked(contact_id="x" * 1_100_000)
            )
        ),
        "INVALID_ARGUMENT TOO_LARGE",
        set(),
    ),
    ("WatchDecisions", watch(desk_id="nowhere"), f"{NOT_FOUND} DESK_NOT_FOUND", set()),
    ("WatchDecisions", watch(resume_after=at(1 - HERE)), INVALID, {"resume_after"}),
    ("WatchDecisions", watch(resume_after=at(generation=7)), INVALID, {"resume_after"}),
    ("WatchDecisions", watch(resume_after=at(offset=-2)), INVALID, {"resume_after"}),
    ("WatchDecisions", watch(resume_after=at(offset=10**12)), INVALID, {"resume_after.offset"}),
    ("ConfigureDesk", router_pb2.ConfigureDeskRequest(command_id="c"), INVALID, {"desk_id"}),
    (
        "ConfigureDesk",
        router_pb2.ConfigureDeskRequest(command_id="c", desk=desk_pb2.Desk(desk_id="acme")),
        INVALID,
        {"desk.topics"},
    ),
    ("SetForecast", router_pb2.SetForecastRequest(desk_id="acme"), INVALID, {"command_id"}),
    ("LinkCustomers", router_pb2.LinkCustomersRequest(**named(agent_id="ana")), INVALID, {"contact_id"}),
    ("UnlinkCustomers", router_pb2.UnlinkCustomersRequest(**named(agent_id="ana")), INVALID, {"link_id"}),
]


async def refused(service: Any, method: str, request: Any) -> grpc.aio.AioRpcError:
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        call = getattr(service, method)(request, timeout=20)
        await (call.read() if method == "WatchDecisions" else call)
    return raised.value


async def test_every_wrong_request_is_refused_by_status_reason_and_field(
    running: Running, stack: AsyncExitStack
) -> None:
    service = stub(running, stack)
    different = []
    for method, request, expected, fields in TABLE:
        error = await refused(service, method, request)
        code, reason = reason_of(error)
        found = set(violations(error)) if reason == "INVALID_REQUEST" else set()
        if f"{code.name} {reason}" != expected or not fields <= found:
            different.append((method, expected, fields, code.name, reason, found))
    assert different == []


async def test_a_call_within_its_bound_of_waiting_callers_is_told_when_to_come_back(
    running: Running, stack: AsyncExitStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running.router.commander, "_waiting_max", 0)
    error = await refused(stub(running, stack), "Command", command())
    assert reason_of(error) == (grpc.StatusCode.RESOURCE_EXHAUSTED, "TOO_MANY_COMMANDS")
    status, retry = rpc_status.from_call(error), error_details_pb2.RetryInfo()
    assert status is not None and any(detail.Unpack(retry) for detail in status.details)
    assert retry.retry_delay.ToMilliseconds() > 0


@pytest.mark.parametrize("unknown", [{"desk_id": "nowhere"}, {"agent_id": "zoe"}], ids=["desk", "agent"])
async def test_what_may_be_configured_a_moment_ago_is_worth_repeating(
    running: Running, stack: AsyncExitStack, unknown: dict[str, str]
) -> None:
    error = await refused(stub(running, stack), "Command", command(**unknown))
    status, retry = rpc_status.from_call(error), error_details_pb2.RetryInfo()
    assert error.code() == grpc.StatusCode.NOT_FOUND and status is not None
    assert any(detail.Unpack(retry) for detail in status.details)


@pytest.mark.parametrize(
    ("position", "fields"),
    [(at(offset=10**12), {"resume_after.offset"}), (at(offset=-2), {"resume_after"})],
    ids=["beyond", "negative"],
)
async def test_a_session_with_a_bad_token_is_refused(
    running: Running, stack: AsyncExitStack, position: router_pb2.Position, fields: set[str]
) -> None:
    async with RawSession(stub(running, stack), "ana", position) as session:
        with pytest.raises(grpc.aio.AioRpcError) as raised:
            await asyncio.wait_for(session.call.read(), 30)
    assert set(violations(raised.value)) == fields


@pytest.mark.parametrize("position", [at(1 - HERE, 0), at(HERE, 1, generation=9)], ids=["place", "log"])
async def test_a_session_with_a_token_of_another_log_is_told_all_that_stands(
    running: Running, stack: AsyncExitStack, position: router_pb2.Position
) -> None:
    async with RawSession(stub(running, stack), "ana", position) as session:
        assert (await session.next()).HasField("presence")
        assert (await session.next("ready")).ready.told_whole


async def test_a_read_waits_for_its_position_and_a_replica_that_is_behind_says_where_it_stands(
    running: Running, stack: AsyncExitStack
) -> None:
    ana = await desktop(running, stack, "ana")
    late, fold_on = await late_replica(running, stack)
    written = await ana.send(set_presence=facts_pb2.AgentStateChanged(presence="PRESENCE_BREAK"))
    request = router_pb2.GetAgentRequest(desk_id="acme", agent_id="ana", min_position=written.position)
    service = stub(late, stack)
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await service.GetAgent(request, timeout=0.5)
    status, info = rpc_status.from_call(raised.value), error_details_pb2.ErrorInfo()
    assert status is not None and status.details[0].Unpack(info)
    assert (raised.value.code(), info.reason, info.domain) == (
        grpc.StatusCode.UNAVAILABLE,
        "BEHIND",
        "frontdesk",
    )
    assert int(info.metadata["offset"]) < written.position.offset
    waiting = asyncio.ensure_future(service.GetAgent(request, timeout=20))
    fold_on()
    answer = await waiting
    assert answer.presence.presence == facts_pb2.PRESENCE_BREAK
    assert answer.position.offset >= written.position.offset
