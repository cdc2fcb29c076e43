"""Who is signed in, what is believed of them, what their time costs, and which of them may take which work.

Derived from configuration, presence, published beliefs and prices; loads are no part of it. Loads change with every
fact, these seldom; so the answer per class of work is kept until one of these changes, and a pick asks a set instead
of testing every agent (routing.md 5).
"""

from __future__ import annotations

from collections.abc import Mapping

from services.contract.desk import Desk
from services.contract.facts import Presence
from services.router.eligibility import Pool, pool_of
from services.router.policy.beliefs import Beliefs
from services.router.policy.settings import PolicySettings
from services.router.policy.tariff import Tariff
from services.router.roster import Roster
from services.router.waiting import Fit, Work

POOLS_REMEMBERED_MAX = 8_192


class Crew:
    """The people of a desk as they are signed in; never changed, only replaced."""

    __slots__ = (
        "_known",
        "_pools",
        "_presences",
        "available",
        "beliefs",
        "roster",
        "signed_in",
        "tariff",
    )

    def __init__(
        self,
        roster: Roster | None = None,
        presences: Mapping[str, Presence] | None = None,
        *,
        beliefs: Beliefs | None = None,
        tariff: Tariff | None = None,
    ) -> None:
        """Beliefs and prices must be in the roster's order; without them those of the configuration hold."""
        self.roster = roster or Roster(Desk())
        self.beliefs = beliefs or self.roster.configured_beliefs()
        self.tariff = tariff or self.roster.free_tariff()
        self._presences = dict(presences or {})
        there = [a for a in self.roster.agent_ids if self._presence(a) is not Presence.OFFLINE]
        self.signed_in = tuple(there)
        self.available = tuple([a for a in there if self._presence(a) is Presence.AVAILABLE])
        self._pools: dict[Fit, Pool] = {}
        self._known: dict[int, tuple[Work, Pool]] = {}

    @property
    def settings(self) -> PolicySettings:
        """The policy's settings in force; part of the configuration."""
        return self.roster.settings

    def with_presence(self, agent_id: str, presence: Presence) -> Crew:
        """The crew with one agent's presence changed."""
        presences = {**self._presences, agent_id: presence}
        return Crew(self.roster, presences, beliefs=self.beliefs, tariff=self.tariff)

    def with_roster(self, roster: Roster) -> Crew:
        """The crew under another configuration; beliefs and prices start anew from it, for the order may differ."""
        return Crew(roster, self._presences)

    def with_beliefs(self, beliefs: Beliefs) -> Crew:
        """The crew once beliefs are published; arrays in the roster's order."""
        return Crew(self.roster, self._presences, beliefs=beliefs, tariff=self.tariff)

    def with_tariff(self, tariff: Tariff) -> Crew:
        """The crew once prices are in force; the array in the roster's order."""
        return Crew(self.roster, self._presences, beliefs=self.beliefs, tariff=tariff)

    def pool(self, work: Work) -> Pool:
        """Who may take such work.

        Classes are asked for again as the very objects that the lanes hold, and their hash is dear: they are
        known by identity first, each kept alive by its entry.
        """
        known = self._known.get(id(work))
        if known is not None and known[0] is work:
            return known[1]
        found = self._pools.get(work.fit)
        if found is None:
            if len(self._pools) >= POOLS_REMEMBERED_MAX:
                self._pools.clear()
            found = pool_of(self.roster, self.signed_in, self.available, work.fit)
            self._pools[work.fit] = found
        if len(self._known) >= POOLS_REMEMBERED_MAX:
            self._known.clear()
        self._known[id(work)] = (work, found)
        return found

    def _presence(self, agent_id: str) -> Presence:
        return self._presences.get(agent_id, Presence.OFFLINE)
