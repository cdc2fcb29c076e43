"""What an agent is told of a record, whatever became of its contact with it or later."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import cast

import pytest

from frontdesk.v1 import facts_pb2, router_pb2
from services.contract import decisions as d
from services.contract import facts as f
from services.contract.facts import HelpResult, TransferReason
from services.router.model import Contact, ContactState, DeskState, PartitionState, changed
from services.router.serving import sessions_requests, switchboard
from services.router.serving.cards import Cards
from services.router.serving.sessions import Session
from services.router.serving.switchboard import Switchboard, Told, affected
from services.router.tail import DecisionTail
from services.runtime.log import Log
from tests.unit.router.test_help import ask_approval
from tests.unit.router.test_late_approval import answer, promised, sign_in
from tests.unit.router.test_switchboard import FakeTail, running, running_world
from tests.unit.router.test_transfer import ask, talking
from tests.unit.router.world import DESK, World, agent, call, chat, desk, email, refund


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
        async with asyncio.timeout(30):
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


def own(notices: list[router_pb2.AgentSessionResponse]) -> list[str]:
    """What is told of own requests, in words."""
    words = []
    for one in notices:
        match one.WhichOneof("message"):
            case "request" if one.request.help_id:
                words.append(f"{one.request.contact_id} asks, {one.request.adviser_id or 'nobody'} joined")
            case "request":
                words.append(f"{one.request.contact_id} is handed over")
            case "help_ended":
                words.append(f"{one.help_ended.contact_id}: {HelpResult(one.help_ended.result).name}")
            case "handover_ended":
                words.append(f"{one.handover_ended.contact_id} is not taken: {one.handover_ended.reason}")
            case "released":
                words.append(f"{one.released.contact_id} is gone: {one.released.reason}")
    return words


async def stands(agent_id: str, state: PartitionState) -> list[str]:
    return own([notice async for notice in session_of(agent_id).standing(state)])


async def test_who_asks_is_told_every_step_and_what_is_open_stands() -> None:
    world = World(desk(agent("A", refund=50), agent("M", unlimited=True), agent("N", unlimited=True)))
    world.sign_in("A")
    world.give(call("c", "refund"))
    steps: list[tuple[Callable[[], object], list[str], list[str]]] = [
        (lambda: ask_approval(world, 900), ["c asks, nobody joined"], ["c asks, nobody joined"]),
        (lambda: world.sign_in("M"), ["c asks, M joined"], ["c asks, M joined"]),
        (lambda: answer(world, HelpResult.CANCELLED), ["c asks, nobody joined"], ["c asks, nobody joined"]),
        (lambda: world.sign_in("N"), ["c asks, N joined"], ["c asks, N joined"]),
        (lambda: answer(world, HelpResult.GRANTED, "N"), ["c: GRANTED"], []),
    ]
    for step, live, standing in steps:
        before = world.state
        step()
        notices = await session_of("A").of_record(
            world.state, told_of(before, world.records[-1], world.state)
        )
        assert own(notices) == live
        assert await stands("A", world.state) == standing
        assert await stands("M", world.state) == []


async def test_who_hands_over_is_told_that_nobody_accepted_and_what_is_asked_instead() -> None:
    world = talking(agent("B", "delivery", delivery=0.9), topic="billing")
    before = world.state
    record = ask(world, TransferReason.WRONG_TOPIC, topic="delivery")
    notices = await session_of("A").of_record(world.state, told_of(before, record, world.state))
    assert own(notices) == await stands("A", world.state) == ["c is handed over"]
    assert notices[0].request.transfer_reason == facts_pb2.TRANSFER_REASON_WRONG_TOPIC

    world.tell(f.AgentStateChanged(agent_id="B", presence=f.Presence.OFFLINE))
    before = world.state
    world.wait(60_000)
    notices = await session_of("A").of_record(world.state, told_of(before, world.records[-1], world.state))
    assert own(notices) == ["c is not taken: unfilled", "c asks, nobody joined"]


def begun_before_units_were_given_back() -> World:
    """A hands c over in a record of an older version, after which its units stay reserved."""
    world = talking(agent("B", "delivery", delivery=0.9), topic="billing")
    before = world.state
    record = ask(world, TransferReason.WRONG_TOPIC, topic="delivery")
    world.state = before
    events = [
        replace(one, units_freed=False) if isinstance(one, d.HandoverStarted) else one
        for one in world.records.pop().events
    ]
    world.append(replace(record, events=tuple(events)))
    return world


@pytest.mark.parametrize(
    ("happens", "live", "standing"),
    [
        (
            lambda world: world.wait(60_000),
            ["c is not taken: unfilled", "c asks, nobody joined", "c asks, B joined"],
            ["c"],
        ),
        (lambda world: world.tell(f.CallerHungUp(contact_id="c")), ["c is not taken: customer_left"], ["c"]),
        (
            lambda world: world.tell(f.AgentStateChanged(agent_id="A", presence=f.Presence.OFFLINE)),
            ["c is not taken: agent_gone", "c is gone: agent_lost"],
            [],
        ),
    ],
    ids=["unfilled", "customer_left", "agent_gone"],
)
async def test_what_becomes_of_a_contact_that_nobody_took_follows_from_the_reason(
    happens: Callable[[World], object], live: list[str], standing: list[str]
) -> None:
    """It is its owner's still, unless the owner went away: then the same record takes it from him."""
    world = begun_before_units_were_given_back()
    before = world.state
    happens(world)
    notices = await session_of("A").of_record(world.state, told_of(before, world.records[-1], world.state))
    assert own(notices) == live
    assert await assigned(world) == standing


