"""Baselines that know every agent's true p: the highest rate of resolving, without and with hard authority."""

from __future__ import annotations

import numpy as np

from simulator.baselines.common import Baseline
from simulator.baselines.filtered import Filtered
from simulator.contact import Contact
from simulator.pool import Bools, Ints


class ResolvingRate(Baseline):
    """[p mu] The idle agent who resolves most per unit of time: p x P(need <= its level) / v."""

    def pick(self, contact: Contact, idle: Ints) -> int:
        covered = np.cumsum(contact.need_chances)[self.pool.level[idle]]
        rate = self.pool.resolves[idle, contact.topic] * covered / self.pool.speed[idle]
        return int(idle[np.argmax(rate)])


class ResolvingRateHard(ResolvingRate, Filtered):
    """The same among those who pass the hard filter on the level."""

    def able(self, contact: Contact, now: float) -> Bools:
        return self.strict(contact)
