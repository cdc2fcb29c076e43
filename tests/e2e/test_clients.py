"""The example programs and the code of docs/clients.md, run against a real `frontdesk serve`."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from services.runtime.ports import free_port

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs/clients.md"
BLOCKS = re.findall(
    r"^## ([^\n]+)\n```python\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
)
SECONDS_MAX = 120


@pytest.fixture(scope="module")
def router(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of all services on an embedded log, with the desk of the examples."""
    folder = tmp_path_factory.mktemp("serve")
    port = free_port()
    env = {
        **os.environ,
        "FRONTDESK_DATA": str(folder / "frontdesk.db"),
        "FRONTDESK_IDENTITY_KEY": "an identity key for tests only",
        "FRONTDESK_DEFAULT_DESK": "acme",
        "FRONTDESK_GRPC_PORT": str(port),
        **{f"FRONTDESK_{name}_PORT": "0" for name in ("HTTP", "SMTP", "METRICS")},
    }
    with (folder / "serve.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "services", "serve", "--desk", "examples/desk.toml"],
            cwd=ROOT,
            env=env,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )
    try:
        assert process.stdout is not None
        ready = process.stdout.readline()
        assert ready, (folder / "serve.log").read_text()
        yield json.loads(ready)["grpc"]
    finally:
        process.terminate()
        process.wait(30)
        if process.stdout is not None:
            process.stdout.close()


def run(*arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, *arguments],
        cwd=ROOT,
        env=_env(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def _env() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}


def said(process: subprocess.Popen[str]) -> str:
    """What a program printed; it must end well within its time."""
    out, _ = process.communicate(timeout=SECONDS_MAX)
    assert process.returncode == 0, out
    return out


@pytest.mark.slow
def test_the_examples_take_a_ticket_to_its_end_and_write_it_down(router: str, tmp_path: Path) -> None:
    desktop = run("examples/clients/desktop.py", "--router", router, "--contacts", "1", "ana")
    ticket = ("--ticket", "4711", "ida@example.com", "+4915112345678", "Where is my parcel?")
    told = said(run("examples/clients/crm.py", "--router", router, *ticket))
    assert "settled by ana" in told, told
    worked = said(desktop)
    assert "offered" in worked and "Where is my parcel?" in worked and "settled" in worked, worked

    file = tmp_path / "decisions.jsonl"
    watcher = ("examples/clients/watcher.py", "--router", router, str(file))
    said(run(*watcher, "--count", "2"))
    with file.open("a", encoding="utf-8") as lines:
        lines.write('{"position": {"off')  # a crash in the middle of a line
    said(run(*watcher, "--count", "3"))
    rows = [json.loads(row) for row in file.read_text(encoding="utf-8").splitlines()]
    offsets = [int(row["position"].get("offset", 0)) for row in rows]
    assert len(offsets) == 5 and offsets == sorted(set(offsets))
    again = said(run("examples/clients/crm.py", "--router", router, "--intake", router, *ticket))
    assert re.findall(r"contact (\S+)", again) == re.findall(r"contact (\S+)", told)


@pytest.mark.slow
@pytest.mark.parametrize(("title", "code"), BLOCKS, ids=[title for title, _ in BLOCKS])
def test_the_code_of_the_page_runs_as_it_stands(router: str, title: str, code: str) -> None:
    assert "127.0.0.1:50051" in code
    out = said(run("-c", code.replace("127.0.0.1:50051", router)))
    assert out.strip(), "it prints something"


@pytest.mark.slow
def test_the_caller_of_the_page_is_to_be_called_back(router: str) -> None:
    (code,) = [code for title, code in BLOCKS if title == "A caller who waits"]
    contact_id = said(run("-c", code.replace("127.0.0.1:50051", router))).split()[-1]

    told = ""
    until = time.monotonic() + 20
    while "will call back" not in told and time.monotonic() < until:
        told = said(run("-m", "services", "explain", contact_id, "--address", router))
    assert "whoever is free will call back" in told, told
    assert "left" not in told.splitlines()[-1], told


def test_the_page_shows_every_part_of_the_library() -> None:
    assert [title for title, _ in BLOCKS] == [
        "Ask and write",
        "An agent's session",
        "Watch decisions",
        "Hand facts in",
        "A caller who waits",
    ]
