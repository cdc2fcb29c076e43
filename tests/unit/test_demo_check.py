"""The demonstration's own check: a contact lost, one at two agents, or a KPI that differs makes it fail."""

from __future__ import annotations

from typing import Any

import grpc
import pytest

from frontdesk.client import AgentDesktop
from frontdesk.v1 import decisions_pb2, metrics_pb2, router_pb2, router_pb2_grpc
from services.cli.demo.agents import SimulatedAgent, _Contact
from services.cli.demo.run import Result
from services.cli.demo.stories import Delivery, Truth
from services.cli.demo.truth import Ledger
from services.contract.desk import Agent
from services.runtime.clock import ManualClock


def ledger() -> Ledger:
    found = Ledger()
    found.arrived("c1", Delivery("one", 0, {}, truth=Truth("billing", 60)))
    return found


def test_a_contact_that_nobody_closed_is_lost() -> None:
    found = ledger()
    assert found.open == ["one"]
    found.assigned("c1", "ana", 1)
    assert found.open == ["one"]
    found.ended("c1", "resolved")
    assert found.open == []


def test_a_caller_who_gave_up_is_not_lost_but_counted() -> None:
    found = ledger()
    found.contacts["c1"].hung_up = True
    assert found.open == []
    assert (found.expected()["abandoned"], found.expected()["offered"]) == (1, 1)


def test_one_assignment_at_two_agents_is_a_double_and_told_again_is_none() -> None:
    found = ledger()
    found.assigned("c1", "ana", 1)
    found.assigned("c1", "ana", 1)
    assert found.doubles == []
    found.assigned("c1", "bor", 1)
    assert len(found.doubles) == 1


def test_what_is_said_in_public_is_counted_and_arrives_only_where_a_rule_takes_it() -> None:
    found = ledger()
    found.mentions = 2
    found.arrived("c2", Delivery("two", 0, {}, truth=Truth("delivery", 60), mention=True))
    expected = found.expected()
    assert (expected["arrived"], expected["mentions"], expected["mentions_addressed"]) == (2, 2, 1)


def test_every_end_of_ones_own_asking_is_counted_also_of_a_contact_that_one_does_not_hold() -> None:
    found = ledger()
    ana = SimulatedAgent(Agent(agent_id="ana"), "nowhere:1", "acme", ManualClock(0), found)
    for adviser_id in ("", "mia", "ana"):  # nobody joined; somebody else did; ana was the adviser
        ended = decisions_pb2.ConsultEnded(help_id="h", contact_id="c1", adviser_id=adviser_id)
        ana._on_notice(router_pb2.AgentSessionResponse(help_ended=ended))
    assert found.consults == 2


class AfterTheDeadline(router_pb2_grpc.RouterServiceServicer):
    """A router that has no notice for the agent and refuses each command at offset 7, where a contact stands as given, or
    is not known."""

    def __init__(self, state: int | None) -> None:
        self.state = state
        self.asked: list[int] = []

    async def AgentSession(self, requests: Any, context: Any) -> Any:
        yield router_pb2.AgentSessionResponse(ready=router_pb2.SessionReady(told_whole=True))
        async for request in requests:
            if request.WhichOneof("message") == "command":
                position = router_pb2.Position(offset=7)
                reply = router_pb2.CommandResponse(
                    command_id=request.command.command_id,
                    reply=decisions_pb2.Reply(accepted=False, reason="wrong_state"),
                    position=position,
                )
                yield router_pb2.AgentSessionResponse(position=position, reply=reply)

    async def GetContact(self, request: Any, context: Any) -> router_pb2.GetContactResponse:
        self.asked.append(request.min_position.offset)
        if self.state is None:
            await context.abort(grpc.StatusCode.NOT_FOUND, "no such contact")
        return router_pb2.GetContactResponse(contact_id=request.contact_id, state=self.state)  # type: ignore[arg-type] # an open enum's number


@pytest.mark.parametrize(
    ("state", "lost"),
    [(router_pb2.CONTACT_STATE_CLOSED, []), (router_pb2.CONTACT_STATE_QUEUED, ["one"]), (None, ["one"])],
    ids=["a deadline closed it", "nobody closed it", "nobody knows it"],
)
async def test_a_contact_that_may_not_be_closed_any_more_is_lost_only_where_the_log_has_it_open(
    state: int | None, lost: list[str]
) -> None:
    found, router, server = ledger(), AfterTheDeadline(state), grpc.aio.server()
    found.assigned("c1", "ana", 1)
    router_pb2_grpc.add_RouterServiceServicer_to_server(router, server)  # type: ignore[no-untyped-call] # generated
    address = f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
    await server.start()
    try:
        ana = SimulatedAgent(Agent(agent_id="ana"), address, "acme", ManualClock(0), found)
        async with AgentDesktop(address, "acme", "ana") as ana._desktop:
            card = router_pb2.ContactCard(contact_id="c1", medium="chat")
            await ana._finish(_Contact(card, epoch=1), Truth("billing", 60))
    finally:
        await server.stop(0)
    assert router.asked == [7]
    assert found.open == lost


@pytest.mark.parametrize(
    ("differences", "lost", "doubles", "good"),
    [([], [], [], True), (["x"], [], [], False), ([], ["x"], [], False), ([], [], ["x"], False)],
    ids=["all well", "a KPI differs", "lost", "double"],
)
def test_anything_wrong_makes_the_demonstration_fail(
    differences: list[str], lost: list[str], doubles: list[str], good: bool
) -> None:
    assert Result(metrics_pb2.KpiRow(), {}, differences, lost, doubles).good is good
