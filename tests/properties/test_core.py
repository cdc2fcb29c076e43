"""Whatever comes, in whatever order: the rules of design.md hold after every record, and a replay agrees."""

from __future__ import annotations

import os
import random
import subprocess
import sys

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.contract.codec import encode_decision
from services.contract.decisions import Decision
from services.contract.facts import CallerHungUp
from services.router.log import digests
from services.router.log.canonical import STATE_FORM, digest
from services.router.model import changed
from tests.properties import adversary
from tests.properties.adversary import ACTIONS, BUSY, MARKER, big_desk
from tests.properties.invariants import (
    check_history,
    check_replay,
    check_state,
    check_time,
    check_timers,
)
from tests.unit.router.world import DAY, MINUTE, World

RUNS = int(os.environ.get("FRONTDESK_SIM_RUNS", "30"))
"""Runs of each simulation; thousands at night."""
STEPS_PER_RUN = 250
Choices = st.lists(
    st.tuples(st.sampled_from(ACTIONS + BUSY), st.integers(0, 7), st.integers(0, 7)), min_size=1, max_size=60
)


@settings(max_examples=RUNS * 3, deadline=None, suppress_health_check=list(HealthCheck), database=None)
@given(Choices)
def test_every_rule_holds_after_every_step(choices: list[tuple[adversary.Action, int, int]]) -> None:
    """Short sequences that hypothesis can shrink to the point."""
    world = World(big_desk())
    world.sign_in(*adversary.AGENTS)
    adversary.run(world, choices, lambda: _check(world))
    _check_log(world)


def test_every_rule_holds_over_long_days() -> None:
    """Long seeded runs: memory that ends, cases that are confirmed, many hops and promises."""
    for seed in range(RUNS):
        world = _long_run(seed, steps=STEPS_PER_RUN)
        _check_log(world)


def test_state_ends_when_nothing_comes_any_more() -> None:
    """Everything that is over is forgotten: no contact, case, thread or customer stays for ever."""
    for seed in range(max(3, RUNS // 10)):
        world = _long_run(seed, steps=120)
        for contact_id in sorted(world.desk.contacts):
            world.tell(CallerHungUp(contact_id=contact_id))
        world.sign_in(*adversary.AGENTS)
        for _ in range(400):
            _answer_everything(world)
            world.wait(10 * MINUTE)
        world.wait(4 * DAY)
        desk = world.desk
        left = [c.state.name for c in desk.contacts.values()]
        waiting_for_nobody = [name for name in left if name == "QUEUED"]
        assert left == waiting_for_nobody
        assert len(desk.cases) <= len(left) and not desk.offers and not desk.helps


class Watched(World):
    """Keeps what digesting at once gives of each state that a digest is due on."""

    def append(self, record: Decision) -> Decision:
        if digests.due(self.state):
            self.__dict__.setdefault("met", []).append(digests.digest_of(self.state))
        return super().append(record)


@pytest.mark.parametrize("steps", [1, 4])
def test_a_digest_in_steps_is_of_the_state_as_it_was(steps: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """However much changes meanwhile: each is what digesting at once gave when the state was met."""
    monkeypatch.setattr(digests, "DIGEST_EVERY_MIN", 20)
    monkeypatch.setattr(digests, "STEPS_PER_RECORD", steps)
    told = 0
    for seed in range(max(4, RUNS // 5)):
        rng, world = random.Random(seed), Watched(big_desk())
        world.sign_in(*adversary.AGENTS)
        world.state = changed(world.state, next_digest_at=world.state.count)
        for _ in range(STEPS_PER_RUN):
            rng.choice(BUSY)(world, rng.randrange(8), rng.randrange(8))
        written, met = [record.digest for record in world.records if record.digest], world.__dict__["met"]

        assert written[0] == met[0]
        assert [one[1:] for one in written[1:]] == [one[1:] for one in met[:-1]]
        assert {one[0] for one in written[1:]} == {STATE_FORM | digests.EARLIER}
        told += len(written)
    assert told > 40


def test_a_replay_in_another_process_gives_the_same_digest() -> None:
    """Byte for byte on any machine: the hash salt, which orders Python's own maps, must not matter."""
    digests = {
        subprocess.run(
            [sys.executable, "-m", "tests.properties.test_core"],
            env={**os.environ, "PYTHONHASHSEED": salt},
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        for salt in ("1", "2", "3")
    }
    assert len(digests) == 1
    assert len(digests.pop().strip()) == 34


def _long_run(seed: int, *, steps: int) -> World:
    rng = random.Random(seed)
    world = World(big_desk())
    world.sign_in(*adversary.AGENTS)
    actions = BUSY if seed % 2 else ACTIONS
    for _ in range(steps):
        rng.choice(actions)(world, rng.randrange(8), rng.randrange(8))
        _check(world)
    return world


def _answer_everything(world: World) -> None:
    for contact_id in sorted(c.contact_id for c in world.desk.contacts.values() if c.offer_id):
        if world.contact(contact_id).offer_id:
            world.accept(contact_id)
    for contact_id in sorted(
        c.contact_id for c in world.desk.contacts.values() if c.state.name == "ASSIGNED"
    ):
        world.resolve(contact_id)
    world.sign_in(*adversary.AGENTS)


def _check(world: World) -> None:
    check_state(world.state)
    check_timers(world.state, world.timers)


def _check_log(world: World) -> None:
    check_history(world.records)
    check_time(world.records)
    check_replay(world.records, world.state)
    for record in world.records:
        assert MARKER.encode() not in encode_decision(record)
        assert b"Marker" not in encode_decision(record)


if __name__ == "__main__":
    sys.stdout.write(digest(_long_run(7, steps=STEPS_PER_RUN).state).hex() + "\n")
