"""The wallboard over HTTP: its own files only, frames for those who may see them, bounds that hold."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest
from prometheus_client import CollectorRegistry, generate_latest

from services.contract import decisions as d
from services.contract.facts import Channel
from services.metrics.ledger import Ledger
from services.metrics.store import Board
from services.metrics.wallboard.assets import FOLDER
from services.metrics.wallboard.build import Wallboard
from services.metrics.wallboard.settings import WallboardSettings
from services.runtime.clock import ManualClock
from services.runtime.settings import Secret, SettingsError
from tests.unit.metrics.world import APPLIED, NOON_MS, Writer

TOKEN = "a token of the operator's own"
DEADLINE_SECONDS = 20


class Desk:
    """A desk whose log is written by the test; served by a wallboard."""

    def __init__(self) -> None:
        self.writer = Writer().genesis().fact(APPLIED)
        self.board, self.ledger = Board(1), Ledger(0)
        self.board.own(self.ledger, target=0)
        self.registry = CollectorRegistry()
        self.fold()

    def fold(self) -> None:
        for offset in range(self.ledger.last_offset + 1, len(self.writer.records)):
            self.ledger.apply(offset, self.writer.records[offset])

    def arrives(self, contact_id: str) -> None:
        self.writer.fact(
            d.ContactOpened(contact_id=contact_id, channel=Channel.PHONE, arrived_at_ms=self.writer.now_ms),
            d.ContactQueued(contact_id=contact_id, channel=Channel.PHONE, queue_id="calls"),
        )
        self.fold()

    def sample(self, name: str) -> float:
        line = next(
            x for x in generate_latest(self.registry).decode().splitlines() if x.startswith(name + " ")
        )
        return float(line.split()[-1])


@asynccontextmanager
async def served(
    tokens: tuple[str, ...] = (), viewers_max: int = 5, frame_ms: int = 100
) -> AsyncIterator[tuple[Desk, str, aiohttp.ClientSession]]:
    desk = Desk()
    settings = WallboardSettings(
        port=0, tokens=tuple(map(Secret, tokens)), viewers_max=viewers_max, frame_ms=frame_ms
    )
    wallboard = Wallboard(settings, board=desk.board, clock=ManualClock(NOON_MS), registry=desk.registry)
    port = await wallboard.open("127.0.0.1")
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=DEADLINE_SECONDS)) as session:
        try:
            yield desk, f"http://127.0.0.1:{port}", session
        finally:
            await wallboard.close()


async def next_frame(response: aiohttp.ClientResponse) -> dict[str, object]:
    """The next event; comments and blank lines passed over."""
    while True:
        line = await response.content.readline()
        assert line, "the stream ended"
        if line.startswith(b"data: "):
            found: dict[str, object] = json.loads(line[6:])
            return found


def waiting(frame: dict[str, object]) -> int:
    return int(frame["waiting"]["now"])  # type: ignore[index]


async def test_a_contact_that_arrives_is_in_the_next_frame() -> None:
    async with served() as (desk, url, session), session.get(f"{url}/frames?desk=acme") as response:
        assert response.content_type == "text/event-stream"
        assert waiting(await next_frame(response)) == 0
        desk.arrives("c1")
        assert waiting(await next_frame(response)) == 1
        assert desk.sample("frontdesk_wallboard_viewers") == 1


async def test_one_frame_comes_as_json() -> None:
    async with served() as (desk, url, session):
        desk.arrives("c1")
        async with session.get(f"{url}/frame") as response:
            assert response.content_type == "application/json"
            assert response.headers["Cache-Control"] == "no-store"
            assert waiting(await response.json()) == 1


@pytest.mark.parametrize(
    "path", ["/", "/wallboard.css", "/wallboard.js", "/icon.svg", "/frame", "/frames", "/nowhere"]
)
async def test_every_answer_forbids_what_the_page_does_not_need(path: str) -> None:
    async with served() as (_, url, session), session.get(url + path) as response:
        policy = response.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy and "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy and "http" not in policy and "*" not in policy
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        assert response.headers["Server"] == "Frontdesk"
        assert "Access-Control-Allow-Origin" not in response.headers


def test_the_page_names_no_address_of_anybody_else() -> None:
    for path in FOLDER.iterdir():
        found = set(re.findall(r"https?://[^\s\"'<]+", path.read_text(encoding="utf-8")))
        assert found <= {"http://www.w3.org/2000/svg"}, path.name  # a name, never fetched


async def test_the_page_is_not_sent_again_when_it_is_the_same() -> None:
    async with served() as (_, url, session):
        async with session.get(url) as response:
            tag = response.headers["ETag"]
        async with session.get(url, headers={"If-None-Match": tag}) as response:
            assert (response.status, await response.read()) == (304, b"")


async def test_without_the_token_there_is_a_page_but_no_frame() -> None:
    async with served(tokens=("an older token, still valid", TOKEN)) as (_, url, session):
        async with session.get(url) as response:
            assert response.status == 200
        for headers in (
            {},
            {"Authorization": "Bearer wrong"},
            {"Authorization": TOKEN},
            {"Authorization": "Bearer "},
        ):
            for path in ("/frame", "/frames"):
                async with session.get(url + path, headers=headers) as response:
                    assert response.status == 401
                    assert response.headers["WWW-Authenticate"] == "Bearer"
                    assert b"acme" not in await response.read()


async def test_any_of_the_tokens_opens_it() -> None:
    tokens = ("an older token, still valid", TOKEN)
    async with served(tokens=tokens) as (_, url, session):
        for token in tokens:
            async with session.get(f"{url}/frame", headers={"Authorization": f"Bearer {token}"}) as response:
                assert response.status == 200


async def test_a_full_house_says_when_to_come_back() -> None:
    async with served(viewers_max=2) as (_, url, session):
        first, second = await session.get(f"{url}/frames"), await session.get(f"{url}/frames")
        async with session.get(f"{url}/frames") as third:
            assert third.status == 503
            assert int(third.headers["Retry-After"]) > 0
        first.close()
        async with asyncio.timeout(DEADLINE_SECONDS):
            while True:  # the place is free at the first frame that cannot be sent
                async with session.get(f"{url}/frames") as again:
                    if again.status == 200:
                        break
                await asyncio.sleep(0.05)
        second.close()


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("POST", "/", 405), ("PUT", "/frames", 405), ("GET", "/../settings.py", 404), ("GET", "/metrics", 404)],
)
async def test_what_there_is_not_is_refused(method: str, path: str, status: int) -> None:
    async with served() as (_, url, session), session.request(method, url + path) as response:
        assert response.status == status


async def test_a_desk_id_that_is_too_long_is_refused() -> None:
    async with served() as (_, url, session), session.get(f"{url}/frames?desk={'x' * 201}") as response:
        assert response.status == 400


async def test_closing_ends_the_streams_at_once() -> None:
    async with served() as (_, url, session):
        response = await session.get(f"{url}/frames")
        await next_frame(response)
    async with asyncio.timeout(30):
        with pytest.raises((AssertionError, aiohttp.ClientError)):
            while True:
                await next_frame(response)


def test_all_faults_of_the_settings_are_told_together() -> None:
    with pytest.raises(SettingsError) as told:
        WallboardSettings.from_env(
            {
                "FRONTDESK_WALLBOARD_TOKENS": "short",
                "FRONTDESK_WALLBOARD_TIME_ZONE": "../etc/passwd",
                "FRONTDESK_WALLBOARD_VIEWERS_MAX": "0",
            }
        )
    assert len(told.value.faults) == 3
    assert "short" not in str(told.value)


@pytest.mark.parametrize(
    ("env", "port"),
    [
        ({}, 9465),
        ({"FRONTDESK_METRICS_PORT": "7000"}, 7001),
        ({"FRONTDESK_METRICS_PORT": "0"}, 0),
        ({"FRONTDESK_METRICS_PORT": "7000", "FRONTDESK_WALLBOARD_PORT": "8123"}, 8123),
    ],
)
def test_the_port_follows_that_of_metrics_unless_it_is_set(env: dict[str, str], port: int) -> None:
    assert WallboardSettings.from_env(env).port == port


def test_the_page_is_part_of_the_package() -> None:
    text = (Path(__file__).resolve().parents[2] / "pyproject.toml").read_text(encoding="utf-8")
    assert {path.suffix for path in FOLDER.iterdir()} <= {
        f".{found}" for found in re.findall(r'"\*\.(\w+)"', text)
    }
