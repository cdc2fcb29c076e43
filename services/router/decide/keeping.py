"""An owner is to go on with a contact that he does not hold: he has it back, or somebody takes it by a hop.

A call-back that is due, a customer's answer, a hand-over that nobody accepted. While hops are left it waits ahead of
its class with the owner preferred, and whoever takes it instead takes it by a hop (routing.md 2.8: at most two,
by construction), which must raise authority or expected resolution like any other (design.md, rule 3). Once they are
spent, or a promised call-back finds nobody with more to give, it goes to its owner only: at once, or before any other
work when he has room; meanwhile the customer is told new times. Is he gone, or does he not come to it for a day, it
is anybody's.
"""

from __future__ import annotations

from services.contract.decisions import CallbackPromised, TargetMissed
from services.router.decide.placing import give_to_owner, owner_has_room, place, queue
from services.router.decide.step import Step
from services.router.handover import anybody_raises, at_work
from services.router.model import HOPS_MAX, Contact, ContactState
from services.router.promises import CALLBACK, CALLBACK_AGAIN_MS, CALLBACK_LEAD_MS


def give_back(step: Step, contact_id: str) -> None:
    """To its owner, to whoever is there, or kept for the owner."""
    contact = step.contact(contact_id)
    kept = at_work(step.desk, contact.owner_id)
    due = step.at_ms - contact.assigned_at_ms < step.limits.due_ms
    hops_left = contact.hops < HOPS_MAX
    if (
        contact.state is ContactState.PROMISED and hops_left
    ):  # a new time is worth more than a queue of nobody
        hops_left = anybody_raises(step.desk, contact)
    if hops_left or not kept or not due:
        queue(step, contact, ahead=True, owner_kept=kept and hops_left)
        place(step, contact_id)
    elif owner_has_room(step, contact):
        give_to_owner(step, contact_id)
    else:
        _keep(step, contact)


def hasten(step: Step, contact_id: str) -> None:
    """What the owner needs for his call-back is there: he gets it now, or before any other; the time told stays."""
    contact = step.contact(contact_id)
    if contact.state is not ContactState.PROMISED or contact.owner_id not in step.desk.agents:
        return
    if owner_has_room(step, contact):
        give_to_owner(step, contact_id)
        return
    step.emit(
        CallbackPromised(
            contact_id=contact_id,
            owner_id=contact.owner_id,
            due_at_ms=contact.promised_at_ms,
            channel=contact.channel,
            queue_id=contact.queue_id,
            queue_at_ms=contact.deadline_at_ms,
            next_for_owner=True,
        )
    )


def _keep(step: Step, contact: Contact) -> None:
    """A new time, told before the old one passes; the owner gets it as soon as he has room."""
    before_ms = contact.promised_at_ms if contact.state is ContactState.PROMISED else 0
    due_at_ms = max(before_ms, step.at_ms) + CALLBACK_AGAIN_MS
    if 0 < before_ms < step.at_ms and CALLBACK not in contact.missed:
        step.emit(
            TargetMissed(
                contact_id=contact.contact_id,
                queue_id=contact.queue_id,
                channel=contact.channel,
                promise=CALLBACK,
                deadline_at_ms=due_at_ms,
            )
        )
    step.emit(
        CallbackPromised(
            contact_id=contact.contact_id,
            owner_id=contact.owner_id,
            due_at_ms=due_at_ms,
            channel=contact.channel,
            queue_id=contact.queue_id,
            queue_at_ms=due_at_ms - CALLBACK_LEAD_MS,
            replaces_at_ms=before_ms,
            next_for_owner=True,
        )
    )
