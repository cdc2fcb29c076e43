"""A mail with its envelope, as it came by SMTP, becomes canonical events: one per account it was sent to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from services.intake.canonical import CanonicalEvent, Problem, ProviderReply, Reading, Verdict
from services.intake.mail.html import html_to_text
from services.intake.mail.kinds import kind_of
from services.intake.mail.newest import newest_words
from services.intake.mail.parse import Mail, derived_id, parse_mail
from services.intake.mail.people import customer_of, plus_account, plus_part
from services.intake.mail.threads import answered, thread_of
from services.intake.values import SUBJECT_CHARS_MAX

VERDICT = Verdict(True, "none")
"""Nothing is signed; SPF and DKIM are for the mail server in front of us."""
_TAKEN = ProviderReply(250, body="OK")


@dataclass(frozen=True, slots=True)
class Envelope:
    """One mail: reverse path ("" is the null sender), our accounts it is for, bytes, receipt."""

    mail_from: str
    recipients: tuple[str, ...]
    data: bytes = field(repr=False)
    received_at_ms: int


def read_mail(envelope: Envelope, languages: Sequence[str] = ()) -> Reading:
    """The events of a mail, one per account; never raises, whatever the bytes are."""
    try:
        mail = parse_mail(envelope.data, languages)
        events = {plus_account(one): _event(mail, envelope, one) for one in reversed(envelope.recipients)}
    except Exception as error:  # a fault of ours: keep the evidence, go on
        detail = f"the mail reader failed with {type(error).__name__}"
        return Reading(VERDICT, _TAKEN, problems=(Problem("reader_failed", detail, envelope.data),))
    return Reading(VERDICT, _TAKEN, tuple(reversed(events.values())))


def _event(mail: Mail, envelope: Envelope, recipient: str) -> CanonicalEvent:
    null_sender = envelope.mail_from.strip("<> ") == ""
    event_id = mail.message_id or derived_id(envelope.data, mail.headers)
    reply_to = mail.reply_to.address
    return CanonicalEvent(
        channel="email",
        medium="email",
        account=plus_account(recipient),
        provider_event_id=event_id,
        kind=kind_of(mail.headers, mail.from_, mail.subject, mail.types, null_sender=null_sender),
        customer=customer_of(mail.from_, mail.headers.first("reply-to")),
        thread_id=thread_of(mail.headers, plus_part(recipient) or event_id),
        in_reply_to=answered(mail.headers),
        occurred_at_ms=mail.date_ms,
        subject=mail.subject[:SUBJECT_CHARS_MAX],
        text=words_of_mail(mail),
        language_hint=mail.headers.first("content-language")[:40],
        attachments=mail.attachments,
        extras={"reply_to": reply_to} if reply_to else {},
    )


def words_of_mail(mail: Mail) -> str:
    """The newest words: of the plain text, else of the HTML."""
    if mail.text.strip():
        return newest_words(mail.text)
    return newest_words(html_to_text(mail.html)) if mail.html.strip() else ""
