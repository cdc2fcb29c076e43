"""Fetches what provider modules want, within the rule that the provider declared; the only way out of intake.

    declared fetcher, allowed address ─▶ credentials ─▶ public address ─▶ TLS ─▶ 2xx, plain, within size and time

Nothing follows a redirect, reads a proxy from the environment, keeps a cookie or decompresses. A failure is a
`FetchFailed` with a word of REASONS; addresses, tokens and bodies are in no log, label or exception.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import aiohttp
import structlog
from aiohttp.abc import AbstractResolver
from yarl import URL

from services.intake.canonical import Known, Wanted
from services.intake.channels import FETCHERS
from services.intake.channels.fetching import FetchRule, Headers
from services.intake.fetch_faults import FetchFailed, reason_of, typed
from services.intake.kept import KeptAnswers
from services.intake.measures import Measures
from services.intake.public_addresses import PublicResolver, is_public_name
from services.intake.tokens import Token, read_token
from services.intake.unverified import UnverifiedFetches
from services.intake.values import Unreadable, mail_date_ms
from services.runtime.clock import Clock

AT_ONCE_MAX = 64
"""Connections of the process."""
AT_ONCE_PER_FETCHER_MAX = 8
"""Fetches of one fetcher under way, so that a slow provider does not hold up the others."""
WAITING_PER_FETCHER_MAX = 64
"""Fetches of one fetcher under way or waiting; beyond it they fail at once."""
TOKEN_BYTES_MAX = 64 * 1024
TOKEN_SECONDS_MAX = 5.0
RETRY_AFTER_SECONDS_MAX = 6 * 3600
CHUNK_BYTES = 16 * 1024

log = structlog.get_logger()


@dataclass
class _Lane:
    """What one fetcher has under way."""

    places: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(AT_ONCE_PER_FETCHER_MAX))
    asking_token: asyncio.Lock = field(default_factory=asyncio.Lock)
    token: Token | None = None
    count: int = 0


class Fetcher:
    """Fetches for one process; `close` it. Clock, resolver and TLS context come from outside, for tests."""

    def __init__(
        self,
        known: Known,
        clock: Clock,
        measures: Measures,
        *,
        rules: Mapping[str, FetchRule] = FETCHERS,
        resolver: AbstractResolver | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._known, self._clock, self._measures, self._rules = known, clock, measures, rules
        self._resolver = resolver or PublicResolver()
        self._tls = tls
        self._session: aiohttp.ClientSession | None = None
        self._lanes: dict[str, _Lane] = {}
        self._kept = KeptAnswers()
        self._unverified = UnverifiedFetches()
        self._under_way: dict[tuple[str, str], asyncio.Task[tuple[bytes, str]]] = {}

    async def fetch(self, wanted: Wanted) -> bytes:
        """The answer's body; raises FetchFailed. Answers that may serve again are fetched once at a time."""
        try:
            rule = self._checked(wanted)
            if rule.cache_seconds:
                body, outcome = await self._shared(rule, wanted)
            else:
                body, outcome = await self._one(rule, wanted), "fetched"
        except FetchFailed as failed:
            self._count(wanted, failed.reason)
            log.warning("fetch_failed", fetcher=self._name(wanted), reason=failed.reason)
            raise
        self._count(wanted, outcome)
        return body

    @asynccontextmanager
    async def opened(self, wanted: Wanted, headers: Headers) -> AsyncIterator[aiohttp.ClientResponse]:
        """An answer that is read as it comes, for streams; raises FetchFailed. The caller bounds its time and size.

        Only connecting is bounded here, by the rule's time.
        """
        rule = self._checked(wanted)
        async with self._answer(rule, wanted, headers) as response:
            yield response

    def left_out(self, wanted: Wanted) -> None:
        """Counts a fetch that was not even tried, because there are too many."""
        self._count(wanted, "busy")

    async def close(self) -> None:
        """Ends what is under way."""
        for task in self._under_way.values():
            task.cancel()
        await asyncio.gather(*self._under_way.values(), return_exceptions=True)
        if self._session is not None:
            await self._session.close()
        await self._resolver.close()

    def _checked(self, wanted: Wanted) -> FetchRule:
        rule = self._rules.get(wanted.fetcher)
        if rule is None or not rule.allows(wanted.url) or _address(wanted.url) is None:
            raise FetchFailed("not_allowed")
        return rule

    async def _shared(self, rule: FetchRule, wanted: Wanted) -> tuple[bytes, str]:
        """An answer that may be kept, and how it was had; those who want the same meanwhile wait for one fetch."""
        key, now_ms = (wanted.fetcher, wanted.url), self._clock.now_ms()
        kept = self._kept.fresh(key, now_ms)
        if kept is not None:
            return kept, "kept"
        task = self._under_way.get(key)
        if task is None:
            if not self._kept.knows(key) and not self._unverified.allow(wanted.fetcher, now_ms):
                raise FetchFailed("busy")
            task = asyncio.create_task(self._renewed(rule, wanted))
            self._under_way[key] = task
            task.add_done_callback(lambda done: self._ended(key, done))
        return await asyncio.shield(task)

    def _ended(self, key: tuple[str, str], task: asyncio.Task[tuple[bytes, str]]) -> None:
        self._under_way.pop(key, None)
        if not task.cancelled():
            task.exception()  # whoever waited has it; nobody may be left to wait

    async def _renewed(self, rule: FetchRule, wanted: Wanted) -> tuple[bytes, str]:
        key = (wanted.fetcher, wanted.url)
        try:
            body = await self._one(rule, wanted)
        except FetchFailed as failed:
            stale = self._kept.stale(key, self._clock.now_ms())
            if stale is None or failed.reason == "gone":
                raise
            return stale, "stale"
        self._kept.keep(key, body, self._clock.now_ms(), rule.cache_seconds)
        return body, "fetched"

    async def _one(self, rule: FetchRule, wanted: Wanted) -> bytes:
        lane = self._lane(wanted.fetcher)
        if lane.count >= WAITING_PER_FETCHER_MAX:
            raise FetchFailed("busy")
        lane.count += 1
        try:
            async with (
                asyncio.timeout(rule.seconds_max),
                lane.places,
                self._answer(rule, wanted, {}) as response,
            ):
                return await _body(response.content, rule.bytes_max)
        except TimeoutError:
            raise FetchFailed("too_slow") from None
        finally:
            lane.count -= 1

    @asynccontextmanager
    async def _answer(
        self, rule: FetchRule, wanted: Wanted, headers: Headers
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """A 2xx answer; a token that is no longer taken is renewed once."""
        lane = self._lane(wanted.fetcher)
        with typed():
            async with asyncio.timeout(rule.seconds_max):
                had = lane.token
                response = await self._get(rule, wanted, headers)
                if response.status == 401 and had is not None and lane.token is had:
                    response.close()
                    lane.token = None
                    response = await self._get(rule, wanted, headers)
            try:
                self._accept(response, rule.bytes_max)
                yield response
            finally:
                response.close()  # back to the pool when it was read to its end, else gone

    async def _get(self, rule: FetchRule, wanted: Wanted, headers: Headers) -> aiohttp.ClientResponse:
        credentials = await self._credentials(rule, wanted.fetcher)
        url = URL(wanted.url, encoded=True)
        return await self._http().get(url, headers={**headers, **credentials}, allow_redirects=False)

    def _accept(self, response: aiohttp.ClientResponse, bytes_max: int) -> None:
        status = response.status
        if not 200 <= status < 300:
            wait = self._retry_after(response)
            raise FetchFailed(reason_of(status, wait), wait)
        if response.headers.get("Content-Encoding", "identity").strip().lower() not in ("", "identity"):
            raise FetchFailed("encoded")
        if (response.content_length or 0) > bytes_max:
            raise FetchFailed("too_large")

    def _retry_after(self, response: aiohttp.ClientResponse) -> int:
        """Seconds that the answer asks us to wait (RFC 9110 10.2.3); 0 when it does not."""
        said = response.headers.get("Retry-After", "").strip()[:100]
        if said.isascii() and said.isdecimal():
            seconds = int(said[:10])
        else:
            at_ms = mail_date_ms(said)
            seconds = (at_ms - self._clock.now_ms()) // 1000 + 1 if at_ms else 0
        return max(0, min(seconds, RETRY_AFTER_SECONDS_MAX))

    async def _credentials(self, rule: FetchRule, name: str) -> dict[str, str]:
        """Headers that prove who we are; raises FetchFailed."""
        now_ms = self._clock.now_ms()
        try:
            headers = dict(rule.headers(self._known, now_ms))
            if rule.token is not None:
                lane = self._lane(name)
                async with lane.asking_token:
                    if lane.token is None or now_ms >= lane.token.until_ms:
                        lane.token = await self._token(rule, now_ms)
                    if lane.token is not None:
                        headers["Authorization"] = f"Bearer {lane.token.value}"
        except (ValueError, TypeError):  # Unreadable too; the message may hold a part of a key
            raise FetchFailed("no_credentials") from None
        return headers

    async def _token(self, rule: FetchRule, now_ms: int) -> Token | None:
        request = rule.token(self._known, now_ms) if rule.token else None
        if request is None:
            return None
        url = _address(request.url)
        if url is None:
            raise FetchFailed("not_allowed")
        async with asyncio.timeout(TOKEN_SECONDS_MAX):
            response = await self._http().post(url, data=dict(request.form), allow_redirects=False)
            async with response:
                if response.status in (400, 401, 403):
                    raise FetchFailed("no_credentials")
                self._accept(response, TOKEN_BYTES_MAX)
                body = await _body(response.content, TOKEN_BYTES_MAX)
        try:
            return read_token(body, self._clock.now_ms())
        except Unreadable:
            raise FetchFailed("no_credentials") from None

    def _http(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(
                    limit=AT_ONCE_MAX,
                    resolver=self._resolver,
                    use_dns_cache=False,
                    ssl=self._tls or ssl.create_default_context(),
                ),
                timeout=aiohttp.ClientTimeout(total=None),  # bounded by whoever asks
                cookie_jar=aiohttp.DummyCookieJar(),
                headers={"Accept-Encoding": "identity", "User-Agent": "Frontdesk"},
                auto_decompress=False,
                trust_env=False,
            )
        return self._session

    def _lane(self, name: str) -> _Lane:
        """Of a declared fetcher, so there are as many as rules."""
        return self._lanes.setdefault(name, _Lane())

    def _name(self, wanted: Wanted) -> str:
        return wanted.fetcher if wanted.fetcher in self._rules else "undeclared"

    def _count(self, wanted: Wanted, outcome: str) -> None:
        if wanted.fetcher in self._rules:
            self._measures.fetches.labels(wanted.fetcher, outcome).inc()


def _address(url: str) -> URL | None:
    """The URL as it is sent, unless it is anything but https to a full host name on 443.

    The rule has read it with the standard library; this is the reading of the library that connects, so an address
    that the two read differently leads nowhere.
    """
    try:
        parsed = URL(url, encoded=True)
        host, port = parsed.raw_host or "", parsed.port
    except ValueError:
        return None
    plain = (
        parsed.scheme == "https" and port == 443 and parsed.raw_user is None and parsed.raw_password is None
    )
    return parsed if plain and url.isascii() and url.isprintable() and is_public_name(host) else None


async def _body(content: aiohttp.StreamReader, bytes_max: int) -> bytes:
    body = bytearray()
    async for chunk in content.iter_chunked(CHUNK_BYTES):
        body += chunk
        if len(body) > bytes_max:
            raise FetchFailed("too_large")
    return bytes(body)
