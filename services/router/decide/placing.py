"""Bringing contacts and agents together: a contact looks for an agent, or an agent for the next contact.

Both ways use the same pools (eligibility) and the same ranking (score), so a contact never waits while somebody
eligible is free, and nobody who is free waits while there is something for him (routing.md 2.4, 2.5).
"""

from __future__ import annotations

from services.contract.decisions import (
    AuthorityCover,
    Candidate,
    ContactQueued,
    Exclusion,
    Explanation,
    Need,
    Offered,
)
from services.contract.desk import Desk
from services.contract.facts import Presence
from services.router.decide import helping
from services.router.decide.step import Step
from services.router.eligibility import Pool
from services.router.evolve.work import kind_of, work_of
from services.router.handover import may_receive, receivers
from services.router.model import Contact, ContactState
from services.router.need import top_topic
from services.router.picking import next_contact_id
from services.router.promises import first_deadline_ms
from services.router.score import rank
from services.router.waiting import Kind

POLICY_VERSION = "r1.first"
OFFERS_PER_TURN_MAX = 32
"""Contacts that one freed agent is given in one decision."""


def place(step: Step, contact_id: str, *, but: str = "") -> None:
    """Offers the contact to the best free agent, or queues it; `but` was asked just now."""
    contact = step.contact(contact_id)
    pool = step.crew.pool(contact.lane or work_of(contact, step.crew.settings))
    free = [a for a in _free(step, pool.agent_ids, contact.units) if a != but]
    if contact.last_owner_id in free:
        free = [contact.last_owner_id]
    if free:
        best = rank(step.desk, contact, free, step.at_ms)
        _offer(step, contact, best, _explained(contact, pool, best, len(free)))
    elif contact.state is not ContactState.QUEUED:
        queue(step, contact, pool)


def queue(step: Step, contact: Contact, pool: Pool | None = None, *, ahead: bool = False) -> None:
    """The contact waits; an offer that failed keeps its place, a lost agent puts it ahead of its class."""
    again = contact.state in (ContactState.ASSIGNED, ContactState.PROMISED, ContactState.HANDING_OVER)
    pool = pool or step.crew.pool(work_of(contact, step.crew.settings))
    queued_at_ms = step.at_ms if again else contact.queued_at_ms
    first = not contact.queue_id
    step.emit(
        ContactQueued(
            contact_id=contact.contact_id,
            queue_id=contact.queue_id or queue_of(step.desk.desk, contact.need, contact),
            reason=pool.reason,
            queued_at_ms=queued_at_ms,
            deadline_at_ms=first_deadline_ms(step.limits, contact, queued_at_ms, step.at_ms),
            ahead=ahead or contact.ahead,
            explanation=_explained(contact, pool, [], 0) if first else None,
            channel=contact.channel,
        )
    )


def serve(step: Step, agent_id: str, *, but: str = "") -> None:
    """Gives a free agent what waits: requests for help, hand-overs, contacts; `but` is not offered again now."""
    for _ in range(OFFERS_PER_TURN_MAX):
        agent = step.desk.agents.get(agent_id)
        if agent is None:
            return
        room = step.crew.roster.agents[agent_id].capacity_units - agent.used_units
        if agent.presence is not Presence.AVAILABLE or room <= 0:
            return
        if helping.join_oldest(step, agent_id, room) or _take_handover(step, agent_id, room, but):
            continue
        contact_id = next_contact_id(step.desk, agent_id, room, step.at_ms, but=but)
        if contact_id is None:
            return
        contact = step.contact(contact_id)
        pool = step.crew.pool(contact.lane or work_of(contact, step.crew.settings))
        best = rank(step.desk, contact, [agent_id], step.at_ms)
        _offer(step, contact, best, _explained(contact, pool, best, 1, all_weighed=False))


def offer_handover(step: Step, contact_id: str) -> bool:
    """Offers a contact that is handed over to the best free receiver; False when none is free."""
    contact = step.contact(contact_id)
    free = _free(step, receivers(step.desk, contact), contact.units)
    if not free:
        return False
    best = rank(step.desk, contact, free, step.at_ms)
    _offer(step, contact, best, _explained(contact, None, best, len(free)))
    return True


def queue_of(desk: Desk, need: Need, contact: Contact) -> str:
    """The first queue that takes topic and channel, else the last one; empty for a desk without queues."""
    topic, channel = top_topic(need), contact.channel.label
    for one in desk.queues:
        takes_topic = not one.topic_ids or topic in one.topic_ids
        if takes_topic and (not one.channels or channel in one.channels):
            return one.queue_id
    return desk.queues[-1].queue_id if desk.queues else ""


def _free(step: Step, agent_ids: tuple[str, ...], units: int) -> list[str]:
    agents, people = step.desk.agents, step.crew.roster.agents
    return [a for a in agent_ids if agents[a].used_units + units <= people[a].capacity_units]


def _take_handover(step: Step, agent_id: str, room: int, but: str) -> bool:
    """Offers the agent the oldest hand-over that it may receive."""
    for contact_id in step.desk.handover_ids:
        contact = step.contact(contact_id)
        if contact.offer_id or contact_id == but or contact.units > room:
            continue
        if may_receive(step.desk, contact, agent_id):
            best = rank(step.desk, contact, [agent_id], step.at_ms)
            _offer(step, contact, best, _explained(contact, None, best, 1))
            return True
    return False


def _offer(step: Step, contact: Contact, best: list[Candidate], explanation: Explanation) -> None:
    call = kind_of(contact.channel, contact.medium) is Kind.CALL
    expires_at_ms = step.at_ms + (step.limits.offer_phone_ms if call else step.limits.offer_other_ms)
    if contact.handover is not None:
        expires_at_ms = min(expires_at_ms, contact.handover.deadline_at_ms)
    step.emit(
        Offered(
            offer_id=step.new_id(contact.contact_id, "o"),
            contact_id=contact.contact_id,
            agent_id=best[0].agent_id,
            units=contact.units,
            expires_at_ms=expires_at_ms,
            authority=_cover(contact.need, best[0]),
            explanation=explanation,
            channel=contact.channel,
            queue_id=contact.queue_id or queue_of(step.desk.desk, contact.need, contact),
        )
    )


def _cover(need: Need, chosen: Candidate) -> AuthorityCover:
    """As estimated now: known needs by their level, others by which is likelier."""
    if not need.known and not need.topics:
        return AuthorityCover.UNKNOWN
    return AuthorityCover.COVERS if chosen.authority_covers >= 0.5 else AuthorityCover.SHORT


def _explained(
    contact: Contact,
    pool: Pool | None,
    candidates: list[Candidate],
    weighed: int,
    *,
    all_weighed: bool = True,
) -> Explanation:
    """`all_weighed` says that every free agent of the pool was weighed, so that the others are known to be busy."""
    exclusions = () if pool is None else pool.exclusions
    if pool is not None and all_weighed and len(pool.agent_ids) > weighed:
        busy = len(pool.agent_ids) - weighed + sum(one.agents for one in exclusions if one.rule == "capacity")
        exclusions = tuple([one for one in exclusions if one.rule != "capacity"])
        exclusions = (*exclusions, Exclusion(rule="capacity", agents=busy))
    return Explanation(
        policy_version=POLICY_VERSION,
        candidates=tuple(candidates),
        exclusions=exclusions,
        relaxations=() if pool is None else pool.relaxations,
        weighed=weighed,
        need=contact.need,
        language=contact.language,
    )
