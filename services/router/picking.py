"""Which waiting contact a free agent gets next (routing.md 2.5).

First whoever this very agent had or was asked for by name; then the guard: waiting over three targets, oldest first;
then the greatest value V (policy/value.py), live work before deferrable work that is not urgent yet (2.6). The cost
of waiting grows without bound, so nobody starves. Only the heads of the classes compete: inside a class only the
waiting differs.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from services.router.crew import Crew
from services.router.eligibility import Pool
from services.router.evolve.work import waiting_key
from services.router.model import AgentState, Contact, DeskState
from services.router.policy.cost import Costs
from services.router.policy.reserve import enough_idle, may_leave
from services.router.policy.value import next_agent_seconds, value
from services.router.urgency import Urgency, urgency_of
from services.router.waiting import Kind, Work

_MINE, _GUARD, _LIVE, _DEFERRABLE = 0, 1, 2, 3


@dataclass(frozen=True, slots=True)
class Pick:
    """The contact that an agent should be offered."""

    contact_id: str
    pool: Pool
    may_hold: bool
    """It is live work that competes by value, so waiting for a better agent may be right."""


def room_for(desk: DeskState, agent: AgentState, kind: Kind) -> int:
    """Units that the agent may be given of work of a kind; a call stops what is interruptible."""
    capacity = desk.crew.roster.agents[agent.agent_id].capacity_units
    stops = kind is Kind.CALL and desk.crew.settings.interrupt_email
    return capacity - agent.used_units + (agent.soft_units if stops else 0)


def next_pick(
    desk: DeskState, agent_id: str, now_ms: int, *, but: str = "", left_out: Collection[str] = ()
) -> Pick | None:
    """The contact that the agent should be offered, or None; ties by who waits longer, then by id."""
    crew, agent = desk.crew, desk.agents[agent_id]
    at = crew.roster.seats.index[agent_id]
    room = room_for(desk, agent, Kind.MESSAGE)
    room_call = room_for(desk, agent, Kind.CALL)
    byte, bit, known, contacts = at >> 3, 1 << (at & 7), crew.known, desk.contacts
    spare: bool | None = None
    shifts = desk.agents.shift_ends is not None and crew.settings.shift_end_factor > 0
    best: tuple[tuple[int, int, int, str], Pick] | None = None
    for slope, front in desk.fronts.items():  # any order: the least of total keys is taken
        space = room_call if slope.kind is Kind.CALL else room
        mine = slope.preferred == agent_id
        if space <= 0 or (best is not None and best[0][0] == _MINE and not mine):
            continue
        for _, since_ms, contact_id, work in front:
            entry = known.get(id(work))
            pool = entry[1] if entry is not None and entry[0] is work else crew.pool(work)
            if not pool.ground.bits[byte] & bit or work.fit.units > space:
                continue
            if contact_id == but or contact_id in left_out or (pool.barred and not pool.has(at)):
                continue
            contact = contacts[contact_id]
            urgency = urgency_of(desk, contact, work, now_ms)
            rank, worth = _LIVE, 0
            if mine:
                rank = _MINE
            elif urgency.guarded:
                rank = _GUARD
            else:
                if urgency.deferrable:
                    rank = _DEFERRABLE
                if best is not None and rank > best[0][0]:
                    continue
                if rank == _DEFERRABLE and needs_reserve(desk, work, now_ms):
                    spare = is_spare(desk, agent_id) if spare is None else spare
                    if not spare:
                        continue
                if shifts and not fits_shift(desk, at, _seconds(crew, pool, contact, work, at), now_ms):
                    continue
                worth = -_value(desk, pool, contact, work, urgency, at)
            key = (rank, worth, since_ms, contact_id)
            if best is None or key < best[0]:
                best = key, Pick(contact_id, pool, rank == _LIVE and urgency.patience is not None)
    return best[1] if best is not None else None


def needs_reserve(desk: DeskState, work: Work, now_ms: int) -> bool:
    """True for deferrable work that no call interrupts, at a desk that has live work now and then."""
    if work.kind is Kind.EMAIL and desk.crew.settings.interrupt_email:
        return False
    return bool(desk.live_at_ms) and now_ms - desk.live_at_ms <= LIVE_LATELY_MS


def is_spare(desk: DeskState, agent_id: str, *, idle_enough: bool | None = None) -> bool:
    """True when the desk can do without this agent for a while (routing.md 2.6).

    `idle_enough` says whether enough of those who count are idle; without it all idle agents count.
    """
    settings, agents = desk.crew.settings, desk.agents
    everybody = desk.crew.available_count
    if everybody < RESERVE_AGENTS_MIN:
        return True
    if idle_enough is None:
        count, share = settings.reserve_idle_count, settings.reserve_idle_share
        idle_enough = enough_idle(agents.idle, everybody, count, share)
    if not idle_enough:
        return False
    at = agents.seats.index[agent_id]
    rows, level = agents.seats.topics[at], agents.seats.level[at]
    return may_leave(agents.idle_counts, rows, level, settings.reserve_agents)


def fits_shift(desk: DeskState, at: int, talk_seconds: float, now_ms: int) -> bool:
    """True when the agent's shift lasts long enough for it."""
    ends = desk.agents.shift_ends
    if ends is None:
        return True
    return int(ends[at]) - now_ms > desk.crew.settings.shift_end_factor * talk_seconds * 1000


RESERVE_AGENTS_MIN = 20
"""A desk with fewer agents available keeps none of them in reserve."""
LIVE_LATELY_MS = 3_600_000
"""Nothing is kept in reserve where no live contact came for this long."""


def _costs(crew: Crew, pool: Pool, contact: Contact, work: Work) -> Costs:
    return crew.ledger.costs(pool.ground, contact.need, work.weight)


def _seconds(crew: Crew, pool: Pool, contact: Contact, work: Work, at: int) -> float:
    return float(_costs(crew, pool, contact, work).talk_seconds[pool.ground.place_of(at)])


def _value(desk: DeskState, pool: Pool, contact: Contact, work: Work, urgency: Urgency, at: int) -> int:
    """V of a head at the agent, in micro-cs."""
    crew = desk.crew
    costs = _costs(crew, pool, contact, work)
    waiting = max(1, desk.live_waiting.get(waiting_key(contact), 0))
    ahead = next_agent_seconds(waiting, pool.rate_sum(crew.ledger))
    here = int(costs.total[pool.ground.place_of(at)])
    return value(urgency.waiting_cs(ahead), ahead, pool.mean_cost(costs), here)
