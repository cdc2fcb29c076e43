"""App Store and Google Play: newest first, page by page, back to where the last round stood."""

from __future__ import annotations

import json
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from services.contract.facts import MentionSeen, MessageSent
from services.intake.canonical import Collector, Known, Reading, Verdict, Wanted
from services.intake.canonical import ProviderReply as Reply
from services.intake.channels import FETCHERS, app_store, google_play
from services.intake.channels.polling import Page, Poller
from services.intake.settings import IntakeSettings
from services.runtime.settings import SettingsError
from tests.unit.intake.world import NOON_MS, interpreter

APPLE = Known(
    values={
        app_store.APPS.name: ("123,456",),
        app_store.ISSUER.name: ("issuer",),
        app_store.KEY_ID.name: ("K1",),
        app_store.PRIVATE_KEY.name: ("set",),
    }
)
PLAY = Known(
    values={
        google_play.PACKAGES.name: ("example.one,example.two",),
        google_play.SERVICE_ACCOUNT.name: ("{}",),
    }
)
APPLE_LIST = "https://api.appstoreconnect.apple.com/v1/apps/123/customerReviews"
PLAY_LIST = "https://androidpublisher.googleapis.com/androidpublisher/v3/applications/example.one/reviews"
NOON = "2026-04-03T12:00:00Z"
DAY_MS = 24 * 3_600_000


def read(poller: Poller, known: Known, body: Any, cursor: str = "", url: str = "") -> tuple[Page, Collector]:
    found = Collector()
    wanted = poller.first(known, cursor)
    assert wanted is not None
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return poller.read(raw, Wanted(url or wanted.url, wanted.fetcher), known, cursor, found), found


def facts(source: str, found: Collector) -> Any:
    reading = Reading(Verdict(True, "fetched"), Reply(200), tuple(found.events))
    return interpreter().events(source, reading, b"", NOON_MS).facts


def apple(review_id: str = "a1", at: str = NOON, **changed: Any) -> dict[str, Any]:
    words = {"rating": 2, "title": "Teuer", "body": "Zu teuer.", "reviewerNickname": "ana", "createdDate": at}
    return {"type": "customerReviews", "id": review_id, "attributes": {**words, **changed}}


def play(
    review_id: str = "p1", seconds: int = NOON_MS // 1000, *, answered: bool = False, **changed: Any
) -> dict[str, Any]:
    comment = {
        "text": "Skupo\tPreskupo je.",
        "lastModified": {"seconds": str(seconds), "nanos": 557_000_000},
        "starRating": 2,
        "reviewerLanguage": "sr",
        **changed,
    }
    answer = {"developerComment": {"text": "Hvala.", "lastModified": {"seconds": str(seconds + 60)}}}
    return {
        "reviewId": review_id,
        "authorName": "Ana",
        "comments": [{"userComment": comment}, *([answer] if answered else [])],
    }


