"""Mailgun: mail by its routes, and what became of mail that we sent (channels.md 2.2).

    form, no body-mime   a mail in parts: message-headers, body-plain, body-html
    form, body-mime      the mail itself
    form, event          what became of a mail of ours (the older webhooks)
    JSON, event-data     the same (the newer ones)

The signature covers timestamp and token, not the body. So the window is narrow, a token counts once (the shell
remembers it), and 406 tells Mailgun not to come again with what is refused. `stripped-text` is a hint that is often
wrong outside English; it is read only where there is nothing else.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterator
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
from services.intake.channels.forms import Form, form_of
from services.intake.channels.provider import Provider, ProviderSetting
from services.intake.channels.signing import any_key
from services.intake.mail.event import accounts_of, mail_event, mail_of_fields
from services.intake.mail.headers import Headers, mailboxes, message_ids, words
from services.intake.mail.parse import Mail, derived_id, first_person, parse_mail
from services.intake.mail.people import customer_of
from services.intake.mail.reports import status_in
from services.intake.values import Unreadable, epoch_ms, ident, items, line, load_json, obj, text, whole

WINDOW_SECONDS_HIGH = 12 * 3_600
"""Longest window that may be set; Mailgun repeats for 8 hours."""
TOKEN_CHARS_MAX = 200
ATTACHMENTS_MAX = 1_000
_DROPPED = frozenset(
    {"accepted", "delivered", "opened", "clicked", "unsubscribed", "stored", "list_member_uploaded"}
)
_FAILURES = frozenset({"failed", "bounced", "dropped", "rejected"})
Body = dict[str, Any]


def _window_fault(given: tuple[str, ...]) -> str:
    seconds = whole(given[0]) if given else None
    right = seconds is not None and 1 <= seconds <= WINDOW_SECONDS_HIGH
    return "" if right else f"must be seconds from 1 to {WINDOW_SECONDS_HIGH}"


SIGNING_KEYS = ProviderSetting(
    name="FRONTDESK_MAILGUN_SIGNING_KEYS",
    says="HTTP webhook signing keys of Mailgun",
    in_cases=("webhook_signing_key", "webhook_signing_keys", "signing_key"),
)
WINDOW_SECONDS = ProviderSetting(
    name="FRONTDESK_MAILGUN_WINDOW_SECONDS",
    says="how far a post's timestamp may be from our clock, in seconds",
    secret=False,
    default=("300",),
    fault=_window_fault,
)


def verify(delivery: Delivery, known: Known) -> Verdict:
    """Whether a key of ours signed timestamp and token, and the timestamp is within the window."""
    try:
        stamp, token, given = _signature(delivery)
    except Unreadable:
        return Verdict(False, "mailgun", "no signature")
    signed = (stamp + token).encode("utf-8", "surrogateescape")
    right = any_key(
        given, known.of(SIGNING_KEYS), lambda key: hmac.new(key, signed, hashlib.sha256).hexdigest()
    )
    if not right or not token or len(token) > TOKEN_CHARS_MAX:
        return Verdict(False, "mailgun", "wrong signature" if given else "no signature")
    at = whole(stamp)
    window = whole(known.one(WINDOW_SECONDS)) or 0
    if at is None or abs(delivery.received_at_ms // 1000 - at) > window:
        return Verdict(False, "mailgun", "timestamp out of the window")
    return Verdict(True, "mailgun")


def nonce(delivery: Delivery) -> str:
    """The token, which is another one in every post; "" when there is none."""
    try:
        return _signature(delivery)[1][:TOKEN_CHARS_MAX]
    except Unreadable:
        return ""


def _signature(delivery: Delivery) -> tuple[str, str, str]:
    """Timestamp, token, signature."""
    if _is_json(delivery):
        told = obj(load_json(delivery.body).get("signature"))
        return text(told.get("timestamp"), 40), text(told.get("token"), 400), text(told.get("signature"), 400)
    form = form_of(delivery)
    return form.text("timestamp")[:40], form.text("token")[:400], form.text("signature")[:400]


def _is_json(delivery: Delivery) -> bool:
    return delivery.headers.get("content-type", "").strip().lower().startswith("application/json")


def parse(delivery: Delivery, known: Known, found: Collector) -> None:
    """One mail, or one event of a mail of ours."""
    del known
    if _is_json(delivery):
        _take_event(obj(load_json(delivery.body).get("event-data")), delivery, found)
        return
    form = form_of(delivery)
    raw = form.value("body-mime")
    if form.value("event") and not (raw or form.value("body-plain") or form.value("body-html")):
        _take_event(_older_event(form), delivery, found)
        return
    mail = parse_mail(raw) if raw.strip() else _mail(form)
    if not mail.headers.fields and not mail.from_.address:
        raise Unreadable("neither headers nor a sender")
    named = {part.name for part in form.parts}
    recipients = [one.address for one in mailboxes(form.text("recipient")) if "@" in one.address]
    found.events.append(
        mail_event(
            mail,
            recipients=recipients or [one.address for one in mailboxes(mail.headers.first("to"))],
            event_id=mail.message_id or (derived_id(raw, mail.headers) if raw.strip() else _derived(form)),
            null_sender="sender" in named and form.text("sender").strip("<> ") == "",
        )
    )


def _mail(form: Form) -> Mail:
    headers = Headers.of(_pairs(form))
    from_ = first_person(headers.first("from"))
    if not from_.address:
        from_ = first_person(form.text("from") or form.text("sender"))
    plain, html = form.text("body-plain"), form.text("body-html")
    if not plain.strip() and not html.strip():
        plain, html = form.text("stripped-text"), form.text("stripped-html")
    told = max(0, whole(form.text("attachment-count")) or 0)
    stored = _attachments(form)
    attached = [(text(obj(one).get("content-type"), 100), b"") for one in stored]
    attached += [(part.content_type, part.value) for part in form.files]
    return mail_of_fields(
        headers,
        from_=from_,
        subject=words(form.text("subject")),
        text=plain,
        html=html,
        attachments=min(max(told, len(form.files), len(stored)), ATTACHMENTS_MAX),
        attached=attached,
    )


def _pairs(form: Form) -> Iterator[tuple[str, str]]:
    """message-headers, a JSON list of pairs; then the fields that are header fields, with a capital, that it lacks."""
    named = set()
    for pair in items(_json_value(form.value("message-headers"))):
        if isinstance(pair, list) and len(pair) == 2 and isinstance(pair[0], str):
            named.add(pair[0].strip().lower())
            yield pair[0], text(pair[1], 100_000)
    for part in form.parts:
        if part.name[:1].isupper() and part.name.lower() not in named and part.file_name is None:
            yield part.name, form.text(part.name)


def _attachments(form: Form) -> list[Any]:
    """Of a stored message, whose attachments are listed and not posted."""
    return items(_json_value(form.value("attachments")))[:ATTACHMENTS_MAX]


def _json_value(value: bytes) -> Any:
    """The value of a field that holds JSON; None when it does not."""
    try:
        return load_json(b'{"value":' + value + b"}").get("value") if value.strip() else None
    except Unreadable:
        return None


def _derived(form: Form) -> str:
    """For a mail without an id: of what a repeated post has again, so neither timestamp nor token."""
    names = ("recipient", "sender", "message-headers", "from", "Date", "subject", "body-plain", "body-html")
    parts = [sha256(form.value(name)).digest() for name in names]
    return "sha256:" + sha256(b"".join(parts)).hexdigest()


def _older_event(form: Form) -> Body:
    """The older webhooks' form in the shape of the newer ones."""
    headers = Headers.of(_pairs(form))
    sent = {name: headers.first(name) for name in ("message-id", "from", "subject")}
    sent["message-id"] = sent["message-id"] or form.text("message-id")
    return {
        "event": form.text("event"),
        "id": "|".join(
            (sent["message-id"] or form.text("token"), form.text("event"), form.text("recipient"))
        ),
        "timestamp": form.text("timestamp"),
        "recipient": form.text("recipient"),
        "severity": "temporary" if form.text("code").startswith("4") else "permanent",
        "message": {"headers": sent},
        "delivery-status": {
            "code": form.text("code"),
            "message": form.text("error") or form.text("notification"),
            "description": form.text("description"),
        },
    }


