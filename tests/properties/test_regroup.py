"""Desks of several partitions, put together anew: each is what it was, and deciding goes on."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

import pytest

from services.contract.decisions import Decision
from services.contract.topics import PARTITION_HASH, partition_of
from services.router.decide import decide_close, decide_genesis
from services.router.log import seen
from services.router.log.canonical import canonical
from services.router.log.fold import fold
from services.router.log.regroup import regrouped
from services.router.model import PartitionState, changed
from services.router.timers import TimerIndex
from tests.properties import adversary
from tests.properties.adversary import BUSY, big_desk
from tests.properties.invariants import check_state, check_timers
from tests.unit.router.world import DESK, World, call, names

DESKS = ("acme", "bikes", "coats", "drums", "eaves")
STEPS = 120
PARTITIONS = 3


@pytest.fixture(autouse=True)
def _small_buckets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(seen, "BUCKET_FACTS_MAX", 8)


class Later(World):
    """Its facts have ids that no generation before had."""

    def tell(self, body: Any, *, fact_id: str | None = None, **more: Any) -> Decision:
        return super().tell(body, fact_id=fact_id or f"later-{self.offset}", **more)


def worlds() -> list[World]:
    """Two partitions: one with a desk after an adversary's day, one with the others, each with a contact."""
    busy = World(big_desk())
    busy.sign_in(*adversary.AGENTS)
    rng = random.Random(3)
    for _ in range(STEPS):
        rng.choice(BUSY)(busy, rng.randrange(8), rng.randrange(8))
    quiet = World(*(replace(big_desk(), desk_id=name) for name in DESKS[1:]))
    for name in DESKS[1:]:
        quiet.tell(call(f"of-{name}"), fact_id=f"fact-of-{name}", desk_id=name)
    return [busy, quiet]


def closed(world: World) -> PartitionState:
    close = decide_close(world.state, now_ms=world.now_ms, decision_id=world.new_id(), owner="test")
    return fold(world.state, close).state


def test_every_desk_is_in_its_partition_and_is_what_it_was() -> None:
    states = [closed(world) for world in worlds()]
    found = [regrouped(states, partition, PARTITIONS) for partition in range(PARTITIONS)]

    assert sorted(name for one in found for name in one.state.desks) == sorted(DESKS)
    for partition, one in enumerate(found):
        for name, desk in one.state.desks.items():
            before = next(state.desks[name] for state in states if name in state.desks)
            contacts = desk.contacts
            for contact_id, contact in before.contacts.items():
                contacts = contacts.set(contact_id, contact)
            assert partition_of(name, PARTITIONS) == partition
            assert canonical(changed(desk, contacts=contacts)) == canonical(before)


def test_pointers_at_words_are_those_of_the_facts_that_moved() -> None:
    states = [closed(world) for world in worlds()]
    for partition in range(PARTITIONS):
        one = regrouped(states, partition, PARTITIONS)
        pointers = {}
        for desk_id, desk in one.state.desks.items():
            at = next(at for at, state in enumerate(states) if desk_id in state.desks)
            for contact_id, contact in desk.contacts.items():
                pointers[contact.fact_offset] = (
                    at,
                    states[at].desks[desk_id].contacts[contact_id].fact_offset,
                )
        assert [pointers[at] for at in range(len(one.moved))] == list(one.moved)


def test_what_was_decided_is_known_in_the_new_partition() -> None:
    before = worlds()
    states = [closed(world) for world in before]
    for partition in range(PARTITIONS):
        one = regrouped(states, partition, PARTITIONS).state
        for world in before:
            if any(name in one.desks for name in world.state.desks):
                lately = [record for record in world.records[-100:] if record.fact_id]
                assert lately and all(one.was_seen(record.fact_id) for record in lately)
                replies = [r for r in lately if r.reply is not None and world.state.seen.reply(r.fact_id)]
                assert all(one.seen.reply(r.fact_id) == world.state.seen.reply(r.fact_id) for r in replies)


def test_deciding_goes_on_in_the_new_generation() -> None:
    states = [closed(world) for world in worlds()]
    partition = partition_of(DESK, PARTITIONS)
    begun = regrouped(states, partition, PARTITIONS)
    world = Later()
    world.state, world.records, world.timers, world._ids = begun.state, [], TimerIndex(), 10**9
    world.now_ms = begun.state.decided_at_ms
    genesis = decide_genesis(
        generation=2,
        partitions=PARTITIONS,
        partition_hash=PARTITION_HASH,
        first_fact_offset=len(begun.moved),
        now_ms=world.now_ms,
        decision_id=world.new_id(),
        owner="test",
        carried_from=1,
        carried_digest=b"x",
    )
    world.append(genesis)
    world.timers.rebuild(world.state)
    world.offset = world.state.last_fact
    rng = random.Random(4)
    for _ in range(STEPS):
        rng.choice(BUSY)(world, rng.randrange(8), rng.randrange(8))
        check_state(world.state)
        check_timers(world.state, world.timers)

    assert (world.state.generation, world.state.partitions) == (2, PARTITIONS)
    assert "ContactOpened" in names(world.tell(call("brand-new", customer="nobody")))


def test_an_open_partition_is_refused() -> None:
    with pytest.raises(ValueError, match=r"\[0\] are not closed"):
        regrouped([World(big_desk()).state], 0, 1)


def test_partitions_without_desks_begin_empty() -> None:
    one = regrouped([closed(World(big_desk()))], 0, 64)

    assert not one.state.desks and not one.moved and one.state.count == 0
