"""Genesys Cloud Open Messaging: what an agent or bot writes, and what a customer wrote (channels.md 2.1).

Genesys posts here what goes out to a customer of an open-messaging integration, with `X-Hub-Signature-256` over
the raw body in base64 (Meta's header of the same name is in hex). An inbound message, which our own bridge posts
to Genesys, is read too when it is posted here as well. `direction` alone tells whose word it is.
"""

from __future__ import annotations

import hashlib
import hmac
from base64 import b64encode
from collections.abc import Callable, Mapping
from typing import Any

from services.intake import identity
from services.intake.canonical import (
    CanonicalEvent,
    Collector,
    Customer,
    Delivery,
    Known,
    Problem,
    ProviderReply,
    Verdict,
)
from services.intake.channels.adapter import Adapter
from services.intake.channels.provider import Provider, ProviderSetting
from services.intake.channels.signing import any_key
from services.intake.values import (
    Unreadable,
    epoch_ms,
    ident,
    items,
    line,
    load_json,
    mail_date_ms,
    obj,
    text,
)

SECRETS = ProviderSetting(
    name="FRONTDESK_GENESYS_SECRETS",
    says="outbound notification secrets of Genesys Open Messaging integrations",
    in_cases=("secret", "secrets"),
)
ENCODING = ProviderSetting(
    name="FRONTDESK_GENESYS_SIGNATURE",
    says="how Genesys writes its signature, `base64` or `hex`",
    secret=False,
    default=("base64",),
    fault=lambda given: "" if set(given) <= {"base64", "hex"} else "must be base64 or hex",
)
HEADER = "x-hub-signature-256"
MEDIUM = "genesys_open"
_WORDS = frozenset({"text", "structured", "media"})
_PARTS_MAX = 100
Fields = Mapping[str, Any]


def verify(delivery: Delivery, known: Known) -> Verdict:
    given = delivery.headers.get(HEADER, "")
    encode = _ENCODERS.get(known.one(ENCODING), _base64)

    def sign(key: bytes) -> str:
        return "sha256=" + encode(hmac.new(key, delivery.body, hashlib.sha256).digest())

    right = any_key(given, known.of(SECRETS), sign)
    return Verdict(right, "genesys", "" if right else ("wrong signature" if given else "no signature"))


def parse(delivery: Delivery, known: Known, found: Collector) -> None:
    """One message, receipt or sign of life.."""
    body = load_json(delivery.body)
    kind, channel = line(body.get("type"), 40).lower(), obj(body.get("channel"))
    if kind == "receipt" or body.get("isFinalReceipt") is not None:
        found.dropped.append("status")
    elif kind == "event":
        _signs(body, delivery, found)
    elif kind in _WORDS or (not kind and (body.get("text") or body.get("content"))):
        found.events.append(_message(body, channel, known))
    else:
        found.problems.append(Problem("unknown_event", "a type that is not documented", delivery.body))


def _signs(body: Fields, delivery: Delivery, found: Collector) -> None:
    """Typing, and presence: somebody joined, left or hung up the chat."""
    kinds = [line(obj(one).get("eventType"), 40).lower() for one in items(body.get("events"))[:_PARTS_MAX]]
    for kind in kinds or [""]:
        if kind in ("typing", "presence", "cobrowse", "video", "reactions"):
            found.dropped.append(kind)
        else:
            found.problems.append(
                Problem("unknown_event", "an eventType that is not documented", delivery.body)
            )


def _message(body: Fields, channel: Fields, known: Known) -> CanonicalEvent:
    del known
    # Without a direction it is a notification, and those are what goes out.
    outbound = line(body.get("direction"), 40).lower() != "inbound"
    sender, receiver = obj(channel.get("from")), obj(channel.get("to"))
    theirs, ours = (receiver, sender) if outbound else (sender, receiver)
    message = ident(body.get("id") or channel.get("messageId"))
    if not message:
        raise Unreadable("no id")
    customer, account = _customer(theirs), ident(ours.get("id"))
    at_ms = mail_date_ms(channel.get("time")) or epoch_ms(channel.get("time"))
    words, files = _words(body)
    return CanonicalEvent(
        channel="social",
        medium=MEDIUM,
        account=account,
        provider_event_id=message,
        kind="message",
        direction="outbound" if outbound else "inbound",
        customer=customer,
        thread_id=ident(channel.get("id")) or f"{account}|{customer.value}",
        in_reply_to=ident(_quoted(body)),
        occurred_at_ms=at_ms,
        text=words,
        attachments=files,
        extras={"by": "bot"} if line(body.get("originatingEntity"), 40).lower() == "bot" else {},
    )


def _words(body: Fields) -> tuple[str, int]:
    """The text with the titles of its buttons and cards, and how many files there are."""
    found, files = [text(body.get("text"))], 0
    for part in map(obj, items(body.get("content"))[:_PARTS_MAX]):
        kind = line(part.get("contentType"), 40)
        inner = obj(part.get(kind[:1].lower() + kind[1:]))
        if kind.lower() == "attachment":
            files += 1
        elif kind.lower() in ("buttonresponse", "quickreply"):
            found.append(text(inner.get("text")) if not found[0] else "")
        elif kind.lower() in ("card", "generic", "text", "story", "notification", "datepicker"):
            found += [text(inner.get(name)) for name in ("title", "description", "body", "text")]
    return "\n".join(one for one in found if one), files


def _quoted(body: Fields) -> Any:
    for part in map(obj, items(body.get("content"))[:_PARTS_MAX]):
        if part.get("contentType") == "ButtonResponse":
            return obj(part.get("buttonResponse")).get("originatingMessageId")
    return obj(body.get("reaction")).get("messageId")


def _customer(side: Fields) -> Customer:
    """`idType` says what the id is: Phone, Email, or Opaque, which is whatever our bridge gave."""
    value, kind = line(side.get("id")), line(side.get("idType"), 40).lower()
    names = [line(side.get(name)) for name in ("firstName", "lastName")]
    name = " ".join(filter(None, names)) or line(side.get("nickname"))
    if kind == "phone":
        return identity.caller(value if value.startswith("+") else f"+{value}", "", name)
    if kind == "email":
        return identity.writer(value, name)
    if not value:
        return Customer(name=name, absent_reason="not_told")
    return Customer(type="external_id", value=ident(side.get("id")), name=name)


def _base64(digest: bytes) -> str:
    return b64encode(digest).decode()


_ENCODERS: dict[str, Callable[[bytes], str]] = {"base64": _base64, "hex": bytes.hex}


def reply(delivery: Delivery, known: Known) -> ProviderReply:
    del delivery, known
    return ProviderReply(200)


PROVIDER = Provider(
    name="genesys",
    title="Genesys Cloud Open Messaging",
    media=(MEDIUM,),
    verified_by="HMAC-SHA256 over the raw body, in base64",
    event_id="message id",
    page="genesys",
    hooks={"/hooks/genesys": Adapter("genesys", verify, parse, reply)},
    settings=(SECRETS, ENCODING),
)
