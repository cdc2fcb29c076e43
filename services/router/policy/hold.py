"""Whether it pays to wait for a better agent who is busy: the hold test of routing.md 2.4, step 2.

Busy agents cheaper than the best free one by more than 1 cs, cheapest first, at most 64. Waiting for the first of m
of them takes D_m = N/mu(m) seconds and costs Cbar_m + h_m D_m, with Cbar_m their costs weighted by their rates. The
least of these over m is compared with the cost of the best free agent. It is the slow-server threshold of de
Vericourt & Zhou 2005, for many agents and impatient customers.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from services.contract.record import quick_record
from services.router.policy.cost import MICRO, NANO, Floats, Ints

CANDIDATES_MAX = 64
MARGIN_MICRO = 1 * MICRO
"""Only who is cheaper by more than this is worth a wait."""


@quick_record
@dataclass(frozen=True, slots=True)
class Hold:
    """The comparison; costs in micro-cs."""

    held: bool
    best_cost: int
    """C of the best free agent."""
    hold_cost: int
    """Least Cbar + h D."""
    waiting_cost: int
    """Its part h D."""
    expected_seconds: float
    """D."""
    agents: int
    """m: how many are waited for."""
    first: int
    """Position of the cheapest of them in the pool."""


def hold_test(
    busy: Ints,
    cost: Ints,
    rate: Ints,
    *,
    best_cost: int,
    waiting: int,
    waiting_cs: Callable[[Floats], Floats],
    left_seconds: float,
) -> Hold | None:
    """The comparison, None where nobody busy is better.

    `busy`: positions of the busy agents, rising; `cost` in micro-cs and `rate` in nano-hertz of the whole pool;
    `waiting`: N; `waiting_cs(D)`: h D, what waiting D seconds more costs, for many D at once, in a new array;
    `left_seconds`: what the deliberate wait may still take, the cap less what was waited.
    """
    theirs = cost[busy]
    better = theirs < best_cost - MARGIN_MICRO
    found, theirs = busy[better], theirs[better]
    if not len(found):
        return None
    if len(found) > CANDIDATES_MAX:  # sort only those that can be among the cheapest, equals included
        least = theirs <= np.partition(theirs, CANDIDATES_MAX - 1)[CANDIDATES_MAX - 1]
        found, theirs = found[least], theirs[least]
    places = theirs.argsort(kind="stable")[:CANDIDATES_MAX]
    order, mu = found[places], rate[found[places]]
    summed = mu.cumsum()
    seconds = (waiting * NANO) / summed
    waits = waiting_cs(seconds)
    waits *= MICRO
    np.rint(waits, out=waits)
    total = (theirs[places] * mu.astype(np.float64)).cumsum()
    total /= summed
    np.rint(total, out=total)
    total += waits
    at = int(total.argmin())
    best, expected = int(total[at]), float(seconds[at])
    return Hold(
        held=best < best_cost and expected < left_seconds,
        best_cost=best_cost,
        hold_cost=best,
        waiting_cost=int(waits[at]),
        expected_seconds=round(expected, 6),
        agents=at + 1,
        first=int(order[0]),
    )


def least_waiting(strong_cost: float, weak_cost: float, waiting_cost: float) -> int:
    """The rule reduced to two agents: from how many waiting contacts, the one to be served included, the weaker
    one is used while the stronger is busy; least k >= 1 with strong + k x waiting >= weak (routing.md 6.8)."""
    return max(1, math.ceil((weak_cost - strong_cost) / waiting_cost - 1e-9))
