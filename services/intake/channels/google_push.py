"""Google Pub/Sub push: who posted it, and what is in the envelope (Pub/Sub documentation, "push subscriptions").

    oidc        the bearer is a JWT that Google signed (RS256) for our audience and our service account
    url_token   a token in the URL, `?token=`
    network     something in front of intake let nobody else through

Google's keys are fetched and kept an hour: without them nothing can be told, and Google is asked to come back.
"""

from __future__ import annotations

import json
from base64 import b64decode
from typing import Any

import jwt
from jwt.algorithms import RSAAlgorithm

from services.intake.canonical import Delivery, Known, Verdict, Wanted
from services.intake.channels.authorization import credentials
from services.intake.channels.provider import ProviderSetting
from services.intake.channels.signing import any_equal
from services.intake.channels.url_keys import verify_url_key
from services.intake.values import NotNow, Unreadable, items, line, load_json, obj, text, whole

MODES = ("oidc", "url_token", "network")
VERIFIED_BY = ProviderSetting(
    name="FRONTDESK_GOOGLE_PUSH_VERIFIED_BY",
    says="how a push is proven Google's: oidc (a signed token), url_token (`?token=`) or network (by what is in front)",
    secret=False,
    default=("oidc",),
    absent_in_cases=("network",),
    fault=lambda given: "" if given[0] in MODES else "must be oidc, url_token or network",
)
URL_TOKENS = ProviderSetting(
    name="FRONTDESK_GOOGLE_PUSH_URL_TOKENS",
    says="tokens in the URL that Pub/Sub posts to (`?token=`)",
    in_cases=("url_token", "url_tokens", "url_key", "url_keys", "token"),
)
AUDIENCE = ProviderSetting(
    name="FRONTDESK_GOOGLE_PUSH_AUDIENCE",
    says="audience of the push subscription's token, as set there",
    secret=False,
    in_cases=("push_audience",),
)
EMAIL = ProviderSetting(
    name="FRONTDESK_GOOGLE_PUSH_EMAIL",
    says="e-mail of the service account that the push subscription signs as",
    secret=False,
    in_cases=("push_email",),
)
SETTINGS = (VERIFIED_BY, URL_TOKENS, AUDIENCE, EMAIL)
CERTS = Wanted("https://www.googleapis.com/oauth2/v3/certs", "google_certs")
ISSUERS = ("https://accounts.google.com", "accounts.google.com")
SKEW_SECONDS = 60
TOKEN_CHARS_MAX = 8_000
KEYS_MAX = 20
_CLAIMS = ("exp", "iat", "aud", "iss", "email", "email_verified")


def verify(delivery: Delivery, known: Known) -> Verdict:
    """Whether the push is ours; tokens that are set are asked for in every mode. Raises NotNow without keys."""
    mode, tokens = known.one(VERIFIED_BY), known.of(URL_TOKENS)
    if mode == "url_token" or tokens:
        verdict = verify_url_key(delivery, tokens, "token")
        if mode != "oidc" or not verdict.signature_valid:
            return verdict
    if mode == "network":
        return Verdict(True, "network")
    return _oidc(delivery, known)


def wanted_keys(delivery: Delivery, known: Known) -> tuple[Wanted, ...]:
    """Google's keys, for a bearer that has the form of a token; nobody else's word makes us fetch."""
    if known.one(VERIFIED_BY) != "oidc" or CERTS.url in delivery.fetched or not _key_id(_bearer(delivery)):
        return ()
    return (CERTS,)


def message_of(delivery: Delivery) -> dict[str, Any]:
    """The message's attributes and its data (JSON), as one; data wins. Raises Unreadable."""
    message = obj(load_json(delivery.body).get("message"))
    if not message:
        raise Unreadable("no message")
    data: dict[str, Any] = {}
    if message.get("data"):
        try:
            raw = b64decode(text(message.get("data"), 10_000_000), validate=True)
        except ValueError:
            raise Unreadable("the message's data is not base64") from None
        data = load_json(raw)
    return obj(message.get("attributes")) | data


def published_at(delivery: Delivery) -> str:
    """When the message was published, as Pub/Sub says it; older clients wrote it with an underscore."""
    message = obj(load_json(delivery.body).get("message"))
    return line(message.get("publishTime") or message.get("publish_time"), 60)


def _oidc(delivery: Delivery, known: Known) -> Verdict:
    token, audience, email = _bearer(delivery), known.one(AUDIENCE), known.one(EMAIL)
    key_id = _key_id(token)
    if not key_id or not audience or not email:
        return _refused("no token" if not key_id else "no audience or no e-mail is set")
    key = _key(delivery, key_id)
    if key is None:
        return _refused("signed with a key that is not Google's")
    try:
        claims = jwt.decode(
            token,
            key,
            algorithms=["RS256"],
            audience=audience,
            options={
                "require": list(_CLAIMS),
                "verify_exp": False,
                "verify_iat": False,
                "verify_nbf": False,
                "verify_sub": False,
                "verify_jti": False,
            },
        )
    except jwt.PyJWTError:
        return _refused("wrong signature or audience")
    return _claimed(claims, email, delivery.received_at_ms // 1000)


def _claimed(claims: dict[str, Any], email: str, now_seconds: int) -> Verdict:
    """Issuer, account and times; the times against the delivery's receipt, so that a replay says the same."""
    expires, issued = whole(claims.get("exp")), whole(claims.get("iat"))
    if text(claims.get("iss")) not in ISSUERS:
        return _refused("another issuer")
    if claims.get("email_verified") is not True or not any_equal(text(claims.get("email")), [email]):
        return _refused("another account")
    if expires is None or issued is None:
        return _refused("no times")
    if not issued - SKEW_SECONDS <= now_seconds <= expires + SKEW_SECONDS:
        return _refused("expired, or not yet valid")
    return Verdict(True, "google_oidc")


def _refused(reason: str) -> Verdict:
    return Verdict(False, "google_oidc", reason)


def _bearer(delivery: Delivery) -> str:
    token = credentials(delivery, "bearer")
    return token if len(token) <= TOKEN_CHARS_MAX else ""


def _key_id(token: str) -> str:
    """Which key signed, as the token says; "" for what is no RS256 token."""
    try:
        header = jwt.get_unverified_header(token)
    except jwt.PyJWTError:
        return ""
    return text(header.get("kid"), 200) if header.get("alg") == "RS256" else ""


def _key(delivery: Delivery, key_id: str) -> Any:
    """Google's public key with that id, None when there is none; raises NotNow when the keys are not there."""
    raw = delivery.fetched.get(CERTS.url)
    if not raw:
        raise NotNow("google_keys")
    try:
        keys = [obj(one) for one in items(load_json(raw).get("keys"))[:KEYS_MAX]]
    except Unreadable:
        raise NotNow("google_keys") from None
    for one in keys:
        if one.get("kid") == key_id and one.get("kty") == "RSA":
            try:
                return RSAAlgorithm.from_jwk(json.dumps(one))
            except (jwt.PyJWTError, ValueError, TypeError, KeyError):
                return None
    return None
