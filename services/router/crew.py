"""Who is signed in, and which of them may take which work: derived from configuration and presence.

Loads change with every fact, presence seldom; so the answer per class of work is kept until presence changes, and
a pick asks a set instead of testing every agent (routing.md 5).
"""

from __future__ import annotations

from collections.abc import Mapping

from services.contract.desk import Desk
from services.contract.facts import Presence
from services.router.eligibility import Pool, pool_of
from services.router.roster import Roster
from services.router.waiting import Fit, Work

POOLS_REMEMBERED_MAX = 8_192


class Crew:
    """The people of a desk as they are signed in; never changed, only replaced."""

    __slots__ = ("_known", "_pools", "_presences", "available", "roster", "signed_in")

    def __init__(self, roster: Roster | None = None, presences: Mapping[str, Presence] | None = None) -> None:
        self.roster = roster or Roster(Desk())
        self._presences = dict(presences or {})
        there = [a for a in self.roster.agent_ids if self._presence(a) is not Presence.OFFLINE]
        self.signed_in = tuple(there)
        self.available = tuple([a for a in there if self._presence(a) is Presence.AVAILABLE])
        self._pools: dict[Fit, Pool] = {}
        self._known: dict[int, tuple[Work, Pool]] = {}

    def with_presence(self, agent_id: str, presence: Presence) -> Crew:
        """The crew with one agent's presence changed."""
        return Crew(self.roster, {**self._presences, agent_id: presence})

    def with_roster(self, roster: Roster) -> Crew:
        """The crew under another configuration."""
        return Crew(roster, self._presences)

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
