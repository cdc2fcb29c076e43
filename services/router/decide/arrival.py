"""A customer contacted the desk: the same conversation goes on, or a contact is opened in its case.

Cases: a contact belongs to the customer's newest case that is open or provisionally settled, when it is in the
same conversation or about the same topic, where an unknown topic (a call has no text) fits any. A customer whose
identity is withheld always gets a new case: no repeat of it could be seen (operations.md 1.2). Identities that strong
links join are one customer; each case keeps the identity that it came with.
"""

from __future__ import annotations

from services.contract.decisions import CaseOpened, ContactContinued, ContactOpened, Need, Reopened
from services.contract.facts import ContactArrived, CustomerRef
from services.router.decide import awaiting, ending, messages, overload
from services.router.decide.placing import offer, place, queue, queued
from services.router.decide.refusal import Malformed
from services.router.decide.step import Step
from services.router.decide.words import ID_LENGTH_MAX, checked_ids, language, word
from services.router.evolve.arrivals import arrival_of
from services.router.evolve.work import kind_of
from services.router.model import Case, Contact, ContactState, DeskState
from services.router.need import need_of, top_topic
from services.router.preferred import cases_of, familiar_agent
from services.router.seeking import seek
from services.router.urgency import target_ms
from services.router.waiting import CALL, EMAIL, Kind

UNITS_CALL = 100
_NOBODY = CustomerRef()
_CLOSED = ContactState.CLOSED


def contact_arrived(step: Step, body: ContactArrived, *, mention: str = "") -> None:
    """Opens, queues and offers; or notes that an open contact goes on. `mention` says of what a rule made it."""
    if not body.contact_id:
        raise Malformed("contact_arrived: contact_id is required")
    customer_key = body.customer.key if body.customer is not None else ""
    if len(body.contact_id) + len(body.thread_key) + len(customer_key) > ID_LENGTH_MAX:
        checked_ids(
            "contact_arrived",
            contact_id=body.contact_id,
            thread_key=body.thread_key,
            customer_key=customer_key,
        )
    kind, desk = kind_of(body.channel, body.medium), step.desk
    conversation = _conversation(desk, body.thread_key)
    known = desk.contacts.get(body.contact_id)
    going_on = _going_on(desk, body, kind, known, conversation)
    if going_on is not None:
        if kind is not CALL:
            said_at_ms = messages.said_at_ms(step, body.medium)
            step.emit(
                ContactContinued(contact_id=going_on, fact_offset=step.offset, occurred_at_ms=said_at_ms)
            )
            if body.opted_out:
                messages.refused(step, going_on)
            awaiting.returned(step, going_on)
            messages.answered_before(step, going_on, said_at_ms)
        return
    if known is not None:
        return  # another state of a contact that is over
    need = need_of(desk.crew.roster, body, step.needs_seen)
    theirs = cases_of(desk, customer_key)
    case = _case_of(step, customer_key, conversation, top_topic(need), theirs)
    cased = None
    if case is None:
        case_id = f"{body.contact_id}-c{step.number}"
        cased = CaseOpened(case_id=case_id, customer_key=customer_key, topic_id=top_topic(need))
    else:
        case_id = case.case_id
        if case.closed_at_ms:
            step.emit(_reopened(step, case, body.contact_id))
    was_over = body.contact_id in desk.ended_early_ids
    familiar = familiar_agent(step.desk, case, customer_key, theirs if cased is not None else None)
    opened = _opened(step, body, kind, need, mention, case_id, familiar, is_new=cased is not None)
    if cased is None or was_over or not _placed_at_once(step, cased, opened):
        if cased is not None:
            step.emit(cased)
        step.emit(opened)
        if was_over:
            queue(step, step.contact(body.contact_id))
            ending.abandon(step, body.contact_id)
            return
        place(step, body.contact_id)
    if body.opted_out:
        messages.refused(step, body.contact_id)
    contact = step.contact(body.contact_id)
    overload.told_to_wait(step, contact)
    messages.answered_before(step, body.contact_id, contact.first_said_at_ms)


