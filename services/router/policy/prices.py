"""Bid prices: what a second of each group's time is worth, from a linear program (routing.md 2.3).

    minimise   sum cost_e x_e + left_out_cs sum u_c
    subject to sum of class c: x_e + u_c = rate_c         every arrival is served or left out
               sum of group g: seconds_e x_e <= rho_max n_g   a group's time is bounded
               x, u >= 0

An *edge* e is a class of work and a group that may take it. The price of a group is the dual of its time: what one
more second per second of it would save. (Bid-price control of van Kempen, Sanders, Sloothaak & Wolf; routing.md 2.)

Most edges of a large program are never used. Where prices near to the new ones are known they say which; the others are
left out, and come back where the duals say that they would pay (column generation), until next to nothing is missing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any

import numpy as np
import numpy.typing as npt

from services.router.policy.settings import PolicySettings

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.intp]
DIGITS = 6
"""Prices are rounded to this many digits of a cs per second, so that last bits of the solver never matter."""
WHOLE_EDGES_MAX = 15_000
"""Up to this many edges a program is solved whole."""
NEAR_CS, ALIKE_CS, NEAR_PER_CLASS, NEAR_PER_GROUP = 20.0, 0.001, 6, 3
"""Taken in at first: edges within the first of their class's best one; those that differ by less than the second in a
mixed order, so that classes with the same candidates do not all take the same ones. At most so many, and as many times
the mean groups that the class would keep busy."""
ADDED_PER_CLASS_MAX = 4
"""Edges taken in later, the best ones of each class, per round."""
ROUNDS_MAX = 4
"""Then the program is solved whole."""
GAP_SHARE_MAX = 1e-5
"""Of the cost, that may be missing to the best one: far less than a forecast is good for."""
TOLERANCE_CS = 1e-6
SECONDS_MAX = 20.0
"""Of one program; more counts as failed."""
_SIMPLEX = {"method": "highs-ds", "options": {"presolve": False, "time_limit": SECONDS_MAX}}
"""With few columns presolve costs more than it saves."""
_INTERIOR = {"method": "highs-ipm", "options": {"time_limit": SECONDS_MAX}}
"""Ends at a vertex too, and does not mind that agents are much alike."""


class Status(Enum):
    """How a program ended."""

    OPTIMAL = "optimal"
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
    """Solves with the edges near the best ones, and takes in what the duals ask for until next to nothing is missing.

    Without a start, or where that does not end soon, the program is solved whole, by interior point.
    """
    if program.edge_class.size <= WHOLE_EDGES_MAX:
        return _solved(program, np.ones(program.edge_class.size, bool), settings, _SIMPLEX)[0]
    rounds = 0
    if start is not None:
        added_max = np.full(program.rate.size, ADDED_PER_CLASS_MAX, np.float64)
        chosen = _near(program, start, settings)
        while rounds < ROUNDS_MAX:
            rounds += 1
            found, class_dual = _solved(program, chosen, settings, _INTERIOR)
            if found.status is Status.FAILED:
                break
            reduced = program.edge_cost + found.price[program.edge_group] * program.edge_seconds
            saving = class_dual[program.edge_class] - reduced
            most = np.zeros(program.rate.size)
            np.maximum.at(most, program.edge_class, saving)
            gap = float((most * program.rate).sum())
            if gap <= GAP_SHARE_MAX * found.cost:
                return replace(found, gap_cs=gap, rounds=rounds)
            missing = np.flatnonzero(saving > TOLERANCE_CS)
            added = _best_of_each(program.edge_class[missing], saving[missing], missing, added_max)
            chosen[added] = True
    whole, _ = _solved(program, np.ones(program.edge_class.size, bool), settings, _INTERIOR)
    return replace(whole, rounds=rounds + 1)


def _near(program: Program, start: Floats, settings: PolicySettings) -> npt.NDArray[np.bool_]:
    """The edges that are best at these prices or next to it."""
    reduced = program.edge_cost + start[program.edge_group] * program.edge_seconds
    best = np.full(program.rate.size, np.inf)
    np.minimum.at(best, program.edge_class, reduced)
    over = reduced - best[program.edge_class]
    near = np.flatnonzero(over <= NEAR_CS)
    alike = np.floor(over[near] / ALIKE_CS)
    mixed = (program.edge_class[near] * 2_654_435_761 + program.edge_group[near] * 40_503) % 65_536 / 65_536
    seconds, group = (
        float(program.edge_seconds.mean()),
        settings.capacity_share * float(program.agents.mean()),
    )
    wanted = NEAR_PER_CLASS + np.ceil(NEAR_PER_GROUP * program.rate * seconds / group)
    chosen = np.zeros(over.size, bool)
    chosen[_best_of_each(program.edge_class[near], -(alike + mixed), near, wanted)] = True
    return chosen


def _best_of_each(classes: Ints, saving: Floats, edges: Ints, most: Floats) -> Ints:
    """The edges with the largest savings of each class, at most so many of each class."""
    order = np.lexsort((-saving, classes))
    ordered = classes[order]
    first = np.searchsorted(ordered, ordered)
    kept: Ints = edges[order][np.arange(order.size) - first < most[ordered]]
    return kept


def load_solver() -> None:
    """Imports scipy, which `solve` does by itself the first time: half a second of CPU that a start need not wait for."""
    from scipy import optimize, sparse

    del optimize, sparse


def _solved(
    program: Program, chosen: npt.NDArray[np.bool_], settings: PolicySettings, how: Mapping[str, Any]
) -> tuple[Solution, Floats]:
    """The program with the chosen edges only, and the duals of its classes."""
    from scipy import optimize, sparse

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
        **how,
    )
    if found.status != 0:
        failed = Solution(np.zeros(groups), float("nan"), np.zeros(classes), Status.FAILED, rounds=1)
        return failed, np.zeros(classes)
    price = np.maximum(0.0, -found.ineqlin.marginals)
    left_out = np.maximum(0.0, found.x[edges:])
    return Solution(price, float(found.fun), left_out, Status.OPTIMAL, rounds=1), found.eqlin.marginals
