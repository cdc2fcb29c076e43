"""How contacts end, and what measures need to know of them then.

These functions emit; whoever calls them serves the agents that they free.
"""

from __future__ import annotations

from services.contract.decisions import (
    Abandoned,
    Closed,
    ContactTally,
    HandoverEnded,
    OfferEnded,
    OfferResult,
    Resolved,
    TargetMissed,
    WrapUpStarted,
)
from services.contract.facts import HelpResult, Outcome
from services.router.decide import helping
from services.router.decide.step import Step
from services.router.evolve.work import kind_of
from services.router.model import HELP_STATES, Contact, ContactState
from services.router.need import top_topic
from services.router.promises import open_promises
from services.router.waiting import Kind


def close(step: Step, contact_id: str, outcome: Outcome, *, topic_id: str = "") -> list[str]:
    """Ends a contact that an agent had (or that nobody will have). Answers the agents freed."""
    contact = step.contact(contact_id)
    freed = [contact.owner_id] if contact.owner_id else []
    if contact.help_id:
        freed.append(helping.end(step, contact_id, HelpResult.CANCELLED))
    by = contact.owner_id or contact.last_owner_id
    tally = tally_of(step, contact, topic_id)
    if outcome is Outcome.RESOLVED:
        step.emit(
            Resolved(
                contact_id=contact_id,
                case_id=contact.case_id,
                agent_id=by,
                tally=tally,
                confirm_at_ms=step.at_ms + step.limits.repeat_window_ms,
            )
        )
    else:
        step.emit(
            Closed(contact_id=contact_id, case_id=contact.case_id, agent_id=by, outcome=outcome, tally=tally)
        )
    return [agent_id for agent_id in freed if agent_id]


def abandon(step: Step, contact_id: str) -> list[str]:
    """The customer left while waiting. Answers the agents freed."""
    contact = step.contact(contact_id)
    freed = [rescind(step, contact_id, "customer_left")] if contact.offer_id else []
    if contact.epoch > 0:
        return freed + close(step, contact_id, Outcome.ABANDONED)
    settle_promises(step, contact_id)
    step.emit(
        Abandoned(
            contact_id=contact_id,
            case_id=contact.case_id,
            queue_id=contact.queue_id,
            wait_since_arrival_ms=step.at_ms - contact.arrived_at_ms,
            wait_since_queue_ms=step.at_ms - contact.queued_at_ms,
            tally=tally_of(step, contact),
        )
    )
    return freed


def rescind(step: Step, contact_id: str, reason: str) -> str:
    """Takes back the open offer of a contact. Answers the agent freed."""
    end_offer(step, contact_id, OfferResult.RESCINDED, reason)
    return step.events[-1].agent_id  # type: ignore[union-attr] # the OfferEnded just emitted


def end_offer(step: Step, contact_id: str, result: OfferResult, reason: str) -> None:
    """Ends the open offer of a contact without an assignment."""
    contact = step.contact(contact_id)
    step.emit(
        OfferEnded(
            offer_id=contact.offer_id,
            contact_id=contact_id,
            agent_id=contact.offered_to_id,
            result=result,
            reason=reason,
            channel=contact.channel,
            queue_id=contact.queue_id,
        )
    )


def end_handover(step: Step, contact_id: str, reason: str) -> list[str]:
    """The owner keeps a contact that was handed over; he must have room for it. Answers the agents freed."""
    freed = end_offer_of(step, contact_id, reason)
    contact = step.contact(contact_id)
    gave_back = contact.handover is not None and contact.handover.units_freed
    step.emit(
        HandoverEnded(
            contact_id=contact_id,
            agent_id=contact.owner_id,
            reason=reason,
            deadline_at_ms=step.at_ms + step.limits.lease_ms,
            units=contact.units if gave_back else 0,
        )
    )
    return freed


def end_offer_of(step: Step, contact_id: str, reason: str) -> list[str]:
    """Takes back the open offer of a contact, if it has one. Answers the agents freed."""
    return [rescind(step, contact_id, reason)] if step.contact(contact_id).offer_id else []


def wrap_up(step: Step, contact_id: str) -> list[str]:
    """The talk is over. Answers the agents freed; the owner's units stay reserved while he records.

    Who left while he was handed over, his owner's units given back, left while waiting.
    """
    contact = step.contact(contact_id)
    freed = []
    if contact.handover is not None and contact.handover.units_freed:
        return end_offer_of(step, contact_id, "customer_left") + close(step, contact_id, Outcome.ABANDONED)
    if contact.state in HELP_STATES:
        freed = [helping.end(step, contact_id, HelpResult.CANCELLED)]
    if contact.state is ContactState.HANDING_OVER:
        freed = end_handover(step, contact_id, "customer_left")
    call = kind_of(contact.channel, contact.medium) is Kind.CALL
    deadline_ms = step.limits.wrap_up_phone_ms if call else step.limits.wrap_up_other_ms
    step.emit(
        WrapUpStarted(
            contact_id=contact_id, agent_id=contact.owner_id, deadline_at_ms=step.at_ms + deadline_ms
        )
    )
    return [agent_id for agent_id in freed if agent_id]


def settle_promises(step: Step, contact_id: str) -> None:
    """Says which promises of time had passed unseen while the contact was offered."""
    contact = step.contact(contact_id)
    for at_ms, promise in open_promises(step.limits, contact):
        if at_ms < step.at_ms:
            step.emit(
                TargetMissed(
                    contact_id=contact_id,
                    queue_id=contact.queue_id,
                    channel=contact.channel,
                    promise=promise,
                    deadline_at_ms=contact.deadline_at_ms,
                )
            )


def tally_of(step: Step, contact: Contact, topic_id: str = "") -> ContactTally:
    """What measures need of a contact that ends."""
    return ContactTally(
        channel=contact.channel,
        first_queue_id=contact.first_queue_id,
        first_in_case=contact.opened.first_in_case,
        handled=contact.epoch > 0,
        transfers=contact.hops,
        escalated=contact.escalated,
        consults=contact.consults,
        open_ms=step.at_ms - contact.arrived_at_ms,
        unattributable=not contact.opened.customer_key,
        topic_id=topic_id or top_topic(contact.need),
    )