def _take_event(event: Body, delivery: Delivery, found: Collector) -> None:
    """What became of a mail of ours for one recipient."""
    name = text(event.get("event"), 60).lower()
    if name in _DROPPED:
        found.dropped.append(name)
    elif name in _FAILURES:
        temporary = text(event.get("severity")).lower() == "temporary"
        found.events.append(_told(event, "bounce", "delayed" if temporary else "failed", _status(event)))
    elif name == "complained":
        found.events.append(_told(event, "complaint", "abuse", ""))
    elif name:
        found.problems.append(Problem("unknown_event", "event is none of those known", delivery.body))
    else:
        raise Unreadable("neither a mail nor an event")


def _told(event: Body, kind: str, action: str, status: str) -> CanonicalEvent:
    headers = obj(obj(event.get("message")).get("headers"))
    recipient = line(event.get("recipient"))
    event_id = ident(event.get("id"))
    if not event_id:
        raise Unreadable("no id")
    about = next(iter(message_ids(line(headers.get("message-id"), 1_000))), "")
    at = event.get("timestamp")
    sender = line(headers.get("from")) or line(obj(event.get("envelope")).get("sender"))
    accounts = accounts_of([first_person(sender).address])
    return CanonicalEvent(
        channel="email",
        medium="email",
        account=next(iter(accounts), ""),
        provider_event_id=event_id,
        kind=kind,
        state=kind,
        customer=customer_of(first_person(recipient), ""),
        thread_id=about or event_id,
        occurred_at_ms=int(at * 1000) if isinstance(at, float) and 0 < at < 1e11 else epoch_ms(at),
        subject=line(headers.get("subject")),
        reports=(Report(recipient, action, status),) if recipient else (),
        about_id=about,
        extras={"reason": line(event.get("reason"), 60)} if event.get("reason") else {},
    )


def _status(event: Body) -> str:
    """The enhanced status (RFC 3463) that the other server gave, else what its reply code says."""
    status = obj(event.get("delivery-status"))
    told = (status.get("enhanced-code"), status.get("message"), status.get("description"), status.get("code"))
    return next(filter(None, (status_in(text(one, 1_000)) for one in told)), "")


def reply(delivery: Delivery, known: Known) -> ProviderReply:
    del delivery, known
    return ProviderReply(200, body="OK")


WEBHOOK = Adapter(
    "mailgun",
    verify,
    parse,
    reply,
    refused=ProviderReply(406, body="signature does not verify"),
    nonce=nonce,
)
PROVIDER = Provider(
    name="mailgun",
    title="Mailgun",
    media=("email",),
    verified_by="HMAC-SHA256 over timestamp and token, each token once",
    event_id="Message-Id, else a hash; id of the event",
    page="mailgun",
    hooks={"/hooks/mailgun": WEBHOOK},
    settings=(SIGNING_KEYS, WINDOW_SECONDS),
)
