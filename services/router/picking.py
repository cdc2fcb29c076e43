"""Which waiting contact a free agent gets next (routing.md 2.5).

First whoever this very agent had or was asked for by name; then the guard: waiting over three targets, oldest first;
then the greatest value V (policy/value.py), live work before deferrable work that is not urgent yet (2.6). The cost
of waiting grows without bound, so nobody starves. Only the heads of the classes compete: inside a class only the
waiting differs.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np

from services.contract.record import quick_record
from services.router import kernels
from services.router.board import Board
from services.router.crew import Crew
from services.router.eligibility import Index, Mask, Pool
from services.router.evolve.work import waiting_key
from services.router.handover import is_kept, raises
from services.router.model import AgentState, Contact, DeskState
from services.router.policy.cost import MICRO, Costs, Floats
from services.router.policy.hazard import Patience
from services.router.policy.value import next_agent_seconds, value
from services.router.spare import LIVE_LATELY_MS, is_spare, needs_reserve
from services.router.sums import NEARLY_MICRO
from services.router.urgency import OVERLOAD_EMAIL_FACTOR, Urgency, urgency_of
from services.router.waiting import Kind, Slope, Work

MINE, GUARD, LIVE, DEFERRABLE = 0, 1, 2, 3
BOARD_CLASSES_MIN = 192
"""From so many classes on their heads are weighed at once, as columns (board.py)."""


@quick_record
@dataclass(frozen=True, slots=True)
class Pick:
    """The contact that an agent should be offered."""

    contact_id: str
    may_hold: bool
    """It is live work that competes by value, so waiting for a better agent may be right."""


def room_for(desk: DeskState, agent: AgentState, kind: Kind) -> int:
    """Units that the agent may be given of work of a kind; a call stops what is interruptible."""
    room, room_call = _rooms(desk, agent)
    return room_call if kind is Kind.CALL else room


def _rooms(desk: DeskState, agent: AgentState) -> tuple[int, int]:
    """The same of work that is no call, and of calls."""
    room = desk.crew.roster.agents[agent.agent_id].capacity_units - agent.used_units
    return room, room + (agent.soft_units if desk.crew.settings.interrupt_email else 0)


def next_pick(
    desk: DeskState,
    agent_id: str,
    now_ms: int,
    *,
    but: str = "",
    left_out: Collection[str] = (),
    classes_min: int = BOARD_CLASSES_MIN,
) -> Pick | None:
    """The contact that the agent should be offered, or None; ties by who waits longer, then by id.

    From `classes_min` classes on the heads are weighed as columns; which way is taken changes no choice.
    """
    seen = _Seen(desk, agent_id, now_ms, {but, *left_out})
    if len(desk.waiting) < classes_min:
        for slope, front in desk.fronts.items():  # any order: the least of total keys is taken
            if seen.may_look(slope):
                for _, since_ms, contact_id, work in front:
                    seen.look(slope, since_ms, contact_id, work)
        return seen.pick
    board = desk.crew.ledger.board(desk.crew)
    board.sync(desk)
    (look_compiled if kernels.COMPILED else look_at_all)(desk, board, seen)
    for row in sorted(board.odd):
        work = board.works[row]
        slope = work.slope
        if seen.may_look(slope):
            seen.look(slope, int(board.since[row]), board.heads[row], work)
    return seen.pick


class _Seen:
    """The best head that a freed agent has seen so far."""

    def __init__(self, desk: DeskState, agent_id: str, now_ms: int, left_out: set[str]) -> None:
        self.desk, self.agent_id, self.now_ms, self.left_out = desk, agent_id, now_ms, left_out
        agent, crew = desk.agents[agent_id], desk.crew
        self.at = crew.roster.seats.index[agent_id]
        self.byte, self.bit = self.at >> 3, 1 << (self.at & 7)
        self.room, self.room_call = _rooms(desk, agent)
        self.shifts = desk.agents.shift_ends is not None and crew.settings.shift_end_factor > 0
        self.pick: Pick | None = None
        self.key: tuple[int, int, int, str] | None = None
        self._spare: bool | None = None
        self._later: tuple[Board, int, int] | None = None
        """Row of the best so far and its value but for the mean."""

    @property
    def spare(self) -> bool:
        """The desk can do without the agent for deferrable work."""
        if self._spare is None:
            self._spare = is_spare(self.desk, self.agent_id)
        return self._spare

    def may_look(self, slope: Slope) -> bool:
        """False where no head of the slope can be taken, or can beat what was seen."""
        if (self.room_call if slope.kind is Kind.CALL else self.room) <= 0:
            return False
        return self.key is None or self.key[0] != MINE or slope.preferred == self.agent_id

    def look(self, slope: Slope, since_ms: int, contact_id: str, work: Work) -> None:
        """Weighs one head."""
        desk, at, now_ms = self.desk, self.at, self.now_ms
        crew = desk.crew
        entry = crew.known.get(id(work))
        pool = entry[1] if entry is not None and entry[0] is work else crew.pool(work)
        if not pool.ground.bits[self.byte] & self.bit:
            return
        if work.fit.units > (self.room_call if slope.kind is Kind.CALL else self.room):
            return
        if contact_id in self.left_out or (pool.barred and not pool.there.has(at)):
            return
        contact = desk.contacts[contact_id]
        if contact.owner_kept and is_kept(desk, contact) and not raises(desk, contact, self.agent_id):
            return
        urgency = urgency_of(desk, contact, work, now_ms)
        rank, worth = LIVE, 0
        if slope.preferred == self.agent_id:
            rank = MINE
        elif urgency.guarded:
            rank = GUARD
        else:
            rank = DEFERRABLE if urgency.deferrable else LIVE
            if self.key is not None and rank > self.key[0]:
                return
            if rank == DEFERRABLE and needs_reserve(desk, work, now_ms) and not self.spare:
                return
            if self.shifts and not fits_shift(desk, at, _seconds(crew, pool, contact, work, at), now_ms):
                return
            worth = -_value(desk, pool, contact, work, urgency, at)
        self.take((rank, worth, since_ms, contact_id), may_hold=rank == LIVE and urgency.patience is not None)

    def take_later(
        self, rank: int, worth: int, row: int, board: Board, *, may_hold: bool, alone: bool
    ) -> None:
        """Keeps the head of a row, whose value lacks the mean, which is dear; asked for only where it decides."""
        if alone and self.key is None:
            contact_id = board.heads[row]
            self.key, self.pick = (rank, 0, 0, contact_id), Pick(contact_id, may_hold)
            self._later = board, row, worth
            return
        key = (rank, -(worth + board.mean_of(row)), int(board.since[row]), board.heads[row])
        self.take(key, may_hold=may_hold)

    def take(self, key: tuple[int, int, int, str], *, may_hold: bool) -> None:
        """Keeps the head if it is the best so far."""
        if self._later is not None and self.key is not None and key[0] == self.key[0]:
            (board, row, worth), self._later = self._later, None
            self.key = (key[0], -(worth + board.mean_of(row)), int(board.since[row]), board.heads[row])
        if self.key is None or key < self.key:
            self._later = None
            self.key, self.pick = key, Pick(key[3], may_hold)


def look_at_all(desk: DeskState, board: Board, seen: _Seen) -> None:
    """Weighs the plain rows of the board at once, as `_Seen.look` does one by one."""
    settings, now_ms = desk.crew.settings, seen.now_ms
    rows = board.eligible(seen.at)
    rows = rows[board.plain[rows]]
    if min(seen.room, seen.room_call) < board.units_max:
        rows = rows[board.units[rows] <= np.where(board.call[rows], seen.room_call, seen.room)]
    for contact_id in seen.left_out:
        rows = rows[rows != board.row_held_by(desk.contacts.get(contact_id))]
    if not len(rows):
        return
    waited, target = now_ms - board.base[rows], board.target[rows]
    if desk.overload_since_ms:
        target = np.where(board.mail[rows], OVERLOAD_EMAIL_FACTOR * target, target)
    guarded = waited > settings.guard_targets * target
    if guarded.any():
        since = board.since[rows]
        oldest = since[guarded].min()
        for row in rows[guarded & (since == oldest)].tolist():
            seen.take((GUARD, 0, int(oldest), board.heads[row]), may_hold=False)
        return
    deferrable = board.flexible[rows] & (waited <= np.rint(settings.urgent_share * target))
    if not deferrable.any():
        _take_dearest(desk, board, seen, rows, waited, target, LIVE)
        return
    if _take_dearest(desk, board, seen, rows[~deferrable], waited[~deferrable], target[~deferrable], LIVE):
        return
    live_lately = bool(desk.live_at_ms) and now_ms - desk.live_at_ms <= LIVE_LATELY_MS
    if live_lately and not seen.spare:
        deferrable = deferrable & (board.mail[rows] if settings.interrupt_email else False)
    _take_dearest(desk, board, seen, rows[deferrable], waited[deferrable], target[deferrable], DEFERRABLE)


def look_compiled(desk: DeskState, board: Board, seen: _Seen) -> None:
    """`look_at_all` by compiled code, with the same choice."""
    crew, heads, at, now_ms = desk.crew, board.columns, seen.at, seen.now_ms
    out = [board.row_held_by(desk.contacts.get(one)) for one in seen.left_out if one]
    email_factor = float(OVERLOAD_EMAIL_FACTOR if desk.overload_since_ms else 1)
    oldest, live, deferrable = heads.look(
        at, len(board.works), now_ms, seen.room, seen.room_call, email_factor, tuple(out)
    )
    if oldest is not None:
        for row in oldest:
            seen.take((GUARD, 0, int(board.since[row]), board.heads[row]), may_hold=False)
        return
    if not live and not deferrable:
        return
    ends = desk.agents.shift_ends
    left_ms = int(ends[at]) - now_ms if seen.shifts and ends is not None else None
    levels, speed, price = board.levels_of(at), crew.beliefs.speed.item(at), crew.tariff.of_agent.item(at)
    if live:
        found = heads.dearest(False, False, at, levels, speed, price, left_ms, crew.leavings)
        if found is not None:
            _take_found(board, seen, LIVE, *found)
            return
    if not deferrable:
        return
    mail_only = bool(desk.live_at_ms) and now_ms - desk.live_at_ms <= LIVE_LATELY_MS and not seen.spare
    if mail_only and not crew.settings.interrupt_email:
        return
    found = heads.dearest(True, mail_only, at, levels, speed, price, left_ms, crew.leavings)
    if found is not None:
        _take_found(board, seen, DEFERRABLE, *found)


def _take_found(board: Board, seen: _Seen, rank: int, rows: list[int], worth: list[int]) -> None:
    for row, one in zip(rows, worth, strict=True):
        may_hold = rank == LIVE and not board.flexible[row]
        seen.take_later(rank, one, row, board, may_hold=may_hold, alone=len(rows) == 1)


def _take_dearest(
    desk: DeskState, board: Board, seen: _Seen, rows: Index, waited: Index, target: Floats, rank: int
) -> bool:
    """Weighs heads of one rank at once; False where there are none that fit before the end of the agent's shift."""
    if not len(rows):
        return False
    settings = desk.crew.settings
    costs = board.costs_at(seen.at, rows)
    if seen.shifts and desk.agents.shift_ends is not None:
        left_ms = int(desk.agents.shift_ends[seen.at]) - seen.now_ms
        fits = settings.shift_end_factor * costs.talk_seconds * 1000 < left_ms
        if not fits.all():
            rows, waited, target = rows[fits], waited[fits], target[fits]
            costs = board.costs_at(seen.at, rows)
    if not len(rows):
        return False
    flexible = board.flexible[rows]
    ahead = board.ahead(rows)
    waiting_cs = _waiting_cs(board, rows, waited / 1000, target / 1000, flexible, ahead, desk.crew)
    worth = np.rint(waiting_cs * ahead * MICRO) - costs.total
    near = worth + board.mean[rows]
    close = (near >= near.max() - 2 * NEARLY_MICRO).nonzero()[0]
    for place in close.tolist():
        row = int(rows[place])
        may_hold = rank == LIVE and not board.flexible[row]
        seen.take_later(rank, int(worth[place]), row, board, may_hold=may_hold, alone=len(close) == 1)
    return True


