"""What a contact that looks for an agent finds: somebody free, somebody better worth a wait, or nobody yet.

The steps of routing.md 2.4: of everybody who may take it (eligibility) those with room; for deferrable work only who
can be spared (2.6); the least score S among them; then the hold test against those who are busy. It asks, and changes
nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from services.contract.decisions import Candidate, Exclusion, Explanation, HoldTest, WaitingReason
from services.router.eligibility import Index, Mask, Pool
from services.router.evolve.work import waiting_key, work_of
from services.router.model import Contact, ContactState, DeskState
from services.router.picking import is_spare, needs_reserve
from services.router.policy.cost import MICRO, NANO, Costs
from services.router.policy.hold import Hold, hold_test
from services.router.policy.noise import seed_of
from services.router.policy.reserve import enough_idle
from services.router.preferred import preferred_agents
from services.router.score import Slate, busy_candidate, ranked
from services.router.urgency import Urgency, urgency_of
from services.router.waiting import Kind, Work

POLICY_VERSION = "r1.1"
SECOND_MS = 1_000


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


def seek(desk: DeskState, contact: Contact, now_ms: int, *, but: str = "", number: int = 0) -> Found:
    """For a contact that arrives or is decided again; `but` was asked just now.

    `number` of the decision; with the contact's id it seeds the noise of exploration, of which 0 makes none.
    """
    work = contact.lane or work_of(contact, desk.crew.settings)
    pool = desk.crew.pool(work)
    urgency = urgency_of(desk, contact, work, now_ms)
    costs = desk.crew.ledger.costs(pool.ground, contact.need, work.weight)
    index = desk.crew.roster.seats.index
    at = pool.at
    free = _with_room(desk, pool, work)
    if but in index:
        free = free & (at != index[but])
    owner = index.get(contact.last_owner_id, -1)
    mine = free & (at == owner) if owner >= 0 else None
    if mine is not None and mine.any():
        return _offer(desk, contact, work, pool, costs, mine, now_ms, all_weighed=False)
    lasts, relaxed = _lasting(desk, pool, costs, now_ms)
    chosen = free & lasts if lasts is not None else free
    ending, kept = int(np.count_nonzero(free)) - int(np.count_nonzero(chosen)), 0
    if not chosen.any():
        reason = WaitingReason.SHIFT_ENDING if ending else pool.reason
        return Found((), _explained(desk, contact, pool, (), 0, ending=ending), reason)
    resting = 0
    if desk.learned.held_ids:
        others = _but_newcomers(desk, contact, at, chosen)
        resting, chosen = int(np.count_nonzero(chosen)) - int(np.count_nonzero(others)), others
    if urgency.deferrable and needs_reserve(desk, work, now_ms):
        spared = _spared(desk, at, chosen)
        if not spared.any():
            urgent_ms = now_ms + urgency.hold_ms - urgency.waited_ms + 1
            kept = int(np.count_nonzero(chosen))
            explanation = _explained(desk, contact, pool, (), 0, ending=ending, kept=kept, resting=resting)
            return Found((), explanation, WaitingReason.KEPT_IN_RESERVE, urgent_ms)
        kept, chosen = int(np.count_nonzero(chosen)) - int(np.count_nonzero(spared)), spared
    return _offer(
        desk,
        contact,
        work,
        pool,
        costs,
        chosen,
        now_ms,
        urgency=urgency,
        free=free,
        relaxed=relaxed,
        ending=ending,
        kept=kept,
        resting=resting,
        noise_seed=seed_of(contact.contact_id, number) if number and desk.crew.settings.exploration else 0,
    )


def reconsider(desk: DeskState, contact: Contact, agent_id: str, now_ms: int, *, may_hold: bool) -> Found:
    """For a contact that a freed agent would take: it goes there, or waits for somebody better."""
    work = contact.lane or work_of(contact, desk.crew.settings)
    pool = desk.crew.pool(work)
    costs = desk.crew.ledger.costs(pool.ground, contact.need, work.weight)
    here = pool.at == desk.crew.roster.seats.index[agent_id]
    if not may_hold:
        return _offer(desk, contact, work, pool, costs, here, now_ms, all_weighed=False)
    urgency, free = urgency_of(desk, contact, work, now_ms), _with_room(desk, pool, work)
    return _offer(
        desk, contact, work, pool, costs, here, now_ms, urgency=urgency, free=free | here, all_weighed=False
    )


def others_waiting(desk: DeskState, contact: Contact) -> int:
    """Live contacts of the same topic and language that wait beside it."""
    count = desk.live_waiting.get(waiting_key(contact), 0)
    own = (
        contact.lane is not None
        and contact.state is ContactState.QUEUED
        and not contact.lane.slope.deferrable
    )
    return max(0, count - own)


def _offer(
    desk: DeskState,
    contact: Contact,
    work: Work,
    pool: Pool,
    costs: Costs,
    chosen: Mask,
    now_ms: int,
    *,
    urgency: Urgency | None = None,
    free: Mask | None = None,
    relaxed: tuple[str, ...] = (),
    all_weighed: bool = True,
    ending: int = 0,
    kept: int = 0,
    resting: int = 0,
    noise_seed: int = 0,
) -> Found:
    """The best of the chosen, unless waiting is better; without an urgency nobody is held."""
    slate = Slate(pool.at[chosen], pool.places[chosen], costs)
    best = ranked(desk, contact, slate, work.weight, now_ms, noise_seed=noise_seed)
    weighed = len(slate.at)
    tested, candidates, again_ms = None, tuple(best), 0
    if urgency is not None and free is not None:
        tested, waited_for, again_ms = _tested(desk, contact, pool, costs, urgency, free, best[0])
        candidates += waited_for
    explanation = _explained(
        desk,
        contact,
        pool,
        candidates,
        weighed,
        hold=tested,
        relaxed=relaxed,
        all_weighed=all_weighed,
        ending=ending,
        kept=kept,
        resting=resting,
        noise_seed=noise_seed,
    )
    if tested is not None and tested.held:
        return Found(tuple(best), explanation, WaitingReason.HELD_FOR_BETTER, now_ms + again_ms)
    return Found(tuple(best), explanation, WaitingReason.UNSPECIFIED)


def _tested(
    desk: DeskState, contact: Contact, pool: Pool, costs: Costs, urgency: Urgency, free: Mask, best: Candidate
) -> tuple[HoldTest | None, tuple[Candidate, ...], int]:
    """The hold test, the busy agent whom waiting is for, and the milliseconds until it is decided again."""
    crew = desk.crew
    busy: Index = np.flatnonzero(~free)
    if not len(busy) or urgency.left_seconds <= 0:
        return None, (), 0
    best_cost = int(costs.total[pool.ground.place_of(crew.roster.seats.index[best.agent_id])])
    kept = _kept_for_preferred(desk, contact, pool, costs, urgency, free, best_cost)
    found = kept or hold_test(
        busy,
        costs.total[pool.places],
        crew.ledger.rate[pool.at],
        best_cost=best_cost,
        waiting=1 + others_waiting(desk, contact),
        waiting_cs=urgency.waiting_cs_of_many(),
        left_seconds=urgency.left_seconds,
    )
    if found is None:
        return None, (), 0
    tested = HoldTest(
        held=found.held,
        best_cost=found.best_cost / MICRO,
        hold_cost=found.hold_cost / MICRO,
        expected_wait_seconds=found.expected_seconds,
        waited_seconds=urgency.waited_ms / SECOND_MS,
        cap_seconds=urgency.hold_ms / SECOND_MS,
        agents=found.agents,
        waiting_cost=found.waiting_cost / MICRO,
    )
    at, place = int(pool.at[found.first]), int(pool.places[found.first])
    slate = Slate(pool.at, pool.places, costs)
    again_ms = max(1, min(round(found.expected_seconds * SECOND_MS), urgency.again_ms))
    return tested, (busy_candidate(crew, slate, place, at, found.expected_seconds),), again_ms


def _kept_for_preferred(
    desk: DeskState, contact: Contact, pool: Pool, costs: Costs, urgency: Urgency, free: Mask, best_cost: int
) -> Hold | None:
    """A bounded wait for the busy agent whom the customer had or asked for, where the bonus outweighs it (2.7)."""
    crew, settings = desk.crew, desk.crew.settings
    agent_id = next(iter(preferred_agents(contact)), "")
    position = crew.roster.seats.index.get(agent_id, -1)
    row = int(np.searchsorted(pool.at, position)) if position >= 0 else len(pool.at)
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
    lasts: Mask = ends[pool.at] - now_ms > factor * SECOND_MS * costs.talk_seconds[pool.places]
    return (lasts, ()) if lasts.any() else (None, ("shift_end",))


def _but_newcomers(desk: DeskState, contact: Contact, at: Index, chosen: Mask) -> Mask:
    """Without newcomers who have had their share for now, where others are left; whom the customer asked for may stay."""
    index, asked = desk.crew.roster.seats.index, preferred_agents(contact)
    held = [index[one] for one in desk.learned.held_ids if one in index and one not in asked]
    others: Mask = chosen & ~np.isin(at, held)
    return others if others.any() else chosen


def _spared(desk: DeskState, at: Index, chosen: Mask) -> Mask:
    """Who of the chosen can be spared for deferrable work: enough are idle, and colleagues stay (2.6)."""
    settings, ids = desk.crew.settings, desk.crew.roster.agent_ids
    everybody = desk.crew.available_count
    idle = int(np.count_nonzero(desk.agents.units[at[chosen]] == 0))
    spared = np.zeros(len(at), np.bool_)
    enough = enough_idle(idle, everybody, settings.reserve_idle_count, settings.reserve_idle_share)
    for row in np.flatnonzero(chosen).tolist():
        spared[row] = is_spare(desk, ids[int(at[row])], idle_enough=enough)
    return spared


def _explained(
    desk: DeskState,
    contact: Contact,
    pool: Pool,
    candidates: tuple[Candidate, ...],
    weighed: int,
    *,
    hold: HoldTest | None = None,
    relaxed: tuple[str, ...] = (),
    all_weighed: bool = True,
    ending: int = 0,
    kept: int = 0,
    resting: int = 0,
    noise_seed: int = 0,
) -> Explanation:
    """`all_weighed` says that every free agent of the pool was weighed but those whose shift ends too soon (`ending`)
    those kept in reserve and newcomers who had their share (`resting`), so that the others are known to be busy."""
    exclusions = pool.exclusions
    if all_weighed and len(pool.at) > weighed:
        busy = len(pool.at) - weighed - ending - kept - resting
        busy += sum(one.agents for one in exclusions if one.rule == "capacity")
        exclusions = tuple([one for one in exclusions if one.rule != "capacity"])
        counted = (
            ("capacity", busy),
            ("shift_end", ending),
            ("newcomer", resting),
            ("reserve", kept),
        )
        exclusions += tuple([Exclusion(rule=rule, agents=agents) for rule, agents in counted if agents])
    return Explanation(
        policy_version=POLICY_VERSION,
        candidates=candidates,
        exclusions=exclusions,
        relaxations=relaxed + pool.relaxations,
        weighed=weighed,
        need=contact.need,
        language=contact.language,
        hold=hold,
        noise_seed=noise_seed,
        price_epoch=desk.crew.tariff.epoch,
        approver_free=desk.crew.beliefs.approver_free,
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
    return _explained(desk, contact, pool, (), 0)