async def opened(
    tail: FakeTail, board: Switchboard, agent_id: str, after: int | None
) -> tuple[list[router_pb2.AgentSessionResponse], router_pb2.SessionReady]:
    """What a session tells until it is ready."""
    position = None if after is None else router_pb2.Position(generation=1, offset=after)
    notices: list[router_pb2.AgentSessionResponse] = []
    with board.agent(DESK, agent_id, records_max=10) as feed:
        async for notice in session_of(agent_id).notices(cast(DecisionTail, tail), board, feed, position):
            if notice.HasField("ready"):
                return notices, notice.ready
            notices.append(notice)
    raise AssertionError("a session never ends")


async def approved(monkeypatch: pytest.MonkeyPatch, times: int) -> tuple[FakeTail, Switchboard, list[int]]:
    """A has had approvals for c, which M gave, at these offsets; the first ones are forgotten."""
    monkeypatch.setattr(switchboard, "RECORDS_REMEMBERED", 6)
    tail, board = running_world(World(desk(agent("A", refund=50), agent("M", unlimited=True))))
    for body in (f.AgentSignedIn(agent_id="A"), call("c", "refund")):
        tail.tell(body)
    offer_id = tail.world.contact("c").offer_id
    tail.tell(f.OfferAnswered(offer_id=offer_id, agent_id="A", answer=f.OfferAnswer.ACCEPT))
    tail.tell(f.AgentSignedIn(agent_id="M"))
    ended = []
    for amount in range(900, 900 + times):
        contact = tail.world.contact("c")
        tail.tell(
            f.HelpAsked(
                contact_id="c",
                agent_id="A",
                epoch=contact.epoch,
                kind=f.HelpKind.APPROVAL,
                decision_wanted=refund(amount),
            )
        )
        help_id = tail.world.contact("c").help_id
        ended.append(tail.tell(f.HelpAnswered(help_id=help_id, agent_id="M", result=HelpResult.GRANTED)))
    return tail, board, ended


async def test_a_session_that_starts_whole_tells_how_requests_ended_as_far_as_is_remembered(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tail, board, ended = await approved(monkeypatch, 5)
    for after in (0, None):  # it goes on from too long ago; it is new, and has the contact
        notices, ready = await opened(tail, board, "A", after)
        assert ready.told_whole and ended[1] <= ready.ends_known_after.offset < ended[2]
        assert own(notices) == ["c: GRANTED"] * 3
        assert not any(notice.HasField("position") for notice in notices)
    assert own((await opened(tail, board, "M", None))[0]) == []  # it gave them, and asked for none
    monkeypatch.setattr(sessions_requests, "ENDS_TOLD_MAX", 2)
    notices, ready = await opened(tail, board, "A", 0)
    assert (own(notices), ready.ends_known_after.offset) == (["c: GRANTED"] * 2, ended[2])
    notices, ready = await opened(tail, board, "A", ended[3])
    assert (ready.told_whole, ready.HasField("ends_known_after")) == (False, False)
    assert own(notices) == ["c asks, nobody joined", "c: GRANTED"]


async def test_only_a_session_that_goes_on_is_told_of_what_is_not_in_hand_any_more(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tail, board, _ = await approved(monkeypatch, 5)
    tail.tell(f.ContactResolved(contact_id="c", agent_id="A", epoch=1, outcome=f.Outcome.RESOLVED))
    notices, _ = await opened(tail, board, "A", 0)
    assert own(notices)[-1] == "c is gone: closed"
    assert own((await opened(tail, board, "A", None))[0]) == []


async def test_where_nothing_is_remembered_it_is_said_that_no_end_is_known() -> None:
    tail, board = running("A")
    _, ready = await opened(tail, board, "A", 0)
    assert ready.told_whole and ready.ends_known_after.offset == tail.next_offset(0) - 1
