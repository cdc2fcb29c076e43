"""How each event moves what stands now (live.py)."""

# ruff: noqa: ARG001 - every event is applied by a function of one signature

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from services.contract import decisions as d
from services.contract.facts import HelpKind
from services.metrics.live import (
    CHANGES_MAX,
    CONTACTS_MAX,
    DUE_MAX,
    LEFT_MAX,
    MISSED,
    REVISED_MAX,
    TALK,
    WRAP,
    LiveContact,
    LiveDesk,
    remember,
    update_kind,
)
from services.metrics.measure import CHANNELS, OTHER

Queue = Callable[[str], str]


def apply(desk: LiveDesk, event: d.Event | None, at_ms: int, queue: Queue) -> None:
    """One event of an accepted record decided at `at_ms`; `queue` gives a queue's label."""
    step = _STEPS.get(type(event))
    if step is not None:
        step(desk, event, at_ms, queue)


def _opened(desk: LiveDesk, event: d.ContactOpened, at_ms: int, queue: Queue) -> None:
    if len(desk.contacts) >= CONTACTS_MAX or not event.contact_id:
        return
    if event.contact_id in desk.contacts:
        desk.release(desk.contacts[event.contact_id], at_ms)
    channel = event.channel.label if event.channel.label in CHANNELS else OTHER
    desk.left.pop(event.case_id, None)
    desk.contacts[event.contact_id] = LiveContact(
        channel,
        "",
        event.case_id,
        event.arrived_at_ms or at_ms,
        target_ms=event.target_at_ms,
        due_ms=event.due_at_ms,
    )


def _queued(desk: LiveDesk, event: d.ContactQueued, at_ms: int, queue: Queue) -> None:
    contact = desk.contacts.get(event.contact_id)
    if contact is None:
        return
    name = queue(event.queue_id)
    if not contact.called_back and (not contact.leg or name != contact.queue):
        contact.queued_ms = (
            at_ms if contact.leg else event.queued_at_ms or at_ms
        )  # another queue's leg ended now
        contact.leg = True
    desk.release(contact, at_ms)
    contact.state, contact.queue, contact.deadline_ms = "queued", name, event.deadline_at_ms


def _offered(desk: LiveDesk, event: d.Offered, at_ms: int, queue: Queue) -> None:
    contact = desk.contacts.get(event.contact_id)
    if contact is None:
        return
    desk.no_offer(contact)
    contact.offered_to, contact.deadline_ms = event.agent_id, event.expires_at_ms
    desk.agent(event.agent_id, "offers", 1)
    if contact.state != "handing_over":
        if not contact.leg and not contact.called_back:
            contact.leg, contact.queued_ms = True, at_ms
        contact.state, contact.queue = "offered", queue(event.queue_id)


def _offer_ended(desk: LiveDesk, event: d.OfferEnded, at_ms: int, queue: Queue) -> None:
    contact = desk.contacts.get(event.contact_id)
    if contact is not None:
        desk.no_offer(contact)
        if contact.state == "offered":
            contact.state = "received"


def _assigned(desk: LiveDesk, event: d.Assigned, at_ms: int, queue: Queue) -> None:
    contact = desk.contacts.get(event.contact_id)
    if contact is None:
        return
    desk.no_offer(contact)
    desk.hold(contact, "", at_ms)
    desk.hold(contact, TALK, at_ms, event.agent_id)
    contact.state, contact.deadline_ms, contact.queue = (
        "assigned",
        event.deadline_at_ms,
        queue(event.queue_id),
    )
    contact.had, contact.leg, contact.promised_ms = True, False, 0


def _help_requested(desk: LiveDesk, event: d.HelpRequested, at_ms: int, queue: Queue) -> None:
    contact = desk.contacts.get(event.contact_id)
    if contact is not None:
        contact.state = "awaiting_approval" if event.kind is HelpKind.APPROVAL else "consulting"
        contact.deadline_ms = event.deadline_at_ms


