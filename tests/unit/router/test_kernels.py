"""The compiled way of weighing finds what numpy finds, to the last digit of what is told, and it is there where it counts."""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

import numpy as np
import pytest

from services.router import kernels
from services.router.model import DeskState, changed
from services.router.picking import next_pick
from services.router.policy.patience import NO_WAITS, Waits, fitted
from services.router.seeking import reconsider, seek
from tests.unit.router.test_board import something
from tests.unit.router.test_seeking import as_it_comes, crowd, loaded

T = TypeVar("T")


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
    """As it comes, or after a publication: chances with all their digits, patience fitted to the desk's own callers."""
    if rng.random() < 0.5:
        return state
    beliefs, some = state.crew.beliefs, np.random.default_rng(rng.randrange(1_000))
    waits = Waits(600, (0, 10, 20, 570, *NO_WAITS.left[4:]), (0, 0, 0, 0, 900, *NO_WAITS.answered[5:]))
    beliefs = replace(
        beliefs,
        resolves=tuple(some.uniform(0.4, 0.95, len(one)) for one in beliefs.resolves),
        speed=beliefs.speed * some.uniform(0.9, 1.1, len(beliefs.speed)),
        approver_free=rng.random(),
        patience=(fitted(waits), None),
    )
    return changed(state, crew=state.crew.with_beliefs(beliefs).with_tariff(state.crew.tariff))


def test_ci_runs_the_compiled_way(built: None) -> None:
    assert kernels.said() == {"scoring": "compiled"}


def test_a_router_that_is_not_compiled_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kernels, "COMPILED", False)
    monkeypatch.setattr(kernels, "WHY_NOT", "No module named arrival")
    assert kernels.said() == {"scoring": "numpy", "not_compiled": "No module named arrival"}


@pytest.mark.parametrize("seed", range(3))
def test_what_is_found_and_told_is_the_same_to_the_last_digit(
    seed: int, built: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = random.Random(200 + seed)
    world = crowd(rng)
    held = compared = preferred = 0
    for number in range(50):
        something(world, rng, number)
        if not world.desk.contacts:
            continue
        state = believed(loaded(world.desk, rng, rng.choice([0.0, 0.02, 0.3, 1.0])), rng)
        now_ms = world.now_ms + rng.choice([0, 5_000, 200_000])
        for contact_id in rng.sample(sorted(state.contacts), min(8, len(state.contacts))):
            contact = as_it_comes(state.contacts[contact_id], state, rng)
            but = rng.choice(["", rng.choice(sorted(state.agents))])
            ours, theirs = both(monkeypatch, lambda: seek(state, contact, now_ms, but=but))  # noqa: B023 - called at once
            assert ours == theirs
            compared, held = compared + 1, held + (ours.explanation.hold is not None)
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


@pytest.mark.parametrize("seed", range(2))
def test_a_freed_agent_is_given_the_same_contact(
    seed: int, built: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = random.Random(300 + seed)
    world = crowd(rng)
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