def _conversation(desk: DeskState, thread_key: str) -> Case | None:
    """The case that the conversation belongs to."""
    case_id = desk.threads.get(thread_key) if thread_key else None
    return desk.cases.get(case_id) if case_id else None


def _going_on(
    desk: DeskState, body: ContactArrived, kind: Kind, known: Contact | None, conversation: Case | None
) -> str | None:
    """The open contact that this is more of. A second call is a contact of its own."""
    if known is not None:
        return known.contact_id if known.state is not _CLOSED else None
    if kind is CALL or conversation is None:
        return None
    for contact_id in reversed(conversation.open_contact_ids):
        if desk.contacts[contact_id].opened.thread_key == body.thread_key:
            return contact_id
    return None


def _opened(
    step: Step,
    body: ContactArrived,
    kind: Kind,
    need: Need,
    mention: str,
    case_id: str,
    familiar_agent_id: str,
    *,
    is_new: bool,
) -> ContactOpened:
    """The contact of a case that is there, or of a new one."""
    customer, preferred, desk = body.customer or _NOBODY, body.preferred_agent_id, step.desk
    arrived_at_ms, limits = step.received_ms, desk.limits
    return ContactOpened(
        contact_id=body.contact_id,
        case_id=case_id,
        channel=body.channel,
        medium=word(body.medium),
        language=language(body.language.code) if body.language is not None else "",
        need=need,
        customer_key=customer.key,
        thread_key=body.thread_key,
        complaint=body.complaint,
        public=body.public,
        urgent=body.urgent,
        repeat=not is_new,
        first_in_case=is_new,
        units=_units(desk, kind),
        arrived_at_ms=arrived_at_ms,
        preferred_agent_id=preferred if preferred and preferred in desk.agents else "",
        familiar_agent_id=familiar_agent_id,
        fact_offset=step.offset,
        customer_type=word(customer.type) if customer.key else "",
        customer_verified=bool(customer.key) and customer.verified,
        mention=mention,
        occurred_at_ms=messages.said_at_ms(step, body.medium),
        tier=word(customer.tier),
        target_at_ms=arrived_at_ms + target_ms(limits, kind),
        due_at_ms=0 if kind is CALL else arrived_at_ms + limits.due_ms,
    )


def _placed_at_once(step: Step, cased: CaseOpened, opened: ContactOpened) -> bool:
    """Opens both and places the contact, as `place` does; False where the events are to be evolved one by one.

    Nothing that a search looks at is changed by them: neither who is there, nor what he holds, nor who waits.
    """
    desk = step.desk
    arrival = arrival_of(desk, cased, opened, step.at_ms)
    if arrival is None:
        return False
    found = seek(desk, arrival.contact, step.at_ms, number=step.number)
    if found.offered:
        step.take_in(arrival, cased, opened, None)
        offer(step, arrival.contact, found)
    else:
        step.take_in(arrival, cased, opened, queued(step, arrival.contact, found))
    return True


def _units(desk: DeskState, kind: Kind) -> int:
    if kind is CALL:
        return UNITS_CALL
    settings = desk.crew.settings
    return settings.units_email if kind is EMAIL else settings.units_message


def _case_of(
    step: Step, customer_key: str, conversation: Case | None, topic_id: str, theirs: list[Case]
) -> Case | None:
    """The newest case that the contact is about; one whose window is over is no longer found."""
    if not customer_key:
        return None
    group = step.desk.links.group(customer_key) if conversation is not None else ()
    if conversation is not None and conversation.customer_key in group and _in_window(step, conversation):
        return conversation
    for case in theirs:
        if _in_window(step, case) and (not topic_id or not case.topic_id or topic_id == case.topic_id):
            return case
    return None


def _in_window(step: Step, case: Case) -> bool:
    return bool(case.open_contact_ids) or case.deadline_at_ms > step.at_ms


def _reopened(step: Step, case: Case, contact_id: str) -> Reopened:
    return Reopened(
        case_id=case.case_id,
        contact_id=contact_id,
        channel=case.first_channel,
        queue_id=case.first_queue_id,
        first_contact=case.first_settled and not case.returned,
        after_ms=step.at_ms - case.closed_at_ms,
        settled=bool(case.resolved_at_ms),
    )
