"""Who may take a contact, before anybody asks who takes it best (routing.md 2.1).

Language is never relaxed; authority below a known need only while nobody signed in reaches it; then, if nobody
available is left, the certificate (first for the topic that the desk names as a fall-back, then for any), then who
declined. The end of a shift is looked at when a contact is placed, for it depends on the time. What was relaxed is
said in the explanation.

A *ground* is what configuration alone decides, kept for good; a *pool* adds presence and who had or declined a
contact. Both are positions in the roster's order.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import numpy as np
import numpy.typing as npt

from services.contract.decisions import Exclusion, WaitingReason
from services.router.policy.cost import Costs, Floats, Ints
from services.router.waiting import Fit

if TYPE_CHECKING:
    from services.router.kernels.arrival import Members
    from services.router.ledger import Ledger
    from services.router.roster import Roster

Mask = npt.NDArray[np.bool_]
Index = npt.NDArray[np.int64]
OFFLINE, ABSENT, AVAILABLE = 0, 1, 2
"""Presence as one number: not signed in; on a break or the like; available."""
Presences = npt.NDArray[np.int8]
Units = npt.NDArray[np.int32]
Column = TypeVar("Column", Ints, Floats)
Near = tuple[Index, Floats, Floats | None]
"""Level, speed and price (None where nobody has one) of some agents."""
MEANS_REMEMBERED_MAX = 256
"""Needs of which a pool remembers the mean cost."""
DECISIONS_REMEMBERED_MAX = 64
"""Kinds of decision and currencies of which some agents' levels are remembered; facts name them, so there is a bound."""


@dataclass(frozen=True, slots=True)
class GroundKey:
    """What decides a ground; an empty language or no topics take any."""

    language: str
    topics: tuple[str, ...]
    decision_type: str
    currency: str
    least_level: int
    units: int


@dataclass(frozen=True, eq=False, slots=True)
class Ground:
    """The agents of a configuration who may take such work, whoever is there; one for all kinds of work that the same
    agents may take."""

    index: Index
    """Their positions, rising."""
    order: array[int]
    """The same, quicker to ask one by one."""
    bits: bytes
    """One bit per agent of the roster."""
    mask: Mask
    """The same as a column."""

    def has(self, at: int) -> bool:
        """True when the agent at this position is among them."""
        return bool(self.bits[at >> 3] >> (at & 7) & 1)

    def place_of(self, at: int) -> int:
        """Where in `index` an agent stands that is among them."""
        return bisect_left(self.order, at)


def ground_of(roster: Roster, key: GroundKey, known: dict[bytes, Ground]) -> Ground:
    """The ground of a key; everything of it follows from the configuration. `known` has those there are, by `bits`."""
    mask = roster.capacity >= key.units
    if key.language:
        mask = mask & roster.speaking(key.language)
    if key.topics:
        mask = mask & roster.certified_for(key.topics)
    if key.least_level > 0:
        mask = mask & (roster.level_column(key.decision_type, key.currency) >= key.least_level)
    bits = np.packbits(mask, bitorder="little").tobytes()
    found = known.get(bits)
    if found is not None:
        return found
    index = np.flatnonzero(mask)
    found = known[bits] = Ground(index, array("q", index.tolist()), bits, mask)
    return found


