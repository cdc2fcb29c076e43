"""What a contact that looks for an agent finds: somebody free, somebody better worth a wait, or nobody yet.

The steps of routing.md 2.4: of everybody who may take it (eligibility) those with room; for deferrable work only who
can be spared (2.6); the least score S among them; then the hold test against those who are busy. It asks, and changes
nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from services.contract.decisions import Candidate, Exclusion, Explanation, HoldTest, WaitingReason
from services.contract.record import quick_record
from services.router.eligibility import Index, Mask, Pool
from services.router.evolve.work import waiting_key, work_of
from services.router.handover import is_kept, raisers
from services.router.model import Contact, ContactState, DeskState
from services.router.picking import RESERVE_AGENTS_MIN, needs_reserve
from services.router.policy.cost import MICRO, NANO, Costs
from services.router.policy.hold import MARGIN_MICRO, Hold, hold_test
from services.router.policy.noise import seed_of
from services.router.policy.reserve import enough_idle, may_leave_each
from services.router.preferred import preferred_agents
from services.router.score import Ranking, Slate, busy_candidate, candidates_of, ranking_of
from services.router.urgency import Urgency, urgency_of
from services.router.waiting import Kind, Work

POLICY_VERSION = "r1.1"
SECOND_MS = 1_000


@quick_record
@dataclass(frozen=True, slots=True)
class Found:
    """Whom a contact goes to, or why it waits."""

    candidates: tuple[Candidate, ...]
    """The best first; empty when nobody who may take it is free."""
    explanation: Explanation
    reason: WaitingReason
    """Why it waits; unspecified when it is offered to the best candidate."""
    again_at_ms: int = 0
    """When it is decided again at the latest, where that is sooner than its promises; else 0."""

    @property
    def offered(self) -> bool:
        return self.reason is WaitingReason.UNSPECIFIED


@quick_record
@dataclass(frozen=True, eq=False, slots=True)
class Search:
    """What was weighed for a contact, in numbers; `told` makes an explanation of it."""

    pool: Pool
    ranking: Ranking | None = None
    """None when nobody may be offered it."""
    urgency: Urgency | None = None
    hold: Hold | None = None
    reason: WaitingReason = WaitingReason.UNSPECIFIED
    again_at_ms: int = 0
    relaxed: tuple[str, ...] = ()
    all_weighed: bool = True
    """Every free agent of the pool was weighed but those whose shift ends too soon (`ending`), those kept in reserve
    (`kept`), newcomers who had their share (`resting`) and who gains nothing over the owner (`owned`), so that the others are known to be busy."""
    ending: int = 0
    kept: int = 0
    resting: int = 0
    noise_seed: int = 0
    owned: int = 0
    """Free, but with no more to give than the owner, from whom it would be a hop (handover.raisers)."""


def seek(desk: DeskState, contact: Contact, now_ms: int, *, but: str = "", number: int = 0) -> Found:
    """For a contact that arrives or is decided again; `but` was asked just now.

    `number` of the decision; with the contact's id it seeds the noise of exploration, of which 0 makes none.
    """
    return told(desk, contact, search(desk, contact, now_ms, but=but, number=number))


def reconsider(desk: DeskState, contact: Contact, agent_id: str, now_ms: int, *, may_hold: bool) -> Found:
    """For a contact that a freed agent would take: it goes there, or waits for somebody better."""
    return told(desk, contact, compare(desk, contact, agent_id, now_ms, may_hold=may_hold))


def search(desk: DeskState, contact: Contact, now_ms: int, *, but: str = "", number: int = 0) -> Search:
    """As `seek`, before it is told."""
    crew = desk.crew
    work = contact.lane or work_of(contact, crew.settings)
    pool = crew.pool(work)
    urgency = urgency_of(desk, contact, work, now_ms)
    costs = crew.ledger.costs(pool.ground, contact.need, work.weight)
    index = crew.roster.seats.index
    at = pool.at
    free = _with_room(desk, pool, work)
    if but in index:
        free = free & (at != index[but])
    owner = index.get(contact.last_owner_id, -1) if contact.last_owner_id else -1
    mine = free & (at == owner) if owner >= 0 else None
    if mine is not None and mine.any():
        return _chosen(desk, contact, Search(pool, all_weighed=False), costs, mine, None, work, now_ms)
    owned, no_better = 0, free
    if contact.owner_kept and is_kept(desk, contact):
        gaining = raisers(desk, contact, at)
        owned = int(np.count_nonzero(free & ~gaining))
        free, no_better = free & gaining, free | ~gaining
    lasts, relaxed = _lasting(desk, pool, costs, now_ms)
    chosen, ending, kept = free, 0, 0
    if lasts is not None:
        chosen = free & lasts
        ending = int(np.count_nonzero(free)) - int(np.count_nonzero(chosen))
    if not np.count_nonzero(chosen):
        reason = WaitingReason.SHIFT_ENDING if ending else pool.reason
        return Search(pool, reason=reason, ending=ending, owned=owned)
    resting = 0
    if desk.learned.held_ids:
        others = _but_newcomers(desk, contact, at, chosen)
        resting, chosen = int(np.count_nonzero(chosen)) - int(np.count_nonzero(others)), others
    if urgency.deferrable and needs_reserve(desk, work, now_ms):
        spared = _spared(desk, at, chosen)
        kept = int(np.count_nonzero(chosen)) - int(np.count_nonzero(spared))
        if not spared.any():
            urgent_ms = now_ms + urgency.hold_ms - urgency.waited_ms + 1
            reason = WaitingReason.KEPT_IN_RESERVE
            return Search(
                pool,
                reason=reason,
                again_at_ms=urgent_ms,
                ending=ending,
                kept=kept,
                resting=resting,
                owned=owned,
            )
        chosen = spared
    seed = seed_of(contact.contact_id, number) if number and crew.settings.exploration else 0
    base = Search(
        pool,
        urgency=urgency,
        relaxed=relaxed,
        ending=ending,
        kept=kept,
        resting=resting,
        noise_seed=seed,
        owned=owned,
    )
    return _chosen(desk, contact, base, costs, chosen, no_better, work, now_ms)


def compare(desk: DeskState, contact: Contact, agent_id: str, now_ms: int, *, may_hold: bool) -> Search:
    """As `reconsider`, before it is told."""
    work = contact.lane or work_of(contact, desk.crew.settings)
    pool = desk.crew.pool(work)
    costs = desk.crew.ledger.costs(pool.ground, contact.need, work.weight)
    here = pool.at == desk.crew.roster.seats.index[agent_id]
    if not may_hold:
        return _chosen(desk, contact, Search(pool, all_weighed=False), costs, here, None, work, now_ms)
    base = Search(pool, urgency=urgency_of(desk, contact, work, now_ms), all_weighed=False)
    return _chosen(desk, contact, base, costs, here, _with_room(desk, pool, work) | here, work, now_ms)


def others_waiting(desk: DeskState, contact: Contact) -> int:
    """Live contacts of the same topic and language that wait beside it."""
    count = desk.live_waiting.get(waiting_key(contact), 0)
    own = (
        contact.lane is not None
        and contact.state is ContactState.QUEUED
        and not contact.lane.slope.deferrable
    )
    return max(0, count - own)


def _chosen(
    desk: DeskState,
    contact: Contact,
    base: Search,
    costs: Costs,
    chosen: Mask,
    free: Mask | None,
    work: Work,
    now_ms: int,
) -> Search:
    """The best of the chosen, who are some, unless waiting is better; without who is `free` nobody is held.

    Nobody who is `free` is waited for.
    """
    pool = base.pool
    rows = chosen.nonzero()[0]
    slate = Slate(pool.at[rows], pool.places[rows], costs)
    ranking = ranking_of(desk, contact, slate, work.weight, now_ms, noise_seed=base.noise_seed)
    hold, again_at_ms, reason = None, 0, WaitingReason.UNSPECIFIED
    if base.urgency is not None and free is not None:
        best_cost = int(costs.total[slate.places[ranking.best]])
        hold = _tested(desk, contact, pool, costs, base.urgency, free, best_cost)
        if hold is not None and hold.held:
            again_ms = max(1, min(round(hold.expected_seconds * SECOND_MS), base.urgency.again_ms))
            reason, again_at_ms = WaitingReason.HELD_FOR_BETTER, now_ms + again_ms
    return Search(
        pool,
        ranking,
        base.urgency,
        hold,
        reason,
        again_at_ms,
        base.relaxed,
        base.all_weighed,
        base.ending,
        base.kept,
        base.resting,
        base.noise_seed,
        base.owned,
    )


def told(desk: DeskState, contact: Contact, found: Search) -> Found:
    """What was weighed, as it is recorded and explained."""
    if found.ranking is None:
        explanation = _explained(desk, contact, found, (), None)
        return Found((), explanation, found.reason, found.again_at_ms)
    crew, hold = desk.crew, found.hold
    best = tuple(candidates_of(crew, found.ranking))
    candidates, tested = best, None
    if hold is not None and found.urgency is not None:
        tested = _hold_told(hold, found.urgency)
        at, place = int(found.pool.at[hold.first]), int(found.pool.places[hold.first])
        candidates = (
            *best,
            busy_candidate(crew, found.ranking.slate.costs, place, at, hold.expected_seconds),
        )
    explanation = _explained(desk, contact, found, candidates, tested)
    return Found(best, explanation, found.reason, found.again_at_ms)


def _hold_told(hold: Hold, urgency: Urgency) -> HoldTest:
    return HoldTest(
        held=hold.held,
        best_cost=hold.best_cost / MICRO,
        hold_cost=hold.hold_cost / MICRO,
        expected_wait_seconds=hold.expected_seconds,
        waited_seconds=urgency.waited_ms / SECOND_MS,
        cap_seconds=urgency.hold_ms / SECOND_MS,
        agents=hold.agents,
        waiting_cost=hold.waiting_cost / MICRO,
    )


def _tested(
    desk: DeskState,
    contact: Contact,
    pool: Pool,
    costs: Costs,
    urgency: Urgency,
    free: Mask,
    best_cost: int,
) -> Hold | None:
    """The hold test against the busy agents; the free one costs `best_cost`, in micro-cs."""
    if urgency.left_seconds <= 0:
        return None
    kept = _kept_for_preferred(desk, contact, pool, costs, urgency, free, best_cost)
    if kept is not None:
        return kept
    total = pool.of(costs.total)
    cheaper: Index = ((total < best_cost - MARGIN_MICRO) > free).nonzero()[0]
    if not len(cheaper):
        return None
    return hold_test(
        cheaper,
        total,
        pool.rates(desk.crew.ledger),
        best_cost=best_cost,
        waiting=1 + others_waiting(desk, contact),
        waiting_cs=urgency.waits_cs,
        left_seconds=urgency.left_seconds,
    )


def _kept_for_preferred(
    desk: DeskState, contact: Contact, pool: Pool, costs: Costs, urgency: Urgency, free: Mask, best_cost: int
) -> Hold | None:
    """A bounded wait for the busy agent whom the customer had or asked for, where the bonus outweighs it (2.7)."""
    crew, settings = desk.crew, desk.crew.settings
    agent_id = next(iter(preferred_agents(contact)), "")
    position = crew.roster.seats.index.get(agent_id, -1)
    if position < 0:
        return None
    row = int(np.searchsorted(pool.at, position))
    if row >= len(pool.at) or pool.at[row] != position or free[row]:
        return None
    seconds = NANO / int(crew.ledger.rate[position])
    call = contact.lane.kind is Kind.CALL if contact.lane is not None else urgency.patience is not None
    limit_ms = settings.preferred_phone_ms if call else settings.preferred_message_ms
    bonus = settings.continuity_share * settings.not_resolved_cs * urgency.weight
    waiting = urgency.waiting_cs(seconds) * seconds
    if seconds * SECOND_MS > limit_ms or bonus <= waiting or seconds >= urgency.left_seconds:
        return None
    cost = int(costs.total[pool.places[row]])
    waits = round(waiting * MICRO)
    return Hold(True, best_cost, cost + waits, waits, round(seconds, 6), 1, row)


def _with_room(desk: DeskState, pool: Pool, work: Work) -> Mask:
    """Who of the pool has room for it now; a call stops what is interruptible."""
    stops = work.kind is Kind.CALL and desk.crew.settings.interrupt_email
    used = desk.agents.firm if stops else desk.agents.units
    found: Mask = used[pool.at] + work.fit.units <= pool.capacity
    return found


def _lasting(desk: DeskState, pool: Pool, costs: Costs, now_ms: int) -> tuple[Mask | None, tuple[str, ...]]:
    """Whose shift lasts long enough, None when it does not matter; relaxed where nobody's does."""
    ends, factor = desk.agents.shift_ends, desk.crew.settings.shift_end_factor
    if ends is None or not factor:
        return None, ()
    lasts: Mask = ends[pool.at] - now_ms > factor * SECOND_MS * pool.of(costs.talk_seconds)
    return (lasts, ()) if lasts.any() else (None, ("shift_end",))


