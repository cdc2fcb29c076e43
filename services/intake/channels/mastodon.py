"""Mastodon: what people say to our account, by streaming API and, for what a break missed, by the list (channels.md 2.3).

    event: notification          data: a Notification; other events are no contacts
    GET /api/v1/notifications    the same, newest 80; from a cursor by min_id, oldest first, until a page is empty

Both name a notification by one id, so what comes twice is one fact. A mention that only we can see (`direct`) is a
message; to followers only (`private`) it is a mention that is not public. Accounts of our own server come without
its name. A bot is never a customer who waits for an answer.
"""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

from services.intake.canonical import CanonicalEvent, Collector, Customer, Known, Problem, Wanted
from services.intake.channels.fetching import FetchRule
from services.intake.channels.mastodon_html import HTML_CHARS_MAX, post_text
from services.intake.channels.polling import Page, Poller, Stream
from services.intake.channels.provider import Provider, ProviderSetting
from services.intake.values import (
    SUBJECT_CHARS_MAX,
    Unreadable,
    dump,
    ident,
    items,
    line,
    load_json,
    mail_date_ms,
    obj,
    text,
)

_HOST = r"(?=.{4,253}$)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]"
_HOST_PATTERN = re.compile(_HOST)
_ACCOUNT_PATTERN = re.compile(rf"[A-Za-z0-9_.-]{{1,100}}@{_HOST}")


def _host_fault(given: tuple[str, ...]) -> str:
    return "" if _HOST_PATTERN.fullmatch(given[0]) else "must be a host, for example m.example"


ACCOUNT = ProviderSetting(
    name="FRONTDESK_MASTODON_ACCOUNT",
    says="our account, `name@host`; its host is that of local names",
    secret=False,
    fault=lambda given: "" if _ACCOUNT_PATTERN.fullmatch(given[0]) else "must be like care@m.example",
)
SERVER = ProviderSetting(
    name="FRONTDESK_MASTODON_SERVER",
    says="host of the server's API, where it is not the account's",
    secret=False,
    fault=_host_fault,
)
STREAMING = ProviderSetting(
    name="FRONTDESK_MASTODON_STREAMING_SERVER",
    says="host of the server's streaming API, where it is another",
    secret=False,
    fault=_host_fault,
)
TOKEN = ProviderSetting(
    name="FRONTDESK_MASTODON_TOKEN", says="access token with the scope read:notifications", single=True
)
FETCHER = "mastodon"
SOURCE = "mastodon"
PAGE_NOTIFICATIONS = 80
"""Notifications of one page, the most that Mastodon gives."""
BEFORE_ALL = "0"
"""Where an account stands that has no notifications yet: all that come are news."""
PAGE_BYTES_MAX = 4 * 1024 * 1024
"""80 long posts, each with its writer's profile."""
SECONDS_MAX = 20.0
"""For one page; nobody waits for it."""
POLL_SECONDS = 300
_SAID = frozenset({"mention", "quote"})
_REACTIONS = frozenset({"favourite", "reblog", "pleroma:emoji_reaction", "reaction"})
_EDITS = frozenset({"update", "quoted_update"})
_NO_CONTACTS = {
    "follow": "follow",
    "follow_request": "follow",
    "poll": "poll",
    "status": "post",
    "admin.sign_up": "admin",
    "admin.report": "admin",
    "severed_relationships": "server_notice",
    "moderation_warning": "server_notice",
    "annual_report": "server_notice",
    "added_to_collection": "server_notice",
    "collection_update": "server_notice",
}
_OTHER_EVENTS = {
    "update": "post",
    "status.update": "post",
    "delete": "post",
    "conversation": "conversation",
    "filters_changed": "server_notice",
    "announcement": "server_notice",
    "announcement.reaction": "server_notice",
    "announcement.delete": "server_notice",
    "encrypted_message": "server_notice",
    "notifications_merged": "server_notice",
}
Body = dict[str, Any]


def read_event(name: str, data: bytes, known: Known, found: Collector) -> None:
    """One event of the stream."""
    if name == "notification":
        _take(load_json(data), known, found)
    elif name in _OTHER_EVENTS:
        found.dropped.append(_OTHER_EVENTS[name])
    else:
        found.problems.append(Problem("unknown_event", "the stream's event is none of those known", data))


def open_stream(known: Known) -> Wanted | None:
    """The stream of our notifications; None when the provider is not configured."""
    host = known.one(STREAMING) or _server(known)
    return Wanted(f"https://{host}/api/v1/streaming/user/notification", FETCHER) if host else None


def first(known: Known, cursor: str) -> Wanted | None:
    """From a cursor what came after it, else the newest; None when the provider is not configured."""
    return _page(known, cursor)


def read_page(data: bytes, wanted: Wanted, known: Known, cursor: str, found: Collector) -> Page:
    """A page of notifications; the next one begins after its newest. A start reads one page and no history."""
    entries = _entries(data)
    after = next(iter(parse_qs(urlsplit(wanted.url).query).get("min_id", [])), "")
    newest = after or cursor or BEFORE_ALL
    for entry in entries:
        try:
            _take(obj(entry), known, found)
        except Unreadable as error:
            found.problems.append(Problem("unreadable", str(error), dump(entry)))
        newest = max(newest, ident(obj(entry).get("id")), key=_order)
    moved = _order(newest) > _order(after)
    return Page(_page(known, newest) if after and entries and moved else None, newest)


