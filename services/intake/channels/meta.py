"""Meta: one webhook for Messenger, Instagram, comments and WhatsApp (channels.md 2.3).

The signature is hex HMAC-SHA256 of the raw body, which Meta sends \\u-escaped, so nothing may be parsed before.
The older sha1 header is no substitute. A GET is the handshake at registration.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable
from typing import Any

from services.intake.canonical import Collector, Delivery, Known, Problem, ProviderReply, Verdict
from services.intake.channels import messenger, whatsapp
from services.intake.channels.adapter import Adapter
from services.intake.channels.provider import Provider, ProviderSetting
from services.intake.channels.query import parameter
from services.intake.channels.signing import any_equal, any_key
from services.intake.values import Unreadable, dump, items, load_json, obj, text

APP_SECRETS = ProviderSetting(
    name="FRONTDESK_META_APP_SECRETS",
    says="app secrets that sign Messenger's, Instagram's and WhatsApp's webhooks",
    in_cases=("app_secret", "app_secrets"),
)
VERIFY_TOKENS = ProviderSetting(
    name="FRONTDESK_META_VERIFY_TOKEN",
    says="token of Meta's handshake",
    in_cases=("verify_token", "verify_tokens"),
)
SCHEME = "meta"
CHALLENGE_CHARS_MAX = 200
_READERS: dict[str, Callable[[dict[str, Any], Known, Collector], None]] = {
    "page": messenger.page,
    "instagram": messenger.instagram,
    "whatsapp_business_account": whatsapp.account,
}


def verify(delivery: Delivery, known: Known) -> Verdict:
    """The signature of a POST; the verify token of a handshake."""
    if delivery.method == "GET":
        right = parameter(delivery, "hub.mode") == "subscribe" and any_equal(
            parameter(delivery, "hub.verify_token"), known.of(VERIFY_TOKENS)
        )
        return Verdict(right, "meta_handshake", "" if right else "wrong verify token")
    given = delivery.headers.get("x-hub-signature-256", "")
    if any_key(given, known.of(APP_SECRETS), lambda key: _sign(key, delivery.body)):
        return Verdict(True, SCHEME)
    return Verdict(False, SCHEME, "wrong signature" if given else "no signature")


def parse(delivery: Delivery, known: Known, found: Collector) -> None:
    """Entries x items; each is read by itself."""
    if delivery.method == "GET":
        return
    body = load_json(delivery.body)
    reader = _READERS.get(text(body.get("object")))
    if reader is None:
        found.problems.append(Problem("unknown_event", "object is none of those known", delivery.body))
        return
    entries = items(body.get("entry"))
    if not entries:
        raise Unreadable("no entry")
    for entry in entries:
        try:
            reader(obj(entry), known, found)
        except Unreadable as error:
            found.problems.append(Problem("unreadable", str(error), dump(entry)))


def reply(delivery: Delivery, known: Known) -> ProviderReply:
    del known
    if delivery.method == "GET":
        return ProviderReply(200, body=parameter(delivery, "hub.challenge")[:CHALLENGE_CHARS_MAX])
    return ProviderReply(200, body="EVENT_RECEIVED")


def _sign(key: bytes, body: bytes) -> str:
    return "sha256=" + hmac.digest(key, body, "sha256").hex()


WEBHOOK = Adapter("meta", verify, parse, reply)
PROVIDER = Provider(
    name="meta",
    title="Meta (Messenger, Instagram, Facebook, WhatsApp)",
    media=(
        "messenger",
        "instagram",
        "facebook_comment",
        "facebook_post",
        "facebook_review",
        "instagram_comment",
        "instagram_mention",
        "whatsapp",
        "whatsapp_call",
    ),
    verified_by="HMAC-SHA256 over the raw body",
    event_id="mid, comment id, wamid or wacid; and state",
    page="meta",
    hooks={"/hooks/meta": WEBHOOK},
    settings=(APP_SECRETS, VERIFY_TOKENS),
)
