"""The signature of Standard Webhooks (standardwebhooks.com, specification 1.0).

    webhook-id          of the message, the same at each repetition
    webhook-timestamp   seconds since 1970, at most TOLERANCE_SECONDS from now
    webhook-signature   one or more, a blank between: v1,BASE64 (HMAC-SHA256) or v1a,BASE64 (Ed25519)

Signed are the bytes `id.timestamp.body`. A symmetric key is `whsec_` and base64, a public one `whpk_` and base64.
"""

from __future__ import annotations

import hashlib
import hmac
from base64 import b64decode, b64encode
from collections.abc import Iterable

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from services.intake.canonical import Delivery, Verdict
from services.intake.channels.signing import any_equal, canonical_base64
from services.intake.values import whole

SCHEME = "standard_webhooks"
SECRET, PUBLIC = "whsec_", "whpk_"
KEY_BYTES_MIN = 16
"""Shorter shared keys are refused at the start; the specification wants 24 to 64."""
TOLERANCE_SECONDS = 300
SIGNATURES_MAX = 20
ID_CHARS_MAX = 500


def keys_fault(given: tuple[str, ...]) -> str:
    """What is wrong with keys; "" when nothing is. A word that happens to be base64 is too short for a key."""
    if all(len(_symmetric(one)) >= KEY_BYTES_MIN or _public(one) for one in given):
        return ""
    return f"must be whsec_ keys of at least {KEY_BYTES_MIN} bytes, or whpk_ keys"


def verify_standard(delivery: Delivery, keys: Iterable[str]) -> Verdict:
    """Whether one of the keys signed the delivery, and lately."""
    headers = delivery.headers
    message_id, timestamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    given = headers.get("webhook-signature", "")
    if not (message_id and timestamp and given) or len(message_id) > ID_CHARS_MAX:
        return Verdict(False, SCHEME, "no signature")
    at_seconds = whole(timestamp) if timestamp.isascii() and timestamp.isdigit() else None
    if at_seconds is None or abs(delivery.received_at_ms // 1000 - at_seconds) > TOLERANCE_SECONDS:
        return Verdict(False, SCHEME, "too old or too new")
    signed = b".".join((message_id.encode("utf-8", "surrogateescape"), timestamp.encode(), delivery.body))
    pairs = [one.partition(",") for one in given.split()[:SIGNATURES_MAX]]
    wanted = list(keys)
    found = False
    for version, _, signature in pairs:
        if version == "v1":
            symmetric = (key for one in wanted if (key := _symmetric(one)))
            found |= any_equal(signature, (_sign(key, signed) for key in symmetric))
        elif version == "v1a":
            found |= any(_signed_by(key, signature, signed) for one in wanted if (key := _public(one)))
    return Verdict(True, SCHEME) if found else Verdict(False, SCHEME, "wrong signature")


def _sign(key: bytes, signed: bytes) -> str:
    return b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()


def _signed_by(key: bytes, signature: str, signed: bytes) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(canonical_base64(signature), signed)
    except (InvalidSignature, ValueError):
        return False
    return True


def _symmetric(key: str) -> bytes:
    """The bytes of a shared key, with and without its prefix and padding; b"" for what is none."""
    return b"" if key.startswith(PUBLIC) else _decoded(key.removeprefix(SECRET))


def _public(key: str) -> bytes:
    """The 32 bytes of a public key; b"" for what is none."""
    raw = _decoded(key.removeprefix(PUBLIC)) if key.startswith(PUBLIC) else b""
    return raw if len(raw) == 32 else b""


def _decoded(value: str) -> bytes:
    try:
        return b64decode(value + "=" * (-len(value) % 4), validate=True)
    except ValueError:
        return b""