def _waiting_cs(
    board: Board,
    rows: Index,
    waited: Floats,
    target: Floats,
    flexible: Mask,
    ahead: Floats,
    crew: Crew,
) -> Floats:
    """h of many heads (policy/value.py)."""
    settings, weight = crew.settings, board.weight[rows]
    found = weight * (1.0 + waited / target)
    calls = board.call[rows]
    if calls.any():
        loyal, since, over = board.loyal[rows], np.maximum(waited, 0.0), np.maximum(ahead, 1e-6)
        before = _left_shares_log(crew.patience, loyal, since)
        after = _left_shares_log(crew.patience, loyal, since + over)
        hazard = np.round(np.maximum(after - before, 0.0) / over, 9)
        found = found + np.where(calls, board.failure[rows] * hazard, 0.0)
    if flexible.any():
        late_hours = np.maximum(0.0, waited - 3600.0) / 3600.0
        flat = weight * (settings.deferrable_cs + settings.deferrable_late_cs * late_hours)
        found = np.where(flexible, flat, found)
    return found


def _left_shares_log(patience: tuple[Patience, Patience], loyal: Mask, seconds: Floats) -> Floats:
    """-ln S of each, by the patience of its tier."""
    found = patience[0].left_shares_log(seconds)
    if patience[1] is not patience[0] and loyal.any():
        found = np.where(loyal, patience[1].left_shares_log(seconds), found)
    return found