def _but_newcomers(desk: DeskState, contact: Contact, at: Index, chosen: Mask) -> Mask:
    """Without newcomers who have had their share for now, where others are left; whom the customer asked for may stay."""
    index, asked = desk.crew.roster.seats.index, preferred_agents(contact)
    held = [index[one] for one in desk.learned.held_ids if one in index and one not in asked]
    others: Mask = chosen & ~np.isin(at, held)
    return others if others.any() else chosen


def _spared(desk: DeskState, at: Index, chosen: Mask) -> Mask:
    """Who of the chosen can be spared for deferrable work: enough are idle, and colleagues stay (2.6)."""
    settings, agents = desk.crew.settings, desk.agents
    everybody = desk.crew.available_count
    if desk.overload_since_ms:
        return np.zeros(len(at), np.bool_)
    if everybody < RESERVE_AGENTS_MIN:
        return chosen
    rows = chosen.nonzero()[0]
    theirs, spared = at[rows], np.zeros(len(at), np.bool_)
    idle = int(np.count_nonzero(agents.units[theirs] == 0))
    if not enough_idle(idle, everybody, settings.reserve_idle_count, settings.reserve_idle_share):
        return spared
    seats = agents.seats
    spared[rows] = may_leave_each(
        agents.idle_counts, seats.topic_rows[theirs], seats.levels[theirs], settings.reserve_agents
    )
    return spared


