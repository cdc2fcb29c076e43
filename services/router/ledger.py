"""What contacts cost at whom, remembered: the costs of a need at everybody who may take it (routing.md 2.2).

A ledger belongs to one configuration, one publication of beliefs and one epoch of prices; it holds answers only, so
crews that differ in presence share it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple
from weakref import ref

import numpy as np

from services.contract.decisions import Need
from services.router.eligibility import Ground, Index, Near
from services.router.policy.beliefs import Beliefs
from services.router.policy.cost import (
    Costs,
    Floats,
    Ints,
    covered,
    mixed,
    penalties,
    rates,
    weighed,
    weighed_with,
)
from services.router.policy.hold import MARGIN_MICRO
from services.router.policy.noise import explored
from services.router.policy.tariff import Tariff

if TYPE_CHECKING:
    from services.router.board import Board
    from services.router.crew import Crew
    from services.router.eligibility import Pool
    from services.router.kernels.seeking import Seeker
    from services.router.kernels.weigher import Weigher
    from services.router.model import Contact
    from services.router.roster import Roster
    from services.router.waiting import Work

COSTS_REMEMBERED_MAX = 1_024
"""Costs kept, each of some 80 bytes for every agent of its ground."""
CELLS_REMEMBERED_MAX = 1_000_000
"""Agents of all of them together: some 75 MB at most."""
RESOLUTION_UNKNOWN, SECONDS_UNKNOWN = 0.7, 300.0
"""For a desk without topics."""
NEARLY_CS = 1e-4
"""By which costs as they are nearly (`Ledger.nearly`) may differ from the exact ones; they do by some 3e-6."""
_Key = tuple[Ground, object, object, str, str, float]


class Task(NamedTuple):
    """A contact as it is weighed: what follows from its need and its weight."""

    parts: list[tuple[int, float]]
    """Columns and chances of its topics."""
    decision_type: str
    currency: str
    covers: Floats
    """A by level."""
    seconds: float
    """Mean handle time."""
    weight: float
    """w."""
    consult: float | Floats
    failure: float | Floats
    """Penalties (policy/cost.py)."""


class Ledger:
    """Costs by ground and need; rates of serving by agent."""

    __slots__ = (
        "_beliefs",
        "_board",
        "_cells",
        "_chances",
        "_columns",
        "_handle_seconds",
        "_known",
        "_lane_of",
        "_roster",
        "_seeker",
        "_tariff",
        "_weigher",
        "rate",
    )

    def __init__(self, roster: Roster, beliefs: Beliefs, tariff: Tariff) -> None:
        self._roster, self._beliefs, self._tariff = roster, beliefs, tariff
        seconds = beliefs.handle_seconds
        self._handle_seconds: list[float] = seconds.tolist()
        mean = float(seconds.sum()) / len(seconds) if len(seconds) else SECONDS_UNKNOWN
        self.rate: Ints = rates(beliefs.speed, mean)
        """mu of every agent, in nano-hertz."""
        self._columns = {topic_id: column for column, topic_id in enumerate(roster.topics)}
        self._known: dict[_Key, Costs] = {}
        self._cells = 0
        self._chances: Floats | None = None
        self._board: Board | None = None
        self._weigher: Weigher | None = None
        self._seeker: Seeker | None = None
        self._lane_of: Callable[[Contact], Work] | None = None

    @property
    def weigher(self) -> Weigher:
        """The compiled way to weigh; only where `kernels.COMPILED`."""
        if self._weigher is None:
            from services.router.kernels.weigher import Weigher

            self._weigher = Weigher(
                self._roster,
                self._beliefs,
                self._tariff,
                self.rate,
                unknown=RESOLUTION_UNKNOWN,
                seconds_unknown=SECONDS_UNKNOWN,
                margin_micro=MARGIN_MICRO,
                nearly_cs=NEARLY_CS,
            )
        return self._weigher

    @property
    def seeker(self) -> Seeker:
        """Whole searches by compiled code; only where `kernels.COMPILED`."""
        if self._seeker is None:
            from services.router.kernels.seeking import Seeker

            self._seeker = Seeker(self.weigher, self._roster)
        return self._seeker

    @property
    def lane_of(self) -> Callable[[Contact], Work]:
        """The class of a contact as it stands now (`work_of`), the one that all of the class hold."""
        if self._lane_of is None:
            from services.router import kernels

            self._lane_of = self.seeker.lane if kernels.COMPILED else self.lane_by_python
        return self._lane_of

    def lane_by_python(self, contact: Contact) -> Work:
        """The same without compiled code."""
        from services.router.evolve.work import work_of

        return self._roster.shared(work_of(contact, self._roster.settings))

    def costs(self, ground: Ground, need: Need, weight: float) -> Costs:
        """At everybody of a ground, in the order of its index."""
        key = (ground, need.topics, need.levels, need.decision_type, need.currency, weight)
        known = self._known.get(key)
        if known is None:
            self._cells += len(ground.index)
            while self._known and (
                len(self._known) >= COSTS_REMEMBERED_MAX or self._cells > CELLS_REMEMBERED_MAX
            ):
                oldest = next(iter(self._known))  # one by one: to let go of all at once takes 50 ms
                self._cells -= len(oldest[0].index)
                del self._known[oldest]
            known = self._known[key] = self.costs_at(ground.index, need, weight)
        return known

    def costs_at(self, at: Index, need: Need, weight: float) -> Costs:
        """At the agents of these positions."""
        return self.costs_of(at, self.task(need, weight))

    def task(self, need: Need, weight: float) -> Task:
        """What a contact asks of whoever takes it, to be weighed at some agents and then at others."""
        parts = self.topics(need)
        covers = covered([(part.level, part.weight) for part in need.levels], self._roster.levels_max)
        consult, failure = penalties(weight, self._tariff.highest, self._roster.settings)
        return Task(
            parts, need.decision_type, need.currency, covers, self.seconds(parts), weight, consult, failure
        )

    def costs_of(self, at: Index, task: Task) -> Costs:
        """At the agents of these positions."""
        beliefs = self._beliefs
        level = self._roster.level_column(task.decision_type, task.currency)[at]
        return weighed_with(
            task.covers[level],
            mixed([(weight, beliefs.resolves[column][at]) for column, weight in task.parts])
            if task.parts
            else np.full(len(at), RESOLUTION_UNKNOWN),
            beliefs.speed[at] * task.seconds,
            task.weight,
            self._tariff.of_agent[at],
            beliefs.approver_free,
            task.consult,
            task.failure,
            self._roster.settings,
        )

    def near(self, at: Index, decision_type: str, currency: str) -> Near:
        """What `nearly` needs of the agents of these positions."""
        levels = self._roster.level_column(decision_type, currency)[at].astype(np.int64)
        priced = self._tariff.highest > 0.0
        return levels, self._beliefs.speed[at], self._tariff.of_agent[at] if priced else None

    def nearly(self, pool: Pool, task: Task) -> Floats:
        """Costs at everybody of a pool in customer-seconds, not rounded as `costs_of` rounds: a third of the time."""
        beliefs, settings, at = self._beliefs, self._roster.settings, pool.at
        levels, speed, price = pool.there.near(self, (task.decision_type, task.currency))
        missing, failure = 1.0 - task.covers, task.failure
        found: Floats = speed * (task.seconds * task.weight)
        if price is not None:
            found += speed * price * task.seconds
        factor: float | Floats = failure
        if missing.any():
            asked = missing * task.consult + failure
            found += asked[levels]
            if price is not None:
                found += (missing * settings.consult_seconds)[levels] * price
            factor = ((task.covers + missing * beliefs.approver_free) * failure)[levels]
        else:
            found += failure
        if task.parts:
            first, share = task.parts[0]
            skill = beliefs.resolves[first][at]
            skill *= share
            for column, more in task.parts[1:]:
                skill += beliefs.resolves[column][at] * more
            skill *= factor
            found -= skill
        else:
            found -= RESOLUTION_UNKNOWN * factor
        return found

    def talk_seconds(self, at: Index, need: Need) -> Floats:
        """T at the agents of these positions."""
        found: Floats = self._beliefs.speed[at] * self.seconds(self.topics(need))
        return found

    def costs_of_row(
        self,
        at: Index,
        parts: list[tuple[int, float]],
        decision: tuple[str, str],
        covers: Floats,
        weight: float,
    ) -> Costs:
        """The same of a need that is given in parts: `topics`, kind of decision and currency, A by level."""
        beliefs, tariff = self._beliefs, self._tariff
        return weighed(
            covers[self._roster.level_column(*decision)[at]],
            mixed([(share, beliefs.resolves[column][at]) for column, share in parts]),
            beliefs.speed[at] * self.seconds(parts),
            weight,
            tariff.of_agent[at],
            tariff.highest,
            beliefs.approver_free,
            self._roster.settings,
        )

    def explored(self, at: Index, need: Need, skill: Floats, seed: int) -> Floats:
        """What exploration adds to the chances `skill` of these agents in one decision."""
        spread = self._beliefs.spread
        parts = [(weight, spread[column][at]) for column, weight in self.topics(need)]
        if not parts:
            return np.zeros(len(at))
        return explored(
            seed, self._roster.noise_keys[at], skill, mixed(parts), self._roster.settings.exploration
        )

    def seconds(self, parts: list[tuple[int, float]]) -> float:
        """The desk's mean handle time of these topics."""
        known = self._handle_seconds
        seconds = 0.0
        for column, share in parts:  # no sum(): from Python 3.12 it rounds otherwise than compiled code
            seconds += share * known[column]
        return seconds or SECONDS_UNKNOWN

    def chances(self, at: int) -> Floats:
        """p of one agent by topic."""
        found: Floats = self.chances_of_all[at]
        return found

    @property
    def chances_of_all(self) -> Floats:
        """The same of every agent, a row each."""
        if self._chances is None:
            resolves, nobody = self._beliefs.resolves, np.zeros((len(self._beliefs.speed), 0))
            self._chances = np.stack(resolves, axis=1) if resolves else nobody
        return self._chances

    def board(self, crew: Crew) -> Board:
        """The columns of the heads under these beliefs and prices."""
        from services.router.board import Board

        if self._board is None:
            former = self._roster.board
            self._board = Board(crew, former() if former is not None else None)
            self._roster.board = ref(self._board)
        return self._board

    def topics(self, need: Need) -> list[tuple[int, float]]:
        """Columns and chances of the topics; all alike where nothing is known."""
        if need.topics:
            return [(self._columns[t.topic_id], t.weight) for t in need.topics if t.topic_id in self._columns]
        count = len(self._columns)
        return [(column, 1.0 / count) for column in range(count)]
