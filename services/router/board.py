"""The heads of all lanes as columns, for desks with very many classes: a freed agent weighs them all at once.

One row a class, kept when its lane is empty. The rows mirror one state and are brought to another by the lanes that
changed between them (`Trace`), or anew. What depends on presence, the sums over the available agents of a class, is
brought up to date agent by agent. Mean costs stand there nearly (sums.py), and exactly once they are asked for; all
else is whole numbers or the very arithmetic of policy/cost.py, so that no choice depends on what was asked before: the
columns are a memory, no state.

Rows that need more than that are *odd*, and asked one by one: a contact that somebody had or declined, that wants one
agent, that nobody available may take, or that may be about very many topics.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from services.contract.decisions import NeedWeight
from services.router.eligibility import AVAILABLE, Ground, GroundKey, Index
from services.router.evolve.work import waiting_key
from services.router.model import Contact, DeskState
from services.router.policy.cost import NANO, Costs, Floats, covered, penalties, weighed_with
from services.router.sums import NEARLY_MICRO, Sums, means_micro
from services.router.waiting import Trace, Work

if TYPE_CHECKING:
    from services.router.crew import Crew
    from services.router.kernels.freed import Heads

PARTS_MAX = 8
"""Topics of a need that a row has room for."""
EMPTY_MS = 1 << 62
NOT_ASKED = -(1 << 62)
ROWS_FIRST = 256
LEVELS_REMEMBERED_MAX = 4_096
"""Chances of levels of which A is remembered, some 300 bytes each."""
AT_ONCE_MIN = 8
"""From so many rows on their sums are taken at once."""
PRESENCES_MAX = 64
"""Agents whose presence may have changed before all sums are taken anew."""


class Board:
    """Columns of the heads; of one configuration, one publication of beliefs and one epoch of prices."""

    def __init__(self, crew: Crew, former: Board | None = None) -> None:
        """`former`: one of the same roster; what follows from neither beliefs nor prices is taken over from it."""
        self._crew = crew
        self._trace: Trace | None = None
        self._rows: dict[Work, int] = {}
        self._keys: dict[tuple[str, str], int] = {}
        self._decisions: dict[tuple[str, str], int] = {}
        self._named: list[tuple[str, str]] = []
        """The same in the order of their numbers."""
        self._parts: list[list[tuple[int, float]]] = []
        """By row: columns and shares of its head's topics; empty where it has no room for them."""
        self._covers: dict[int, tuple[tuple[NeedWeight, ...], Floats]] = {}
        """A by level, by the identity of a need's levels, which each entry keeps alive."""
        self._eligible: dict[int, Index] = {}
        self._levels: dict[int, Index] = {}
        self._heads: Heads | None = None
        self._sums: dict[int, Sums] = {}
        """By the identity of a ground, which `grounds` keeps alive."""
        self.works: list[Work] = []
        self.grounds: list[Ground] = []
        self.heads: list[str] = []
        self.contacts: list[Contact | None] = []
        """The heads as they were when their columns were written."""
        self.odd: set[int] = set()
        self.units_max = 0
        """Of all rows: who has room for so much has room for all."""
        self.places = 1
        """Most topics of a row so far."""
        self.waiting = np.zeros(ROWS_FIRST, np.int64)
        """By key of waiting: live contacts."""
        self._columns(ROWS_FIRST)
        if former is not None:
            self._take_over(former)

    def _take_over(self, former: Board) -> None:
        """The rows of a former board that have a head, and what stands in them; what is believed or priced anew."""
        kept = np.flatnonzero(former.since[: len(former.works)] != EMPTY_MS)
        rows, count, size = kept.tolist(), len(kept), len(former.since)
        self._trace, self.units_max, self.places = former._trace, former.units_max, former.places
        self._keys, self.waiting = dict(former._keys), former.waiting.copy()
        self._decisions, self._named = dict(former._decisions), list(former._named)
        self._covers = former._covers
        self.works = [former.works[row] for row in rows]
        self.grounds = [former.grounds[row] for row in rows]
        self.heads = [former.heads[row] for row in rows]
        self.contacts = [former.contacts[row] for row in rows]
        self._parts = [former._parts[row] for row in rows]
        self._rows = {work: row for row, work in enumerate(self.works)}
        self._columns(size)
        for name in _COLUMNS:
            getattr(self, name)[:count] = getattr(former, name)[kept]
        self.bits[:, :count] = former.bits[:, kept]
        settings, highest = self._crew.settings, self._crew.tariff.highest
        self.consult[:count], self.failure[:count] = penalties(self.weight[:count], highest, settings)
        for row, parts in enumerate(self._parts):
            if parts:
                self.seconds[row] = self._crew.ledger.seconds(parts)
        self._sum_up(range(count))

    def _columns(self, size: int) -> None:
        """Columns of a size, with what stands in them already."""
        old = self.__dict__.copy()
        self._heads = None
        self.since = np.full(size, EMPTY_MS, np.int64)
        self.base = np.zeros(size, np.int64)
        """now less base is what the head has waited."""
        self.key = np.zeros(size, np.int64)
        self.weight = np.ones(size)
        self.consult = np.zeros(size)
        self.failure = np.zeros(size)
        """What follows from the weight (`policy.cost.penalties`)."""
        self.seconds = np.zeros(size)
        self.parts = np.zeros((size, PARTS_MAX), np.int64)
        self.shares = np.zeros((size, PARTS_MAX))
        self.decision = np.zeros(size, np.int64)
        self.covers = np.ones((size, self._crew.roster.levels_max + 1))
        self.units = np.zeros(size, np.int64)
        self.call = np.zeros(size, np.bool_)
        self.loyal = np.zeros(size, np.bool_)
        """The head's tier is one of the loyal ones."""
        self.flexible = np.zeros(size, np.bool_)
        """Deferrable by kind."""
        self.mail = np.zeros(size, np.bool_)
        self.target = np.ones(size)
        self.bits = np.zeros(((len(self._crew.roster.agent_ids) + 7) // 8, size), np.uint8)
        """Who may take it, a bit each; eight agents a row here, so that those of one agent lie side by side."""
        self.plain = np.zeros(size, np.bool_)
        """It has a head and is not odd."""
        self.count = np.zeros(size, np.int64)
        self.rate_sum = np.zeros(size, np.int64)
        self.mean = np.zeros(size)
        """Mean cost over the available agents of a row, nearly (sums.py)."""
        self.exact = np.full(size, NOT_ASKED, np.int64)
        """The same to the last micro-cs, where it was asked for (`mean_of`)."""
        self.summed = np.zeros(size, np.int64)
        """How many were available when the mean was last taken from sums."""
        for name in _COLUMNS:
            if name in old:
                getattr(self, name)[: len(old[name])] = old[name]
        if "bits" in old:
            self.bits[:, : old["bits"].shape[1]] = old["bits"]

    # --- keeping up --------------------------------------------------------------------------------------------

    def sync(self, desk: DeskState) -> None:
        """Brings the columns to this state."""
        self._sync_presence(desk.crew)
        if desk.trace is not None and desk.trace is self._trace:
            return  # no lane has changed since
        dirty: dict[Work, None] = {}
        keys: dict[tuple[str, str], None] = {}
        at: Trace | None = desk.trace
        while at is not None and at is not self._trace:
            if at.work is not None:
                dirty[at.work] = None
                keys[at.key] = None
            at = at.parent
        if at is None:
            self.since[: len(self.works)] = EMPTY_MS
            self.plain[: len(self.works)] = False
            self.odd.clear()
            self.heads = [""] * len(self.works)
            self.waiting[:] = 0
            dirty, keys = dict.fromkeys(desk.waiting), dict.fromkeys(desk.live_waiting)
        self._trace = desk.trace
        for key in keys:
            self.waiting[self._key(key)] = desk.live_waiting.get(key, 0)
        self._sum_up([row for row in [self._set_head(desk, work) for work in dirty] if row >= 0])

    def _key(self, key: tuple[str, str]) -> int:
        found = self._keys.setdefault(key, len(self._keys))
        if found >= len(self.waiting):
            self.waiting = np.concatenate([self.waiting, np.zeros(len(self.waiting), np.int64)])
            self._heads = None
        return found

    def _row(self, desk: DeskState, work: Work) -> int:
        row = self._rows.get(work)
        if row is not None:
            return row
        row = self._rows[work] = len(self.works)
        if row >= len(self.since):
            self._columns(2 * len(self.since))
        fit, roster = work.fit, self._crew.roster
        kind, currency = (fit.decision_type, fit.currency) if fit.least_level > 0 else ("", "")
        key = GroundKey(fit.language, fit.topics, kind, currency, fit.least_level, fit.units)
        self.works.append(work)
        self.grounds.append(roster.ground(key))
        self.heads.append("")
        self.contacts.append(None)
        self._parts.append([])
        self.bits[:, row] = np.frombuffer(self.grounds[row].bits, np.uint8)
        self._eligible.clear()
        self.weight[row] = work.weight
        settings, highest = self._crew.settings, self._crew.tariff.highest
        self.consult[row], self.failure[row] = penalties(work.weight, highest, settings)
        self.units[row] = fit.units
        self.units_max = max(self.units_max, fit.units)
        kind_of_work = work.kind
        self.call[row] = kind_of_work == 0
        self.mail[row] = kind_of_work == 2
        self.flexible[row] = kind_of_work != 0 and not work.urgent
        limits = desk.limits
        self.target[row] = (limits.target_phone_ms, limits.target_social_ms, limits.target_email_ms)[
            kind_of_work
        ]
        return row

    def _set_head(self, desk: DeskState, work: Work) -> int:
        """The row, where it has another head, which is to be summed up yet; else -1."""
        row = self._row(desk, work)
        lane = desk.waiting.get(work)
        if lane is None:
            self.odd.discard(row)
            self.since[row], self.plain[row], self.heads[row] = EMPTY_MS, False, ""
            return -1
        _, since_ms, contact_id = lane[0][0]
        contact = desk.contacts[contact_id]
        if self.heads[row] == contact_id and self.contacts[row] is contact:
            return -1  # somebody came or left behind it
        self.contacts[row] = contact
        self.since[row] = since_ms
        self.base[row] = contact.queued_at_ms - contact.waited_before_ms
        self.heads[row] = contact_id
        self.loyal[row] = contact.tier in self._crew.settings.loyal_tiers
        self.key[row] = self._key(waiting_key(contact))
        self._set_need(row, contact)
        return row

    def _sum_up(self, rows: Sequence[int]) -> None:
        """Sums of rows with new heads, and whether they are odd."""
        there = [row for row in rows if self._parts[row]]
        if len(there) < AT_ONCE_MIN:
            for row in there:
                self._sum(row, self.grounds[row])
        else:
            self._sum_at_once(there)
        for row in rows:
            self._set_plain(row, self.works[row])

    def _set_plain(self, row: int, work: Work) -> None:
        """Odd or plain, of a row with a head."""
        fit = work.fit
        if not self._parts[row] or work.preferred or fit.had or fit.declined or not self.count[row]:
            self.odd.add(row)
            self.plain[row] = False
        else:
            self.odd.discard(row)
            self.plain[row] = True

    def _set_need(self, row: int, contact: Contact) -> None:
        ledger, need = self._crew.ledger, contact.need
        parts = ledger.topics(need)
        fits = 0 < len(parts) <= PARTS_MAX
        self._parts[row] = parts if fits else []
        self.parts[row], self.shares[row] = 0, 0.0
        if not fits:
            return
        self.places = max(self.places, len(parts))
        for place, (column, share) in enumerate(parts):
            self.parts[row, place], self.shares[row, place] = column, share
        self.seconds[row] = ledger.seconds(parts)
        decision = (need.decision_type, need.currency if need.decision_type else "")
        number = self._decisions.get(decision)
        if number is None:
            number = self._decisions[decision] = len(self._decisions)
            self._named.append(decision)
            self._levels.clear()
        self.decision[row] = number
        self.covers[row] = self._covered(need.levels)

    def _covered(self, levels: tuple[NeedWeight, ...]) -> Floats:
        """A by level; needs share their levels (`Roster.shared_levels`), so they are known by identity."""
        known = self._covers.get(id(levels))
        if known is not None and known[0] is levels:
            return known[1]
        if len(self._covers) >= LEVELS_REMEMBERED_MAX:
            self._covers.clear()
        found = covered([(part.level, part.weight) for part in levels], self.covers.shape[1] - 1)
        self._covers[id(levels)] = levels, found
        return found

    def _sum(self, row: int, ground: Ground) -> None:
        """The sums over the available agents of a row, anew."""
        sums = self._sums_of(ground)
        self.count[row], self.rate_sum[row], self.summed[row] = sums.count, sums.rate, sums.count
        self.exact[row] = NOT_ASKED
        self.mean[row] = sums.mean_micro(
            self._parts_of(row),
            self._decision_of(row),
            self.covers[row],
            self.seconds.item(row),
            self.weight.item(row),
            self.consult.item(row),
            self.failure.item(row),
        )

    def _sum_at_once(self, rows: list[int]) -> None:
        """`_sum` of many rows, with the same numbers."""
        sums = [self._sums_of(self.grounds[row]) for row in rows]
        counts = np.array([one.count for one in sums], np.int64)
        self.count[rows] = self.summed[rows] = counts
        self.rate_sum[rows] = [one.rate for one in sums]
        self.exact[rows], self.mean[rows] = NOT_ASKED, 0.0
        some = np.flatnonzero(counts).tolist()
        if some:
            rows, sums = [rows[place] for place in some], [sums[place] for place in some]
            self.mean[rows] = means_micro(
                sums,
                [self._parts_of(row) for row in rows],
                [self._decision_of(row) for row in rows],
                self.covers[rows],
                self.seconds[rows],
                self.weight[rows],
                self.consult[rows],
                self.failure[rows],
            )

    def _sums_of(self, ground: Ground) -> Sums:
        sums = self._sums.get(id(ground))
        if sums is None:
            sums = self._sums[id(ground)] = Sums(self._crew, ground)
        return sums

    def mean_of(self, row: int) -> int:
        """Mean cost over the available agents of a row, to the last micro-cs."""
        if self.exact[row] == NOT_ASKED:
            at = self.grounds[row].index[self._crew.presences[self.grounds[row].index] == AVAILABLE]
            costs = self._crew.ledger.costs_of_row(
                at, self._parts_of(row), self._decision_of(row), self.covers[row], self.weight.item(row)
            )
            self.exact[row] = int(costs.total.sum()) // max(1, len(at))
        return self.exact.item(row)

    def _parts_of(self, row: int) -> list[tuple[int, float]]:
        return [part for part in self._parts[row] if part[1]]

    def _decision_of(self, row: int) -> tuple[str, str]:
        return self._named[self.decision.item(row)]

    def _sync_presence(self, crew: Crew) -> None:
        before, after = self._crew.presences, crew.presences
        if before is after:
            return
        self._crew = crew
        moved = np.flatnonzero((before == AVAILABLE) != (after == AVAILABLE)).tolist()
        if moved:
            self._sums.clear()
        if len(moved) > PRESENCES_MAX:
            self._trace = None  # everything anew
            return
        for at in moved:
            rows = self.eligible(at)
            step = 1 if after[at] == AVAILABLE else -1
            summed = self.mean[rows] * self.count[rows] + step * self.costs_at(at, rows).total
            self.rate_sum[rows] += step * int(crew.ledger.rate[at])
            self.count[rows] += step
            self.mean[rows] = summed / np.maximum(self.count[rows], 1)
            self.exact[rows] = NOT_ASKED
            for row in rows[(self.since[rows] != EMPTY_MS)].tolist():
                self._judge(row)
        if moved:
            self._sum_few_left()

    def _sum_few_left(self) -> None:
        """Sums anew where more have left than stay.

        Who comes or goes is counted in whole micro-cs, so the sum is wrong by up to 2 for each agent there was when
        it was taken (sums.py), and the mean by that over each who is there now: by 4 while half of them are.
        """
        for row in np.flatnonzero(self.plain & (2 * self.count < self.summed)).tolist():
            self._sum(row, self.grounds[row])

    def _judge(self, row: int) -> None:
        """Odd or plain, once the number of its agents has changed."""
        work = self.works[row]
        if work.preferred or work.fit.had or work.fit.declined:
            return
        plain = self.count[row] > 0 and bool(self.shares[row].any())
        self.plain[row] = plain
        (self.odd.discard if plain else self.odd.add)(row)

    # --- asking ------------------------------------------------------------------------------------------------

    def eligible(self, at: int) -> Index:
        """Rows that the agent may take while it is available; the odd ones among them."""
        found = self._eligible.get(at)
        if found is None:
            mine = self.bits[at >> 3, : len(self.works)] & np.uint8(1 << (at & 7))
            found = self._eligible[at] = np.flatnonzero(mine)
        return found

    @property
    def columns(self) -> Heads:
        """The columns as the compiled way reads them; only where `kernels.COMPILED`."""
        if self._heads is None:
            from services.router.kernels.freed import Heads

            crew = self._crew
            chances, phi = crew.ledger.chances_of_all, crew.beliefs.approver_free
            self._heads = Heads(self, chances, phi, crew.settings, 2.0 * NEARLY_MICRO)
        return self._heads

    def row_of(self, work: Work | None) -> int:
        """The row of a class; -1 without one."""
        return -1 if work is None else self._rows.get(work, -1)

    def row_held_by(self, contact: Contact | None) -> int:
        """The row whose head the contact is; -1 where it is none."""
        row = self.row_of(contact.lane) if contact is not None else -1
        return row if contact is not None and row >= 0 and self.heads[row] == contact.contact_id else -1

    def ahead(self, rows: Index) -> Floats:
        """D of each row: seconds until one of its agents is free for it (`policy.value.next_agent_seconds`)."""
        found: Floats = (
            np.maximum(self.waiting[self.key[rows]], 1) * NANO / np.maximum(self.rate_sum[rows], 1)
        )
        return found

    def costs_at(self, at: int, rows: Index) -> Costs:
        """What the heads of these rows cost at one agent."""
        crew = self._crew
        chances = crew.ledger.chances(at)
        skill: Floats = self.shares[rows, 0] * chances[self.parts[rows, 0]]
        for place in range(1, self.places):  # where a row has fewer, 0 is added
            skill = skill + self.shares[rows, place] * chances[self.parts[rows, place]]
        return weighed_with(
            self.covers[rows, self.levels_of(at)[self.decision[rows]]],
            skill,
            float(crew.beliefs.speed[at]) * self.seconds[rows],
            self.weight[rows],
            float(crew.tariff.of_agent[at]),
            crew.beliefs.approver_free,
            self.consult[rows],
            self.failure[rows],
            crew.settings,
        )

    def levels_of(self, at: int) -> Index:
        """The agent's level by kind of decision, as far as rows name them."""
        found = self._levels.get(at)
        if found is None:
            column = self._crew.roster.level_column
            found = np.array([int(column(*one)[at]) for one in self._decisions], dtype=np.int64)
            self._levels[at] = found
        return found


_COLUMNS = (
    "since",
    "base",
    "key",
    "weight",
    "consult",
    "failure",
    "seconds",
    "parts",
    "shares",
    "decision",
    "covers",
    "units",
    "call",
    "loyal",
    "flexible",
    "mail",
    "target",
    "plain",
    "count",
    "rate_sum",
    "mean",
    "exact",
    "summed",
)
