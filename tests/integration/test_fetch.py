"""Fetching for provider modules, over real TLS on loopback."""

from __future__ import annotations

import asyncio
import gzip
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from services.intake.canonical import Known, Wanted
from services.intake.channels.fetching import FetchRule, TokenRequest
from services.intake.fetch import WAITING_PER_FETCHER_MAX, Fetcher
from services.intake.fetch_faults import FetchFailed
from services.intake.measures import Measures
from services.intake.public_addresses import PublicResolver
from services.intake.unverified import UNVERIFIED_FETCHES_PER_MINUTE
from services.runtime.clock import ManualClock
from tests.integration.provider_server import (
    KEYS_HOST,
    URL,
    ProviderServer,
    Request,
    answered,
    provider,
    says,
)

HOSTS = re.compile(r"(api|keys|other)\.provider\.example")
PLAIN = FetchRule(hosts=HOSTS)
KEPT = FetchRule(hosts=HOSTS, cache_seconds=60)


def token_request(known: Known, now_ms: int) -> TokenRequest:
    return TokenRequest(f"{URL}/token", {"grant_type": "client_credentials", "at": str(now_ms)})


WITH_TOKEN = FetchRule(hosts=HOSTS, token=token_request)


class Fetching:
    """A fetcher against a server, and what it counted."""

    def __init__(self, server: ProviderServer, rule: FetchRule, **changed: Any) -> None:
        self.registry, self.clock = CollectorRegistry(), ManualClock()
        given = {"resolver": server.resolver, "tls": server.tls, **changed}
        rules = {"any": rule, "other": PLAIN}
        self.fetcher = Fetcher(Known(), self.clock, Measures(self.registry), rules=rules, **given)

    async def get(self, path: str = "/x", fetcher: str = "any") -> bytes:
        url = path if "://" in path or not path.startswith("/") else URL + path
        return await self.fetcher.fetch(Wanted(url, fetcher))

    async def failure(self, path: str = "/x", fetcher: str = "any") -> str:
        with pytest.raises(FetchFailed) as failed:
            await self.get(path, fetcher)
        assert failed.value.__cause__ is None
        assert "provider" not in str(failed.value)
        return failed.value.reason

    def count(self, outcome: str, fetcher: str = "any") -> float:
        labels = {"fetcher": fetcher, "outcome": outcome}
        return self.registry.get_sample_value("frontdesk_intake_fetches_total", labels) or 0.0


@asynccontextmanager
async def fetching(
    server: ProviderServer, rule: FetchRule = PLAIN, **changed: Any
) -> AsyncIterator[Fetching]:
    made = Fetching(server, rule, **changed)
    try:
        yield made
    finally:
        await made.fetcher.close()


async def test_body_comes_as_it_is_and_no_proxy_of_the_surroundings_is_asked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    async with provider(x=says(b"\x00 review")) as server, fetching(server) as to:
        assert await to.get("/x?page=a%2Fb") == b"\x00 review"

        (request,) = server.requests
        assert (request.method, request.target) == ("GET", "/x?page=a%2Fb")
        assert request.headers["accept-encoding"] == "identity"
        assert "cookie" not in request.headers
        assert to.count("fetched") == 1


async def test_certificate_for_another_name_or_of_a_stranger_is_refused() -> None:
    async with provider(x=says(b"secret")) as server:
        async with fetching(server) as to:
            assert await to.failure("https://other.provider.example/x") == "tls"
        async with fetching(server, tls=None) as to:
            assert await to.failure() == "tls"
        assert server.requests == []


async def test_redirect_is_not_followed() -> None:
    moved = says(b"", "302 Found", Location=f"{URL}/y")
    async with provider(x=moved, y=says(b"there")) as server, fetching(server) as to:
        assert await to.failure() == "redirected"
        assert [request.target for request in server.requests] == ["/x"]


