"""More work than time: said when it begins and ends, acknowledged, called back, e-mail put off (routing.md 2.9)."""

from __future__ import annotations

from typing import cast

from prometheus_client import CollectorRegistry

from services.contract import decisions as d
from services.contract import facts as f
from services.contract.codec import encode_decision
from services.contract.facts import Presence
from services.contract.topics import DECISIONS
from services.router.measures import TailMeasures
from services.router.model import ContactState, changed
from services.router.picking import next_pick
from services.router.tail import DecisionTail
from services.runtime.log import Log, Record
from tests.properties.invariants import check_state
from tests.unit.router.world import (
    HOUR,
    MINUTE,
    SECOND,
    World,
    agent,
    call,
    chat,
    desk,
    email,
    names,
    only,
    refusal,
)

LATE = 5


def overloaded(callers: int = LATE) -> World:
    """One agent on a call, and so many callers who wait for longer than 40 s."""
    world = World(desk(agent("A"), agent("B")))
    world.sign_in("A")
    world.give(call("busy"))
    for number in range(callers):
        world.tell(call(f"c{number}"))
    world.wait(41 * SECOND)
    return world


def test_overload_begins_when_five_and_a_twentieth_are_past_their_target() -> None:
    began = only([event for record in overloaded().records for event in record.events], d.OverloadBegan)

    assert (began.waiting, began.past_target, began.prices_at_bound) == (LATE, LATE, False)
    assert not overloaded(LATE - 1).desk.overload_since_ms


def test_who_is_not_there_does_not_make_the_desk_less_dear() -> None:
    """B's group has no price, for nobody of it is at work."""
    world = World(desk(agent("A", "billing"), agent("B", "delivery")))
    world.sign_in("A")
    dear = world.desk.groups.keys[world.desk.groups.group_of[0]]
    price = f.GroupPrice(group=dear, price=world.desk.crew.settings.price_max)

    began = only(world.tell(f.PricesSet(epoch=1, prices=(price,))), d.OverloadBegan)

    assert began.prices_at_bound and not began.past_target


def test_who_comes_then_is_told_at_once() -> None:
    world = overloaded()

    assert only(world.tell(call("late")), d.MessageDue).kind == "callback_offer"
    assert only(world.tell(email("mail")), d.MessageDue).kind == "acknowledgement"
    assert "MessageDue" not in names(World(desk(agent("A"))).tell(call("early")))


def test_who_refuses_messages_is_told_nothing() -> None:
    """Facts say: the customer refuses further messages, nothing is ever answered automatically (facts.proto, `opted_out`)."""
    world = overloaded()

    refused = names(world.tell(email("mail", opted_out=True)))
    world.tell(chat("chat", thread="thread"))
    again = names(world.tell(chat("more", thread="thread", opted_out=True)))

    assert refused[-1] == "MessagesRefused" and "MessageDue" not in refused
    assert again == ["ContactContinued", "MessagesRefused"]
    assert names(world.tell(chat("and more", thread="thread", opted_out=True))) == ["ContactContinued"]
    check_state(world.state)


def test_a_caller_who_refuses_messages_is_not_offered_a_call_back_later() -> None:
    world = World(desk(agent("A")))
    world.tell(call("c", opted_out=True))

    assert names(world.wait(41 * SECOND)) == ["TargetMissed"]


def test_a_call_back_keeps_the_place_and_the_line_may_end() -> None:
    world = overloaded()

    promised = only(world.tell(f.CallbackAsked(contact_id="c0")), d.CallbackPromised)

    assert (promised.owner_id, promised.due_at_ms) == ("", world.now_ms + 4 * HOUR)
    assert names(world.tell(f.CallerHungUp(contact_id="c0"))) == []
    assert world.contact("c0").state is ContactState.QUEUED
    assert only(world.resolve("busy"), d.Offered).contact_id == "c0"
    assert refusal(world.tell(f.CallbackAsked(contact_id="c0"))) == "wrong_state"