class TestAppStore:
    """Apple's list."""

    def test_nothing_is_asked_without_apps_or_key(self) -> None:
        assert app_store.first(Known(), "") is None
        assert app_store.first(Known(values={app_store.APPS.name: ("123",)}), "") is None

    def test_the_newest_page_comes_first_and_then_the_next_app(self) -> None:
        first = app_store.first(APPLE, "")
        page, _ = read(app_store.REVIEWS, APPLE, {"data": [apple()]})

        assert first is not None
        assert first.url.startswith(APPLE_LIST + "?sort=-createdDate")
        assert page.more is not None
        assert "/apps/456/" in page.more.url
        assert read(app_store.REVIEWS, APPLE, {"data": []}, url=page.more.url)[0].more is None

    def test_pages_are_read_back_to_a_day_before_the_cursor(self) -> None:
        link = APPLE_LIST + "?cursor=x&limit=200"
        body = {"data": [apple()], "links": {"next": link}}
        news, _ = read(app_store.REVIEWS, APPLE, body, str(NOON_MS + DAY_MS - 1))
        old, _ = read(app_store.REVIEWS, APPLE, body, str(NOON_MS + DAY_MS + 1))

        assert news.more == Wanted(link, "app_store")
        assert old.more is not None
        assert "/apps/456/" in old.more.url

    def test_what_is_older_than_a_day_before_the_cursor_is_no_news(self) -> None:
        body = {"data": [apple("new"), apple("old", at="2026-03-01T12:00:00Z"), apple("undated", at="")]}
        _, found = read(app_store.REVIEWS, APPLE, body, str(NOON_MS))

        assert [event.provider_event_id for event in found.events] == ["new", "undated"]

    def test_a_start_reads_the_newest_page_and_no_history(self) -> None:
        page, found = read(
            app_store.REVIEWS, APPLE, {"data": [apple()], "links": {"next": APPLE_LIST + "?cursor=x"}}
        )

        assert page.more is not None
        assert ("/apps/456/" in page.more.url, len(found.events), page.cursor) == (True, 1, str(NOON_MS))

    @pytest.mark.parametrize(
        "link",
        [
            "https://evil.example/v1/apps/123/customerReviews?cursor=x",
            "http://api.appstoreconnect.apple.com/v1/apps/123/customerReviews",
            "https://api.appstoreconnect.apple.com/v1/users",
            "https://api.appstoreconnect.apple.com:8443/v1/apps/123/customerReviews",
            "https://[broken",
            7,
        ],
    )
    def test_a_link_leads_to_the_same_list_or_nowhere(self, link: Any) -> None:
        page, _ = read(app_store.REVIEWS, APPLE, {"data": [apple()], "links": {"next": link}}, str(NOON_MS))

        assert page.more is not None
        assert "/apps/456/" in page.more.url

    def test_the_cursor_only_moves_forward(self) -> None:
        later = str(NOON_MS + 5)
        assert read(app_store.REVIEWS, APPLE, {"data": [apple()]}, later)[0].cursor == later

    def test_an_edit_is_another_fact_of_the_same_contact(self) -> None:
        _, found = read(
            app_store.REVIEWS, APPLE, {"data": [apple(), apple(), apple(body="Doch gut.", rating=4)]}
        )
        seen = facts("app_store", found)

        assert len(seen) == 2
        assert seen[0].body.contact.contact_id == seen[1].body.contact.contact_id

    def test_a_nickname_is_nobody(self) -> None:
        _, found = read(app_store.REVIEWS, APPLE, {"data": [apple()]})
        mention = facts("app_store", found)[0].body

        assert isinstance(mention, MentionSeen)
        assert mention.contact is not None
        assert mention.contact.customer is not None
        assert (mention.contact.customer.value, mention.contact.customer.key) == ("ana", "")

    def test_one_broken_review_does_not_lose_its_neighbours(self) -> None:
        _, found = read(
            app_store.REVIEWS, APPLE, {"data": ["x", {"id": "a2"}, apple(createdDate=None, rating="9")]}
        )

        assert (len(found.events), [one.reason for one in found.problems]) == (
            1,
            ["unreadable", "unreadable"],
        )
        assert found.events[0].rating is None

    def test_a_request_is_signed_by_es256_for_a_quarter_of_an_hour(self) -> None:
        key = ec.generate_private_key(ec.SECP256R1())
        pem = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        ).decode()
        env = {
            "FRONTDESK_IDENTITY_KEY": "sixteen bytes or",
            "FRONTDESK_DEFAULT_DESK": "acme",
            "FRONTDESK_APP_STORE_APPS": "123",
            "FRONTDESK_APP_STORE_ISSUER_ID": "issuer",
            "FRONTDESK_APP_STORE_KEY_ID": "K1",
            "FRONTDESK_APP_STORE_PRIVATE_KEY": pem,
        }
        given = FETCHERS["app_store"].headers(IntakeSettings.from_env(env).known, NOON_MS)["Authorization"]
        token = given.removeprefix("Bearer ")
        claims = jwt.decode(
            token,
            key.public_key(),
            algorithms=["ES256"],
            audience="appstoreconnect-v1",
            options={"verify_exp": False, "verify_iat": False},
        )

        assert jwt.get_unverified_header(token)["kid"] == "K1"
        assert (claims["iss"], claims["exp"] - claims["iat"]) == ("issuer", 900)

    def test_a_key_or_an_app_of_no_use_stops_the_start_without_being_shown(self) -> None:
        env = {
            "FRONTDESK_IDENTITY_KEY": "sixteen bytes or",
            "FRONTDESK_DEFAULT_DESK": "acme",
            "FRONTDESK_APP_STORE_APPS": "com.example",
            "FRONTDESK_APP_STORE_PRIVATE_KEY": "-----BEGIN PRIVATE KEY-----tell-nobody",
        }
        with pytest.raises(SettingsError) as caught:
            IntakeSettings.from_env(env)

        assert len(caught.value.faults) == 3
        assert "tell-nobody" not in str(caught.value)