@pytest.mark.parametrize(
    ("status", "headers", "reason", "wait_seconds"),
    [
        ("404 Not Found", {}, "gone", 0),
        ("410 Gone", {}, "gone", 0),
        ("403 Forbidden", {}, "denied", 0),
        ("429 Too Many Requests", {"Retry_After": "17"}, "asked_to_wait", 17),
        ("503 Service Unavailable", {"Retry_After": "Fri, 03 Apr 2026 08:00:29 GMT"}, "asked_to_wait", 30),
        ("503 Service Unavailable", {"Retry_After": "soon"}, "status", 0),
        ("429 Too Many Requests", {"Retry_After": "9" * 90}, "asked_to_wait", 6 * 3600),
        ("500 Oops", {}, "status", 0),
    ],
)
async def test_status_tells_the_reason(
    status: str, headers: dict[str, str], reason: str, wait_seconds: int
) -> None:
    async with provider(x=says(b"no", status, **headers)) as server, fetching(server) as to:
        with pytest.raises(FetchFailed) as failed:
            await to.get()
        assert (failed.value.reason, failed.value.retry_after_seconds) == (reason, wait_seconds)
        assert to.count(reason) == 1


@pytest.mark.parametrize(
    "url",
    [
        "http://api.provider.example/x",
        "https://api.provider.example:8443/x",
        "https://api.provider.example:0/x",
        "https://user@api.provider.example/x",
        "https://user:word@api.provider.example/x",
        "https://@api.provider.example/x",
        "https://api.provider.example.evil.example/x",
        "https://evil.example/api.provider.example",
        "https://api.provider.example@evil.example/x",
        "https://evil.example#@api.provider.example/x",
        "https://evil.example\\@api.provider.example/x",
        "https://api.provider.example\\.evil.example/x",
        "https://api.provider.example./x",
        "https://127.0.0.1/x",
        "https://2130706433/x",
        "https://0x7f000001/x",
        "https://0177.0.0.1/x",
        "https://[::1]/x",
        "https://[::ffff:127.0.0.1]/x",
        "https://localhost/x",
        "https://аpi.provider.example/x",
        "https://api.provider.example/x\r\nX-Evil: 1",
        "https://api.provider.example/x y",
        "https://api.provider。example/x",
        "https://api%2eprovider.example/x",
        "file:///etc/passwd",
        "gopher://api.provider.example/x",
        "//api.provider.example/x",
        "api.provider.example/x",
        "https:/api.provider.example/x",
        "https:api.provider.example/x",
        "",
    ],
)
async def test_address_that_is_not_the_providers_leads_nowhere(url: str) -> None:
    """A rule that would match anything is given too: what it lets pass still has to be a public name on 443."""
    async with provider(x=says(b"secret")) as server:
        for hosts in (HOSTS, re.compile(r".*")):
            async with fetching(server, FetchRule(hosts=hosts)) as to:
                if hosts.pattern == ".*" and "evil.example" in url:
                    continue  # a rule that allows any host does allow this one
                with pytest.raises(FetchFailed) as failed:
                    await to.fetcher.fetch(Wanted(url, "any"))
                assert failed.value.reason == "not_allowed"
        assert server.requests == []


async def test_undeclared_fetcher_fetches_nothing_and_is_no_label() -> None:
    async with provider(x=says(b"secret")) as server, fetching(server) as to:
        assert await to.failure(fetcher="whoever") == "not_allowed"
        assert to.registry.get_sample_value("frontdesk_intake_fetches_total", {"fetcher": "whoever"}) is None


async def test_name_that_leads_inside_is_not_connected_to() -> None:
    async def inside(host: str, port: int, family: int) -> list[str]:
        return ["93.184.215.14", "127.0.0.1"]

    async with provider(x=says(b"secret")) as server:
        async with fetching(server, resolver=PublicResolver(inside)) as to:
            assert await to.failure() == "not_public"
        assert server.requests == []


async def test_body_that_dawdles_ends_in_time() -> None:
    async def slow(request: Request) -> AsyncIterator[bytes]:
        yield b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab"
        await asyncio.Event().wait()

    async def silent(request: Request) -> AsyncIterator[bytes]:
        await asyncio.Event().wait()
        yield b""

    rule = FetchRule(hosts=HOSTS, seconds_max=0.1)
    async with provider(x=slow, y=silent) as server, fetching(server, rule) as to:
        assert await to.failure("/x") == "too_slow"
        assert await to.failure("/y") == "too_slow"


