"""The verdict on a record: the chain, genesis, digests, memory of facts, and a log that cannot be true."""

from __future__ import annotations

from dataclasses import replace

import pytest

from services.contract import decisions as d
from services.contract import facts as f
from services.contract.decisions import Decision
from services.contract.topics import PARTITION_HASH, partition_of
from services.router.decide import decide_fact, decide_genesis, decide_rejected
from services.router.evolve import CorruptLog, evolve
from services.router.log.fold import fold
from services.router.model import PartitionState, canonical
from tests.unit.router.world import DAY, DESK, START_MS, World, agent, call, desk, names, only


def genesis(decision_id: int = 1, *, first_fact_offset: int = 0) -> Decision:
    return decide_genesis(
        generation=1,
        partitions=4,
        partition_hash=PARTITION_HASH,
        first_fact_offset=first_fact_offset,
        now_ms=START_MS,
        decision_id=decision_id,
        owner="test",
    )


def next_record(world: World, body: object = None, *, decision_id: int = 77) -> Decision:
    """The record that would be appended next, not appended."""
    fact = f.Fact(fact_id="next", desk_id=DESK, body=body or call("c"))  # type: ignore[arg-type] # a body
    return decide_fact(
        world.state,
        fact,
        offset=world.offset + 1,
        now_ms=world.now_ms,
        decision_id=decision_id,
        owner="test",
    )


def test_an_empty_state_takes_only_genesis() -> None:
    empty = PartitionState.empty()
    record = next_record(World())

    assert not fold(empty, replace(record, prev_id=0)).accepted
    state = fold(empty, genesis(first_fact_offset=10)).state
    assert (state.count, state.last_fact, state.partitions) == (1, 9, 4)


def test_of_two_racing_creators_the_second_is_rejected() -> None:
    state = fold(PartitionState.empty(), genesis(1)).state

    assert not fold(state, genesis(2)).accepted


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"prev_id": 12345}, "not_the_next_link"),
        ({"decision_id": 0}, "not_the_next_link"),
        ({"fact_offset": 99}, "hole_or_repeat_of_a_fact"),
        ({"fact_offset": 0}, "hole_or_repeat_of_a_fact"),
        ({"cause": d.TimerCause(timer_id="contact/c")}, "wrong_fact_offset"),
        ({"cause": d.GenesisCause()}, "second_genesis"),
        ({"cause": d.CloseCause()}, "close_at_wrong_offset"),
    ],
)
def test_what_is_not_the_next_link_changes_nothing(change: dict[str, object], reason: str) -> None:
    world = World(desk(agent("A")))
    folded = fold(world.state, replace(next_record(world), **change))  # type: ignore[arg-type] # a field

    assert (folded.accepted, folded.reason) == (False, reason)
    assert folded.state is world.state


@pytest.mark.parametrize(
    "events",
    [
        (None,),
        (d.Assigned(contact_id="nobody", agent_id="A", epoch=1),),
        (d.ContactOpened(contact_id="c", case_id="none"),),
        (d.AgentPresenceChanged(agent_id="Z"),),
        (d.DeskApplied(),),
    ],
)
def test_an_impossible_event_stops_and_changes_nothing(events: tuple[d.Event, ...]) -> None:
    world = World(desk(agent("A")))
    before = canonical(world.state)

    with pytest.raises(CorruptLog):
        fold(world.state, replace(next_record(world), events=events))
    with pytest.raises(CorruptLog):
        evolve(world.state, DESK, events[0], world.now_ms)
    assert canonical(world.state) == before


def test_time_that_falls_is_no_true_record() -> None:
    world = World(desk(agent("A")))

    with pytest.raises(CorruptLog):
        fold(world.state, replace(next_record(world), decided_at_ms=START_MS - 1))


def test_a_clock_set_back_stands_until_it_is_caught_up() -> None:
    world = World(desk(agent("A")))
    world.now_ms -= DAY

    assert world.tell(call("c")).decided_at_ms == START_MS


def test_equal_states_have_equal_bytes_and_any_difference_shows() -> None:
    one, other = World(desk(agent("A"))), World(desk(agent("A")))
    assert canonical(one.state) == canonical(other.state)
    one.sign_in("A")
    other.sign_in("A")
    assert canonical(one.state) == canonical(other.state)
    one.tell(call("c"))
    assert canonical(one.state) != canonical(other.state)


def test_a_fact_without_an_id_is_never_a_duplicate() -> None:
    world = World(desk(agent("A")))
    for _ in range(2):
        assert names(world.tell(f.NonContactSeen(kind="edit"), fact_id="")) == ["NonContactNoted"]


def test_a_fact_that_cannot_be_read_is_decided_too() -> None:
    world = World(desk(agent("A")))
    world.offset += 1
    record = world.append(
        decide_rejected(
            world.state,
            offset=world.offset,
            reason="undecodable",
            detail="not a Fact record (3 bytes)",
            fact_id="",
            desk_id=DESK,
            now_ms=world.now_ms,
            decision_id=world.new_id(),
            owner="test",
        )
    )

    assert only(record, d.FactRejected).reason == "undecodable"
    assert world.state.last_fact == world.offset


@pytest.mark.parametrize(("partition", "reason"), [(0, "desk_unknown"), (1, "wrong_partition")])
def test_a_desk_of_another_partition_is_rejected(partition: int, reason: str) -> None:
    """blake2b-64/1 puts "a" into one of four partitions; the fact was read from that one, or from another."""
    state = fold(PartitionState.empty(), genesis()).state
    home = partition_of("a", 4)
    record = decide_fact(
        state,
        f.Fact(fact_id="x", desk_id="a", body=call("c")),
        offset=0,
        now_ms=START_MS,
        decision_id=5,
        owner="test",
        partition=(home + partition) % 4,
    )

    assert only(record, d.FactRejected).reason == reason
