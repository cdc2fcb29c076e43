"""Groups of agents who are alike to the price program: same certificates, languages and rights (routing.md 2.3).

A group is known by a key made of these, not of its members, so that prices stay with it when people come, go or move.
"""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import blake2b

import numpy as np
import numpy.typing as npt

from services.router.policy.tariff import Tariff
from services.router.roster import Roster

KEY_BYTES = 8


class Groups:
    """The groups of one configuration; answers only."""

    __slots__ = ("certified", "first", "group_of", "keys", "languages", "roster", "units")

    def __init__(self, roster: Roster) -> None:
        self.roster = roster
        kinds = sorted({(rule.decision_type, rule.currency) for rule in roster.desk.authority})
        levels = [roster.levels(*kind) for kind in kinds]
        named = [self._key(agent_id, kinds, levels) for agent_id in roster.agent_ids]
        self.keys = tuple(sorted(set(named)))
        at = {key: index for index, key in enumerate(self.keys)}
        self.group_of: npt.NDArray[np.intp] = np.array([at[key] for key in named], dtype=np.intp)
        """Group of each agent, in the roster's order."""
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

    def tariff(self, epoch: int, prices: Mapping[str, float]) -> Tariff:
        """The prices of groups as those of agents; a group without a price costs nothing."""
        of_group = np.array([prices.get(key, 0.0) for key in self.keys], dtype=np.float64)
        of_agent = of_group[self.group_of]
        return Tariff(epoch, of_agent, float(of_agent.max(initial=0.0)))

    def _key(self, agent_id: str, kinds: list[tuple[str, str]], levels: list[dict[str, int]]) -> str:
        agent = self.roster.agents[agent_id]
        rights = [(*kind, reached[agent_id]) for kind, reached in zip(kinds, levels, strict=True)]
        text = repr((sorted(set(agent.topic_ids)), sorted(set(agent.languages)), rights))
        return blake2b(text.encode(), digest_size=KEY_BYTES).hexdigest()
