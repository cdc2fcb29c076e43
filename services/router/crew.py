"""Who is signed in, what is believed of them, what their time costs, and which of them may take which work.

Derived from configuration, presence, published beliefs and prices; loads are no part of it. Loads change with every
fact, these seldom; so the answer per class of work is kept until one of these changes, and a pick asks a set instead
of testing every agent (routing.md 5).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from services.contract.desk import Desk
from services.contract.facts import Presence
from services.router.eligibility import ABSENT, AVAILABLE, OFFLINE, Mask, Pool, Presences, There, pool_of
from services.router.ledger import Ledger
from services.router.policy.beliefs import Beliefs
from services.router.policy.hazard import GammaPatience, Patience
from services.router.policy.settings import PolicySettings
from services.router.policy.tariff import Tariff
from services.router.roster import Roster
from services.router.standing import Standing
from services.router.waiting import Fit, Work

if TYPE_CHECKING:
    from services.router.kernels.leaving import Leaving

POOLS_REMEMBERED_MAX = 8_192


class Crew:
    """The people of a desk as they are signed in; never changed, only replaced."""

    __slots__ = (
        "_available",
        "_available_count",
        "_leavings",
        "_signed_in",
        "_standings",
        "_there",
        "beliefs",
        "known",
        "ledger",
        "patience",
        "pools",
        "presences",
        "roster",
        "settings",
        "tariff",
    )

    def __init__(
        self,
        roster: Roster | None = None,
        presences: Mapping[str, Presence] | Presences | None = None,
        *,
        beliefs: Beliefs | None = None,
        tariff: Tariff | None = None,
        ledger: Ledger | None = None,
        standings: dict[Fit, Standing] | None = None,
    ) -> None:
        """Beliefs and prices must be in the roster's order; without them those of the configuration hold.

        `standings`: of a crew of the same roster and presences.
        """
        self.roster = roster or Roster(Desk())
        self.settings: PolicySettings = self.roster.settings
        """The policy's settings in force; part of the configuration."""
        self.beliefs = beliefs or self.roster.configured_beliefs()
        usual: Patience = GammaPatience(self.settings.patience_shape, self.settings.patience_scale_seconds)
        others, loyal = self.beliefs.patience
        self.patience: tuple[Patience, Patience] = (others or usual, loyal or usual)
        """Of callers whose tier is not loyal, and of those whose tier is; the settings' until the desk's is known."""
        self.tariff = tariff or self.roster.free_tariff()
        self.ledger = ledger or Ledger(self.roster, self.beliefs, self.tariff)
        """What contacts cost at whom; shared while beliefs and prices stay."""
        if not isinstance(presences, np.ndarray):
            presences = _column(self.roster, presences or {})
        self.presences = presences
        """OFFLINE, ABSENT or AVAILABLE, in the roster's order; never written to."""
        self._signed_in: tuple[str, ...] | None = None
        self._available: tuple[str, ...] | None = None
        self._available_count = -1
        self._leavings: tuple[Leaving, Leaving] | None = None
        self.pools: dict[Fit, Pool] = {}
        """Those that were asked for; see `pool`."""
        self._there: dict[int, There] = {}
        """By the identity of a ground, which each keeps alive."""
        self._standings: dict[Fit, Standing] = standings or {}
        """Of pools that were found before beliefs or prices changed."""
        self.known: dict[int, tuple[Work, Pool]] = {}
        """Pools by the identity of a class of work; what stands in it may be some other object's: see `pool`."""

    @property
    def leavings(self) -> tuple[Leaving, Leaving]:
        """`patience` as the compiled way reads it; only where `kernels.COMPILED`."""
        if self._leavings is None:
            from services.router.kernels.leaving import Leaving

            others, loyal = self.patience
            self._leavings = Leaving(others), Leaving(loyal)
        return self._leavings

    @property
    def signed_in(self) -> tuple[str, ...]:
        """Who is not offline, sorted."""
        if self._signed_in is None:
            self._signed_in = self._ids(self.presences != OFFLINE)
        return self._signed_in

    @property
    def available(self) -> tuple[str, ...]:
        """Who may be offered work, sorted."""
        if self._available is None:
            self._available = self._ids(self.presences == AVAILABLE)
        return self._available

    @property
    def available_count(self) -> int:
        """How many may be offered work."""
        if self._available_count < 0:
            self._available_count = int(np.count_nonzero(self.presences == AVAILABLE))
        return self._available_count

    def with_presence(self, agent_id: str, presence: Presence) -> Crew:
        """The crew with one agent's presence changed."""
        presences = self.presences.copy()
        presences[self.roster.seats.index[agent_id]] = _NUMBERS.get(presence, ABSENT)
        return Crew(self.roster, presences, beliefs=self.beliefs, tariff=self.tariff, ledger=self.ledger)

    def with_roster(self, roster: Roster) -> Crew:
        """The crew under another configuration; beliefs and prices start anew from it, for the order may differ."""
        ids, column = self.roster.agent_ids, self.presences.tolist()
        known = {agent_id: _NAMES[number] for agent_id, number in zip(ids, column, strict=True)}
        return Crew(roster, known)

    def with_beliefs(self, beliefs: Beliefs) -> Crew:
        """The crew once beliefs are published; arrays in the roster's order."""
        return Crew(self.roster, self.presences, beliefs=beliefs, tariff=self.tariff, standings=self._found())

    def with_tariff(self, tariff: Tariff) -> Crew:
        """The crew once prices are in force; the array in the roster's order."""
        return Crew(self.roster, self.presences, beliefs=self.beliefs, tariff=tariff, standings=self._found())

    def _found(self) -> dict[Fit, Standing]:
        """What was found of all pools, by this crew or by those before it, within a bound."""
        found = {fit: Standing.of(pool) for fit, pool in self.pools.items()}
        if len(found) + len(self._standings) > POOLS_REMEMBERED_MAX:
            return found
        return self._standings | found

    def pool(self, work: Work) -> Pool:
        """Who may take such work.

        Classes are asked for again as the very objects that the lanes hold, and their hash is dear: they are
        known by identity first, each kept alive by its entry. One that came up just now is known as the equal one that
        the roster has, so that what is made anew with each fact does not pile up here.
        """
        known = self.known.get(id(work))
        if known is not None and known[0] is work:
            return known[1]
        work = self.roster.shared(work)
        known = self.known.get(id(work))
        if known is not None and known[0] is work:
            return known[1]
        found = self.pools.get(work.fit)
        if found is None:
            if len(self.pools) >= POOLS_REMEMBERED_MAX:
                self.pools.clear()
                self._there.clear()
            standing = self._standings.get(work.fit)
            if standing is not None:
                found = standing.pool(self.roster, self.presences, work.fit, self._there)
            else:
                found = pool_of(self.roster, self.presences, work.fit, self._there)
            self.pools[work.fit] = found
        if len(self.known) >= POOLS_REMEMBERED_MAX:
            self.known.clear()
        self.known[id(work)] = (work, found)
        return found

    def _ids(self, mask: Mask) -> tuple[str, ...]:
        ids = self.roster.agent_ids
        return tuple([ids[at] for at in np.flatnonzero(mask).tolist()])


_NUMBERS = {Presence.OFFLINE: OFFLINE, Presence.AVAILABLE: AVAILABLE}
_NAMES = {OFFLINE: Presence.OFFLINE, ABSENT: Presence.BREAK, AVAILABLE: Presence.AVAILABLE}


def _column(roster: Roster, presences: Mapping[str, Presence]) -> Presences:
    found = [_NUMBERS.get(presences.get(a, Presence.OFFLINE), ABSENT) for a in roster.agent_ids]
    return np.array(found, dtype=np.int8)
