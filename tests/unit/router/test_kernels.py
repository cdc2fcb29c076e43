"""The compiled way of weighing finds what numpy finds, to the last digit of what is told, and it is there where it counts."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import numpy as np
import pytest

from services.contract.desk import DeskPolicy
from services.router import kernels
from services.router.model import DeskState, changed
from services.router.picking import next_pick
from services.router.policy.patience import NO_WAITS, Waits, fitted
from services.router.seeking import reconsider, seek
from tests.unit.router.test_board import something
from tests.unit.router.test_seeking import as_it_comes, crowd, loaded

T = TypeVar("T")
POLICIES = (
    DeskPolicy(patience_shape=1, interrupt_email=0, shift_end_factor=0.0),
    DeskPolicy(patience_shape=2, interrupt_email=1, shift_end_factor=1.5),
    DeskPolicy(patience_shape=3, interrupt_email=0, shift_end_factor=1.5),
    DeskPolicy(patience_shape=7, interrupt_email=1, shift_end_factor=0.0),
)
"""A desk each: what the compiled way has branches of its own for."""
WAITS = (
    Waits(600, (0, 10, 20, 570, *NO_WAITS.left[4:]), (0, 0, 0, 0, 900, *NO_WAITS.answered[5:])),
    Waits(700, (0, 5, 20, 75, 600, *NO_WAITS.left[5:]), (0, 0, 0, 0, 0, 900, *NO_WAITS.answered[6:])),
)
"""Of ordinary callers, and of loyal ones, who wait longer."""


@pytest.fixture
def built() -> None:
    if not kernels.COMPILED:
        said = f"not compiled: {kernels.WHY_NOT}"
        if os.environ.get("CI") == "true":
            pytest.fail(said, pytrace=False)
        pytest.skip(said)


def both(monkeypatch: pytest.MonkeyPatch, found: Callable[[], T]) -> tuple[T, T]:
    """What is found by compiled code, and by numpy."""
    monkeypatch.setattr(kernels, "COMPILED", True)
    compiled = found()
    monkeypatch.setattr(kernels, "COMPILED", False)
    return compiled, found()


def believed(state: DeskState, rng: random.Random) -> DeskState:
    """As it comes, or after a publication: chances with all their digits, patience fitted to the desk's own callers, to
    the loyal ones among them, to both or to neither.
    """
    if rng.random() < 0.5:
        return state
    beliefs, some = state.crew.beliefs, np.random.default_rng(rng.randrange(1_000))
    others, loyal = [fitted(one) if rng.random() < 0.6 else None for one in WAITS]
    beliefs = replace(
        beliefs,
        resolves=tuple(some.uniform(0.4, 0.95, len(one)) for one in beliefs.resolves),
        speed=beliefs.speed * some.uniform(0.9, 1.1, len(beliefs.speed)),
        approver_free=rng.random(),
        patience=(others, loyal),
    )
    return changed(state, crew=state.crew.with_beliefs(beliefs).with_tariff(state.crew.tariff))


def resting(state: DeskState, rng: random.Random) -> tuple[str, ...]:
    """Newcomers who had their share: none, some, or nearly everybody."""
    count = rng.choice([0, 0, 3, 40, len(state.agents) - 1])
    return tuple(sorted(rng.sample(sorted(state.agents), count)))


def test_ci_runs_the_compiled_way(built: None) -> None:
    assert kernels.said() == {"scoring": "compiled", "records": "compiled"}


def test_a_router_that_is_not_compiled_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kernels, "COMPILED", False)
    monkeypatch.setattr(kernels, "WHY_NOT", "No module named arrival")
    assert kernels.said()["scoring"] == "numpy"
    assert kernels.said()["not_compiled"] == "No module named arrival"


def test_kernels_for_another_number_of_agents_waited_for_are_not_used(built: None) -> None:
    code = (
        "from services.router.policy import hold; hold.CANDIDATES_MAX = 65;"
        "from services.router import kernels; print(kernels.said())"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert "'not_compiled': 'compiled for 64 who are waited for, not 65'" in done.stdout


@pytest.mark.parametrize("seed", range(len(POLICIES)))
def test_what_is_found_and_told_is_the_same_to_the_last_digit(
    seed: int, built: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = random.Random(200 + seed)
    world = crowd(rng, POLICIES[seed])
    held = compared = preferred = loyal = priced = rested = 0
    for number in range(50):
        something(world, rng, number)
        if not world.desk.contacts:
            continue
        state = believed(loaded(world.desk, rng, rng.choice([0.0, 0.02, 0.3, 1.0])), rng)
        state = changed(state, learned=changed(state.learned, held_ids=resting(state, rng)))
        now_ms = world.now_ms + rng.choice([0, 5_000, 200_000])
        for contact_id in rng.sample(sorted(state.contacts), min(8, len(state.contacts))):
            contact = as_it_comes(state.contacts[contact_id], state, rng)
            but = rng.choice(["", rng.choice(sorted(state.agents))])
            ours, theirs = both(monkeypatch, lambda: seek(state, contact, now_ms, but=but))  # noqa: B023 - called at once
            assert ours == theirs
            compared, held = compared + 1, held + (ours.explanation.hold is not None)
            loyal += contact.opened.tier == "loyal" and state.crew.beliefs.patience[1] is not None
            priced += state.crew.tariff.highest > 0.0
            rested += any(one.rule == "newcomer" for one in ours.explanation.exclusions)
            preferred += bool(ours.candidates) and any(
                term.name == "continuity" for term in ours.candidates[0].terms
            )
            if not ours.candidates:
                continue
            agent_id, may_hold = rng.choice(ours.candidates).agent_id, rng.random() < 0.8
            again = both(
                monkeypatch,
                lambda: reconsider(state, contact, agent_id, now_ms, may_hold=may_hold),  # noqa: B023
            )
            assert again[0] == again[1]
    assert compared > 150
    assert held > 10
    assert preferred > 3
    assert loyal > 5
    assert priced > 50
    assert rested > 5


@pytest.mark.parametrize("seed", range(len(POLICIES)))
def test_a_freed_agent_is_given_the_same_contact(
    seed: int, built: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = random.Random(300 + seed)
    world = crowd(rng, POLICIES[seed])
    picked = set()
    for number in range(150):
        something(world, rng, number)
        if not world.desk.contacts or number % 3:
            continue
        state = believed(loaded(world.desk, rng, 0.02), rng)
        if rng.random() < 0.2:
            state = changed(state, overload_since_ms=world.now_ms)
        now_ms = world.now_ms + rng.choice([0, 5_000, 200_000, 20_000_000])
        for agent_id in rng.sample(sorted(state.agents), 6):
            one = changed(state.agents[agent_id], used_units=rng.choice([0, 0, 50, 80]), soft_units=0)
            there = changed(state, agents=state.agents.set(agent_id, one))
            out: list[str] = []
            for _ in range(3):
                ours, theirs = both(
                    monkeypatch,
                    lambda: next_pick(there, agent_id, now_ms, left_out=out, classes_min=0),  # noqa: B023 - at once
                )
                assert ours == theirs
                if ours is None:
                    break
                picked.add(ours)
                out.append(ours.contact_id)
    assert len(picked) > 20
    assert {one.may_hold for one in picked} == {True, False}


LARGE = """
from services.router import kernels
assert kernels.take_large_pages() and kernels.take_large_pages()
kept = [str(number) for number in range(400_000)]
kept = {one: [one] for one in kept[::2]}
assert sum(map(int, kept)) == sum(range(0, 400_000, 2)) and all(kept[one] == [one] for one in kept)
asked, size = 0, 0
for line in open("/proc/self/smaps"):
    if "-" in line.split()[0] and not line[0].isupper():
        begin, end = (int(one, 16) for one in line.split()[0].split("-"))
    elif line.startswith("VmFlags:") and "hg" in line.split():
        assert begin % (2 << 20) == 0, hex(begin)
        asked += end - begin
