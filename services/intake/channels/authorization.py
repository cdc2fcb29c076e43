"""The Authorization header (RFC 9110 11.6.2): what it carries under one scheme."""

from __future__ import annotations

from services.intake.canonical import Delivery


def credentials(delivery: Delivery, scheme: str) -> str:
    """The token, or the encoded name and password; "" without the header, and for another scheme. `scheme` is in
    lower case; senders write it in any (RFC 7235 2.1)."""
    named, _, given = delivery.headers.get("authorization", "").strip().partition(" ")
    return given.strip() if named.lower() == scheme else ""
