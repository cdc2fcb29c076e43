"""Trustpilot: reviews of the service and of products (channels.md 2.3).

Nothing is signed: a key in the URL is all. One request holds several events. A review keeps its id through
its states: created, updated, deleted; an update says when (updatedAt), else its words tell updates apart.
The payload names no business unit, so the URL may: `?key=...&account=acme-berlin`.
"""

from __future__ import annotations

from hashlib import sha256
from typing import Any

from services.intake.canonical import (
    CanonicalEvent,
    Collector,
    Customer,
    Delivery,
    Known,
    Problem,
    ProviderReply,
    Rating,
    Verdict,
)
from services.intake.channels.adapter import Adapter
from services.intake.channels.provider import Provider, ProviderSetting
from services.intake.channels.query import parameter
from services.intake.channels.url_keys import verify_url_key
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
    whole,
)

URL_KEYS = ProviderSetting(
    name="FRONTDESK_TRUSTPILOT_URL_KEYS",
    says="keys in the URL that Trustpilot posts to (`?key=`)",
    in_cases=("url_key", "url_keys"),
)
STARS = 5
EVENTS_MAX = 1_000
_STATES = ("created", "updated", "deleted")
_REVIEWS = ("service-review-", "product-review-")
Body = dict[str, Any]


def verify(delivery: Delivery, known: Known) -> Verdict:
    return verify_url_key(delivery, known.of(URL_KEYS))


def parse(delivery: Delivery, known: Known, found: Collector) -> None:
    """Each event is read by itself."""
    del known
    events = items(load_json(delivery.body).get("events"))
    if not events:
        raise Unreadable("no events")
    account = ident(parameter(delivery, "account")) or "trustpilot"
    for event in events[:EVENTS_MAX]:
        try:
            _event(obj(event), account, found)
        except Unreadable as error:
            found.problems.append(Problem("unreadable", str(error), dump(event)))
    if len(events) > EVENTS_MAX:
        found.problems.append(
            Problem("unreadable", f"more than {EVENTS_MAX} events", dump(events[EVENTS_MAX:]))
        )


def _event(event: Body, account: str, found: Collector) -> None:
    state = _state_of(line(event.get("eventName")).lower())
    if not state:
        found.problems.append(Problem("unknown_event", "eventName is none of those known", dump(event)))
        return
    data = obj(event.get("eventData"))
    review_id = ident(data.get("id"))
    if not review_id:
        raise Unreadable("no id in eventData")
    found.events.append(
        _deleted(review_id, data, account) if state == "deleted" else _review(state, data, account)
    )


def _state_of(name: str) -> str:
    for start in _REVIEWS:
        if name.startswith(start) and name.removeprefix(start) in _STATES:
            return name.removeprefix(start)
    return ""


def _review(state: str, data: Body, account: str) -> CanonicalEvent:
    review_id, stars = ident(data.get("id")), whole(data.get("stars"))
    edited = state == "updated"
    return CanonicalEvent(
        channel="social",
        medium="trustpilot",
        account=account,
        provider_event_id=review_id,
        kind="review",
        state=_version(data) if edited else "",
        customer=_consumer(data),
        thread_id=review_id,
        occurred_at_ms=(mail_date_ms(data.get("updatedAt")) if edited else 0)
        or mail_date_ms(data.get("createdAt")),
        subject=line(data.get("title"), SUBJECT_CHARS_MAX),
        text=text(data.get("text") or data.get("content")),
        language_hint=line(data.get("language"), 40),
        public=True,
        reference=ident(data.get("referenceId")),
        rating=Rating(stars, STARS) if stars is not None and 1 <= stars <= STARS else None,
    )


def _version(data: Body) -> str:
    """What tells one update from another and a repetition from neither."""
    at = line(data.get("updatedAt"), 60)
    if at:
        return f"updated:{at}"
    words = "\x1f".join(text(data.get(name)) for name in ("title", "text", "content", "stars"))
    return "updated:" + sha256(words.encode()).hexdigest()[:32]


def _deleted(review_id: str, data: Body, account: str) -> CanonicalEvent:
    return CanonicalEvent(
        channel="social",
        medium="trustpilot",
        account=account,
        provider_event_id=review_id,
        kind="deletion",
        state="deleted",
        customer=_consumer(data),
        thread_id=review_id,
        about_id=review_id,
        occurred_at_ms=mail_date_ms(data.get("deletedAt")),
        public=True,
        reference=ident(data.get("referenceId")),
    )


def _consumer(data: Body) -> Customer:
    """Trustpilot's own id of the person; without it nobody, for names identify nobody."""
    consumer = obj(data.get("consumer"))
    consumer_id, name = ident(consumer.get("id")), line(consumer.get("name") or consumer.get("displayName"))
    if not consumer_id and not name:
        return Customer(absent_reason="not_told")
    return Customer(
        type="trustpilot_user",
        value=consumer_id,
        name=name,
        absent_reason="" if consumer_id else "anonymous",
    )


def reply(delivery: Delivery, known: Known) -> ProviderReply:
    del delivery, known
    return ProviderReply(200, body="OK")


WEBHOOK = Adapter(
    "trustpilot", verify, parse, reply, refused=ProviderReply(403, body="the URL's key is wrong")
)
PROVIDER = Provider(
    name="trustpilot",
    title="Trustpilot",
    media=("trustpilot",),
    verified_by="a key in the URL",
    event_id="id of the review, and its state",
    page="trustpilot",
    hooks={"/hooks/trustpilot": WEBHOOK},
    settings=(URL_KEYS,),
)
