"""What of a desktop's open requests is looked for in the log before what is remembered, and what of that it is told."""

from __future__ import annotations

from typing import Any, cast

import pytest

from frontdesk.v1 import decisions_pb2, router_pb2
from services.contract import facts as f
from services.contract.facts import HelpKind, TransferReason
from services.router.serving.cards import Cards
from services.router.serving.past_ends import PastEnds
from services.router.serving.sessions import Session
from services.router.serving.sessions_requests import Notice, Open, release
from services.router.serving.switchboard import Feed, Switchboard
from services.router.tail import DecisionTail
from tests.unit.router.world import DESK, World, agent, chat, desk

OFFSET = 900


class Stands:
    """Of a tail and a switchboard what a session asks: a state, and that nothing before it is remembered."""

    def __init__(self, world: World) -> None:
        self._world = world

    def state(self, partition: int) -> Any:
        return self._world.state

    def next_offset(self, partition: int) -> int:
        return OFFSET + 1

    def missed(self, *_: object) -> None:
        return None

    def remembered(self, *_: object) -> tuple[int, list[Any]]:
        return OFFSET - 100, []


class Blank:
    async def card(self, partition: int, contact: Any, desk: Any) -> router_pb2.ContactCard:
        return router_pb2.ContactCard(contact_id=contact.contact_id)


class Past:
    """Answers with these ends and remembers what was asked."""

    def __init__(self, *ends: Notice) -> None:
        self.ends, self.asked = list(ends), [Open()]
        self.between = (0, 0)

    async def of(
        self, partition: int, desk_id: str, agent_id: str, asked: Open, *, after: int, until: int
    ) -> list[Notice]:
        self.asked.append(asked)
        self.between = (after, until)
        return self.ends


@pytest.fixture
def world() -> World:
    """ana waits for advice about `one` and passes `two` on; bor has `three`."""
    world = World(
        desk(agent("ana", "billing"), agent("bor", "delivery", delivery=0.9), agent("cid", "refund"))
    )
    world.sign_in("ana")
    world.give(chat("one", "billing"))
    world.by_owner(f.HelpAsked, "one", kind=HelpKind.EXPERT)
    world.give(chat("two", "billing"))
    world.sign_in("bor")
    world.by_owner(f.TransferAsked, "two", reason=TransferReason.WRONG_TOPIC, topic_id="delivery")
    assert list(world.desk.handover_ids) == ["two"] and len(world.desk.helps) == 1
    return world


def help_ended(help_id: str) -> Notice:
    return Notice(help_ended=decisions_pb2.ConsultEnded(help_id=help_id))


def kept(contact_id: str) -> Notice:
    return Notice(handover_ended=decisions_pb2.HandoverEnded(contact_id=contact_id))


def test_what_stands_or_is_told_anyway_is_not_looked_for(world: World) -> None:
    (standing,) = world.desk.helps
    asked = Open(frozenset({standing, "h1", "h2"}), frozenset({"two", "c1", "c2", "c3"}))
    ends = [help_ended("h1"), kept("c1"), release("c2", "closed")]
    for agent_id, told, left in (
        ("ana", [], Open(frozenset({"h1", "h2"}), frozenset({"c1", "c2", "c3"}))),
        ("ana", ends, Open(frozenset({"h2"}), frozenset({"c3"}))),
        ("bor", ends, Open(frozenset({standing, "h2"}), frozenset({"two", "c3"}))),  # they are another's
    ):
        assert asked.without(world.desk, agent_id, told) == left, (agent_id, told)


async def told(world: World, past: Past, asked: Open) -> list[Notice]:
    """What a session tells before what stands."""
    stands, found = Stands(world), []
    notices = Session(DESK, "ana", 0, 1, cast(Cards, Blank())).notices(
        cast(DecisionTail, stands),
        cast(Switchboard, stands),
        cast(Feed, None),
        router_pb2.Position(generation=1, offset=OFFSET - 600),
        cast(PastEnds, past),
        asked,
    )
    async for notice in notices:
        if notice.WhichOneof("message") in ("presence", "ready"):
            break
        found.append(notice)
    return found


async def test_only_what_neither_stands_nor_was_told_is_asked_of_the_log(world: World) -> None:
    (standing,) = world.desk.helps
    past = Past(help_ended("h"))
    asked = Open(frozenset({standing, "h"}), frozenset({"two", "c"}))

    assert await told(world, past, asked) == [help_ended("h")]

    assert past.asked[1:] == [Open(frozenset({"h"}), frozenset({"c"}))]
    assert past.between == (OFFSET - 600, OFFSET - 100)


async def test_a_contact_that_an_agent_has_again_is_not_told_as_gone(world: World) -> None:
    past = Past(release("one", "transferred"), kept("one"), release("gone", "closed"))
    found = await told(world, past, Open(frozenset(), frozenset({"one", "gone"})))
    assert found == [kept("one"), release("gone", "closed")]
