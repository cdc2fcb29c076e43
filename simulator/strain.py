"""What a day may hold beyond routing.md 6.2: agents away, offers ignored, languages, chats beside each other."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from simulator.pool import Bools, Floats, Ints, Pool

CAPACITY_UNITS = 100
"""Of an agent; a call takes all of them."""
CHAT_UNITS = 34


@dataclass(frozen=True, slots=True)
class Absence:
    """An agent takes nothing new in [from, to); a contact under way is finished first."""

    agent: int
    from_seconds: float
    to_seconds: float


@dataclass(frozen=True, eq=False, slots=True)
class Ignores:
    """Offers that ring until they expire."""

    chance: Floats
    """[n] That an agent ignores an offer."""
    luck: Floats
    """[N, 14] Of each issue's offers, in their order: ignored below the chance."""


@dataclass(frozen=True, eq=False, slots=True)
class Languages:
    speaks: Bools
    """[n, L] Which agent speaks which."""
    of_issue: Ints
    """[N] 0..L-1."""


@dataclass(frozen=True, eq=False, slots=True)
class Strain:
    """All of it off by default."""

    absences: tuple[Absence, ...] = ()
    ignores: Ignores | None = None
    languages: Languages | None = None
    units: Ints | None = field(default=None)
    """[N] Units that an issue's contacts take of an agent; None takes all."""
    believed: Pool | None = None
    """The pool as policies know it, where that is no longer the true one."""
    outcomes_late_seconds: float = 0.0
    """After which a learning policy may see how a contact ended."""

    def speakers(self, agents: int) -> Bools:
        """[n, L]; one language that all speak, unless said otherwise."""
        return np.ones((agents, 1), dtype=bool) if self.languages is None else self.languages.speaks


NONE = Strain()
