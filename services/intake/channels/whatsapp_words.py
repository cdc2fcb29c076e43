"""What a WhatsApp message says, by its type (channels.md 2.3): text, caption, title of what was pressed."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from services.intake.values import Unreadable, ident, items, line, load_json, obj, text

_MEDIA = ("image", "video", "document", "audio", "sticker", "voice")
_SILENT = ("location", "contacts", "order")
_PRESSED = ("button_reply", "list_reply", "nfm_reply", "product_list_reply")
Item = dict[str, Any]
FIELDS_MAX = 100
"""Fields of one filled-in form that are read."""


@dataclass(frozen=True, slots=True)
class Words:
    """Kind, words and the rest of one message."""

    kind: str = "message"
    text: str = ""
    state: str = ""
    attachments: int = 0
    about: str = ""
    """The message that is reacted to, edited or deleted."""
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
            about = ident(part.get("message_id"))
            extras = {"emoji": line(part.get("emoji"), 40), "reacts_to": about}
            return Words("reaction", about=about, extras=extras)
        case "edit":
            return _edit(part)
        case "revoke":
            return Words("deletion", state="revoke", about=_original(part), extras=_extras(part))
        case _ if name in _MEDIA:
            return Words(text=text(part.get("caption")), attachments=1)
        case _ if name in _SILENT:
            return Words(text=_silent(name, part, message))
        case _:
            return Words("unsupported")


def _interactive(part: Item) -> Words:
    form = obj(part.get("nfm_reply"))
    address = text(form.get("body")) if form.get("name") == "address_message" else ""
    filled_in = address or _filled_in(form)
    if filled_in:
        return Words(text=filled_in)
    for name in _PRESSED:
        pressed = obj(part.get(name))
        if pressed:
            title, more = text(pressed.get("title")), text(pressed.get("description"))
            return Words(text=title or text(pressed.get("body")) or more)
    return Words("unsupported")


def _filled_in(reply: Item) -> str:
    """A form's fields, a line each; its `body` says only "Sent", but for an address, which stands there whole."""
    try:
        fields = load_json(text(reply.get("response_json")).encode())
    except Unreadable:
        return ""
    said = (_said(value) for name, value in list(fields.items())[:FIELDS_MAX] if name != "flow_token")
    return "\n".join(filter(None, said))


def _said(value: Any) -> str:
    """One field: a word, or several that were ticked."""
    ticked = (items(value) or list(obj(value).values()) or [value])[:FIELDS_MAX]
    return ", ".join(filter(None, (text(one, 4_000) for one in ticked)))


def _edit(part: Item) -> Words:
    inner = obj(part.get("message"))
    return Words(
        "edit",
        text=words_of(inner).text if inner.get("type") != "edit" else "",
        state="edit",
        about=_original(part),
        extras=_extras(part),
    )


def _original(part: Item) -> str:
    return ident(part.get("original_message_id"))


def _extras(part: Item) -> Item:
    return {"original_id": _original(part)} if _original(part) else {}


def _silent(name: str, part: Item, message: Item) -> str:
    if name == "order":
        return text(part.get("text"))
    if name == "location":
        return ", ".join(filter(None, (text(part.get("name"), 200), text(part.get("address"), 300))))
    names = (
        text(obj(obj(one).get("name")).get("formatted_name"), 100) for one in items(message.get("contacts"))
    )
    return ", ".join(filter(None, names))
