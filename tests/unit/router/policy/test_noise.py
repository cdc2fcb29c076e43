"""Exploration's noise: a function of seed and agent."""

from __future__ import annotations

from statistics import NormalDist

import numpy as np
import pytest

from services.router.policy.noise import Floats, keys_of, normals, seed_of

PINNED_SEED, PINNED = 4440826784153210766, [1.502868685, -1.089031162]
AGENTS = tuple(f"a-{number}" for number in range(20_000))


def farthest(found: Floats) -> float:
    """Kolmogorov's distance to the standard normal; over 1.95 / sqrt(n) in one of a thousand samples."""
    expected = np.array([NormalDist().cdf(value) for value in np.sort(found)])
    return float(np.abs(expected - (np.arange(len(found)) + 0.5) / len(found)).max())


def test_the_same_seed_and_agent_have_the_same_deviate_in_any_company() -> None:
    alone = normals(77, keys_of(["a-7"]))
    among = normals(77, keys_of(AGENTS))

    assert alone[0] == among[7]


def test_the_first_deviates_are_these_for_ever() -> None:
    """A decision of an old log can be recomputed only while these hold."""
    assert seed_of("contact", 12) == PINNED_SEED
    assert normals(PINNED_SEED, keys_of(["a", "b"])).tolist() == PINNED


@pytest.mark.parametrize("seed", [1, 2, 2**62])
def test_deviates_over_agents_are_standard_normal(seed: int) -> None:
    assert farthest(normals(seed, keys_of(AGENTS))) < 1.95 / 20_000**0.5


def test_deviates_of_one_agent_over_decisions_are_standard_normal_and_unrelated() -> None:
    keys = keys_of(["a", "b"])
    found = np.array([normals(seed_of("c", number), keys) for number in range(4_000)])

    assert farthest(found[:, 0]) < 1.95 / 4_000**0.5
    assert abs(np.corrcoef(found[:, 0], found[:, 1])[0, 1]) < 0.06
    assert abs(np.corrcoef(found[:-1, 0], found[1:, 0])[0, 1]) < 0.06


def test_seeds_differ_and_are_never_nothing() -> None:
    seeds = {seed_of("c", number) for number in range(1_000)}

    assert len(seeds) == 1_000
    assert all(0 < seed < 2**63 for seed in seeds)
