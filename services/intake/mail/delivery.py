"""A mail with its envelope, as it came by SMTP or IMAP, becomes a canonical event."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from services.intake.canonical import Problem, ProviderReply, Reading, Verdict
from services.intake.mail.event import mail_event
from services.intake.mail.parse import derived_id, parse_mail

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
    """The event of a mail; never raises, whatever the bytes are."""
    try:
        mail = parse_mail(envelope.data, languages)
        event = mail_event(
            mail,
            recipients=envelope.recipients,
            event_id=mail.message_id or derived_id(envelope.data, mail.headers),
            null_sender=envelope.mail_from.strip("<> ") == "",
        )
    except Exception as error:  # a fault of ours: keep the evidence, go on
        detail = f"the mail reader failed with {type(error).__name__}"
        return Reading(VERDICT, _TAKEN, problems=(Problem("reader_failed", detail, envelope.data),))
    return Reading(VERDICT, _TAKEN, (event,))
