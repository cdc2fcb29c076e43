"""What an owner may do with a contact: grants, wrap-up, results; and who is no owner."""

from __future__ import annotations

import pytest

from services.contract import decisions as d
from services.contract import facts as f
from services.contract.facts import Outcome, Presence
from services.router.model import ContactState
from tests.unit.router.world import (
    HOUR,
    SECOND,
    World,
    agent,
    call,
    chat,
    desk,
    email,
    names,
    only,
    refund,
    refusal,
    reply,
)


def talking() -> World:
    world = World(desk(agent("A", refund=50), agent("B", refund=500)))
    world.sign_in("A")
    world.give(call("c", "refund"))
    return world


@pytest.mark.parametrize(("amount", "granted"), [(0, True), (50, True), (51, False)])
def test_an_exception_is_within_the_grants_or_refused(amount: int, granted: bool) -> None:
    told = talking().by_owner(f.AuthorityUsed, "c", decision=refund(amount))

    if granted:
        assert only(told, d.ExceptionGranted).approver_id == ""
    else:
        assert refusal(told) == "limit_exceeded"


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (f.ConversationEnded(contact_id="x", agent_id="A", epoch=1), "unknown"),
        (f.ConversationEnded(contact_id="c", agent_id="Z", epoch=1), "unknown"),
        (f.ConversationEnded(contact_id="c", agent_id="B", epoch=1), "not_eligible"),
        (f.ConversationEnded(contact_id="c", agent_id="A", epoch=2), "stale_epoch"),
        (f.ContactResolved(contact_id="c", agent_id="A", epoch=1), "malformed"),
        (f.AuthorityUsed(contact_id="c", agent_id="A", epoch=1), "malformed"),
        (f.ContactResolved(contact_id="c", agent_id="A", epoch=1, outcome=Outcome.ABANDONED), "malformed"),
    ],
)
def test_a_command_out_of_place_is_refused_and_changes_nothing(body: object, reason: str) -> None:
    world = talking()
    before = world.state.desks

    assert refusal(world.tell(body)) == reason
    assert world.state.desks is before


def test_after_the_talk_the_units_stay_until_the_result_is_recorded() -> None:
    world = talking()
    assert names(world.by_owner(f.ConversationEnded, "c")) == ["WrapUpStarted"]
    assert world.desk.agents["A"].used_units == 100

    told = world.resolve("c")

    resolved = only(told, d.Resolved)
    assert (resolved.agent_id, resolved.tally.handled, resolved.tally.first_in_case) == ("A", True, True)
    assert world.desk.agents["A"].used_units == 0
    assert world.contact("c").outcome is Outcome.RESOLVED


def test_a_hang_up_starts_the_wrap_up() -> None:
    world = talking()

    assert names(world.tell(f.CallerHungUp(contact_id="c"))) == ["WrapUpStarted"]
    assert names(world.tell(f.CallerHungUp(contact_id="c"))) == []


@pytest.mark.parametrize(("body", "seconds"), [(call("x"), 60), (chat("x"), 120)])
def test_wrap_up_ends_by_itself(body: f.ContactArrived, seconds: int) -> None:
    world = World(desk(agent("A")))
    world.sign_in("A")
    world.give(body)
    world.by_owner(f.ConversationEnded, "x")

    assert world.wait((seconds - 1) * SECOND) == []
    closed = only(world.wait(SECOND), d.Closed)
    assert closed.outcome is Outcome.UNSTATED


@pytest.mark.parametrize(
    "outcome", [Outcome.UNRESOLVED, Outcome.SPAM, Outcome.DUPLICATE, Outcome.CUSTOMER_SILENT]
)
def test_every_other_result_closes(outcome: Outcome) -> None:
    world = talking()

    assert only(world.resolve("c", outcome), d.Closed).outcome is outcome


def test_a_closed_contact_takes_no_command() -> None:
    world = talking()
    world.resolve("c")

    told = world.tell(f.ContactResolved(contact_id="c", agent_id="A", epoch=1, outcome=Outcome.RESOLVED))

    assert refusal(told) == "wrong_state"


def test_the_first_answer_of_each_kind_is_measured_once() -> None:
    world = World(desk(agent("A")))
    world.tell(email("c", thread="t"))
    world.now_ms += HOUR

    acknowledged = world.tell(f.MessageSent(thread_key="t", kind="ack"))
    answered = world.tell(f.MessageSent(contact_id="c", kind="human"))

    assert only(acknowledged, d.Answered).kind == "ack"
    assert only(answered, d.Answered).after_ms == HOUR
    assert names(world.tell(f.MessageSent(contact_id="c", kind="human"))) == []
    assert names(world.tell(f.MessageSent(contact_id="nobody", kind="human"))) == []


