"""Advice and approvals: the owner keeps the customer; the least that suffices joins (routing.md 2.8)."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from services.contract import decisions as d
from services.contract import facts as f
from services.contract.desk import Agent, Skill
from services.contract.facts import HelpKind, HelpResult, Outcome, Presence
from services.router.advisers import adviser_for
from services.router.model import ContactState, Help, changed
from services.router.policy.tariff import Tariff
from tests.unit.router.world import (
    HOUR,
    SECOND,
    World,
    agent,
    call,
    desk,
    email,
    names,
    only,
    refund,
    refusal,
    reply,
)


def world_of(*others: Agent, signed_in: str = "") -> World:
    """A, who may refund 50 EUR, talks about c; the others sign in after that."""
    world = World(desk(agent("A", refund=50), *others))
    world.sign_in("A")
    world.give(call("c", "refund"))
    world.sign_in(*(signed_in or [one.agent_id for one in others]))
    return world


def ask_approval(world: World, amount: int) -> d.Decision:
    return world.by_owner(f.HelpAsked, "c", kind=HelpKind.APPROVAL, decision_wanted=refund(amount))


def ask_expert(world: World, topic: str = "") -> d.Decision:
    return world.by_owner(f.HelpAsked, "c", kind=HelpKind.EXPERT, topic_id=topic)


def answer(world: World, agent_id: str, result: HelpResult) -> d.Decision:
    help_id = world.contact("c").help_id
    return world.tell(f.HelpAnswered(help_id=help_id, agent_id=agent_id, result=result))


@pytest.mark.parametrize(
    ("amount", "adviser"),
    [(100, "B"), (150, "B"), (151, "C"), (500, "C"), (501, "M")],
)
def test_an_approval_goes_to_the_lowest_level_that_covers(amount: int, adviser: str) -> None:
    world = world_of(agent("M", unlimited=True), agent("C", refund=500), agent("B", refund=150))

    told = ask_approval(world, amount)

    assert names(told) == ["HelpRequested", "ConsultStarted"]
    assert only(told, d.ConsultStarted).adviser_id == adviser
    assert world.contact("c").owner_id == "A"
    assert world.contact("c").state is ContactState.AWAITING_APPROVAL
    assert world.desk.agents[adviser].used_units == 100


@pytest.mark.parametrize(("prices", "adviser"), [((0.0, 0.0), "B"), ((0.4, 0.1), "C"), ((0.1, 0.4), "B")])
def test_of_who_may_the_one_whose_time_is_cheapest_joins(prices: tuple[float, float], adviser: str) -> None:
    """B reaches level 2, C level 3; equal prices leave the higher level free."""
    world = world_of(agent("C", refund=500), agent("B", refund=150))
    desk = world.desk
    tariff = Tariff(epoch=1, of_agent=np.array([0.0, *prices]), highest=max(prices))
    wanted = refund(100)
    request = Help("h", "c", "A", HelpKind.APPROVAL, 2, "", wanted)

    free = changed(desk, crew=desk.crew.with_tariff(tariff))

    assert desk.crew.roster.agent_ids == ("A", "B", "C")
    assert adviser_for(free, world.contact("c"), request) == adviser


def test_a_request_says_whether_an_approver_was_free() -> None:
    world = world_of(agent("B", refund=500))

    assert only(ask_approval(world, 200), d.HelpRequested).approver is d.ApproverFound.FREE
    answer(world, "A", HelpResult.CANCELLED)
    world.tell(f.AgentStateChanged(agent_id="B", presence=Presence.BREAK))
    assert only(ask_approval(world, 200), d.HelpRequested).approver is d.ApproverFound.NOBODY_FREE
    answer(world, "A", HelpResult.CANCELLED)
    assert only(ask_expert(world), d.HelpRequested).approver is d.ApproverFound.UNSPECIFIED


def test_equals_are_told_apart_by_id() -> None:
    world = world_of(agent("C", refund=150), agent("B", refund=150))

    assert only(ask_approval(world, 100), d.ConsultStarted).adviser_id == "B"


@pytest.mark.parametrize(("skill", "joins"), [(0.74, True), (0.72, False)])
def test_an_expert_is_certified_and_not_worse_by_more_than_two_percent(skill: float, joins: bool) -> None:
    """A's chance with a refund is the topic's prior, .75."""
    world = world_of(replace(agent("B", "refund"), skills=(Skill(topic_id="refund", resolution=skill),)))

    assert ("ConsultStarted" in names(ask_expert(world))) is joins


def test_the_adviser_need_not_speak_the_language() -> None:
    world = world_of(agent("B", languages="de", refund=500))

    assert "ConsultStarted" in names(ask_approval(world, 200))


def test_granted_the_owner_may_use_it_once() -> None:
    world = world_of(agent("B", refund=500))
    ask_approval(world, 200)
    told = answer(world, "B", HelpResult.GRANTED)
    assert names(told) == ["ConsultEnded"]
    assert world.contact("c").state is ContactState.ASSIGNED

    granted = only(world.by_owner(f.AuthorityUsed, "c", decision=refund(180)), d.ExceptionGranted)

    assert (granted.agent_id, granted.approver_id) == ("A", "B")
    assert refusal(world.by_owner(f.AuthorityUsed, "c", decision=refund(180))) == "limit_exceeded"


@pytest.mark.parametrize("amounts", [(100, 200), (200, 100)])
def test_of_two_approvals_by_one_person_the_one_that_allowed_it_is_used_up(amounts: tuple[int, int]) -> None:
    """An approval lets through one exception of its terms (design.md, "What must always hold", 4), in whichever order they came."""
    world = world_of(agent("B", refund=500))
    for amount in amounts:
        ask_approval(world, amount)
        answer(world, "B", HelpResult.GRANTED)

    assert only(world.by_owner(f.AuthorityUsed, "c", decision=refund(200)), d.ExceptionGranted)
    assert refusal(world.by_owner(f.AuthorityUsed, "c", decision=refund(200))) == "limit_exceeded"
    assert only(world.by_owner(f.AuthorityUsed, "c", decision=refund(100)), d.ExceptionGranted)
    assert refusal(world.by_owner(f.AuthorityUsed, "c", decision=refund(100))) == "limit_exceeded"


def test_an_exception_names_the_approval_unless_it_is_the_oldest_of_its_approver() -> None:
    """So that what older logs say, which name none, still uses up the one that it used up then."""
    world = world_of(agent("B", refund=500))
    for amount in (100, 200):
        ask_approval(world, amount)
        answer(world, "B", HelpResult.GRANTED)
    event = only(world.by_owner(f.AuthorityUsed, "c", decision=refund(200)), d.ExceptionGranted)
    assert event.approval == refund(200)

    assert [one.decision for one in world.contact("c").approvals] == [refund(100)]
    first = only(world.by_owner(f.AuthorityUsed, "c", decision=refund(90)), d.ExceptionGranted)
    assert first.approval is None
    assert world.contact("c").approvals == ()


def test_refused_nothing_may_be_granted() -> None:
    world = world_of(agent("B", refund=500))
    ask_approval(world, 200)
    answer(world, "B", HelpResult.REFUSED)

    assert refusal(world.by_owner(f.AuthorityUsed, "c", decision=refund(200))) == "limit_exceeded"


def test_nobody_free_the_request_waits_and_the_next_free_one_joins() -> None:
    world = world_of(agent("B", refund=500))
    world.tell(call("c2", "refund"))
    world.accept("c2")
    told = ask_approval(world, 200)
    assert only(told, d.HelpRequested).reason is d.WaitingReason.ALL_BUSY
    world.tell(call("c3", "refund"))

    freed = world.resolve("c2")

    assert names(freed) == ["Resolved", "ConsultStarted"]  # help before the next contact


def test_requests_are_answered_oldest_first() -> None:
    world = World(desk(agent("A"), agent("B"), agent("M", unlimited=True)))
    world.sign_in("A", "B")
    world.give(call("c1", "refund"))
    world.give(call("c2", "refund"))
    for contact_id in ("c2", "c1"):
        world.by_owner(f.HelpAsked, contact_id, kind=HelpKind.APPROVAL, decision_wanted=refund(90))

    told = world.tell(f.AgentSignedIn(agent_id="M"))

    assert only(told, d.ConsultStarted).contact_id == "c2"


def test_unfilled_for_two_minutes_the_owner_promises_to_call_back() -> None:
    world = world_of()
    ask_approval(world, 200)

    events = world.wait(120 * SECOND)

    assert names(events) == ["CallbackPromised"]
    contact = world.contact("c")
    assert (contact.state, contact.owner_id) == (ContactState.PROMISED, "A")
    assert world.desk.agents["A"].used_units == 0


def test_advice_that_nobody_came_for_is_not_looked_for_any_more() -> None:
    world = world_of()
    ask_expert(world)

    assert names(world.wait(120 * SECOND)) == ["ConsultEnded", "CallbackPromised"]
    assert not world.desk.helps


def test_a_promise_comes_due_and_its_owner_gets_it_first() -> None:
    world = world_of()
    ask_approval(world, 200)
    world.wait(120 * SECOND)
    world.sign_in("A")
    world.tell(f.CallerHungUp(contact_id="c"))  # the first call is over, the promise is not

    assert world.wait(4 * HOUR - 121 * SECOND) == []
    events = world.wait(SECOND)

    assert only(events, d.ContactQueued).ahead
    assert only(events, d.Offered).agent_id == "A"
    world.wait(SECOND)
    assert names(world.accept("c")) == ["Assigned"]
    assert world.contact("c").promised_at_ms == 0


def test_a_call_back_that_nobody_makes_is_told_a_new_time_before_the_old_one_passes() -> None:
    """Two minutes of waiting, then a quarter of an hour more; later ones grow with the wait."""
    world = world_of()
    ask_approval(world, 200)
    world.tell(f.AgentStateChanged(agent_id="A", presence=Presence.BREAK))
    first = only(world.wait(120 * SECOND), d.CallbackPromised)
    assert (first.owner_id, first.due_at_ms) == ("A", world.now_ms + 4 * HOUR)

    told = only(world.wait(4 * HOUR - 30 * SECOND), d.CallbackPromised)

    assert told.replaces_at_ms == first.due_at_ms > world.now_ms
    assert told.due_at_ms == first.due_at_ms + 15 * 60 * SECOND
    again = [event for event in world.wait(10 * HOUR) if isinstance(event, d.CallbackPromised)]
    assert len(again) < 10
    times = [told, *again]
    assert [one.replaces_at_ms for one in times[1:]] == [one.due_at_ms for one in times[:-1]]
    assert world.contact("c").state is ContactState.QUEUED


def test_a_joined_consult_ends_after_five_minutes() -> None:
    world = world_of(agent("B", refund=500))
    ask_expert(world)

    events = world.wait(300 * SECOND)

    assert only(events, d.ConsultEnded).result is HelpResult.EXPIRED
    assert world.contact("c").state is ContactState.ASSIGNED
    assert world.desk.agents["B"].used_units == 0


def test_only_the_adviser_answers_and_only_owner_or_adviser_cancels() -> None:
    world = world_of(agent("B", refund=500), agent("C", refund=500))
    ask_approval(world, 200)
    help_id = world.contact("c").help_id

    assert refusal(answer(world, "C", HelpResult.GRANTED)) == "not_eligible"
    assert refusal(answer(world, "B", HelpResult.ADVICE)) == "malformed"
    assert reply(answer(world, "A", HelpResult.CANCELLED)).accepted
    again = f.HelpAnswered(help_id=help_id, agent_id="B", result=HelpResult.GRANTED)
    assert refusal(world.tell(again)) == "expired"


def test_the_same_is_asked_once() -> None:
    world = world_of(agent("B", refund=500))
    ask_approval(world, 200)

    assert refusal(ask_approval(world, 200)) == "duplicate"
    assert refusal(ask_expert(world)) == "wrong_state"


def test_an_approval_is_asked_again_when_its_terms_change() -> None:
    world = world_of(agent("B", refund=500))
    ask_approval(world, 200)

    told = ask_approval(world, 300)

    assert names(told) == ["ConsultEnded", "HelpRequested", "ConsultStarted"]
    assert only(told, d.HelpRequested).decision_wanted == refund(300)
    assert world.desk.agents["B"].used_units == 100


@pytest.mark.parametrize(("amount", "asked"), [(199, True), (200, False), (300, False)])
def test_what_was_refused_is_asked_again_under_lower_terms_only(amount: int, asked: bool) -> None:
    world = world_of(agent("B", refund=500))
    ask_approval(world, 200)
    answer(world, "B", HelpResult.REFUSED)

    told = ask_approval(world, amount)

    assert ("HelpRequested" in names(told)) is asked
    assert asked or refusal(told) == "limit_exceeded"


def test_advisers_are_asked_one_after_the_other_and_none_twice() -> None:
    world = world_of(agent("B", refund=500), agent("C", refund=500))
    ask_approval(world, 200)

    told = answer(world, "B", HelpResult.CANCELLED)

    assert names(told) == ["HelpPassedOn", "ConsultStarted"]
    assert only(told, d.ConsultStarted).adviser_id == "C"
    assert names(answer(world, "C", HelpResult.CANCELLED)) == ["HelpPassedOn"]
    assert world.contact("c").state is ContactState.AWAITING_APPROVAL
    assert only(world.wait(120 * SECOND), d.CallbackPromised).owner_id == "A"


def test_an_approver_who_does_not_answer_is_followed_by_the_next() -> None:
    world = world_of(agent("B", refund=500), agent("C", refund=500))
    ask_approval(world, 200)

    events = world.wait(300 * SECOND)

    assert only(events, d.HelpPassedOn).reason == "expired"
    assert only(events, d.ConsultStarted).adviser_id == "C"


def test_an_adviser_who_goes_is_followed_by_who_becomes_free_next() -> None:
    world = world_of(agent("B", refund=500), agent("C", refund=500))
    world.give(call("c2", "refund", wanted=refund(400)))
    busy = world.contact("c2").owner_id
    ask_approval(world, 200)
    adviser = "C" if busy == "B" else "B"

    told = world.tell(f.AgentStateChanged(agent_id=adviser, presence=Presence.OFFLINE))

    assert names(told) == ["AgentPresenceChanged", "HelpPassedOn"]
    assert world.contact("c").state is ContactState.AWAITING_APPROVAL
    assert only(world.resolve("c2"), d.ConsultStarted).adviser_id == busy


def test_a_request_about_an_email_waits_four_hours_for_an_approver() -> None:
    world = World(desk(agent("A", refund=50), agent("B", refund=500)))
    world.sign_in("A")
    world.give(email("m", "refund"))
    world.by_owner(f.HelpAsked, "m", kind=HelpKind.APPROVAL, decision_wanted=refund(200))

    assert names(world.wait(4 * HOUR - SECOND)) == []
    assert names(world.wait(SECOND)) == ["CallbackPromised"]


def test_settled_during_a_consult_frees_both() -> None:
    world = world_of(agent("B", refund=500))
    ask_approval(world, 200)

    told = world.resolve("c", Outcome.RESOLVED)

    assert names(told) == ["ConsultEnded", "Resolved"]
    assert only(told, d.Resolved).tally.consults == 1
    assert world.desk.agents["A"].used_units == world.desk.agents["B"].used_units == 0


def test_a_decision_that_the_desk_does_not_know_is_malformed() -> None:
    world = world_of(agent("B", refund=500))
    wanted = f.DecisionWanted(decision_type="a name", amount_minor=5, currency="EUR")

    told = world.by_owner(f.HelpAsked, "c", kind=HelpKind.APPROVAL, decision_wanted=wanted)

    assert refusal(told) == "malformed"
