"""Values as bytes: exact, of the declared types, refused when they are anything else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import immutables
import numpy as np
import pytest

from services.contract.decisions import Need
from services.contract.facts import Presence, TopicWeight
from services.router.log import canonical, shapes, snapshot
from services.router.log.seen import Seen, remember
from services.router.log.shapes import Misfit, decoder, described, encode, packed, row, shape_of
from services.router.log.snapshot import frames, part_bytes, part_from, part_name, parts_of, state_from
from services.router.model import AgentState, PartitionState, changed
from tests.unit.router.world import World, agent, call, desk

Map = immutables.Map


class Pair(NamedTuple):
    name: str
    weight: int = 0


@dataclass(frozen=True)
class Box:
    pairs: tuple[Pair, ...]
    presence: Presence
    numbers: Map[tuple[str, int], float]
    need: Need | None = None


def again(kind: object, value: object) -> object:
    shape = shape_of(kind)
    return decoder(shape)(packed(shape, value))


@pytest.mark.parametrize(
    "value", [0, 1, True, 1.0, -0.0, 0.1 + 0.2, 2**63, 2**64, -(2**90), "", "é", b"\x00", None]
)
def test_a_scalar_stays_what_it_is_with_its_type(value: object) -> None:
    found = again(float | None, value)

    assert (type(found), repr(found)) == (type(value), repr(value))


def test_a_record_stays_what_it_is() -> None:
    box = Box(
        (Pair("a", 2**80), Pair("b")),
        Presence.AVAILABLE,
        Map({("x", 1): 0.5}),
        Need(topics=(TopicWeight(topic_id="billing", weight=1.0),)),
    )

    found = again(Box, box)

    assert found == box
    assert isinstance(found, Box) and type(found.pairs[0]) is Pair and found.presence is Presence.AVAILABLE


def test_equal_needs_become_one_object_and_1_is_not_1_0() -> None:
    one, other = (Need(topics=(TopicWeight(topic_id="t", weight=weight),)) for weight in (1, 1.0))
    kind = tuple[Need, Need, Need]

    found = again(kind, (one, other, one))

    assert isinstance(found, tuple)
    assert found[0] is found[2] and found[0] is not found[1]
    assert [type(need.topics[0].weight) for need in found] == [int, float, int]


def test_an_array_stays_what_it_is_and_cannot_be_written_to() -> None:
    array = np.arange(6, dtype=np.float64).reshape(2, 3)

    found = again(np.ndarray[tuple[int, ...], np.dtype[np.float64]], array)

    assert isinstance(found, np.ndarray) and (found == array).all() and found.dtype == array.dtype
    assert not found.flags.writeable


@pytest.mark.parametrize(
    "data", [b"", b"\xc1", encode((1, 2)), encode(("a", 1, 2)), encode("ab"), encode((1,)) + b"\x00"]
)
def test_bytes_of_another_shape_are_refused(data: bytes) -> None:
    with pytest.raises(Misfit):
        decoder(shape_of(Box))(data)


def test_a_type_without_a_shape_is_named() -> None:
    with pytest.raises(TypeError, match="has no shape"):
        shape_of(set[int])
    with pytest.raises(TypeError, match="one of several"):
        shape_of(Pair | Box)


def test_a_type_is_described_down_to_its_last_field() -> None:
    assert described(Pair) == "Pair(name: str, weight: int)"
    assert "weight: float" in described(Box) and "numbers: Map[tuple[str, int], float]" in described(Box)
    assert described(row(Pair, Pair)) == "tuple[Pair(name: str, weight: int), Pair]"


# --- the state --------------------------------------------------------------------------------------------------


def state() -> PartitionState:
    world = World(desk(agent("ana"), agent("bor", refund=50)))
    world.sign_in("ana")
    for name in ("one", "two", "three"):
        world.tell(call(name))
    return world.state


def whole(data: bytes, found: PartitionState) -> PartitionState:
    return state_from(memoryview(data), {part_name(part): part for part in parts_of(found)})


def test_the_empty_state_is_written_and_read() -> None:
    empty = PartitionState.empty()

    assert canonical.canonical(whole(b"".join(frames(empty)), empty)) == canonical.canonical(empty)


def test_every_cut_and_every_addition_is_refused() -> None:
    found = state()
    data = b"".join(frames(found))
    ends = range(0, len(data), 97)

    for end in ends:
        with pytest.raises(Misfit):
            whole(data[:end], found)
    with pytest.raises(Misfit, match="after its end"):
        whole(data + b"\x00", found)


def test_who_is_signed_in_is_as_available_as_before() -> None:
    before = state()
    after = whole(b"".join(frames(before)), before)
    one, other = before.desks["acme"], after.desks["acme"]

    assert other.crew.available == one.crew.available == ("ana",)
    assert isinstance(other.agents["ana"], AgentState)
    assert other.crew.beliefs is other.learned.beliefs


def test_the_memory_of_facts_is_kept_in_parts_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.router.log.seen.BUCKET_FACTS_MAX", 4)
    seen = Seen()
    for number in range(30):
        seen = remember(seen, f"f{number}", None, day=0, facts_max=lambda: 1_000)
    found = changed(state(), seen=seen)
    parts = {part_name(one): part_bytes(one) for one in parts_of(found)}

    after = state_from(
        memoryview(b"".join(frames(found))), {name: part_from(name, data) for name, data in parts.items()}
    )

    assert len(parts) > 3 and after.seen.count == 30
    assert all(after.was_seen(f"f{number}") for number in range(30)) and not after.was_seen("f30")
    name, data = next(iter(parts.items()))
    with pytest.raises(Misfit, match="holds"):
        part_from(name, data[8:] + data[:0])
    with pytest.raises(Misfit, match="lacks its part"):
        state_from(memoryview(b"".join(frames(found))), {})


def test_types_of_the_state_have_a_name_that_changes_with_them(monkeypatch: pytest.MonkeyPatch) -> None:
    snapshot.state_types.cache_clear()
    here = snapshot.state_types()
    snapshot.state_types.cache_clear()
    monkeypatch.setattr(snapshot, "STATE_FORM", canonical.STATE_FORM + 1)

    assert snapshot.state_types() != here
    monkeypatch.undo()
    snapshot.state_types.cache_clear()
    assert snapshot.state_types() == here


def test_records_share_what_was_shared() -> None:
    """A thousand contacts of one class hold one class of work."""
    before = state()
    after = whole(b"".join(frames(before)), before).desks["acme"]
    lanes = {contact.lane for contact in after.contacts.values() if contact.lane}

    assert lanes and all(any(one is lane for one in after.waiting) for lane in lanes)
    assert shapes.SHARED_MAX > 0
