"""Invented posts of mail services, signed as they sign."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any
from urllib.parse import urlencode

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA1, SHA256
from cryptography.x509.oid import NameOID

from services.intake.canonical import Delivery, Known
from services.intake.channels import mailgun as mailgun_module
from services.intake.channels import sendgrid as sendgrid_module
from services.intake.channels import ses as ses_module
from tests.unit.intake.world import NOON_MS, PUBLIC_URL

URL_KEY = "address-secret"
FORM = "application/x-www-form-urlencoded"
File = tuple[str, str, str, bytes]
"""Name, file name, content type, bytes."""


def multipart(fields: Mapping[str, str | bytes], files: Sequence[File] = ()) -> tuple[str, bytes]:
    """Content type and body."""
    parts = []
    for name, value in fields.items():
        raw = value.encode() if isinstance(value, str) else value
        parts.append(f'Content-Disposition: form-data; name="{name}"\r\n\r\n'.encode() + raw)
    for name, file_name, kind, raw in files:
        head = (
            f'Content-Disposition: form-data; name="{name}"; filename="{file_name}"\r\nContent-Type: {kind}'
        )
        parts.append(head.encode() + b"\r\n\r\n" + raw)
    body = b"".join(b"--xYzZY\r\n" + part + b"\r\n" for part in parts) + b"--xYzZY--\r\n"
    return "multipart/form-data; boundary=xYzZY", body


@cache
def ec_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def ec_public(*, pem: bool = True) -> str:
    encoding = serialization.Encoding.PEM if pem else serialization.Encoding.DER
    raw = ec_key().public_key().public_bytes(encoding, serialization.PublicFormat.SubjectPublicKeyInfo)
    return raw.decode() if pem else base64.b64encode(raw).decode()


SENDGRID_KNOWN = Known(values={sendgrid_module.URL_KEYS.name: ("old-secret", URL_KEY)})
HEADERS = (
    'From: "Jürgen Groß" <juergen@example.de>\nDate: Fri, 3 Apr 2026 14:00:00 +0200\n'
    "Message-ID: <m1@example.de>\nSubject: Rechnung\nTo: support@acme.example\n"
)


def sendgrid(
    fields: Mapping[str, str | bytes] | None = None,
    files: Sequence[File] = (),
    *,
    key: str = URL_KEY,
    signed_at: int | None = None,
    encoded: bool = False,
) -> Delivery:
    """A post of Inbound Parse; signed by our test's key at `signed_at` (epoch seconds)."""
    given: dict[str, Any] = {
        "headers": HEADERS,
        "from": "Jürgen Groß <juergen@example.de>",
        "to": "support@acme.example",
        "subject": "Rechnung",
        "text": "Wo bleibt meine Rechnung vom März?\n",
        "envelope": '{"to": ["support@acme.example"], "from": "juergen@example.de"}',
        **(fields or {}),
    }
    given = {name: value for name, value in given.items() if value is not None}
    kind, body = (FORM, urlencode(given).encode()) if encoded else multipart(given, files)
    headers = [("Content-Type", kind)]
    if signed_at is not None:
        signature = ec_key().sign(str(signed_at).encode() + body, ec.ECDSA(SHA256()))
        headers += [
            ("X-Twilio-Email-Event-Webhook-Signature", base64.b64encode(signature).decode()),
            ("X-Twilio-Email-Event-Webhook-Timestamp", str(signed_at)),
        ]
    return Delivery.of("POST", f"{PUBLIC_URL}/hooks/sendgrid?key={key}", headers, body, NOON_MS)


SIGNING_KEY = "mailgun-key"
MAILGUN_KNOWN = Known(values={mailgun_module.SIGNING_KEYS.name: ("old-key", SIGNING_KEY)})
PAIRS = [
    ["Received", "from mail.example.org by mxa.mailgun.org"],
    ["From", '"Ana Petrović" <ana@x.example>'],
    ["Date", "Fri, 3 Apr 2026 14:00:00 +0200"],
    ["Message-Id", "<mg1@x.example>"],
    ["Subject", "Račun"],
    ["To", "support@acme.example"],
]


def mailgun_signature(token: str, at: int, key: str = SIGNING_KEY) -> dict[str, str]:
    signature = hmac.new(key.encode(), f"{at}{token}".encode(), hashlib.sha256).hexdigest()
    return {"timestamp": str(at), "token": token, "signature": signature}


