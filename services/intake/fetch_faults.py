"""How a fetch can fail: one word of a closed list, and nothing of what was asked or answered."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import contextmanager

import aiohttp
from aiohttp.http_exceptions import HttpProcessingError

from services.intake.public_addresses import NotPublic

REASONS = (
    "gone",  # 404, 410
    "denied",  # 401, 403
    "asked_to_wait",  # 429, or 503 with Retry-After
    "status",  # any other status than 2xx
    "redirected",
    "not_allowed",  # the address is none of the fetcher's
    "not_public",  # the name leads to an address that is not public
    "no_credentials",  # a key that cannot be used, or a token that was not given
    "tls",
    "unreachable",
    "too_slow",
    "too_large",
    "encoded",  # compressed, although we asked for plain bytes
    "broken",  # the answer is no HTTP, or ends too early
    "busy",  # too many at once, or too many unknown addresses within a minute
)
OUTCOMES = ("fetched", "kept", "stale", *REASONS)
"""What becomes of a fetch; a measure's label. "kept" and "stale" are answers that served again."""


class FetchFailed(Exception):
    """It could not be fetched; `reason` is a word of REASONS. `retry_after_seconds` is what the provider asked for."""

    def __init__(self, reason: str, retry_after_seconds: int = 0) -> None:
        super().__init__(reason)
        self.reason, self.retry_after_seconds = reason, retry_after_seconds


def reason_of(status: int, retry_after_seconds: int) -> str:
    """The word for an answer that is not 2xx."""
    if 300 <= status < 400:
        return "redirected"
    if status in (404, 410):
        return "gone"
    if status in (401, 403):
        return "denied"
    if status == 429 or (status == 503 and retry_after_seconds):
        return "asked_to_wait"
    return "status"


@contextmanager
def typed() -> Iterator[None]:
    """What the HTTP library raises becomes FetchFailed, without a cause: its messages hold addresses."""
    try:
        yield
    except TimeoutError:
        raise FetchFailed("too_slow") from None
    except (aiohttp.ClientSSLError, aiohttp.ServerFingerprintMismatch, ssl.SSLError):
        raise FetchFailed("tls") from None
    except aiohttp.ClientConnectorError as error:
        reason = "not_public" if isinstance(error.os_error, NotPublic) else "unreachable"
        raise FetchFailed(reason) from None
    except (aiohttp.ClientPayloadError, aiohttp.ClientResponseError, HttpProcessingError):
        raise FetchFailed("broken") from None
    except aiohttp.InvalidURL:
        raise FetchFailed("not_allowed") from None
    except (aiohttp.ClientError, OSError):
        raise FetchFailed("unreachable") from None