def test_what_is_no_contact_is_only_noted() -> None:
    told = talking().tell(f.NonContactSeen(kind="auto_reply", channel=f.Channel.EMAIL))

    assert only(told, d.NonContactNoted).kind == "auto_reply"


def test_who_goes_offline_loses_the_contact_and_may_have_it_back() -> None:
    world = talking()
    world.now_ms += 10 * SECOND

    told = world.tell(f.AgentStateChanged(agent_id="A", presence=Presence.OFFLINE))

    queued = only(told, d.ContactQueued)
    assert queued.ahead and queued.queued_at_ms == world.now_ms
    assert world.contact("c").prior_agent_ids == ()
    back = world.tell(f.AgentSignedIn(agent_id="A"))
    assert only(back, d.Offered).contact_id == "c"
    assert only(world.accept("c"), d.Assigned).epoch == 2


def test_who_lost_it_does_not_get_it_back_once_another_had_it() -> None:
    world = talking()
    world.sign_in("B")
    told = world.tell(f.AgentStateChanged(agent_id="A", presence=Presence.OFFLINE))
    assert only(told, d.Offered).agent_id == "B"
    world.accept("c")
    assert world.contact("c").prior_agent_ids == ("A",)
    world.sign_in("A")

    lost = world.tell(f.AgentStateChanged(agent_id="B", presence=Presence.OFFLINE))

    assert "Offered" not in names(lost)


def test_a_caller_who_leaves_after_the_agent_was_lost_is_closed_not_abandoned() -> None:
    world = talking()
    world.tell(f.AgentStateChanged(agent_id="A", presence=Presence.OFFLINE))

    closed = only(world.tell(f.CallerHungUp(contact_id="c")), d.Closed)

    assert (closed.outcome, closed.agent_id, closed.tally.handled) == (Outcome.ABANDONED, "A", True)


@pytest.mark.parametrize("presence", [Presence.BREAK, Presence.NOT_READY, Presence.ENDING])
def test_any_other_absence_keeps_contacts_and_gives_offers_back(presence: Presence) -> None:
    world = World(desk(agent("A", capacity=200), agent("B")))
    world.sign_in("A")
    world.give(call("c1"))
    world.tell(call("c2"))
    world.sign_in("B")

    told = world.tell(f.AgentStateChanged(agent_id="A", presence=presence))

    assert names(told) == ["AgentPresenceChanged", "OfferEnded", "Offered"]
    assert world.contact("c1").owner_id == "A"
    assert world.contact("c2").offered_to_id == "B"


def test_the_same_presence_again_is_no_event() -> None:
    world = talking()
    told = world.tell(f.AgentSignedIn(agent_id="A"))

    assert names(told) == []
    assert reply(told).accepted


def test_a_contact_in_wrap_up_is_closed_when_its_agent_goes() -> None:
    world = talking()
    world.by_owner(f.ConversationEnded, "c")

    told = world.tell(f.AgentStateChanged(agent_id="A", presence=Presence.OFFLINE))

    assert only(told, d.Closed).outcome is Outcome.UNSTATED


def test_people_the_new_configuration_does_not_name_give_everything_back() -> None:
    world = talking()
    world.sign_in("B")

    told = world.tell(f.DeskConfigured(desk=desk(agent("B", refund=500))))

    assert names(told) == ["AgentPresenceChanged", "ContactQueued", "Offered", "DeskApplied"]
    assert world.contact("c").offered_to_id == "B"
    assert sorted(world.desk.agents) == ["B"]


def test_a_new_configuration_gives_what_waits_to_who_may_now() -> None:
    world = World(desk(agent("A", languages="de")))
    world.sign_in("A")
    world.tell(call("c", language="te"))

    told = world.tell(f.DeskConfigured(desk=desk(agent("A", languages="de te"))))

    assert only(told, d.Offered).contact_id == "c"


def test_a_faulty_configuration_applies_nothing_and_says_everything() -> None:
    world = talking()
    before = world.desk

    told = world.tell(f.DeskConfigured(desk=desk(agent("A", "moon", languages=""))))

    assert names(told) == ["FactRejected"]
    assert "unknown topic 'moon'" in reply(told).detail
    assert "needs at least one language" in reply(told).detail
    assert world.desk is before
    assert world.contact("c").state is ContactState.ASSIGNED
