"""An approval that nobody at work can give is looked for until the call-back (routing.md 2.8, rules 3 and 4)."""

from __future__ import annotations

import pytest

from services.contract import decisions as d
from services.contract import facts as f
from services.contract.facts import HelpKind, HelpResult, Outcome, Presence
from services.router.explain import describe
from services.router.model import ContactState
from tests.unit.router.world import HOUR, SECOND, World, agent, call, desk, names, only, refund, refusal

JOINED_MS = 300 * SECOND


def promised() -> World:
    """A needs a manager for c; none is at work, so A has promised to call back and the customer has hung up."""
    manager, other = agent("M", unlimited=True), agent("N", unlimited=True)
    world = World(desk(agent("A", refund=50), manager, other))
    world.sign_in("A")
    world.give(call("c", "refund"))
    world.by_owner(f.HelpAsked, "c", kind=HelpKind.APPROVAL, decision_wanted=refund(900))
    world.wait(120 * SECOND)
    world.tell(f.CallerHungUp(contact_id="c"))
    return world


def answer(world: World, result: HelpResult, agent_id: str = "M") -> d.Decision:
    help_id = world.contact("c").help_id
    return world.tell(f.HelpAnswered(help_id=help_id, agent_id=agent_id, result=result))


def sign_in(world: World, agent_id: str) -> d.Decision:
    return world.tell(f.AgentSignedIn(agent_id=agent_id))


def test_the_log_says_that_it_is_looked_for() -> None:
    manager = World(desk(agent("A", refund=50)))
    manager.sign_in("A")
    manager.give(call("c", "refund"))
    asked = manager.by_owner(f.HelpAsked, "c", kind=HelpKind.APPROVAL, decision_wanted=refund(900))

    told = only(manager.wait(120 * SECOND), d.CallbackPromised)

    assert told.help_id == only(asked, d.HelpRequested).help_id != ""
    assert describe(told) == "A will call back, an approval is looked for until then"


def test_a_manager_who_signs_in_is_asked_though_the_owner_is_busy() -> None:
    world = promised()
    world.give(call("busy"))

    told = sign_in(world, "M")

    assert only(told, d.ConsultStarted).contact_id == "c"
    assert world.desk.agents["M"].used_units == 100
    assert world.desk.agents["A"].contact_ids == ("busy",)
    assert world.contact("c").state is ContactState.PROMISED


@pytest.mark.parametrize("result", [HelpResult.GRANTED, HelpResult.REFUSED])
def test_the_answer_brings_it_back_to_its_owner_at_once(result: HelpResult) -> None:
    world = promised()
    sign_in(world, "M")

    told = answer(world, result)

    assert names(told) == ["ConsultEnded", "ContactQueued", "Offered"]
    assert only(told, d.Offered).agent_id == "A"
    assert only(world.accept("c"), d.Assigned).hop == 0
    used = world.by_owner(f.AuthorityUsed, "c", decision=refund(900))
    if result is HelpResult.GRANTED:
        assert only(used, d.ExceptionGranted).approver_id == "M"
    else:
        assert refusal(used) == "limit_exceeded"


def test_a_busy_owner_gets_it_before_anything_else_and_the_time_told_stays() -> None:
    world = promised()
    due_at_ms = world.contact("c").promised_at_ms
    world.give(call("busy"))
    sign_in(world, "M")

    told = only(answer(world, HelpResult.GRANTED), d.CallbackPromised)

    assert (told.due_at_ms, told.replaces_at_ms, told.next_for_owner) == (due_at_ms, 0, True)
    assert world.desk.agents["M"].used_units == 0
    world.tell(f.AgentStateChanged(agent_id="M", presence=Presence.BREAK))
    world.tell(call("other", complaint=True))
    assert only(world.resolve("busy"), d.Offered).contact_id == "c"


def test_an_owner_who_has_no_time_and_no_better_colleague_tells_a_later_time() -> None:
    world = promised()
    world.give(call("busy"))
    sign_in(world, "M")
    answer(world, HelpResult.GRANTED)
    world.tell(f.AgentStateChanged(agent_id="M", presence=Presence.BREAK))

    assert names(world.wait(4 * HOUR - 121 * SECOND)) == []
    again = only(world.wait(SECOND), d.CallbackPromised)
    assert again.next_for_owner and again.due_at_ms > again.replaces_at_ms > world.now_ms


def test_customers_on_the_line_come_first() -> None:
    world = promised()
    world.give(call("live", "refund"))
    world.by_owner(f.HelpAsked, "live", kind=HelpKind.APPROVAL, decision_wanted=refund(900))

    assert only(sign_in(world, "M"), d.ConsultStarted).contact_id == "live"


def test_a_manager_who_does_not_answer_is_followed_by_the_next_and_is_free() -> None:
    world = promised()
    sign_in(world, "M")

    passed = world.wait(JOINED_MS)

    assert only(passed, d.HelpPassedOn).reason == "expired"
    assert world.desk.agents["M"].used_units == 0
    assert only(sign_in(world, "N"), d.ConsultStarted).adviser_id == "N"
    assert names(answer(world, HelpResult.CANCELLED, "N")) == ["HelpPassedOn"]


def test_the_request_ends_with_the_call_back() -> None:
    world = promised()

    assert world.wait(4 * HOUR - 241 * SECOND) == []
    sign_in(world, "M")
    events = world.wait(121 * SECOND)

    assert names(events)[:2] == ["ConsultEnded", "ContactQueued"]
    assert only(events, d.ConsultEnded).result is HelpResult.EXPIRED
    assert world.desk.agents["M"].used_units == 0
    assert not world.desk.helps


def test_the_owner_may_take_it_back_and_goes_on_promising() -> None:
    world = promised()

    assert names(answer(world, HelpResult.CANCELLED, "A")) == ["ConsultEnded"]
    assert world.contact("c").state is ContactState.PROMISED
    assert "ConsultStarted" not in names(sign_in(world, "M"))


def test_settled_meanwhile_the_manager_is_free() -> None:
    world = promised()
    sign_in(world, "M")

    told = world.resolve("c", Outcome.RESOLVED)

    assert names(told) == ["ConsultEnded", "Resolved"]
    assert world.desk.agents["M"].used_units == 0
    assert not world.desk.helps


def test_the_answer_waits_for_an_owner_who_has_gone() -> None:
    world = promised()
    world.tell(f.AgentStateChanged(agent_id="A", presence=Presence.OFFLINE))
    sign_in(world, "M")
    answer(world, HelpResult.GRANTED)

    told = sign_in(world, "A")

    assert only(told, d.Offered).contact_id == "c"
