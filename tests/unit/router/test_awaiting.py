"""We asked the customer: the clock stands still, less is kept, his words bring it back (routing.md 1.1)."""

from __future__ import annotations

import pytest

from services.contract import decisions as d
from services.contract import facts as f
from services.contract.facts import Outcome, Presence
from services.router.model import Contact, ContactState
from tests.unit.router.world import (
    DAY,
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
    refusal,
    reply,
)


def asked(body: f.ContactArrived, *others: str) -> World:
    """A has asked the customer of c something; the others sign in after that."""
    world = World(desk(agent("A"), agent("B")))
    world.sign_in("A")
    world.give(body)
    world.by_owner(f.CustomerAsked, "c")
    world.sign_in(*others)
    return world


def used(world: World, agent_id: str = "A") -> int:
    return world.desk.agents[agent_id].used_units


def owner(contact: Contact) -> tuple[str, ContactState, int]:
    return contact.owner_id, contact.state, contact.epoch


def test_after_five_minutes_a_message_keeps_ten_units_of_its_agent() -> None:
    world = asked(chat("c"))
    assert (used(world), world.contact("c").state) == (20, ContactState.AWAITING_CUSTOMER)

    assert world.wait(300 * SECOND - 1) == []
    silent = only(world.wait(1), d.CustomerAwaited)

    assert (silent.stage, silent.units, used(world)) == ("silent", 10, 10)


def test_after_fifteen_minutes_a_message_is_closed_as_silent() -> None:
    world = asked(chat("c"))
    world.wait(900 * SECOND - 1)

    closed = only(world.wait(1), d.Closed)

    assert (closed.outcome, closed.agent_id, used(world)) == (Outcome.CUSTOMER_SILENT, "A", 0)


def test_who_refuses_messages_is_not_reminded() -> None:
    """His agent may ask him; the machine may not (facts.proto, `opted_out`). The mail is closed when it would be anyway."""
    world = asked(email("c", opted_out=True))

    assert names(world.wait(72 * HOUR)) == ["CustomerAwaited"]
    assert only(world.wait(4 * DAY), d.Closed).outcome is Outcome.CUSTOMER_SILENT


def test_an_email_takes_nothing_and_its_customer_is_reminded_after_three_days() -> None:
    world = asked(email("c"))
    assert used(world) == 0

    assert world.wait(72 * HOUR - 1) == []
    assert only(world.wait(1), d.MessageDue).kind == "reminder"
    assert world.wait(4 * DAY - 1) == []
    assert only(world.wait(1), d.Closed).outcome is Outcome.CUSTOMER_SILENT


@pytest.mark.parametrize("body", [chat("c"), email("c")], ids=["chat", "email"])
@pytest.mark.parametrize("after_ms", [SECOND, 400 * SECOND])
def test_his_next_words_bring_it_back_to_its_owner(body: f.ContactArrived, after_ms: int) -> None:
    world = asked(body, "B")
    world.wait(after_ms)

    told = world.tell(body)

    assert names(told) == ["ContactContinued", "CustomerReturned"]
    assert only(told, d.CustomerReturned).after_ms == after_ms
    assert owner(world.contact("c")) == ("A", ContactState.ASSIGNED, 1)
    assert used(world) == world.contact("c").units
    assert reply(world.resolve("c")).accepted


def test_the_clock_stands_still_meanwhile() -> None:
    """It waited 100 s for A at first; then 400 s for the customer, and 5 s for A again."""
    world = World(desk(agent("A"), agent("B")))
    world.tell(chat("c"))
    world.wait(100 * SECOND)
    world.sign_in("A")
    world.accept("c")
    world.by_owner(f.CustomerAsked, "c")
    world.tell(f.AgentStateChanged(agent_id="A", presence=Presence.OFFLINE))
    world.wait(400 * SECOND)
    world.tell(chat("c"))
    world.wait(5 * SECOND)
    world.sign_in("A")
    world.accept("c")

    assert world.contact("c").waited_before_ms == 105 * SECOND


def test_who_is_full_does_not_get_it_back_but_is_preferred() -> None:
    """An e-mail waits for its customer while A takes a call; B is free."""
    world = asked(email("c"))
    world.give(call("other"))

    told = world.tell(email("c"))

    queued = only(told, d.ContactQueued)
    assert (queued.ahead, world.contact("c").last_owner_id, used(world)) == (True, "A", 100)
    assert only(world.resolve("other"), d.Offered).agent_id == "A"


def test_an_owner_who_goes_keeps_nothing_and_may_have_it_back() -> None:
    world = asked(chat("c"))
    told = world.tell(f.AgentStateChanged(agent_id="A", presence=Presence.OFFLINE))

    assert only(told, d.CustomerAwaited).stage == "agent_gone"
    assert owner(world.contact("c")) == ("A", ContactState.AWAITING_CUSTOMER, 1)
    world.sign_in("A")
    assert names(world.tell(chat("c"))) == ["ContactContinued", "CustomerReturned"]
    assert world.desk.agents["A"].contact_ids == ("c",)


def test_once_its_owner_is_gone_his_words_go_to_who_is_there() -> None:
    world = asked(chat("c"), "B")
    world.tell(f.AgentStateChanged(agent_id="A", presence=Presence.OFFLINE))

    told = world.tell(chat("c"))

    assert names(told) == ["ContactContinued", "ContactQueued", "Offered"]
    assert only(told, d.Offered).agent_id == "B"


def test_asking_again_starts_the_wait_anew() -> None:
    world = asked(chat("c"))
    world.wait(800 * SECOND)
    again = only(world.by_owner(f.CustomerAsked, "c"), d.CustomerAwaited)

    assert (again.stage, again.units) == ("asked", 10)
    assert "Closed" not in names(world.wait(899 * SECOND))
    assert names(world.wait(SECOND)) == ["Closed"]


def test_its_owner_may_settle_it_without_an_answer() -> None:
    world = asked(chat("c"))

    assert names(world.resolve("c")) == ["Resolved"]
    assert used(world) == 0


@pytest.mark.parametrize(
    ("contact_id", "agent_id", "epoch", "reason"),
    [
        ("call", "A", 1, "wrong_state"),
        ("c", "B", 1, "not_eligible"),
        ("c", "A", 0, "stale_epoch"),
        ("none", "A", 1, "unknown"),
    ],
)
def test_only_its_owner_waits_and_never_with_a_caller_on_the_line(
    contact_id: str, agent_id: str, epoch: int, reason: str
) -> None:
    world = World(desk(agent("A", capacity=200), agent("B")))
    world.sign_in("A")
    world.give(call("call"))
    world.give(chat("c"))

    told = world.tell(f.CustomerAsked(contact_id=contact_id, agent_id=agent_id, epoch=epoch))

    assert refusal(told) == reason
