"""What is kept of a pool when beliefs or prices change: who may take work of its fit, why it waits, whom the rules leave out.

Once a minute beliefs are published, and each class of work would be looked at anew though nobody came or went.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from services.contract.decisions import Exclusion, WaitingReason
from services.router.eligibility import Ground, Pool, Presences, There
from services.router.waiting import Fit

if TYPE_CHECKING:
    from services.router.roster import Roster


class Standing(NamedTuple):
    """What was found of a pool that holds whatever is believed of people and whatever their time costs."""

    ground: Ground
    barred: tuple[int, ...]
    relaxations: tuple[str, ...]
    reason: WaitingReason | None
    exclusions: tuple[Exclusion, ...] | None
    """None where nobody asked for it, both."""

    @classmethod
    def of(cls, pool: Pool) -> Standing:
        return cls(pool.ground, pool.barred, pool.relaxations, pool._reason, pool._exclusions)

    def pool(self, roster: Roster, presences: Presences, fit: Fit, known: dict[int, There]) -> Pool:
        """What `pool_of` finds, of the same configuration and presence."""
        there = None if self.barred else known.get(id(self.ground))
        if there is None or there.ground is not self.ground:
            there = There(roster, presences, self.ground, self.barred)
            if not self.barred:
                known[id(self.ground)] = there
        found = Pool(roster, presences, fit, there, self.relaxations)
        found._reason, found._exclusions = self.reason, self.exclusions
        return found
