"""The chain-proof rule: consult first, at most two hops, upwards only, never back (routing.md 2.8)."""

from __future__ import annotations

import pytest

from services.contract import decisions as d
from services.contract import facts as f
from services.contract.desk import Agent
from services.contract.facts import Presence, TransferReason
from services.router.model import ContactState
from tests.unit.router.world import SECOND, World, agent, call, desk, names, only, refund, refusal, reply


def talking(*others: Agent, topic: str = "refund") -> World:
    """A, who may refund 50 EUR, talks about c; then the others sign in."""
    world = World(desk(agent("A", refund=50), *others))
    world.sign_in("A")
    world.give(call("c", topic))
    world.sign_in(*[one.agent_id for one in others])
    return world


def ask(world: World, reason: TransferReason, *, topic: str = "", amount: int | None = None) -> d.Decision:
    wanted = None if amount is None else refund(amount)
    return world.by_owner(f.TransferAsked, "c", reason=reason, topic_id=topic, decision_wanted=wanted)


@pytest.mark.parametrize(
    "reason", [TransferReason.LACKS_AUTHORITY, TransferReason.STUCK], ids=["lacks_authority", "stuck"]
)
def test_while_somebody_idle_can_help_there_is_no_hop(reason: TransferReason) -> None:
    world = talking(agent("B", refund=500))

    told = ask(world, reason, amount=200 if reason is TransferReason.LACKS_AUTHORITY else None)

    assert names(told) == ["HelpRequested", "ConsultStarted"]
    assert "B joins, you keep the customer" in reply(told).detail
    assert world.contact("c").owner_id == "A"


def test_a_wrong_topic_hops_to_who_is_better_at_the_true_one() -> None:
    world = talking(agent("B", "delivery", delivery=0.9), topic="billing")

    told = ask(world, TransferReason.WRONG_TOPIC, topic="delivery")

    assert names(told) == ["HandoverStarted", "Offered"]
    contact = world.contact("c")
    assert (contact.state, contact.owner_id, contact.offered_to_id) == (ContactState.HANDING_OVER, "A", "B")
    accepted = world.accept("c")
    assert names(accepted) == ["Transferred", "Assigned"]
    assert only(accepted, d.Assigned).epoch == 2
    assert not only(accepted, d.Assigned).first
    assert world.contact("c").prior_agent_ids == ("A",)
    assert world.desk.agents["A"].used_units == 0


@pytest.mark.parametrize(("skill", "hops"), [(0.80, True), (0.79, False)])
def test_a_hop_without_more_authority_raises_resolution_by_a_tenth(skill: float, hops: bool) -> None:
    """A resolves delivery with .7."""
    world = talking(agent("B", "delivery", delivery=skill), topic="billing")

    told = ask(world, TransferReason.WRONG_TOPIC, topic="delivery")

    assert ("HandoverStarted" in names(told)) is hops
    if not hops:
        assert "nobody here could do more" in reply(told).detail


def test_the_customer_wants_a_manager_and_gets_higher_authority() -> None:
    world = talking(agent("B", refund=50), agent("M", refund=500))

    ask(world, TransferReason.CUSTOMER_WANTS_MANAGER)
    told = world.accept("c")

    assert names(told) == ["Transferred", "Escalated", "Assigned"]
    escalated = only(told, d.Escalated)
    assert (escalated.to_agent_id, escalated.reason) == ("M", "customer_wants_manager")
    assert only(world.resolve("c"), d.Resolved).tally.escalated


def test_lacking_authority_hops_when_approvers_are_busy() -> None:
    world = talking(agent("B", refund=500, capacity=100))
    world.give(call("c2", "refund", wanted=refund(400)))

    told = ask(world, TransferReason.LACKS_AUTHORITY, amount=400)

    assert names(told) == ["HandoverStarted"]
    assert "waits for a receiver" in reply(told).detail
    freed = world.resolve("c2")
    assert only(freed, d.Offered).contact_id == "c"
    assert names(world.accept("c")) == ["Transferred", "Escalated", "Assigned"]


def test_a_contact_never_returns_to_who_had_it() -> None:
    """A hands over to B; B asks for delivery, where A would be best; nobody else is there."""
    world = talking(agent("B", "billing refund delivery", refund=500, delivery=0.2))
    ask(world, TransferReason.CUSTOMER_WANTS_MANAGER)
    world.accept("c")

    told = ask(world, TransferReason.WRONG_TOPIC, topic="delivery")

    assert "HandoverStarted" not in names(told)
    assert world.contact("c").owner_id == "B"


