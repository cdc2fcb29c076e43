"""What a Slack message says, and its stamps (channels.md 2.3)."""

from __future__ import annotations

from typing import Any

from services.intake.channels.escapes import unescaped
from services.intake.values import items, obj, text, whole

Item = dict[str, Any]
SHARED_MAX = 20
"""Shared messages and previews of one message that are looked at."""


def words_of(message: Item) -> str:
    """The text, unescaped once: `<@U99>` stays, for a mention is told by its brackets.

    A message that only shares another one has that one's words.
    """
    said = text(message.get("text"))
    if not said:
        shared = (obj(one) for one in items(message.get("attachments"))[:SHARED_MAX])
        said = "\n".join(filter(None, (text(one.get("text")) or text(one.get("fallback")) for one in shared)))
    return unescaped(said)


def files_of(message: Item) -> int:
    return len(items(message.get("files")))


def ts_ms(value: Any) -> int:
    """Milliseconds of "1775214200.000200"; 0 when it is none. Never by a float, which has too few digits."""
    seconds, _, fraction = text(value, 40).partition(".")
    at = whole(seconds)
    if at is None or not 0 < at < 10**11:
        return 0
    part = whole(fraction[:3].ljust(3, "0")) if fraction else 0
    return at * 1000 + (part if part is not None and part >= 0 else 0)
