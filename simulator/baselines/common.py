"""What the static baselines of routing.md 6.4 share: who may, the oldest first, and e-mail behind the phone."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from simulator.contact import Contact
from simulator.floor import Floor
from simulator.policy import WAIT, Choice, Policy
from simulator.pool import Bools, Ints

EMAIL_URGENT_SECONDS = 7200.0


class Baseline(Policy):
    """First come, first served, by agents certified for the observed topic; a subclass says whom it picks."""

    def begin(self, floor: Floor) -> None:
        super().begin(floor)
        self.pool = floor.pool
        self._reserve = 1 + 0.03 * floor.pool.agents

    def able(self, contact: Contact, now: float) -> Bools:
        """[n] Who may take the contact now, busy or idle; the array is not to be written to."""
        return self.eligible(contact)

    def pick(self, contact: Contact, idle: Ints) -> int:
        """One of `idle`, which is ascending and not empty."""
        raise NotImplementedError

    def next_change(self, contact: Contact, now: float) -> float | None:
        """When `able` of a waiting contact changes by itself; it is then decided again."""
        return None

    def next_phone(self, agent: int, now: float) -> Contact | None:
        """The oldest call by arrival of the attempt that the agent may take."""
        return next(self.able_phone(agent, now), None)

    def able_phone(self, agent: int, now: float) -> Iterator[Contact]:
        """What waits on the phone that the agent may take and has room for, oldest first."""
        for contact in self.floor.phone:
            if self.floor.has_room(agent, contact) and self.able(contact, now)[agent]:
                yield contact

    def eligible(self, contact: Contact) -> Bools:
        """Certified, of the least level known, not the last agent; without any: of that level, not the last."""
        leveled = self.pool.level >= contact.least_level
        if contact.language:
            leveled &= self.floor.speaks[:, contact.language]
        if contact.decliners:
            leveled[contact.decliners] = False
        if contact.last_agent >= 0:
            leveled[contact.last_agent] = False
        certified = leveled & self.pool.certified[:, contact.topic]
        return certified if certified.any() else leveled

    def arrival(self, contact: Contact, now: float) -> Choice:
        idle = np.flatnonzero(self.able(contact, now) & self.floor.room(contact))
        if contact.email:
            if self._urgent(contact, now):
                return Choice(self.longest_idle(idle)) if idle.size else WAIT
            return Choice(self.pick(contact, idle)) if idle.size > self._reserve else WAIT
        if idle.size:
            return Choice(self.pick(contact, idle))
        return Choice(again_seconds=self.next_change(contact, now))

    def freed(self, agent: int, now: float) -> Contact | None:
        return self.next_phone(agent, now) or self._next_email(agent, now)

    def longest_idle(self, idle: Ints) -> int:
        return int(idle[np.argmin(self.floor.idle_since[idle])])

    def _next_email(self, agent: int, now: float) -> Contact | None:
        plenty = self.floor.idle_count > self._reserve
        for contact in self.floor.email:
            if not plenty and not self._urgent(contact, now):
                return None
            if self.floor.has_room(agent, contact) and self.able(contact, now)[agent]:
                return contact
        return None

    def _urgent(self, contact: Contact, now: float) -> bool:
        return now - contact.arrived_seconds >= EMAIL_URGENT_SECONDS
