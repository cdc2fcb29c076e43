"""Who may receive a hand-over: never somebody who had it, and only with strictly more to give (routing.md 2.8).

Coverage of the needed level, then expected resolution, rises strictly with every hop and those who had it are
left out, so that there are no cycles; and there are at most two hops by construction.
"""

from __future__ import annotations

from services.contract.facts import TransferReason
from services.router.model import Contact, DeskState
from services.router.need import certificates
from services.router.score import authority_covers, resolves

RESOLUTION_GAIN = 0.10
"""Least rise of the expected resolution at a hop that brings no more authority."""
HOPS_MAX = 2
"""One hop, and one for a wrong topic."""
_BY_AUTHORITY = (TransferReason.LACKS_AUTHORITY, TransferReason.CUSTOMER_WANTS_MANAGER)


def is_escalation(reason: TransferReason) -> bool:
    """True when the hop goes to higher authority."""
    return reason in _BY_AUTHORITY


def hop_left(contact: Contact, reason: TransferReason) -> bool:
    """True while the contact may hop for this reason."""
    if contact.hops >= HOPS_MAX:
        return False
    if reason is TransferReason.WRONG_TOPIC:
        return contact.topic_hops == 0
    return contact.hops - contact.topic_hops == 0


def receivers(desk: DeskState, contact: Contact, reason: TransferReason | None = None) -> tuple[str, ...]:
    """Available agents, free or busy, who may receive the contact from its owner; sorted.

    The reason is the running hand-over's where none is given. Rights count only where the contact needs some.
    """
    if reason is None:
        reason = contact.handover.reason if contact.handover is not None else TransferReason.UNSPECIFIED
    roster, need, owner_id = desk.crew.roster, contact.need, contact.owner_id
    levels = roster.levels(need.decision_type, need.currency)
    in_play = bool(need.decision_type) or need.least_level > 0
    own = levels.get(owner_id, 0) if in_play else 0
    floor = max(own, need.least_level)
    own_q = resolves(roster, need, owner_id, authority_covers(levels, need, owner_id))
    left_out = {owner_id, *contact.prior_agent_ids, *contact.decliner_ids}
    wanted = frozenset(certificates(need)) if not is_escalation(reason) else frozenset()
    found = []
    for agent_id in desk.crew.available:
        level = levels[agent_id] if in_play else 0
        if agent_id in left_out or level < floor:
            continue
        if contact.language and contact.language not in roster.speaks[agent_id]:
            continue
        if wanted and wanted.isdisjoint(roster.certified[agent_id]):
            continue
        if level > own or (
            not is_escalation(reason)
            and resolves(roster, need, agent_id, authority_covers(levels, need, agent_id))
            >= own_q + RESOLUTION_GAIN
        ):
            found.append(agent_id)
    return tuple(found)
