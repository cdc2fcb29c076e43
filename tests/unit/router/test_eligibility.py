"""Who may take a contact, what is relaxed when nobody may, and why a contact waits."""

from __future__ import annotations

import pytest

from services.contract import decisions as d
from services.contract import facts as f
from services.contract.decisions import WaitingReason
from services.contract.desk import Agent
from services.contract.facts import ContactArrived, Presence
from tests.unit.router.world import World, agent, call, chat, desk, email, only, refund


def offered_to(people: list[Agent], body: ContactArrived) -> d.Offered | None:
    """Who of these, all signed in, is offered the contact."""
    world = World(desk(*people))
    world.sign_in(*[one.agent_id for one in people])
    told = world.tell(body)
    return next((event for event in told.events if isinstance(event, d.Offered)), None)


@pytest.mark.parametrize(
    ("wrong", "right", "body"),
    [
        (agent("A", languages="de"), agent("B"), call("c")),
        (agent("A", "delivery", billing=1.0), agent("B", "billing"), call("c", "billing")),
        (agent("A", refund=150), agent("B", refund=500, speed=3), call("c", "refund", wanted=refund(180))),
        (agent("A", capacity=50), agent("B", capacity=100), call("c")),
    ],
    ids=["language", "certificate", "authority", "capacity"],
)
def test_a_hard_rule_passes_an_agent_over(wrong: Agent, right: Agent, body: ContactArrived) -> None:
    """Each time A would come first by idle time or by id."""
    offered = offered_to([wrong, right], body)

    assert offered is not None and offered.agent_id == "B"


def test_an_unknown_language_takes_anybody() -> None:
    assert offered_to([agent("A", languages="te")], call("c", language="")) is not None


def test_language_is_never_relaxed() -> None:
    assert offered_to([agent("A", languages="de")], call("c", language="te")) is None


def test_a_neighbour_topic_is_better_than_nobody() -> None:
    offered = offered_to([agent("A", "delivery")], call("c", "billing"))

    assert offered is not None and offered.explanation is not None
    assert offered.explanation.relaxations == ("certificate",)


def test_who_could_never_hold_the_units_does_not_keep_a_contact_waiting() -> None:
    """B is certified and may decide, and has no room for a call at any time."""
    offered = offered_to(
        [agent("A", "delivery"), agent("B", "refund", refund=500, capacity=50)],
        call("c", "refund", wanted=refund(180)),
    )

    assert offered is not None and offered.explanation is not None
    assert offered.agent_id == "A"
    assert offered.explanation.relaxations == ("authority", "certificate")


def test_no_relaxation_while_a_certified_agent_is_only_busy() -> None:
    world = World(desk(agent("A", "billing"), agent("B", "delivery")))
    world.sign_in("A", "B")
    world.give(call("c1", "billing"))

    told = world.tell(call("c2", "billing"))

    assert only(told, d.ContactQueued).reason is WaitingReason.ALL_BUSY


def test_a_known_need_waits_for_somebody_who_may_and_is_signed_in() -> None:
    """B may, on a break; so A, who may not, is not asked (design.md, rule 4)."""
    world = World(desk(agent("A", refund=50), agent("B", refund=500)))
    world.sign_in("A", "B")
    world.tell(f.AgentStateChanged(agent_id="B", presence=Presence.BREAK))

    told = world.tell(call("c", "refund", wanted=refund(180)))

    assert only(told, d.ContactQueued).reason is WaitingReason.ALL_BUSY
    back = world.tell(f.AgentStateChanged(agent_id="B", presence=Presence.AVAILABLE))
    assert only(back, d.Offered).agent_id == "B"


def test_a_known_need_goes_to_the_best_when_nobody_signed_in_may() -> None:
    offered = offered_to([agent("A", refund=50), agent("B")], call("c", "refund", wanted=refund(180)))

    assert offered is not None and offered.explanation is not None
    assert offered.explanation.relaxations == ("authority",)
    assert offered.authority is d.AuthorityCover.SHORT


def test_who_declined_is_asked_again_when_nobody_else_is_there() -> None:
    world = World(desk(agent("A")))
    world.sign_in("A")
    world.tell(email("c"))
    declined = world.decline("c")
    assert only(declined, d.ContactQueued).reason is WaitingReason.ALL_EXCLUDED

    world.tell(f.AgentStateChanged(agent_id="A", presence=Presence.BREAK))
    back = world.tell(f.AgentStateChanged(agent_id="A", presence=Presence.AVAILABLE))

    explanation = only(back, d.Offered).explanation
    assert explanation.relaxations == ("certificate", "declined_it")


@pytest.mark.parametrize(
    ("people", "signed_in", "body", "reason"),
    [
        ([agent("A")], "", call("c"), WaitingReason.NONE_LOGGED_IN),
        ([agent("A", languages="de")], "A", call("c"), WaitingReason.NO_LANGUAGE),
        ([agent("A", "delivery", capacity=50)], "A", call("c"), WaitingReason.NONE_CERTIFIED),
        (
            [agent("A", capacity=50)],
            "A",
            call("c", "refund", wanted=refund(10)),
            WaitingReason.NONE_WITH_AUTHORITY,
        ),
        ([agent("A", capacity=50)], "A", call("c"), WaitingReason.ALL_BUSY),
    ],
)
def test_why_a_contact_waits(
    people: list[Agent], signed_in: str, body: ContactArrived, reason: WaitingReason
) -> None:
    world = World(desk(*people))
    world.sign_in(*signed_in)

    assert only(world.tell(body), d.ContactQueued).reason is reason


def test_each_agent_is_counted_at_the_first_rule_that_excludes_it() -> None:
    people = [
        agent("A", refund=500),
        agent("B", languages="de"),
        agent("C", "delivery"),
        agent("D", refund=50),
        agent("E", refund=500, capacity=50),
    ]
    world = World(desk(*people))
    world.sign_in("A", "B", "C", "D", "E")

    offered = only(world.tell(call("c", "refund", wanted=refund(180))), d.Offered)

    counted = {one.rule: one.agents for one in offered.explanation.exclusions}
    assert counted == {"language": 1, "certificate": 1, "authority": 1, "capacity": 1}
    assert offered.explanation.weighed == 1


def test_units_add_up_to_the_capacity_and_no_further() -> None:
    """Two e-mails of 50 fill 100; then nothing fits, five messages of 20 fill the other agent."""
    world = World(desk(agent("A", capacity=100)))
    world.sign_in("A")
    for number in range(3):
        world.tell(email(f"c{number}"))

    assert world.desk.agents["A"].used_units == 100
    assert [contact.contact_id for contact in world.desk.waiting_contacts()] == ["c2"]
    for number in range(2):
        world.accept(f"c{number}")
    world.resolve("c0")
    world.tell(chat("c3"))
    assert world.contact("c2").offered_to_id == "A"
    assert world.desk.agents["A"].used_units == 100
