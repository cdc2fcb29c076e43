"""Groups of agents whom the price program prices as one (routing.md 2.3).

Agents are *alike* who have the same certificates, languages and rights. A small desk gives each of its agents a price of
his own: who resolves more, or is quicker, than others alike is worth more, and one price for all of them would give him
away first (decision 0075). A desk with more agents than `own_price_agents` prices them by alikeness, which bounds the
program. Both are known by keys made of what agents are, so that prices stay when others come, go or move.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from hashlib import blake2b

import numpy as np
import numpy.typing as npt

from services.router.policy.tariff import Tariff
from services.router.roster import Roster

Floats = npt.NDArray[np.float64]
KEY_BYTES, OWN_KEY_BYTES = 8, 4
OWN = "."
"""Between the key of those alike and that of one of them."""


class Groups:
    """The groups of one configuration; answers only."""

    __slots__ = (
        "_alike",
        "alike_of",
        "certified",
        "first",
        "group_of",
        "keys",
        "languages",
        "roster",
        "units",
    )

    def __init__(self, roster: Roster) -> None:
        self.roster = roster
        kinds = sorted({(rule.decision_type, rule.currency) for rule in roster.desk.authority})
        levels = [roster.levels(*kind) for kind in kinds]
        alike = [self._key(agent_id, kinds, levels) for agent_id in roster.agent_ids]
        own = len(alike) <= roster.settings.own_price_agents
        pairs = zip(alike, roster.agent_ids, strict=True)
        named = [f"{key}{OWN}{_digest(agent_id, OWN_KEY_BYTES)}" for key, agent_id in pairs] if own else alike
        self.keys = tuple(sorted(set(named)))
        at = {key: index for index, key in enumerate(self.keys)}
        self.group_of: npt.NDArray[np.intp] = np.array([at[key] for key in named], dtype=np.intp)
        """Group of each agent, in the roster's order."""
        places = {key: index for index, key in enumerate(sorted(set(alike)))}
        self.alike_of: npt.NDArray[np.intp] = np.array(
            [places[_alike(key)] for key in self.keys], dtype=np.intp
        )
        """Those alike to whom each group belongs, from 0."""
        self._alike = Counter(alike)
        members = dict(zip(reversed(named), reversed(roster.agent_ids), strict=True))
        self.first = tuple([members[key] for key in self.keys])
        """One member of each group, who has what all have."""
        self.units = np.array([roster.agents[a].capacity_units for a in roster.agent_ids], dtype=np.float64)
        self.certified = tuple([roster.certified[agent_id] for agent_id in self.first])
        self.languages = tuple([roster.speaks[agent_id] for agent_id in self.first])

    def levels(self, decision_type: str, currency: str) -> npt.NDArray[np.intp]:
        """Level that each group reaches."""
        levels = self.roster.levels(decision_type, currency)
        return np.array([levels[agent_id] for agent_id in self.first], dtype=np.intp)

    def knows(self, key: str) -> bool:
        """True of a key of which a tariff may speak: of a group here, of agents alike, of one of them."""
        return _alike(key) in self._alike

    def priced(self, prices: Mapping[str, float]) -> Floats:
        """The price of each group: its own, else what follows from those alike; else 0.

        So a tariff holds too where the desk has become larger or smaller than `own_price_agents` since it was made: of
        those alike each has the price that all had, and all have the mean of what each had.
        """
        of_one: dict[str, list[float]] = defaultdict(list)
        for key, price in prices.items():
            if OWN in key:
                of_one[_alike(key)].append(price)
        return np.array(
            [prices.get(key, self._of_alike(key, prices, of_one)) for key in self.keys], np.float64
        )

    def _of_alike(self, key: str, prices: Mapping[str, float], of_one: Mapping[str, list[float]]) -> float:
        if OWN in key:
            return prices.get(_alike(key), 0.0)
        found = of_one.get(key, [])
        return sum(found) / max(self._alike[key], len(found))

    def tariff(self, epoch: int, prices: Mapping[str, float]) -> Tariff:
        """The prices of groups as those of agents; a group without a price costs nothing."""
        of_agent = self.priced(prices)[self.group_of]
        return Tariff(epoch, of_agent, float(of_agent.max(initial=0.0)))

    def busy_shares(self, used: Floats, units: Floats) -> Floats:
        """Share of the units of those alike that is in use, for each group; 0 where there are none.

        `used` and `units` by agent, in the roster's order. One agent is busy or not; a share takes several.
        """
        at, count = self.alike_of[self.group_of], int(self.alike_of.max(initial=-1)) + 1
        sums = np.bincount(at, used, minlength=count)
        shares = sums / np.maximum(np.bincount(at, units, minlength=count), 1.0)
        return np.asarray(shares[self.alike_of], dtype=np.float64)

    def _key(self, agent_id: str, kinds: list[tuple[str, str]], levels: list[dict[str, int]]) -> str:
        agent = self.roster.agents[agent_id]
        rights = [(*kind, reached[agent_id]) for kind, reached in zip(kinds, levels, strict=True)]
        return _digest(repr((sorted(set(agent.topic_ids)), sorted(set(agent.languages)), rights)))


def _digest(text: str, size_bytes: int = KEY_BYTES) -> str:
    return blake2b(text.encode(), digest_size=size_bytes).hexdigest()


def _alike(key: str) -> str:
    return key.partition(OWN)[0]
