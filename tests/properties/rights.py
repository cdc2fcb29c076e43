"""What must hold at a step, seen from the state before it: who may be offered, handed, granted (design.md, rules 3, 4)."""

from __future__ import annotations

from services.contract import decisions as d
from services.contract.facts import Presence, TransferReason
from services.router.authority import covers
from services.router.evolve import evolve_desk
from services.router.handover import expected, is_escalation, takes_from_owner
from services.router.model import Contact, ContactState, DeskState, PartitionState


def check_step(before: PartitionState, record: d.Decision) -> None:
    """Walks through a record's events, each with the desk as it stood right before it."""
    desk = before.desks.get(record.desk_id)
    for event in record.events:
        if desk is not None:
            _check(desk, event)
        desk = evolve_desk(desk, event, record.decided_at_ms)


def _check(desk: DeskState, event: d.Event) -> None:
    match event:
        case d.Offered():
            _offer_is_entitled(desk, event)
        case d.Transferred():
            _hop_rises(desk, event)
        case d.ConsultStarted():
            _adviser_may(desk, event)
        case d.ExceptionGranted():
            _grant_is_covered(desk, event)
        case _:
            pass


def _offer_is_no_idle_hop(desk: DeskState, contact: Contact, agent_id: str) -> None:
    """Who is offered it from the queue while its owner is available has more to give than he (rule 3)."""
    owner = desk.agents.get(contact.last_owner_id)
    if contact.state is not ContactState.QUEUED or not takes_from_owner(desk, contact, agent_id):
        return
    if owner is None or owner.presence is not Presence.AVAILABLE:
        return
    levels = desk.crew.roster.levels(contact.need.decision_type, contact.need.currency)
    gain = expected(desk, contact.need, agent_id) - expected(desk, contact.need, contact.last_owner_id)
    assert levels[agent_id] > levels[contact.last_owner_id] or gain > 0.0


def _offer_is_entitled(desk: DeskState, event: d.Offered) -> None:
    """Whoever lacks a right that is known to be needed is offered it only while nobody signed in has it (rule 4)."""
    contact = desk.contacts[event.contact_id]
    _offer_is_no_idle_hop(desk, contact, event.agent_id)
    need, roster = contact.need, desk.crew.roster
    if not need.least_level:
        return
    levels = roster.levels(need.decision_type, need.currency)
    if levels[event.agent_id] >= need.least_level or contact.last_owner_id == event.agent_id:
        return
    others = [
        agent_id
        for agent_id in desk.crew.signed_in
        if levels[agent_id] >= need.least_level
        and (not contact.language or contact.language in roster.speaks[agent_id])
        and agent_id not in (*contact.prior_agent_ids, *contact.decliner_ids)
        and roster.agents[agent_id].capacity_units >= contact.units
        and (not need.topics or any(t.topic_id in roster.certified[agent_id] for t in need.topics))
    ]
    assert not others, f"{event.agent_id} lacks a right that {others} have"


def _hop_rises(desk: DeskState, event: d.Transferred) -> None:
    """A hop goes to nobody who had it, and raises authority or expected resolution (rule 3).

    Over what the owner could still reach: one who is stuck nothing alone, with advice a share of his own, after advice in
    vain nothing (docs/decisions/0073). Whatever a desk has set, that share is at least a half.
    """
    contact = desk.contacts[event.contact_id]
    assert event.to_agent_id not in (contact.owner_id, *contact.prior_agent_ids)
    if contact.owner_id not in desk.agents:
        return
    need = contact.need
    levels = desk.crew.roster.levels(need.decision_type, need.currency)
    rises = levels[event.to_agent_id] > levels[contact.owner_id]
    gain = expected(desk, need, event.to_agent_id) - expected(desk, need, contact.owner_id)
    if is_escalation(event.reason):
        assert rises or gain > 0.0
    elif event.reason is TransferReason.WRONG_TOPIC:
        assert gain > 0.0
    else:
        share = 1.0
        if event.reason is TransferReason.STUCK:
            share = 0.0 if contact.advised else desk.crew.settings.advised_share
            assert contact.advised or share >= 0.5
        theirs, own = expected(desk, need, event.to_agent_id), expected(desk, need, contact.owner_id)
        assert theirs - share * own >= desk.crew.settings.hop_gain - 2e-6


def _adviser_may(desk: DeskState, event: d.ConsultStarted) -> None:
    """An adviser is somebody else who is there, has not left this request, and for a decision may decide it."""
    request = desk.helps[event.help_id]
    assert event.adviser_id not in (request.owner_id, *request.left_ids)
    assert event.adviser_id in desk.crew.available
    wanted = request.decision_wanted
    if wanted is not None and wanted.decision_type:
        assert covers(desk.desk, desk.crew.roster.agents[event.adviser_id], wanted)


def _grant_is_covered(desk: DeskState, event: d.ExceptionGranted) -> None:
    """What is granted is within the grants of who grants it, or of the approval that it uses up."""
    contact, wanted = desk.contacts[event.contact_id], event.decision
    assert wanted is not None and contact.state is not ContactState.CLOSED
    if not event.approver_id:
        assert covers(desk.desk, desk.crew.roster.agents[event.agent_id], wanted)
        return
    given = [one.decision for one in contact.approvals if one.approver_id == event.approver_id]
    used = event.approval or given[0]
    assert used in given and used.amount_minor >= wanted.amount_minor
    assert (used.decision_type, used.currency) == (wanted.decision_type, wanted.currency)