def _explained(
    desk: DeskState,
    contact: Contact,
    found: Search,
    candidates: tuple[Candidate, ...],
    hold: HoldTest | None,
) -> Explanation:
    pool, ranking = found.pool, found.ranking
    weighed = len(ranking.slate.at) if ranking is not None else 0
    exclusions = pool.exclusions
    if found.all_weighed and len(pool.at) > weighed:
        busy = len(pool.at) - weighed - found.ending - found.kept - found.resting - found.owned
        busy += sum([one.agents for one in exclusions if one.rule == "capacity"])
        counted = (
            ("capacity", busy),
            ("shift_end", found.ending),
            ("newcomer", found.resting),
            ("reserve", found.kept),
            ("owner", found.owned),
        )
        exclusions = (
            *[one for one in exclusions if one.rule != "capacity"],
            *[Exclusion(rule=rule, agents=agents) for rule, agents in counted if agents],
        )
    return Explanation(
        policy_version=POLICY_VERSION,
        candidates=candidates,
        exclusions=exclusions,
        relaxations=found.relaxed + pool.relaxations,
        weighed=weighed,
        need=contact.need,
        language=contact.language,
        hold=hold,
        price_epoch=desk.crew.tariff.epoch,
        approver_free=desk.crew.beliefs.approver_free,
        noise_seed=found.noise_seed,
    )


def explained_handover(
    desk: DeskState, contact: Contact, candidates: list[Candidate], weighed: int
) -> Explanation:
    """For a hand-over, which has rules of its own and no pool."""
    return Explanation(
        policy_version=POLICY_VERSION,
        candidates=tuple(candidates),
        weighed=weighed,
        need=contact.need,
        language=contact.language,
        price_epoch=desk.crew.tariff.epoch,
        approver_free=desk.crew.beliefs.approver_free,
    )


def explained_waiting(desk: DeskState, contact: Contact, pool: Pool) -> Explanation:
    """For a contact that waits without having been looked for an agent."""
    return _explained(desk, contact, Search(pool), (), None)
