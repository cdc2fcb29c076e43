"""What a WhatsApp message says, by its type (channels.md 2.3): text, caption, title of what was pressed."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from services.intake.values import ident, items, line, obj, text

_MEDIA = ("image", "video", "document", "audio", "sticker", "voice")
_SILENT = ("location", "contacts", "order")
_PRESSED = ("button_reply", "list_reply", "nfm_reply", "product_list_reply")
Item = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Words:
    """Kind, words and the rest of one message."""

    kind: str = "message"
    text: str = ""
    state: str = ""
    attachments: int = 0
    extras: Item = field(default_factory=dict)


def words_of(message: Item) -> Words:
    """What the message says; a type that is not known is `unsupported`."""
    name = text(message.get("type"), 60)
    part = obj(message.get(name))
    match name:
        case "text":
            return Words(text=text(part.get("body")))
        case "button":
            return Words(text=text(part.get("text")) or text(part.get("payload")))
        case "interactive":
            return _interactive(part)
        case "reaction":
            extras = {"emoji": line(part.get("emoji"), 40), "reacts_to": ident(part.get("message_id"))}
            return Words("reaction", extras=extras)
        case "edit":
            return _edit(part)
        case "revoke":
            return Words("deletion", state="revoke", extras=_original(part))
        case _ if name in _MEDIA:
            return Words(text=text(part.get("caption")), attachments=1)
        case _ if name in _SILENT:
            return Words(text=_silent(name, part, message))
        case _:
            return Words("unsupported")


def _interactive(part: Item) -> Words:
    for name in _PRESSED:
        pressed = obj(part.get(name))
        if pressed:
            title, more = text(pressed.get("title")), text(pressed.get("description"))
            return Words(text=title or text(pressed.get("body")) or more)
    return Words("unsupported")


def _edit(part: Item) -> Words:
    inner = obj(part.get("message"))
    return Words(
        "edit",
        text=words_of(inner).text if inner.get("type") != "edit" else "",
        state="edit",
        extras=_original(part),
    )


def _original(part: Item) -> Item:
    original = ident(part.get("original_message_id"))
    return {"original_id": original} if original else {}


def _silent(name: str, part: Item, message: Item) -> str:
    if name == "order":
        return text(part.get("text"))
    if name == "location":
        return ", ".join(filter(None, (text(part.get("name"), 200), text(part.get("address"), 300))))
    names = (
        text(obj(obj(one).get("name")).get("formatted_name"), 100) for one in items(message.get("contacts"))
    )
    return ", ".join(filter(None, names))
