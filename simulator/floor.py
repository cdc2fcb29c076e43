"""What a policy sees: who is idle since when, and who waits."""

from __future__ import annotations

from bisect import insort

import numpy as np

from simulator.contact import Contact
from simulator.pool import Bools, Pool
from simulator.strain import CAPACITY_UNITS


def _place(contact: Contact) -> tuple[float, int]:
    return contact.arrived_seconds, contact.order


class Floor:
    """The desk's moment; only the flow changes it."""

    def __init__(self, pool: Pool, speaks: Bools) -> None:
        self.pool = pool
        """As policies know it."""
        self.speaks = speaks
        """[n, L]; everybody speaks language 0."""
        self.idle = np.ones(pool.agents, dtype=bool)
        """Present, and nothing in hand."""
        self.idle_since = np.zeros(pool.agents)
        """Seconds; of no meaning while the agent is busy."""
        self.idle_count = pool.agents
        self.units_free = np.full(pool.agents, CAPACITY_UNITS)
        self.away = np.zeros(pool.agents, dtype=bool)
        self.phone: list[Contact] = []
        """Waiting calls and chats by arrival of the attempt: hops keep their place."""
        self.email: list[Contact] = []

    def room(self, contact: Contact) -> Bools:
        """[n] Who has the units that the contact takes."""
        if contact.units == CAPACITY_UNITS:
            return self.idle
        return np.asarray((self.units_free >= contact.units) & ~self.away)

    def has_room(self, agent: int, contact: Contact) -> bool:
        return bool(self.units_free[agent] >= contact.units) and not self.away[agent]

    def take(self, agent: int, units: int) -> None:
        self.units_free[agent] -= units
        self._set_idle(agent, False)

    def free(self, agent: int, units: int, now: float) -> None:
        self.units_free[agent] += units
        self.idle_since[agent] = now
        self._set_idle(agent, self.units_free[agent] == CAPACITY_UNITS and not self.away[agent])

    def leave(self, agent: int) -> None:
        """Takes nothing new from now on."""
        self.away[agent] = True
        self._set_idle(agent, False)

    def come_back(self, agent: int, now: float) -> None:
        self.away[agent] = False
        self.free(agent, 0, now)

    def queue(self, contact: Contact) -> None:
        insort(self.email if contact.email else self.phone, contact, key=_place)

    def unqueue(self, contact: Contact) -> None:
        (self.email if contact.email else self.phone).remove(contact)

    def _set_idle(self, agent: int, idle: bool) -> None:
        self.idle_count += int(idle) - int(self.idle[agent])
        self.idle[agent] = idle
