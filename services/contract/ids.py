"""Ids derived from the source's own, so that a redelivery meets itself; and keyed hashes of identifiers.

Facts may hold personal data, decisions may not: they carry `identity_key` and `thread_key`, HMAC-SHA256 under
the deployment's key. A plain hash of a phone number can be undone by trying all numbers; a keyed one cannot.
"""

from __future__ import annotations

import hmac
from hashlib import sha1
from uuid import UUID

NAMESPACE = UUID("6f2d6c0e-3c1b-5d0a-9a53-0b7f1d5c7e11")
"""Root of every derived id; changing it would make every redelivery a new fact."""
_NAMESPACE_BYTES = NAMESPACE.bytes
IDENTITY_KEY_BYTES_MIN = 16
"""Shortest key, in bytes, that `identity_key` and `thread_key` may be used with."""


def fact_id(source: str, account: str, provider_event_id: str, state: str = "") -> str:
    """Id of the fact behind a provider's event; `state` tells states of one id apart (call status, edit)."""
    return _derive("fact", source, account, provider_event_id, state)


def command_fact_id(desk_id: str, command_id: str) -> str:
    """Id of the fact behind a caller's command or request_id."""
    return _derive("command", desk_id, command_id)


def prices_fact_id(desk_id: str, epoch: int) -> str:
    """Id of the fact with the prices of an epoch, whichever replica computed them."""
    return _derive("prices", desk_id, str(epoch))


def contact_id(source: str, account: str, provider_event_id: str) -> str:
    """Id of the contact that a provider's first event about it opens."""
    return _derive("contact", source, account, provider_event_id)


def link_id(desk_id: str, one_key: str, other_key: str, statement: str) -> str:
    """Id of the link between two identities, whichever is named first."""
    return _derive("link", desk_id, *sorted((one_key, other_key)), statement)


def identity_key(secret: bytes, desk_id: str, identity_type: str, value: str) -> str:
    """Keyed hash of a customer's identifier, 32 hex digits; empty for an empty value (withheld)."""
    return _keyed(secret, "identity", desk_id, identity_type, value) if value else ""


def thread_key(secret: bytes, desk_id: str, account: str, thread_id: str) -> str:
    """Keyed hash of a conversation, 32 hex digits; empty for an empty thread."""
    return _keyed(secret, "thread", desk_id, account, thread_id) if thread_id else ""


def _derive(*parts: str) -> str:
    """UUID version 5 (RFC 9562 5.5) of the parts; written out because it is needed several times per delivery."""
    digest = bytearray(
        sha1(_NAMESPACE_BYTES + "\x1f".join(parts).encode(), usedforsecurity=False).digest()[:16]
    )
    digest[6] = digest[6] & 0x0F | 0x50
    digest[8] = digest[8] & 0x3F | 0x80
    text = digest.hex()
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def _keyed(secret: bytes, *parts: str) -> str:
    return hmac.digest(secret, "\x1f".join(parts).encode(), "sha256").hex()[:32]