async def test_long_body_is_cut_off() -> None:
    sent = 0

    async def endless(request: Request) -> AsyncIterator[bytes]:
        nonlocal sent
        yield b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
        while True:
            sent += 1
            yield b"1000\r\n" + b"x" * 4096 + b"\r\n"

    rule = FetchRule(hosts=HOSTS, bytes_max=100_000)
    async with provider(x=endless, y=says(b"x" * 100_001), z=says(b"x" * 100_000)) as server:
        async with fetching(server, rule) as to:
            assert await to.failure("/x") == "too_large"
            assert await to.failure("/y") == "too_large"
            assert len(await to.get("/z")) == 100_000
        assert sent < 2_000


async def test_compressed_answer_is_not_opened() -> None:
    bomb = gzip.compress(b"0" * 50_000_000)
    async with provider(x=says(bomb, Content_Encoding="gzip")) as server, fetching(server) as to:
        assert await to.failure() == "encoded"


async def test_answer_that_is_no_http_or_ends_early_is_broken() -> None:
    async def early(request: Request) -> AsyncIterator[bytes]:
        yield b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\nhalf"
        yield b""

    async def smtp(request: Request) -> AsyncIterator[bytes]:
        yield b"220 mail.example ESMTP\r\n\r\n"
        yield b""

    async def header_flood(request: Request) -> AsyncIterator[bytes]:
        yield b"HTTP/1.1 200 OK\r\n" + b"X-A: b\r\n" * 10_000 + b"\r\n"
        yield b""

    async def long_header(request: Request) -> AsyncIterator[bytes]:
        yield b"HTTP/1.1 200 OK\r\nX-A: " + b"b" * 1_000_000 + b"\r\n\r\n"
        yield b""

    async with provider(a=early, b=smtp, c=header_flood, d=long_header) as server, fetching(server) as to:
        assert [await to.failure(path) for path in ("/a", "/b", "/c", "/d")] == ["broken"] * 4


async def test_kept_answer_serves_again_until_its_time_and_a_stale_one_when_there_is_none() -> None:
    async with provider(cert=says(b"one")) as server, fetching(server, KEPT) as to:
        assert [await to.get("/cert") for _ in range(3)] == [b"one"] * 3
        assert (len(server.requests), to.count("kept")) == (1, 2)

        server.routes["/cert"] = says(b"", "500 Oops")
        to.clock.advance_ms(61_000)
        assert await to.get("/cert") == b"one"
        assert (len(server.requests), to.count("stale")) == (2, 1)

        to.clock.advance_ms(60_000)
        assert await to.failure("/cert") == "status"

        server.routes["/cert"] = says(b"two")
        assert await to.get("/cert") == b"two"


async def test_many_who_want_one_certificate_wait_for_one_fetch() -> None:
    go_on = asyncio.Event()

    async def slow(request: Request) -> AsyncIterator[bytes]:
        await go_on.wait()
        yield answered(b"one")

    async with provider(cert=slow) as server, fetching(server, KEPT) as to:
        waiting = [asyncio.create_task(to.get("/cert")) for _ in range(200)]
        while not server.requests:
            await asyncio.sleep(0)
        waiting[0].cancel()  # one that gives up does not take it from the others
        go_on.set()
        results = await asyncio.gather(*waiting, return_exceptions=True)

        assert isinstance(results[0], asyncio.CancelledError)
        assert results[1:] == [b"one"] * 199
        assert len(server.requests) == 1


async def test_certificates_that_nobody_ever_needed_are_few_a_minute_and_known_ones_go_on() -> None:
    async with provider(cert=says(b"one")) as server, fetching(server, KEPT) as to:
        assert await to.get("/cert") == b"one"
        for number in range(UNVERIFIED_FETCHES_PER_MINUTE - 1):
            assert await to.failure(f"/forged-{number}") == "gone"
        assert await to.failure("/forged-too-many") == "busy"
        to.clock.advance_ms(59_000)
        assert await to.get("/cert") == b"one"


async def test_waiting_line_is_bounded_and_others_are_not_held_up() -> None:
    go_on = asyncio.Event()

    async def slow(request: Request) -> AsyncIterator[bytes]:
        await go_on.wait()
        yield answered(b"late")

    async with provider(x=slow, y=says(b"at once")) as server, fetching(server) as to:
        waiting = [asyncio.create_task(to.get()) for _ in range(WAITING_PER_FETCHER_MAX)]
        await asyncio.sleep(0)
        assert await to.failure() == "busy"
        assert await to.get("/y", fetcher="other") == b"at once"
        go_on.set()
        assert await asyncio.gather(*waiting) == [b"late"] * WAITING_PER_FETCHER_MAX


