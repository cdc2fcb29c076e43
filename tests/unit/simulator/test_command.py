"""frontdesk simulate, on a tiny world."""

from __future__ import annotations

from pathlib import Path

import pytest

from services.__main__ import main as frontdesk
from simulator import command
from simulator.metrics import NAMES
from simulator.report.cache import Finished
from simulator.report.measures import Run
from simulator.report.plays import PRODUCTION, Case


class Known(Finished):
    """Has every run of production already, with one figure for all; the others are played."""

    def get(self, case: Case) -> Run | None:
        return Run(dict.fromkeys(NAMES, 0.5)) if case.play.kind == PRODUCTION else super().get(case)


@pytest.fixture(autouse=True)
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "Finished", lambda: Known(tmp_path / "runs"))


TINY = ("D", "--agents", "8", "--load", "0.3", "--replications", "1", "--processes", "1")


def test_policies_are_compared_and_a_page_is_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "page.html"
    assert command.main([*TINY, "--policy", "bullseye", "--baseline", "random", "--html", str(page)]) == 0
    said = capsys.readouterr().out
    assert "bullseye minus random" in said
    assert "no intervals" in said, "of one replication"
    assert "<svg" in page.read_text(encoding="utf-8")


def test_settings_are_played_beside_the_defaults(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main([*TINY, "--set", "hold_phone_ms=0", "--set", "idle_cs=0.5"]) == 0
    said = capsys.readouterr().out
    assert "production, hold_phone_ms=0, idle_cs=0.5 minus production" in said
    assert "production, hold_phone_ms=0, idle_cs=0.5 minus longest-idle" in said


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["Z"], "invalid choice: 'Z'"),
        (["A", "--set", "hold_phone"], "give NAME=VALUE"),
        (["A", "--set", "hold_phone=3"], "perhaps hold_phone_ms"),
        (["A", "--set", "hold_phone_ms=long"], "'long' is no int"),
        (["A", "--set", "exploration=-1"], "between 0 and 10"),
        (["A", "--set", "exploration=1", "--policy", "bullseye"], "bullseye has no settings"),
        (["A", "--replications", "0"], "at least 1"),
        (["A", "--load", "0"], "over 0"),
    ],
)
def test_a_wrong_call_says_what_is_wrong(
    arguments: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stopped:
        command.main(arguments)
    assert stopped.value.code == 2
    assert told in capsys.readouterr().err


def test_help_has_examples(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        frontdesk(["simulate", "--help"])
    said = capsys.readouterr().out
    assert "--set hold_phone_ms=0" in said
    assert "frontdesk simulate report" in said
