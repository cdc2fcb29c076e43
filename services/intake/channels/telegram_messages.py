"""What a Telegram update tells: who wrote where, and whether it is a customer's (channels.md 2.3).

In a private chat the chat has the customer's id. A chat reached over a business connection is another one than
the same person's chat with the bot, and counts its messages anew. Chat ids are negative and wider than 32 bits.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from services.intake.canonical import CanonicalEvent, Collector, Customer, Link, Problem
from services.intake.channels.telegram_words import Item, words_of
from services.intake.identity import caller
from services.intake.values import Unreadable, dump, epoch_ms, ident, items, line, obj, text

SERVICE_ACCOUNT = "777000"
"""Telegram's own account: it forwards a channel's posts into the channel's discussion group."""


DELETED_MAX = 1_000
"""Messages that one update may delete; Telegram deletes a hundred at once."""


@dataclass(frozen=True, slots=True)
class Place:
    """The bot that an update is for, and the update."""

    account: str
    update_id: str


def wrote(place: Place, message: Item, found: Collector, *, edited: bool) -> None:
    """A message, new or edited."""
    chat, message_ref = obj(message.get("chat")), _ref(message)
    if not message_ref:
        raise Unreadable("no chat or no message_id")
    sender, as_chat = obj(message.get("from")), obj(message.get("sender_chat"))
    own_post = chat.get("type") == "channel" or message.get("is_automatic_forward") is True
    by_chat = bool(as_chat) and not own_post
    outbound = own_post or _ours(message, chat, sender, as_chat)
    if (
        not outbound
        and not by_chat
        and (sender.get("is_bot") is True or ident(sender.get("id")) == SERVICE_ACCOUNT)
    ):
        found.dropped.append("bot_message")
        return
    words = words_of(message)
    if words.service:
        found.dropped.append("service")
        return
    customer = _addressee(chat) if outbound else _chat_person(as_chat) if by_chat else person(sender)
    found.events.append(
        CanonicalEvent(
            channel="social",
            medium="telegram",
            account=place.account,
            provider_event_id=place.update_id,
            contact_ref=message_ref,
            kind="edit" if edited else ("mention" if own_post and words.kind == "message" else words.kind),
            state=f"edit:{ident(message.get('edit_date'))}" if edited else "",
            direction="outbound" if outbound else "inbound",
            customer=customer,
            thread_id=_thread(message),
            in_reply_to=_answered(message),
            occurred_at_ms=epoch_ms(message.get("edit_date") if edited else 0)
            or epoch_ms(message.get("date")),
            text=words.text,
            language_hint=line(sender.get("language_code"), 20),
            public=_public(chat),
            attachments=words.attachments,
            about_id=message_ref if edited else "",
            links=_own_number(message, customer) if not outbound and not edited else (),
            extras={"by": "bot"} if outbound and obj(message.get("sender_business_bot")) else {},
        )
    )


def pressed(place: Place, query: Item, found: Collector) -> None:
    """A button under a message of the bot's: its label is what the customer said, its data a word of ours."""
    query_id, sender = ident(query.get("id")), obj(query.get("from"))
    if not query_id or not ident(sender.get("id")):
        raise Unreadable("no query id or no sender")
    message = obj(query.get("message"))
    data = text(query.get("data"), 500)
    found.events.append(
        CanonicalEvent(
            channel="social",
            medium="telegram",
            account=place.account,
            provider_event_id=place.update_id,
            contact_ref=f"callback:{query_id}",
            kind="message",
            customer=person(sender),
            thread_id=_thread(message) or ident(query.get("chat_instance")) or ident(sender.get("id")),
            in_reply_to=_ref(message),
            text=_label(message, data) or data or text(query.get("game_short_name"), 200),
            language_hint=line(sender.get("language_code"), 20),
            public=_public(obj(message.get("chat"))),
            extras={"payload": data} if data else {},
        )
    )


def reacted(place: Place, change: Item, found: Collector) -> None:
    """A reaction set, changed or taken back (then `new_reaction` is empty)."""
    message_ref = _ref(change)
    if not message_ref:
        raise Unreadable("no chat or no message_id")
    sender, as_chat = obj(change.get("user")), obj(change.get("actor_chat"))
    customer = person(sender) if sender else _chat_person(as_chat)
    marks = [obj(one) for one in items(change.get("new_reaction"))]
    marks_text = "".join(line(one.get("emoji") or one.get("custom_emoji_id"), 40) for one in marks[:10])
    found.events.append(
        CanonicalEvent(
            channel="social",
            medium="telegram",
            account=place.account,
            provider_event_id=place.update_id,
            contact_ref=message_ref,
            kind="reaction",
            state=f"reaction:{customer.value}:{ident(change.get('date'))}:{marks_text}",
            customer=customer,
            thread_id=_thread(change),
            occurred_at_ms=epoch_ms(change.get("date")),
            public=_public(obj(change.get("chat"))),
            about_id=message_ref,
            extras={"emoji": marks_text},
        )
    )


