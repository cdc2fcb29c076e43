"""We asked the customer something and wait for him: our clock stands still (routing.md 1.1, "awaiting_customer").

A message's customer is silent after some minutes: less is kept of his agent's capacity, never nothing, for he may
come back any time; after some more the contact is closed. An e-mail takes no capacity meanwhile; its customer is
reminded after days, then it is closed. What he says next goes to its owner, who has the contact still; where he has
no room or is gone, it waits ahead of its class, and he is preferred.
"""

from __future__ import annotations

from services.contract.decisions import CustomerAwaited, CustomerReturned
from services.contract.facts import CustomerAsked, Outcome, Presence
from services.router.decide import ending
from services.router.decide.keeping import give_back
from services.router.decide.messages import tell
from services.router.decide.owned import owned
from services.router.decide.placing import serve
from services.router.decide.refusal import Refuse
from services.router.decide.step import Step
from services.router.evolve.awaiting import AGENT_GONE, REMINDED, SILENT
from services.router.evolve.work import kind_of
from services.router.model import Contact, ContactState
from services.router.picking import room_for
from services.router.waiting import Kind

REMINDER = "reminder"


def asked(step: Step, body: CustomerAsked) -> None:
    """The owner waits for an answer; asking again starts the wait anew."""
    states = (ContactState.ASSIGNED, ContactState.AWAITING_CUSTOMER)
    contact = owned(step, body.contact_id, body.agent_id, body.epoch, *states)
    kind = kind_of(contact.channel, contact.medium)
    if kind is Kind.CALL:
        raise Refuse("wrong_state", "a caller answers on the line; wait for who writes")
    first_ms, _ = _spans(step, kind)
    units = 0 if kind is Kind.EMAIL else contact.held_units
    _await(step, contact, "asked", units, step.at_ms + first_ms)
    step.accept(contact.contact_id, epoch=contact.epoch)
    serve(step, contact.owner_id)


def returned(step: Step, contact_id: str) -> None:
    """The customer said something: the owner goes on, or it waits for an agent with its owner preferred."""
    contact = step.contact(contact_id)
    owner_id, more = contact.owner_id, contact.units - contact.held_units
    if contact.awaited is None:
        return
    if _has_room(step, contact, more):
        step.emit(
            CustomerReturned(
                contact_id=contact_id,
                agent_id=owner_id,
                units=more,
                deadline_at_ms=step.at_ms + step.limits.lease_ms,
                after_ms=step.at_ms - contact.awaited.since_ms,
                channel=contact.channel,
                queue_id=contact.queue_id,
            )
        )
        return
    give_back(step, contact_id)
    serve(step, owner_id)


def due(step: Step, contact: Contact) -> None:
    """He has said nothing: first less is kept for him, or he is reminded, then it is closed."""
    kind = kind_of(contact.channel, contact.medium)
    if contact.awaited is None or contact.awaited.late:
        for agent_id in ending.close(step, contact.contact_id, Outcome.CUSTOMER_SILENT):
            serve(step, agent_id)
        return
    first_ms, gone_ms = _spans(step, kind)
    deadline_at_ms = step.at_ms + max(0, gone_ms - first_ms)
    if kind is Kind.EMAIL:
        tell(step, contact, REMINDER)
        _await(step, contact, REMINDED, contact.held_units, deadline_at_ms)
        return
    units = min(contact.held_units, step.crew.settings.units_silent)
    _await(step, contact, SILENT, units, deadline_at_ms)
    serve(step, contact.owner_id)


def leave(step: Step, contact: Contact) -> None:
    """Its owner has gone: he keeps nothing for it; it is his still, if the customer waits until he is back."""
    _await(step, contact, AGENT_GONE, 0, contact.deadline_at_ms)


def _await(step: Step, contact: Contact, stage: str, units: int, deadline_at_ms: int) -> None:
    step.emit(
        CustomerAwaited(
            contact_id=contact.contact_id,
            agent_id=contact.owner_id,
            stage=stage,
            units=units,
            deadline_at_ms=deadline_at_ms,
            channel=contact.channel,
            queue_id=contact.queue_id,
        )
    )


def _spans(step: Step, kind: Kind) -> tuple[int, int]:
    """From the question to the first stage, and to the end."""
    limits = step.limits
    if kind is Kind.EMAIL:
        return limits.customer_reminder_ms, limits.customer_gone_email_ms
    return limits.customer_silent_ms, limits.customer_gone_ms


def _has_room(step: Step, contact: Contact, units: int) -> bool:
    """True when the owner is at work, if not ready for anything new, and the units fit beside what he holds."""
    owner = step.desk.agents.get(contact.owner_id)
    if owner is None or owner.presence is Presence.OFFLINE:
        return False
    return room_for(step.desk, owner, kind_of(contact.channel, contact.medium)) >= units
