"""Postmark's inbound webhook: a mail as JSON (channels.md 2.2).

There is no signature: basic auth in the URL is all, compared as encoded text. Their MessageID is the delivery's
id; the Message-ID header differs. Their StrippedTextReply knows English only, so our own stripper goes over it.
Bounces, complaints and receipts of what we sent may be posted to the same address, told apart by RecordType.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from hashlib import sha256
from typing import Any

from services.intake.canonical import (
    CanonicalEvent,
    Collector,
    Delivery,
    Known,
    Problem,
    ProviderReply,
    Report,
    Verdict,
)
from services.intake.channels.adapter import Adapter
from services.intake.channels.authorization import credentials
from services.intake.channels.provider import Provider, ProviderSetting
from services.intake.channels.signing import any_equal
from services.intake.mail.event import mail_event, mail_of_fields
from services.intake.mail.headers import FIELD_CHARS_MAX, Headers, Mailbox
from services.intake.mail.people import customer_of, plus_account
from services.intake.mail.reports import status_in
from services.intake.values import (
    SUBJECT_CHARS_MAX,
    Unreadable,
    ident,
    items,
    line,
    load_json,
    mail_date_ms,
    obj,
    text,
)

BASIC_AUTH = ProviderSetting(
    name="FRONTDESK_POSTMARK_BASIC_AUTH",
    says="`name:password` of Postmark's webhook address",
    in_cases=("basic_auth",),
    fault=lambda given: "" if all(":" in one for one in given) else "must be name:password",
)
_RECORDS = {"Bounce": "bounce", "SpamComplaint": "complaint"}
_PASSING = frozenset({"transient", "dnserror", "softbounce", "autoresponder", "addresschange"})
"""Types of bounces after which a mail may yet arrive, or has."""
_NO_EVENTS = frozenset({"Delivery", "Open", "Click", "SubscriptionChange"})
Body = dict[str, Any]


def verify(delivery: Delivery, known: Known) -> Verdict:
    """Whether the Authorization header is one of ours ("Basic" in any case, RFC 7617)."""
    given = credentials(delivery, "basic")
    wanted = (b64encode(key.encode()).decode() for key in known.of(BASIC_AUTH) if key)
    right = any_equal(given, wanted)
    return Verdict(right, "basic", "" if right else ("wrong credentials" if given else "no credentials"))


def parse(delivery: Delivery, known: Known, found: Collector) -> None:
    del known
    body = load_json(delivery.body)
    record = text(body.get("RecordType"))
    if record in _RECORDS:
        found.events.append(_report(body, _RECORDS[record]))
    elif record in _NO_EVENTS:
        found.dropped.append(record.lower())
    elif record and record != "Inbound":
        found.problems.append(Problem("unknown_event", "RecordType is none of those known", delivery.body))
    else:
        found.events.append(_mail(body, delivery))


def _mail(body: Body, delivery: Delivery) -> CanonicalEvent:
    headers = _headers(body)
    sender = obj(body.get("FromFull"))
    from_ = Mailbox(
        line(sender.get("Name") or body.get("FromName")), line(sender.get("Email") or body.get("From"))
    )
    if not from_.address and not text(body.get("MessageID")):
        raise Unreadable("neither From nor MessageID")
    attached = [obj(one) for one in items(body.get("Attachments"))]
    mail = mail_of_fields(
        headers,
        from_=from_,
        subject=line(body.get("Subject"), SUBJECT_CHARS_MAX),
        text=text(body.get("StrippedTextReply")) or text(body.get("TextBody")),
        html=text(body.get("HtmlBody"), 1_000_000),
        attachments=len(attached),
        attached=[(line(one.get("ContentType"), 100), _bytes(one)) for one in attached],
    )
    mailbox_hash = ident(body.get("MailboxHash"))
    recipient = obj(next(iter(items(body.get("ToFull"))), None)).get("Email")
    account = plus_account(line(body.get("OriginalRecipient") or recipient or body.get("To")), mailbox_hash)
    return mail_event(
        mail,
        recipients=(account,),
        event_id=ident(body.get("MessageID")) or mail.message_id or _hash(delivery),
        thread_id=mailbox_hash,
    )


def _bytes(attachment: Body) -> bytes:
    """What is attached, where it may be a notice; everything else is only counted."""
    if not line(attachment.get("ContentType"), 100).lower().startswith(("message/", "text/rfc822")):
        return b""
    try:
        return b64decode(text(attachment.get("Content"), 500_000))
    except ValueError:
        return b""


def _headers(body: Body) -> Headers:
    """Their list of headers, and those that they give apart."""
    pairs = [(text(obj(one).get("Name")), text(obj(one).get("Value"))) for one in items(body.get("Headers"))]
    named = {name.strip().lower() for name, _ in pairs}
    apart = {"date": "Date", "reply-to": "ReplyTo", "to": "To", "cc": "Cc"}
    told = [(name, line(body.get(key), FIELD_CHARS_MAX)) for name, key in apart.items() if name not in named]
    return Headers.of([(name, value) for name, value in told if value] + pairs)


def _hash(delivery: Delivery) -> str:
    return "sha256:" + sha256(delivery.body).hexdigest()


def _report(body: Body, kind: str) -> CanonicalEvent:
    """A bounce or complaint about a mail of ours, told by Postmark itself."""
    event_id = ident(body.get("ID")) or ident(body.get("MessageID"))
    if not event_id:
        raise Unreadable("no ID")
    recipient = line(body.get("Email"))
    told = (body.get("Details"), body.get("Description"), body.get("Content"))
    status = next(filter(None, (status_in(text(one, 2_000)) for one in told)), "")
    if kind == "complaint":
        report = Report(recipient, "abuse")
    else:
        delayed = line(body.get("Type"), 60).lower() in _PASSING
        report = Report(recipient, "delayed" if delayed else "failed", status)
    return CanonicalEvent(
        channel="email",
        medium="email",
        account=plus_account(line(body.get("From"))),
        provider_event_id=event_id,
        kind=kind,
        state=kind,
        customer=customer_of(Mailbox("", line(body.get("Email"))), ""),
        thread_id=ident(body.get("MessageID")) or event_id,
        occurred_at_ms=mail_date_ms(body.get("BouncedAt")),
        subject=line(body.get("Subject"), SUBJECT_CHARS_MAX),
        reports=(report,) if recipient else (),
        about_id=ident(body.get("MessageID")),
        extras={"bounce_type": line(body.get("Type"), 60)},
    )


def reply(delivery: Delivery, known: Known) -> ProviderReply:
    del delivery, known
    return ProviderReply(200, body="OK")


INBOUND = Adapter(
    "postmark",
    verify,
    parse,
    reply,
    refused=ProviderReply(403, body="credentials are missing or wrong"),
)
PROVIDER = Provider(
    name="postmark",
    title="Postmark",
    media=("email",),
    verified_by="basic auth in the URL",
    event_id="MessageID",
    page="postmark",
    hooks={"/hooks/postmark": INBOUND},
    settings=(BASIC_AUTH,),
)