def test_two_hops_are_the_most_and_then_the_owner_keeps_it() -> None:
    people = [
        agent("B", "delivery", refund=150, delivery=0.8),
        agent("C", "billing", refund=500, billing=0.99),
        agent("D", "refund", unlimited=True),
    ]
    world = talking(*people, topic="billing")
    ask(world, TransferReason.WRONG_TOPIC, topic="delivery")
    world.accept("c")
    ask(world, TransferReason.CUSTOMER_WANTS_MANAGER)
    assert world.contact("c").offered_to_id in ("C", "D")
    world.accept("c")
    assert world.contact("c").hops == 2
    owner = world.contact("c").owner_id

    for reason, topic in (
        (TransferReason.WRONG_TOPIC, "refund"),
        (TransferReason.CUSTOMER_WANTS_MANAGER, ""),
    ):
        told = ask(world, reason, topic=topic)
        assert "its hops are spent" in reply(told).detail
        assert "HandoverStarted" not in names(told)
        assert world.contact("c").owner_id == owner
        help_id = world.contact("c").help_id
        world.tell(f.HelpAnswered(help_id=help_id, agent_id=owner, result=f.HelpResult.CANCELLED))


def test_one_hop_for_each_kind_of_reason() -> None:
    world = talking(agent("B", refund=150), agent("C", refund=500), agent("D", unlimited=True))
    ask(world, TransferReason.CUSTOMER_WANTS_MANAGER)
    world.accept("c")

    told = ask(world, TransferReason.CUSTOMER_WANTS_MANAGER)

    assert "its hops are spent" in reply(told).detail


def test_a_receiver_who_declines_is_passed_over() -> None:
    world = talking(
        agent("B", "delivery", delivery=0.9), agent("C", "delivery", delivery=0.85), topic="billing"
    )
    ask(world, TransferReason.WRONG_TOPIC, topic="delivery")

    told = world.decline("c")

    assert only(told, d.Offered).agent_id == "C"
    assert world.contact("c").owner_id == "A"


def test_nobody_accepts_within_a_minute_so_the_owner_keeps_it_with_help() -> None:
    world = talking(agent("B", "delivery", delivery=0.9), topic="billing")
    ask(world, TransferReason.WRONG_TOPIC, topic="delivery")

    events = world.wait(60 * SECOND)

    assert only(events, d.HandoverEnded).reason == "unfilled"
    assert names(events)[-2:] == ["HelpRequested", "ConsultStarted"]
    assert world.contact("c").owner_id == "A"


def test_a_receiver_who_goes_offline_leaves_it_with_the_sender() -> None:
    world = talking(agent("B", "delivery", delivery=0.9), topic="billing")
    ask(world, TransferReason.WRONG_TOPIC, topic="delivery")

    told = world.tell(f.AgentStateChanged(agent_id="B", presence=Presence.OFFLINE))

    assert names(told) == ["AgentPresenceChanged", "OfferEnded"]
    assert world.contact("c").state is ContactState.HANDING_OVER


def test_the_customer_hangs_up_during_a_hand_over() -> None:
    world = talking(agent("B", "delivery", delivery=0.9), topic="billing")
    ask(world, TransferReason.WRONG_TOPIC, topic="delivery")

    told = world.tell(f.CallerHungUp(contact_id="c"))

    assert names(told) == ["OfferEnded", "HandoverEnded", "WrapUpStarted"]
    assert only(told, d.HandoverEnded).reason == "customer_left"


@pytest.mark.parametrize(
    ("reason", "topic", "amount", "refused"),
    [
        (TransferReason.WRONG_TOPIC, "moon", None, "malformed"),
        (TransferReason.WRONG_TOPIC, "refund", None, "malformed"),  # it is a refund already
        (TransferReason.LACKS_AUTHORITY, "", 40, "not_eligible"),  # A may do that
        (TransferReason.UNSPECIFIED, "", None, "malformed"),
    ],
)
def test_a_wish_that_makes_no_sense_is_refused(
    reason: TransferReason, topic: str, amount: int | None, refused: str
) -> None:
    world = talking(agent("B", refund=500))

    assert refusal(ask(world, reason, topic=topic, amount=amount)) == refused


def test_a_stale_epoch_is_refused() -> None:
    world = talking()
    told = world.tell(f.TransferAsked(contact_id="c", agent_id="A", epoch=0, reason=TransferReason.STUCK))

    assert refusal(told) == "stale_epoch"
