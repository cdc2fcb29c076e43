"""App Store reviews, asked for by App Store Connect's API: GET /v1/apps/{id}/customerReviews (channels.md 2.3).

Newest first, page by page, until what is older than the last round's newest by OVERLAP_MS. Each app in its turn. The
cursor is the newest createdDate in epoch milliseconds; without one (a start) the newest page is read and no more, so
that connecting does not open years of old reviews (nor, of that page, what is older than a week). An edited review keeps its id: date and words are its state.
A nickname is no identity: anybody may take it.
"""

from __future__ import annotations

import re
from hashlib import sha256
from typing import Any
from urllib.parse import urlsplit

import jwt

from services.intake.canonical import CanonicalEvent, Collector, Customer, Known, Problem, Rating, Wanted
from services.intake.channels.fetching import FetchRule
from services.intake.channels.polling import Page, Poller
from services.intake.channels.provider import Provider, ProviderSetting
from services.intake.channels.setting_values import listed
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

HOST = "api.appstoreconnect.apple.com"
_APP = re.compile(r"[0-9]{1,20}")


APPS = ProviderSetting(
    name="FRONTDESK_APP_STORE_APPS",
    says="App Store ids of the apps whose reviews are read (digits, commas between)",
    secret=False,
    fault=lambda given: (
        "" if all(_APP.fullmatch(one) for one in listed(given[0])) else "must be ids of digits"
    ),
)
ISSUER = ProviderSetting(
    name="FRONTDESK_APP_STORE_ISSUER_ID", says="issuer id of the App Store Connect key", secret=False
)
KEY_ID = ProviderSetting(
    name="FRONTDESK_APP_STORE_KEY_ID", says="id of the App Store Connect key", secret=False
)
PRIVATE_KEY = ProviderSetting(
    name="FRONTDESK_APP_STORE_PRIVATE_KEY",
    says="the App Store Connect key itself (the .p8 file's text)",
    single=True,
    fault=lambda given: _key_fault(given[0]),
)
FETCHER = "app_store"
PAGE_REVIEWS = 200
"""Reviews of one page, the most that Apple gives."""
PAGE_BYTES_MAX = 8 * 1024 * 1024
"""200 reviews of 6,000 characters each, escaped."""
SECONDS_MAX = 20.0
"""For one page; nobody waits for it."""
POLL_SECONDS = 900
OVERLAP_MS = 24 * 3_600_000
"""Apple shows a review some time after its date; what is read twice has the same id."""
TOKEN_SECONDS = 900
"""Apple refuses tokens that live longer than 20 minutes."""
STARS = 5


def _key_fault(key: str) -> str:
    try:
        _token("issuer", "key", key, 0)
    except ValueError as error:
        return str(error)
    return ""


def _token(issuer: str, key_id: str, key: str, now_ms: int) -> str:
    """A token by ES256; raises ValueError, without a part of the key."""
    now_seconds = now_ms // 1000
    claims = {
        "iss": issuer,
        "iat": now_seconds,
        "exp": now_seconds + TOKEN_SECONDS,
        "aud": "appstoreconnect-v1",
    }
    try:
        return jwt.encode(claims, key.replace("\\n", "\n"), algorithm="ES256", headers={"kid": key_id})
    except Exception as error:  # the library's words may hold parts of the key
        raise ValueError(f"cannot sign ({type(error).__name__})") from None


def headers(known: Known, now_ms: int) -> dict[str, str]:
    """The bearer of one request; none without a key."""
    issuer, key_id, key = known.one(ISSUER), known.one(KEY_ID), known.one(PRIVATE_KEY)
    if not (issuer and key_id and key):
        return {}
    return {"Authorization": "Bearer " + _token(issuer, key_id, key, now_ms)}


def first(known: Known, cursor: str) -> Wanted | None:
    """The first app's newest page; None when the provider is not configured."""
    del cursor
    apps = listed(known.one(APPS))
    if not apps or not known.of(PRIVATE_KEY):
        return None
    return _page(apps[0])


