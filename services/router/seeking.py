"""What a contact that looks for an agent finds: somebody free, somebody better worth a wait, or nobody yet.

The steps of routing.md 2.4: of everybody who may take it (eligibility) those with room; for deferrable work only who
can be spared (2.6); the least score S among them; then the hold test against those who are busy. It asks, and changes
nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from services.contract.decisions import Candidate, Exclusion, Explanation, HoldTest, WaitingReason
from services.router import compiled, kernels
from services.router.eligibility import Index, Mask, Pool
from services.router.evolve.work import work_of
from services.router.found import Found, Search
from services.router.handover import is_kept, raisers
from services.router.holding import WaitedFor, has_room, tested
from services.router.model import Contact, DeskState
from services.router.policy.cost import MICRO
from services.router.policy.hold import Hold
from services.router.policy.noise import seed_of
from services.router.score import Ranking, Slate, busy_candidate, candidates_of, ranking_of
from services.router.spare import needs_reserve, resting_places, spared
from services.router.urgency import Urgency, urgency_of
from services.router.waiting import Work

if TYPE_CHECKING:
    from services.router.kernels.arrival import Choice, Row

POLICY_VERSION = "r1.3"
SECOND_MS = 1_000


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
    if kernels.COMPILED:
        found = crew.ledger.seeker.search(desk, contact, now_ms, but, number)
        if found is not None:
            return found
    work = contact.lane or work_of(contact, crew.settings)
    pool = crew.pool(work)
    index = crew.roster.seats.index
    asked = index.get(but, -1) if but else -1
    chosen = with_room(desk, pool, work, asked)
    if not len(chosen):
        return Search(pool, reason=pool.reason)
    owner = index.get(contact.last_owner_id, -1) if contact.last_owner_id else -1
    if owner >= 0 and (chosen == owner).any():
        here = np.array([owner])
        return _chosen(desk, contact, Search(pool, all_weighed=False), here, None, work, now_ms)
    owned, raising = 0, None
    if contact.owner_kept and is_kept(desk, contact):
        raising = raisers(desk, contact, pool.at)
        gaining = chosen[raisers(desk, contact, chosen)]
        owned, chosen = len(chosen) - len(gaining), gaining
    lasting, relaxed = _lasting(desk, pool, contact, chosen, now_ms)
    ending, chosen = len(chosen) - len(lasting), lasting
    if not len(chosen):
        reason = WaitingReason.SHIFT_ENDING if ending else pool.reason
        return Search(pool, reason=reason, ending=ending, owned=owned)
    resting = 0
    if desk.learned.held_ids:
        others = _but_newcomers(desk, contact, chosen)
        resting, chosen = len(chosen) - len(others), others
    urgency = urgency_of(desk, contact, work, now_ms)
    kept = 0
    if urgency.deferrable and needs_reserve(desk, work, now_ms):
        left = spared(desk, chosen)
        kept = len(chosen) - len(left)
        if not len(left):
            return Search(
                pool,
                reason=WaitingReason.KEPT_IN_RESERVE,
                again_at_ms=now_ms + urgency.hold_ms - urgency.waited_ms + 1,
                ending=ending,
                kept=kept,
                resting=resting,
                owned=owned,
            )
        chosen = left
    base = Search(
        pool,
        urgency=urgency,
        relaxed=relaxed,
        ending=ending,
        kept=kept,
        resting=resting,
        noise_seed=seed_of(contact.contact_id, number) if number and crew.settings.exploration else 0,
        owned=owned,
    )
    return _chosen(desk, contact, base, chosen, WaitedFor(asked, -1, raising), work, now_ms)


def compare(desk: DeskState, contact: Contact, agent_id: str, now_ms: int, *, may_hold: bool) -> Search:
    """As `reconsider`, before it is told."""
    if kernels.COMPILED:
        at = desk.crew.roster.seats.index[agent_id]
        return desk.crew.ledger.seeker.compare(desk, contact, at, now_ms, may_hold)
    work = contact.lane or work_of(contact, desk.crew.settings)
    pool = desk.crew.pool(work)
    position = desk.crew.roster.seats.index[agent_id]
    here = np.array([position])
    if not may_hold:
        return _chosen(desk, contact, Search(pool, all_weighed=False), here, None, work, now_ms)
    base = Search(pool, urgency=urgency_of(desk, contact, work, now_ms), all_weighed=False)
    return _chosen(desk, contact, base, here, WaitedFor(-1, position, None), work, now_ms)


def _chosen(
    desk: DeskState,
    contact: Contact,
    base: Search,
    chosen: Index,
    waited_for: WaitedFor | None,
    work: Work,
    now_ms: int,
) -> Search:
    """The best of the chosen, who are some, unless waiting is better; without `waited_for` nobody is held."""
    ranking: Ranking | Choice
    hold: Hold | None = None
    busy: Slate | Row | None = None
    urgency = base.urgency
    if kernels.COMPILED and not base.noise_seed:
        asked, ranking = compiled.best_of(desk, contact, chosen, work, now_ms)
        if urgency is not None and waited_for is not None:
            hold, busy = compiled.tested(
                desk, contact, base.pool, urgency, waited_for, work, asked, ranking.cost
            )
    else:
        task = desk.crew.ledger.task(contact.need, work.weight)
        slate = Slate(chosen, desk.crew.ledger.costs_of(chosen, task))
        ranking = ranking_of(desk, contact, slate, work.weight, now_ms, noise_seed=base.noise_seed)
        if urgency is not None and waited_for is not None:
            best_cost = slate.costs.total.item(ranking.best)
            hold, busy = tested(desk, contact, base.pool, urgency, waited_for, work, task, best_cost)
    if urgency is None or hold is None or not hold.held:
        return _with(base, ranking, hold, busy, WaitingReason.UNSPECIFIED, 0)
    again_ms = max(1, min(round(hold.expected_seconds * SECOND_MS), urgency.again_ms))
    return _with(base, ranking, hold, busy, WaitingReason.HELD_FOR_BETTER, now_ms + again_ms)


def _with(
    base: Search,
    ranking: Ranking | Choice,
    hold: Hold | None,
    busy: Slate | Row | None,
    reason: WaitingReason,
    again_at_ms: int,
) -> Search:
    return Search(
        base.pool,
        ranking,
        base.urgency,
        hold,
        busy,
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
    if hold is not None and found.urgency is not None and found.busy is not None:
        tested = _hold_told(hold, found.urgency)
        candidates = (*best, busy_candidate(crew, found.busy, hold.first, hold.expected_seconds))
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


def with_room(desk: DeskState, pool: Pool, work: Work, but: int = -1) -> Index:
    """Places in the roster of those of the pool who have room for it now, rising; without one of them."""
    if kernels.COMPILED:
        return compiled.room_of(desk, pool, work, but)
    roomy = desk.agents.roomy
    if len(roomy) < len(pool.ground.index):
        at = roomy[pool.ground.mask[roomy]]
        for place in pool.barred:
            at = at[at != pool.ground.index[place]]
    else:
        at = pool.at
    found: Index = at[has_room(desk, at, work)]
    return found if but < 0 else found[found != but]


def _lasting(
    desk: DeskState, pool: Pool, contact: Contact, chosen: Index, now_ms: int
) -> tuple[Index, tuple[str, ...]]:
    """Whose shift lasts long enough, everybody's where it does not matter; relaxed where nobody's of the pool does."""
    ends, factor = desk.agents.shift_ends, desk.crew.settings.shift_end_factor
    if ends is None or not factor:
        return chosen, ()
    ledger = desk.crew.ledger
    lasts: Mask = ends[chosen] - now_ms > factor * SECOND_MS * ledger.talk_seconds(chosen, contact.need)
    if not lasts.any():
        at = pool.at
        if not (ends[at] - now_ms > factor * SECOND_MS * ledger.talk_seconds(at, contact.need)).any():
            return chosen, ("shift_end",)
    return chosen[lasts], ()


def _but_newcomers(desk: DeskState, contact: Contact, chosen: Index) -> Index:
    """Without newcomers who have had their share for now, where others are left; whom the customer asked for may stay."""
    others: Index = chosen[~np.isin(chosen, resting_places(desk, contact))]
    return others if len(others) else chosen


def _explained(
    desk: DeskState,
    contact: Contact,
    found: Search,
    candidates: tuple[Candidate, ...],
    hold: HoldTest | None,
) -> Explanation:
    pool, ranking = found.pool, found.ranking
    weighed = ranking.weighed if ranking is not None else 0
    exclusions: tuple[Exclusion, ...] = pool.exclusions
    if found.all_weighed and len(pool.at) > weighed:
        busy = len(pool.at) - weighed - found.ending - found.kept - found.resting - found.owned
        others, never = pool.but_capacity
        busy += never
        counted = (
            ("capacity", busy),
            ("shift_end", found.ending),
            ("newcomer", found.resting),
            ("reserve", found.kept),
            ("owner", found.owned),
        )
        exclusions = (
            *others,
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
