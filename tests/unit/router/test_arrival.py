"""A customer contacts the desk: cases, repeats, conversations, calls that end before they arrive."""

from __future__ import annotations

import pytest

from services.contract import decisions as d
from services.contract import facts as f
from services.contract.facts import Channel
from services.router.model import ContactState
from tests.unit.router.world import (
    DAY,
    DESK,
    HOUR,
    SECOND,
    World,
    agent,
    arrived,
    call,
    chat,
    desk,
    email,
    names,
    only,
    refusal,
)


def test_a_contact_opens_a_case_and_is_offered_to_a_free_agent() -> None:
    world = World(desk(agent("A")))
    world.sign_in("A")

    told = world.tell(call("c1"))

    assert names(told) == ["CaseOpened", "ContactOpened", "Offered"]
    assert only(told, d.Offered).queue_id == "calls"
    assert world.contact("c1").state is ContactState.OFFERED


def test_a_contact_waits_when_nobody_is_free() -> None:
    world = World(desk(agent("A")))

    told = world.tell(email("c1"))

    assert names(told) == ["CaseOpened", "ContactOpened", "ContactQueued"]
    queued = only(told, d.ContactQueued)
    assert (queued.queue_id, queued.reason) == ("rest", d.WaitingReason.NONE_LOGGED_IN)
    assert [contact.contact_id for contact in world.desk.waiting_contacts()] == ["c1"]


@pytest.mark.parametrize(
    ("channel", "medium", "units"),
    [
        (Channel.PHONE, "voice", 100),
        (Channel.PHONE, "sms", 20),
        (Channel.EMAIL, "email", 50),
        (Channel.SOCIAL, "whatsapp", 20),
    ],
)
def test_units_by_channel(channel: Channel, medium: str, units: int) -> None:
    world = World(desk(agent("A")))
    world.tell(arrived("c1", channel, medium))

    assert world.contact("c1").units == units


def test_more_of_an_open_conversation_is_the_same_contact() -> None:
    world = World(desk(agent("A")))
    world.tell(chat("c1", customer="k", thread="t"))

    told = world.tell(chat("c2", customer="k", thread="t"))

    assert names(told) == ["ContactContinued"]
    assert only(told, d.ContactContinued).contact_id == "c1"
    assert world.contact("c1").fact_offset == world.offset
    assert len(world.desk.contacts) == 1


def test_a_second_call_is_a_contact_of_its_own() -> None:
    world = World(desk(agent("A")))
    world.tell(call("c1", customer="k", thread="t"))

    assert "ContactOpened" in names(world.tell(call("c2", customer="k", thread="t")))


def test_another_state_of_the_same_call_changes_nothing() -> None:
    world = World(desk(agent("A")))
    world.tell(call("c1"))

    assert names(world.tell(call("c1"))) == []


def test_a_repeat_joins_the_open_case_of_its_topic() -> None:
    world = World(desk(agent("A")))
    world.tell(call("c1", "billing", customer="k"))

    opened = only(world.tell(email("c2", "billing", customer="k")), d.ContactOpened)

    assert opened.case_id == world.contact("c1").case_id
    assert (opened.repeat, opened.first_in_case) == (True, False)


@pytest.mark.parametrize(
    ("first", "second", "same"),
    [
        ("billing", "billing", True),
        ("billing", "delivery", False),
        ("", "billing", True),  # a call has no text: an unknown topic fits any
        ("billing", "", True),
    ],
)
def test_which_case_a_topic_belongs_to(first: str, second: str, same: bool) -> None:
    world = World(desk(agent("A")))
    world.tell(call("c1", first, customer="k"))
    world.tell(call("c2", second, customer="k"))

    assert (world.contact("c1").case_id == world.contact("c2").case_id) is same


def test_the_same_conversation_is_the_same_case_whatever_the_topic() -> None:
    world = World(desk(agent("A")))
    world.sign_in("A")
    world.give(chat("c1", "billing", customer="k", thread="t"))
    world.resolve("c1")
    world.tell(chat("c2", "delivery", customer="k", thread="t"))

    assert world.contact("c1").case_id == world.contact("c2").case_id


def test_a_settled_case_that_comes_back_is_reopened() -> None:
    world = World(desk(agent("A")))
    world.sign_in("A")
    world.give(call("c1", customer="k"))
    world.resolve("c1")
    world.wait(2 * HOUR)

    told = world.tell(call("c2", customer="k"))

    reopened = only(told, d.Reopened)
    assert (reopened.first_contact, reopened.after_ms) == (True, 2 * HOUR)
    assert (reopened.channel, reopened.queue_id) == (Channel.PHONE, "calls")
    assert names(told)[:2] == ["Reopened", "ContactOpened"]


def test_a_case_closed_unresolved_that_comes_back_is_a_repeat_too() -> None:
    world = World(desk(agent("A")))
    world.sign_in("A")
    world.give(call("c1", customer="k"))
    world.resolve("c1", f.Outcome.UNRESOLVED)
    world.wait(HOUR)

    reopened = only(world.tell(call("c2", customer="k")), d.Reopened)

    assert (reopened.settled, reopened.first_contact, reopened.after_ms) == (False, False, HOUR)


