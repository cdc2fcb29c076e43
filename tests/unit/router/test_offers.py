"""Reserve, then ask: accepted, declined, left unanswered, taken back; both clocks are kept."""

from __future__ import annotations

from services.contract import decisions as d
from services.contract import facts as f
from services.contract.facts import OfferAnswer, Presence
from services.router.model import ContactState
from tests.unit.router.world import SECOND, World, agent, call, desk, email, names, only, refusal, reply


def two() -> World:
    world = World(desk(agent("A", billing=0.9), agent("B")))
    world.sign_in("A", "B")
    return world


def test_accepted_the_contact_has_one_owner_and_an_epoch() -> None:
    world = two()
    world.tell(call("c"))
    world.now_ms += 3 * SECOND

    told = world.accept("c")

    assigned = only(told, d.Assigned)
    assert (assigned.agent_id, assigned.epoch, assigned.first, assigned.within_target) == ("A", 1, True, True)
    assert (assigned.wait_since_arrival_ms, assigned.wait_since_queue_ms) == (3 * SECOND, 3 * SECOND)
    assert reply(told).epoch == 1
    assert world.contact("c").owner_id == "A"


def test_declined_it_goes_to_the_next_and_never_back() -> None:
    world = two()
    world.tell(call("c"))
    arrived_ms = world.contact("c").arrived_at_ms
    world.now_ms += 4 * SECOND

    told = world.decline("c", "not_my_topic")

    assert names(told) == ["OfferEnded", "Offered"]
    assert only(told, d.OfferEnded).reason == "not_my_topic"
    assert only(told, d.Offered).agent_id == "B"
    assert world.contact("c").arrived_at_ms == arrived_ms
    assert world.contact("c").queued_at_ms == arrived_ms
    assert world.contact("c").decliner_ids == ("A",)


def test_unanswered_it_expires_after_fifteen_seconds() -> None:
    world = two()
    world.tell(call("c"))

    assert world.wait(14 * SECOND) == []
    events = world.wait(SECOND)

    assert names(events) == ["OfferEnded", "Offered"]
    ended = only(events, d.OfferEnded)
    assert (ended.result, ended.reason) == (d.OfferResult.EXPIRED, "no_answer")


def test_an_offer_that_is_no_call_expires_after_a_minute() -> None:
    world = two()
    world.tell(email("c"))

    assert world.wait(59 * SECOND) == []
    assert names(world.wait(SECOND)) == ["OfferEnded", "Offered"]


def test_two_missed_in_a_row_set_the_agent_to_not_ready() -> None:
    world = World(desk(agent("A")))
    world.sign_in("A")
    world.tell(call("c1"))
    world.wait(15 * SECOND)
    assert world.desk.agents["A"].missed_offers == 1
    told = world.tell(call("c2"))
    assert only(told, d.Offered).agent_id == "A"

    events = world.wait(15 * SECOND)

    missed = only(events, d.AgentMissedOffers)
    assert (missed.agent_id, missed.missed) == ("A", 2)
    assert only(events, d.AgentPresenceChanged).presence is Presence.NOT_READY
    assert "Offered" not in names(world.tell(call("c3")))


def test_an_answer_in_between_starts_the_count_anew() -> None:
    world = World(desk(agent("A")))
    world.sign_in("A")
    world.tell(call("c1"))
    world.wait(15 * SECOND)
    world.tell(call("c2"))
    world.decline("c2")

    assert world.desk.agents["A"].missed_offers == 0


def test_a_target_that_passes_during_an_offer_is_told_before_the_assignment() -> None:
    world = World(desk(agent("A")))
    world.tell(call("c"))
    world.wait(39 * SECOND)
    world.sign_in("A")
    world.now_ms += 5 * SECOND

    told = world.accept("c")

    assert names(told) == ["TargetMissed", "Assigned"]
    assert not only(told, d.Assigned).within_target


def test_a_caller_who_leaves_takes_the_offer_back() -> None:
    world = two()
    world.tell(call("c"))
    world.now_ms += 6 * SECOND

    told = world.tell(f.CallerHungUp(contact_id="c"))

    assert names(told) == ["OfferEnded", "Abandoned"]
    assert only(told, d.OfferEnded).result is d.OfferResult.RESCINDED
    abandoned = only(told, d.Abandoned)
    assert (abandoned.wait_since_arrival_ms, abandoned.queue_id) == (6 * SECOND, "calls")
    assert not abandoned.tally.handled
    assert world.desk.agents["A"].used_units == 0


def test_an_answer_to_nothing_is_refused_by_its_reason() -> None:
    world = two()
    world.tell(call("c"))
    offer_id = world.contact("c").offer_id
    accept = OfferAnswer.ACCEPT

    assert refusal(world.tell(f.OfferAnswered(offer_id="x", agent_id="A", answer=accept))) == "unknown"
    assert (
        refusal(world.tell(f.OfferAnswered(offer_id=offer_id, agent_id="B", answer=accept))) == "not_eligible"
    )
    assert refusal(world.tell(f.OfferAnswered(offer_id=offer_id, agent_id="A"))) == "malformed"
    world.accept("c")
    assert refusal(world.tell(f.OfferAnswered(offer_id=offer_id, agent_id="A", answer=accept))) == "expired"


def test_a_freed_agent_gets_the_next_contact_in_the_same_record() -> None:
    world = World(desk(agent("A")))
    world.sign_in("A")
    world.give(call("c1"))
    world.tell(call("c2"))

    told = world.resolve("c1")

    assert names(told) == ["Resolved", "Offered"]
    assert world.contact("c2").state is ContactState.OFFERED


def test_an_agent_who_is_not_ready_is_asked_after_two_minutes_and_once() -> None:
    world = World(desk(agent("A")))
    world.sign_in("A")
    world.tell(f.AgentStateChanged(agent_id="A", presence=Presence.NOT_READY, reason="notes"))

    assert world.wait(119 * SECOND) == []
    asked = only(world.wait(SECOND), d.AgentPresenceChanged)

    assert (asked.presence, asked.reason) == (Presence.NOT_READY, "asked")
    assert world.wait(3_600 * SECOND) == []


def test_coming_and_going_does_not_undo_a_missed_offer() -> None:
    world = World(desk(agent("A")))
    world.sign_in("A")
    world.tell(call("c1"))
    world.wait(15 * SECOND)
    for presence in (Presence.BREAK, Presence.AVAILABLE):
        world.tell(f.AgentStateChanged(agent_id="A", presence=presence))
    world.tell(call("c2"))

    events = world.wait(15 * SECOND)

    assert only(events, d.AgentMissedOffers).missed == 2
    assert world.desk.agents["A"].presence is Presence.NOT_READY


def test_who_declines_stands_behind_who_was_idle_for_less_long() -> None:
    world = World(desk(agent("A"), agent("B")))
    world.sign_in("A")
    world.wait(60 * SECOND)
    world.sign_in("B")
    world.wait(SECOND)
    world.tell(call("c1"))
    assert only(world.decline("c1"), d.Offered).agent_id == "B"
    world.tell(f.CallerHungUp(contact_id="c1"))

    assert only(world.tell(call("c2")), d.Offered).agent_id == "B"


def test_an_offer_that_the_customer_ended_costs_the_agent_no_place() -> None:
    world = World(desk(agent("A"), agent("B")))
    world.sign_in("A", "B")
    since = world.desk.agents["A"].idle_since_ms
    world.wait(5 * SECOND)
    world.tell(call("c1"))
    offered_to = world.contact("c1").offered_to_id

    world.tell(f.CallerHungUp(contact_id="c1"))

    assert world.desk.agents[offered_to].idle_since_ms == since
