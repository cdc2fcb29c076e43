"""What a token answer says (RFC 6749 5.1), and until when it serves. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from services.intake.values import Unreadable, load_json, text, whole

TOKEN_CHARS_MAX = 16_384
SECONDS_DEFAULT = 300
"""For an answer that does not say (RFC 6749 recommends that it does)."""
SECONDS_MAX = 24 * 3600
EARLY_SECONDS = 60
"""A token is renewed that long before it expires, or at half its life when it lives shorter than twice that."""

_TOKEN = re.compile(r"[\x21-\x7e]+")


@dataclass(frozen=True, slots=True)
class Token:
    """A bearer token, to be renewed at `until_ms`."""

    value: str = field(repr=False)
    until_ms: int


def read_token(body: bytes, now_ms: int) -> Token:
    """The token in an answer; raises Unreadable, without a word of it."""
    answer = load_json(body)
    value = text(answer.get("access_token"), TOKEN_CHARS_MAX + 1)
    if len(value) > TOKEN_CHARS_MAX or _TOKEN.fullmatch(value) is None:
        raise Unreadable("no usable access_token")
    said = whole(answer.get("expires_in"))
    lives = SECONDS_DEFAULT if said is None else max(0, min(said, SECONDS_MAX))
    return Token(value, now_ms + (lives - min(EARLY_SECONDS, lives // 2)) * 1000)