async def test_token_is_asked_once_kept_until_shortly_before_its_end_and_sent() -> None:
    token = says({"access_token": "t-1", "expires_in": 3600, "token_type": "Bearer"})
    async with provider(token=token, x=says(b"review")) as server, fetching(server, WITH_TOKEN) as to:
        assert await asyncio.gather(*(to.get() for _ in range(5))) == [b"review"] * 5
        asked = [request for request in server.requests if request.target == "/token"]
        assert [(one.method, one.body[:29]) for one in asked] == [("POST", b"grant_type=client_credentials")]
        assert {one.headers.get("authorization") for one in server.requests if one.target == "/x"} == {
            "Bearer t-1"
        }

        to.clock.advance_ms(3_541_000)
        await to.get()
        assert len([one for one in server.requests if one.target == "/token"]) == 2


async def test_token_that_is_no_longer_taken_is_renewed_once() -> None:
    count = 0

    async def token(request: Request) -> AsyncIterator[bytes]:
        nonlocal count
        count += 1
        yield answered(b'{"access_token": "t-%d", "expires_in": 3600}' % count)

    async def guarded(request: Request) -> AsyncIterator[bytes]:
        good = request.headers["authorization"] == "Bearer t-2"
        yield answered(b"review" if good else b"", "200 OK" if good else "401 Unauthorized")

    async with provider(token=token, x=guarded) as server, fetching(server, WITH_TOKEN) as to:
        assert await to.failure() == "denied"  # a fresh token that is refused stays refused
        assert await to.get() == b"review"
        assert count == 2


@pytest.mark.parametrize(
    "answer",
    [
        says(b"not json"),
        says({"token": "x"}),
        says({"access_token": "two words", "expires_in": 1}),
        says({"access_token": "evil\r\nX-Evil: 1"}),
        says({"error": "invalid_grant"}, "400 Bad Request"),
    ],
)
async def test_token_that_is_not_given_is_a_failure_of_the_fetch(answer: Any) -> None:
    async with provider(token=answer, x=says(b"review")) as server, fetching(server, WITH_TOKEN) as to:
        assert await to.failure() == "no_credentials"
        assert all(request.target == "/token" for request in server.requests)


async def test_key_that_cannot_be_used_is_told_without_it(capsys: pytest.CaptureFixture[str]) -> None:
    def headers(known: Known, now_ms: int) -> dict[str, str]:
        raise ValueError("cannot load key hunter2")

    async with provider(x=says(b"x")) as server:
        async with fetching(server, FetchRule(hosts=HOSTS, headers=headers)) as to:
            assert await to.failure() == "no_credentials"
        assert server.requests == []
    told = capsys.readouterr()
    assert "hunter2" not in told.out + told.err


async def test_no_address_is_logged(capsys: pytest.CaptureFixture[str]) -> None:
    async with provider(x=says(b"a secret sentence", "500 Oops")) as server, fetching(server) as to:
        await to.failure("/x?key=hunter2")
        await to.failure("https://evil.example/hunter2")
    told = capsys.readouterr()
    assert "fetch_failed" in told.out + told.err
    assert not any(word in told.out + told.err for word in ("hunter2", "secret sentence", "provider.example"))


async def test_hosts_of_certificates_and_answers_do_not_mix_between_fetchers() -> None:
    async with provider(cert=says(b"one")) as server, fetching(server, KEPT) as to:
        await to.get(f"https://{KEYS_HOST}/cert")
        await to.get(f"https://{KEYS_HOST}/cert", fetcher="other")
        assert len(server.requests) == 2


async def test_closing_ends_what_is_under_way() -> None:
    async def silent(request: Request) -> AsyncIterator[bytes]:
        await asyncio.Event().wait()
        yield b""

    async with provider(x=silent) as server, fetching(server, KEPT) as to:
        waiting = asyncio.create_task(to.get())
        while not server.requests:
            await asyncio.sleep(0)
        await to.fetcher.close()
        with pytest.raises((asyncio.CancelledError, FetchFailed)):
            await waiting
