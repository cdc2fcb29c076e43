"""Slack's forms: pressed buttons, filled-in dialogues, slash commands (channels.md 2.3).

What a person picked or typed is a message; opening a menu or closing a dialogue is none. Slack repeats no form.
"""

from __future__ import annotations

from hashlib import sha256
from typing import Any

from services.intake.canonical import CanonicalEvent, Collector, Customer, Problem
from services.intake.channels.escapes import unescaped
from services.intake.channels.slack_words import Item, ts_ms
from services.intake.values import Unreadable, dump, ident, items, line, obj, text

_NO_EVENTS = frozenset(
    {
        "shortcut",
        "message_action",
        "view_closed",
        "block_suggestion",
        "dialog_cancellation",
        "dialog_suggestion",
    }
)
INPUTS_MAX = 100
"""Fields of one dialogue, and actions of one delivery, that are read."""


def read_interaction(payload: Item, found: Collector) -> None:
    """The JSON of a form's `payload`."""
    name = text(payload.get("type"), 60)
    if name in ("block_actions", "interactive_message"):
        for action in items(payload.get("actions"))[:INPUTS_MAX]:
            _pressed(payload, obj(action), found)
    elif name in ("view_submission", "dialog_submission"):
        _filled_in(payload, found)
    elif name in _NO_EVENTS:
        found.dropped.append("interaction")
    else:
        found.problems.append(Problem("unknown_event", "interaction of an unknown type", dump(payload)))


def read_command(fields: dict[str, Any], found: Collector) -> None:
    """A slash command: its words are what follows it."""
    team, channel = ident(fields.get("team_id")), ident(fields.get("channel_id"))
    trigger = ident(fields.get("trigger_id"))
    if not team or not trigger:
        raise Unreadable("no team or no trigger")
    words = text(fields.get("text")) or text(fields.get("command"), 100)
    user, name = ident(fields.get("user_id")), line(fields.get("user_name"), 60)
    found.events.append(
        CanonicalEvent(
            channel="social",
            medium="slack",
            account=team,
            provider_event_id=trigger,
            kind="message",
            customer=_person(team, user, "", name),
            thread_id=f"{channel}:{trigger}",
            text=unescaped(words),
            extras={"command": line(fields.get("command"), 60)},
        )
    )


def _pressed(payload: Item, action: Item, found: Collector) -> None:
    place = obj(payload.get("container"))
    channel = ident(obj(payload.get("channel")).get("id")) or ident(place.get("channel_id"))
    message = obj(payload.get("message"))
    ts = ident(place.get("message_ts")) or ident(payload.get("message_ts")) or ident(message.get("ts"))
    thread = ident(place.get("thread_ts")) or ident(message.get("thread_ts")) or ts
    stamp = ident(action.get("action_ts")) or ident(payload.get("action_ts"))
    words = _picked(action)
    if not stamp or not words:
        found.dropped.append("interaction")
        return
    event_id = f"{stamp}:{ident(action.get('action_id')) or ident(action.get('name'))}"
    _add(
        payload,
        found,
        event_id,
        f"{channel}:{thread}" if channel and thread else event_id,
        words,
        ts_ms(stamp),
    )


def _filled_in(payload: Item, found: Collector) -> None:
    """A dialogue's fields, a line each; one whose id is missing is known by its contents."""
    view = obj(payload.get("view"))
    blocks = obj(obj(view.get("state")).get("values"))
    inputs = [obj(one) for block in blocks.values() for one in obj(block).values()][:INPUTS_MAX]
    said = [_picked(one) for one in inputs]
    said += [text(one, 4_000) for one in list(obj(payload.get("submission")).values())[:INPUTS_MAX]]
    words = "\n".join(filter(None, said))
    if not words:
        found.dropped.append("interaction")
        return
    written = sha256(dump({"view": view.get("id"), "hash": view.get("hash"), "said": said})).hexdigest()[:32]
    event_id = f"{ident(view.get('id')) or ident(payload.get('callback_id'))}:{written}"
    _add(payload, found, event_id, event_id, words, ts_ms(payload.get("action_ts")))


def _picked(action: Item) -> str:
    """The label of what was pressed or chosen, before the word of ours behind it."""
    options = [
        obj(action.get("selected_option")),
        *map(obj, items(action.get("selected_options"))[:INPUTS_MAX]),
    ]
    chosen = ", ".join(filter(None, (_label(one) for one in options)))
    dates = text(action.get("selected_date"), 40) or text(action.get("selected_time"), 40)
    if action.get("type") == "button":
        return _label(action)
    return unescaped(chosen or dates or text(action.get("value"), 4_000))


def _label(one: Item) -> str:
    """`text` is an object in blocks and a string in older attachments."""
    label = text(obj(one.get("text")).get("text"), 300) or text(one.get("text"), 300)
    return unescaped(label) or text(one.get("value"), 300)


def _add(payload: Item, found: Collector, event_id: str, thread: str, words: str, at_ms: int) -> None:
    user = obj(payload.get("user"))
    team = ident(obj(payload.get("team")).get("id")) or ident(user.get("team_id"))
    if not team:
        raise Unreadable("no team")
    found.events.append(
        CanonicalEvent(
            channel="social",
            medium="slack",
            account=team,
            provider_event_id=event_id,
            kind="message",
            customer=_person(
                ident(user.get("team_id")) or team,
                ident(user.get("id")),
                line(user.get("name")),
                line(user.get("username"), 60),
            ),
            thread_id=thread,
            occurred_at_ms=at_ms,
            text=words,
        )
    )


def _person(team: str, user: str, name: str, handle: str) -> Customer:
    if not user:
        return Customer(absent_reason="anonymous")
    return Customer(type="slack_user", value=f"{team}:{user}", name=name, handle=handle)
