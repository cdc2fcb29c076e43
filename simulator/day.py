"""The issues of one day with all their luck, drawn in the exact order of routing.md 6.1.

Every issue carries its own draws, so two policies meet the same customers, the same work and the same luck at each
attempt and hop: comparisons are paired by construction. Rows are issues in order of arrival, times are seconds since
the day began.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum

import numpy as np

from simulator.pool import LEVELS, SIGNAL_GIVEN_NEED, Bools, Floats, Ints, Pool
from simulator.worlds import COUNTED_FROM_SECONDS, COUNTED_TO_SECONDS, DAY_SECONDS, World

DRAWS = 14
"""Draws of each kind that an issue carries; an index past them wraps round."""
WORK_PER_ISSUE = 1.32
"""Talk over the first contact's mean handle time: repeats, hand-overs and consults."""
WAVE_SECONDS = 14_400.0
TOPIC_READ_RIGHT = 0.92
COMPLAINT_SHARE = 0.12
TIER_SHARES = (0.25, 0.55, 0.20)
PATIENCE_SHAPE, PATIENCE_SCALE_SECONDS = 3.0, 56.0 / 3.0


class Tier(IntEnum):
    NEW = 0
    REGULAR = 1
    LOYAL = 2


@dataclass(frozen=True, slots=True)
class Issue:
    """One row of a day, in plain numbers."""

    index: int
    arrival_seconds: float
    topic: int
    """The true one."""
    observed_topic: int
    """As intake reads the first contact."""
    tier: Tier
    complaint: bool
    email: bool
    need: int
    """The level of authority that it takes, 0-3."""
    signal: int
    """Intake's reading of `need`."""


@dataclass(frozen=True, eq=False, slots=True)
class Day:
    """N issues in order of arrival; the arrays are never written to."""

    arrival_seconds: Floats
    """[N] Ascending, in [0, 28800)."""
    topic: Ints
    observed_topic: Ints
    tier: Ints
    """[N] Values of `Tier`."""
    complaint: Bools
    email: Bools
    need: Ints
    signal: Ints
    work: Floats
    """[N, 14] z: the work of an agent who starts, over its mean handle time; mean 1.0."""
    luck_resolved: Floats
    """[N, 14] u_r: resolved below the agent's p."""
    luck_stuck: Floats
    """[N, 14] u_x: of the contacts not resolved, stuck below .35, else closed."""
    luck_stated: Floats
    """[N, 14] u_s: whether the need or topic is stated, and a stuck consult's success."""
    patience_seconds: Floats
    """[N, 14] Waits at most this long, on the phone."""
    delay: Floats
    """[N, 14] Exponential of mean 1: times 900 s or 2700 s until the customer is back."""
    luck_back: Floats
    """[N, 14] u_c: whether the customer comes back."""

    def __len__(self) -> int:
        return int(self.arrival_seconds.shape[0])

    @property
    def counted(self) -> Bools:
        """[N] Issues that arrive after the warm-up and before the last hour."""
        return (self.arrival_seconds >= COUNTED_FROM_SECONDS) & (self.arrival_seconds < COUNTED_TO_SECONDS)

    def issue(self, index: int) -> Issue:
        return Issue(
            index=index,
            arrival_seconds=float(self.arrival_seconds[index]),
            topic=int(self.topic[index]),
            observed_topic=int(self.observed_topic[index]),
            tier=Tier(self.tier[index]),
            complaint=bool(self.complaint[index]),
            email=bool(self.email[index]),
            need=int(self.need[index]),
            signal=int(self.signal[index]),
        )

    def issues(self) -> Iterator[Issue]:
        return (self.issue(index) for index in range(len(self)))


def rate_per_second(world: World, pool: Pool, at_seconds: Floats) -> Floats:
    """Arrivals per second: the load, with two waves a day that begin at their lowest."""
    mean = world.load * world.agents / (WORK_PER_ISSUE * pool.mean_handle_seconds)
    wave = world.wave * np.sin(2 * np.pi * (at_seconds / WAVE_SECONDS - 0.25))
    return np.asarray(mean * (1 + wave), dtype=np.float64)


def draw_day(world: World, pool: Pool, replication: int, day: int = 0) -> Day:
    """The issues of one day; `day` counts from 0 and differs only where a run spans several."""
    rng = np.random.default_rng((replication, day, 77))
    arrivals = _arrivals(rng, rate_per_second(world, pool, np.arange(0.0, DAY_SECONDS, 60.0)))
    size = (len(arrivals),)
    topic = rng.choice(world.topics, size=size, p=pool.popularity)
    tier = rng.choice(len(Tier), size=size, p=TIER_SHARES)
    complaint = rng.random(size) < COMPLAINT_SHARE
    email = rng.random(size) < world.email_share
    luck_need, luck_signal = rng.random(size), rng.random(size)
    need = _invert(pool.need_prior[topic, complaint.astype(np.int64)], luck_need)
    signal = _invert(SIGNAL_GIVEN_NEED[need], luck_signal)
    read_right = rng.random(size) < TOPIC_READ_RIGHT
    other = (topic + 1 + rng.integers(0, world.topics - 1, size=size)) % world.topics
    block = (len(arrivals), DRAWS)
    return Day(
        arrival_seconds=arrivals,
        topic=topic,
        observed_topic=np.where(read_right, topic, other),
        tier=tier,
        complaint=complaint,
        email=email,
        need=need,
        signal=signal,
        work=np.exp(0.85 * rng.standard_normal(block) - 0.36),
        luck_resolved=rng.random(block),
        luck_stuck=rng.random(block),
        luck_stated=rng.random(block),
        patience_seconds=rng.gamma(PATIENCE_SHAPE, PATIENCE_SCALE_SECONDS, size=block),
        delay=rng.exponential(1.0, size=block),
        luck_back=rng.random(block),
    )


def _arrivals(rng: np.random.Generator, rate_by_minute: Floats) -> Floats:
    """Poisson counts of every minute first, then the offsets inside each, minute by minute."""
    counts = rng.poisson(rate_by_minute * 60.0)
    offsets = [60.0 * minute + 60.0 * rng.random(count) for minute, count in enumerate(counts)]
    return np.sort(np.concatenate(offsets))


def _invert(shares: Floats, uniforms: Floats) -> Ints:
    """[N] The level at which the cumulated shares of each row pass its uniform."""
    passed = (np.cumsum(shares, axis=1) <= uniforms[:, None]).sum(axis=1)
    return np.asarray(np.minimum(passed, LEVELS - 1), dtype=np.int64)
