"""Bid prices: what a second of each group's time is worth, from a linear program (routing.md 2.3).

    minimise   sum cost_e x_e + left_out_cs sum u_c
    subject to sum of class c: x_e + u_c = rate_c         every arrival is served or left out
               sum of group g: seconds_e x_e <= rho_max n_g   a group's time is bounded
               x, u >= 0

An *edge* e is a class of work and a group that may take it. The price of a group is the dual of its time: what one
more second per second of it would save. (Bid-price control of van Kempen, Sanders, Sloothaak & Wolf; routing.md 2.)

Most edges of a large program are never used. They are left out at first and come back where the duals say that they
would pay (column generation); when none would, the answer is that of the whole program. Where to start is told by the
prices in force, else by a smoothed form of the dual, which needs no more than sums over edges.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

import numpy as np
import numpy.typing as npt
from scipy import optimize, sparse

from services.router.policy.settings import PolicySettings

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.intp]
DIGITS = 6
"""Prices are rounded to this many digits of a cs per second, so that last bits of the solver never matter."""
WHOLE_EDGES_MAX = 15_000
"""Up to this many edges a program is solved whole."""
NEAR_CS = 20.0
"""Edges within this of their class's best one are taken in at first."""
ADDED_PER_CLASS_MAX = 4
"""Edges taken in later, the best ones of each class, per round."""
ROUNDS_MAX = 12
"""Column generation ends after this many programs; what is missing then is told as the gap."""
TOLERANCE_CS = 1e-6
GUESS_STEPS = ((80.0, 20, 150.0), (20.0, 30, 60.0))
"""Of the smoothed dual: cs over which a class's choice is spread, iterations, and how far from the best an edge may
be to stay for the next step."""


class Status(Enum):
    """How a program ended."""

    OPTIMAL = "optimal"
    NEAR = "near"
    """Rounds were used up; `gap_cs` says how far it may be from the best."""
    FAILED = "failed"
    EMPTY = "empty"
    """No demand, or nobody at work: every price is 0."""


@dataclass(frozen=True, eq=False, slots=True)
class Program:
    """One program; arrays are never written to. Edges are sorted by class, then by group, each pair at most once."""

    rate: Floats
    """Per class: arrivals per second."""
    agents: Floats
    """Per group: agents at work, in whole agents' time."""
    edge_class: Ints
    edge_group: Ints
    edge_seconds: Floats
    """Agent's seconds that one contact takes, above 0."""
    edge_cost: Floats
    """cs of one contact."""


@dataclass(frozen=True, eq=False, slots=True)
class Solution:
    """What a program says."""

    price: Floats
    """Per group: the dual in cs per agent-second, at least 0, neither clipped nor smoothed."""
    cost: float
    """cs per second."""
    left_out: Floats
    """Per class: arrivals per second that nobody has time for."""
    status: Status
    gap_cs: float = 0.0
    """Bound on what is missing to the best cost, in cs per second."""
    rounds: int = 0
    """Programs solved."""


def solve(program: Program, settings: PolicySettings, start: Floats | None = None) -> Solution:
    """The program's prices; `start` are prices near to it, if any are known. The same input gives the same answer."""
    served = np.flatnonzero(program.rate > 0.0)
    staffed = np.flatnonzero(program.agents > 0.0)
    cost_all_out = settings.left_out_cs * float(program.rate.sum())
    part = _part(program, served, staffed)
    if part.edge_class.size == 0:
        return Solution(np.zeros(program.agents.size), cost_all_out, program.rate.copy(), Status.EMPTY)
    begin = None if start is None else start[staffed]
    found = _columns(part, settings, begin)
    price, left_out = np.zeros(program.agents.size), np.zeros(program.rate.size)
    price[staffed], left_out[served] = found.price, found.left_out
    return Solution(price, found.cost, left_out, found.status, found.gap_cs, found.rounds)


def in_force(solution: Floats, before: Floats, settings: PolicySettings) -> Floats:
    """The prices to put in force: clipped to [0, price_max], half new and half old, rounded."""
    share = settings.price_smoothing
    clipped = np.clip(solution, 0.0, settings.price_max)
    mixed = np.clip(share * clipped + (1.0 - share) * before, 0.0, settings.price_max)
    return np.asarray(np.round(mixed, DIGITS), dtype=np.float64)


def stepped(price: Floats, busy_share: Floats, seconds: float, settings: PolicySettings) -> Floats:
    """The fallback without a solver: prices after some seconds in which a group's busy share stayed as it is.

    Each second adds price_step x (busy share - rho_max) within [0, price_max]; over several seconds that is one step
    of as many times the size, for it goes one way. Not rounded, so that many small steps add up.
    """
    moved = price + settings.price_step * seconds * (busy_share - settings.capacity_share)
    return np.clip(moved, 0.0, settings.price_max)


def _part(program: Program, served: Ints, staffed: Ints) -> Program:
    """The program without classes nobody asks for and groups nobody is in, numbered anew."""
    class_at = np.full(program.rate.size, -1, np.intp)
    group_at = np.full(program.agents.size, -1, np.intp)
    class_at[served], group_at[staffed] = np.arange(served.size), np.arange(staffed.size)
    classes, groups = class_at[program.edge_class], group_at[program.edge_group]
    kept = (classes >= 0) & (groups >= 0)
    return Program(
        program.rate[served],
        program.agents[staffed],
        classes[kept],
        groups[kept],
        program.edge_seconds[kept],
        program.edge_cost[kept],
    )