def _consult_started(desk: LiveDesk, event: d.ConsultStarted, at_ms: int, queue: Queue) -> None:
    contact = desk.contacts.get(event.contact_id)
    if contact is not None:
        desk.no_adviser(contact)
        contact.adviser, contact.deadline_ms = event.adviser_id, event.deadline_at_ms
        desk.agent(event.adviser_id, "helps", 1)


def _help_passed_on(desk: LiveDesk, event: d.HelpPassedOn, at_ms: int, queue: Queue) -> None:
    contact = desk.contacts.get(event.contact_id)
    if contact is not None:
        desk.no_adviser(contact)
        contact.deadline_ms = event.deadline_at_ms


def _consult_ended(desk: LiveDesk, event: d.ConsultEnded, at_ms: int, queue: Queue) -> None:
    contact = desk.contacts.get(event.contact_id)
    if contact is not None:
        desk.no_adviser(contact)
        contact.deadline_ms = event.deadline_at_ms
        if contact.state != "promised":
            contact.state = "assigned"


def _handover_started(desk: LiveDesk, event: d.HandoverStarted, at_ms: int, queue: Queue) -> None:
    contact = desk.contacts.get(event.contact_id)
    if contact is not None:
        contact.state, contact.deadline_ms = "handing_over", event.deadline_at_ms
        if event.units_freed:
            desk.hold(contact, "", at_ms)


def _handover_ended(desk: LiveDesk, event: d.HandoverEnded, at_ms: int, queue: Queue) -> None:
    contact = desk.contacts.get(event.contact_id)
    if contact is not None:
        contact.state, contact.deadline_ms = "assigned", event.deadline_at_ms
        desk.hold(contact, TALK, at_ms)


def _callback_promised(desk: LiveDesk, event: d.CallbackPromised, at_ms: int, queue: Queue) -> None:
    """Who waits keeps his place; who has an owner waits for his call, and the owner is free meanwhile."""
    contact = desk.contacts.get(event.contact_id)
    if contact is None:
        return
    contact.deadline_ms = event.queue_at_ms or event.due_at_ms
    contact.promised_ms = contact.promised_ms or event.due_at_ms
    contact.leg = False
    if event.replaces_at_ms:
        remember(desk.due, f"revised_time {event.contact_id}", at_ms, DUE_MAX)
    if not contact.waits:
        desk.hold(contact, "", at_ms)
        contact.state = "promised"


def _customer_awaited(desk: LiveDesk, event: d.CustomerAwaited, at_ms: int, queue: Queue) -> None:
    contact = desk.contacts.get(event.contact_id)
    if contact is not None:
        desk.hold(contact, "", at_ms)
        contact.state, contact.deadline_ms = "awaiting_customer", event.deadline_at_ms


def _customer_returned(desk: LiveDesk, event: d.CustomerReturned, at_ms: int, queue: Queue) -> None:
    contact = desk.contacts.get(event.contact_id)
    if contact is not None:
        desk.hold(contact, TALK, at_ms, event.agent_id)
        contact.state, contact.deadline_ms = "assigned", event.deadline_at_ms


def _wrap_up_started(desk: LiveDesk, event: d.WrapUpStarted, at_ms: int, queue: Queue) -> None:
    contact = desk.contacts.get(event.contact_id)
    if contact is not None:
        desk.hold(contact, WRAP, at_ms, event.agent_id)
        contact.state, contact.deadline_ms = "wrapping", event.deadline_at_ms


def _ended(desk: LiveDesk, event: d.Resolved | d.Closed | d.Abandoned, at_ms: int, queue: Queue) -> None:
    contact = desk.contacts.pop(event.contact_id, None)
    if contact is None:
        return
    desk.release(contact, at_ms)
    for kind in ("ack", "callback_offer", "reminder", "update", "revised_time", OTHER):
        desk.sent(kind, event.contact_id)
    if isinstance(event, d.Abandoned) and contact.case_id:
        desk.left.pop(contact.case_id, None)
        remember(desk.left, contact.case_id, at_ms, LEFT_MAX)


