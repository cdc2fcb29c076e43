"""What went out to customers, and what came in that is no contact."""

from __future__ import annotations

from services.contract.decisions import (
    Answered,
    AnsweredEarly,
    MentionAnswered,
    MessageDue,
    MessagesRefused,
    NonContactNoted,
    OutboundNoted,
)
from services.contract.facts import Channel, MessageSent, NonContactSeen
from services.router.decide.step import Step
from services.router.decide.words import checked_ids, word
from services.router.model import REFUSED, Contact, KeptMention

ANSWER_KINDS = ("human", "ack")
OUTBOUND_KINDS = frozenset(
    {
        "update",
        "revised_time",
        "wait_notice",
        "reminder",
        "callback_offer",
        "followup",
        "thanks",
        "survey",
        "proactive",
        "goodwill",
    }
)
"""Messages that are no answers."""
NON_CONTACT_KINDS = frozenset(
    {"auto_reply", "bounce", "complaint", "reaction", "edit", "deletion", "call_state"}
)


def sent(step: Step, body: MessageSent) -> None:
    """The first answer of each kind is measured; later ones and unknown kinds are not. What is no answer is noted.

    An answer found by its conversation answers what was said before it. Where nothing is, it is kept: the message
    that it answers may come later.
    """
    checked_ids("message_sent", contact_id=body.contact_id, thread_key=body.thread_key)
    if body.kind in OUTBOUND_KINDS:
        _note(step, body)
    if body.kind not in ANSWER_KINDS:
        return
    sent_at_ms = said_at_ms(step, body.medium)
    if body.contact_id:
        contact = step.desk.contacts.get(body.contact_id)
    else:
        contact = _in_conversation(step, body.thread_key)
        if contact is None and body.kind == "human" and _answered_mention(step, body.thread_key, sent_at_ms):
            return
        if body.thread_key and (contact is None or sent_at_ms < contact.first_said_at_ms):
            step.emit(AnsweredEarly(thread_key=body.thread_key, kind=body.kind, occurred_at_ms=sent_at_ms))
            return
    if contact is not None:
        _answer(step, contact, body.kind, step.at_ms - contact.arrived_at_ms)


def refused(step: Step, contact_id: str) -> None:
    """The words refuse further messages: whoever sends them is given none to send, whatever follows (requirement S2.7)."""
    if REFUSED not in step.contact(contact_id).told:
        step.emit(MessagesRefused(contact_id=contact_id))


def tell(step: Step, contact: Contact, kind: str) -> None:
    """A message of that kind is due to the customer, unless he refuses them."""
    if REFUSED in contact.told:
        return
    step.emit(
        MessageDue(
            contact_id=contact.contact_id, kind=kind, channel=contact.channel, queue_id=contact.queue_id
        )
    )


def answered_before(step: Step, contact_id: str, asked_at_ms: int) -> None:
    """Own answers that came before this message of the contact answer it, when they were sent after it was said."""
    if not step.desk.early_answers:
        return
    contact = step.contact(contact_id)
    for answer in step.desk.early_answers.get(contact.opened.thread_key, ()):
        if answer.sent_at_ms >= asked_at_ms:
            _answer(step, step.contact(contact_id), answer.kind, answer.sent_at_ms - asked_at_ms)


def mention_answered_before(step: Step, mention: KeptMention) -> None:
    """A person's answer that came before the mention answers it."""
    for answer in step.desk.early_answers.get(mention.thread_key, ()):
        if answer.kind == "human" and answer.sent_at_ms >= mention.said_at_ms and not mention.answered:
            _answer_mention(step, mention, answer.sent_at_ms)
            return


def said_at_ms(step: Step, medium: str) -> int:
    """When a message was sent, by the provider's clock; mail has only its sender's, so its receipt counts."""
    return step.received_ms if medium == "email" else step.occurred_ms


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


def _note(step: Step, body: MessageSent) -> None:
    contact = (
        step.desk.contacts.get(body.contact_id)
        if body.contact_id
        else _in_conversation(step, body.thread_key)
    )
    channel = Channel.EMAIL if body.medium == "email" else Channel.UNSPECIFIED
    step.emit(
        OutboundNoted(
            contact_id=body.contact_id if contact is None else contact.contact_id,
            kind=body.kind,
            channel=channel if contact is None else contact.channel,
            queue_id="" if contact is None else contact.queue_id,
            first_queue_id="" if contact is None else contact.first_queue_id,
        )
    )


def _in_conversation(step: Step, thread_key: str) -> Contact | None:
    """The newest open contact of the conversation."""
    case = step.desk.cases.get(step.desk.threads.get(thread_key, "")) if thread_key else None
    for contact_id in reversed(case.open_contact_ids if case is not None else ()):
        contact = step.contact(contact_id)
        if contact.opened.thread_key == thread_key:
            return contact
    return None


def _answered_mention(step: Step, thread_key: str, sent_at_ms: int) -> bool:
    """True when the answer is to a mention that is no contact; its first one is told of."""
    for mention in reversed(step.desk.kept_mentions if thread_key else ()):
        if mention.thread_key == thread_key and mention.said_at_ms <= sent_at_ms:
            if not mention.answered:
                _answer_mention(step, mention, sent_at_ms)
            return True
    return False


def _answer_mention(step: Step, mention: KeptMention, sent_at_ms: int) -> None:
    step.emit(
        MentionAnswered(
            contact_id=mention.contact_id,
            channel=mention.channel,
            kind=mention.kind,
            after_ms=sent_at_ms - mention.said_at_ms,
        )
    )


def _answer(step: Step, contact: Contact, kind: str, after_ms: int) -> None:
    if kind in contact.answered:
        return
    step.emit(
        Answered(
            contact_id=contact.contact_id,
            kind=kind,
            after_ms=after_ms,
            channel=contact.channel,
            queue_id=contact.queue_id,
            mention=contact.opened.mention,
            complaint=contact.complaint,
            public=contact.opened.public,
        )
    )
