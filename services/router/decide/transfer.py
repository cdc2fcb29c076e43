"""An owner asks to pass a contact on; the router decides whether, and to whom (routing.md 2.8).

stuck in spite of advice     a hop, while one is left and somebody could do better
lacks_authority, stuck       somebody free can help: he joins, the owner keeps the customer (rule 1)
otherwise, budget left       a hop to somebody with strictly more to give who never had it, when that costs less
                             than waiting for help (rule 2)
otherwise                    the owner keeps the customer, help is asked for, then a call-back (rule 3)

What the ask teaches of the need stays with the contact, whatever follows.
"""

from __future__ import annotations

from dataclasses import dataclass

from services.contract.decisions import ApproverFound, HandoverStarted, Need
from services.contract.facts import DecisionWanted, HelpKind, TransferAsked, TransferReason
from services.router.advisers import adviser_for, has_room
from services.router.authority import covers
from services.router.decide import ending, helping
from services.router.decide.help import checked_decision, own_level
from services.router.decide.keeping import give_back
from services.router.decide.owned import owned
from services.router.decide.placing import offer_handover, serve
from services.router.decide.refusal import Refuse
from services.router.decide.step import Step
from services.router.handover import after_failure, hop_left, hop_pays, receivers
from services.router.model import Contact, ContactState, Help, changed
from services.router.need import known_need, top_topic, with_level, with_topic
from services.router.promises import holds_a_line


@dataclass(frozen=True, slots=True)
class Wish:
    """What a transfer is for, as far as it is known now."""

    reason: TransferReason
    need: Need
    kind: HelpKind
    level: int
    topic_id: str
    wanted: DecisionWanted | None


def asked(step: Step, body: TransferAsked) -> None:
    """Consult, hop or keep."""
    contact = owned(step, body.contact_id, body.agent_id, body.epoch, ContactState.ASSIGNED)
    wish = _wish(step, contact, body)
    taught = changed(contact, need=wish.need)
    hop = hop_left(contact, body.reason)
    if hop and _advice_failed(contact, body.reason) and len(receivers(step.desk, taught, body.reason)):
        _start(step, contact, wish)
        return
    if body.reason in (TransferReason.LACKS_AUTHORITY, TransferReason.STUCK):
        adviser_id = adviser_for(step.desk, contact, _request(contact, wish))
        if adviser_id is not None:
            help_id = _ask(step, contact, wish)
            step.accept(help_id, detail=f"no transfer: {adviser_id} joins, you keep the customer")
            return
    if not hop:
        help_id = _ask(step, contact, wish, ahead=True)
        step.accept(
            help_id, detail="no transfer: its hops are spent; help is asked for, you keep the customer"
        )
        return
    found = receivers(step.desk, taught, body.reason)
    if not hop_pays(step.desk, taught, body.reason, _request(contact, wish), found):
        help_id = _ask(step, contact, wish)
        why = "waiting for help is quicker" if len(found) else "nobody here could do more"
        step.accept(help_id, detail=f"no transfer: {why}; you keep the customer")
        return
    _start(step, contact, wish)


def _advice_failed(contact: Contact, reason: TransferReason) -> bool:
    """Stuck in spite of an expert's advice: the customer needs somebody else, not more advice (routing.md 6.2, 5)."""
    return reason is TransferReason.STUCK and contact.advised


def end_unfilled(step: Step, contact_id: str) -> None:
    """Nobody accepted in time: the owner keeps the customer, and his request is the next to be served (rule 3).

    His units were free meanwhile. Has he no room any more, a caller is promised a call-back at once; is he gone, or
    is it no call, it waits ahead of its class.
    """
    contact = step.contact(contact_id)
    handover, owner_id = contact.handover, contact.owner_id
    reason = handover.reason if handover is not None else TransferReason.STUCK
    freed = ending.end_offer_of(step, contact_id, "unfilled")
    if handover is None or not handover.units_freed or has_room(step.desk, owner_id, contact.units):
        ending.end_handover(step, contact_id, "unfilled")
        _ask_ahead(step, step.contact(contact_id), reason)
    elif holds_a_line(contact) and owner_id in step.crew.signed_in:
        helping.promise(step, contact_id)
    else:
        give_back(step, contact_id)
    for agent_id in freed:
        serve(step, agent_id)


