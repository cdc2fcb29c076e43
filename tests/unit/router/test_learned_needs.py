"""What the words of a contact, and the levels that were used, say of what is needed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from services.contract import facts as f
from services.contract.facts import DecisionWeight, TopicWeight, TransferReason
from tests.unit.router.taught import at_work, served
from tests.unit.router.world import (
    World,
    agent,
    call,
    desk,
    email,
    refund,
)


def unstated(amount: int) -> f.DecisionWanted:
    return replace(refund(amount), stated=False)


def chances(world: World, contact_id: str) -> dict[int, float]:
    return {part.level: part.weight for part in world.contact(contact_id).opened.need.levels}  # type: ignore[union-attr]


def test_words_that_point_at_a_level_shift_the_need_there_without_making_it_known() -> None:
    """P(2) = .2 x .8 / (.2 x .8 + .8 x .2/3) = .75."""
    world = at_work()
    world.tell(email("one", "refund", wanted=unstated(100)))
    need = world.contact("one").need

    assert (need.known, need.least_level, need.signal_level) == (False, 0, 3)
    assert chances(world, "one")[2] == pytest.approx(0.75, abs=1e-4)


def test_the_likeliest_of_several_decisions_points_at_its_level() -> None:
    world = at_work()
    likely = (
        DecisionWeight(decision=unstated(400), weight=0.6),
        DecisionWeight(decision=unstated(10), weight=0.3),
    )
    world.tell(email("one", "refund", decisions_needed=likely))

    assert world.contact("one").need.signal_level == 4


def test_decisions_that_are_likely_not_needed_point_at_none() -> None:
    world = at_work()
    world.tell(email("one", "refund", decisions_needed=(DecisionWeight(decision=unstated(400), weight=0.2),)))

    assert world.contact("one").need.signal_level == 1
    assert chances(world, "one")[0] > 0.8


def test_a_decision_without_an_amount_points_at_no_level() -> None:
    world = at_work()
    world.tell(email("one", "refund", wanted=unstated(0)))

    assert world.contact("one").need.signal_level == 0
    assert chances(world, "one")[0] == pytest.approx(0.4)


def test_levels_that_were_really_used_teach_what_a_topic_needs() -> None:
    world = World(desk(agent("A", refund=500)))
    world.sign_in("A")
    for number in range(20):
        world.give(call(f"c{number}", "refund", wanted=unstated(20)))
        world.by_owner(f.AuthorityUsed, f"c{number}", decision=refund(100))
        world.resolve(f"c{number}")
    world.tell(email("later", "refund"))

    assert chances(world, "later")[2] == pytest.approx((40 * 0.2 + 20) / 60, abs=1e-4)
    assert world.desk.learned.levels.signal_chance(1, 2, 4, world.desk.learned.today(world.now_ms)) > 0.3


def test_settled_in_silence_shows_no_level_at_a_desk_that_records_none() -> None:
    """The agent may grant 500 EUR, so silence says only that this was enough."""
    world = World(desk(agent("A", refund=500)))
    world.sign_in("A")
    for number in range(60):
        served(world, f"c{number}", topic="refund")
    world.tell(email("later", "refund"))

    assert chances(world, "later") == pytest.approx({0: 0.4, 1: 0.3, 2: 0.2, 3: 0.1})


def test_settled_in_silence_means_level_nought_at_a_desk_that_records_what_it_uses() -> None:
    """20 of 40 took level 1 by the record, the others none."""
    world = World(desk(agent("A", refund=500)))
    world.sign_in("A")
    for number in range(20):
        served(world, f"silent{number}", topic="refund")
        world.give(call(f"told{number}", "refund"))
        world.by_owner(f.AuthorityUsed, f"told{number}", decision=refund(20))
        world.resolve(f"told{number}")
    world.tell(email("later", "refund"))

    expected = {0: (40 * 0.4 + 20) / 80, 1: (40 * 0.3 + 20) / 80, 2: 0.1, 3: 0.05}
    assert chances(world, "later") == pytest.approx(expected, abs=1e-4)


def test_a_wrong_topic_keeps_what_the_words_pointed_at() -> None:
    world = World(desk(agent("A", topics="billing"), agent("B", topics="refund", refund=500)))
    world.sign_in("A")
    world.give(email("one", "", topics=(TopicWeight(topic_id="billing", weight=1.0),), wanted=unstated(100)))
    world.sign_in("B")
    world.by_owner(f.TransferAsked, "one", reason=TransferReason.WRONG_TOPIC, topic_id="refund")
    need = world.contact("one").need

    assert need.signal_level == 3
    assert max(need.levels, key=lambda part: part.weight).level == 2
