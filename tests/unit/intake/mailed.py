"""Invented posts of mail services, signed as they sign."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any
from urllib.parse import urlencode

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256

from services.intake.canonical import Delivery, Known
from services.intake.channels import sendgrid as sendgrid_module
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
