"""What a policy sees: who is idle since when, and who waits."""

from __future__ import annotations

from bisect import insort

import numpy as np

from simulator.contact import Contact
from simulator.pool import Pool


def _place(contact: Contact) -> tuple[float, int]:
    return contact.arrived_seconds, contact.order


class Floor:
    """The desk's moment; only the flow changes it."""

    def __init__(self, pool: Pool) -> None:
        self.pool = pool
        self.idle = np.ones(pool.agents, dtype=bool)
        self.idle_since = np.zeros(pool.agents)
        """Seconds; of no meaning while the agent is busy."""
        self.idle_count = pool.agents
        self.phone: list[Contact] = []
        """Waiting calls by arrival of the attempt: hops keep their place."""
        self.email: list[Contact] = []

    def take(self, agent: int) -> None:
        self.idle[agent] = False
        self.idle_count -= 1

    def free(self, agent: int, now: float) -> None:
        self.idle[agent] = True
        self.idle_since[agent] = now
        self.idle_count += 1

    def queue(self, contact: Contact) -> None:
        contact.waiting = True
        insort(self.email if contact.email else self.phone, contact, key=_place)

    def unqueue(self, contact: Contact) -> None:
        contact.waiting = False
        (self.email if contact.email else self.phone).remove(contact)