def read(data: bytes, wanted: Wanted, known: Known, cursor: str, found: Collector) -> Page:
    """Events of a page. More is the next page of the same app while it may be news, then the next app."""
    body = load_json(data)
    app, since_ms = _app_of(wanted.url), (whole(cursor) or 0) - OVERLAP_MS
    newest_ms, oldest_ms = 0, None
    for entry in items(body.get("data"))[:PAGE_REVIEWS]:
        try:
            event = _review(obj(entry), app)
        except Unreadable as error:
            found.problems.append(Problem("unreadable", str(error), dump(entry)))
            continue
        if event.occurred_at_ms > since_ms or not event.occurred_at_ms:
            found.events.append(event)
        newest_ms = max(newest_ms, event.occurred_at_ms)
        oldest_ms = min(event.occurred_at_ms, oldest_ms or event.occurred_at_ms)
    following = text(obj(body.get("links")).get("next"), 4_000)
    news = oldest_ms is not None and oldest_ms > since_ms
    more = (
        Wanted(following, FETCHER)
        if news and cursor and _same_list(following, app)
        else _next_app(app, known)
    )
    return Page(more, str(max(newest_ms, whole(cursor) or 0)))


def _review(entry: dict[str, Any], app: str) -> CanonicalEvent:
    review_id, words = ident(entry.get("id")), obj(entry.get("attributes"))
    if not review_id or not words:
        raise Unreadable("a review without id or attributes")
    stars, at_ms = whole(words.get("rating")), mail_date_ms(words.get("createdDate"))
    nickname = line(words.get("reviewerNickname"))
    return CanonicalEvent(
        channel="social",
        medium="appstore",
        account=app,
        provider_event_id=review_id,
        kind="review",
        state=f"{at_ms}:{_version(words)}",
        customer=Customer(
            type="appstore_nickname",
            value=nickname,
            absent_reason="" if nickname else "anonymous",
        ),
        thread_id=review_id,
        occurred_at_ms=at_ms,
        subject=line(words.get("title"), SUBJECT_CHARS_MAX),
        text=text(words.get("body")),
        public=True,
        rating=Rating(stars, STARS) if stars is not None and 1 <= stars <= STARS else None,
    )


def _version(words: dict[str, Any]) -> str:
    written = "\x1f".join(text(words.get(name)) for name in ("title", "body", "rating"))
    return sha256(written.encode()).hexdigest()[:16]


def _page(app: str) -> Wanted:
    return Wanted(
        f"https://{HOST}/v1/apps/{app}/customerReviews?sort=-createdDate&limit={PAGE_REVIEWS}", FETCHER
    )


def _app_of(url: str) -> str:
    parts = urlsplit(url).path.split("/")
    return parts[3] if len(parts) > 3 else ""


def _same_list(url: str, app: str) -> bool:
    """Whether the next page is one of the same list, so that a link leads nowhere else."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return (parts.scheme, parts.netloc, parts.path) == ("https", HOST, f"/v1/apps/{app}/customerReviews")


def _next_app(app: str, known: Known) -> Wanted | None:
    apps = listed(known.one(APPS))
    place = apps.index(app) + 1 if app in apps else len(apps)
    return _page(apps[place]) if place < len(apps) else None


REVIEWS = Poller(source="app_store", name="app_store_reviews", seconds=POLL_SECONDS, first=first, read=read)
PROVIDER = Provider(
    name="app_store",
    title="App Store reviews",
    media=("appstore",),
    verified_by="fetched from Apple with our key",
    event_id="id of the review, and its date",
    page="app-store",
    fetchers={
        FETCHER: FetchRule(
            hosts=re.compile(re.escape(HOST)),
            headers=headers,
            bytes_max=PAGE_BYTES_MAX,
            seconds_max=SECONDS_MAX,
        )
    },
    pollers=(REVIEWS,),
    settings=(APPS, ISSUER, KEY_ID, PRIVATE_KEY),
    together=((APPS, ISSUER, KEY_ID, PRIVATE_KEY),),
)
