"""Who takes a contact, by a scan of everybody: the same rules as seeking.py with no shortcut, to compare it with.

Masks over the whole pool, the costs of each of its agents, and a hold test that is shown all of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from services.contract.decisions import WaitingReason
from services.router.eligibility import Mask, Pool
from services.router.evolve.work import work_of
from services.router.found import Search
from services.router.handover import is_kept, raisers
from services.router.holding import others_waiting
from services.router.model import Contact, DeskState
from services.router.policy.cost import MICRO, NANO, Costs
from services.router.policy.hold import Hold, hold_test
from services.router.policy.reserve import enough_idle, may_leave
from services.router.preferred import preferred_agents
from services.router.score import Ranking
from services.router.spare import RESERVE_AGENTS_MIN, needs_reserve
from services.router.urgency import Urgency, urgency_of
from services.router.waiting import Kind, Work

if TYPE_CHECKING:
    from services.router.kernels.arrival import Choice


@dataclass(frozen=True)
class Scanned:
    """What a search found, in words that hold for both ways."""

    reason: WaitingReason
    again_at_ms: int = 0
    weighed: tuple[str, ...] = ()
    scores: tuple[int, ...] = ()
    """The three least."""
    hold: tuple[object, ...] = ()
    waited_for: str = ""
    counts: tuple[int, ...] = (0, 0, 0, 0)
    """Ending, kept, resting, owned."""
    relaxed: tuple[str, ...] = ()


def of_search(desk: DeskState, found: Search) -> Scanned:
    """What seeking.py found."""
    ids, ranking, hold = desk.crew.roster.agent_ids, found.ranking, found.hold
    return Scanned(
        found.reason,
        found.again_at_ms,
        tuple(ids[at] for at in ranking.at.tolist()) if ranking is not None else (),
        _least_of(ranking) if ranking is not None else (),
        _told(hold) if hold is not None else (),
        ids[found.busy.at[hold.first]] if hold is not None and found.busy is not None else "",
        (found.ending, found.kept, found.resting, found.owned),
        found.relaxed if ranking is not None else (),
    )


def scanned(desk: DeskState, contact: Contact, now_ms: int, *, but: str = "") -> Scanned:
    """As `seeking.search`."""
    scan = _Scan(desk, contact, now_ms)
    pool, at = scan.pool, scan.pool.at
    free = scan.room & (at != scan.index.get(but, -1))
    mine = free & (at == scan.index.get(contact.last_owner_id, -1))
    if mine.any():
        return scan.chosen(mine, None)
    owned, no_better = 0, free
    if contact.owner_kept and is_kept(desk, contact):
        gaining = raisers(desk, contact, at)
        owned = int(np.count_nonzero(free & ~gaining))
        free, no_better = free & gaining, free | ~gaining
    chosen, ending = free, 0
    relaxed: tuple[str, ...] = ()
    ends, factor = desk.agents.shift_ends, desk.crew.settings.shift_end_factor
    if ends is not None and factor:
        lasts = ends[at] - now_ms > factor * 1000 * pool.there.of(scan.costs.talk_seconds)
        relaxed = () if lasts.any() else ("shift_end",)
        chosen = free & lasts if lasts.any() else free
        ending = int(np.count_nonzero(free)) - int(np.count_nonzero(chosen))
    if not chosen.any():
        reason = WaitingReason.SHIFT_ENDING if ending else pool.reason
        return Scanned(reason, counts=(ending, 0, 0, owned))
    asked = preferred_agents(contact)
    held = [scan.index[one] for one in desk.learned.held_ids if one in scan.index and one not in asked]
    others = chosen & ~np.isin(at, held)
    resting = int(np.count_nonzero(chosen & ~others)) if others.any() else 0
    chosen = others if others.any() else chosen
    kept = 0
    if scan.urgency.deferrable and needs_reserve(desk, scan.work, now_ms):
        spared = scan.spared(chosen)
        kept = int(np.count_nonzero(chosen & ~spared))
        if not spared.any():
            again_ms = now_ms + scan.urgency.hold_ms - scan.urgency.waited_ms + 1
            return Scanned(WaitingReason.KEPT_IN_RESERVE, again_ms, counts=(ending, kept, resting, owned))
        chosen = spared
    return scan.chosen(chosen, no_better, (ending, kept, resting, owned), relaxed)


def compared(desk: DeskState, contact: Contact, agent_id: str, now_ms: int, *, may_hold: bool) -> Scanned:
    """As `seeking.compare`."""
    scan = _Scan(desk, contact, now_ms)
    here = scan.pool.at == scan.index[agent_id]
    return scan.chosen(here, scan.room | here if may_hold else None)


class _Scan:
    def __init__(self, desk: DeskState, contact: Contact, now_ms: int) -> None:
        self.desk, self.contact, self.now_ms = desk, contact, now_ms
        crew = desk.crew
        self.index = crew.roster.seats.index
        self.work: Work = contact.lane or work_of(contact, crew.settings)
        self.pool: Pool = crew.pool(self.work)
        self.urgency: Urgency = urgency_of(desk, contact, self.work, now_ms)
        self.costs: Costs = crew.ledger.costs(self.pool.ground, contact.need, self.work.weight)
        stops = self.work.kind is Kind.CALL and crew.settings.interrupt_email
        used = desk.agents.firm if stops else desk.agents.units
        self.room: Mask = used[self.pool.at] + self.work.fit.units <= self.pool.there.capacity

    def spared(self, chosen: Mask) -> Mask:
        desk, at = self.desk, self.pool.at
        settings, everybody = desk.crew.settings, desk.crew.available_count
        if desk.overload_since_ms:
            return np.zeros(len(at), np.bool_)
        if everybody < RESERVE_AGENTS_MIN:
            return chosen
        agents, seats = desk.agents, desk.agents.seats
        idle = int(np.count_nonzero(agents.units[at[chosen]] == 0))
        if not enough_idle(idle, everybody, settings.reserve_idle_count, settings.reserve_idle_share):
            return np.zeros(len(at), np.bool_)
        may = [
            may_leave(agents.idle_counts, seats.topics[one], seats.level[one], settings.reserve_agents)
            for one in at.tolist()
        ]
        found: Mask = chosen & np.array(may)
        return found

    def chosen(
        self,
        chosen: Mask,
        no_better: Mask | None,
        counts: tuple[int, ...] = (0, 0, 0, 0),
        relaxed: tuple[str, ...] = (),
    ) -> Scanned:
        desk, contact, settings = self.desk, self.contact, self.desk.crew.settings
        ids, at = desk.crew.roster.agent_ids, self.pool.at
        total = self.pool.there.of(self.costs.total)
        bonus = round(settings.continuity_share * settings.not_resolved_cs * self.work.weight * MICRO)
        liked = preferred_agents(contact)
        scores: dict[int, int] = {}
        for row in np.flatnonzero(chosen).tolist():
            agent = desk.agents[ids[at[row]]]
            idle_ms = max(0, self.now_ms - agent.idle_since_ms) if agent.used_units == 0 else 0
            score = int(total[row]) - idle_ms * round(settings.idle_cs * 1000)
            scores[row] = score - (bonus if agent.agent_id in liked else 0)
        best = min(scores, key=lambda row: (scores[row], int(desk.agents.idle_since[at[row]]), row))
        hold, first = self._hold(int(total[best]), no_better) if no_better is not None else (None, -1)
        reason, again_at_ms = WaitingReason.UNSPECIFIED, 0
        if hold is not None and hold.held:
            again_ms = max(1, min(round(hold.expected_seconds * 1000), self.urgency.again_ms))
            reason, again_at_ms = WaitingReason.HELD_FOR_BETTER, self.now_ms + again_ms
        return Scanned(
            reason,
            again_at_ms,
            tuple(ids[at[row]] for row in scores),
            tuple(sorted(scores.values())[:3]),
            _told(hold) if hold is not None else (),
            ids[at[first]] if first >= 0 else "",
            counts,
            relaxed,
        )

    def _hold(self, best_cost: int, no_better: Mask) -> tuple[Hold | None, int]:
        if self.urgency.left_seconds <= 0:
            return None, -1
        total = self.pool.there.of(self.costs.total)
        kept = self._for_preferred(best_cost, no_better)
        if kept is not None:
            return kept
        hold = hold_test(
            np.flatnonzero(~no_better),
            total,
            self.pool.there.rates(self.desk.crew.ledger),
            best_cost=best_cost,
            waiting=1 + others_waiting(self.desk, self.contact),
            waiting_cs=self.urgency.waits_cs,
            left_seconds=self.urgency.left_seconds,
        )
        return hold, hold.first if hold is not None else -1

    def _for_preferred(self, best_cost: int, no_better: Mask) -> tuple[Hold, int] | None:
        crew, settings = self.desk.crew, self.desk.crew.settings
        place = self.index.get(next(iter(preferred_agents(self.contact)), ""), -1)
        rows = np.flatnonzero((self.pool.at == place) & ~no_better).tolist()
        if not rows:
            return None
        seconds = NANO / int(crew.ledger.rate[place])
        call = self.work.kind is Kind.CALL if self.contact.lane else self.urgency.patience is not None
        limit_ms = settings.preferred_phone_ms if call else settings.preferred_message_ms
        bonus = settings.continuity_share * settings.not_resolved_cs * self.urgency.weight
        waiting = self.urgency.waiting_cs(seconds) * seconds
        if seconds * 1000 > limit_ms or bonus <= waiting or seconds >= self.urgency.left_seconds:
            return None
        waits = round(waiting * MICRO)
        cost = int(self.pool.there.of(self.costs.total)[rows[0]])
        return Hold(True, best_cost, cost + waits, waits, round(seconds, 6), 1, rows[0]), rows[0]


def _least_of(ranking: Ranking | Choice) -> tuple[int, ...]:
    scores = ranking.score.tolist() if isinstance(ranking, Ranking) else [row.score for row in ranking.rows()]
    return tuple(sorted(scores)[:3])


def _told(hold: Hold) -> tuple[object, ...]:
    return (
        hold.held,
        hold.best_cost,
        hold.hold_cost,
        hold.waiting_cost,
        hold.expected_seconds,
        hold.agents,
    )