def fits_shift(desk: DeskState, at: int, talk_seconds: float, now_ms: int) -> bool:
    """True when the agent's shift lasts long enough for it."""
    ends = desk.agents.shift_ends
    if ends is None:
        return True
    return int(ends[at]) - now_ms > desk.crew.settings.shift_end_factor * talk_seconds * 1000


def _costs(crew: Crew, pool: Pool, contact: Contact, work: Work) -> Costs:
    return crew.ledger.costs(pool.ground, contact.need, work.weight)


def _seconds(crew: Crew, pool: Pool, contact: Contact, work: Work, at: int) -> float:
    return float(_costs(crew, pool, contact, work).talk_seconds[pool.ground.place_of(at)])


def _value(desk: DeskState, pool: Pool, contact: Contact, work: Work, urgency: Urgency, at: int) -> int:
    """V of a head at the agent, in micro-cs."""
    crew = desk.crew
    costs = _costs(crew, pool, contact, work)
    waiting = max(1, desk.live_waiting.get(waiting_key(contact), 0))
    ahead = next_agent_seconds(waiting, pool.there.rate_sum(crew.ledger))
    here = int(costs.total[pool.ground.place_of(at)])
    return value(urgency.waiting_cs(ahead), ahead, pool.there.mean_cost(costs), here)
