"""What an agent is told of a record, whatever became of its contact with it or later."""

from __future__ import annotations

import asyncio
from typing import cast

import pytest

from frontdesk.v1 import facts_pb2, router_pb2
from services.contract import decisions as d
from services.contract import facts as f
from services.contract.facts import HelpResult, TransferReason
from services.router.cards import Cards
from services.router.model import Contact, ContactState, DeskState, PartitionState, changed
from services.router.sessions import Session
from services.router.switchboard import Told, affected
from services.router.tail import DecisionTail
from services.runtime.log import Log
from tests.unit.router.test_late_approval import answer, promised, sign_in
from tests.unit.router.test_switchboard import running
from tests.unit.router.test_transfer import ask, talking
from tests.unit.router.world import DESK, World, agent, chat, desk, email


class NoCards(Cards):
    """Cards that say whose they are and no more."""

    async def card(
        self, partition: int, contact: Contact, desk: DeskState | None = None
    ) -> router_pb2.ContactCard:
        return router_pb2.ContactCard(contact_id=contact.contact_id)


def session_of(agent_id: str) -> Session:
    return Session(DESK, agent_id, 0, 1, NoCards(cast(Log, None)))


def told_of(before: PartitionState, record: d.Decision, after: PartitionState) -> Told:
    found = affected(before.desks[DESK], after.desks[DESK], record)
    return Told(0, record, found.lost, found.about, found.gained)


async def told(world: World, before: PartitionState, record: d.Decision) -> list[tuple[str, str]]:
    """Contacts that A is told it has no more, with the reason."""
    notices = await session_of("A").of_record(world.state, told_of(before, record, world.state))
    return [(one.released.contact_id, one.released.reason) for one in notices if one.HasField("released")]


async def ends(agent_id: str, told: Told, state: PartitionState) -> list[str]:
    """Requests for help that an agent is told ended, live or by the state of much later."""
    notices = await session_of(agent_id).of_record(state, told)
    return [one.help_ended.help_id for one in notices if one.HasField("help_ended")]


async def test_who_hands_over_is_told_once_it_is_taken_and_not_before() -> None:
    world = talking(agent("B", "delivery", delivery=0.9), topic="billing")
    before = world.state
    asked = ask(world, TransferReason.WRONG_TOPIC, topic="delivery")
    assert world.contact("c").state is ContactState.HANDING_OVER
    assert await told(world, before, asked) == []

    before = world.state
    accepted = world.accept("c")
    assert await told(world, before, accepted) == [("c", "transferred")]


async def test_who_asked_is_told_that_it_ended_though_its_contact_went_on_with_the_same_record() -> None:
    """A promised to call back; the manager's answer puts the contact in the line, where it is nobody's."""
    world = promised()
    sign_in(world, "M")
    before, help_id = world.state, world.contact("c").help_id
    answered = answer(world, HelpResult.GRANTED)
    assert world.contact("c").owner_id == ""

    told = told_of(before, answered, world.state)

    assert [await ends(name, told, world.state) for name in "AMN"] == [[help_id], [help_id], []]
    assert "A" in affected(before.desks[DESK], world.desk, answered).agents


async def test_who_comes_back_is_told_what_its_own_asking_came_to_whoever_has_the_contact_since() -> None:
    world = promised()
    sign_in(world, "M")
    before, help_id = world.state, world.contact("c").help_id
    told = told_of(before, answer(world, HelpResult.GRANTED), world.state)
    there = changed(
        world.desk, contacts=world.desk.contacts.set("c", changed(world.contact("c"), owner_id="N"))
    )
    later = changed(world.state, desks=world.state.desks.set(DESK, there))

    assert [await ends(name, told, later) for name in "AMN"] == [[help_id], [help_id], []]


async def test_who_had_the_contact_then_is_told_that_its_customer_wrote_again() -> None:
    world = World(desk(agent("A"), agent("B")))
    world.sign_in("A")
    world.give(chat("c"))
    before = world.state
    told = told_of(before, world.tell(chat("c")), world.state)
    there = changed(
        world.desk, contacts=world.desk.contacts.set("c", changed(world.contact("c"), owner_id="B"))
    )
    later = changed(world.state, desks=world.state.desks.set(DESK, there))
    for state in (world.state, later):
        for name, words in (("A", ["c"]), ("B", [])):
            notices = await session_of(name).of_record(state, told)
            assert [one.continued.contact_id for one in notices if one.HasField("continued")] == words


