"""What a provider's module may have fetched: from which hosts, with which credentials. Declarations only.

The shell (services/intake/fetch.py) checks the hosts before anything is sent, follows no redirect and bounds time
and size, so a URL in a payload leads nowhere but to the provider (channels.md 1, rule 15).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import SplitResult, urlsplit

from services.intake.canonical import Known

BYTES_MAX = 1024 * 1024
SECONDS_MAX = 5.0
Headers = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class TokenRequest:
    """A form POST that is answered with JSON `access_token` and `expires_in` in seconds (RFC 6749 4.4)."""

    url: str
    form: Mapping[str, str] = field(repr=False)


def no_headers(known: Known, now_ms: int) -> Headers:
    del known, now_ms
    return {}


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchRule:
    """Where one fetcher may go. `hosts` matches the whole host in lower case; only https on port 443.

    `headers` are credentials made here (a token of ours, a signed JWT); `token` asks for one first, which is kept
    until shortly before it expires. Both may raise ValueError for a key that cannot be used.
    """

    hosts: re.Pattern[str]
    headers: Callable[[Known, int], Headers] = no_headers
    token: Callable[[Known, int], TokenRequest | None] | None = None
    bytes_max: int = BYTES_MAX
    seconds_max: float = SECONDS_MAX
    cache_seconds: int = 0
    """How long an answer may serve again; for certificates and keys, which are the same for every delivery."""

    def allows(self, url: str) -> bool:
        """Whether the address is one of the provider's own; never raises."""
        parts = _split(url)
        if (
            parts is None
            or parts.scheme != "https"
            or parts.username is not None
            or parts.password is not None
        ):
            return False
        try:
            host, port = (parts.hostname or "").lower(), parts.port
        except ValueError:
            return False
        return port in (None, 443) and bool(self.hosts.fullmatch(host))


def _split(url: str) -> SplitResult | None:
    if not url.isascii() or any(letter <= " " or letter in "\\\x7f" for letter in url):
        return None
    try:
        return urlsplit(url)
    except ValueError:
        return None
