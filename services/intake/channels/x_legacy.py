"""X's Account Activity envelope: lists by kind, for the account `for_user_id` (channels.md 2.3)."""

from __future__ import annotations

from collections.abc import Callable

from services.intake.canonical import CanonicalEvent, Collector, Problem
from services.intake.channels.x_people import Item, id_of, users_of
from services.intake.channels.x_posts import deletion, direct_message, post, reaction
from services.intake.values import Unreadable, dump, epoch_ms, ident, items, mail_date_ms, obj

Reader = Callable[[Item, str, Item], CanonicalEvent]
_NO_EVENTS = {
    "direct_message_mark_read_events": "read",
    "direct_message_indicate_typing_events": "typing",
    "follow_events": "follow",
    "block_events": "block",
    "mute_events": "mute",
}


def read(body: Item, found: Collector) -> None:
    """All lists of one body; an unknown item keeps its neighbours."""
    account = ident(body.get("for_user_id"))
    users = users_of(body.get("users"))
    known = False
    for name, dropped in _NO_EVENTS.items():
        count = len(items(body.get(name)))
        found.dropped.extend([dropped] * count)
        known |= count > 0
    for name, dropped in (("user_event", "revoke"), ("replay_event", "replayed")):
        if obj(body.get(name)):
            found.dropped.append(dropped)
            known = True
    for name, reader in _READERS.items():
        for item in items(body.get(name)):
            known = True
            _read_one(reader, item, account, users, found)
    if not known:
        found.problems.append(Problem("unknown_event", "body holds nothing known", dump(body)))


def read_direct(item: object, account: str, users: Item, found: Collector) -> None:
    """One item of `direct_message_events`, which the newer envelope has too."""
    _read_one(_direct, item, account, users, found)


def _read_one(reader: Reader, item: object, account: str, users: Item, found: Collector) -> None:
    if reader is _direct and "message_create" not in obj(item):
        found.problems.append(Problem("unknown_event", "direct message event of an unknown type", dump(item)))
        return
    try:
        found.events.append(reader(obj(item), account, users))
    except Unreadable as error:
        found.problems.append(Problem("unreadable", str(error), dump(item)))


def _direct(item: Item, account: str, users: Item) -> CanonicalEvent:
    return direct_message(item, account, users)


def _deleted(item: Item, account: str, users: Item) -> CanonicalEvent:
    status = obj(item.get("status"))
    author = ident(status.get("user_id_str")) or ident(status.get("user_id"))
    return deletion(id_of(status), account, author, users, epoch_ms(item.get("timestamp_ms")))


def _liked(item: Item, account: str, users: Item) -> CanonicalEvent:
    who = id_of(obj(item.get("user")))
    return reaction(
        ident(item.get("id")),
        id_of(obj(item.get("favorited_status"))),
        "like",
        account,
        who,
        {**users, **users_of([item.get("user")])},
        outbound=bool(who) and who == account,
        at_ms=epoch_ms(item.get("timestamp_ms")) or mail_date_ms(item.get("created_at")),
    )


_READERS: dict[str, Reader] = {
    "direct_message_events": _direct,
    "tweet_create_events": post,
    "tweet_delete_events": _deleted,
    "favorite_events": _liked,
}
