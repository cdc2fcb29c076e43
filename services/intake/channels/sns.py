"""Amazon SNS's envelope: its signature, and where its certificate may come from (AWS: "Verifying the signatures").

    version 1 RSA-SHA1, version 2 RSA-SHA256, over name and value of fixed fields, each on a line of its own
    certificate   at SigningCertURL, which whoever posts may choose: so only https on sns.REGION.amazonaws.com

A host that is Amazon's proves the certificate; its chain and its dates are TLS's affair.
"""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA1, SHA256, HashAlgorithm
from cryptography.x509 import load_pem_x509_certificate

from services.intake.channels.fetching import FetchRule
from services.intake.channels.signing import canonical_base64

FETCHER = "sns"
RULE = FetchRule(
    hosts=re.compile(r"sns\.[a-z]{2}(?:-[a-z]{2,16}){1,2}-\d{1,2}\.amazonaws\.com(?:\.cn)?"),
    bytes_max=64 * 1024,
    cache_seconds=24 * 3_600,
)
"""A region has its shape: sns.s3.amazonaws.com, for one, is anybody's bucket of files with the name "sns"."""
NOTIFICATION, CONFIRMATIONS = "Notification", ("SubscriptionConfirmation", "UnsubscribeConfirmation")
_SIGNED_NOTIFICATION = ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type")
_SIGNED_CONFIRMATION = ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type")
_CERTIFICATE = re.compile(r"/[A-Za-z0-9._-]{1,100}\.pem")
Envelope = dict[str, Any]


def certificate_url(envelope: Envelope) -> str:
    """Where the certificate is; "" for an address that is not Amazon's own, which nobody may fetch."""
    url = envelope.get("SigningCertURL")
    if not isinstance(url, str) or not RULE.allows(url):
        return ""
    parts = urlsplit(url)
    return url if _CERTIFICATE.fullmatch(parts.path) and not parts.query and not parts.fragment else ""


def is_signed_by(envelope: Envelope, certificate: bytes) -> bool:
    """Whether the certificate's key signed the envelope; never raises."""
    signed, hashing = signed_text(envelope), _hash_of(envelope)
    signature = envelope.get("Signature")
    if signed is None or hashing is None or not isinstance(signature, str):
        return False
    try:
        key = load_pem_x509_certificate(certificate).public_key()
        if not isinstance(key, RSAPublicKey):
            return False
        key.verify(canonical_base64(signature), signed, PKCS1v15(), hashing)
    except (InvalidSignature, UnsupportedAlgorithm, ValueError, TypeError):
        return False
    return True


def signed_text(envelope: Envelope) -> bytes | None:
    """What the signature covers; None when a signed field is missing or no text. Only Subject may be absent."""
    kind = envelope.get("Type")
    names: tuple[str, ...]
    if kind == NOTIFICATION:
        names = _SIGNED_NOTIFICATION
    elif kind in CONFIRMATIONS:
        names = _SIGNED_CONFIRMATION
    else:
        return None
    lines = []
    for name in names:
        value = envelope.get(name)
        if name == "Subject" and value is None:
            continue
        if not isinstance(value, str):
            return None
        lines.append(f"{name}\n{value}\n")
    return "".join(lines).encode("utf-8", "surrogatepass")


def _hash_of(envelope: Envelope) -> HashAlgorithm | None:
    match envelope.get("SignatureVersion"):
        case "1":
            return SHA1()  # noqa: S303 # the version that SNS uses unless the topic is told otherwise
        case "2":
            return SHA256()
        case _:
            return None
