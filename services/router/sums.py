"""What the available agents of a ground cost on average for a need, nearly, without asking each of them.

A cost is linear in speed, price and chance once the level of authority is given (policy/cost.py), so sums of these by
level are enough for the mean of any need. It differs from the exact mean, whose parts are whole micro-cs at each
agent, by a few micro-cs: enough to leave out who is far behind, and asked exactly where it is close (board.py).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from services.router.eligibility import AVAILABLE, DECISIONS_REMEMBERED_MAX, Ground, Index
from services.router.policy.cost import MICRO, Floats

if TYPE_CHECKING:
    from services.router.crew import Crew

NEARLY_MICRO = 100
"""By which a mean may differ from the exact one, in micro-cs; each agent's four terms are rounded by a half at most, and
`board.Board` sums anew before those who left weigh more than those who stay."""
CHANCES_REMEMBERED_MAX = 4_096
"""Topics, by kind of decision and currency, of which the sums of a ground are remembered: some 200 bytes each."""


class Sums:
    """Of the available agents of one ground, under one presence, publication of beliefs and epoch of prices."""

    __slots__ = ("_chances", "_crew", "_levels", "at", "count", "rate", "speed", "speed_price")

    def __init__(self, crew: Crew, ground: Ground) -> None:
        self._crew = crew
        self.at: Index = ground.index[crew.presences[ground.index] == AVAILABLE]
        self.count = len(self.at)
        speed, price = crew.beliefs.speed[self.at], crew.tariff.of_agent[self.at]
        self.rate = int(crew.ledger.rate[self.at].sum())
        """Whole nano-hertz, so exact."""
        self.speed = float(speed.sum())
        self.speed_price = float((speed * price).sum())
        self._levels: dict[tuple[str, str], tuple[Index, Floats, Floats]] = {}
        self._chances: dict[tuple[str, str, int], Floats] = {}

    def mean_micro(
        self,
        parts: list[tuple[int, float]],
        decision: tuple[str, str],
        covers: Floats,
        seconds: float,
        weight: float,
        consult: float,
        failure: float,
    ) -> float:
        """Mean cost in micro-cs.

        `parts`: columns and shares of the topics; `covers`: A by level; `seconds`: mean handle time of the topics;
        `consult`, `failure`: `policy.cost.penalties` of the weight.
        """
        if not self.count:
            return 0.0
        crew = self._crew
        levels, counts, prices = self.by_level(decision)
        missing = 1.0 - covers
        chance = sum([share * self.chance(decision, column, levels) for column, share in parts])
        total = seconds * (weight * self.speed + self.speed_price) + failure * self.count
        total += float((missing * (consult * counts + crew.settings.consult_seconds * prices)).sum())
        total -= failure * float(((covers + missing * crew.beliefs.approver_free) * chance).sum())
        return total / self.count * MICRO

    def by_level(self, decision: tuple[str, str]) -> tuple[Index, Floats, Floats]:
        """Level of each, and by level how many they are and what their prices sum up to."""
        known = self._levels.get(decision)
        if known is not None:
            return known
        if len(self._levels) >= DECISIONS_REMEMBERED_MAX:
            self._levels.clear()
        levels = self._crew.roster.level_column(*decision)[self.at].astype(np.int64)
        prices = self._summed(levels, self._crew.tariff.of_agent[self.at])
        found = self._levels[decision] = levels, self._summed(levels, np.ones(self.count)), prices
        return found

    def chance(self, decision: tuple[str, str], column: int, levels: Index) -> Floats:
        """Sum of p for a topic, by level."""
        key = (*decision, column)
        found = self._chances.get(key)
        if found is None:
            if len(self._chances) >= CHANCES_REMEMBERED_MAX:
                self._chances.clear()
            found = self._chances[key] = self._summed(levels, self._crew.beliefs.resolves[column][self.at])
        return found

    def _summed(self, levels: Index, values: Floats) -> Floats:
        found = np.bincount(levels, values, self._crew.roster.levels_max + 1)
        return found.astype(np.float64, copy=False)


def means_micro(
    sums: list[Sums],
    parts: list[list[tuple[int, float]]],
    decisions: list[tuple[str, str]],
    covers: Floats,
    seconds: Floats,
    weight: Floats,
    consult: Floats,
    failure: Floats,
) -> Floats:
    """`Sums.mean_micro` of many needs, each by sums of its own and with somebody available: the same numbers."""
    crew = sums[0]._crew
    levels = [one.by_level(decision) for one, decision in zip(sums, decisions, strict=True)]
    counts, prices = np.array([one[1] for one in levels]), np.array([one[2] for one in levels])
    chance = np.zeros(counts.shape)
    for place in range(max(map(len, parts))):
        rows = [row for row, of in enumerate(parts) if len(of) > place]
        share = np.array([parts[row][place][1] for row in rows])
        found = [sums[row].chance(decisions[row], parts[row][place][0], levels[row][0]) for row in rows]
        chance[rows] += share[:, None] * np.array(found)
    missing, count = 1.0 - covers, np.array([one.count for one in sums], np.float64)
    speed = np.array([one.speed for one in sums])
    total = seconds * (weight * speed + np.array([one.speed_price for one in sums])) + failure * count
    asked = consult[:, None] * counts + crew.settings.consult_seconds * prices
    total += np.ascontiguousarray(missing * asked).sum(axis=1)
    total -= failure * np.ascontiguousarray((covers + missing * crew.beliefs.approver_free) * chance).sum(
        axis=1
    )
    mean: Floats = total / count * MICRO
    return mean
