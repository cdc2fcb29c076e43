"""Baselines that know nothing of authority or quality: random, round-robin, longest-idle."""

from __future__ import annotations

import numpy as np

from simulator.baselines.common import Baseline
from simulator.contact import Contact
from simulator.pool import Ints


class Random(Baseline):
    """Any idle agent, drawn by a generator of its own."""

    def __init__(self, seed: int = 0) -> None:
        self._generator = np.random.default_rng(seed)

    def pick(self, contact: Contact, idle: Ints) -> int:
        return int(self._generator.choice(idle))


class RoundRobin(Baseline):
    """One pointer for all: the next index among the idle."""

    def __init__(self) -> None:
        self._pointer = -1

    def pick(self, contact: Contact, idle: Ints) -> int:
        after = idle[idle > self._pointer]
        self._pointer = int(after[0] if after.size else idle[0])
        return self._pointer


class LongestIdle(Baseline):
    """The default of most telephone systems."""

    def pick(self, contact: Contact, idle: Ints) -> int:
        return self.longest_idle(idle)
