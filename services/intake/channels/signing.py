"""Comparing signatures: on encoded strings, in constant time, against several keys (channels.md 1, rule 1)."""

from __future__ import annotations

import hmac
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterable


def any_equal(given: str, wanted: Iterable[str]) -> bool:
    """True when `given` equals one of `wanted`; a missing header is a wrong one, and so is having no key.

    Every candidate is compared, so that the time tells neither the place of a difference nor which key fits.
    The strings are compared, not what they decode to: two base64 texts can hold the same bytes.
    """
    found = False
    given_bytes = given.encode("utf-8", "surrogateescape")
    for candidate in wanted:
        found |= hmac.compare_digest(given_bytes, candidate.encode("utf-8", "surrogateescape"))
    return found and bool(given)


def any_key(given: str, keys: Iterable[str], sign: Callable[[bytes], str]) -> bool:
    """True when `given` is the signature under one of the keys; an empty key never counts."""
    return any_equal(given, (sign(key.encode()) for key in keys if key))


def canonical_base64(given: str) -> bytes:
    """The bytes of a signature that is verified by a public key; raises ValueError unless it is their one text."""
    signature = b64decode(given, validate=True)
    if b64encode(signature).decode() != given:
        raise ValueError("not the bytes' own text")
    return signature
