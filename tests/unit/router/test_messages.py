"""Own answers stop the clock of what was said before them, in whatever order the two come."""

from __future__ import annotations

from typing import Any

import pytest

from services.contract import decisions as d
from services.contract import facts as f
from services.router.evolve.contacts import EARLY_PER_THREAD_MAX, EARLY_THREADS_MAX
from services.router.model import ContactState
from tests.unit.router.world import (
    DAY,
    MINUTE,
    SECOND,
    START_MS,
    World,
    agent,
    call,
    chat,
    desk,
    email,
    names,
    only,
)


@pytest.fixture
def world() -> World:
    world = World(desk(agent("A")))
    world.now_ms += 10 * MINUTE
    return world


def ours(thread: str = "t", kind: str = "human", medium: str = "messenger") -> f.MessageSent:
    return f.MessageSent(thread_key=thread, kind=kind, medium=medium)


def theirs(contact_id: str = "c", thread: str = "t") -> f.ContactArrived:
    return chat(contact_id, customer="k", thread=thread)


def at(seconds: int) -> dict[str, Any]:
    return {"occurred_ms": START_MS + seconds * SECOND}


def test_a_persons_answer_in_the_conversation_stops_the_clock(world: World) -> None:
    world.tell(theirs(), **at(10))
    world.now_ms += MINUTE
    told = world.tell(ours(), **at(20))

    answered = only(told, d.Answered)
    assert (answered.contact_id, answered.kind, answered.after_ms) == ("c", "human", MINUTE)
    assert answered.queue_id == "rest"
    assert names(world.tell(ours(), **at(30))) == []


def test_a_promise_is_not_broken_once_a_person_has_answered_elsewhere(world: World) -> None:
    world.tell(theirs())
    world.tell(ours())
    later = world.wait(3 * DAY)

    assert "TargetMissed" not in names(later)
    assert world.contact("c").state is ContactState.QUEUED


def test_an_acknowledgement_keeps_no_promise(world: World) -> None:
    world.tell(theirs())
    world.tell(ours(kind="ack"))

    assert names(world.wait(3 * DAY)).count("TargetMissed") == 2  # the target, and the day


def test_an_answer_that_came_first_answers_by_the_sources_clock(world: World) -> None:
    assert names(world.tell(ours(), **at(20))) == ["AnsweredEarly"]
    told = world.tell(theirs(), **at(10))

    answered = only(told, d.Answered)
    assert (answered.after_ms, answered.queue_id) == (10 * SECOND, "rest")
    assert world.contact("c").answered == ("human",)


def test_what_we_wrote_before_the_customer_is_no_answer(world: World) -> None:
    world.tell(ours(), **at(5))
    world.tell(theirs(), **at(10))
    assert world.contact("c").answered == ()

    assert names(world.tell(ours(), **at(8))) == ["AnsweredEarly"]
    assert world.contact("c").answered == ()


def test_an_answer_that_comes_late_does_not_answer_the_next_contact(world: World) -> None:
    world.sign_in("A")
    world.tell(theirs("c1"), **at(10))
    world.accept("c1")
    world.resolve("c1")
    world.tell(theirs("c2"), **at(30))
    world.tell(ours(), **at(20))

    assert world.contact("c2").answered == ()


def test_an_older_message_that_comes_late_was_answered(world: World) -> None:
    """Said at 10 and 30, answered at 20; told in the order 30, 20, 10."""
    world.tell(theirs("late"), **at(30))
    world.tell(ours(), **at(20))
    told = world.tell(theirs("first"), **at(10))

    assert names(told) == ["ContactContinued", "Answered"]
    assert only(told, d.Answered).after_ms == 10 * SECOND


def test_words_that_come_late_do_not_hide_newer_ones(world: World) -> None:
    world.tell(theirs("new"), **at(30))
    newest = world.offset
    world.tell(theirs("old"), **at(10))
    assert world.contact("new").fact_offset == newest

    world.tell(theirs("newest"), **at(40))
    assert world.contact("new").fact_offset == world.offset


def test_a_mail_is_timed_by_its_receipt_for_its_date_is_the_customers_clock(world: World) -> None:
    world.tell(email("c", customer="k", thread="t"), occurred_ms=1)
    newest = world.offset + 1
    world.now_ms += MINUTE
    world.tell(email("c2", customer="k", thread="t"), occurred_ms=0)
    world.tell(ours(medium="email"), occurred_ms=2)

    assert world.contact("c").fact_offset == newest
    assert world.contact("c").answered == ("human",)


def test_a_clock_ahead_of_ours_counts_from_the_receipt(world: World) -> None:
    world.tell(theirs(), occurred_ms=world.now_ms + 60 * MINUTE)
    world.now_ms += SECOND
    world.tell(ours())

    assert world.contact("c").answered == ("human",)


@pytest.mark.parametrize(
    "body", [ours(thread=""), ours(kind="robot"), f.MessageSent(contact_id="x", kind="human")]
)
def test_what_answers_nothing_is_nothing(world: World, body: f.MessageSent) -> None:
    assert names(world.tell(body)) == []


def test_answers_without_a_message_are_bounded(world: World) -> None:
    for number in range(EARLY_THREADS_MAX + 50):
        for _ in range(EARLY_PER_THREAD_MAX + 1 if number == EARLY_THREADS_MAX + 1 else 1):
            world.tell(ours(f"t{number}"))

    answers = world.desk.early_answers
    assert set(answers) == set(world.desk.early_threads)
    assert len(answers) == EARLY_THREADS_MAX
    assert max(len(kept) for kept in answers.values()) == EARLY_PER_THREAD_MAX
    assert "t0" not in answers


def test_a_call_that_ended_before_it_began_is_over_with_its_states(world: World) -> None:
    world.tell(f.CallerHungUp(contact_id="c", status="completed", wait_ms=8_000))
    told = world.tell(
        f.NonContactSeen(kind="call_state", contact_id="c", call_state="call_queued", wait_ms=4_000)
    )
    world.tell(call("c"))

    noted = only(told, d.NonContactNoted)
    assert (noted.contact_id, noted.call_state, noted.wait_ms) == ("c", "call_queued", 4_000)
    assert world.contact("c").state is ContactState.CLOSED