def test_a_call_back_that_was_asked_for_before_the_target_passed_is_told_a_new_time_like_any_other() -> None:
    """Half a minute before the four hours are over (routing.md 1.2): the target that passes meanwhile puts it off no further."""
    world = World(desk(agent("A"), agent("B")))
    world.sign_in("A")
    world.give(call("busy"))
    world.tell(call("c0"))
    told = only(world.tell(f.CallbackAsked(contact_id="c0")), d.CallbackPromised)
    world.tell(f.AgentStateChanged(agent_id="A", presence=Presence.OFFLINE))

    assert only(world.wait(41 * SECOND), d.TargetMissed).promise == "target"
    world.now_ms = told.due_at_ms - 31 * SECOND
    assert world.fire() is None
    new = only(world.wait(SECOND), d.CallbackPromised)

    assert new.replaces_at_ms == told.due_at_ms
    assert new.due_at_ms >= told.due_at_ms + 15 * MINUTE
    assert world.contact("c0").missed == ("target",)


def test_overload_ends_after_a_minute_once_nobody_is_late() -> None:
    world = overloaded()
    for number in range(LATE):
        world.tell(f.CallerHungUp(contact_id=f"c{number}"))
    assert world.desk.overload_since_ms

    world.wait(60 * SECOND)
    told = world.tell(f.AgentStateChanged(agent_id="A", presence=Presence.BREAK))

    assert only(told, d.OverloadEnded).after_ms >= 60 * SECOND
    assert not world.desk.overload_since_ms


def test_an_email_is_urgent_after_twice_the_time_however_it_is_looked_for() -> None:
    """It waits 2 h 31 min, the chat 31 min: both are urgent, in an overload the chat alone."""
    world = World(desk(agent("A")))
    world.tell(email("mail"))
    world.wait(2 * HOUR)
    world.tell(chat("chat"))
    world.wait(31 * 60 * SECOND)
    there = changed(world.desk.agents["A"], presence=Presence.AVAILABLE)
    crew = world.desk.crew.with_presence("A", Presence.AVAILABLE)
    quiet = changed(world.desk, crew=crew, agents=world.desk.agents.set("A", there))
    busy = changed(quiet, overload_since_ms=world.now_ms)

    for one in (quiet, busy):
        picks = [next_pick(one, "A", world.now_ms, classes_min=classes) for classes in (10_000, 0)]
        assert picks[0] is not None and picks[0] == picks[1]
    assert picks[0] is not None and picks[0].contact_id == "chat"


def test_whoever_waits_past_the_target_is_offered_a_call_back_once() -> None:
    """At 40 s, without any overload; not again after an offer that failed."""
    world = World(desk(agent("A"), agent("B")))
    world.sign_in("A")
    world.give(call("busy"))
    world.tell(call("c"))
    world.tell(chat("chat"))

    assert only(world.wait(40 * SECOND), d.MessageDue).kind == "callback_offer"
    world.sign_in("B")
    world.wait(15 * SECOND)
    assert "MessageDue" not in names(world.wait(HOUR))


def test_a_target_that_passed_while_it_was_offered_is_followed_by_the_offer_of_a_call_back() -> None:
    world = World(desk(agent("A")))
    world.tell(call("c"))
    world.wait(30 * SECOND)
    world.sign_in("A")
    world.wait(14 * SECOND)

    told = world.decline("c")

    assert names(told) == ["OfferEnded", "TargetMissed", "ContactQueued", "MessageDue"]


def test_who_was_told_so_in_an_overload_is_not_told_again() -> None:
    world = overloaded()
    world.tell(call("late"))

    events = world.wait(60 * SECOND)

    assert only(events, d.TargetMissed).contact_id == "late"
    assert "MessageDue" not in names(events)


def test_a_call_back_that_was_missed_weighs_like_a_repeat() -> None:
    """1 x 1.3; the contact moves to the lane of its new weight, and its topic's count stays."""
    world = overloaded(1)
    world.tell(f.CallbackAsked(contact_id="c0"))
    lane = world.contact("c0").lane
    world.now_ms += 5 * HOUR
    while world.fire() is not None:
        pass

    contact = world.contact("c0")
    assert lane is not None and contact.lane is not None
    assert (lane.weight, contact.lane.weight) == (1.0, 1.3)
    assert "callback" in contact.missed
    check_state(world.state)


def test_operators_see_how_many_desks_are_overloaded() -> None:
    registry = CollectorRegistry()
    tail = DecisionTail(cast(Log, None), 1, TailMeasures(registry))

    for offset, record in enumerate(overloaded().records):
        value = encode_decision(record)
        tail._fold(Record(topic=DECISIONS, partition=0, offset=offset, key=b"", value=value, timestamp_ms=0))

    assert registry.get_sample_value("frontdesk_router_desks_overloaded", {"partition": "0"}) == 1
