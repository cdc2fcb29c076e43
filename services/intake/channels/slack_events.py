"""Slack's Events API: messages with their subtypes, mentions of the app, reactions (channels.md 2.3).

`ts` is a message's id in its channel and its time in microseconds, so it stays a string. A message that mentions
the app comes twice, as `message` and as `app_mention`, with two event ids; channel and ts make the fact's id.
A user's id counts within a team, and in a shared channel it is the sender's own team.
"""

from __future__ import annotations

from dataclasses import dataclass

from services.intake.canonical import CanonicalEvent, Collector, Customer, Problem
from services.intake.channels.slack_words import Item, files_of, ts_ms, words_of
from services.intake.values import Unreadable, dump, epoch_ms, ident, items, line, obj, text

_WRITTEN = frozenset({"", "file_share", "me_message", "thread_broadcast"})
_SERVICE = frozenset(
    {
        "pinned_item",
        "unpinned_item",
        "message_replied",
        "reply_broadcast",
        "reminder_add",
        "huddle_thread",
        "sh_room_created",
        "sh_room_shared",
        "tombstone",
        "assistant_app_thread",
        "document_mention",
        "joiner_notification",
        "slackbot_response",
    }
)
_SERVICE_PREFIXES = ("channel_", "group_", "bot_", "file_", "ekm_", "app_", "workflow_", "joiner_")
_NO_EVENTS = frozenset(
    {
        "tokens_revoked",
        "scope_granted",
        "scope_denied",
        "link_shared",
        "message_metadata_posted",
        "message_metadata_updated",
        "message_metadata_deleted",
        "email_domain_changed",
        "emoji_changed",
        "url_verification",
        "invite_requested",
        "entity_details_requested",
    }
)
_NO_EVENTS_PREFIXES = (
    "app_",
    "assistant_",
    "call_",
    "channel_",
    "dnd_",
    "file_",
    "function_",
    "grid_",
    "group_",
    "im_",
    "member_",
    "pin_",
    "shared_channel_",
    "star_",
    "subteam",
    "team_",
    "user_",
    "workflow_",
)
SLACKBOT = "USLACKBOT"


@dataclass(frozen=True, slots=True)
class Envelope:
    """What stands around an event: our workspace, the event's id, our bot's user."""

    account: str
    event_id: str
    team: str
    at_ms: int
    shared: bool
    bot_users: frozenset[str]

    @classmethod
    def of(cls, body: Item) -> Envelope:
        """Raises Unreadable without an event id, or without a workspace."""
        installed = [obj(one) for one in items(body.get("authorizations"))[:10]]
        team = ident(body.get("team_id"))
        own = [ident(one.get("team_id")) or ident(one.get("enterprise_id")) for one in installed]
        account = next(filter(None, own), "") or team
        event_id = ident(body.get("event_id"))
        if not account or not event_id:
            raise Unreadable("no team or no event id")
        return cls(
            account=account,
            event_id=event_id,
            team=team or account,
            at_ms=epoch_ms(body.get("event_time")),
            shared=body.get("is_ext_shared_channel") is True,
            bot_users=frozenset(ident(one.get("user_id")) for one in installed if one.get("is_bot") is True),
        )


def read_event(body: Item, found: Collector) -> None:
    """One `event_callback`."""
    envelope, event = Envelope.of(body), obj(body.get("event"))
    name = text(event.get("type"), 60)
    if name in ("message", "app_mention"):
        _message(envelope, event, found)
    elif name in ("reaction_added", "reaction_removed"):
        _reaction(envelope, event, name.removeprefix("reaction_"), found)
    elif name in _NO_EVENTS or name.startswith(_NO_EVENTS_PREFIXES):
        found.dropped.append("workspace_news")
    else:
        found.problems.append(Problem("unknown_event", "event of an unknown type", dump(event)))


def _message(envelope: Envelope, event: Item, found: Collector) -> None:
    subtype = text(event.get("subtype"), 60)
    if subtype == "message_changed":
        _changed(envelope, event, found)
    elif subtype == "message_deleted":
        deleted = {**obj(event.get("previous_message")), "ts": event.get("deleted_ts")}
        _add(envelope, event, deleted, "deletion", "deleted", found)
    elif _by_bot(envelope, event):
        found.dropped.append("bot_message")
    elif subtype in _SERVICE or (subtype not in _WRITTEN and subtype.startswith(_SERVICE_PREFIXES)):
        found.dropped.append("service")
    else:
        words = words_of(event) or files_of(event)
        kind = "message" if subtype in _WRITTEN and words else "unsupported"
        _add(envelope, event, event, kind, "", found)


