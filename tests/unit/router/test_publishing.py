"""When what was learned is believed, and that a replay learns the same."""

from __future__ import annotations

import pytest

from services.contract.desk import DeskPolicy
from services.contract.facts import Outcome
from services.router.evolve.learning import PUBLISHED_EVERY_MS
from services.router.log.canonical import canonical
from services.router.log.fold import fold
from services.router.model import PartitionState
from services.router.policy.board import Board
from tests.unit.router.taught import at_work, labels, lived_through, served
from tests.unit.router.world import (
    MINUTE,
    SECOND,
    World,
    agent,
    call,
    desk,
)


def test_what_is_learned_is_believed_at_most_once_a_minute() -> None:
    world = at_work()
    first = world.desk.crew.beliefs.version
    world.give(call("one"))
    world.wait(20 * SECOND)
    world.resolve("one", Outcome.UNRESOLVED)
    too_early = world.desk.crew.beliefs.version
    world.give(call("two"))
    world.wait(PUBLISHED_EVERY_MS)
    world.resolve("two", Outcome.UNRESOLVED)

    assert (first, too_early, world.desk.crew.beliefs.version) == (0, 0, 1)
    assert world.desk.crew.beliefs.resolves[0][0] < 0.75
    assert world.desk.crew.beliefs is world.desk.learned.beliefs


def test_the_first_beliefs_are_those_of_the_configuration() -> None:
    world = World(desk(agent("A", billing=0.9), agent("B", topics="delivery")))
    beliefs, configured = world.desk.crew.beliefs, world.desk.crew.roster.configured_beliefs()

    for found, expected in zip(beliefs.resolves, configured.resolves, strict=True):
        assert found == pytest.approx(expected)
    assert beliefs.handle_seconds.tolist() == configured.handle_seconds.tolist()
    assert beliefs.spread[0][0] == pytest.approx((0.9 * 0.1 / 60) ** 0.5)


def test_published_chances_are_those_of_the_counts() -> None:
    """The arrays of the board and the maps of counts say the same."""
    world = lived_through(at_work("B", "C"), 40)
    learned, roster = world.desk.learned, world.desk.crew.roster
    board = Board.of(learned.board.configured, learned.skills, learned.speeds) if learned.board else None
    assert board is not None
    today = learned.today(world.now_ms)
    fresh = board.beliefs(
        learned.skills, learned.speeds, learned.strengths, today, version=0, approver_free=0.5
    )
    for at, topic in enumerate(roster.desk.topics):
        for row, agent_id in enumerate(roster.agent_ids):
            before = board.before(agent_id, topic.topic_id)
            assert before is not None
            p, spread = learned.skills.chance(agent_id, topic.topic_id, before, learned.strengths, today)
            assert (fresh.resolves[at][row], fresh.spread[at][row]) == pytest.approx((p, spread), abs=2e-9)


def test_a_board_brought_up_step_by_step_is_the_one_made_anew() -> None:
    world = lived_through(at_work("B", "C"), 60)
    world.wait(2 * MINUTE)
    served(world, "last")
    learned = world.desk.learned
    assert learned.board is not None
    fresh = Board.of(learned.board.configured, learned.skills, learned.speeds)

    assert not learned.cells_touched
    assert [row.tolist() for row in learned.board.cells] == [row.tolist() for row in fresh.cells]
    assert learned.board.agents.tolist() == fresh.agents.tolist()


def test_a_replay_learns_the_same_to_the_byte() -> None:
    world = lived_through(at_work("B", "C"), 60)
    state = PartitionState.empty()
    for record in world.records:
        state = fold(state, record).state

    assert canonical(state) == canonical(world.state)
    assert state.desks["acme"].learned.beliefs is not None
    assert state.desks["acme"].learned.beliefs.version > 5


def test_nothing_is_learned_where_the_configuration_is_the_truth() -> None:
    world = lived_through(at_work("B", policy=DeskPolicy(strength_cell=1e6)), 30)

    assert labels(world) == []
    assert world.desk.crew.beliefs.resolves[0].tolist() == [0.8, 0.8]
