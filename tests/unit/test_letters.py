"""frontdesk letters: where it looks."""

from __future__ import annotations

from pathlib import Path

import pytest

from services.cli.letters import main
from services.cli.plan import DATA_DEFAULT, default_data


def test_letters_are_looked_for_where_the_setting_has_the_log(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FRONTDESK_DATA", str(tmp_path / "elsewhere.db"))

    assert main([]) == 1
    assert "elsewhere.db" in capsys.readouterr().err


def test_log_without_a_setting_is_where_serve_keeps_it() -> None:
    assert default_data({}) == default_data({"FRONTDESK_DATA": ""}) == Path(DATA_DEFAULT)
