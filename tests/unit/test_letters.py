"""frontdesk letters: where it looks."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest

from services.cli.letters import main
from services.cli.plan import DATA_DEFAULT, default_data
from services.contract.topics import DEAD_LETTERS
from services.runtime.dead_letters import DeadLetters, Request
from services.runtime.log import TopicSpec
from services.runtime.sqlite_log import SqliteLog

ROOT = Path(__file__).resolve().parents[2]


def test_letters_are_looked_for_where_the_setting_has_the_log(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FRONTDESK_DATA", str(tmp_path / "elsewhere.db"))

    assert main([]) == 1
    assert "elsewhere.db" in capsys.readouterr().err


def test_log_without_a_setting_is_where_serve_keeps_it() -> None:
    assert default_data({}) == default_data({"FRONTDESK_DATA": ""}) == Path(DATA_DEFAULT)


def test_a_log_without_letters_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = tmp_path / "frontdesk.db"
    asyncio.run(_made(data))

    assert main(["--data", str(data)]) == 0

    said = capsys.readouterr()
    assert (said.out, "there are none" in said.err) == ("", True)


def test_nothing_of_a_delivery_is_listed_unless_it_is_asked_for(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = tmp_path / "frontdesk.db"
    asyncio.run(_kept(data))

    assert main(["--data", str(data)]) == 0
    said = capsys.readouterr().out
    assert '"reason":"unknown_account"' in said
    assert "eva" not in said
    assert main(["--data", str(data), "--bytes"]) == 0
    assert '"ce-subject":"eva@example.com"' in capsys.readouterr().out


def test_a_reader_who_has_seen_enough_is_no_intake_that_is_away(tmp_path: Path) -> None:
    data = tmp_path / "frontdesk.db"
    asyncio.run(_kept(data, 200))

    asked = [sys.executable, "-m", "services", "letters", "--data", str(data), "--bytes"]
    with subprocess.Popen(asked, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=ROOT) as process:
        assert process.stdout is not None
        process.stdout.close()
        assert process.stderr is not None
        assert process.stderr.read() == b""
    assert process.returncode == 0


async def _kept(data: Path, count: int = 1) -> None:
    log = await SqliteLog.open(data)
    await log.create_topics([TopicSpec(DEAD_LETTERS, 1)])
    request = Request(path="/hooks/cloudevents", scheme="hmac", headers={"ce-subject": "eva@example.com"})
    letters = DeadLetters(log, 1)
    for _ in range(count):
        await letters.put("cloudevents", "unknown_account", "", b"eva", request=request)
    await log.close()


async def _made(data: Path) -> None:
    await (await SqliteLog.open(data)).close()
