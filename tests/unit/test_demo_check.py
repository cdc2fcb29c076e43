"""The demonstration's own check: a contact lost, one at two agents, or a KPI that differs makes it fail."""

from __future__ import annotations

import pytest

from frontdesk.v1 import decisions_pb2, metrics_pb2, router_pb2
from services.cli.demo.agents import SimulatedAgent
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


@pytest.mark.parametrize(
    ("differences", "lost", "doubles", "good"),
    [([], [], [], True), (["x"], [], [], False), ([], ["x"], [], False), ([], [], ["x"], False)],
    ids=["all well", "a KPI differs", "lost", "double"],
)
def test_anything_wrong_makes_the_demonstration_fail(
    differences: list[str], lost: list[str], doubles: list[str], good: bool
) -> None:
    assert Result(metrics_pb2.KpiRow(), {}, differences, lost, doubles).good is good
