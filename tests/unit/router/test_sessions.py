"""What an agent is told while its contact goes to somebody else: one word, when it has gone."""

from __future__ import annotations

from typing import cast

from services.contract import decisions as d
from services.contract.facts import TransferReason
from services.router.cards import Cards
from services.router.model import ContactState, PartitionState
from services.router.sessions import Session
from services.router.switchboard import Told, affected
from services.runtime.log import Log
from tests.unit.router.test_transfer import ask, talking
from tests.unit.router.world import World, agent


async def told(world: World, before: PartitionState, record: d.Decision) -> list[tuple[str, str]]:
    """Contacts that A is told it has no more, with the reason."""
    (desk_id,) = world.state.desks
    session = Session(desk_id, "A", 0, 1, Cards(cast(Log, None)))  # no card is asked for
    _, lost = affected(before.desks[desk_id], world.state.desks[desk_id], record)
    notices = await session.of_record(world.state, Told(0, record, lost))
    return [(one.released.contact_id, one.released.reason) for one in notices if one.HasField("released")]


async def test_who_hands_over_is_told_once_it_is_taken_and_not_before() -> None:
    world = talking(agent("B", "delivery", delivery=0.9), topic="billing")
    before = world.state
    asked = ask(world, TransferReason.WRONG_TOPIC, topic="delivery")
    assert world.contact("c").state is ContactState.HANDING_OVER
    assert await told(world, before, asked) == []

    before = world.state
    accepted = world.accept("c")
    assert await told(world, before, accepted) == [("c", "transferred")]
