"""Exploration: noise on what is believed, a function of the contact, the decision and the agent (routing.md 3, 4)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from services.contract import decisions as d
from services.contract.desk import DeskPolicy
from services.router.log.canonical import canonical
from services.router.log.fold import fold
from services.router.model import PartitionState
from tests.unit.router.world import World, agent, call, desk, only

PEOPLE = [agent(name, refund=50) for name in ("A", "B", "C", "D")]


def explored(world: World, contact_id: str) -> d.Offered:
    offered: d.Offered = only(world.tell(call(contact_id, "refund")), d.Offered)
    return offered


def exploring(share: float) -> World:
    world = World(replace(desk(*PEOPLE), policy=DeskPolicy(exploration=share)))
    world.sign_in("A", "B", "C", "D")
    return world


def noise(offered: d.Offered) -> dict[str, float]:
    assert offered.explanation is not None
    return {
        one.agent_id: term.value
        for one in offered.explanation.candidates
        for term in one.terms
        if term.name == "exploration"
    }


def test_terms_sum_to_the_score_with_noise_among_them() -> None:
    offered = explored(exploring(1.0), "c1")

    assert offered.explanation is not None and offered.explanation.noise_seed
    assert len(noise(offered)) == 3
    for one in offered.explanation.candidates:
        assert sum(term.value for term in one.terms) == pytest.approx(one.score, abs=1e-6)


def test_noise_decides_among_equals_and_not_the_id() -> None:
    best = [explored(exploring(1.0), f"c{number}").agent_id for number in range(12)]

    assert len(set(best)) > 1


def test_contacts_have_noise_of_their_own() -> None:
    one, other = (explored(exploring(1.0), name) for name in ("c1", "c2"))

    assert one.explanation and other.explanation
    assert one.explanation.noise_seed != other.explanation.noise_seed
    shared = noise(one).keys() & noise(other).keys()
    assert shared
    assert all(noise(one)[name] != noise(other)[name] for name in shared)


def test_the_same_facts_give_the_same_noise_and_the_log_the_same_state() -> None:
    first, second = exploring(0.3), exploring(0.3)

    assert explored(first, "c1") == explored(second, "c1")
    again = PartitionState.empty()
    for record in first.records:
        again = fold(again, record).state
    assert canonical(again) == canonical(first.state)


def test_noise_leaves_beliefs_and_the_told_chance_alone() -> None:
    still, noisy = explored(exploring(0.0), "c1"), explored(exploring(3.0), "c1")

    assert still.explanation and noisy.explanation
    assert still.explanation.noise_seed == 0
    assert not noise(still)
    assert {one.resolves for one in still.explanation.candidates} == {
        one.resolves for one in noisy.explanation.candidates
    }