@pytest.mark.parametrize("body", [chat("c"), email("c")], ids=["chat", "email"])
async def test_who_went_away_and_has_a_contact_back_is_told_that_it_is_assigned(
    body: f.ContactArrived,
) -> None:
    """It was told as released; that its customer wrote again would say nothing of a contact that is not in hand."""
    world = World(desk(agent("A"), agent("B")))
    world.sign_in("A")
    world.give(body)
    epoch = world.contact("c").epoch
    world.by_owner(f.CustomerAsked, "c")
    before = world.state
    gone = world.tell(f.AgentStateChanged(agent_id="A", presence=f.Presence.OFFLINE))
    assert await told(world, before, gone) == [("c", "agent_lost")]
    world.sign_in("A")
    assert await assigned(world) == []
    before = world.state
    record = world.tell(body)
    back = told_of(before, record, world.state)
    there = changed(
        world.desk, contacts=world.desk.contacts.set("c", changed(world.contact("c"), owner_id="B", epoch=9))
    )
    later = changed(world.state, desks=world.state.desks.set(DESK, there))
    for state in (world.state, later):  # live, or missed and told by the state of much later
        (notice,) = await session_of("A").of_record(state, back)
        assert (notice.assigned.contact.contact_id, notice.assigned.epoch) == ("c", epoch)
        assert isinstance(record.events[notice.position.index - 1], d.CustomerReturned)
        assert await session_of("B").of_record(state, back) == []
    assert await assigned(world) == ["c"]


async def test_who_waits_for_a_customer_with_the_contact_in_hand_is_told_that_he_wrote_again() -> None:
    world = World(desk(agent("A")))
    world.sign_in("A")
    world.give(chat("c"))
    world.by_owner(f.CustomerAsked, "c")
    before = world.state
    back = told_of(before, world.tell(chat("c")), world.state)
    notices = await session_of("A").of_record(world.state, back)
    assert [one.WhichOneof("message") for one in notices] == ["continued"]


async def test_after_an_older_state_was_told_whole_what_follows_is_told_also_up_to_the_position() -> None:
    """The desktop has seen a record that this replica has not folded, and of which it does not know what was missed."""
    tail, board = running("A")
    ahead = router_pb2.Position(generation=1, offset=tail.next_offset(0))
    with board.agent(DESK, "A", records_max=10) as feed:
        notices = session_of("A").notices(cast(DecisionTail, tail), board, feed, ahead)
        assert (await anext(notices)).presence.presence == facts_pb2.PRESENCE_OFFLINE
        ready = await anext(notices)
        assert ready.ready.told_whole and ready.position.offset == ahead.offset - 1
        assert tail.tell(f.AgentSignedIn(agent_id="A")) == ahead.offset
        async with asyncio.timeout(5):
            notice = await anext(notices)
        assert (notice.presence.presence, notice.position.offset) == (
            facts_pb2.PRESENCE_AVAILABLE,
            ahead.offset,
        )


async def assigned(world: World) -> list[str]:
    """Contacts that stand as A's."""
    notices = [notice async for notice in session_of("A").standing(world.state)]
    return [one.assigned.contact.contact_id for one in notices if one.HasField("assigned")]


async def test_a_contact_that_was_told_as_released_does_not_stand_as_its_owners() -> None:
    world = promised()
    assert (world.contact("c").state, world.contact("c").owner_id) == (ContactState.PROMISED, "A")
    assert await assigned(world) == []

    world = World(desk(agent("A")))
    world.sign_in("A")
    world.give(email("c"))
    world.by_owner(f.CustomerAsked, "c")
    assert await assigned(world) == ["c"]
    before = world.state
    gone = world.tell(f.AgentStateChanged(agent_id="A", presence=f.Presence.OFFLINE))
    assert world.contact("c").owner_id == "A"
    assert await told(world, before, gone) == [("c", "agent_lost")]
    assert await assigned(world) == []


async def test_what_is_handed_over_stands_as_its_owners_until_it_is_taken() -> None:
    world = talking(agent("B", "delivery", delivery=0.9), topic="billing")
    ask(world, TransferReason.WRONG_TOPIC, topic="delivery")
    assert await assigned(world) == ["c"]
    world.accept("c")
    assert await assigned(world) == []
