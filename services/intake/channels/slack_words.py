"""What a Slack message says, and its stamps (channels.md 2.3)."""

from __future__ import annotations

from typing import Any

from services.intake.channels.escapes import unescaped
from services.intake.values import items, obj, text, whole

Item = dict[str, Any]
SHARED_MAX = 20
"""Shared messages and previews of one message that are looked at."""
BLOCKS_MAX, ELEMENTS_MAX = 50, 200
"""Blocks of one message, and elements of one block, that are looked at; Slack allows 50 blocks."""


def words_of(message: Item) -> str:
    """The text, unescaped once: `<@U99>` stays, for a mention is told by its brackets.

    A message that only has blocks has theirs, one that only shares another has that one's words.
    """
    said = text(message.get("text")) or _blocks_say(message)
    if not said:
        shared = (obj(one) for one in items(message.get("attachments"))[:SHARED_MAX])
        said = "\n".join(filter(None, (text(one.get("text")) or text(one.get("fallback")) for one in shared)))
    return unescaped(said)


def _blocks_say(message: Item) -> str:
    """The texts within `blocks`, in order, without the markup around them; a line each block."""
    lines: list[str] = []
    for block in items(message.get("blocks"))[:BLOCKS_MAX]:
        found: list[str] = []
        waiting, seen = [block], 0
        while waiting and seen < ELEMENTS_MAX:
            part = obj(waiting.pop())
            seen += 1
            said = part.get("text")
            if isinstance(said, str):
                found.append(text(said))
            else:
                inner = [said] if isinstance(said, dict) else items(part.get("elements"))
                waiting += reversed(inner[:ELEMENTS_MAX])
        lines.append("".join(found))
    return "\n".join(filter(None, lines))


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
