"""What a Telegram message says, by what it holds: text, caption, or a thing without words (channels.md 2.3)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from services.intake.values import items, line, obj, text

Item = dict[str, Any]
_MEDIA = (
    "photo",
    "live_photo",
    "video",
    "animation",
    "audio",
    "document",
    "voice",
    "video_note",
    "sticker",
    "story",
    "paid_media",
)
_OTHERS = ("contact", "location", "venue", "dice", "game", "poll", "invoice", "checklist", "web_app_data")
_SERVICE = frozenset(
    {
        "new_chat_member",
        "left_chat_member",
        "pinned_message",
        "group_chat_created",
        "supergroup_chat_created",
        "channel_chat_created",
        "message_auto_delete_timer_changed",
        "migrate_to_chat_id",
        "migrate_from_chat_id",
        "delete_chat_photo",
        "successful_payment",
        "refunded_payment",
        "users_shared",
        "user_shared",
        "connected_website",
        "write_access_allowed",
        "passport_data",
        "proximity_alert_triggered",
        "boost_added",
        "gift",
        "unique_gift",
        "gift_upgrade_sent",
        "paid_message_price_changed",
        "direct_message_price_changed",
        "managed_bot_created",
    }
)
_SERVICE_PREFIXES = (
    "new_chat_",
    "forum_topic_",
    "general_forum_topic_",
    "video_chat_",
    "voice_chat_",
    "giveaway",
    "chat_",
    "checklist_tasks_",
    "suggested_post_",
    "poll_option_",
    "community_chat_",
)
_RICH = ("text", "blocks", "items", "rows", "cells", "caption", "summary")
"""Where the words of a rich message stand; of a list, in its items."""
RICH_PARTS_MAX = 2_000


@dataclass(frozen=True, slots=True)
class Words:
    """Kind, words and attachments of a message; `service` when it only tells what became of the chat."""

    kind: str = "message"
    text: str = ""
    attachments: int = 0
    service: bool = False


def words_of(message: Item) -> Words:
    """What the message says; one that holds nothing known is `unsupported`, for a person wrote it."""
    said = (
        text(message.get("text")) or text(message.get("caption")) or _rich(obj(message.get("rich_message")))
    )
    media = sum(1 for name in _MEDIA if message.get(name))
    if media > 1 and message.get("animation"):
        media -= 1  # an animation also comes as a document, for older programs
    if said or media:
        return Words(text=said, attachments=media)
    for name in _OTHERS:
        if obj(message.get(name)):
            return Words(text=_silent(name, obj(message[name])))
    if any(name in _SERVICE or name.startswith(_SERVICE_PREFIXES) for name in message):
        return Words(service=True)
    return Words("unsupported")


def _rich(message: Item) -> str:
    """The words of a rich message (Bot API 10.1), a line each block, without what formats them."""
    lines, seen = [], 0
    for block in items(message.get("blocks")):
        found: list[str] = []
        waiting: list[Any] = [block]
        while waiting and seen < RICH_PARTS_MAX:
            part = waiting.pop()
            seen += 1
            if isinstance(part, str):
                found.append(text(part))
            else:
                inner = items(part) or [obj(part)[name] for name in _RICH if name in obj(part)]
                waiting += reversed(inner[:RICH_PARTS_MAX])
        lines.append("".join(found))
    return text("\n".join(filter(None, lines)))


def _silent(name: str, part: Item) -> str:
    """Words of what has none of its own; coordinates and numbers are none."""
    match name:
        case "contact":
            return line(f"{line(part.get('first_name'))} {line(part.get('last_name'))}")
        case "venue":
            return ", ".join(filter(None, (line(part.get("title")), line(part.get("address")))))
        case "poll":
            return text(part.get("question"), 1_000)
        case "web_app_data":
            return text(part.get("data")) or text(part.get("button_text"), 200)
        case "checklist":
            tasks = (text(obj(one).get("text"), 200) for one in items(part.get("tasks"))[:100])
            return "\n".join(filter(None, (text(part.get("title"), 300), *tasks)))
        case "invoice" | "game":
            return line(part.get("title"))
        case _:
            return ""