def _ask_ahead(step: Step, contact: Contact, reason: TransferReason) -> None:
    if reason in (TransferReason.WRONG_TOPIC, TransferReason.STUCK):
        helping.ask(step, contact, HelpKind.EXPERT, topic_id=top_topic(contact.need), ahead=True)
        return
    level, wanted = _level(step, contact), _decision(contact)
    helping.ask(step, contact, HelpKind.APPROVAL, level=level, wanted=wanted, counts=False, ahead=True)


def _wish(step: Step, contact: Contact, body: TransferAsked) -> Wish:
    """The need as the owner's words change it (a failure updates the posterior, routing.md 2.8)."""
    roster, own = step.crew.roster, own_level(step, contact)
    if body.reason is TransferReason.WRONG_TOPIC:
        if body.topic_id not in roster.topics or body.topic_id == top_topic(contact.need):
            raise Refuse("malformed", "topic_id must be another topic of the desk")
        need = with_topic(roster, contact.need, body.topic_id, step.needs_seen, complaint=contact.complaint)
        return Wish(body.reason, need, HelpKind.EXPERT, 0, body.topic_id, None)
    if body.reason is TransferReason.STUCK:
        need = after_failure(step.crew, contact.need, contact.owner_id)
        return Wish(body.reason, need, HelpKind.EXPERT, 0, top_topic(need), None)
    if body.reason is TransferReason.CUSTOMER_WANTS_MANAGER:
        return Wish(body.reason, with_level(contact.need, own + 1), HelpKind.APPROVAL, own + 1, "", None)
    if body.reason is not TransferReason.LACKS_AUTHORITY:
        raise Refuse("malformed", "reason must be one that this version knows")
    wanted = checked_decision(step, body.decision_wanted)
    if wanted is None:
        return Wish(body.reason, with_level(contact.need, own + 1), HelpKind.APPROVAL, own + 1, "", None)
    if covers(roster.desk, roster.agents[body.agent_id], wanted):
        raise Refuse("not_eligible", "your own grants cover this decision; use them")
    need = known_need(roster.desk, contact.need.topics, wanted)
    return Wish(body.reason, need, HelpKind.APPROVAL, need.least_level, "", wanted)


def _request(contact: Contact, wish: Wish) -> Help:
    return Help("", contact.contact_id, contact.owner_id, wish.kind, wish.level, wish.topic_id, wish.wanted)


def _ask(step: Step, contact: Contact, wish: Wish, *, ahead: bool = False) -> str:
    return helping.ask(
        step,
        contact,
        wish.kind,
        level=wish.level,
        topic_id=wish.topic_id,
        wanted=wish.wanted,
        need=wish.need,
        ahead=ahead,
    )


def _start(step: Step, contact: Contact, wish: Wish) -> None:
    """The owner is free at once and served first; he stays the owner until somebody accepts (routing.md 1.1)."""
    lacking = wish.reason is TransferReason.LACKS_AUTHORITY
    step.emit(
        HandoverStarted(
            contact_id=contact.contact_id,
            from_agent_id=contact.owner_id,
            reason=wish.reason,
            need=wish.need,
            deadline_at_ms=step.at_ms + step.limits.handover_ms,
            approver=ApproverFound.NOBODY_FREE if lacking else ApproverFound.UNSPECIFIED,
            units_freed=True,
        )
    )
    serve(step, contact.owner_id)
    offered = offer_handover(step, contact.contact_id)
    detail = "offered on" if offered else "waits for a receiver"
    step.accept(contact.contact_id, epoch=contact.epoch, detail=f"{detail}; you stay its owner until then")


def _level(step: Step, contact: Contact) -> int:
    return max(contact.need.least_level, own_level(step, contact) + 1)


def _decision(contact: Contact) -> DecisionWanted | None:
    need = contact.need
    if not (need.known and need.decision_type and need.currency and need.amount_minor):
        return None
    return DecisionWanted(
        decision_type=need.decision_type, amount_minor=need.amount_minor, currency=need.currency, stated=True
    )
