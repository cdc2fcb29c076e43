"""A state that was read from a snapshot is the one that was written: folding and deciding go on the same, to the byte."""

from __future__ import annotations

import copy
import dataclasses
import random
from typing import Any

import immutables
import numpy as np
import pytest

from services.contract.codec import encode_decision
from services.router.loads import Loads, Version
from services.router.log import seen
from services.router.log.canonical import canonical, digest
from services.router.log.digests import Underway
from services.router.log.snapshot import frames, part_bytes, part_from, part_name, parts_of, state_from
from services.router.model import PartitionState, changed
from services.router.timers import TimerIndex
from tests.properties import adversary
from tests.properties.adversary import ACTIONS, BUSY, MARKER, big_desk
from tests.properties.invariants import check_state, check_timers
from tests.properties.test_core import RUNS
from tests.unit.router.world import World

STEPS = 150
REMADE = frozenset({"trace", "crew", "groups", "digesting"})
"""What follows from the rest and has no values to compare; deciding on them is compared instead."""


@pytest.fixture(autouse=True)
def _small_buckets(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that a short run has parts."""
    monkeypatch.setattr(seen, "BUCKET_FACTS_MAX", 8)


def test_a_snapshot_is_the_state_and_what_follows_is_the_same() -> None:
    for seed in range(max(6, RUNS // 3)):
        rng = random.Random(seed)
        actions = BUSY if seed % 2 else ACTIONS
        world = World(big_desk())
        world.sign_in(*adversary.AGENTS)
        _play(world, rng, actions)

        other = copy.copy(world)
        other.state, other.records, other.timers = again(world.state), list(world.records), TimerIndex()
        other.timers.rebuild(other.state)

        assert (digest(other.state), canonical(other.state)) == (digest(world.state), canonical(world.state))
        assert differences(world.state, other.state) == []
        check_state(other.state)
        check_timers(other.state, other.timers)
        here, there = rng.getstate(), len(world.records)
        _play(world, rng, actions)
        rng.setstate(here)
        _play(other, rng, actions)
        assert [encode_decision(one) for one in other.records[there:]] == [
            encode_decision(one) for one in world.records[there:]
        ]
        assert canonical(other.state) == canonical(world.state)


def test_no_personal_data_is_in_a_snapshot() -> None:
    rng = random.Random(7)
    world = World(big_desk())
    world.sign_in(*adversary.AGENTS)
    _play(world, rng, ACTIONS)
    _play(world, rng, BUSY)

    written = b"".join([*frames(world.state), *[part_bytes(part) for part in parts_of(world.state)]])

    assert len(written) > 10_000
    assert MARKER.encode() not in written and b"Marker" not in written


def again(state: PartitionState) -> PartitionState:
    """The state, written and read, with the digest under way, which a manifest tells."""
    parts = {part_name(one): part_from(part_name(one), part_bytes(one)) for one in parts_of(state)}
    read = state_from(memoryview(b"".join(frames(state))), parts)
    return changed(read, digesting=state.digesting and Underway.known(state.digesting.found()))


def differences(one: Any, other: Any, path: str = "state") -> list[str]:
    """Where two values differ, derived fields and arrays included; whole numbers may have become members of an enum."""
    if isinstance(one, immutables.Map | dict):
        where = [] if set(one) == set(other) else [path]
        return where + [
            d for key in one if key in other for d in differences(one[key], other[key], f"{path}[{key}]")
        ]
    if isinstance(one, np.ndarray):
        same = one.dtype == other.dtype and one.shape == other.shape and bool((one == other).all())
        return [] if same else [path]
    if isinstance(one, tuple | list):
        where = [] if len(one) == len(other) else [path]
        pairs = zip(one, other, strict=False)
        return where + [d for at, pair in enumerate(pairs) for d in differences(*pair, f"{path}[{at}]")]
    if isinstance(one, Version):
        mine, theirs = one.loads(), other.loads()
        return [
            d
            for name in Loads.__slots__
            if name != "_hands"  # the same columns, as compiled code sees them
            for d in differences(getattr(mine, name), getattr(theirs, name), f"{path}.{name}")
        ]
    if dataclasses.is_dataclass(one):
        names = [part.name for part in dataclasses.fields(one) if part.name not in REMADE]
        return [
            d
            for name in names
            for d in differences(getattr(one, name), getattr(other, name), f"{path}.{name}")
        ]
    return [] if one == other and isinstance(one, float) == isinstance(other, float) else [path]


def _play(world: World, rng: random.Random, actions: tuple[adversary.Action, ...]) -> None:
    for _ in range(STEPS):
        rng.choice(actions)(world, rng.randrange(8), rng.randrange(8))
