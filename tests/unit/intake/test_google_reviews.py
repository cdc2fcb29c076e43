"""Google reviews: a push that must be Google's own, names only, and the review fetched for them."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from functools import cache
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm

from services.intake.canonical import Delivery, Known, Reading
from services.intake.channels import FETCHERS, PATHS
from services.intake.channels import google_reviews as google
from services.intake.channels.google_account import key_fault
from services.intake.channels.google_push import AUDIENCE, CERTS, EMAIL, URL_TOKENS, VERIFIED_BY
from services.intake.channels.google_translated import original_words
from services.intake.settings import IntakeSettings
from services.runtime.settings import SettingsError
from tests.unit.intake.world import NOON_MS, PUBLIC_URL, interpreter

PATH = "/hooks/google"
NAME = "accounts/11/locations/22/reviews/AbF-v_1"
URL = "https://mybusiness.googleapis.com/v4/" + NAME
NETWORK = Known(values={VERIFIED_BY.name: ("network",)})
TOKENS = Known(values={VERIFIED_BY.name: ("url_token",), URL_TOKENS.name: ("old", "G")})
OIDC = Known(
    values={AUDIENCE.name: ("https://desk.example/hooks/google",), EMAIL.name: ("push@acme.iam.example",)}
)
NOTICE = {"type": "NEW_REVIEW", "review": NAME, "location": "accounts/11/locations/22"}
REVIEW = {
    "name": NAME,
    "reviewer": {"displayName": "Inês"},
    "starRating": "TWO",
    "comment": "Esperei muito.",
    "createTime": "2026-04-03T08:00:00.123456Z",
    "updateTime": "2026-04-03T08:00:00.123456Z",
}


@cache
def key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@cache
def other_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def certs(kid: str = "k1") -> bytes:
    return json.dumps(
        {"keys": [{**RSAAlgorithm.to_jwk(key().public_key(), as_dict=True), "kid": kid, "alg": "RS256"}]}
    ).encode()


def pem() -> str:
    return (
        key()
        .private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        .decode()
    )


def bearer(signed_by: Any = None, *, algorithm: str = "RS256", kid: str = "k1", **changed: Any) -> str:
    claims = {
        "iss": "https://accounts.google.com",
        "aud": "https://desk.example/hooks/google",
        "email": "push@acme.iam.example",
        "email_verified": True,
        "iat": NOON_MS // 1000 - 10,
        "exp": NOON_MS // 1000 + 3_590,
        "sub": "1",
        **changed,
    }
    claims = {name: value for name, value in claims.items() if value is not None}
    return "Bearer " + jwt.encode(claims, signed_by or key(), algorithm=algorithm, headers={"kid": kid})


def push(
    notice: Any = NOTICE,
    *,
    query: str = "",
    fetched: dict[str, bytes] | None = None,
    bearer: str = "",
    **message: Any,
) -> Delivery:
    data = notice if isinstance(notice, str) else base64.b64encode(json.dumps(notice).encode()).decode()
    body = {
        "message": {"data": data, "messageId": "1", **message},
        "subscription": "projects/a/subscriptions/b",
    }
    headers = [("Authorization", bearer)] if bearer else []
    delivery = Delivery.of("POST", PUBLIC_URL + PATH + query, headers, json.dumps(body).encode(), NOON_MS)
    return replace(delivery, fetched=fetched or {})


def read(delivery: Delivery, known: Known = NETWORK) -> Reading:
    return PATHS[PATH].read(delivery, known)


def review(notice: Any = NOTICE, **changed: Any) -> Reading:
    return read(push(notice, fetched={URL: json.dumps({**REVIEW, **changed}).encode()}))


def test_the_push_names_a_review_and_the_review_is_wanted() -> None:
    assert [one.url for one in PATHS[PATH].wanted(push(), NETWORK)] == [URL]
    assert FETCHERS["google_reviews"].allows(URL)


def test_the_review_is_read_with_its_stars_and_without_an_identity() -> None:
    event = review().events[0]

    assert event.customer is not None
    assert (event.customer.type, event.customer.value, event.customer.name) == ("google_reviewer", "", "Inês")
    assert (event.rating and event.rating.value, event.text, event.public) == (2, "Esperei muito.", True)
    assert (event.account, event.provider_event_id) == ("accounts/11/locations/22", NAME)


def test_an_edit_is_a_state_of_the_review_however_it_was_announced() -> None:
    edited = {"updateTime": "2026-04-04T09:00:00Z", "starRating": "FIVE"}
    first, second, again = (
        reading.events[0]
        for reading in (
            review(),
            review({**NOTICE, "type": "UPDATED_REVIEW"}, **edited),
            review(NOTICE, **edited),
        )
    )

    assert (first.state, second.state) == ("", again.state)
    assert second.state
    assert second.occurred_at_ms > first.occurred_at_ms


@pytest.mark.parametrize(
    "notice",
    [
        {"notificationType": "NEW_REVIEW", "reviewName": NAME, "locationName": "accounts/11/locations/22"},
        {"notification_type": "UPDATED_REVIEW", "review_name": NAME},
        {
            "type": "NEW_REVIEW",
            "review": "locations/22/reviews/AbF-v_1",
            "name": "accounts/11/notifications/9",
        },
    ],
)
def test_both_notification_interfaces_name_the_same_review(notice: dict[str, str]) -> None:
    assert review(notice).events[0].provider_event_id == NAME


def test_the_names_may_come_as_attributes() -> None:
    delivery = push("", attributes=NOTICE, fetched={URL: json.dumps(REVIEW).encode()})
    assert len(read(delivery).events) == 1


@pytest.mark.parametrize(
    "name",
    [
        "accounts/11/locations/22/reviews/../../../x",
        "accounts/11/locations/22/reviews/a?x=1",
        "accounts/11/locations/22/reviews/a/reply",
        "https://evil.example/accounts/11/locations/22/reviews/a",
        "accounts/11/locations/22/reviews/",
        "accounts/1 1/locations/22/reviews/a\n",
        "",
    ],
)
def test_a_name_that_is_none_becomes_no_address(name: str) -> None:
    delivery = push({"type": "NEW_REVIEW", "review": name})

    assert PATHS[PATH].wanted(delivery, NETWORK) == ()
    assert [problem.reason for problem in read(delivery).problems] == ["unknown_event"]


def test_a_review_that_cannot_be_fetched_now_is_announced_again() -> None:
    reading = read(push(publishTime="2026-04-03T11:00:00Z"))
    assert (reading.reply.status, reading.events, reading.problems) == (503, (), ())


def test_after_a_day_google_is_let_go_and_the_push_is_kept() -> None:
    reading = read(push(publishTime="2026-04-01T11:00:00Z"))
    assert (reading.reply.status, [one.reason for one in reading.problems]) == (200, ["provider_error"])


def test_a_review_that_is_gone_was_taken_back() -> None:
    reading = read(push(fetched={URL: b""}))
    assert (reading.reply.status, reading.dropped) == (200, ("review_gone",))


@pytest.mark.parametrize(
    "kind", ["NEW_QUESTION", "GOOGLE_UPDATE", "NEW_CUSTOMER_MEDIA", "VOICE_OF_MERCHANT_UPDATED"]
)
def test_other_notices_are_counted_and_nothing_is_fetched(kind: str) -> None:
    delivery = push({"type": kind, "location": "accounts/11/locations/22"})

    assert (PATHS[PATH].wanted(delivery, NETWORK), len(read(delivery).dropped)) == ((), 1)


def test_an_unknown_notice_is_a_dead_letter_and_acknowledged() -> None:
    reading = read(push({"type": "NEW_THING"}))
    assert (reading.reply.status, [one.reason for one in reading.problems]) == (200, ["unknown_event"])


@pytest.mark.parametrize(
    "data", ["%%%", base64.b64encode(b"[1]").decode(), base64.b64encode(b"\xff").decode()]
)
def test_data_that_is_no_notice_is_a_dead_letter(data: str) -> None:
    reading = read(push(data))
    assert (reading.reply.status, [one.reason for one in reading.problems]) == (200, ["unreadable"])


@pytest.mark.parametrize("raw", [b"not json", b"[]", b'{"reviewer": [], "starRating": {}, "comment": 7}'])
def test_a_review_of_another_shape_does_not_raise(raw: bytes) -> None:
    reading = read(push(fetched={URL: raw}))
    assert reading.reply.status == 200
    assert len(reading.events) + len(reading.problems) == 1


class TestVerification:
    """Who may push."""

    def test_a_signed_push_is_genuine_and_only_then_the_review_is_wanted(self) -> None:
        first = push(bearer=bearer())
        second = replace(first, fetched={CERTS.url: certs()})

        assert PATHS[PATH].wanted(first, OIDC) == (CERTS,)
        assert [one.url for one in PATHS[PATH].wanted(second, OIDC)] == [URL]
        assert FETCHERS["google_certs"].allows(CERTS.url)

    @pytest.mark.parametrize(
        "changed",
        [
            {"aud": "https://other.example"},
            {"iss": "https://evil.example"},
            {"email": "other@acme.iam.example"},
            {"email_verified": False},
            {"email_verified": "true"},
            {"exp": NOON_MS // 1000 - 61},
            {"iat": NOON_MS // 1000 + 61},
            {"email": None},
            {"exp": None},
            {"aud": None},
        ],
    )
    def test_a_claim_that_is_not_ours_is_refused(self, changed: dict[str, Any]) -> None:
        assert self.verdict(bearer(**changed)) == (False, 403)

    def test_another_key_another_algorithm_or_none_is_refused(self) -> None:
        none = bearer()[len("Bearer ") :].split(".")
        none[0] = base64.urlsafe_b64encode(b'{"alg":"none","kid":"k1"}').decode().rstrip("=")
        for given in (
            bearer(other_key()),
            bearer(kid="unknown"),
            bearer("a secret that Google publishes, say, as its key", algorithm="HS256"),
            "Bearer " + ".".join([*none[:2], ""]),
            "Bearer x.y.z",
            "Basic " + bearer()[7:],
            "",
        ):
            assert self.verdict(given) == (False, 403)

    @pytest.mark.parametrize("raw", [b"", b"nonsense"])
    def test_without_googles_keys_the_push_comes_again(self, raw: bytes) -> None:
        reading = read(push(bearer=bearer(), fetched={CERTS.url: raw}), OIDC)
        assert (reading.verdict.signature_valid, reading.reply.status) == (False, 503)

    def test_a_stranger_makes_us_fetch_nothing(self) -> None:
        assert [PATHS[PATH].wanted(push(bearer=given), OIDC) for given in ("", "Bearer x")] == [(), ()]

    def test_without_an_audience_nothing_verifies(self) -> None:
        known = Known(values={EMAIL.name: ("push@acme.iam.example",)})
        assert not read(push(bearer=bearer(), fetched={CERTS.url: certs()}), known).verdict.signature_valid

    @pytest.mark.parametrize(
        ("query", "genuine"), [("?token=G", True), ("?token=old", True), ("?token=g", False), ("", False)]
    )
    def test_a_token_in_the_url_may_verify(self, query: str, genuine: bool) -> None:
        assert read(push(query=query, fetched={URL: b""}), TOKENS).verdict.signature_valid is genuine

    def test_a_token_that_is_set_is_asked_for_beside_the_signature(self) -> None:
        known = Known(values={**OIDC.values, URL_TOKENS.name: ("G",)})
        signed: Any = {"bearer": bearer(), "fetched": {CERTS.url: certs(), URL: b""}}

        assert [
            read(push(query=one, **signed), known).verdict.signature_valid for one in ("", "?token=G")
        ] == [
            False,
            True,
        ]

    def verdict(self, given: str) -> tuple[bool, int]:
        reading = read(push(bearer=given, fetched={CERTS.url: certs()}), OIDC)
        return reading.verdict.signature_valid, reading.reply.status


class TestTokens:
    """The service account's key becomes a grant at Google's own address."""

    def test_the_grant_is_signed_for_googles_own_address(self) -> None:
        key_file = {
            "client_email": "reader@acme.iam.example",
            "private_key": pem(),
            "private_key_id": "p1",
            "token_uri": "https://evil.example/token",
        }
        env = {
            "FRONTDESK_IDENTITY_KEY": "sixteen bytes or",
            "FRONTDESK_DEFAULT_DESK": "acme",
            "FRONTDESK_GOOGLE_SERVICE_ACCOUNT": json.dumps(key_file),
        }
        token = FETCHERS["google_reviews"].token
        assert token is not None
        request = token(IntakeSettings.from_env(env).known, NOON_MS)

        assert request is not None
        assert request.url == "https://oauth2.googleapis.com/token"
        claims = jwt.decode(
            request.form["assertion"],
            key().public_key(),
            algorithms=["RS256"],
            audience=request.url,
            options={"verify_exp": False, "verify_iat": False},
        )
        assert (claims["iss"], claims["scope"]) == ("reader@acme.iam.example", google.SCOPE)
        assert claims["exp"] - claims["iat"] == 3_600

    @pytest.mark.parametrize(
        "given", ["{", "[]", "{}", '{"client_email": "a@b.example", "private_key": "no key: tell nobody"}']
    )
    def test_a_key_of_no_use_stops_the_start_without_being_shown(self, given: str) -> None:
        env = {
            "FRONTDESK_IDENTITY_KEY": "sixteen bytes or",
            "FRONTDESK_DEFAULT_DESK": "acme",
            "FRONTDESK_GOOGLE_SERVICE_ACCOUNT": given,
        }
        with pytest.raises(SettingsError) as caught:
            IntakeSettings.from_env(env)

        assert key_fault((given,))
        assert "tell nobody" not in str(caught.value)


@pytest.mark.parametrize(
    ("comment", "own"),
    [
        ("Sve super.", "Sve super."),
        ("(Translated by Google) All great.\n\n(Original)\nSve super.", "Sve super."),
        ("Sve super.\n\n(Translated by Google)\nAll great.", "Sve super."),
        ("(Original)\nSve super.\n\n(Translated by Google)\nAll great.", "Sve super."),
        ("(Translated by Google) All great.", "All great."),
        ("(Translated by Google)All great.\r\n\r\n(Original)\r\nSve\r\nsuper.", "Sve\nsuper."),
        ("They wrote (Translated by Google) below it", "They wrote (Translated by Google) below it"),
        ("I want the\n(Original)\nback", "I want the\n(Original)\nback"),
        ("(Translated by Google) Better the\n\n(Original)\n", "Better the"),
        ("", ""),
    ],
)
def test_the_reviewers_own_words_are_kept_and_the_translation_is_not(comment: str, own: str) -> None:
    assert original_words(comment) == own


def test_a_review_is_a_mention_that_nobody_is_recognised_by() -> None:
    delivery = push(fetched={URL: json.dumps(REVIEW).encode()})
    body: Any = interpreter(known=NETWORK).webhook(PATHS[PATH], delivery).facts[0].body

    assert (body.kind, body.contact.customer.key, body.contact.rating.value) == ("review", "", 2)
