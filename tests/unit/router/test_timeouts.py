"""What becomes true by time alone: promises missed, leases over, memory that ends; and the index that finds it."""

from __future__ import annotations

import random

import pytest

from services.contract import decisions as d
from services.contract import facts as f
from services.contract.decisions import Decision
from services.contract.desk import DeskLimits
from services.contract.facts import Channel, Outcome
from services.router.decide import decide_timer
from services.router.model import ContactState
from services.router.timers import ASIDE_MAX, Timer, TimerIndex, timers_of
from tests.unit.router.world import (
    DAY,
    DESK,
    HOUR,
    SECOND,
    START_MS,
    World,
    agent,
    arrived,
    call,
    chat,
    desk,
    email,
    names,
    only,
)


@pytest.mark.parametrize(
    ("body", "target_ms"),
    [
        (call("c"), 40 * SECOND),
        (chat("c"), HOUR),
        (arrived("c", Channel.PHONE, "sms"), HOUR),
        (email("c"), 4 * HOUR),
    ],
)
def test_a_target_is_missed_when_it_passes(body: f.ContactArrived, target_ms: int) -> None:
    world = World(desk(agent("A")))
    world.tell(body)

    assert world.wait(target_ms - 1) == []
    assert only(world.wait(1), d.TargetMissed).promise == "target"


@pytest.mark.parametrize("seconds", [15, 300], ids=["sooner", "later"])
def test_a_promise_is_the_one_of_the_arrival_whatever_the_desk_promises_since(seconds: int) -> None:
    """What counts as broken is what the contact's record tells (`target_at`), by which the margin is measured too."""
    world = World(desk(agent("A")))
    opened = only(world.tell(call("c")), d.ContactOpened)
    world.wait(10 * SECOND)
    limits = DeskLimits(target_phone_ms=seconds * SECOND)
    world.tell(f.DeskConfigured(desk=desk(agent("A"), limits=limits)))

    assert "TargetMissed" not in names(world.wait(30 * SECOND - 1))
    assert only(world.wait(1), d.TargetMissed).promise == "target"
    assert world.now_ms == opened.target_at_ms
    later = only(world.tell(call("later")), d.ContactOpened)
    assert later.target_at_ms == world.now_ms + seconds * SECOND


def test_who_is_answered_within_the_promise_of_his_arrival_was_answered_in_time() -> None:
    """After 25 s of the 40 s that were told, though the desk promises 15 s to others by now."""
    world = World(desk(agent("A")))
    world.tell(call("c"))
    limits = DeskLimits(target_phone_ms=15 * SECOND)
    world.tell(f.DeskConfigured(desk=desk(agent("A"), limits=limits)))
    world.wait(25 * SECOND)

    world.sign_in("A")

    told = world.accept("c")
    assert only(told, d.Assigned).within_target
    assert "TargetMissed" not in names(told)


def test_everything_but_a_call_is_due_within_a_day() -> None:
    world = World(desk(agent("A")))
    world.tell(email("c"))
    world.wait(23 * HOUR)

    assert only(world.wait(HOUR), d.TargetMissed).promise == "due"
    assert names(world.wait(DAY)) == ["DeadlineMoved"]
    assert world.contact("c").state is ContactState.QUEUED


def test_a_line_that_rings_for_four_hours_is_dead() -> None:
    """Its hang-up was lost: the contact must not wait for ever."""
    world = World(desk(agent("A")))
    world.tell(call("c"))

    events = world.wait(4 * HOUR)

    assert names(events) == ["TargetMissed", "MessageDue", "Closed"]
    assert only(events, d.Closed).outcome is Outcome.UNSTATED


def test_a_promised_call_back_waits_until_somebody_makes_it() -> None:
    """No line rings any more, so nothing ends it but an agent."""
    world = World(desk(agent("A")))
    world.sign_in("A")
    world.give(call("c"))
    world.by_owner(f.HelpAsked, "c", kind=f.HelpKind.EXPERT)
    world.tell(f.AgentStateChanged(agent_id="A", presence=f.Presence.BREAK))
    world.wait(120 * SECOND)
    assert world.contact("c").state is ContactState.PROMISED

    world.wait(5 * DAY)
    assert world.contact("c").state is ContactState.QUEUED
    back = world.tell(f.AgentSignedIn(agent_id="A"))
    assert only(back, d.Offered).contact_id == "c"


def test_an_assignment_without_news_waits_ahead_for_its_owner() -> None:
    world = World(desk(agent("A"), agent("B", billing=0.99)))
    world.sign_in("A")
    world.give(call("c"))
    world.sign_in("B")

    events = world.wait(4 * HOUR)

    assert only(events, d.ContactQueued).ahead
    assert only(events, d.Offered).agent_id == "A"


