"""Amazon SES through SNS: mail by a receipt rule, and what became of mail that we sent (channels.md 2.2).

    Notification                JSON in a JSON string in text/plain: a mail, a bounce, a complaint, a receipt
    SubscriptionConfirmation    GET SubscribeURL, on Amazon's own hosts only; nothing is published
    raw delivery                the inner JSON alone, unsigned: a secret in the URL must prove it

Whoever has an AWS account can have SNS sign for a topic of theirs, so a signature proves Amazon, and the list of
our topics proves that it is for us.
"""

from __future__ import annotations

import re
from base64 import b64decode
from collections.abc import Iterator
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
    Wanted,
)
from services.intake.channels import sns
from services.intake.channels.adapter import Adapter
from services.intake.channels.provider import Provider, ProviderSetting
from services.intake.channels.signing import any_equal
from services.intake.channels.url_keys import verify_url_key
from services.intake.mail.event import accounts_of, mail_event, mail_of_fields
from services.intake.mail.headers import Headers, Mailbox, message_ids
from services.intake.mail.parse import derived_id, parse_mail
from services.intake.mail.people import customer_of
from services.intake.mail.reports import status_in
from services.intake.values import NotNow, Unreadable, ident, items, line, load_json, mail_date_ms, obj, text

ANY_TOPIC = "*"
RECIPIENTS_MAX = 100
SIGNED_MS_MAX = 7 * 24 * 3_600_000
"""SNS repeats for hours; an envelope that is older could come as a replay when its facts are forgotten (eight days)."""
_ARN = re.compile(r"arn:aws[a-z-]*:sns:[a-z0-9-]+:\d{12}:[A-Za-z0-9_.-]{1,256}")
TOPICS = ProviderSetting(
    name="FRONTDESK_SES_TOPIC_ARNS",
    says="SNS topics whose notices are taken, with commas; `*` takes any, also a stranger's",
    in_cases=("topic_arn", "topic_arns"),
    absent_in_cases=(ANY_TOPIC,),
    fault=lambda given: (
        "" if all(one == ANY_TOPIC or _ARN.fullmatch(one) for one in given) else "must be topic ARNs or *"
    ),
)
URL_KEYS = ProviderSetting(
    name="FRONTDESK_SES_URL_KEYS",
    says="secret in the webhook's address (`?key=`), for raw delivery, which is not signed",
    in_cases=("url_key", "url_keys"),
)
_DROPPED = {
    "delivery": "delivery",
    "send": "send",
    "open": "open",
    "click": "click",
    "subscription": "subscription",
    "rendering failure": "rendering_failure",
    "amazonsnssubscriptionsucceeded": "subscribed",
}
_REPORTS = {
    "bounce": ("bounce", "bounce", "bouncedRecipients"),
    "complaint": ("complaint", "complaint", "complainedRecipients"),
    "deliverydelay": ("bounce", "deliveryDelay", "delayedRecipients"),
    "reject": ("bounce", "reject", ""),
}
"""Kind, name of the part that tells, and of its recipients."""
_VALIDATED = "Successfully validated SNS topic"
Body = dict[str, Any]


def verify(delivery: Delivery, known: Known) -> Verdict:
    """The signature of an envelope for a topic of ours; raises NotNow when its certificate is not there."""
    envelope = _envelope(delivery)
    if envelope is None:
        return verify_url_key(delivery, known.of(URL_KEYS))
    reason = _not_ours(envelope, known)
    if reason:
        return Verdict(False, "sns", reason)
    certificate = delivery.fetched.get(sns.certificate_url(envelope))
    if certificate is None:
        raise NotNow("the certificate could not be fetched")
    if not sns.is_signed_by(envelope, certificate):
        return Verdict(False, "sns", "wrong signature")
    signed_ms = mail_date_ms(envelope.get("Timestamp"))
    if signed_ms and delivery.received_at_ms - signed_ms > SIGNED_MS_MAX:
        return Verdict(False, "sns", "signed too long ago")
    return Verdict(True, "sns")