def _changed(envelope: Envelope, event: Item, found: Collector) -> None:
    """An edit; or the deletion of a thread's first message; or only a link that got its preview."""
    message, before = obj(event.get("message")), obj(event.get("previous_message"))
    edited = ident(obj(message.get("edited")).get("ts"))
    if message.get("subtype") == "tombstone":
        _add(envelope, event, {**before, "ts": message.get("ts")}, "deletion", "deleted", found)
    elif _by_bot(envelope, message):
        found.dropped.append("bot_message")
    elif before and words_of(message) == words_of(before) and files_of(message) == files_of(before):
        found.dropped.append("preview")
    else:
        stamp = edited or ident(event.get("event_ts")) or envelope.event_id
        _add(envelope, event, message, "edit", f"edit:{stamp}", found)


def _add(envelope: Envelope, event: Item, message: Item, kind: str, state: str, found: Collector) -> None:
    """`event` says where, `message` who and what."""
    channel, ts = ident(event.get("channel")), ident(message.get("ts"))
    if not channel or not ts:
        raise Unreadable("no channel or no ts")
    thread = ident(message.get("thread_ts"))
    ref = f"{channel}:{ts}"
    outbound = envelope.shared and _team(message, "") == envelope.account
    later = ts_ms(event.get("event_ts")) or envelope.at_ms if state else 0
    found.events.append(
        CanonicalEvent(
            channel="social",
            medium="slack",
            account=envelope.account,
            provider_event_id=envelope.event_id,
            contact_ref=ref,
            kind=kind,
            state=state,
            direction="outbound" if outbound else "inbound",
            customer=None if outbound else person(_team(message, envelope.team), message),
            thread_id=f"{channel}:{thread or ts}",
            in_reply_to=f"{channel}:{thread}" if thread and thread != ts else "",
            occurred_at_ms=later or ts_ms(ts) or envelope.at_ms,
            text=words_of(message) if kind != "deletion" else "",
            attachments=files_of(message) if kind != "deletion" else 0,
            about_id=ref if state else "",
        )
    )


def _reaction(envelope: Envelope, event: Item, what: str, found: Collector) -> None:
    item = obj(event.get("item"))
    channel, ts = ident(item.get("channel")), ident(item.get("ts"))
    about = f"{channel}:{ts}" if channel and ts else ident(item.get("file"))
    if not about:
        raise Unreadable("no item")
    if _by_bot(envelope, event):
        found.dropped.append("bot_message")
        return
    outbound = envelope.shared and _team(event, "") == envelope.account
    found.events.append(
        CanonicalEvent(
            channel="social",
            medium="slack",
            account=envelope.account,
            provider_event_id=envelope.event_id,
            kind="reaction",
            state=what,
            direction="outbound" if outbound else "inbound",
            customer=None if outbound else person(_team(event, envelope.team), event),
            thread_id=about,
            occurred_at_ms=ts_ms(event.get("event_ts")) or envelope.at_ms,
            about_id=about,
            extras={"emoji": line(event.get("reaction"), 60), "action": what},
        )
    )


def person(team: str, message: Item) -> Customer:
    """Who wrote it: the user within the team."""
    user = ident(message.get("user"))
    if not user:
        return Customer(absent_reason="anonymous")
    profile = obj(message.get("user_profile"))
    name = profile.get("real_name") or profile.get("display_name") or profile.get("name")
    return Customer(type="slack_user", value=f"{team}:{user}", name=line(name))


def _team(message: Item, default: str) -> str:
    """The writer's own team."""
    named = (message.get("user_team"), message.get("source_team"), message.get("team"))
    return next(filter(None, map(ident, named)), default)


def _by_bot(envelope: Envelope, message: Item) -> bool:
    user = ident(message.get("user"))
    return (
        bool(message.get("bot_id"))
        or message.get("subtype") == "bot_message"
        or user == SLACKBOT
        or user in envelope.bot_users
    )
