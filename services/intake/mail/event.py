"""A mail becomes one canonical event, whichever way it came: SMTP, IMAP, or a provider's webhook.

Routes differ in what they give: the bytes (read by `parse_mail`), or the parts already apart (`mail_of_fields`).
From there on all mails are treated alike, so that one mail is the same event by every route.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from services.intake.canonical import CanonicalEvent
from services.intake.mail.charsets import decode
from services.intake.mail.headers import Headers, Mailbox, message_ids, words
from services.intake.mail.html import html_to_text
from services.intake.mail.kinds import kind_of
from services.intake.mail.newest import newest_words
from services.intake.mail.parse import HTML_BYTES_MAX, Mail, first_person, parse_mail
from services.intake.mail.people import addressee_of, customer_of, plus_account, plus_part, writer_in_copy
from services.intake.mail.reports import told_by
from services.intake.mail.threads import answered, thread_of
from services.intake.values import SUBJECT_CHARS_MAX, TEXT_CHARS_MAX, clean, line, mail_date_ms

Attached = tuple[str, bytes]
"""Content type and bytes of an attachment; the bytes may be absent."""
NOTICE_BYTES_MAX = 50_000
_STATUSES = ("message/delivery-status", "message/global-delivery-status")
_ENCLOSED = ("message/rfc822", "message/global", "text/rfc822-headers", "message/global-headers")
RECIPIENTS_MAX = 100
"""Recipients of one mail that are looked at; more are left out."""


def mail_of_fields(
    headers: Headers,
    *,
    from_: Mailbox | None = None,
    subject: str = "",
    text: str = "",
    html: str = "",
    attachments: int = 0,
    attached: Iterable[Attached] = (),
) -> Mail:
    """A mail whose parts a provider has taken apart; a part that is not given is read from the headers.

    `text` and `html` are decoded. Of what is attached the types count, and the words of a bounce's or complaint's
    report, so that a notice is read by these routes as it is by SMTP.
    """
    parts = [(kind.partition(";")[0].strip().lower(), data) for kind, data in attached]
    root = headers.first("content-type").partition(";")[0].strip().lower()
    return Mail(
        headers=headers,
        message_id=next(iter(message_ids(headers.first("message-id"))), ""),
        from_=from_ if from_ and (from_.address or from_.name) else first_person(headers.first("from")),
        reply_to=first_person(headers.first("reply-to")),
        subject=line(subject, SUBJECT_CHARS_MAX) or words(headers.first("subject")),
        date_ms=mail_date_ms(headers.first("date")),
        text=clean(text[:TEXT_CHARS_MAX]),
        html=clean(html[:HTML_BYTES_MAX]),
        attachments=attachments,
        types=frozenset(filter(None, (root, *(kind for kind, _ in parts)))),
        status=_notice(parts, _STATUSES),
        feedback=_notice(parts, ("message/feedback-report",)),
        original=next((_head(data) for kind, data in parts if kind in _ENCLOSED and data), None),
    )


def _notice(parts: Sequence[Attached], kinds: tuple[str, ...]) -> str:
    """The fields of a report (RFC 3464, RFC 5965) that is attached."""
    found = (decode(data[:NOTICE_BYTES_MAX]) for kind, data in parts[:RECIPIENTS_MAX] if kind in kinds)
    return clean("\n\n".join(found).replace("\r\n", "\n"))[:NOTICE_BYTES_MAX]


def _head(data: bytes) -> Headers:
    """The header of an enclosed mail."""
    head = data[:NOTICE_BYTES_MAX].replace(b"\r\n", b"\n").partition(b"\n\n")[0]
    return parse_mail(head + b"\n\n").headers


def mail_event(
    mail: Mail,
    *,
    recipients: Sequence[str],
    event_id: str,
    thread_id: str = "",
    null_sender: bool = False,
    occurred_at_ms: int = 0,
) -> CanonicalEvent:
    """The event of a mail.

    `recipients` are our addresses that it was for, as written; the first is the account, the others stand in
    `also_to`. `thread_id` is the conversation when the provider says it, else References, In-Reply-To, the plus
    part of an address and the mail's own id decide. `occurred_at_ms` goes before the Date header.

    What we wrote to somebody ourselves and got a copy of is our answer, `outbound`, and his thread's.
    """
    accounts = accounts_of(recipients)
    kind = kind_of(
        mail.headers,
        mail.from_,
        mail.subject,
        mail.types,
        null_sender=null_sender,
        words=mail.text,
        accounts=accounts,
    )
    told = told_by(mail, kind)
    token = next(filter(None, map(plus_part, recipients[:RECIPIENTS_MAX])), "")
    reply_to = mail.reply_to.address
    customer = customer_of(
        mail.from_,
        mail.headers.first("reply-to") or reply_to,
        accounts=accounts,
        original_from=mail.headers.first("x-original-from"),
    )
    addressee = None
    if kind == "message":
        addressee = addressee_of(customer, mail.headers, accounts)
        customer = writer_in_copy(customer, mail.headers, accounts) or customer
    return CanonicalEvent(
        channel="email",
        medium="email",
        account=accounts[0] if accounts else "",
        also_to=accounts[1:],
        provider_event_id=event_id,
        kind=kind,
        direction="outbound" if addressee else "inbound",
        customer=addressee or customer,
        thread_id=thread_id or thread_of(mail.headers, token or mail.message_id or event_id),
        in_reply_to=answered(mail.headers),
        occurred_at_ms=occurred_at_ms or mail.date_ms,
        subject=mail.subject[:SUBJECT_CHARS_MAX],
        text=words_of_mail(mail),
        language_hint=mail.headers.first("content-language")[:40],
        attachments=mail.attachments,
        reports=told.reports,
        about_id=told.about_id,
        extras={"reply_to": reply_to} if reply_to else {},
    )


def accounts_of(recipients: Sequence[str]) -> tuple[str, ...]:
    """Addresses of ours without their plus parts, each once, in order."""
    return tuple(dict.fromkeys(filter(None, map(plus_account, recipients[:RECIPIENTS_MAX]))))


def words_of_mail(mail: Mail) -> str:
    """The newest words: of the plain text, else of the HTML."""
    if mail.text.strip():
        return newest_words(mail.text)
    return newest_words(html_to_text(mail.html)) if mail.html.strip() else ""
