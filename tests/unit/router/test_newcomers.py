"""What is known under a new configuration, and who is new in it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from services.contract import decisions as d
from services.contract import facts as f
from services.contract.facts import Outcome
from services.router.explain import describe
from services.router.learned import NEW_FOR_MS, held_back
from tests.unit.router.taught import at_work, served
from tests.unit.router.world import (
    MINUTE,
    agent,
    call,
    desk,
    only,
)


def test_a_new_configuration_keeps_what_is_known_by_agent_and_topic() -> None:
    world = at_work()
    for number in range(20):
        served(world, f"c{number}", Outcome.UNRESOLVED)
    world.wait(MINUTE)
    served(world, "last", Outcome.UNRESOLVED)
    before = world.desk.crew.beliefs
    configured = desk(agent("0"), agent("A"), agent("Z"))
    topics = (configured.topics[2], configured.topics[0], configured.topics[1])
    world.tell(f.DeskConfigured(desk=replace(configured, topics=topics)))
    after, roster = world.desk.crew.beliefs, world.desk.crew.roster

    assert roster.agent_ids == ("0", "A", "Z")
    assert after.resolves[1][1] == before.resolves[0][0]
    assert after.resolves[1][1] < after.resolves[1][2]


def test_a_newcomer_starts_a_little_below_and_a_little_slower() -> None:
    world = at_work()
    world.tell(f.DeskConfigured(desk=desk(agent("A"), agent("N", speed=0.0), agent("S", billing=0.9))))
    beliefs = world.desk.crew.beliefs

    assert beliefs.resolves[1].tolist() == pytest.approx([0.7, 0.67, 0.67])
    assert beliefs.resolves[0][2] == pytest.approx(0.9)
    assert beliefs.speed.tolist() == pytest.approx([1.0, 1.15, 1.0])


def test_a_newcomer_is_held_back_at_three_fifths_of_the_mean_load_for_three_days() -> None:
    """Signed in beside A: of 10 contacts each would get 5; the newcomer may have 1 + .6 x 5 = 4."""
    world = at_work()
    world.tell(f.DeskConfigured(desk=desk(agent("A"), agent("N"))))
    world.sign_in("N")
    taken = []
    for number in range(10):
        contact = world.give(call(f"c{number}"))
        taken.append(contact.owner_id)
        world.wait(MINUTE)
        world.resolve(f"c{number}")
    newcomer = world.desk.learned.newcomers["N"]
    back = held_back(world.desk.learned, world.now_ms)

    assert newcomer.taken == taken.count("N")
    assert (back == {"N"}) is (newcomer.taken >= 4)
    assert held_back(world.desk.learned, world.now_ms + NEW_FOR_MS) == frozenset()


def test_others_go_first_once_a_newcomer_has_had_its_share() -> None:
    """N is best. Of two calls each of three agents got 2/3 on average: N may have 1 + .6 x 2/3 = 1.4, and had two."""
    world = at_work("B")
    world.tell(f.DeskConfigured(desk=desk(agent("A"), agent("B"), agent("N", billing=0.99))))
    world.sign_in("N")
    owners = []
    for number in range(3):
        owners.append(world.give(call(f"c{number}")).owner_id)
        world.wait(MINUTE)
        world.resolve(f"c{number}")
    offered = only(world.tell(call("next")), d.Offered)

    assert owners[:2] == ["N", "N"]
    assert offered.agent_id != "N"
    assert [(one.rule, one.agents) for one in offered.explanation.exclusions] == [("newcomer", 1)]
    assert "1 is new and has had its share" in describe(offered)


def test_a_newcomer_gets_what_nobody_else_can_take() -> None:
    world = at_work()
    world.tell(f.DeskConfigured(desk=desk(agent("A", topics="delivery"), agent("N"))))
    world.sign_in("N")
    for number in range(4):
        assert world.give(call(f"c{number}")).owner_id == "N"
        world.resolve(f"c{number}")

    assert world.desk.learned.held_ids == ("N",)


def test_those_who_were_there_from_the_start_are_no_newcomers() -> None:
    assert not at_work("B").desk.learned.newcomers
