"""What the flow asks of a routing policy, and tells it."""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple

import numpy as np

from simulator.contact import Contact
from simulator.floor import Floor


class Choice(NamedTuple):
    """An idle agent, or nobody and perhaps a time to decide again."""

    agent: int | None = None
    again_seconds: float | None = None
    """Instant, not a span; None leaves the contact to the agents who free."""


WAIT = Choice()


class Ask(Enum):
    """Why an owner asks for advice."""

    AUTHORITY = "authority"
    STUCK = "stuck"


class Outcome(Enum):
    """How one agent's work on one contact ended."""

    RESOLVED = "resolved"
    UNRESOLVED = "unresolved"
    WRONG_TOPIC = "wrong_topic"
    AUTHORITY = "authority"
    STUCK = "stuck"


class Policy:
    """Decides; a subclass overrides what it needs. One instance runs one day, and is told its floor by `begin`."""

    floor: Floor

    def begin(self, floor: Floor) -> None:
        """Called once, before the first arrival."""
        self.floor = floor

    def arrival(self, contact: Contact, now: float) -> Choice:
        """A contact enters the queue, re-enters it, or asked to be decided again; it is not among the waiting yet
        at its entry, and is when it is decided again."""
        raise NotImplementedError

    def freed(self, agent: int, now: float) -> Contact | None:
        """Which waiting contact an agent takes who just became idle; None leaves it idle."""
        raise NotImplementedError

    def adviser(self, contact: Contact, owner: int, need: int, ask: Ask, topic: int) -> int | None:
        """An idle agent who can advise, the cheapest, then the lowest level, then the lowest index; None if there is
        none. `need` and `topic` are the true ones: agents state them when they consult."""
        pool = self.floor.pool
        able = self.floor.idle & (pool.level >= need)
        if ask is Ask.STUCK:
            able &= pool.certified[:, topic]
            able &= pool.resolves[:, topic] >= pool.resolves[owner, topic] - 0.02
        able[owner] = False
        found = np.flatnonzero(able)
        if found.size == 0:
            return None
        return int(found[np.argmin(self.prices()[found] + 0.001 * pool.level[found])])

    def prices(self) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
        """Of each agent's second, in cs."""
        return np.zeros(self.floor.pool.agents)

    def left(self, contact: Contact, now: float) -> None:
        """A waiting customer hung up."""

    def started(self, contact: Contact, agent: int, now: float) -> None:
        """An agent took the contact; waiting, if it was, is over."""

    def ended(self, contact: Contact, agent: int, outcome: Outcome, talk_seconds: float, now: float) -> None:
        """An agent's work on the contact is over; told before that agent is freed."""
