"""Public words on a page: Facebook's feed, Instagram's comments and mentions (channels.md 2.3).

Everybody can read them, so they are `public` mentions. Edits and removals have the id of what they change and
are told apart by their state. What the page itself writes is our own answer, and the page no customer:
whom it answers is not said.
"""

from __future__ import annotations

from typing import Any

from services.intake.canonical import CanonicalEvent, Collector, Customer, Problem, Rating
from services.intake.values import Unreadable, dump, epoch_ms, ident, line, obj, text, whole

_VERBS = {
    "add": "mention",
    "added": "mention",
    "edited": "edit",
    "edit": "edit",
    "remove": "deletion",
    "delete": "deletion",
    "hide": "deletion",
}
_POSTS = frozenset({"post", "status", "photo", "video", "share", "link", "album", "event"})
_NO_EVENTS = frozenset(
    {
        "story_insights",
        "conversations",
        "message_reads",
        "messaging_seen",
        "live_videos",
        "videos",
        "name",
        "picture",
        "ratings_summary",
        "leadgen",
        "publisher_subscriptions",
        "category",
        "description",
        "hours",
        "phone",
        "website",
        "location",
    }
)
STARS = 5
Change = dict[str, Any]


def read_change(medium: str, identity: str, page: str, at_ms: int, change: Change, found: Collector) -> None:
    """One item of `changes`."""
    field, value = text(change.get("field")), obj(change.get("value"))
    thing = text(value.get("item"))
    if field in ("comments", "live_comments"):
        found.events.append(_instagram(medium, identity, page, at_ms, value))
    elif field == "mentions" and value.get("media_id"):
        found.events.append(_mentioned(medium, page, at_ms, value))
    elif field == "ratings" and thing in ("", "rating"):
        _rated(page, identity, at_ms, value, found)
    elif thing == "like" and not (value.get("post_id") or value.get("comment_id")):
        found.dropped.append("feed")  # of the page itself
    elif field in ("feed", "mention") and thing in ("like", "reaction"):
        found.events.append(_feed(medium, identity, page, at_ms, value, "reaction"))
    elif field in ("feed", "mention", "ratings") and thing in {"comment", *_POSTS}:
        kind = _VERBS.get(text(value.get("verb") or "add"))
        if kind is None:
            found.dropped.append("feed")
            return
        found.events.append(_feed(medium, identity, page, at_ms, value, kind))
    elif field in _NO_EVENTS:
        found.dropped.append("page_news")
    else:
        found.problems.append(Problem("unknown_event", "change of an unknown field", dump(change)))


def _feed(medium: str, identity: str, page: str, at_ms: int, value: Change, kind: str) -> CanonicalEvent:
    comment, post = ident(value.get("comment_id")), ident(value.get("post_id"))
    parent = ident(value.get("parent_id"))
    event_id = comment or post
    if not event_id:
        raise Unreadable("no comment_id or post_id")
    person = obj(value.get("from")) or {"id": value.get("sender_id"), "name": value.get("sender_name")}
    author = ident(person.get("id"))
    verb = line(value.get("verb"), 20)
    return CanonicalEvent(
        channel="social",
        medium=medium if value.get("item") in ("comment", "like", "reaction") else "facebook_post",
        account=page,
        provider_event_id=event_id,
        kind=kind,
        state="" if kind == "mention" else f"{kind}:{verb}:{author}:{ident(value.get('created_time'))}",
        direction="outbound" if author and author == page else "inbound",
        customer=None if author and author == page else _person(identity, author, person.get("name")),
        thread_id=post or ident(value.get("open_graph_story_id")) or event_id,
        in_reply_to=parent if parent != post else "",
        occurred_at_ms=epoch_ms(value.get("created_time")) or at_ms,
        text=text(value.get("message")),
        public=True,
        attachments=1 if kind == "mention" and (value.get("photo") or value.get("video")) else 0,
        about_id="" if kind == "mention" else event_id,
        extras={"emoji": line(value.get("reaction_type"), 40)} if kind == "reaction" else {},
    )


def _rated(page: str, identity: str, at_ms: int, value: Change, found: Collector) -> None:
    """A recommendation of the page: yes or no, with words; older ones have stars."""
    event_id = ident(value.get("open_graph_story_id")) or ident(value.get("review_id"))
    kind = _VERBS.get(text(value.get("verb") or "add"))
    if kind is None:
        found.dropped.append("feed")
        return
    if not event_id:
        raise Unreadable("no id of the recommendation")
    stars = whole(value.get("rating"))
    recommended = line(value.get("recommendation_type"), 20).lower()
    found.events.append(
        CanonicalEvent(
            channel="social",
            medium="facebook_review",
            account=page,
            provider_event_id=event_id,
            kind="review" if kind == "mention" else kind,
            state="" if kind == "mention" else f"{kind}:{ident(value.get('created_time'))}",
            customer=_person(identity, ident(value.get("reviewer_id")), value.get("reviewer_name")),
            thread_id=event_id,
            occurred_at_ms=epoch_ms(value.get("created_time")) or at_ms,
            text=text(value.get("review_text")),
            public=True,
            rating=Rating(stars, STARS) if stars is not None and 1 <= stars <= STARS else None,
            about_id="" if kind == "mention" else event_id,
            extras={"recommended": recommended} if recommended else {},
        )
    )


def _instagram(medium: str, identity: str, page: str, at_ms: int, value: Change) -> CanonicalEvent:
    event_id = ident(value.get("id") or value.get("comment_id"))
    if not event_id:
        raise Unreadable("no comment id")
    person = obj(value.get("from"))
    author = ident(person.get("id"))
    ours = bool(author) and author == page
    return CanonicalEvent(
        channel="social",
        medium=medium,
        account=page,
        provider_event_id=event_id,
        kind="mention",
        direction="outbound" if ours else "inbound",
        customer=None
        if ours
        else _person(identity, author, person.get("username") or person.get("name"), person.get("username")),
        thread_id=ident(obj(value.get("media")).get("id")) or event_id,
        in_reply_to=ident(value.get("parent_id")),
        occurred_at_ms=epoch_ms(value.get("created_time") or value.get("timestamp")) or at_ms,
        text=text(value.get("text")),
        public=True,
    )


def _mentioned(medium: str, page: str, at_ms: int, value: Change) -> CanonicalEvent:
    """A mention in somebody's comment or caption: only ids come, the words must be fetched."""
    media, comment = ident(value.get("media_id")), ident(value.get("comment_id"))
    return CanonicalEvent(
        channel="social",
        medium=medium if comment else "instagram_mention",
        account=page,
        provider_event_id=comment or media,
        kind="mention",
        customer=Customer(absent_reason="anonymous"),
        thread_id=media,
        occurred_at_ms=at_ms,
        public=True,
    )


def _person(identity: str, author: str, name: Any, handle: Any = "") -> Customer:
    if not author:
        return Customer(name=line(name), absent_reason="anonymous")
    return Customer(type=identity, value=author, name=line(name), handle=line(handle, 60))
