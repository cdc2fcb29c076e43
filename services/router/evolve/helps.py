"""Consults, approvals and hand-overs: the owner keeps the customer until somebody else has accepted him."""

# ruff: noqa: ARG001 - every event is evolved by a function of one signature

from __future__ import annotations

from services.contract.decisions import (
    ConsultEnded,
    ConsultStarted,
    HandoverEnded,
    HandoverStarted,
    HelpPassedOn,
    HelpRequested,
)
from services.contract.facts import HelpKind, HelpResult
from services.router.evolve.agents import agent_of, freed, reserved, without
from services.router.evolve.contacts import contact_of, given_back, with_contact
from services.router.evolve.errors import CorruptLog
from services.router.evolve.levels import is_advice, level_of
from services.router.evolve.work import kind_of
from services.router.model import (
    MAY_HAVE_HELP,
    Approval,
    ContactState,
    DeskState,
    Handover,
    Help,
    changed,
)

APPROVALS_MAX = 8
"""Unused approvals kept per contact, and refused ones, the newest."""


def requested(desk: DeskState, event: HelpRequested, at_ms: int) -> DeskState:
    contact = contact_of(desk, event.contact_id, ContactState.ASSIGNED)
    if event.help_id in desk.helps or contact.owner_id != event.owner_id:
        raise CorruptLog(f"help {event.help_id} cannot be asked for")
    approval = event.kind is HelpKind.APPROVAL
    contact = changed(
        contact,
        state=ContactState.AWAITING_APPROVAL if approval else ContactState.CONSULTING,
        help_id=event.help_id,
        need=event.need or contact.need,
        level_used=max(contact.level_used, level_of(desk, event)),
        deadline_at_ms=event.deadline_at_ms,
    )
    request = Help(
        event.help_id,
        event.contact_id,
        event.owner_id,
        event.kind,
        event.level,
        event.topic_id,
        event.decision_wanted,
        ahead=event.ahead,
    )
    return with_contact(
        desk,
        contact,
        helps=desk.helps.set(event.help_id, request),
        pending_help_ids=_in_line(desk, request),
    )


def _in_line(desk: DeskState, request: Help) -> tuple[str, ...]:
    """The requests with a new one at its place: behind those at the head of the line, or behind all."""
    line = desk.pending_help_ids
    if not request.ahead:
        return (*line, request.help_id)
    at = next((at for at, one in enumerate(line) if not desk.helps[one].ahead), len(line))
    return (*line[:at], request.help_id, *line[at:])


def started(desk: DeskState, event: ConsultStarted, at_ms: int) -> DeskState:
    contact = contact_of(desk, event.contact_id, *MAY_HAVE_HELP)
    request = desk.helps.get(event.help_id)
    if request is None or request.adviser_id or event.adviser_id == contact.owner_id:
        raise CorruptLog(f"help {event.help_id} cannot be joined by {event.adviser_id}")
    help_ids = (*agent_of(desk, event.adviser_id).help_ids, event.help_id)
    agents = reserved(desk, event.adviser_id, event.units, help_ids=help_ids)
    request = changed(request, adviser_id=event.adviser_id, units=event.units)
    contact = changed(contact, consults=contact.consults + 1, deadline_at_ms=event.deadline_at_ms)
    return with_contact(
        desk,
        contact,
        agents=agents,
        helps=desk.helps.set(event.help_id, request),
        pending_help_ids=without(desk.pending_help_ids, event.help_id),
    )


def passed_on(desk: DeskState, event: HelpPassedOn, at_ms: int) -> DeskState:
    """The request waits again, at its place; who left it is not asked again."""
    contact = contact_of(desk, event.contact_id, *MAY_HAVE_HELP)
    request = desk.helps.get(event.help_id)
    if request is None or not event.adviser_id or request.adviser_id != event.adviser_id:
        raise CorruptLog(f"help {event.help_id} is not answered by {event.adviser_id}")
    left = without(agent_of(desk, event.adviser_id).help_ids, event.help_id)
    agents = freed(desk.agents, event.adviser_id, request.units, at_ms, help_ids=left)
    request = changed(
        request, adviser_id="", units=0, left_ids=(*request.left_ids, event.adviser_id), ahead=True
    )
    return with_contact(
        desk,
        changed(contact, deadline_at_ms=event.deadline_at_ms),
        agents=agents,
        helps=desk.helps.set(event.help_id, request),
        pending_help_ids=_in_line(desk, request),
    )


def ended(desk: DeskState, event: ConsultEnded, at_ms: int) -> DeskState:
    """Back to the owner, who talks or will call back; a granted approval is kept until it is used."""
    contact = contact_of(desk, event.contact_id, *MAY_HAVE_HELP)
    request = desk.helps.get(event.help_id)
    if request is None or contact.help_id != event.help_id:
        raise CorruptLog(f"help {event.help_id} is not open")
    agents, pending = desk.agents, desk.pending_help_ids
    if request.adviser_id:
        left = without(agents[request.adviser_id].help_ids, event.help_id)
        agents = freed(agents, request.adviser_id, request.units, at_ms, help_ids=left)
    else:
        pending = without(pending, event.help_id)
    approvals = contact.approvals
    if event.result is HelpResult.GRANTED and request.decision_wanted is not None:
        approvals = (*approvals, Approval(request.decision_wanted, request.adviser_id))[-APPROVALS_MAX:]
    refused = contact.refused
    if event.result is HelpResult.REFUSED and request.decision_wanted is not None:
        refused = (*refused, request.decision_wanted)[-APPROVALS_MAX:]
    contact = changed(
        contact,
        state=ContactState.PROMISED if contact.state is ContactState.PROMISED else ContactState.ASSIGNED,
        help_id="",
        approvals=approvals,
        refused=refused,
        advised=contact.advised or is_advice(event),
        deadline_at_ms=event.deadline_at_ms,
    )
    return with_contact(
        desk, contact, agents=agents, helps=desk.helps.delete(event.help_id), pending_help_ids=pending
    )


def handover_started(desk: DeskState, event: HandoverStarted, at_ms: int) -> DeskState:
    contact = contact_of(desk, event.contact_id, ContactState.ASSIGNED)
    agents = given_back(desk, contact, at_ms) if event.units_freed else desk.agents
    contact = changed(
        contact,
        state=ContactState.HANDING_OVER,
        need=event.need or contact.need,
        handover=Handover(event.reason, event.deadline_at_ms, event.units_freed),
        deadline_at_ms=event.deadline_at_ms,
    )
    return with_contact(desk, contact, agents=agents, handover_ids=(*desk.handover_ids, event.contact_id))


def handover_ended(desk: DeskState, event: HandoverEnded, at_ms: int) -> DeskState:
    contact = contact_of(desk, event.contact_id, ContactState.HANDING_OVER)
    if contact.offer_id:
        raise CorruptLog(f"contact {event.contact_id} is still offered")
    agents = desk.agents
    if event.units:
        contact_ids = (*agent_of(desk, event.agent_id).contact_ids, event.contact_id)
        kind = kind_of(contact.channel, contact.medium)
        agents = reserved(desk, event.agent_id, event.units, kind=kind, contact_ids=contact_ids)
    contact = changed(
        contact, state=ContactState.ASSIGNED, handover=None, deadline_at_ms=event.deadline_at_ms
    )
    handover_ids = without(desk.handover_ids, event.contact_id)
    return with_contact(desk, contact, agents=agents, handover_ids=handover_ids)
