"""The X Activity API's envelope: one event with its type, payload and the users it names (channels.md 2.3).

`event_uuid` is the delivery's, may be negative, and differs for one post that comes as a mention and as a reply;
so a post's own id makes the fact's.
"""

from __future__ import annotations

from services.intake.canonical import CanonicalEvent, Collector, Problem
from services.intake.channels.escapes import unescaped
from services.intake.channels.x_legacy import read_direct
from services.intake.channels.x_people import Item, id_of, person, users_of
from services.intake.channels.x_posts import DIRECT, POST, deletion, pair, post, reaction
from services.intake.values import Unreadable, dump, epoch_ms, ident, items, mail_date_ms, obj, text

_POSTS = frozenset(
    {"post.create", "post.mention.create", "post.reply.create", "post.quote.create", "post.repost.create"}
)
_NO_EVENTS = {
    "follow": "follow",
    "block": "block",
    "mute": "mute",
    "profile": "profile",
    "news": "news",
    "spaces": "broadcast",
    "broadcast": "broadcast",
    "oauth": "revoke",
}
_NO_EVENT_TYPES = {"dm.read": "read", "dm.indicate_typing": "typing", "chat.conversation_join": "member"}


def read(body: Item, found: Collector) -> None:
    """The event, or each of several."""
    data = body.get("data")
    for one in items(data) or [data]:
        try:
            _read(obj(one), body, found)
        except Unreadable as error:
            found.problems.append(Problem("unreadable", str(error), dump(one)))


def _read(data: Item, body: Item, found: Collector) -> None:
    name, payload = text(data.get("event_type"), 60), obj(data.get("payload"))
    account = ident(obj(data.get("filter")).get("user_id"))
    users = users_of(
        obj(data.get("includes")).get("users"), obj(body.get("includes")).get("users"), payload.get("users")
    )
    if name in _POSTS:
        found.events.append(post(payload, account, users))
    elif name == "post.delete":
        author = ident(payload.get("author_id"))
        found.events.append(deletion(id_of(payload), account, author, users, 0))
    elif name == "like.create":
        found.events.append(_liked(payload, obj(data.get("filter")), account, users))
    elif name in ("dm.received", "dm.sent"):
        for item in items(payload.get("direct_message_events")) or [payload]:
            read_direct(item, account, users, found)
    elif name in ("chat.received", "chat.sent"):
        found.events.append(_encrypted(payload, account, users))
    elif name == "broadcast.chat":
        found.events.append(_said_in_broadcast(payload, account))
    elif name in _NO_EVENT_TYPES:
        found.dropped.append(_NO_EVENT_TYPES[name])
    elif name.partition(".")[0] in _NO_EVENTS:
        found.dropped.append(_NO_EVENTS[name.partition(".")[0]])
    else:
        found.problems.append(Problem("unknown_event", "event_type is none of those known", dump(data)))


def _liked(payload: Item, filtered: Item, account: str, users: Item) -> CanonicalEvent:
    """A like of ours, or of a post of ours; who it was stands only among the users beside it."""
    author = ident(payload.get("liked_tweet_author_id"))
    outbound = filtered.get("direction") == "outbound" or (
        filtered.get("direction") != "inbound" and author != account
    )
    others = [user for user in users if user not in (account, author)]
    return reaction(
        ident(payload.get("id")),
        ident(payload.get("liked_tweet_id")),
        "like",
        account,
        author if outbound else (others[0] if len(others) == 1 else ""),
        users,
        outbound=outbound,
        at_ms=epoch_ms(payload.get("timestamp_ms")),
    )


def _encrypted(payload: Item, account: str, users: Item) -> CanonicalEvent:
    """A message that only its reader's device can decrypt: somebody wrote, and a person must look at X."""
    message_id, sender = ident(payload.get("id")), ident(payload.get("sender_id"))
    if not message_id or not sender:
        raise Unreadable("no message id or no sender")
    conversation = ident(payload.get("conversation_id"))
    people = [one for one in conversation.split(":") if one]
    others = [one for one in people if one != account]
    outbound = sender == account
    return CanonicalEvent(
        channel="social",
        medium=DIRECT,
        account=account,
        provider_event_id=message_id,
        kind="unsupported",
        direction="outbound" if outbound else "inbound",
        customer=person((others[0] if len(others) == 1 else "") if outbound else sender, users),
        thread_id=pair(*people) if len(people) == 2 else conversation or pair(sender, account),
        occurred_at_ms=epoch_ms(payload.get("created_at_msec")),
        extras={"encrypted": True},
    )


def _said_in_broadcast(payload: Item, account: str) -> CanonicalEvent:
    message_id = ident(payload.get("message_id"))
    users = users_of([payload.get("author")])
    author = next(iter(users), "")
    if not message_id:
        raise Unreadable("no message id")
    outbound = bool(author) and author == account
    return CanonicalEvent(
        channel="social",
        medium=POST,
        account=account,
        provider_event_id=message_id,
        kind="mention",
        direction="outbound" if outbound else "inbound",
        customer=person("" if outbound else author, users),
        thread_id=ident(payload.get("broadcast_id")) or message_id,
        occurred_at_ms=epoch_ms(payload.get("created_at_msec")) or mail_date_ms(payload.get("created_at")),
        text=unescaped(text(payload.get("message"))),
        public=True,
    )