def mailgun(
    fields: Mapping[str, str | bytes | None] | None = None,
    files: Sequence[File] = (),
    *,
    token: str = "t" * 50,
    at: int = NOON_MS // 1000,
    key: str = SIGNING_KEY,
    pairs: Any = PAIRS,
) -> Delivery:
    """A route's post; multipart when there are files, as Mailgun does."""
    given = {
        "recipient": "support@acme.example",
        "sender": "ana@x.example",
        "from": "Ana Petrović <ana@x.example>",
        "subject": "Račun",
        "body-plain": "Gde je moj račun?\r\n",
        "message-headers": json.dumps(pairs, ensure_ascii=False),
        **mailgun_signature(token, at, key),
        **(fields or {}),
    }
    form = {name: value for name, value in given.items() if value is not None}
    kind, body = multipart(form, files) if files else (FORM, urlencode(form).encode())
    return Delivery.of("POST", f"{PUBLIC_URL}/hooks/mailgun", [("Content-Type", kind)], body, NOON_MS)


def mailgun_event(event: Any, *, token: str = "e" * 50, key: str = SIGNING_KEY) -> Delivery:
    """A post of the newer event webhooks."""
    body = {"signature": mailgun_signature(token, NOON_MS // 1000, key), "event-data": event}
    headers = [("Content-Type", "application/json")]
    return Delivery.of("POST", f"{PUBLIC_URL}/hooks/mailgun", headers, json.dumps(body).encode(), NOON_MS)


TOPIC = "arn:aws:sns:eu-central-1:111111111111:mail"
CERTIFICATE_URL = "https://sns.eu-central-1.amazonaws.com/SimpleNotificationService-0123abcd.pem"
SES_KNOWN = Known(values={ses_module.TOPICS.name: ("arn:aws:sns:eu-central-1:111111111111:old", TOPIC)})


@cache
def rsa_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65_537, 2_048)


@cache
def certificate() -> bytes:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sns.amazonaws.com")])
    builder = x509.CertificateBuilder(
        issuer_name=name,
        subject_name=name,
        public_key=rsa_key().public_key(),
        serial_number=1,
        not_valid_before=datetime(2026, 1, 1, tzinfo=UTC),
        not_valid_after=datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=365),
    )
    return builder.sign(rsa_key(), SHA256()).public_bytes(serialization.Encoding.PEM)


def sns(
    message: Any, *, kind: str = "Notification", version: str = "2", fetched: bool = True, **changed: Any
) -> Delivery:
    """An envelope, signed; `changed` fields count for the signature too, None leaves one out."""
    envelope = {
        "Type": kind,
        "MessageId": "sns-1",
        "TopicArn": TOPIC,
        "Subject": "Amazon SES Email Receipt Notification",
        "Message": message if isinstance(message, str) else json.dumps(message),
        "Timestamp": "2026-04-03T12:00:00.000Z",
        "SignatureVersion": version,
        "SigningCertURL": CERTIFICATE_URL,
        **changed,
    }
    envelope = {name: value for name, value in envelope.items() if value is not None}
    names = ("Message", "MessageId", "Subject", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type")
    text = "".join(
        f"{name}\n{envelope[name]}\n"
        for name in names
        if name in envelope and not (name == "Subject" and kind != "Notification")
    )
    signed = rsa_key().sign(text.encode(), PKCS1v15(), SHA1() if version == "1" else SHA256())  # noqa: S303
    envelope.setdefault("Signature", base64.b64encode(signed).decode())
    headers = [("Content-Type", "text/plain; charset=UTF-8"), ("x-amz-sns-message-type", kind)]
    body = json.dumps(envelope, ensure_ascii=False).encode()
    delivery = Delivery.of("POST", f"{PUBLIC_URL}/hooks/ses", headers, body, NOON_MS)
    there = {str(envelope.get("SigningCertURL")): certificate()} if fetched else {}
    return replace(delivery, fetched=there)


RAW_MAIL = (
    "From: =?utf-8?B?U3JlxIdrbw==?= <srecko@x.example>\r\nTo: help@acme.example\r\nSubject: Повраћај\r\n"
    "Message-ID: <ses1@x.example>\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nГде је мој новац?\r\n"
)


def received(content: str | None = RAW_MAIL, **changed: Any) -> dict[str, Any]:
    """SES's notice of a mail."""
    notice: dict[str, Any] = {
        "notificationType": "Received",
        "mail": {
            "timestamp": "2026-04-03T12:00:00.123Z",
            "source": "srecko@x.example",
            "messageId": "ses-id-1",
            "destination": ["help@acme.example"],
        },
        "receipt": {"recipients": ["help@acme.example"], "action": {"type": "SNS", "encoding": "UTF8"}},
        **changed,
    }
    return notice if content is None else {**notice, "content": content}