def _columns(program: Program, settings: PolicySettings, start: Floats | None) -> Solution:
    """Solves with the edges near the best ones, and takes in what the duals ask for until nothing is missing."""
    if program.edge_class.size <= WHOLE_EDGES_MAX:
        solution, _ = _solved(program, np.ones(program.edge_class.size, bool), settings)
        return solution
    first = _guess(program, settings) if start is None else start
    reduced = program.edge_cost + first[program.edge_group] * program.edge_seconds
    best = np.full(program.rate.size, np.inf)
    np.minimum.at(best, program.edge_class, reduced)
    chosen = reduced <= best[program.edge_class] + NEAR_CS
    solution = Solution(first, float("nan"), np.zeros(program.rate.size), Status.FAILED)
    for rounds in range(1, ROUNDS_MAX + 1):
        found, class_dual = _solved(program, chosen, settings)
        if found.status is Status.FAILED:
            return found
        reduced = program.edge_cost + found.price[program.edge_group] * program.edge_seconds
        saving = class_dual[program.edge_class] - reduced
        missing = np.flatnonzero(saving > TOLERANCE_CS)
        most = np.zeros(program.rate.size)
        np.maximum.at(most, program.edge_class, saving)
        gap = float((most * program.rate).sum())
        status = Status.NEAR if missing.size else Status.OPTIMAL
        solution = Solution(found.price, found.cost, found.left_out, status, gap, rounds)
        if status is Status.OPTIMAL:
            break
        chosen[_best_of_each(program.edge_class[missing], saving[missing], missing)] = True
    return solution


def _best_of_each(classes: Ints, saving: Floats, edges: Ints) -> Ints:
    """The edges with the largest savings of each class, at most ADDED_PER_CLASS_MAX of one."""
    order = np.lexsort((-saving, classes))
    ordered = classes[order]
    first = np.searchsorted(ordered, ordered)
    kept: Ints = edges[order][np.arange(order.size) - first < ADDED_PER_CLASS_MAX]
    return kept


def _solved(
    program: Program, chosen: npt.NDArray[np.bool_], settings: PolicySettings
) -> tuple[Solution, Floats]:
    """The program with the chosen edges only, and the duals of its classes."""
    at = np.flatnonzero(chosen)
    classes, groups, edges = program.rate.size, program.agents.size, at.size
    served = sparse.csc_array(
        (
            np.ones(edges + classes),
            (np.concatenate([program.edge_class[at], np.arange(classes)]), np.arange(edges + classes)),
        ),
        shape=(classes, edges + classes),
    )
    used = sparse.csc_array(
        (program.edge_seconds[at], (program.edge_group[at], np.arange(edges))),
        shape=(groups, edges + classes),
    )
    found = optimize.linprog(
        np.concatenate([program.edge_cost[at], np.full(classes, settings.left_out_cs)]),
        A_ub=used,
        b_ub=settings.capacity_share * program.agents,
        A_eq=served,
        b_eq=program.rate,
        method="highs",
        options={"presolve": False},  # its work is not paid back on programs that are all transport
    )
    if found.status != 0:
        failed = Solution(np.zeros(groups), float("nan"), np.zeros(classes), Status.FAILED, rounds=1)
        return failed, np.zeros(classes)
    price = np.maximum(0.0, -found.ineqlin.marginals)
    left_out = np.maximum(0.0, found.x[edges:])
    return Solution(price, float(found.fun), left_out, Status.OPTIMAL, rounds=1), found.eqlin.marginals


def _guess(program: Program, settings: PolicySettings) -> Floats:
    """Prices near the best ones: the dual, where each class spreads softly over its groups."""
    capacity = settings.capacity_share * program.agents
    classes, groups = program.edge_class, program.edge_group
    seconds, costs = program.edge_seconds, program.edge_cost
    price = np.zeros(capacity.size)
    for spread, steps, near_cs in GUESS_STEPS:
        starts = np.flatnonzero(np.concatenate([[True], classes[1:] != classes[:-1]]))
        rank = np.repeat(np.arange(starts.size), np.diff(np.append(starts, classes.size)))
        soft = _SoftDual(
            program.rate[classes[starts]], capacity, starts, rank, groups, seconds, costs, spread
        )
        found = optimize.minimize(
            soft.value_and_slope,
            price,
            args=(settings.left_out_cs,),
            jac=True,
            method="L-BFGS-B",
            bounds=optimize.Bounds(0.0, np.inf),
            options={"maxiter": steps},
        )
        price = np.asarray(found.x, dtype=np.float64)
        reduced = costs + price[groups] * seconds
        kept = reduced <= np.minimum.reduceat(reduced, starts)[rank] + near_cs
        classes, groups, seconds, costs = classes[kept], groups[kept], seconds[kept], costs[kept]
    return price


@dataclass(frozen=True, eq=False, slots=True)
class _SoftDual:
    """The dual with a soft minimum, so that it has a slope everywhere; per class and per edge of what is left."""

    rate: Floats
    capacity: Floats
    starts: Ints
    rank: Ints
    """Class of each edge."""
    groups: Ints
    seconds: Floats
    costs: Floats
    spread: float

    def value_and_slope(self, price: Floats, left_out_cs: float) -> tuple[float, Floats]:
        """The dual with its sign turned, for it is the largest that is looked for; both per agent-second."""
        reduced = self.costs + price[self.groups] * self.seconds
        least = np.minimum(np.minimum.reduceat(reduced, self.starts), left_out_cs)
        parts = np.exp((least[self.rank] - reduced) / self.spread)
        sums = np.add.reduceat(parts, self.starts) + np.exp((least - left_out_cs) / self.spread)
        value = float((self.rate * (least - self.spread * np.log(sums))).sum() - self.capacity @ price)
        load = (self.rate / sums)[self.rank] * parts * self.seconds
        slope = np.bincount(self.groups, load, minlength=self.capacity.size) - self.capacity
        total = float(self.capacity.sum())
        return -value / total, -slope / total
