"""What an agent said to an offer, or that it said nothing in time (routing.md 2.7)."""

from __future__ import annotations

from services.contract.decisions import (
    AgentMissedOffers,
    Assigned,
    Escalated,
    OfferResult,
    Transferred,
)
from services.contract.facts import OfferAnswer, OfferAnswered, Presence
from services.router.decide import ending
from services.router.decide.agents import set_presence
from services.router.decide.overload import offer_callback
from services.router.decide.owned import known_agent
from services.router.decide.placing import offer_handover, place, serve
from services.router.decide.refusal import Refuse
from services.router.decide.step import Step
from services.router.handover import is_escalation, takes_from_owner
from services.router.model import Contact, ContactState, Offer
from services.router.promises import TARGET

DECLINE_REASONS = frozenset(
    {
        "busy_elsewhere",
        "not_my_topic",
        "language",
        "lacks_authority",
        "conflict_of_interest",
        "technical",
        "other",
    }
)


def answered(step: Step, body: OfferAnswered) -> None:
    """Accepts or declines."""
    known_agent(step, body.agent_id)
    offer = step.desk.offers.get(body.offer_id)
    if offer is None:
        raise _not_open(step, body.offer_id)
    if offer.agent_id != body.agent_id:
        raise Refuse("not_eligible", "the offer was made to another agent")
    if body.answer is OfferAnswer.ACCEPT:
        _accept(step, offer)
    elif body.answer is OfferAnswer.DECLINE:
        reason = body.reason if body.reason in DECLINE_REASONS else "other"
        _pass_on(step, offer, OfferResult.DECLINED, reason)
        serve(step, offer.agent_id, but=offer.contact_id)
        step.accept(offer.offer_id)
    else:
        raise Refuse("malformed", "answer must be accept or decline")


def expire(step: Step, contact: Contact) -> None:
    """The agent did not answer; after several such offers in a row it is set to not ready."""
    offer = step.desk.offers[contact.offer_id]
    _pass_on(step, offer, OfferResult.EXPIRED, "no_answer")
    missed = step.agent(offer.agent_id).missed_offers
    if missed >= step.limits.missed_offers_max and step.agent(offer.agent_id).presence is Presence.AVAILABLE:
        step.emit(AgentMissedOffers(agent_id=offer.agent_id, missed=missed))
        set_presence(step, offer.agent_id, Presence.NOT_READY, "missed_offers")
    else:
        serve(step, offer.agent_id, but=offer.contact_id)


def _pass_on(step: Step, offer: Offer, result: OfferResult, reason: str) -> None:
    """Ends the offer and offers the contact to the next; both clocks are kept."""
    ending.end_offer(step, offer.contact_id, result, reason)
    if step.contact(offer.contact_id).state is ContactState.HANDING_OVER:
        offer_handover(step, offer.contact_id)
        return
    ending.settle_promises(step, offer.contact_id)
    place(step, offer.contact_id, but=offer.agent_id)
    offer_callback(step, offer.contact_id)


def _accept(step: Step, offer: Offer) -> None:
    contact = step.contact(offer.contact_id)
    sender_id = contact.owner_id if contact.state is ContactState.HANDING_OVER else ""
    if sender_id:
        _hand_over(step, contact, offer.agent_id)
    else:
        ending.settle_promises(step, offer.contact_id)
    contact = step.contact(offer.contact_id)
    takes = not sender_id and takes_from_owner(step.desk, contact, offer.agent_id)
    epoch = contact.epoch + 1
    step.emit(
        Assigned(
            contact_id=contact.contact_id,
            agent_id=offer.agent_id,
            epoch=epoch,
            channel=contact.channel,
            queue_id=contact.queue_id,
            wait_since_arrival_ms=step.at_ms - contact.arrived_at_ms,
            wait_since_queue_ms=step.at_ms - contact.queued_at_ms,
            first=contact.epoch == 0,
            deadline_at_ms=step.at_ms + step.limits.lease_ms,
            within_target=TARGET not in contact.missed,
            offer_id=offer.offer_id,
            hop=contact.hops + 1 if takes else 0,
        )
    )
    step.accept(contact.contact_id, epoch=epoch)
    if sender_id:
        serve(step, sender_id)


def _hand_over(step: Step, contact: Contact, to_agent_id: str) -> None:
    handover = contact.handover
    if handover is None:
        raise LookupError("a hand-over without a reason")
    step.emit(
        Transferred(
            contact_id=contact.contact_id,
            from_agent_id=contact.owner_id,
            to_agent_id=to_agent_id,
            reason=handover.reason,
            hop=contact.hops + 1,
            channel=contact.channel,
            queue_id=contact.queue_id,
        )
    )
    if is_escalation(handover.reason):
        step.emit(
            Escalated(
                contact_id=contact.contact_id,
                from_agent_id=contact.owner_id,
                to_agent_id=to_agent_id,
                reason=handover.reason.label,
                channel=contact.channel,
                queue_id=contact.queue_id,
            )
        )


def _not_open(step: Step, offer_id: str) -> Refuse:
    if offer_id.rpartition("-o")[0] in step.desk.contacts:
        return Refuse("expired", "the offer is over: answered, expired or taken back")
    return Refuse("unknown", "no such offer at this desk")
