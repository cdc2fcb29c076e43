"""The agents and topics of one replication, drawn in the exact order of routing.md 6.1.

The order of the draws is part of the definition: with the same seed every implementation meets the same pool.
Rows are agents 0..n-1, columns topics 0..K-1, levels of authority 0..3.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from simulator.worlds import World

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

LEVELS = 4
LEVEL_SHARES = (0.45, 0.30, 0.17, 0.08)
NEED_SHARES = (0.66, 0.20, 0.10, 0.04)
SIGNAL_RIGHT = 0.80


@dataclass(frozen=True, eq=False, slots=True)
class Pool:
    """One replication's agents and topics; the arrays are never written to."""

    level: Ints
    """[n] Authority of each agent, 0-3."""
    certified: Bools
    """[n, K] Which topics an agent may take."""
    resolves: Floats
    """[n, K] True chance p that an agent with enough authority resolves a contact; drawn for every cell."""
    speed: Floats
    """[n] Factor v of an agent: its handle time over the mean."""
    popularity: Floats
    """[K] Share of each topic among the arrivals; sums to 1."""
    handle_seconds: Floats
    """[K] Mean handle time of a topic."""
    need_prior: Floats
    """[K, 2, 4] P(needed level | topic, complaint)."""
    need_posterior: Floats
    """[K, 2, 4, 4] P(needed level | topic, complaint, signal); the last axis is the level and sums to 1."""

    @property
    def agents(self) -> int:
        return int(self.level.shape[0])

    @property
    def topics(self) -> int:
        return int(self.popularity.shape[0])

    @property
    def mean_handle_seconds(self) -> float:
        """Over the topics, weighted by popularity."""
        return float(self.popularity @ self.handle_seconds)


SIGNAL_GIVEN_NEED: Floats = np.where(
    np.eye(LEVELS, dtype=bool), SIGNAL_RIGHT, (1 - SIGNAL_RIGHT) / (LEVELS - 1)
)
"""[needed level, signal] P(intake's signal | needed level)."""


def popularity_of(topics: int) -> Floats:
    weights = 1.0 / (np.arange(topics) + 2.0)
    return np.asarray(weights / weights.sum(), dtype=np.float64)


def draw_pool(world: World, replication: int) -> Pool:
    rng = np.random.default_rng(1000 + replication)
    agents, topics = world.agents, world.topics
    popularity = popularity_of(topics)
    level = rng.choice(LEVELS, size=agents, p=LEVEL_SHARES)
    certified = _certificates(rng, world, level, popularity)
    _staff_every_topic(rng, level, certified)
    base = np.linspace(0.74, 0.88, topics)
    rng.shuffle(base)
    of_agent = rng.standard_normal((agents, 1))
    of_cell = rng.standard_normal((agents, topics))
    resolves = np.clip(base + world.spread * (0.7 * of_agent + 0.714 * of_cell), 0.30, 0.98)
    speed = np.exp(0.22 * rng.standard_normal(agents) - 0.0242)
    handle_seconds = rng.permutation(np.linspace(190.0, 360.0, topics))
    prior = _need_prior(rng, topics)
    joint = prior[:, :, None, :] * SIGNAL_GIVEN_NEED.T
    posterior = joint / joint.sum(axis=-1, keepdims=True)
    return Pool(
        level=level,
        certified=certified,
        resolves=resolves,
        speed=speed,
        popularity=popularity,
        handle_seconds=handle_seconds,
        need_prior=prior,
        need_posterior=posterior,
    )


def _certificates(rng: np.random.Generator, world: World, level: Ints, popularity: Floats) -> Bools:
    """Distinct topics agent by agent, the popular ones likelier; one more from level 2."""
    weights = 0.5 * popularity + 0.5 / world.topics
    certified = np.zeros((world.agents, world.topics), dtype=bool)
    for agent in range(world.agents):
        count = min(world.topics, world.certificates + int(level[agent] >= 2))
        certified[agent, rng.choice(world.topics, size=count, replace=False, p=weights)] = True
    return certified


def _staff_every_topic(rng: np.random.Generator, level: Ints, certified: Bools) -> None:
    """Topic by topic: with fewer than three certified, or none of level 3, one agent of level 3 more gets it."""
    for topic in range(certified.shape[1]):
        able = certified[:, topic]
        if able.sum() >= 3 and bool((level[able] == 3).any()):
            continue
        highest = np.flatnonzero(level == 3)
        if highest.size == 0:
            level[0] = 3
            highest = np.array([0])
        certified[rng.choice(highest), topic] = True


def _need_prior(rng: np.random.Generator, topics: int) -> Floats:
    """[K, 2, 4]: half of each level's mass moves one level up for a complaint."""
    plain = np.maximum(np.array(NEED_SHARES) * np.exp(0.4 * rng.standard_normal((topics, LEVELS))), 0.001)
    plain /= plain.sum(axis=1, keepdims=True)
    moved = 0.5 * plain[:, :-1]
    complaint = plain.copy()
    complaint[:, :-1] -= moved
    complaint[:, 1:] += moved
    return np.stack([plain, complaint], axis=1)
