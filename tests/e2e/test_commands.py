"""The commands as a person uses them: serve, be an agent, ask why, stop."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from services.cli.demo.command import environment, morning_clock
from services.cli.demo.ids import contact_ids
from services.cli.demo.run import desk_folder
from services.cli.demo.stories import Morning, load
from services.cli.demo.system import Process, System
from services.runtime.ports import free_port

STORY = "mail-en-cancel"
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def morning() -> Morning:
    return load(desk_folder() / "morning")


@pytest.fixture
async def served(tmp_path: Path, morning: Morning) -> AsyncIterator[Process]:
    env = {**environment(morning, morning_clock(morning)), "FRONTDESK_CLOCK": "wall"}
    process = System.plan(env, desk_folder() / "desk.toml", tmp_path, None).processes[0]
    await process.start()
    yield process
    await process.stop()


async def post(served: Process, morning: Morning, name: str) -> int:
    request = next(d for d in morning.deliveries if d.name == name).case["request"]
    url = served.addresses["http"] + request["url"].removeprefix(morning.keys["public_url"])
    async with aiohttp.ClientSession() as http:
        answer = await http.post(url, data=request["body"].encode(), headers=request["headers"])
        return answer.status


class Terminal:
    """A command with its keyboard and its screen."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process, self.screen = process, ""

    async def shows(self, words: str) -> None:
        """Returns once the words stand on the screen after what was seen before; fails after 20 s."""
        stdout = self.process.stdout
        assert stdout is not None
        try:
            async with asyncio.timeout(60):
                while words not in self.screen:
                    read = await stdout.read(4096)
                    if not read:
                        raise AssertionError(f"ended without {words!r}: {self.screen}")
                    self.screen += read.decode()
        except TimeoutError:
            raise AssertionError(f"{words!r} never came: {self.screen}") from None
        self.screen = self.screen.partition(words)[2]

    def types(self, key: str) -> None:
        stdin = self.process.stdin
        assert stdin is not None
        stdin.write(f"{key}\n".encode())


@contextlib.asynccontextmanager
async def terminal(*arguments: str) -> AsyncIterator[Terminal]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "services", *arguments),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        cwd=ROOT,
        env={**os.environ, "COLUMNS": "100", "PYTHONUNBUFFERED": "1"},
    )
    try:
        yield Terminal(process)
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def test_a_person_takes_a_contact_in_a_terminal_and_asks_why(served: Process, morning: Morning) -> None:
    address = served.addresses["grpc"]
    async with terminal("agent", "--address", address, "carla") as agent:
        await agent.shows("ready")
        assert await post(served, morning, STORY) == 200
        await agent.shows("offer")
        await agent.shows("cancel my subscription")
        agent.types("a")
        await agent.shows("yours")
        agent.types("r")
        await agent.shows("no longer yours")
        agent.types("q")
        assert await asyncio.wait_for(agent.process.wait(), 30) == 0
    async with terminal("explain", "--address", address, contact_ids(morning)[STORY]) as why:
        await why.shows("offered to carla")
        await why.shows("customer-seconds")
        assert await asyncio.wait_for(why.process.wait(), 30) == 0


async def test_a_restart_after_kill_9_finds_everything_again(tmp_path: Path, morning: Morning) -> None:
    env = {
        **environment(morning, morning_clock(morning)),
        "FRONTDESK_CLOCK": "wall",
        "FRONTDESK_GRPC_PORT": str(free_port()),
    }
    served = System.plan(env, desk_folder() / "desk.toml", tmp_path, None).processes[0]
    await served.start()
    try:
        async with terminal("agent", "--address", served.addresses["grpc"], "carla") as agent:
            await agent.shows("ready")
            await served.kill()
            await agent.shows("the router is away")
            await served.start()
            await agent.shows("connected again")
            assert await post(served, morning, STORY) == 200
            await agent.shows("cancel my subscription")
            await served.kill()
            await served.start()
            await agent.shows("connected again")
            agent.types("a")
            await agent.shows("yours")
    finally:
        await served.stop()


