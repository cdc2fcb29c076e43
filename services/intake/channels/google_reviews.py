"""Google Business Profile: a review is announced by Pub/Sub and must be fetched (channels.md 2.3).

The push holds names only. Its verifier is in google_push.py; the review's name is checked letter by letter before it
becomes an address. A review that cannot be fetched now is announced again (503) for a day, then it is a dead letter;
one that is gone was taken back by its writer. A reviewer has a display name and no id: nobody is recognised by it.
"""

from __future__ import annotations

import re
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
    Wanted,
)
from services.intake.channels import google_push
from services.intake.channels.adapter import Adapter
from services.intake.channels.fetching import FetchRule, TokenRequest
from services.intake.channels.google_account import key_fault, token_request
from services.intake.channels.google_translated import original_words
from services.intake.channels.provider import Provider, ProviderSetting
from services.intake.values import NotNow, line, load_json, mail_date_ms, obj, text, whole

SERVICE_ACCOUNT = ProviderSetting(
    name="FRONTDESK_GOOGLE_SERVICE_ACCOUNT",
    says="key (JSON) of the service account that may read the reviews",
    single=True,
    fault=key_fault,
)
REVIEWS_URL = "https://mybusiness.googleapis.com/v4/"
SCOPE = "https://www.googleapis.com/auth/business.manage"
STARS = {"ONE": 1, "TWO": 2, "THREE": 3, "FOUR": 4, "FIVE": 5}
GIVE_UP_MS = 24 * 3_600_000
"""A push older than that no longer comes back for a review that cannot be fetched."""
NAMES_MAX = 50
CERTS_SECONDS = 3_600
_ID = r"[A-Za-z0-9_=~-]{1,200}"
_REVIEW = re.compile(rf"(?:accounts/{_ID}/)?locations/{_ID}/reviews/{_ID}")
_ACCOUNT = re.compile(rf"accounts/{_ID}(?=/|$)")
_REVIEW_TYPES = frozenset({"", "NEW_REVIEW", "UPDATED_REVIEW"})
_NO_CONTACTS = {
    "GOOGLE_UPDATE": "google_update",
    "NEW_QUESTION": "question",
    "UPDATED_QUESTION": "question",
    "NEW_ANSWER": "answer",
    "UPDATED_ANSWER": "answer",
    "NEW_CUSTOMER_MEDIA": "customer_media",
    "DUPLICATE_LOCATION": "location",
    "UPDATED_LOCATION_STATE": "location",
    "LOSS_OF_VOICE_OF_MERCHANT": "location",
    "VOICE_OF_MERCHANT_UPDATED": "location",
}


def wants(delivery: Delivery, known: Known) -> tuple[Wanted, ...]:
    """Google's keys first; the review only for a push that is verified, or was when it came."""
    keys = google_push.wanted_keys(delivery, known)
    if keys or not (delivery.was_verified or google_push.verify(delivery, known).signature_valid):
        return keys
    notice = google_push.message_of(delivery)
    name = _name(notice) if _type(notice) in _REVIEW_TYPES else ""
    return (_review(name),) if name else ()


def verify(delivery: Delivery, known: Known) -> Verdict:
    return google_push.verify(delivery, known)


def parse(delivery: Delivery, known: Known, found: Collector) -> None:
    """One notice: the review behind it, or a word for what it is instead."""
    del known
    notice = google_push.message_of(delivery)
    kind = _type(notice)
    if kind in _NO_CONTACTS:
        found.dropped.append(_NO_CONTACTS[kind])
        return
    name = _name(notice)
    if kind not in _REVIEW_TYPES or not name:
        detail = (
            "a review's name is missing or malformed"
            if kind in _REVIEW_TYPES
            else "its type is none of those known"
        )
        found.problems.append(Problem("unknown_event", detail, delivery.body))
        return
    raw = delivery.fetched.get(_review(name).url)
    if raw is None:
        _come_back(delivery, found)
    elif not raw:
        found.dropped.append("review_gone")
    else:
        found.events.append(_event(name, load_json(raw)))


def _come_back(delivery: Delivery, found: Collector) -> None:
    """Raises NotNow while the push is young; then its evidence is kept and Google is let go."""
    published_ms = mail_date_ms(google_push.published_at(delivery))
    if not published_ms or delivery.received_at_ms - published_ms <= GIVE_UP_MS:
        raise NotNow("google_review")
    found.problems.append(
        Problem("provider_error", "the review could not be fetched for a day", delivery.body)
    )


def _event(name: str, review: dict[str, Any]) -> CanonicalEvent:
    written_ms, changed_ms = mail_date_ms(review.get("createTime")), mail_date_ms(review.get("updateTime"))
    edited = bool(changed_ms and written_ms and changed_ms != written_ms)
    reviewer = obj(review.get("reviewer"))
    rating = review.get("starRating")
    stars = STARS.get(line(rating).upper()) or whole(rating)
    return CanonicalEvent(
        channel="social",
        medium="google_review",
        account=name.partition("/reviews/")[0],
        provider_event_id=name,
        kind="review",
        state=f"updated:{changed_ms}" if edited else "",
        customer=Customer(
            type="google_reviewer",
            name="" if reviewer.get("isAnonymous") is True else line(reviewer.get("displayName")),
            absent_reason="anonymous",
        ),
        thread_id=name,
        occurred_at_ms=changed_ms if edited else written_ms or changed_ms,
        text=original_words(text(review.get("comment"))),
        public=True,
        rating=Rating(stars, 5) if stars is not None and 1 <= stars <= 5 else None,
    )


def _type(notice: dict[str, Any]) -> str:
    """v4 says `type`, the Notifications API `notificationType`, with and without underscores."""
    given = notice.get("type") or notice.get("notificationType") or notice.get("notification_type")
    return line(given, 60).upper()


def _name(notice: dict[str, Any]) -> str:
    """The review's name, whichever field holds it (`review`, `reviewName`, `review_name`), with its account."""
    values = [text(value, 1_000) for value in list(notice.values())[:NAMES_MAX]]
    name = next((value for value in values if _REVIEW.fullmatch(value)), "")
    if not name or name.startswith("accounts/"):
        return name
    account = next((match.group() for value in values if (match := _ACCOUNT.match(value))), "")
    return f"{account}/{name}" if account else ""


def _review(name: str) -> Wanted:
    return Wanted(REVIEWS_URL + name, "google_reviews")


def _token(known: Known, now_ms: int) -> TokenRequest | None:
    return token_request(known, SERVICE_ACCOUNT, SCOPE, now_ms)


def reply(delivery: Delivery, known: Known) -> ProviderReply:
    del delivery, known
    return ProviderReply(200, body="OK")


WEBHOOK = Adapter(
    "google",
    verify,
    parse,
    reply,
    refused=ProviderReply(403, body="the push is not verified"),
    wants=wants,
)
PROVIDER = Provider(
    name="google",
    title="Google Business reviews",
    media=("google_review",),
    verified_by="a token that Google signs, a token in the URL, or the network",
    event_id="name of the review, and its updateTime",
    page="google-reviews",
    hooks={"/hooks/google": WEBHOOK},
    fetchers={
        "google_certs": FetchRule(hosts=re.compile(r"www\.googleapis\.com"), cache_seconds=CERTS_SECONDS),
        "google_reviews": FetchRule(hosts=re.compile(r"mybusiness\.googleapis\.com"), token=_token),
    },
    settings=(*google_push.SETTINGS, SERVICE_ACCOUNT),
)