class TestGooglePlay:
    """Google Play's list."""

    def test_title_and_text_are_parted_by_a_tab_and_instants_have_milliseconds(self) -> None:
        _, found = read(google_play.REVIEWS, PLAY, {"reviews": [play()]})
        event = found.events[0]

        assert (event.subject, event.text, event.language_hint) == ("Skupo", "Preskupo je.", "sr")
        assert (event.occurred_at_ms, event.rating and event.rating.value) == (NOON_MS + 557, 2)

    def test_text_without_a_tab_has_no_title(self) -> None:
        _, found = read(google_play.REVIEWS, PLAY, {"reviews": [play(text="Preskupo.")]})
        assert (found.events[0].subject, found.events[0].text) == ("", "Preskupo.")

    def test_the_words_are_the_reviewers_own_where_google_translated_them(self) -> None:
        _, found = read(google_play.REVIEWS, PLAY, {"reviews": [play(text="\tDear", originalText="\tSkupo")]})
        assert found.events[0].text == "Skupo"

    def test_our_answer_stands_in_the_reviews_thread(self) -> None:
        _, found = read(google_play.REVIEWS, PLAY, {"reviews": [play(answered=True)]})
        review, answer = facts("google_play", found)

        assert isinstance(answer.body, MessageSent)
        assert answer.body.thread_key == review.body.contact.thread_key

    def test_an_edit_is_another_fact_of_the_same_contact(self) -> None:
        body = {"reviews": [play(), play(), play(seconds=NOON_MS // 1000 + 5)]}
        seen = facts("google_play", read(google_play.REVIEWS, PLAY, body)[1])

        assert len(seen) == 2
        assert seen[0].body.contact.contact_id == seen[1].body.contact.contact_id

    def test_pages_go_on_by_token_while_there_is_news(self) -> None:
        body = {"reviews": [play()], "tokenPagination": {"nextPageToken": "a b&c=d"}}
        news, _ = read(google_play.REVIEWS, PLAY, body, str(NOON_MS))
        old, found = read(google_play.REVIEWS, PLAY, body, str(NOON_MS + 2 * DAY_MS))

        assert news.more == Wanted(PLAY_LIST + "?maxResults=100&token=a%20b%26c%3Dd", "google_play")
        assert FETCHERS["google_play"].allows(news.more.url)
        assert old.more is not None
        assert ("/example.two/" in old.more.url, found.events, old.cursor) == (
            True,
            [],
            str(NOON_MS + 2 * DAY_MS),
        )

    def test_the_last_app_ends_the_round(self) -> None:
        page, _ = read(google_play.REVIEWS, PLAY, {}, url=PLAY_LIST.replace("one", "two"))
        assert page.more is None

    @pytest.mark.parametrize(
        "entry",
        [
            1,
            {},
            {"reviewId": "x", "comments": "x"},
            {"reviewId": "x", "comments": [{"developerComment": {"text": "x"}}]},
        ],
    )
    def test_one_broken_review_does_not_lose_its_neighbours(self, entry: Any) -> None:
        _, found = read(google_play.REVIEWS, PLAY, {"reviews": [entry, play()]})
        assert (len(found.events), [one.reason for one in found.problems]) == (1, ["unreadable"])

    def test_a_token_is_asked_for_with_the_scope_of_reviews(self) -> None:
        token = FETCHERS["google_play"].token
        assert token is not None
        assert token(Known(), NOON_MS) is None


def test_app_names_are_checked_before_they_become_addresses() -> None:
    for name, given in (("APP_STORE_APPS", "1/../2"), ("PLAY_PACKAGES", "example.one/../x")):
        env = {
            "FRONTDESK_IDENTITY_KEY": "sixteen bytes or",
            "FRONTDESK_DEFAULT_DESK": "acme",
            f"FRONTDESK_{name}": given,
        }
        with pytest.raises(SettingsError):
            IntakeSettings.from_env(env)
