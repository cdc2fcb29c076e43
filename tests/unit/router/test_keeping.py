"""An owner who is at work keeps his contact, or loses it by a hop; two hops are the most (routing.md 2.8)."""

from __future__ import annotations

from dataclasses import replace

from services.contract import decisions as d
from services.contract import facts as f
from services.contract.desk import Agent, DeskLimits, Skill
from services.contract.facts import HelpKind, Presence, TransferReason
from services.router.explain import describe
from services.router.model import ContactState, changed
from tests.unit.router.world import (
    DAY,
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
    refund,
)

BETTER = replace(agent("B"), skills=(Skill(topic_id="refund", resolution=0.9),))
"""Settles more refunds than A, and may decide no more of them."""


def promised(hops: int = 0, *, other: Agent = BETTER) -> World:
    """A promised to call back; the call has hopped before. Then he is on another call, and B is free."""
    world = World(desk(agent("A"), other, limits=DeskLimits(lease_ms=3 * DAY)))
    world.sign_in("A")
    world.give(call("c", "refund"))
    world.by_owner(f.HelpAsked, "c", kind=HelpKind.APPROVAL, decision_wanted=refund(100))
    world.wait(120 * SECOND)
    contact = changed(world.contact("c"), hops=hops)
    there = changed(world.desk, contacts=world.desk.contacts.set("c", contact))
    world.state = changed(world.state, desks=world.state.desks.set(there.desk.desk_id, there))
    world.give(call("busy"))
    world.sign_in("B")
    return world


def test_a_call_back_that_another_makes_is_a_hop() -> None:
    world = promised(hops=1)
    world.wait(4 * HOUR - 120 * SECOND)

    assigned = only(world.accept("c"), d.Assigned)

    assert (assigned.agent_id, assigned.hop, world.contact("c").hops) == ("B", 2, 2)
    assert describe(assigned).endswith("hop 2: its owner had no room")


def test_who_has_no_more_to_give_than_a_busy_owner_does_not_take_his_call_back() -> None:
    """B is free and no better: it waits for A, and the customer is told a new time (design.md, rule 3)."""
    world = promised(other=agent("B"))
    first = world.contact("c").promised_at_ms

    again = only(world.wait(4 * HOUR - 120 * SECOND), d.CallbackPromised)

    assert (again.replaces_at_ms, again.next_for_owner) == (first, True)
    assert only(world.resolve("busy"), d.Offered).agent_id == "A"


def test_but_takes_it_from_an_owner_on_a_break() -> None:
    world = promised(other=agent("B"))
    world.resolve("busy")
    world.tell(f.AgentStateChanged(agent_id="A", presence=Presence.BREAK))
    world.wait(4 * HOUR - 120 * SECOND)

    assigned = only(world.accept("c"), d.Assigned)

    assert (assigned.agent_id, assigned.hop) == ("B", 1)


def test_a_freed_agent_who_is_no_better_leaves_it_to_its_owner() -> None:
    """B takes nothing from A that he would not settle more often; the explanation counts him."""
    world = promised(other=agent("B"))
    world.tell(call("more"))
    world.accept("more")
    world.sign_in("C")
    world.wait(4 * HOUR - 120 * SECOND)

    world.resolve("more")

    assert world.contact("c").offered_to_id != "B"


def test_it_is_no_hop_from_who_has_gone() -> None:
    world = promised()
    world.resolve("busy")
    world.tell(f.AgentStateChanged(agent_id="A", presence=Presence.OFFLINE))
    world.wait(4 * HOUR - 120 * SECOND)

    assert only(world.accept("c"), d.Assigned).hop == 0


def test_nor_from_who_would_not_have_it_back() -> None:
    world = promised()
    world.resolve("busy")
    world.wait(4 * HOUR - 120 * SECOND)
    assert world.contact("c").offered_to_id == "A"
    world.decline("c")

    assigned = only(world.accept("c"), d.Assigned)

    assert (assigned.agent_id, assigned.hop) == ("B", 0)


def test_once_its_hops_are_spent_it_waits_for_its_owner_and_new_times_are_told() -> None:
    world = promised(hops=2)
    first = world.contact("c").promised_at_ms

    told = world.wait(4 * HOUR - 120 * SECOND)

    again = only(told, d.CallbackPromised)
    assert (again.replaces_at_ms, again.due_at_ms) == (first, first + 15 * MINUTE)
    assert again.next_for_owner and world.now_ms < first
    assert world.desk.agents["A"].kept_ids == ("c",)
    assert "ContactQueued" not in names(world.wait(HOUR))


def test_its_owner_gets_it_before_anything_else_when_he_has_room() -> None:
    world = promised(hops=2)
    world.wait(4 * HOUR)
    for contact_id in ("other", "more"):
        world.tell(call(contact_id, complaint=True))

    told = world.resolve("busy")

    assert [event.contact_id for event in told.events if isinstance(event, d.Offered)] == ["c"]
    assert only(told, d.Offered).agent_id == "A"
    assert world.desk.agents["A"].kept_ids == ()
    assert only(world.accept("c"), d.Assigned).hop == 0


def test_it_is_anybodys_after_a_day() -> None:
    world = promised(hops=2)

    events = world.wait(DAY)

    queued = [one for one in events if isinstance(one, d.ContactQueued) and one.contact_id == "c"]
    assert [one.owner_kept for one in queued][:1] == [False]
    assert world.contact("c").state is not ContactState.PROMISED


def test_it_is_anybodys_once_its_owner_has_gone() -> None:
    world = promised(hops=2)
    world.wait(4 * HOUR)
    world.tell(f.AgentStateChanged(agent_id="A", presence=Presence.OFFLINE))

    events = world.wait(15 * MINUTE)

    assert "B" in [one.agent_id for one in events if isinstance(one, d.Offered) and one.contact_id == "c"]
    assert world.contact("c").hops == 2


def test_a_customer_who_answers_a_full_owner_hops_at_most_twice() -> None:
    """A asked by e-mail, then took a call; with its hops spent the e-mail is next for him."""
    for hops, owner in ((1, ""), (2, "A")):
        world = World(desk(agent("A"), agent("B", billing=0.9)))
        world.sign_in("A")
        world.give(email("c"))
        world.by_owner(f.CustomerAsked, "c")
        world.give(call("busy"))
        contact = changed(world.contact("c"), hops=hops)
        there = changed(world.desk, contacts=world.desk.contacts.set("c", contact))
        world.state = changed(world.state, desks=world.state.desks.set(there.desk.desk_id, there))
        world.sign_in("B")

        world.tell(email("c"))

        assert world.contact("c").owner_id == owner
        assert world.desk.agents["A"].kept_ids == (("c",) if owner else ())


def test_an_unfilled_hand_over_of_a_message_whose_sender_is_full_is_a_hop() -> None:
    world = World(
        desk(agent("A"), agent("B", "delivery", delivery=0.9), agent("C", "delivery", delivery=0.95))
    )
    world.sign_in("C")
    world.give(call("more", "delivery"))
    world.sign_in("A", "B")
    world.give(chat("c", urgent=True))
    world.by_owner(f.TransferAsked, "c", reason=TransferReason.WRONG_TOPIC, topic_id="delivery")
    world.decline("c")
    world.give(call("busy"))
    world.wait(60 * SECOND)

    world.resolve("more")

    assigned = only(world.accept("c"), d.Assigned)
    assert (assigned.agent_id, assigned.hop) == ("C", 1)