async def test_sigterm_ends_it_in_time_with_success(served: Process) -> None:
    os.kill(served.pid, signal.SIGTERM)
    assert await asyncio.wait_for(served.stop(), 30) == 0


async def test_an_unknown_agent_and_a_router_that_is_away_are_said_so(served: Process) -> None:
    for address, agent_id, words in (
        (served.addresses["grpc"], "nobody", b"no such agent"),
        ("127.0.0.1:1", "carla", b"frontdesk serve"),
    ):
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "services", "agent", "--address", address, agent_id),
            stdin=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
            cwd=ROOT,
        )
        _, told = await asyncio.wait_for(process.communicate(), 60)
        assert (process.returncode, words in told) == (1, True), told


def test_all_faults_of_all_services_and_desk_files_are_told_at_once(tmp_path: Path) -> None:
    wrong = {
        "FRONTDESK_HTTP_PORT": "ninety",
        "FRONTDESK_CLOCK": "sundial",
        "FRONTDESK_PARTITIONS": "0",
        "FRONTDESK_METRICS_KEEP_DAYS": "none",
        "FRONTDESK_PENDING_MAX": "-1",
        "FRONTDESK_IDENTITY_KEY": "short",
        "FRONTDESK_DATA": str(tmp_path / "log.db"),
    }
    (tmp_path / "desk.toml").write_text('desk_id = ""\n[[agents]]\nid = "ana"\n')
    done = subprocess.run(
        [
            *(sys.executable, "-m", "services", "serve"),
            *("--desk", str(tmp_path / "desk.toml"), "--desk", str(tmp_path / "none.toml")),
        ],
        env={**os.environ, **wrong},
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=60,
    )
    assert done.returncode == 2
    told = [name for name in wrong if name != "FRONTDESK_DATA"] + [
        "ana",
        "none.toml",
        "FRONTDESK_DEFAULT_DESK",
    ]
    assert [name for name in told if name not in done.stderr] == [], done.stderr
    assert not (tmp_path / "log.db").exists()


def test_a_port_that_is_taken_is_said_so(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        env = {
            "FRONTDESK_GRPC_PORT": str(taken.getsockname()[1]),
            "FRONTDESK_HTTP_PORT": "0",
            "FRONTDESK_SMTP_PORT": "0",
            "FRONTDESK_METRICS_PORT": "0",
            "FRONTDESK_DATA": str(tmp_path / "log.db"),
            "FRONTDESK_IDENTITY_KEY": "an identity key of a test only",
            "FRONTDESK_DEFAULT_DESK": "acme",
        }
        done = subprocess.run(
            [sys.executable, "-m", "services", "serve"],
            env={**os.environ, **env},
            capture_output=True,
            text=True,
            cwd=ROOT,
            timeout=60,
        )
    assert done.returncode == 1
    told = json.loads(done.stderr.strip().splitlines()[-1])
    assert env["FRONTDESK_GRPC_PORT"] in told["reason"]


async def test_what_arrives_stands_on_the_wallboard(served: Process, morning: Morning) -> None:
    assert await post(served, morning, STORY) == 200
    async with aiohttp.ClientSession() as http, asyncio.timeout(60):
        while True:
            async with http.get(served.addresses["wallboard"] + "frame") as answer:
                frame = await answer.json()
            if frame["waiting"]["now"] == 1:
                break
            await asyncio.sleep(0.05)
    assert (frame["state"], frame["desk"], sum(frame["curve"]["today"])) == ("live", "acme", 1)


async def test_what_could_not_be_read_is_listed_without_its_words(served: Process, morning: Morning) -> None:
    assert await post(served, morning, "noise-unknown-type") == 200
    data = served.env["FRONTDESK_DATA"]
    done = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-m", "services", "letters", "--data", data],
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    letter = json.loads(done.stdout)
    assert (letter["source"], letter["reason"]) == ("meta", "unknown_event")
    assert letter["detail"]
    assert "data" not in letter


def test_the_demo_says_how_to_let_it_stay_and_refuses_what_it_does_not_know() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "services", "demo", "--log", "paper"],
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=60,
    )
    assert done.returncode == 2
    assert "--stay" in done.stderr