def wants(delivery: Delivery, known: Known) -> tuple[Wanted, ...]:
    """The certificate of an envelope for a topic of ours, at an address of Amazon's."""
    envelope = _envelope(delivery)
    if envelope is None or _not_ours(envelope, known):
        return ()
    return (Wanted(sns.certificate_url(envelope), sns.FETCHER),)


def _envelope(delivery: Delivery) -> Body | None:
    """SNS's envelope; None for raw delivery. What is neither counts as raw, for which a key in the URL is needed."""
    try:
        body = load_json(delivery.body)
    except Unreadable:
        return None
    return body if "Signature" in body or "SigningCertURL" in body else None


def _not_ours(envelope: Body, known: Known) -> str:
    """Why the envelope cannot be for us, before anything is fetched; "" when it may be."""
    topics = known.of(TOPICS)
    if not any_equal(text(envelope.get("TopicArn"), 500), topics) and ANY_TOPIC not in topics:
        return "a topic that is not ours"
    if sns.signed_text(envelope) is None:
        return "an envelope that is not SNS's"
    return "" if sns.certificate_url(envelope) else "a certificate that is not Amazon's"


def parse(delivery: Delivery, known: Known, found: Collector) -> None:
    """One notice, or a subscription to confirm."""
    del known
    envelope = _envelope(delivery)
    if envelope is None:
        _take(load_json(delivery.body), delivery, found)
        return
    kind = text(envelope.get("Type"))
    if kind == "SubscriptionConfirmation":
        url = text(envelope.get("SubscribeURL"), 2_000)
        if not sns.RULE.allows(url):
            raise Unreadable("SubscribeURL is not Amazon's")
        found.follow.append(Wanted(url, sns.FETCHER))
    elif kind == "UnsubscribeConfirmation":
        found.dropped.append("unsubscribed")
    elif text(envelope.get("Message")).startswith(_VALIDATED):
        found.dropped.append("subscribed")
    else:
        message = envelope.get("Message")
        if not isinstance(message, str):
            raise Unreadable("no Message")
        _take(load_json(message.encode("utf-8", "surrogatepass")), delivery, found)


def _take(notice: Body, delivery: Delivery, found: Collector) -> None:
    name = text(notice.get("notificationType") or notice.get("eventType"), 60).lower()
    if name == "received":
        found.events.append(_mail(notice))
    elif name in _REPORTS:
        found.events.append(_report(notice, name))
    elif name in _DROPPED:
        found.dropped.append(_DROPPED[name])
    else:
        found.problems.append(
            Problem("unknown_event", "the notice's type is none of those known", delivery.body)
        )


def _mail(notice: Body) -> CanonicalEvent:
    told, receipt = obj(notice.get("mail")), obj(notice.get("receipt"))
    content, headers = notice.get("content"), _headers(told)
    if headers.fields and not text(content).strip():
        data, mail = b"", mail_of_fields(headers)
    else:
        data = _content(content, obj(receipt.get("action")))
        mail = parse_mail(data)
    recipients = items(receipt.get("recipients")) or items(told.get("destination"))
    source = told.get("source")
    return mail_event(
        mail,
        recipients=[line(one) for one in recipients[:RECIPIENTS_MAX]],
        event_id=ident(told.get("messageId")) or mail.message_id or derived_id(data, mail.headers),
        null_sender=isinstance(source, str) and source.strip("<> ") == "",
        occurred_at_ms=mail_date_ms(told.get("timestamp")),
    )


def _headers(told: Body) -> Headers:
    """The header fields that stand beside the mail: all that a notice holds of one that lies in S3."""
    pairs = [obj(one) for one in items(told.get("headers"))]
    return Headers.of((text(one.get("name"), 200), text(one.get("value"))) for one in pairs)


