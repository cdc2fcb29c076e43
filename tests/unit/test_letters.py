"""frontdesk letters: where it looks."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from services.cli.letters import main
from services.cli.plan import DATA_DEFAULT, default_data
from services.runtime.sqlite_log import SqliteLog


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


async def _made(data: Path) -> None:
    await (await SqliteLog.open(data)).close()
