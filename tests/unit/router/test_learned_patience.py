"""What a desk learns of how long callers wait."""

from __future__ import annotations

from dataclasses import replace

from services.contract import facts as f
from services.contract.desk import DeskPolicy
from services.contract.facts import Outcome
from services.router.evolve.learning import PUBLISHED_EVERY_MS
from services.router.log.canonical import canonical, digest
from services.router.log.fold import fold
from services.router.model import PartitionState, changed
from services.router.policy.hazard import GammaPatience
from services.router.policy.patience import LEFT_MIN, NO_WAITS, FittedPatience, Waits
from tests.unit.router.taught import at_work, served
from tests.unit.router.world import (
    SECOND,
    World,
    call,
)


def left_and_answered(world: World) -> None:
    """A call that is taken after 7 s, then two that nobody is free for, one of a loyal customer."""
    world.tell(call("taken"))
    world.wait(7 * SECOND)
    world.accept("taken")
    world.tell(call("other"))
    world.tell(call("loyal", tier="loyal"))
    world.wait(12 * SECOND)
    world.tell(f.CallerHungUp(contact_id="other"))
    world.tell(f.CallerHungUp(contact_id="loyal"))


def test_waits_are_counted_by_how_they_ended_and_by_tier() -> None:
    world = at_work()
    left_and_answered(world)
    others, loyal = world.desk.learned.waits

    assert (others.gone, others.left[2], others.answered[1], sum(others.answered)) == (1, 1, 1, 1)
    assert (loyal.gone, loyal.left[2], sum(loyal.answered)) == (1, 1, 0)


def test_a_replay_counts_the_same_waits_and_the_digest_holds_them() -> None:
    world = at_work()
    left_and_answered(world)
    state = PartitionState.empty()
    for record in world.records:
        state = fold(state, record).state
    there = state.desks["acme"]
    without = changed(there, learned=replace(there.learned, waits=(NO_WAITS, NO_WAITS)))

    assert canonical(state) == canonical(world.state)
    assert digest(changed(state, desks=state.desks.set("acme", without))) != digest(world.state)


def test_the_patience_of_a_tier_is_believed_from_five_hundred_who_left_on() -> None:
    world = at_work()
    for gone, believed in ((LEFT_MIN - 1, False), (LEFT_MIN, True)):
        waits = Waits(gone, (0, 0, gone, *NO_WAITS.left[3:]), (0, 0, 0, 9_000, *NO_WAITS.answered[4:]))
        there = changed(world.desk, learned=replace(world.desk.learned, waits=(NO_WAITS, waits)))
        world.state = changed(world.state, desks=world.state.desks.set("acme", there))
        world.wait(PUBLISHED_EVERY_MS)
        served(world, f"c{gone}", Outcome.UNRESOLVED)
        others, loyal = world.desk.crew.patience

        assert isinstance(others, GammaPatience)
        assert isinstance(loyal, FittedPatience) is believed


def test_where_the_configuration_is_the_truth_no_wait_is_counted() -> None:
    world = at_work(policy=DeskPolicy(strength_cell=1e6))
    left_and_answered(world)

    assert world.desk.learned.waits == (NO_WAITS, NO_WAITS)