def _content(content: Any, action: Body) -> bytes:
    """The mail's bytes; the action says how they are written (UTF8, BASE64). Raises Unreadable without any."""
    if not isinstance(content, str) or not content.strip():
        where = (
            " it lies in S3, which intake does not read" if text(action.get("type")).upper() == "S3" else ""
        )
        raise Unreadable(f"the notice does not hold the mail;{where or ' let the SNS action carry it'}")
    if text(action.get("encoding")).upper() == "BASE64" or _looks_encoded(content):
        try:
            data = b64decode(content)
        except ValueError:
            data = b""
        if not data:
            raise Unreadable("content is not BASE64")
        return data
    return content.encode("utf-8", "surrogatepass")


def _looks_encoded(content: str) -> bool:
    """No mail begins without a colon or a blank; BASE64 has neither."""
    first = content.lstrip()[:200].partition("\n")[0].strip()
    return bool(re.fullmatch(r"[A-Za-z0-9+/=]{20,}", first))


def _report(notice: Body, name: str) -> CanonicalEvent:
    """A bounce or complaint about a mail of ours; one notice may name several recipients."""
    kind, part, people = _REPORTS[name]
    told, detail = obj(notice.get("mail")), obj(notice.get(part))
    reports = tuple(_reports(told, detail, name, items(detail.get(people))[:RECIPIENTS_MAX]))
    own_id = ident(told.get("messageId"))
    at = text(detail.get("timestamp"), 60)
    event_id = ident(detail.get("feedbackId")) or (f"{own_id}:{at}" if at and own_id else own_id)
    if not event_id:
        raise Unreadable("neither feedbackId nor messageId")
    header_id = message_ids(text(obj(told.get("commonHeaders")).get("messageId"), 1_000))
    about = next(iter(header_id), own_id)
    return CanonicalEvent(
        channel="email",
        medium="email",
        account=next(iter(accounts_of([line(told.get("source"))])), ""),
        provider_event_id=event_id,
        kind=kind,
        state=name,
        customer=customer_of(Mailbox("", reports[0].recipient), "") if reports else None,
        thread_id=about or event_id,
        occurred_at_ms=mail_date_ms(at) or mail_date_ms(told.get("timestamp")),
        subject=line(obj(told.get("commonHeaders")).get("subject")),
        reports=reports,
        about_id=about,
        extras={"bounce_type": line(detail.get("bounceType"), 60)} if detail.get("bounceType") else {},
    )


def _reports(told: Body, detail: Body, name: str, people: list[Any]) -> Iterator[Report]:
    temporary = text(detail.get("bounceType")).lower() == "transient" or name == "deliverydelay"
    if name == "reject":
        people = [{"emailAddress": one} for one in items(told.get("destination"))[:RECIPIENTS_MAX]]
    for one in map(obj, people):
        recipient = line(one.get("emailAddress"), 320)
        status = status_in(text(one.get("status"), 60)) or status_in(text(one.get("diagnosticCode"), 1_000))
        if name == "complaint":
            action, status = line(detail.get("complaintFeedbackType"), 40).lower() or "abuse", ""
        else:
            action = line(one.get("action"), 40).lower() or ("delayed" if temporary else "failed")
            status = status or ("" if name == "reject" else "4.0.0" if temporary else "5.0.0")
        if recipient:
            yield Report(recipient, action, status)


def reply(delivery: Delivery, known: Known) -> ProviderReply:
    del delivery, known
    return ProviderReply(200, body="OK")


WEBHOOK = Adapter("ses", verify, parse, reply, wants=wants)
PROVIDER = Provider(
    name="ses",
    title="Amazon SES (through SNS)",
    media=("email",),
    verified_by="RSA signature of SNS for a topic of ours; a secret in the URL for raw delivery",
    event_id="mail.messageId; feedbackId",
    page="ses",
    hooks={"/hooks/ses": WEBHOOK},
    fetchers={sns.FETCHER: sns.RULE},
    settings=(TOPICS, URL_KEYS),
)
