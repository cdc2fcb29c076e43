"""Google Play reviews, asked for by androidpublisher v3: applications.reviews.list (channels.md 2.3).

The list holds what was written or changed in the last week, newest first. The cursor is the newest change in epoch
milliseconds. An edit keeps the id, so the time of the change is its state. The text is "title TAB text"; instants are
strings of seconds with nanoseconds beside. Our answer (developerComment) stands beside the review it answers.
"""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import quote, urlsplit

from services.intake.canonical import CanonicalEvent, Collector, Customer, Known, Problem, Rating, Wanted
from services.intake.channels.fetching import FetchRule, TokenRequest
from services.intake.channels.google_account import key_fault, token_request
from services.intake.channels.polling import Page, Poller
from services.intake.channels.provider import Provider, ProviderSetting
from services.intake.channels.setting_values import listed
from services.intake.values import (
    SUBJECT_CHARS_MAX,
    Unreadable,
    dump,
    epoch_ms,
    ident,
    items,
    line,
    load_json,
    obj,
    text,
    whole,
)

HOST = "androidpublisher.googleapis.com"
_PACKAGE = re.compile(r"[A-Za-z][A-Za-z0-9_]*(?:\.[A-Za-z][A-Za-z0-9_]*)+")


PACKAGES = ProviderSetting(
    name="FRONTDESK_PLAY_PACKAGES",
    says="package names of the apps whose reviews are read (commas between)",
    secret=False,
    fault=lambda given: (
        "" if all(_PACKAGE.fullmatch(one) for one in listed(given[0])) else "must be package names"
    ),
)
SERVICE_ACCOUNT = ProviderSetting(
    name="FRONTDESK_PLAY_SERVICE_ACCOUNT",
    says="key (JSON) of the service account that may read the reviews",
    single=True,
    fault=key_fault,
)
SCOPE = "https://www.googleapis.com/auth/androidpublisher"
FETCHER = "google_play"
PAGE_REVIEWS = 100
"""Reviews of one page, the most that Google gives."""
PAGE_BYTES_MAX = 4 * 1024 * 1024
SECONDS_MAX = 20.0
"""For one page; nobody waits for it."""
POLL_SECONDS = 900
OVERLAP_MS = 24 * 3_600_000
"""Google lists a review some time after its change; what is read twice has the same id."""
TOKEN_CHARS_MAX = 2_000
STARS = 5


def first(known: Known, cursor: str) -> Wanted | None:
    """The first app's newest page; None when the provider is not configured."""
    del cursor
    packages = listed(known.one(PACKAGES))
    return _page(packages[0]) if packages and known.of(SERVICE_ACCOUNT) else None


def read(data: bytes, wanted: Wanted, known: Known, cursor: str, found: Collector) -> Page:
    """Events of a page that may be news. More is the next page while there is news, then the next app."""
    body = load_json(data)
    package, since_ms = _package_of(wanted.url), (whole(cursor) or 0) - OVERLAP_MS
    newest_ms = whole(cursor) or 0
    news = False
    for entry in items(body.get("reviews"))[:PAGE_REVIEWS]:
        try:
            events = _events(obj(entry), package)
        except Unreadable as error:
            found.problems.append(Problem("unreadable", str(error), dump(entry)))
            continue
        for event in events:
            if event.occurred_at_ms > since_ms or not event.occurred_at_ms:
                news = True
                found.events.append(event)
                newest_ms = max(newest_ms, event.occurred_at_ms)
    token = text(obj(body.get("tokenPagination")).get("nextPageToken"), TOKEN_CHARS_MAX + 1)
    following = bool(token) and len(token) <= TOKEN_CHARS_MAX and news
    return Page(_page(package, token) if following else _next_app(package, known), str(newest_ms))


def _events(entry: dict[str, Any], package: str) -> list[CanonicalEvent]:
    """The review, and our answer where there is one; raises Unreadable."""
    review_id = ident(entry.get("reviewId"))
    comments = [obj(one) for one in items(entry.get("comments"))]
    written = next((obj(one["userComment"]) for one in comments if "userComment" in one), {})
    answer = next((obj(one["developerComment"]) for one in comments if "developerComment" in one), {})
    if not review_id or not written:
        raise Unreadable("a review without reviewId or userComment")
    found = [_review(review_id, written, line(entry.get("authorName")), package)]
    if answer:
        found.append(_answer(review_id, answer, package))
    return found


def _review(review_id: str, written: dict[str, Any], author: str, package: str) -> CanonicalEvent:
    words = text(written.get("originalText")) or text(written.get("text"))
    title, tab, body = words.partition("\t")
    stars, at_ms = whole(written.get("starRating")), _instant_ms(written)
    return CanonicalEvent(
        channel="social",
        medium="google_play",
        account=package,
        provider_event_id=review_id,
        kind="review",
        state=str(at_ms),
        customer=Customer(type="play_author", name=author, absent_reason="anonymous"),
        thread_id=review_id,
        occurred_at_ms=at_ms,
        subject=line(title, SUBJECT_CHARS_MAX) if tab else "",
        text=(body if tab else words).strip(),
        language_hint=line(written.get("reviewerLanguage"), 40),
        public=True,
        rating=Rating(stars, STARS) if stars is not None and 1 <= stars <= STARS else None,
    )


def _answer(review_id: str, answer: dict[str, Any], package: str) -> CanonicalEvent:
    at_ms = _instant_ms(answer)
    return CanonicalEvent(
        channel="social",
        medium="google_play",
        account=package,
        provider_event_id=f"{review_id}:answer",
        kind="message",
        direction="outbound",
        state=str(at_ms),
        thread_id=review_id,
        in_reply_to=review_id,
        occurred_at_ms=at_ms,
        text=text(answer.get("text")),
        public=True,
    )


def _instant_ms(comment: dict[str, Any]) -> int:
    at = obj(comment.get("lastModified"))
    millis = epoch_ms(at.get("seconds"))
    nanos = whole(at.get("nanos")) or 0
    return millis + nanos // 1_000_000 if millis and 0 <= nanos < 10**9 else millis


def _page(package: str, token: str = "") -> Wanted:
    url = f"https://{HOST}/androidpublisher/v3/applications/{package}/reviews?maxResults={PAGE_REVIEWS}"
    return Wanted(url + (f"&token={quote(token, safe='')}" if token else ""), FETCHER)


def _package_of(url: str) -> str:
    parts = urlsplit(url).path.split("/")
    return parts[4] if len(parts) > 4 else ""


def _next_app(package: str, known: Known) -> Wanted | None:
    packages = listed(known.one(PACKAGES))
    place = packages.index(package) + 1 if package in packages else len(packages)
    return _page(packages[place]) if place < len(packages) else None


def _asked(known: Known, now_ms: int) -> TokenRequest | None:
    return token_request(known, SERVICE_ACCOUNT, SCOPE, now_ms)


REVIEWS = Poller(
    source="google_play", name="google_play_reviews", seconds=POLL_SECONDS, first=first, read=read
)
PROVIDER = Provider(
    name="google_play",
    title="Google Play reviews",
    media=("google_play",),
    verified_by="fetched from Google with our key",
    event_id="id of the review, and the time of its change",
    page="google-play",
    fetchers={
        FETCHER: FetchRule(
            hosts=re.compile(re.escape(HOST)), token=_asked, bytes_max=PAGE_BYTES_MAX, seconds_max=SECONDS_MAX
        )
    },
    pollers=(REVIEWS,),
    settings=(PACKAGES, SERVICE_ACCOUNT),
    together=((PACKAGES, SERVICE_ACCOUNT),),
)