class There:
    """The available agents of a ground but for some of them, as columns; shared by all pools that have the same."""

    __slots__ = (
        "_agent_ids",
        "_at",
        "_capacity",
        "_columns",
        "_means",
        "_members",
        "_near",
        "_places",
        "_presences",
        "_rate_sum",
        "_roster",
        "barred",
        "ground",
    )

    def __init__(
        self, roster: Roster, presences: Presences, ground: Ground, barred: tuple[int, ...] = ()
    ) -> None:
        self.ground = ground
        """Who may, available or not, the barred among them."""
        self.barred = barred
        """Positions in the ground's index of who had or declined it."""
        self._roster, self._presences = roster, presences
        self._places: Index | None = None
        self._members: frozenset[str] | None = None
        self._agent_ids: tuple[str, ...] | None = None
        self._at: Index | None = None
        self._capacity: Units | None = None
        self._rate_sum = -1
        self._near: dict[tuple[str, str], Near] = {}
        self._means: dict[int, tuple[Costs, int]] = {}
        self._columns: Members | None = None

    @property
    def columns(self) -> Members:
        """Who they are as the compiled way reads it; only where `kernels.COMPILED`."""
        if self._columns is None:
            from services.router.kernels.arrival import Members

            self._columns = Members(self)
        return self._columns

    def has(self, at: int) -> bool:
        """True when the available agent at this position of the roster may take it."""
        if not self.ground.has(at):
            return False
        return not self.barred or self.ground.place_of(at) not in self.barred

    @property
    def agent_ids(self) -> tuple[str, ...]:
        """The available agents who may take it, sorted."""
        if self._agent_ids is None:
            ids = self._roster.agent_ids
            self._agent_ids = tuple([ids[at] for at in self.at.tolist()])
        return self._agent_ids

    @property
    def members(self) -> frozenset[str]:
        """The same as a set."""
        if self._members is None:
            self._members = frozenset(self.agent_ids)
        return self._members

    @property
    def places(self) -> Index:
        """Rows of the ground's index: the available agents who may take it."""
        if self._places is None:
            mask = self._presences[self.ground.index] == AVAILABLE
            for place in self.barred:
                mask[place] = False
            self._places = np.flatnonzero(mask)
        return self._places

    def of(self, column: Column) -> Column:
        """Their part of a column of the ground, in its order; to be read only, for it may be the column itself."""
        places = self.places
        return column if len(places) == len(self.ground.index) else column[places]

    @property
    def at(self) -> Index:
        """Their positions in the roster."""
        if self._at is None:
            index = self.ground.index
            there = self._presences[index] == AVAILABLE
            for place in self.barred:
                there[place] = False
            self._at = index if there.all() else index[there]
        return self._at

    def near(self, ledger: Ledger, decision: tuple[str, str]) -> Near:
        """Columns of theirs that hardly change: level for a kind of decision and currency, speed, price."""
        known = self._near.get(decision)
        if known is None:
            if len(self._near) >= DECISIONS_REMEMBERED_MAX:
                self._near.clear()
            known = self._near[decision] = ledger.near(self.at, *decision)
        return known

    @property
    def capacity(self) -> Units:
        """Units that each of them can hold."""
        if self._capacity is None:
            self._capacity = self._roster.capacity[self.at]
        return self._capacity

    def rates(self, ledger: Ledger) -> Ints:
        """mu of each of them, in nano-hertz."""
        found: Ints = ledger.rate[self.at]
        return found

    def rate_sum(self, ledger: Ledger) -> int:
        """Contacts that all of them together serve, in nano-hertz."""
        if self._rate_sum < 0:
            self._rate_sum = int(self.rates(ledger).sum())
        return self._rate_sum

    def mean_cost(self, costs: Costs) -> int:
        """Mean cost over them, in micro-cs; `costs` are those of the ground."""
        known = self._means.get(id(costs))
        if known is not None and known[0] is costs:
            return known[1]
        if len(self._means) >= MEANS_REMEMBERED_MAX:
            self._means.clear()
        mean = int(self.of(costs.total).sum()) // max(1, len(self.places))
        self._means[id(costs)] = costs, mean
        return mean


class Pool:
    """The available agents who may take work of one fit, free or busy; of one presence of everybody."""

    __slots__ = (
        "_but_capacity",
        "_exclusions",
        "_presences",
        "_reason",
        "_roster",
        "barred",
        "fit",
        "ground",
        "relaxations",
        "there",
    )

    def __init__(
        self,
        roster: Roster,
        presences: Presences,
        fit: Fit,
        there: There,
        relaxations: tuple[str, ...],
    ) -> None:
        self.fit = fit
        self.there = there
        """Who they are."""
        self.ground, self.barred = there.ground, there.barred
        self.relaxations = relaxations
        self._roster, self._presences = roster, presences
        self._reason: WaitingReason | None = None
        self._exclusions: tuple[Exclusion, ...] | None = None
        self._but_capacity: tuple[tuple[Exclusion, ...], int] | None = None

    @property
    def at(self) -> Index:
        """Their positions in the roster, rising."""
        return self.there.at

    @property
    def reason(self) -> WaitingReason:
        """Why such work waits while none of them is free."""
        if self._reason is None:
            self._reason = _reason(self._roster, self._presences, self.fit)
        return self._reason

    @property
    def exclusions(self) -> tuple[Exclusion, ...]:
        """Agents of the desk that the rules left out; of capacity only those who could never hold the units."""
        if self._exclusions is None:
            self._exclusions = _exclusions(self._roster, self._presences, self.fit, self.relaxations)
        return self._exclusions

    @property
    def but_capacity(self) -> tuple[tuple[Exclusion, ...], int]:
        """The exclusions by other rules than capacity, and how many could never hold the units."""
        if self._but_capacity is None:
            others = tuple([one for one in self.exclusions if one.rule != "capacity"])
            never = sum([one.agents for one in self.exclusions if one.rule == "capacity"])
            self._but_capacity = others, never
        return self._but_capacity


