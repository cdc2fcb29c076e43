"""Google's service accounts: the key file, and the grant that turns it into a token (RFC 7523 2.1).

The key is the JSON that Google Cloud hands out. Of it only `client_email`, `private_key` and `private_key_id` count:
a token is asked for at Google's own address, whatever `token_uri` says.
"""

from __future__ import annotations

import json

import jwt

from services.intake.canonical import Known
from services.intake.channels.fetching import TokenRequest
from services.intake.channels.provider import ProviderSetting
from services.intake.values import line, obj, text

TOKEN_URL = "https://oauth2.googleapis.com/token"  # noqa: S105 - an address, no secret
GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
LIFE_SECONDS = 3_600
"""The longest that Google allows."""


def key_fault(given: tuple[str, ...]) -> str:
    """What is wrong with a key file; "" when nothing is."""
    try:
        token_form(given[0], "https://www.googleapis.com/auth/any", 0)
    except ValueError as error:
        return str(error)
    return ""


def token_request(known: Known, setting: ProviderSetting, scope: str, now_ms: int) -> TokenRequest | None:
    """How to ask for a token with one scope; None without a key. Raises ValueError for a key of no use."""
    key = known.one(setting)
    return TokenRequest(TOKEN_URL, token_form(key, scope, now_ms)) if key else None


def token_form(key_json: str, scope: str, now_ms: int) -> dict[str, str]:
    """The form of the grant; raises ValueError, without a value of the key."""
    try:
        key = obj(json.loads(key_json))
    except (ValueError, RecursionError):
        raise ValueError("must be a service account's key as JSON") from None
    email, private = line(key.get("client_email")), text(key.get("private_key"))
    if not email or not private:
        raise ValueError("must have client_email and private_key")
    now_seconds = now_ms // 1000
    claims = {
        "iss": email,
        "scope": scope,
        "aud": TOKEN_URL,
        "iat": now_seconds,
        "exp": now_seconds + LIFE_SECONDS,
    }
    try:
        assertion = jwt.encode(
            claims, private, algorithm="RS256", headers={"kid": line(key.get("private_key_id"))}
        )
    except Exception as error:  # the library's words may hold parts of the key
        raise ValueError(f"private_key cannot sign ({type(error).__name__})") from None
    return {"grant_type": GRANT, "assertion": assertion}