def _deadline_moved(desk: LiveDesk, event: d.DeadlineMoved, at_ms: int, queue: Queue) -> None:
    contact = desk.contacts.get(event.contact_id)
    if contact is not None:
        contact.deadline_ms = event.deadline_at_ms


def _target_missed(desk: LiveDesk, event: d.TargetMissed, at_ms: int, queue: Queue) -> None:
    contact = desk.contacts.get(event.contact_id)
    if contact is not None:
        contact.deadline_ms = event.deadline_at_ms
        contact.missed |= MISSED.get(event.promise, 0)


def _presence(desk: LiveDesk, event: d.AgentPresenceChanged, at_ms: int, queue: Queue) -> None:
    agent = desk.agents.get(event.agent_id)
    if agent is not None:
        before, agent.presence = agent.state, int(event.presence)
        desk.restated(before, agent.state)


def _answered(desk: LiveDesk, event: d.Answered, at_ms: int, queue: Queue) -> None:
    if event.kind == "ack":
        desk.sent("ack", event.contact_id)
    contact = desk.contacts.get(event.contact_id)
    if contact is not None:
        contact.heard = True
        contact.answered = contact.answered or event.kind == "human"


def _message_due(desk: LiveDesk, event: d.MessageDue, at_ms: int, queue: Queue) -> None:
    remember(desk.due, f"{update_kind(event.kind)} {event.contact_id}", at_ms, DUE_MAX)


def _outbound(desk: LiveDesk, event: d.OutboundNoted, at_ms: int, queue: Queue) -> None:
    desk.sent(event.kind, event.contact_id)


def _overload(desk: LiveDesk, event: d.OverloadBegan | d.OverloadEnded, at_ms: int, queue: Queue) -> None:
    desk.overloaded = isinstance(event, d.OverloadBegan)


def _reopened(desk: LiveDesk, event: d.Reopened, at_ms: int, queue: Queue) -> None:
    if event.first_contact:
        remember(desk.revised, event.case_id, at_ms, REVISED_MAX)


def _confirmed(desk: LiveDesk, event: d.ResolutionConfirmed, at_ms: int, queue: Queue) -> None:
    desk.revised.pop(event.case_id, None)


def _change(desk: LiveDesk, event: d.ChangeNoted, at_ms: int, queue: Queue) -> None:
    desk.changes.pop(event.change, None)
    remember(desk.changes, event.change, event.effective_at_ms or at_ms, CHANGES_MAX)


def _applied(desk: LiveDesk, event: d.DeskApplied, at_ms: int, queue: Queue) -> None:
    if event.desk is not None:
        desk.configured(event.desk)


_STEPS: dict[type, Callable[[LiveDesk, Any, int, Queue], None]] = {
    d.DeskApplied: _applied,
    d.AgentPresenceChanged: _presence,
    d.ContactOpened: _opened,
    d.ContactQueued: _queued,
    d.TargetMissed: _target_missed,
    d.Offered: _offered,
    d.OfferEnded: _offer_ended,
    d.Assigned: _assigned,
    d.HelpRequested: _help_requested,
    d.ConsultStarted: _consult_started,
    d.HelpPassedOn: _help_passed_on,
    d.ConsultEnded: _consult_ended,
    d.HandoverStarted: _handover_started,
    d.HandoverEnded: _handover_ended,
    d.CallbackPromised: _callback_promised,
    d.CustomerAwaited: _customer_awaited,
    d.CustomerReturned: _customer_returned,
    d.WrapUpStarted: _wrap_up_started,
    d.Resolved: _ended,
    d.Closed: _ended,
    d.Abandoned: _ended,
    d.DeadlineMoved: _deadline_moved,
    d.Answered: _answered,
    d.MessageDue: _message_due,
    d.OutboundNoted: _outbound,
    d.OverloadBegan: _overload,
    d.OverloadEnded: _overload,
    d.ChangeNoted: _change,
    d.Reopened: _reopened,
    d.ResolutionConfirmed: _confirmed,
}