def pool_of(roster: Roster, presences: Presences, fit: Fit, known: dict[int, There] | None = None) -> Pool:
    """The pool for work of this fit; depends on configuration and presence only, never on loads or the time.

    `known` has those who are there by the identity of their ground; whoever keeps it keeps one configuration and
    presence.
    """
    level = fit.least_level
    relaxed: tuple[str, ...] = ()
    if level > 0 and not _anybody(roster, presences, _key(fit, ()), fit.had, least_presence=ABSENT):
        level, relaxed = 0, ("authority",)
    fallbacks = tuple(sorted({roster.fallbacks[t] for t in fit.topics if t in roster.fallbacks}))
    stages: list[tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]] = [
        (fit.topics, (), fit.had + fit.declined)
    ]
    if fallbacks:
        stages.append((fallbacks, ("certificate",), fit.had + fit.declined))
    stages.append(((), ("certificate",), fit.had + fit.declined))
    if fit.declined:
        stages.append(((), ("certificate", "declined_it"), fit.had))
    for topics, more, out in stages:
        key = _key(fit, topics, level)
        if _anybody(roster, presences, key, out, least_presence=AVAILABLE):
            there = _there(roster, presences, roster.ground(key), out, known)
            return Pool(roster, presences, fit, there, relaxed + more)
    ground = roster.ground(_key(fit, fit.topics))
    return Pool(roster, presences, fit, _there(roster, presences, ground, fit.had + fit.declined, known), ())


def _there(
    roster: Roster,
    presences: Presences,
    ground: Ground,
    out: tuple[str, ...],
    known: dict[int, There] | None,
) -> There:
    barred = _barred(roster, ground, out)
    if barred or known is None:
        return There(roster, presences, ground, barred)
    found = known.get(id(ground))
    if found is None or found.ground is not ground:
        found = known[id(ground)] = There(roster, presences, ground)
    return found


def _key(fit: Fit, topics: tuple[str, ...], level: int | None = None) -> GroundKey:
    least = fit.least_level if level is None else level
    kind, currency = (fit.decision_type, fit.currency) if least > 0 else ("", "")
    return GroundKey(fit.language, topics, kind, currency, least, fit.units)


def _barred(roster: Roster, ground: Ground, agent_ids: tuple[str, ...]) -> tuple[int, ...]:
    places = [roster.seats.index.get(agent_id, -1) for agent_id in agent_ids]
    return tuple(sorted({ground.place_of(at) for at in places if at >= 0 and ground.has(at)}))


def _anybody(
    roster: Roster, presences: Presences, key: GroundKey, out: tuple[str, ...], *, least_presence: int
) -> bool:
    ground = roster.ground(key)
    count = int(np.count_nonzero(presences[ground.index] >= least_presence))
    if not out or not count:
        return count > 0
    barred = _barred(roster, ground, out)
    return count > sum(bool(presences[ground.index[place]] >= least_presence) for place in barred)


def _named(roster: Roster, agent_ids: tuple[str, ...]) -> Mask:
    """False for these, true for everybody else."""
    mask = np.ones(len(roster.agent_ids), np.bool_)
    for agent_id in agent_ids:
        if agent_id in roster.seats.index:
            mask[roster.seats.index[agent_id]] = False
    return mask


def _rules(roster: Roster, fit: Fit) -> dict[str, Mask]:
    """Each rule as a column, in the order in which agents are counted."""
    everybody = np.ones(len(roster.agent_ids), np.bool_)
    return {
        "language": roster.speaking(fit.language) if fit.language else everybody,
        "certificate": roster.certified_for(fit.topics) if fit.topics else everybody,
        "authority": roster.level_column(fit.decision_type, fit.currency) >= fit.least_level,
        "capacity": roster.capacity >= fit.units,
        "had_it": _named(roster, fit.had),
        "declined_it": _named(roster, fit.declined),
    }


_REASONS = (
    ("language", WaitingReason.NO_LANGUAGE),
    ("certificate", WaitingReason.NONE_CERTIFIED),
    ("authority", WaitingReason.NONE_WITH_AUTHORITY),
    ("had_it", WaitingReason.ALL_EXCLUDED),
    ("declined_it", WaitingReason.ALL_EXCLUDED),
)


def _reason(roster: Roster, presences: Presences, fit: Fit) -> WaitingReason:
    """The first rule that leaves none of those who are signed in; else they are busy or on a break."""
    left = presences != OFFLINE
    if not left.any():
        return WaitingReason.NONE_LOGGED_IN
    rules = _rules(roster, fit)
    for name, reason in _REASONS:
        left = left & rules[name]
        if not left.any():
            return reason
    return WaitingReason.ALL_BUSY


def _exclusions(
    roster: Roster, presences: Presences, fit: Fit, relaxed: tuple[str, ...]
) -> tuple[Exclusion, ...]:
    rules = _rules(roster, fit)
    order = ("language", "certificate", "authority", "presence", "capacity", "had_it", "declined_it")
    rules["presence"] = presences == AVAILABLE
    left = np.ones(len(presences), np.bool_)
    count, counted = len(presences), []
    for name in order:
        if name in relaxed:
            continue
        left = left & rules[name]
        passing = int(np.count_nonzero(left))
        if passing < count:
            counted.append(Exclusion(rule=name, agents=count - passing))
        count = passing
    return tuple(counted)
