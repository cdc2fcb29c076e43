"""Bringing contacts and agents together: a contact looks for an agent, or an agent for the next contact.

Both ways use the same pools (eligibility) and the same ranking (score), so a contact never waits while somebody
eligible is free, and nobody who is free waits while there is something for him (routing.md 2.4, 2.5).
"""

from __future__ import annotations

import numpy as np

from services.contract.decisions import (
    AuthorityCover,
    Candidate,
    ContactQueued,
    DeadlineMoved,
    Explanation,
    Need,
    Offered,
)
from services.contract.desk import Desk
from services.contract.facts import Presence
from services.router.decide import helping
from services.router.decide.step import Step
from services.router.evolve.work import kind_of, work_of
from services.router.found import Found
from services.router.handover import may_receive, receivers
from services.router.model import AgentState, Contact, ContactState
from services.router.need import top_topic
from services.router.picking import next_pick, room_for
from services.router.promises import first_deadline_ms
from services.router.score import rank
from services.router.seeking import explained_handover, explained_waiting, reconsider, seek
from services.router.waiting import CALL, MESSAGE

OFFERS_PER_TURN_MAX = 32
"""Contacts that one freed agent is given in one decision."""
HEADS_HELD_MAX = 8
"""Contacts that may be held, one after another, before a freed agent is left idle."""
_AVAILABLE, _QUEUED = Presence.AVAILABLE, ContactState.QUEUED
_BACK = frozenset(
    {
        ContactState.ASSIGNED,
        ContactState.PROMISED,
        ContactState.HANDING_OVER,
        ContactState.AWAITING_CUSTOMER,
    }
)
"""States from which a contact begins a queue entry of its own."""


def place(step: Step, contact_id: str, *, but: str = "") -> None:
    """Offers the contact to the best free agent, or lets it wait; `but` was asked just now."""
    contact = step.contact(contact_id)
    found = seek(step.desk, contact, step.at_ms, but=but, number=step.number)
    if found.offered:
        offer(step, contact, found)
    elif contact.state is _QUEUED:
        _wait_on(step, contact, found)
    else:
        queue(step, contact, found)


def queue(
    step: Step, contact: Contact, found: Found | None = None, *, ahead: bool = False, owner_kept: bool = False
) -> None:
    """The contact waits; an offer that failed keeps its place, a lost agent puts it ahead of its class.

    `owner_kept`: its owner was not lost, so that another agent takes it from him by a hop.
    """
    step.emit(queued(step, contact, found, ahead=ahead, owner_kept=owner_kept))


def queued(
    step: Step, contact: Contact, found: Found | None = None, *, ahead: bool = False, owner_kept: bool = False
) -> ContactQueued:
    """What `queue` says."""
    again = contact.state in _BACK
    queued_at_ms = step.at_ms if again else contact.queued_at_ms
    first = not contact.queue_id
    if found is None:
        pool = step.crew.pool(work_of(contact, step.crew.settings))
        reason, again_at_ms = pool.reason, 0
        explanation = explained_waiting(step.desk, contact, pool) if first else None
    else:
        reason, again_at_ms = found.reason, found.again_at_ms
        explanation = found.explanation if first or found.explanation.hold is not None else None
    deadline_at_ms = first_deadline_ms(step.limits, contact, queued_at_ms, step.at_ms)
    return ContactQueued(
        contact_id=contact.contact_id,
        queue_id=contact.queue_id or queue_of(step.desk.desk, contact.need, contact),
        reason=reason,
        queued_at_ms=queued_at_ms,
        deadline_at_ms=min(again_at_ms, deadline_at_ms) if again_at_ms else deadline_at_ms,
        ahead=ahead or contact.ahead,
        explanation=explanation,
        channel=contact.channel,
        owner_kept=owner_kept,
    )


def _wait_on(step: Step, contact: Contact, found: Found) -> None:
    """The contact goes on waiting: until its next promise, or sooner where it is held on purpose."""
    deadline_at_ms = first_deadline_ms(step.limits, contact, contact.queued_at_ms, step.at_ms)
    held = bool(found.again_at_ms) and found.again_at_ms < deadline_at_ms
    if held:
        deadline_at_ms = found.again_at_ms
    if contact.deadline_at_ms > step.at_ms and (not held or contact.deadline_at_ms <= deadline_at_ms):
        return  # it is looked at soon enough as it is
    step.emit(
        DeadlineMoved(
            contact_id=contact.contact_id,
            deadline_at_ms=deadline_at_ms,
            reason=found.reason.label,
            explanation=found.explanation if held else None,
        )
    )


