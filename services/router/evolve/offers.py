"""Offers: units are reserved first, then the agent is asked (routing.md 2.7)."""

# ruff: noqa: ARG001 - every event is evolved by a function of one signature

from __future__ import annotations

from services.contract.decisions import Offered, OfferEnded, OfferResult, WaitingReason
from services.router.evolve.agents import agent_of, freed, reserved, without
from services.router.evolve.contacts import contact_of, with_contact
from services.router.evolve.errors import CorruptLog
from services.router.evolve.work import kind_of, out_of_lane
from services.router.model import ContactState, DeskState, Offer, changed

AGENT_GONE = "agent_gone"
"""Reason of an offer taken back because its agent went: he could come back at once, and go again."""
_OPEN_TO_OFFERS = (ContactState.RECEIVED, ContactState.QUEUED, ContactState.HANDING_OVER)


def offered(desk: DeskState, event: Offered, at_ms: int) -> DeskState:
    contact = contact_of(desk, event.contact_id, *_OPEN_TO_OFFERS)
    if contact.offer_id or event.offer_id in desk.offers or event.agent_id == contact.owner_id:
        raise CorruptLog(f"contact {event.contact_id} is offered already")
    offer_ids = (*agent_of(desk, event.agent_id).offer_ids, event.offer_id)
    kind = kind_of(contact.channel, contact.medium)
    agents = reserved(desk, event.agent_id, event.units, kind=kind, offer_ids=offer_ids)
    offer = Offer(event.offer_id, event.contact_id, event.agent_id, event.units, event.expires_at_ms)
    handing_over = contact.state is ContactState.HANDING_OVER
    lanes = out_of_lane(desk, contact)
    contact = changed(
        contact,
        state=contact.state if handing_over else ContactState.OFFERED,
        lane=None,
        waiting_reason=WaitingReason.UNSPECIFIED,
        queue_id=event.queue_id,
        first_queue_id=contact.first_queue_id or event.queue_id,
        offer_id=event.offer_id,
        offered_to_id=event.agent_id,
        deadline_at_ms=event.expires_at_ms,
    )
    offers = desk.offers.set(event.offer_id, offer)
    return with_contact(desk, contact, agents=agents, offers=offers, **lanes)


def ended(desk: DeskState, event: OfferEnded, at_ms: int) -> DeskState:
    """Back between two places, or to the hand-over; who declined, let it pass or went away is not asked again.

    Such an agent has been idle since now, behind the others (routing.md 2.2, term 4): refusing gains nothing.
    """
    contact = contact_of(desk, event.contact_id, ContactState.OFFERED, ContactState.HANDING_OVER)
    offer = desk.offers.get(event.offer_id)
    if offer is None or contact.offer_id != event.offer_id or offer.agent_id != event.agent_id:
        raise CorruptLog(f"offer {event.offer_id} is not open")
    agent = agent_of(desk, event.agent_id)
    missed = {OfferResult.EXPIRED: agent.missed_offers + 1, OfferResult.DECLINED: 0}
    agents = freed(
        desk.agents,
        event.agent_id,
        offer.units,
        at_ms,
        kind=kind_of(contact.channel, contact.medium),
        missed_offers=missed.get(event.result),
        offer_ids=without(agent.offer_ids, event.offer_id),
    )
    if event.result is OfferResult.RESCINDED:  # not the agent's doing, so it stands where it stood
        agents = agents.set(
            event.agent_id, changed(agents[event.agent_id], idle_since_ms=agent.idle_since_ms)
        )
    declined = contact.decliner_ids
    taken_back = event.result is OfferResult.RESCINDED and event.reason != AGENT_GONE
    if not taken_back and event.agent_id not in declined:
        declined = (*declined, event.agent_id)
    handover = contact.handover
    contact = changed(
        contact,
        state=ContactState.RECEIVED if handover is None else contact.state,
        offer_id="",
        offered_to_id="",
        decliner_ids=declined,
        deadline_at_ms=at_ms if handover is None else handover.deadline_at_ms,
    )
    return with_contact(desk, contact, agents=agents, offers=desk.offers.delete(event.offer_id))