def test_a_closed_contact_is_forgotten_after_a_day_and_its_case_after_the_window() -> None:
    world = World(desk(agent("A")))
    world.sign_in("A")
    world.give(call("c", thread="t"))
    world.resolve("c")

    first, second = world.wait(DAY), world.wait(6 * DAY)

    assert names(first) == ["Forgotten"]
    assert names(second) == ["ResolutionConfirmed", "Forgotten"]
    assert not (len(world.desk.contacts) or len(world.desk.cases) or len(world.desk.threads))
    assert len(world.desk.customers) == 0
    assert world.timers.next_at_ms(world.state) is None


@pytest.mark.parametrize(
    ("outcome", "confirmed"),
    [
        (Outcome.RESOLVED, True),
        (Outcome.UNRESOLVED, False),
        (Outcome.UNSTATED, False),
        (Outcome.SPAM, None),  # there was nothing to resolve
        (Outcome.DUPLICATE, None),
    ],
)
def test_what_the_end_of_the_window_says(outcome: Outcome, confirmed: bool | None) -> None:
    world = World(desk(agent("A")))
    world.sign_in("A")
    world.give(call("c"))
    world.resolve("c", outcome)

    found = [event for event in world.wait(8 * DAY) if isinstance(event, d.ResolutionConfirmed)]

    assert [event.first_contact for event in found] == ([] if confirmed is None else [confirmed])


def test_a_repeat_starts_the_window_again_and_the_first_contact_no_longer_counts() -> None:
    world = World(desk(agent("A")))
    world.sign_in("A")
    world.give(call("c1", customer="k"))
    world.resolve("c1")
    world.wait(6 * DAY)
    world.give(call("c2", customer="k"))
    world.resolve("c2")

    assert "ResolutionConfirmed" not in names(world.wait(6 * DAY))
    assert not only(world.wait(DAY), d.ResolutionConfirmed).first_contact


def test_a_stale_timer_is_a_record_without_events() -> None:
    world = World(desk(agent("A")))
    world.tell(call("c"))
    timer = Timer("contact/c", DESK, world.contact("c").deadline_at_ms)
    world.wait(41 * SECOND)

    record = fire(world, timer)

    assert record.events == ()


@pytest.mark.parametrize("timer_id", ["contact/x", "case/x", "nonsense"])
def test_a_timer_of_nothing_is_a_record_without_events(timer_id: str) -> None:
    assert fire(World(desk(agent("A"))), Timer(timer_id, DESK, START_MS)).events == ()


def test_a_timer_before_its_time_does_nothing() -> None:
    world = World(desk(agent("A")))
    world.tell(call("c"))

    assert fire(world, Timer("contact/c", DESK, world.contact("c").deadline_at_ms)).events == ()


def fire(world: World, timer: Timer) -> Decision:
    return world.append(
        decide_timer(world.state, timer, now_ms=world.now_ms, decision_id=world.new_id(), owner="test")
    )


def test_the_index_finds_the_least_deadline_whether_noted_or_rebuilt() -> None:
    rng = random.Random(5)
    world = World(desk(agent("A"), agent("B")))
    world.sign_in("A", "B")
    for number in range(40):
        world.tell(rng.choice((call, email, chat))(f"c{number}"))
        world.now_ms += rng.randrange(2 * SECOND)
        rebuilt = TimerIndex()
        rebuilt.rebuild(world.state)
        least = min(timer.deadline_at_ms for timer in timers_of(DESK, world.desk))
        assert world.timers.next_at_ms(world.state) == rebuilt.next_at_ms(world.state) == least


def test_a_timer_put_aside_is_not_due_before_its_time_and_the_next_one_is() -> None:
    world = World(desk(agent("A")))
    world.tell(call("c1"))
    world.tell(call("c2"))
    index, later_ms = TimerIndex(), world.now_ms + 10 * HOUR
    index.rebuild(world.state)
    first = index.due(world.state, later_ms)
    assert first is not None

    index.put_aside(first, later_ms + SECOND)
    index.note(world.state, world.records[-2])

    second = index.due(world.state, later_ms)
    assert second is not None and {first.timer_id, second.timer_id} == {"contact/c1", "contact/c2"}
    index.put_aside(second, later_ms + 2 * SECOND)
    assert index.due(world.state, later_ms) is None
    assert index.next_at_ms(world.state) == later_ms + SECOND
    assert index.due(world.state, later_ms + SECOND) == first
    index.rebuild(world.state)
    assert index.due(world.state, later_ms) == first


def test_only_so_many_timers_are_put_aside() -> None:
    index = TimerIndex()
    for number in range(ASIDE_MAX + 5):
        index.put_aside(Timer(f"contact/{number}", DESK, 1), START_MS)

    assert len(index._aside) == ASIDE_MAX


def test_nothing_is_due_in_an_empty_state() -> None:
    index = TimerIndex()

    assert index.due(World().state, START_MS) is None
    assert index.next_at_ms(World().state) is None