def serve(step: Step, agent_id: str, *, but: str = "") -> None:
    """Gives a free agent what waits: requests for help, hand-overs, contacts; `but` is not offered again now.

    A contact that is better held for somebody else is left, and the next dearest is looked at, so that a hold keeps
    no agent from other work; each held contact is decided again by its own deadline.
    """
    held: set[str] = set()
    for _ in range(OFFERS_PER_TURN_MAX):
        agent = step.desk.agents.get(agent_id)
        if agent is None or agent.presence is not _AVAILABLE:
            return
        room, room_call = (room_for(step.desk, agent, kind) for kind in (MESSAGE, CALL))
        if room_call <= 0:
            return
        if room > 0 and (
            helping.join_oldest(step, agent_id, room) or _take_handover(step, agent_id, room, but)
        ):
            continue
        if agent.kept_ids and _take_kept(step, agent):
            continue
        pick = next_pick(step.desk, agent_id, step.at_ms, but=but, left_out=held)
        if pick is None:
            return
        contact = step.contact(pick.contact_id)
        found = reconsider(step.desk, contact, agent_id, step.at_ms, may_hold=pick.may_hold)
        if found.offered:
            offer(step, contact, found)
            continue
        _wait_on(step, contact, found)
        held.add(pick.contact_id)
        if len(held) >= HEADS_HELD_MAX:
            return


def give_to_owner(step: Step, contact_id: str) -> None:
    """A contact whose owner has room goes to him at once, seen by nobody else meanwhile."""
    owner_id = step.contact(contact_id).owner_id
    queue(step, step.contact(contact_id), ahead=True, owner_kept=True)
    contact = step.contact(contact_id)
    at = np.array([step.crew.roster.seats.index[owner_id]])
    best = rank(step.desk, contact, at, step.at_ms)
    _offer(step, contact, best[0], explained_handover(step.desk, contact, best, 1))


def owner_has_room(step: Step, contact: Contact) -> bool:
    """True when the contact's owner takes work and the units fit beside what he holds."""
    owner = step.desk.agents.get(contact.owner_id)
    if owner is None or owner.presence is not _AVAILABLE:
        return False
    return room_for(step.desk, owner, kind_of(contact.channel, contact.medium)) >= contact.units


def _take_kept(step: Step, agent: AgentState) -> bool:
    """Gives the agent the first contact of his own that is due and fits; False when there is none."""
    for contact_id in agent.kept_ids:
        if owner_has_room(step, step.contact(contact_id)):
            give_to_owner(step, contact_id)
            return True
    return False


def offer_handover(step: Step, contact_id: str) -> bool:
    """Offers a contact that is handed over to the best free receiver; False when none is free."""
    contact = step.contact(contact_id)
    at = receivers(step.desk, contact)
    free = at[step.desk.agents.units[at] + contact.units <= step.crew.roster.capacity[at]]
    if not len(free):
        return False
    best = rank(step.desk, contact, free, step.at_ms)
    _offer(step, contact, best[0], explained_handover(step.desk, contact, best, len(free)))
    return True


def queue_of(desk: Desk, need: Need, contact: Contact) -> str:
    """The first queue that takes topic and channel, else the last one; empty for a desk without queues."""
    for one in desk.queues:
        takes_topic = not one.topic_ids or top_topic(need) in one.topic_ids
        if takes_topic and (not one.channels or contact.channel.label in one.channels):
            return one.queue_id
    return desk.queues[-1].queue_id if desk.queues else ""


def _take_handover(step: Step, agent_id: str, room: int, but: str) -> bool:
    """Offers the agent the oldest hand-over that it may receive."""
    for contact_id in step.desk.handover_ids:
        contact = step.contact(contact_id)
        if contact.offer_id or contact_id == but or contact.units > room:
            continue
        if may_receive(step.desk, contact, agent_id):
            here = np.array([step.crew.roster.seats.index[agent_id]])
            best = rank(step.desk, contact, here, step.at_ms)
            _offer(step, contact, best[0], explained_handover(step.desk, contact, best, 1))
            return True
    return False


def offer(step: Step, contact: Contact, found: Found) -> None:
    """Offers the contact to the best that a search found."""
    _offer(step, contact, found.candidates[0], found.explanation)


def _offer(step: Step, contact: Contact, best: Candidate, explanation: Explanation) -> None:
    call = kind_of(contact.channel, contact.medium) is CALL
    expires_at_ms = step.at_ms + (step.limits.offer_phone_ms if call else step.limits.offer_other_ms)
    if contact.handover is not None:
        expires_at_ms = min(expires_at_ms, contact.handover.deadline_at_ms)
    step.emit(
        Offered(
            offer_id=step.new_id(contact.contact_id, "o"),
            contact_id=contact.contact_id,
            agent_id=best.agent_id,
            units=contact.units,
            expires_at_ms=expires_at_ms,
            authority=_cover(contact.need, best),
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