def test_who_gave_up_waiting_and_calls_again_is_no_repeat() -> None:
    world = World(desk(agent("A")))
    world.tell(call("c1", customer="k"))
    world.tell(f.CallerHungUp(contact_id="c1"))

    told = world.tell(call("c2", customer="k"))

    assert "Reopened" not in names(told)
    assert world.contact("c2").case_id == world.contact("c1").case_id


def test_a_case_that_was_closed_unresolved_comes_back_too() -> None:
    world = World(desk(agent("A")))
    world.sign_in("A")
    world.give(call("c1", customer="k"))
    world.resolve("c1", f.Outcome.UNRESOLVED)

    reopened = only(world.tell(call("c2", customer="k")), d.Reopened)

    assert (reopened.settled, reopened.first_contact) == (False, False)


def test_after_the_window_it_is_a_new_case() -> None:
    world = World(desk(agent("A")))
    world.sign_in("A")
    world.give(call("c1", customer="k"))
    world.resolve("c1")
    events = world.wait(8 * DAY)

    assert only(events, d.ResolutionConfirmed).first_contact
    assert names(world.tell(call("c2", customer="k")))[0] == "CaseOpened"


def test_a_withheld_customer_always_gets_a_new_case_and_is_never_matured() -> None:
    world = World(desk(agent("A")))
    world.sign_in("A")
    world.give(call("c1", customer=""))
    resolved = only(world.resolve("c1"), d.Resolved)
    world.tell(call("c2", customer=""))

    assert resolved.tally.unattributable
    assert world.contact("c2").case_id != world.contact("c1").case_id
    assert "ResolutionConfirmed" not in names(world.wait(9 * DAY))


def test_a_call_that_ended_before_it_arrived_is_offered_to_nobody() -> None:
    world = World(desk(agent("A")))
    world.sign_in("A")
    assert names(world.tell(f.CallerHungUp(contact_id="c1"))) == ["EndedEarly"]

    told = world.tell(call("c1"))

    assert names(told) == ["CaseOpened", "ContactOpened", "ContactQueued", "Abandoned"]
    assert world.desk.ended_early_ids == ()


def test_early_ends_are_remembered_within_a_bound() -> None:
    world = World(desk(agent("A")))
    for number in range(300):
        world.tell(f.CallerHungUp(contact_id=f"c{number}"))

    assert len(world.desk.ended_early_ids) == 256
    assert world.desk.ended_early_ids[-1] == "c299"


def test_waits_start_at_receipt_and_never_in_the_future() -> None:
    world = World(desk(agent("A")))
    world.tell(call("c1"), received_ms=world.now_ms - 5 * SECOND)
    world.tell(call("c2"), received_ms=world.now_ms + 5 * SECOND)

    assert world.contact("c1").arrived_at_ms == world.now_ms - 5 * SECOND
    assert world.contact("c2").arrived_at_ms == world.now_ms


def test_the_same_fact_again_gets_the_first_reply_and_changes_nothing() -> None:
    world = World(desk(agent("A")))
    first = world.tell(f.AgentSignedIn(agent_id="A"), fact_id="x")
    before = world.state.desks

    again = world.tell(f.AgentSignedIn(agent_id="nobody"), fact_id="x")

    assert names(again) == ["DuplicateIgnored"]
    assert again.reply == first.reply
    assert world.state.desks is before


@pytest.mark.parametrize(
    ("body", "desk_id", "reason"),
    [
        (None, DESK, "unknown_kind"),
        (call("c1"), "elsewhere", "desk_unknown"),
        (f.ContactArrived(), DESK, "invalid"),
        (f.CallerHungUp(), DESK, "invalid"),
        (f.ContactArrived(contact_id="x" * 201), DESK, "invalid"),
        (f.DeskConfigured(desk=desk(desk_id="other")), DESK, "invalid"),
        (f.DeskConfigured(), DESK, "invalid"),
    ],
)
def test_what_cannot_be_used_is_rejected_by_name(body: object, desk_id: str, reason: str) -> None:
    world = World(desk(agent("A")))
    before = world.state.desks

    assert only(world.tell(body, desk_id=desk_id), d.FactRejected).reason == reason
    assert world.state.desks is before


def test_free_text_from_outside_does_not_reach_a_record() -> None:
    world = World(desk(agent("A")))
    world.sign_in("A")
    body = arrived("c1", Channel.SOCIAL, "Ana Example", language="ana@example.org")
    opened = only(world.tell(body), d.ContactOpened)
    changed = only(
        world.tell(f.AgentStateChanged(agent_id="A", presence=f.Presence.BREAK, reason="calls Ana, 0811")),
        d.AgentPresenceChanged,
    )

    assert (opened.medium, opened.language, changed.reason) == ("other", "", "other")


def test_an_agent_of_another_desk_is_unknown() -> None:
    world = World(desk(agent("A")))

    assert refusal(world.tell(f.AgentSignedIn(agent_id="Z"))) == "unknown"