def headers(known: Known, now_ms: int) -> dict[str, str]:
    del now_ms
    token = known.one(TOKEN)
    return {"Authorization": "Bearer " + token} if token else {}


def _server(known: Known) -> str:
    account = known.one(ACCOUNT)
    return (known.one(SERVER) or account.rpartition("@")[2]) if account and known.of(TOKEN) else ""


def _page(known: Known, after: str) -> Wanted | None:
    host = _server(known)
    if not host:
        return None
    url = f"https://{host}/api/v1/notifications?limit={PAGE_NOTIFICATIONS}"
    return Wanted(url + (f"&min_id={quote(after, safe='')}" if after else ""), FETCHER)


def _entries(data: bytes) -> list[Any]:
    try:
        found = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise Unreadable(f"not JSON ({type(error).__name__})") from None
    if not isinstance(found, list):
        raise Unreadable("not a list of notifications")
    return found[: 2 * PAGE_NOTIFICATIONS]


def _order(notification_id: str) -> tuple[int, str]:
    """Ids grow with time: numbers without bound, or texts of one length on other servers."""
    return (len(notification_id), notification_id)


def _take(body: Body, known: Known, found: Collector) -> None:
    """One notification, from the stream or the list; raises Unreadable."""
    kind, notification_id = line(body.get("type"), 60), ident(body.get("id"))
    if kind in _NO_CONTACTS:
        found.dropped.append(_NO_CONTACTS[kind])
    elif kind not in _SAID | _REACTIONS | _EDITS:
        found.problems.append(
            Problem("unknown_event", "the notification's type is none of those known", dump(body))
        )
    elif not notification_id:
        raise Unreadable("a notification without id")
    elif not obj(body.get("status")):
        found.dropped.append("post_gone")
    else:
        _event(kind, notification_id, body, known, found)


def _event(kind: str, notification_id: str, body: Body, known: Known, found: Collector) -> None:
    status, account = obj(body.get("status")), known.one(ACCOUNT)
    writer = obj(body.get("account")) or obj(status.get("account"))
    customer = _customer(writer, account)
    if customer.value and customer.value == account.lower():
        found.dropped.append("own")
        return
    status_id = ident(status.get("id"))
    said = kind in _SAID
    found.events.append(
        CanonicalEvent(
            channel="social",
            medium="mastodon",
            account=account,
            provider_event_id=notification_id,
            kind=_kind(kind, status, writer),
            state="" if said else _state(kind, status),
            customer=customer,
            thread_id=ident(status.get("in_reply_to_id")) or status_id or notification_id,
            in_reply_to=ident(status.get("in_reply_to_id")),
            about_id="" if said else status_id,
            occurred_at_ms=mail_date_ms(body.get("created_at")) or mail_date_ms(status.get("created_at")),
            subject=line(status.get("spoiler_text"), SUBJECT_CHARS_MAX),
            text=post_text(text(status.get("content"), HTML_CHARS_MAX)) if kind not in _REACTIONS else "",
            language_hint=line(status.get("language"), 40),
            public=line(status.get("visibility")) in ("public", "unlisted"),
            attachments=len(items(status.get("media_attachments"))[:100]) if said else 0,
        )
    )


def _kind(kind: str, status: Body, writer: Body) -> str:
    if kind in _REACTIONS:
        return "reaction"
    if kind in _EDITS:
        return "edit"
    if writer.get("bot") is True:
        return "auto_reply"
    return "message" if line(status.get("visibility")) == "direct" else "mention"


def _state(kind: str, status: Body) -> str:
    """An edit's instant tells edits of one post apart."""
    return f"edited:{line(status.get('edited_at'), 60)}" if kind in _EDITS else kind


def _customer(writer: Body, account: str) -> Customer:
    """acct@host in lower case (names are compared without case), with our own host for a local one."""
    acct = line(writer.get("acct") or writer.get("username"), 400).lower().removeprefix("@")
    if not acct:
        return Customer(absent_reason="anonymous")
    value = acct if "@" in acct else f"{acct}@{account.rpartition('@')[2].lower()}"
    return Customer(
        type="fediverse", value=value, name=line(writer.get("display_name") or writer.get("username"))
    )


NOTIFICATIONS = Poller(
    source=SOURCE, name="mastodon_notifications", seconds=POLL_SECONDS, first=first, read=read_page
)
STREAM = Stream(
    source=SOURCE, name="mastodon_stream", open=open_stream, read=read_event, missed=NOTIFICATIONS
)
PROVIDER = Provider(
    name=SOURCE,
    title="Mastodon",
    media=("mastodon",),
    verified_by="fetched from our server with our token",
    event_id="id of the notification",
    page="mastodon",
    fetchers={
        FETCHER: FetchRule(
            hosts=_HOST_PATTERN, headers=headers, bytes_max=PAGE_BYTES_MAX, seconds_max=SECONDS_MAX
        )
    },
    pollers=(NOTIFICATIONS,),
    streams=(STREAM,),
    settings=(ACCOUNT, SERVER, STREAMING, TOKEN),
    together=((ACCOUNT, TOKEN),),
)
