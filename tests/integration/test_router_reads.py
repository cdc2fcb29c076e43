"""What simple clients ask instead of holding a stream: what is in hand, a case, the wait, and writes by id."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack

import grpc
import pytest
from google.protobuf.timestamp_pb2 import Timestamp

from frontdesk.v1 import facts_pb2, router_pb2
from tests.integration.router_shell import Running, reason_of, running, stack, stub

__all__ = ["running", "stack"]
"""Fixtures of the shell's tests."""


async def test_an_agent_without_a_stream_does_all_that_a_session_can(
    running: Running, stack: AsyncExitStack
) -> None:
    """Signs in, is offered, accepts, resolves; each read waits for what was written before it."""
    service = stub(running, stack)
    position = router_pb2.Position()

    async def do(number: int, **parts: object) -> router_pb2.CommandResponse:
        command = router_pb2.AgentCommand(command_id=f"{number}", **parts)  # type: ignore[arg-type]
        request = router_pb2.CommandRequest(desk_id="acme", agent_id="ana", command=command)
        response: router_pb2.CommandResponse = await service.Command(request, timeout=20)
        position.CopyFrom(response.position)
        assert response.reply.accepted
        return response

    async def hands() -> router_pb2.GetAgentResponse:
        request = router_pb2.GetAgentRequest(desk_id="acme", agent_id="ana", min_position=position)
        response: router_pb2.GetAgentResponse = await service.GetAgent(request, timeout=20)
        return response

    await do(1, sign_in=facts_pb2.AgentSignedIn())
    contact_id = await running.arrive("one")
    async with asyncio.timeout(30):
        while not (found := await hands()).offers:
            await asyncio.sleep(0.01)
    assert found.offers[0].contact.text == "I was charged twice."
    assert found.presence.presence == facts_pb2.PRESENCE_AVAILABLE
    answer = facts_pb2.OfferAnswered(offer_id=found.offers[0].offer_id, answer="OFFER_ANSWER_ACCEPT")
    await do(2, answer_offer=answer)
    found = await hands()
    assert (len(found.offers), [one.contact.contact_id for one in found.assigned]) == (0, [contact_id])
    resolved = facts_pb2.ContactResolved(
        contact_id=contact_id, epoch=found.assigned[0].epoch, outcome="OUTCOME_RESOLVED"
    )
    await do(3, resolve=resolved)
    assert not (await hands()).assigned
    case_id = (
        await service.GetContact(
            router_pb2.GetContactRequest(desk_id="acme", contact_id=contact_id), timeout=5
        )
    ).case_id
    case = await service.GetCase(
        router_pb2.GetCaseRequest(desk_id="acme", case_id=case_id, min_position=position), timeout=5
    )
    assert (case.first_contact_id, case.agent_id, case.topic_id) == (contact_id, "ana", "billing")
    assert case.HasField("resolved_at") and case.HasField("repeat_window_ends_at")
    assert not case.open_contact_ids and not case.returned


async def test_the_wait_is_estimated_for_who_waits_and_who_might_come(
    running: Running, stack: AsyncExitStack
) -> None:
    service = stub(running, stack)
    contact_id = await running.arrive("one")
    async with asyncio.timeout(30):
        while contact_id not in running.desk().contacts:
            await asyncio.sleep(0.01)
    waiting = await service.EstimateWait(
        router_pb2.EstimateWaitRequest(desk_id="acme", contact_id=contact_id), timeout=5
    )
    assert (waiting.HasField("expected_wait"), waiting.agents_available) == (False, 0)
    sign_in = router_pb2.AgentCommand(command_id="1", sign_in=facts_pb2.AgentSignedIn())
    written = await service.Command(
        router_pb2.CommandRequest(desk_id="acme", agent_id="ana", command=sign_in), timeout=5
    )
    possible = router_pb2.EstimateWaitRequest(
        desk_id="acme", channel="CHANNEL_EMAIL", language="en", min_position=written.position
    )
    estimate = await service.EstimateWait(possible, timeout=20)
    assert (estimate.expected_wait.ToMilliseconds(), estimate.agents_free) == (0, 1)
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await service.EstimateWait(
            router_pb2.EstimateWaitRequest(desk_id="acme", contact_id=contact_id), timeout=5
        )
    assert reason_of(raised.value) == (grpc.StatusCode.FAILED_PRECONDITION, "NOT_WAITING")


async def test_a_forecast_is_put_in_force_once_by_its_id(running: Running, stack: AsyncExitStack) -> None:
    service = stub(running, stack)
    row = facts_pb2.ForecastRow(
        topic_id="billing",
        from_at=Timestamp(seconds=1_775_548_800),
        until_at=Timestamp(seconds=1_775_552_400),
        contacts_per_hour=30,
    )
    request = router_pb2.SetForecastRequest(
        command_id="f1", desk_id="acme", forecast=facts_pb2.ForecastSet(rows=[row])
    )
    first = await service.SetForecast(request, timeout=20)
    again = await service.SetForecast(request, timeout=20)
    assert first.reply.accepted and first.reply == again.reply
    assert again.position.offset > first.position.offset
    assert [one.contacts_per_hour for one in running.desk().forecast] == [30]
