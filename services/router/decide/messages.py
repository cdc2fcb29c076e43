"""What went out to customers, and what came in that is no contact."""

from __future__ import annotations

from services.contract.decisions import Answered, NonContactNoted
from services.contract.facts import MessageSent, NonContactSeen
from services.router.decide.step import Step
from services.router.decide.words import checked_ids, word
from services.router.model import Contact

ANSWER_KINDS = ("human", "ack")
NON_CONTACT_KINDS = frozenset(
    {"auto_reply", "bounce", "complaint", "reaction", "edit", "deletion", "call_state"}
)


def sent(step: Step, body: MessageSent) -> None:
    """The first answer of each kind is measured; later ones and unknown kinds are not."""
    contact = _contact_of(step, body)
    if contact is None or body.kind not in ANSWER_KINDS or body.kind in contact.answered:
        return
    step.emit(
        Answered(
            contact_id=contact.contact_id,
            kind=body.kind,
            after_ms=step.at_ms - contact.arrived_at_ms,
            channel=contact.channel,
            queue_id=contact.queue_id,
            mention=contact.opened.mention,
        )
    )


def non_contact(step: Step, body: NonContactSeen) -> None:
    """Noted by labels and ids only; a state of a call with its contact and the wait that the provider tells."""
    kind = body.kind if body.kind in NON_CONTACT_KINDS else "other"
    checked_ids("non_contact_seen", contact_id=body.contact_id)
    step.emit(
        NonContactNoted(
            kind=kind,
            channel=body.channel,
            contact_id=body.contact_id,
            call_state=word(body.call_state),
            wait_ms=max(0, body.wait_ms),
        )
    )


def _contact_of(step: Step, body: MessageSent) -> Contact | None:
    """The contact that was answered: by its id, else the newest open one of the conversation."""
    if body.contact_id:
        return step.desk.contacts.get(body.contact_id)
    case = step.desk.cases.get(step.desk.threads.get(body.thread_key, "")) if body.thread_key else None
    for contact_id in reversed(case.open_contact_ids if case is not None else ()):
        contact = step.contact(contact_id)
        if contact.opened.thread_key == body.thread_key:
            return contact
    return None
