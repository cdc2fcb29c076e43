"""Published signature vectors of Twilio, Meta, X and Slack, good ones and each of them changed."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlencode

import pytest

from services.intake.canonical import Delivery, Known
from services.intake.channels import meta, slack, twilio_signature, x
from tests.outside.data import DATA, load, need_data

need_data()
TWILIO = load("webhooks/signatures/twilio.json") if DATA.is_dir() else {}
META = load("webhooks/signatures/meta.json") if DATA.is_dir() else {}
SLACK = load("webhooks/signatures/slack.json") if DATA.is_dir() else {}
X = load("webhooks/signatures/x_crc.json") if DATA.is_dir() else {}


def twilio_delivery(vector: dict[str, Any], signature: str) -> Delivery:
    params = vector.get("params", [])
    if params == "as first":
        params = TWILIO["vectors"][0]["params"]
    body = vector["body"].encode() if "body" in vector else urlencode([tuple(one) for one in params]).encode()
    kind = "application/json" if "body" in vector else "application/x-www-form-urlencoded"
    headers = [("Content-Type", kind), ("X-Twilio-Signature", signature)]
    return Delivery.of("POST", vector["url"], headers, body, 0)


@pytest.mark.parametrize("vector", TWILIO.get("vectors", []), ids=lambda vector: vector["signature"])
def test_twilio_vector(vector: dict[str, Any]) -> None:
    keys = (TWILIO["auth_token"],)
    good, bad = vector["signature"], vector["signature"].swapcase()

    assert twilio_signature.verify(twilio_delivery(vector, good), keys).signature_valid == vector["valid"]
    assert not twilio_signature.verify(twilio_delivery(vector, bad), keys).signature_valid
    assert not twilio_signature.verify(twilio_delivery(vector, good), ("another",)).signature_valid


def test_meta_vector() -> None:
    known = Known(values={meta.APP_SECRETS.name: (META["app_secret"],)})

    def valid(body: str, signature: str) -> bool:
        delivery = Delivery.of("POST", "https://x/", [("X-Hub-Signature-256", signature)], body.encode(), 0)
        return meta.verify(delivery, known).signature_valid

    assert valid(META["body"], META["x_hub_signature_256"])
    assert not valid(META["body"] + " ", META["x_hub_signature_256"])
    assert not valid(META["body"], META["x_hub_signature_256"].upper())


def test_meta_handshake() -> None:
    wanted = META["get_challenge"]
    known = Known(values={meta.VERIFY_TOKENS.name: (wanted["verify_token"],)})
    reading = meta.WEBHOOK.read(
        Delivery.of("GET", f"https://x/hooks/meta?{wanted['query']}", [], b"", 0), known
    )

    assert (reading.reply.status, reading.reply.body) == (wanted["status"], wanted["body"])


def test_x_challenge() -> None:
    known = Known(values={x.CONSUMER_SECRETS.name: (X["consumer_secret"], "older")})
    reading = x.WEBHOOK.read(
        Delivery.of("GET", f"https://x/hooks/x?crc_token={X['crc_token']}", [], b"", 0), known
    )

    assert (reading.reply.status, reading.reply.content_type) == (200, "application/json")
    assert json.loads(reading.reply.body) == X["response"]


def test_x_signs_bodies_as_it_signs_challenges() -> None:
    token, signature = X["crc_token"].encode(), X["response"]["response_token"]

    def told(body: bytes, headers: list[tuple[str, str]], secret: str = X["consumer_secret"]) -> str:
        delivery = Delivery.of("POST", "https://x/hooks/x", headers, body, 0)
        verdict = x.verify(delivery, Known(values={x.CONSUMER_SECRETS.name: (secret,)}))
        assert verdict.signature_valid == (verdict.reason == "")
        return verdict.reason

    header = "x-twitter-webhooks-signature"
    assert told(token, [(header, signature)]) == ""
    assert told(token, []) == "no signature"
    assert told(token, [(header, signature)] * 2) == "wrong signature"
    assert told(token + b" ", [(header, signature)]) == "wrong signature"
    assert told(token, [(header, signature.swapcase())]) == "wrong signature"
    assert told(token, [(header, signature.removeprefix("sha256="))]) == "wrong signature"
    assert told(token, [(header, signature)], secret="another") == "wrong signature"


@pytest.mark.parametrize(
    ("changed", "after_seconds", "reason"),
    [
        ({}, 0, ""),
        ({}, 300, ""),
        ({}, -300, ""),
        ({}, 301, "signed too long ago, or in the future"),
        ({}, -301, "signed too long ago, or in the future"),
        ({"body": "other"}, 0, "wrong signature"),
        ({"timestamp": "1531420619"}, 0, "wrong signature"),
        ({"timestamp": ""}, 0, "no signature"),
        ({"signature": ""}, 0, "no signature"),
        ({"signature": SLACK.get("signature", "").upper()}, 0, "wrong signature"),
        ({"signature": SLACK.get("signature", "").replace("v0=", "v1=")}, 0, "wrong signature"),
        ({"signing_secret": "another"}, 0, "wrong signature"),
        ({"signing_secret": ""}, 0, "wrong signature"),
    ],
)
def test_slack_vector(changed: dict[str, str], after_seconds: int, reason: str) -> None:
    vector = {**SLACK, **changed}
    headers = [
        ("X-Slack-Request-Timestamp", vector["timestamp"]),
        ("X-Slack-Signature", vector["signature"]),
        ("Content-Type", "application/x-www-form-urlencoded"),
    ]
    received_at_ms = (int(SLACK["timestamp"]) + after_seconds) * 1000
    delivery = Delivery.of("POST", "https://x/hooks/slack", headers, vector["body"].encode(), received_at_ms)
    known = Known(values={slack.SIGNING_SECRETS.name: (vector["signing_secret"],)})

    verdict = slack.verify(delivery, known)

    assert (verdict.signature_valid, verdict.reason) == (reason == "", reason)
