"""When something is due in the partitions of an owner, and what of it a clock that runs fast makes."""

from __future__ import annotations

import asyncio

import pytest

from services.router.model import PartitionState
from services.router.owning.held import PATIENCE_MS_MAX, Held, due_at, due_within, patience_ms
from services.router.timers import deadline_of
from tests.rivals.replica import SkewedClock
from tests.unit.router.world import DESK, World, agent, call, desk

RATE = 60.0


def waiting() -> tuple[PartitionState, int]:
    """A contact waits; its deadline."""
    world = World(desk(agent("ana")))
    world.tell(call("c1"))
    at_ms = deadline_of(world.state, DESK, "contact/c1")
    assert at_ms is not None
    return world.state, at_ms


def clock_before(at_ms: int, ms: int) -> SkewedClock:
    return SkewedClock(lambda: at_ms - ms, rate=RATE)


def held_with(state: PartitionState, *, ready: bool = True) -> Held:
    held = Held(state, ready=ready)
    held.timers.rebuild(state)
    return held


async def test_a_deadline_is_due_by_the_loops_time() -> None:
    state, at_ms = waiting()
    held = {0: held_with(state), 1: Held(PartitionState.empty())}
    now = asyncio.get_running_loop().time()
    assert due_at(held, clock_before(at_ms, 90_000)) == {0: pytest.approx(now + 90 / RATE, abs=0.5)}


@pytest.mark.parametrize(
    ("before_ms", "found"), [(60_000, PATIENCE_MS_MAX), (3_000, 50), (30, 1), (0, 1), (-5_000, 1)]
)
def test_facts_are_waited_for_no_longer_than_to_the_next_deadline(before_ms: int, found: int) -> None:
    state, at_ms = waiting()
    clock = clock_before(at_ms, before_ms)
    assert patience_ms({0: held_with(state)}, clock) == found
    assert patience_ms({0: held_with(state, ready=False)}, clock) == PATIENCE_MS_MAX


@pytest.mark.parametrize(("before_ms", "found"), [(60_000, False), (59_999, True), (-1, True)])
def test_a_deadline_is_near_also_where_its_timer_has_fired_in_what_was_dropped(
    before_ms: int, found: bool
) -> None:
    state, at_ms = waiting()
    assert due_within(Held(state), state, clock_before(at_ms, before_ms), 60 / RATE) is found


def test_where_nothing_is_due_no_deadline_is_near() -> None:
    empty = PartitionState.empty()
    assert not due_within(Held(empty), empty, clock_before(0, 0), 1e9)


@pytest.mark.parametrize(
    ("ready", "decided", "goes_on"),
    [(True, True, True), (False, True, True), (False, False, False)],
    ids=["decides", "will again", "never did"],
)
async def test_only_what_is_decided_or_will_be_again_goes_on(
    ready: bool, decided: bool, goes_on: bool
) -> None:
    held = Held(PartitionState.empty(), ready=ready, decided=decided)
    held.taking = asyncio.ensure_future(asyncio.sleep(0))
    assert held.goes_on is goes_on
    await held.taking
