"""Messenger and Instagram: direct messages (`messaging`) and public comments (`changes`) (channels.md 2.3).

An echo is our own answer: the customer is the recipient. Receipts and typing are no events. Comments carry
seconds where messages carry milliseconds. An id of a person counts within one page only.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from services.intake.canonical import CanonicalEvent, Collector, Customer, Known, Problem
from services.intake.channels.comments import read_change
from services.intake.values import Unreadable, dump, epoch_ms, ident, items, line, obj, text

_NO_EVENTS = (
    "read",
    "delivery",
    "typing",
    "typing_on",
    "typing_off",
    "seen",
    "optin",
    "referral",
    "account_linking",
    "pass_thread_control",
    "take_thread_control",
    "request_thread_control",
    "app_roles",
    "policy_enforcement",
    "game_play",
    "response_feedback",
    "customer_information",
    "messaging_feedback",
)
_AS_CHANGES = ("message_", "messaging_")
"""Fields of `changes` that hold an item of `messaging`, as Instagram's do with its own login and in Meta's tests."""
Item = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Medium:
    """What differs between the two."""

    name: str
    identity: str
    comment: str
    commenter: str


MESSENGER = Medium("messenger", "psid", "facebook_comment", "facebook_user")
INSTAGRAM = Medium("instagram", "igsid", "instagram_comment", "igsid")


def entry(medium: Medium, entry: Item, known: Known, found: Collector) -> None:
    """One entry of a page or an Instagram account."""
    del known
    page = ident(entry.get("id"))
    at_ms = epoch_ms(entry.get("time"))
    for item in items(entry.get("messaging")):
        _each(lambda i: read_item(medium, page, at_ms, i, found), item, found)
    found.dropped.extend("standby" for _ in items(entry.get("standby")))
    for change in items(entry.get("changes")):
        _each(lambda c: _change(medium, page, at_ms, c, found), change, found)
    if not any(entry.get(name) for name in ("messaging", "standby", "changes")):
        found.problems.append(Problem("unknown_event", "entry holds nothing known", dump(entry)))


page = partial(entry, MESSENGER)
instagram = partial(entry, INSTAGRAM)


def _each(read: Callable[[Item], None], item: Any, found: Collector) -> None:
    """Reads one item; a bad one goes aside and its neighbours stay."""
    try:
        read(obj(item))
    except Unreadable as error:
        found.problems.append(Problem("unreadable", str(error), dump(item)))


def _change(medium: Medium, page: str, at_ms: int, change: Item, found: Collector) -> None:
    value = obj(change.get("value"))
    field = text(change.get("field"))
    if field == "standby":
        found.dropped.append("standby")
        return
    if (field == "messages" or field.startswith(_AS_CHANGES)) and "sender" in value:
        read_item(medium, page, at_ms, value, found)
        return
    read_change(medium.comment, medium.commenter, page, at_ms, change, found)


def read_item(medium: Medium, page: str, at_ms: int, item: Item, found: Collector) -> None:
    """One item of `messaging`."""
    if any(name in item for name in ("message", "message_edit", "reaction", "postback")):
        found.events.append(_event(medium, page, at_ms, item))
        return
    for name in _NO_EVENTS:
        if name in item:
            found.dropped.append(name)
            return
    found.problems.append(Problem("unknown_event", "messaging item of an unknown type", dump(item)))


def _event(medium: Medium, page: str, at_ms: int, item: Item) -> CanonicalEvent:
    sender, recipient = (ident(obj(item.get(side)).get("id")) for side in ("sender", "recipient"))
    message = obj(item.get("message"))
    outbound = message.get("is_echo") is True or (bool(page) and sender == page)
    page = page or (sender if outbound else recipient)
    person = recipient if outbound else sender
    if not person:
        raise Unreadable("no sender" if not outbound else "no recipient")
    kind, event_id, state, words, extras = _what(item, person)
    if not event_id:
        raise Unreadable("no message id")
    about = event_id if kind in ("reaction", "edit", "deletion") else ""
    reply_to = obj(message.get("reply_to"))
    attachments = items(message.get("attachments"))
    return CanonicalEvent(
        channel="social",
        medium=medium.name,
        account=page,
        provider_event_id=event_id,
        kind=kind,
        state=state,
        direction="outbound" if outbound else "inbound",
        customer=Customer(type=medium.identity, value=person),
        thread_id=f"{page}|{person}",
        in_reply_to=ident(reply_to.get("mid") or obj(reply_to.get("story")).get("id")),
        occurred_at_ms=epoch_ms(item.get("timestamp")) or at_ms,
        text=words,
        attachments=len(attachments) if kind == "message" else 0,
        about_id=about,
        extras=extras,
    )


def _what(item: Item, person: str) -> tuple[str, str, str, str, dict[str, Any]]:
    """Kind, id, state, words and extras of an item."""
    stamp = ident(item.get("timestamp"))
    if "message_edit" in item:
        edit = obj(item["message_edit"])
        return (
            "edit",
            ident(edit.get("mid")),
            f"edit:{ident(edit.get('num_edit'))}",
            text(edit.get("text")),
            {},
        )
    if "reaction" in item:
        reaction = obj(item["reaction"])
        action = line(reaction.get("action"), 20)
        extras = {"emoji": line(reaction.get("emoji") or reaction.get("reaction"), 40)}
        return "reaction", ident(reaction.get("mid")), f"reaction:{action}:{stamp}", "", extras
    if "postback" in item:
        postback = obj(item["postback"])
        words = text(postback.get("title")) or text(postback.get("payload"))
        return "message", ident(postback.get("mid")) or f"postback:{person}:{stamp}", "", words, {}
    message = obj(item["message"])
    mid = ident(message.get("mid"))
    if message.get("is_deleted") is True:
        return "deletion", mid, "deleted", "", {}
    words = text(message.get("text")) or text(obj(message.get("quick_reply")).get("payload"))
    empty = not words and not items(message.get("attachments"))
    unsupported = message.get("is_unsupported") is True or empty
    return ("unsupported" if unsupported else "message"), mid, "", words, {}
