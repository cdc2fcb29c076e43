"""Posts and direct messages of X, whichever envelope brought them (channels.md 2.3).

Both envelopes carry the same things under other names. What our own account wrote is our answer: `outbound`. A
repost carries no words of whoever reposts, so it is a reaction, like a like.
"""

from __future__ import annotations

from typing import Any

from services.intake.canonical import CanonicalEvent
from services.intake.channels.escapes import unescaped
from services.intake.channels.x_people import Item, id_of, person, users_of
from services.intake.values import Unreadable, epoch_ms, ident, items, line, mail_date_ms, obj, text

DIRECT, POST = "x_dm", "x_post"
_NO_LANGUAGES = frozenset({"und", "zxx", "art", "qam", "qct", "qht", "qme", "qst"})
"""What X calls a text without a language: mentions only, hashtags only, media only."""


def direct_message(item: Item, account: str, users: Item) -> CanonicalEvent:
    """One `message_create`; the thread is the pair of people, in one order for both directions."""
    message = obj(item.get("message_create"))
    sender, recipient = ident(message.get("sender_id")), ident(obj(message.get("target")).get("recipient_id"))
    message_id = ident(item.get("id"))
    if not message_id or not sender:
        raise Unreadable("no message id or no sender")
    account = account or recipient
    data = obj(message.get("message_data"))
    words = unescaped(text(data.get("text")))
    attachments = 1 if obj(data.get("attachment")) else 0
    outbound = sender == account
    return CanonicalEvent(
        channel="social",
        medium=DIRECT,
        account=account,
        provider_event_id=message_id,
        kind="message" if words or attachments else "unsupported",
        direction="outbound" if outbound else "inbound",
        customer=person(recipient if outbound else sender, users),
        thread_id=pair(sender, recipient or account),
        occurred_at_ms=epoch_ms(item.get("created_timestamp")),
        text=words,
        attachments=attachments,
    )


def pair(*people: str) -> str:
    """Two ids in one order, shorter numbers first."""
    return "-".join(sorted(people, key=lambda one: (len(one), one)))


def post(item: Item, account: str, users: Item) -> CanonicalEvent:
    """One post: a mention, a reply or a quote, or the repost of one."""
    post_id = id_of(item)
    if not post_id:
        raise Unreadable("no post id")
    writer = obj(item.get("user"))
    author = ident(item.get("author_id")) or id_of(writer)
    users = {**users, **users_of([writer])}
    outbound = bool(author) and author == account
    answered = _id(item, "in_reply_to_status_id", "in_reply_to_tweet_id") or _referenced(item, "replied_to")
    reposted = id_of(obj(item.get("retweeted_status"))) or _referenced(item, "retweeted")
    quoted = _id(item, "quoted_status_id") or _referenced(item, "quoted")
    addressee = _id(item, "in_reply_to_user_id")
    other = (addressee if addressee != account else "") if outbound else author
    at_ms = epoch_ms(item.get("timestamp_ms")) or mail_date_ms(item.get("created_at"))
    if reposted:
        return reaction(post_id, reposted, "repost", account, other, users, outbound=outbound, at_ms=at_ms)
    return CanonicalEvent(
        channel="social",
        medium=POST,
        account=account,
        provider_event_id=post_id,
        kind="mention",
        direction="outbound" if outbound else "inbound",
        customer=person(other, users),
        thread_id=_id(item, "conversation_id") or answered or post_id,
        in_reply_to=answered or quoted,
        occurred_at_ms=at_ms,
        text=unescaped(_words(item)),
        language_hint=_language(item),
        public=True,
        attachments=_attachments(item),
    )


def reaction(
    event_id: str, about: str, name: str, account: str, who: str, users: Item, *, outbound: bool, at_ms: int
) -> CanonicalEvent:
    """A like or a repost of the post `about`."""
    if not event_id and not about:
        raise Unreadable("no id of what was liked")
    return CanonicalEvent(
        channel="social",
        medium=POST,
        account=account,
        provider_event_id=event_id or about,
        kind="reaction",
        state=f"{name}:{who}",
        direction="outbound" if outbound else "inbound",
        customer=person(who, users),
        thread_id=about,
        occurred_at_ms=at_ms,
        public=True,
        about_id=about,
        extras={"reaction": name},
    )


def deletion(post_id: str, account: str, author: str, users: Item, at_ms: int) -> CanonicalEvent:
    """The end of a post."""
    if not post_id:
        raise Unreadable("no id of what was deleted")
    outbound = bool(author) and author == account
    return CanonicalEvent(
        channel="social",
        medium=POST,
        account=account,
        provider_event_id=post_id,
        kind="deletion",
        state="deleted",
        direction="outbound" if outbound else "inbound",
        customer=person("" if outbound else author, users),
        thread_id=post_id,
        occurred_at_ms=at_ms,
        public=True,
        about_id=post_id,
    )


def _id(item: Item, name: str, other: str = "") -> str:
    """An id that may stand under a name, its `_str` form, or another name."""
    return (
        ident(item.get(f"{name}_str")) or ident(item.get(name)) or (ident(item.get(other)) if other else "")
    )


def _referenced(item: Item, kind: str) -> str:
    for one in items(item.get("referenced_tweets")):
        if obj(one).get("type") == kind:
            return ident(obj(one).get("id"))
    return ""


def _words(item: Item) -> str:
    """The whole text: a long post's `text` is cut, and the rest stands elsewhere."""
    whole: tuple[Any, ...] = (
        obj(item.get("extended_tweet")).get("full_text"),
        obj(item.get("note_tweet")).get("text"),
        item.get("full_text"),
        item.get("text"),
    )
    return next(filter(None, map(text, whole)), "")


def _language(item: Item) -> str:
    code = line(item.get("lang"), 10).lower()
    return "" if code in _NO_LANGUAGES else {"iw": "he", "in": "id"}.get(code, code)


def _attachments(item: Item) -> int:
    """Pictures and films of a post."""
    extended = obj(item.get("extended_tweet")) or item
    media = items(obj(extended.get("extended_entities")).get("media"))
    media = media or items(obj(extended.get("entities")).get("media"))
    return len(media) or len(items(obj(item.get("attachments")).get("media_keys")))
