"""A contact waits on purpose for a better agent: bounded, explained, and no agent idles while there is other work."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from services.contract import decisions as d
from services.contract.decisions import WaitingReason
from services.contract.desk import Agent, DeskPolicy
from services.contract.facts import AgentSignedIn, AgentStateChanged, Presence
from tests.unit.router.world import HOUR, MINUTE, SECOND, World, agent, call, chat, desk, email, names, only


def team(*, billing: float, experts: int = 40) -> list[Agent]:
    """Z resolves billing rarely; many experts at it nearly always, each free every 250 s: one every 6 s."""
    return [agent(f"E{number:02}", billing=0.95) for number in range(experts)] + [agent("Z", billing=billing)]


def busy_world(people: list[Agent], **policy: Any) -> World:
    """All but Z are on a call."""
    world = World(replace(desk(*people), policy=DeskPolicy(**policy)))
    for one in people:
        if one.agent_id != "Z":
            world.sign_in(one.agent_id)
            world.give(call(f"with{one.agent_id}"))
    world.sign_in("Z")
    return world


def test_a_contact_is_held_when_a_much_better_agent_is_about_to_be_free() -> None:
    world = busy_world(team(billing=0.3))

    told = only(world.tell(call("c")), d.ContactQueued)

    assert told.reason is WaitingReason.HELD_FOR_BETTER
    assert world.contact("c").waiting_reason is WaitingReason.HELD_FOR_BETTER
    hold = told.explanation.hold
    assert hold.held and hold.hold_cost < hold.best_cost
    assert (hold.cap_seconds, hold.waited_seconds, hold.agents) == (20.0, 0.0, 40)
    assert hold.expected_wait_seconds == pytest.approx(247 / 40, abs=0.1)
    free, busy = told.explanation.candidates
    assert (free.agent_id, free.busy, busy.agent_id, busy.busy) == ("Z", False, "E00", True)
    assert told.deadline_at_ms - world.now_ms == pytest.approx(hold.expected_wait_seconds * 1000, abs=1)


def test_nobody_is_held_for_a_little_gain() -> None:
    world = busy_world(team(billing=0.946))

    told = only(world.tell(call("c")), d.Offered)

    assert told.agent_id == "Z"
    assert not told.explanation.hold.held


def test_the_agent_that_frees_takes_who_was_held_for_it() -> None:
    world = busy_world(team(billing=0.3))
    world.tell(call("c"))
    world.now_ms += SECOND

    told = world.resolve("withE07")

    assert only(told, d.Offered).agent_id == "E07"


def test_a_held_contact_goes_to_whoever_is_free_at_the_cap() -> None:
    """Nobody frees: decided again every few seconds, and given to Z before 20 s are over."""
    world = busy_world(team(billing=0.3))
    world.tell(call("c"))

    events = world.wait(20 * SECOND)

    offered = only(events, d.Offered)
    assert offered.agent_id == "Z"
    assert "DeadlineMoved" in names(events)
    assert world.contact("c").offered_to_id == "Z"


def test_a_cap_of_nothing_holds_nobody() -> None:
    world = busy_world(team(billing=0.3), hold_phone_ms=0)

    told = only(world.tell(call("c")), d.Offered)

    assert told.agent_id == "Z"
    assert told.explanation.hold is None


def test_who_was_held_in_an_earlier_queue_entry_is_not_held_as_long_again() -> None:
    """Z lets it ring for 15 s and comes back; the waiting counts over all entries."""
    world = busy_world(team(billing=0.3))
    world.tell(call("c"))
    world.wait(20 * SECOND)
    world.accept("c")
    waited = world.contact("c").waited_before_ms
    assert 10 * SECOND < waited <= 20 * SECOND


def test_a_freed_agent_passes_over_who_is_held_and_takes_the_next() -> None:
    world = World(desk(*team(billing=0.3)))
    for number in range(40):
        world.sign_in(f"E{number:02}")
        world.give(call(f"with{number}"))
    world.tell(call("held"))
    world.tell(email("other"))

    told = world.tell(AgentSignedIn(agent_id="Z"))

    assert only(told, d.Offered).contact_id == "other"
    moved = only(told, d.DeadlineMoved)
    assert (moved.contact_id, moved.reason) == ("held", "held_for_better")
    assert world.contact("held").waiting_reason is WaitingReason.HELD_FOR_BETTER
    assert moved.deadline_at_ms - world.now_ms <= 10 * SECOND


def test_a_hold_that_is_over_is_no_longer_told_as_the_reason() -> None:
    """Z goes on a break while somebody is held: what it waits for from then on is somebody free."""
    world = busy_world(team(billing=0.3))
    world.tell(call("c"))
    assert world.contact("c").waiting_reason is WaitingReason.HELD_FOR_BETTER

    world.tell(AgentStateChanged(agent_id="Z", presence=Presence.BREAK))
    events = world.wait(10 * SECOND)

    assert only(events, d.DeadlineMoved).reason == "all_busy"
    assert world.contact("c").waiting_reason is WaitingReason.ALL_BUSY


def test_over_three_targets_nobody_is_held() -> None:
    world = World(desk(*team(billing=0.3)))
    for number in range(40):
        world.sign_in(f"E{number:02}")
        world.give(call(f"with{number}"))
    world.tell(call("c"))
    world.wait(2 * MINUTE + SECOND)

    assert only(world.tell(AgentSignedIn(agent_id="Z")), d.Offered).contact_id == "c"


def test_messages_are_kept_from_the_last_idle_while_there_are_calls() -> None:
    """Of 20 agents more than 1.6 must be idle, and two colleagues stay: the last three are kept."""
    people = [agent(f"A{number:02}") for number in range(20)]
    world = World(desk(*people))
    for one in people:
        world.sign_in(one.agent_id)
    for number in range(17):
        world.give(call(f"with{number}"))

    world.give(chat("first"))
    told = only(world.tell(chat("second")), d.ContactQueued)

    assert told.reason is WaitingReason.KEPT_IN_RESERVE
    assert told.deadline_at_ms == world.now_ms + HOUR // 2 + 1
    assert only(world.tell(call("live")), d.Offered).contact_id == "live"


def test_work_that_was_kept_back_is_given_out_once_it_is_urgent() -> None:
    people = [agent(f"A{number:02}") for number in range(20)]
    world = World(desk(*people))
    for one in people:
        world.sign_in(one.agent_id)
    for number in range(19):
        world.give(call(f"with{number}"))
    world.tell(chat("c"))

    events = world.wait(HOUR // 2 + SECOND)

    assert only(events, d.Offered).contact_id == "c"


def test_without_calls_nothing_is_kept_in_reserve() -> None:
    people = [agent(f"A{number:02}") for number in range(20)]
    world = World(desk(*people))
    for one in people:
        world.sign_in(one.agent_id)

    assert [len(names(world.tell(chat(f"c{number}")))) for number in range(40)] == [3] * 40


def test_a_call_comes_on_top_of_mail_which_stands_still() -> None:
    world = World(desk(agent("A")))
    world.sign_in("A")
    for number in range(2):
        world.give(email(f"m{number}"))

    world.give(call("c"))

    one = world.desk.agents["A"]
    assert (one.used_units, one.soft_units) == (200, 100)
    assert names(world.tell(email("m2")))[-1] == "ContactQueued"
    assert names(world.tell(call("c2")))[-1] == "ContactQueued"


def test_a_desk_may_let_mail_be_finished_first() -> None:
    world = World(replace(desk(agent("A")), policy=DeskPolicy(interrupt_email=0, units_email=100)))
    world.sign_in("A")
    world.give(email("m"))

    assert only(world.tell(call("c")), d.ContactQueued).reason is WaitingReason.ALL_BUSY


def test_what_does_not_fit_before_the_end_of_a_shift_goes_to_others() -> None:
    """1.5 times 200 s are 300 s."""
    world = World(desk(agent("A"), agent("B", speed=1.5)))
    world.tell(AgentSignedIn(agent_id="A", shift_ends_at_ms=world.now_ms + 299 * SECOND))
    world.tell(AgentSignedIn(agent_id="B", shift_ends_at_ms=world.now_ms + 9 * HOUR))

    assert only(world.tell(call("c")), d.Offered).agent_id == "B"
    assert only(world.tell(call("d")), d.ContactQueued).reason is WaitingReason.SHIFT_ENDING


def test_the_end_of_a_shift_is_relaxed_where_nobody_stays_longer() -> None:
    world = World(desk(agent("A")))
    world.tell(AgentSignedIn(agent_id="A", shift_ends_at_ms=world.now_ms + MINUTE))

    told = only(world.tell(call("c")), d.Offered)

    assert told.explanation.relaxations == ("shift_end",)


def test_mail_waits_a_while_for_the_agent_whom_the_customer_had() -> None:
    """The bonus of 36 cs outweighs .01 cs a second for the 250 s until A is free."""
    people = [agent("A"), agent("B")]
    world = World(replace(desk(*people), policy=DeskPolicy(interrupt_email=0)))
    world.sign_in("A")
    world.give(call("with"))
    world.sign_in("B")

    told = only(world.tell(email("m", preferred_agent_id="A")), d.ContactQueued)

    assert told.reason is WaitingReason.HELD_FOR_BETTER
    assert told.explanation.candidates[-1].agent_id == "A"
    assert only(world.resolve("with"), d.Offered).contact_id == "m"