def removed(place: Place, deleted: Item, found: Collector) -> None:
    """Messages deleted in a business account's chat, an event each."""
    chat = obj(deleted.get("chat"))
    message_ids = items(deleted.get("message_ids"))
    if len(message_ids) > DELETED_MAX:
        raise Unreadable("more deleted messages than one update holds")
    for message_id in message_ids:
        message_ref = _ref({**deleted, "message_id": message_id})
        if not message_ref:
            found.problems.append(Problem("unreadable", "no chat or no message_id", dump(message_id)))
            continue
        found.events.append(
            CanonicalEvent(
                channel="social",
                medium="telegram",
                account=place.account,
                provider_event_id=place.update_id,
                contact_ref=message_ref,
                kind="deletion",
                state="deleted",
                customer=_addressee(chat),
                thread_id=_thread(deleted),
                about_id=message_ref,
            )
        )


def person(user: Item) -> Customer:
    user_id = ident(user.get("id"))
    if not user_id:
        return Customer(absent_reason="anonymous")
    name = line(f"{line(user.get('first_name'))} {line(user.get('last_name'))}")
    return Customer(type="telegram_user", value=user_id, name=name, handle=line(user.get("username"), 60))


def _chat_person(chat: Item) -> Customer:
    """Somebody who speaks as a channel or a group of theirs."""
    chat_id = ident(chat.get("id"))
    if not chat_id:
        return Customer(absent_reason="anonymous")
    return Customer(
        type="telegram_chat",
        value=chat_id,
        name=line(chat.get("title")),
        handle=line(chat.get("username"), 60),
    )


def _addressee(chat: Item) -> Customer | None:
    return person(chat) if chat.get("type") == "private" else None


def _ours(message: Item, chat: Item, sender: Item, as_chat: Item) -> bool:
    """Whether our side wrote it: over a business connection, or an administrator as the group itself."""
    chat_id = ident(chat.get("id"))
    if message.get("business_connection_id"):
        return bool(obj(message.get("sender_business_bot"))) or ident(sender.get("id")) != chat_id
    return bool(as_chat) and ident(as_chat.get("id")) == chat_id


def _public(chat: Item) -> bool:
    """A group or channel with a name of its own can be read by everybody."""
    return chat.get("type") != "private" and bool(line(chat.get("username"), 60))


def _thread(message: Item) -> str:
    """The chat, and the topic within it."""
    chat_id = ident(obj(message.get("chat")).get("id"))
    topic = ident(obj(message.get("direct_messages_topic")).get("topic_id"))
    topic = topic or ident(message.get("message_thread_id"))
    return _scoped(message, f"{chat_id}:{topic}" if topic else chat_id) if chat_id else ""


def _ref(message: Item) -> str:
    """What names a message: its chat and its number there."""
    chat_id, message_id = ident(obj(message.get("chat")).get("id")), ident(message.get("message_id"))
    return _scoped(message, f"{chat_id}:{message_id}") if chat_id and message_id else ""


def _scoped(message: Item, name: str) -> str:
    connection = ident(message.get("business_connection_id"))
    return f"{connection}:{name}" if connection else name


def _answered(message: Item) -> str:
    """The message that is answered; every message of a topic also "answers" the one that opened it."""
    answered = obj(message.get("reply_to_message"))
    if "forum_topic_created" in answered or not answered:
        return ""
    connection = message.get("business_connection_id")
    return _ref({"business_connection_id": connection, "chat": message.get("chat"), **answered})


def _label(message: Item, data: str) -> str:
    for row in items(obj(message.get("reply_markup")).get("inline_keyboard")):
        for button in items(row):
            if data and obj(button).get("callback_data") == data:
                return text(obj(button).get("text"), 500)
    return ""


def _own_number(message: Item, customer: Customer | None) -> tuple[Link, ...]:
    """The customer's own number, shared as a contact that Telegram says is theirs: evidence, not proof."""
    contact = obj(message.get("contact"))
    if customer is None or not customer.value or ident(contact.get("user_id")) != customer.value:
        return ()
    number: Any = text(contact.get("phone_number"), 40)
    shared = caller(f"+{number.lstrip('+')}") if number else Customer()
    return (Link(customer, shared, "weak", "same_value"),) if shared.value else ()
