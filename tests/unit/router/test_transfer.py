"""The chain-proof rule: consult first, at most two hops, upwards only, never back (routing.md 2.8)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from services.contract import decisions as d
from services.contract import facts as f
from services.contract.desk import Agent, Skill
from services.contract.facts import Presence, TransferReason
from services.router.handover import after_failure, receivers
from services.router.model import ContactState
from tests.unit.router.world import SECOND, World, agent, call, desk, names, only, refund, refusal, reply


def talking(*others: Agent, topic: str = "refund") -> World:
    """A, who may refund 50 EUR, talks about c; then the others sign in."""
    world = World(desk(agent("A", refund=50), *others))
    world.sign_in("A")
    world.give(call("c", topic))
    world.sign_in(*[one.agent_id for one in others])
    return world


B500 = agent("B", refund=500)


def better(skill: float) -> Agent:
    """B, with A's rights, resolves a refund with this chance."""
    return replace(agent("B", refund=50), skills=(Skill(topic_id="refund", resolution=skill),))


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


def test_who_is_stuck_in_spite_of_advice_hops_once_even_to_who_is_no_better_than_he_was() -> None:
    world = talking(better(0.7), agent("C", "refund"))
    asked = ask(world, TransferReason.STUCK)
    joined = only(asked, d.ConsultStarted)
    world.tell(f.HelpAnswered(help_id=joined.help_id, agent_id=joined.adviser_id, result=f.HelpResult.ADVICE))

    told = ask(world, TransferReason.STUCK)

    assert names(told) == ["HandoverStarted", "Offered"]


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


@pytest.mark.parametrize(("skill", "hops"), [(0.71, True), (0.70, False)])
def test_a_hop_to_the_true_topic_raises_resolution(skill: float, hops: bool) -> None:
    """A resolves delivery with .7."""
    world = talking(agent("B", "delivery", delivery=skill), topic="billing")

    told = ask(world, TransferReason.WRONG_TOPIC, topic="delivery")

    assert ("HandoverStarted" in names(told)) is hops
    if not hops:
        assert "nobody here could do more" in reply(told).detail


@pytest.mark.parametrize(("skill", "found"), [(0.64, ("B",)), (0.63, ())])
def test_a_hop_of_who_is_stuck_raises_resolution_by_a_tenth(skill: float, found: tuple[str, ...]) -> None:
    """Over what advice leaves the owner, .7 of his own: .88 (.64 - .7 x .75) = .101, for both cover .7 of the needs and
    find an approver for .6 of the rest: .88 p."""
    world = talking(better(skill))

    at = receivers(world.desk, world.contact("c"), TransferReason.STUCK)

    assert tuple([world.desk.crew.roster.agent_ids[place] for place in at]) == found


def test_the_customer_wants_a_manager_and_gets_higher_authority() -> None:
    world = talking(agent("B", refund=50), agent("M", refund=500))

    ask(world, TransferReason.CUSTOMER_WANTS_MANAGER)
    told = world.accept("c")

    assert names(told) == ["Transferred", "Escalated", "Assigned"]
    escalated = only(told, d.Escalated)
    assert (escalated.to_agent_id, escalated.reason) == ("M", "customer_wants_manager")
    assert only(world.resolve("c"), d.Resolved).tally.escalated


def test_lacking_authority_waits_for_a_busy_approver_when_that_is_quicker() -> None:
    """Both wait 247 s for B; then a consult and half a talk cost less than a talk from the start."""
    world = talking(agent("B", refund=500))
    world.give(call("c2", "refund", wanted=refund(400)))

    told = ask(world, TransferReason.LACKS_AUTHORITY, amount=400)

    assert only(told, d.HelpRequested).approver is d.ApproverFound.NOBODY_FREE
    assert "waiting for help is quicker" in reply(told).detail
    assert only(world.resolve("c2"), d.ConsultStarted).adviser_id == "B"


def test_lacking_authority_hops_when_the_receiver_resolves_so_much_more() -> None:
    """(1 - .3) 1200 against (1 - .75) 1200: 540 cs, more than the talk that is repeated."""
    world = World(
        desk(replace(agent("A", refund=50), skills=(Skill(topic_id="refund", resolution=0.3),)), B500)
    )
    world.sign_in("A")
    world.give(call("c", "refund"))
    world.sign_in("B")
    world.give(call("c2", "refund", wanted=refund(400)))

    told = ask(world, TransferReason.LACKS_AUTHORITY, amount=400)

    assert names(told) == ["HandoverStarted"]
    assert only(told, d.HandoverStarted).approver is d.ApproverFound.NOBODY_FREE
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

    assert names(told) == ["OfferEnded", "Closed"]
    assert only(told, d.Closed).outcome is f.Outcome.ABANDONED
    assert not world.desk.handover_ids


def test_the_sender_is_free_at_once_and_its_owner_until_somebody_accepts() -> None:
    world = talking(agent("B", "delivery", delivery=0.9), topic="billing")
    arrived_at_ms = world.contact("c").arrived_at_ms
    world.tell(call("c2", "billing"))

    told = ask(world, TransferReason.WRONG_TOPIC, topic="delivery")

    assert names(told) == ["HandoverStarted", "Offered", "Offered"]
    assert (world.contact("c2").offered_to_id, world.contact("c").owner_id) == ("A", "A")
    world.wait(10 * SECOND)
    assigned = only(world.accept("c"), d.Assigned)
    assert assigned.wait_since_arrival_ms == world.now_ms - arrived_at_ms


def test_a_sender_who_is_busy_again_promises_to_call_back() -> None:
    world = talking(agent("B", "delivery", delivery=0.9), topic="billing")
    world.tell(call("c2", "billing"))
    ask(world, TransferReason.WRONG_TOPIC, topic="delivery")
    world.accept("c2")

    events = world.wait(60 * SECOND)

    assert only(events, d.CallbackPromised).owner_id == "A"
    contact = world.contact("c")
    assert (contact.state, contact.owner_id, contact.handover) == (ContactState.PROMISED, "A", None)


def test_a_sender_who_is_gone_leaves_it_ahead_of_its_class() -> None:
    world = talking(agent("B", "delivery", delivery=0.9), topic="billing")
    ask(world, TransferReason.WRONG_TOPIC, topic="delivery")
    world.tell(f.AgentStateChanged(agent_id="A", presence=Presence.OFFLINE))

    events = world.wait(60 * SECOND)

    assert names(events)[-1] == "Offered"
    assert only(events, d.ContactQueued).ahead


def test_an_ask_teaches_what_the_contact_needs_even_if_it_stays() -> None:
    world = talking(agent("B", refund=500))

    ask(world, TransferReason.LACKS_AUTHORITY, amount=400)

    need = world.contact("c").need
    assert (need.known, need.least_level, need.amount_minor) == (True, 3, 40_000)


def test_a_failure_makes_the_topic_likelier_that_the_agent_is_worse_at() -> None:
    """.5 (1 - .8) for billing against .5 (1 - .7) for delivery: .4 and .6."""
    world = World(desk(agent("A")))
    both = (f.TopicWeight(topic_id="billing", weight=0.5), f.TopicWeight(topic_id="delivery", weight=0.5))
    world.sign_in("A")
    world.give(call("c", topics=both))

    need = after_failure(world.desk.crew, world.contact("c").need, "A")

    assert [(topic.topic_id, topic.weight) for topic in need.topics] == [("delivery", 0.6), ("billing", 0.4)]


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
