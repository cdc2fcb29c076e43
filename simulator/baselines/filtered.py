"""Baselines that filter by intake's signal of the level needed: skills + priority, bullseye."""

from __future__ import annotations

import numpy as np

from simulator.baselines.common import Baseline
from simulator.contact import Contact
from simulator.day import Tier
from simulator.pool import Bools, Floats, Ints

RING_SECONDS = 12.0


def care(contact: Contact) -> int:
    """0-2: loyal, complaint."""
    return int(contact.tier == Tier.LOYAL) + int(contact.complaint)


class Filtered(Baseline):
    """Only agents of the level that intake read, or after a hop of the likeliest one, where the pool has any."""

    def strict(self, contact: Contact) -> Bools:
        wanted = int(np.argmax(contact.need_chances)) if contact.hops else contact.signal
        eligible = self.eligible(contact)
        filtered = eligible & (self.pool.level >= wanted)
        return filtered if filtered.any() else eligible


class SkillsAndPriority(Filtered):
    """A hard filter on the level; loyal customers and complaints strictly first, then age; longest idle."""

    def able(self, contact: Contact, now: float) -> Bools:
        return self.strict(contact)

    def pick(self, contact: Contact, idle: Ints) -> int:
        return self.longest_idle(idle)

    def next_phone(self, agent: int, now: float) -> Contact | None:
        """`max` keeps the first of equals: the oldest."""
        return max(self.able_phone(agent, now), key=care, default=None)


class Bullseye(Filtered):
    """Rings that widen with this queue entry's wait, as Genesys and Amazon Connect document them.

    For 12 s the better half of the certified who pass the filter, until 24 s all who pass it, then everyone
    certified, unless a least level is known.
    """

    def able(self, contact: Contact, now: float) -> Bools:
        first, second = self._ring_ends(contact)
        strict = self.strict(contact)
        if now < first:
            inner = strict & self._better_half(contact.topic)
            return inner if inner.any() else strict
        if now < second or contact.least_level:
            return strict
        return self.eligible(contact)

    def pick(self, contact: Contact, idle: Ints) -> int:
        return self.longest_idle(idle)

    def next_change(self, contact: Contact, now: float) -> float | None:
        first, second = self._ring_ends(contact)
        return first if now < first else second if now < second else None

    def next_phone(self, agent: int, now: float) -> Contact | None:
        """Minutes waited plus 0-2: a call of care overtakes those less than a minute or two older."""
        able = (contact for contact in self.floor.phone if self.able(contact, now)[agent])
        return max(
            able, key=lambda contact: (now - contact.arrived_seconds) / 60.0 + care(contact), default=None
        )

    def _ring_ends(self, contact: Contact) -> tuple[float, float]:
        """Instants, the same floats as the timers', so that a timer finds its ring open."""
        return contact.queued_seconds + RING_SECONDS, contact.queued_seconds + 2 * RING_SECONDS

    def _better_half(self, topic: int) -> Bools:
        chances: Floats = self.pool.resolves[:, topic]
        return np.asarray(chances >= np.median(chances[self.pool.certified[:, topic]]))
