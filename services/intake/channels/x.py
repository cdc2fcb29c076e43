"""X's webhook: the challenge-response check, the signature, and which of the two envelopes a body is (channels.md 2.3).

The challenge (GET, at registration and hourly) is answered with the same HMAC that signs bodies. Answered for any
token, it would sign whatever a stranger puts into the query, a body included; so a token that could be a body is
not answered: every body is a JSON object, and a token holds no brace.
"""

from __future__ import annotations

import hmac
import json
import re
from base64 import b64encode

from services.intake.canonical import Collector, Delivery, Known, ProviderReply, Verdict
from services.intake.channels import x_activity, x_legacy
from services.intake.channels.adapter import Adapter
from services.intake.channels.provider import Provider, ProviderSetting
from services.intake.channels.query import parameter
from services.intake.channels.signing import any_key
from services.intake.values import load_json

CONSUMER_SECRETS = ProviderSetting(
    name="FRONTDESK_X_CONSUMER_SECRETS",
    says="consumer secrets (API key secrets) of the app on X; the first answers its challenges",
    in_cases=("consumer_secret", "consumer_secrets"),
)
SCHEME = "x"
HANDSHAKE = "x_crc"
_TOKEN = re.compile(r"[A-Za-z0-9 ._~+/=:-]{1,256}")
"""A challenge's token; X sends UUIDs and base64 (where a bare + of the query has become a space)."""


def verify(delivery: Delivery, known: Known) -> Verdict:
    """The signature of a POST; of a challenge, that it has a token and we have a key."""
    keys = known.of(CONSUMER_SECRETS)
    if delivery.method == "GET":
        right = bool(_token(delivery)) and any(keys)
        return Verdict(right, HANDSHAKE, "" if right else "no token to answer, or no key")
    given = delivery.headers.get("x-twitter-webhooks-signature", "")
    if any_key(given, keys, lambda key: sign(key, delivery.body)):
        return Verdict(True, SCHEME)
    return Verdict(False, SCHEME, "wrong signature" if given else "no signature")


def parse(delivery: Delivery, known: Known, found: Collector) -> None:
    """The newer envelope has `data`, the older one lists by kind."""
    del known
    if delivery.method == "GET":
        return
    body = load_json(delivery.body)
    if "data" in body:
        x_activity.read(body, found)
    else:
        x_legacy.read(body, found)


def reply(delivery: Delivery, known: Known) -> ProviderReply:
    if delivery.method != "GET":
        return ProviderReply(200, body="OK")
    key = next(filter(None, known.of(CONSUMER_SECRETS)), "")
    token = sign(key.encode(), _token(delivery).encode())
    return ProviderReply(200, "application/json", json.dumps({"response_token": token}))


def sign(key: bytes, data: bytes) -> str:
    """What X signs bodies with and expects of challenges: base64 HMAC-SHA256."""
    return "sha256=" + b64encode(hmac.digest(key, data, "sha256")).decode()


def _token(delivery: Delivery) -> str:
    """The challenge's token; "" for one that is missing or could be a body."""
    token = parameter(delivery, "crc_token")
    return token if _TOKEN.fullmatch(token) else ""


WEBHOOK = Adapter("x", verify, parse, reply)
PROVIDER = Provider(
    name="x",
    title="X",
    media=("x_dm", "x_post"),
    verified_by="HMAC-SHA256 over the raw body",
    event_id="id of the post or direct message; and state",
    page="x",
    hooks={"/hooks/x": WEBHOOK},
    settings=(CONSUMER_SECRETS,),
)