print(asked >> 20)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no such pages: it says False there")
def test_objects_stand_on_pages_that_the_system_was_asked_to_make_large(built: None) -> None:
    done = subprocess.run([sys.executable, "-c", LARGE], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    given = Path("/sys/kernel/mm/transparent_hugepage").exists()
    assert int(done.stdout) >= 32 if given else int(done.stdout) == 0


def test_figures_that_are_told_are_rounded_as_python_rounds_them(built: None) -> None:
    rng = random.Random(7)
    near = [number / 2_000_000 for number in range(-41, 42)]
    some = [rng.uniform(-1.0, 1.0) * 10.0 ** rng.randint(-9, 12) for _ in range(20_000)]
    close = [
        round(one, 6) + rng.choice([-1, 1]) * 5e-7 * (1 + rng.uniform(-1e-9, 1e-9)) for one in some[:5_000]
    ]
    for value in (*near, *some, *close, 0.0, -0.0, -1e-7, 1e300):
        ours, theirs = kernels.weigher.rounded_as_told(value), round(value, 6)
        assert (ours, str(ours)) == (theirs, str(theirs))


@pytest.mark.parametrize("seed", range(len(POLICIES)))
def test_a_contact_waits_in_the_same_lane(seed: int, built: None) -> None:
    rng = random.Random(300 + seed)
    world = crowd(rng, POLICIES[seed])
    lanes = set()
    for number in range(60):
        something(world, rng, number)
        ledger = world.desk.crew.ledger
        for contact_id in sorted(world.desk.contacts)[-6:]:
            contact = as_it_comes(world.desk.contacts[contact_id], world.desk, rng)
            contact = changed(contact, missed=rng.choice([(), ("target",), ("callback", "target")]))
            lane = ledger.lane_of(contact)
            assert ledger.lane_of == ledger.seeker.lane
            assert lane is ledger.lane_by_python(contact)
            lanes.add(lane)
    assert len(lanes) > 50
