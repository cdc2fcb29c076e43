"""frontdesk desk check: what it says of a file, with nothing running."""

from __future__ import annotations

from pathlib import Path

import pytest

from services.cli.desk import main

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "examples" / "desk.toml"


def test_a_sound_file_is_summed_up_with_notes_in_the_names_of_the_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "desk.toml"
    path.write_text(EXAMPLE.read_text(encoding="utf-8").replace("delivery", "parcels"), encoding="utf-8")
    text = path.read_text(encoding="utf-8").replace(
        'decision = "refund", unlimited = true', 'decision = "refnd", unlimited = true'
    )
    path.write_text(text, encoding="utf-8")

    assert main(["check", str(path)]) == 0

    said = capsys.readouterr()
    assert said.err == ""
    lines = said.out.splitlines()
    assert (
        lines[0]
        == f"{path}: no faults; desk acme version 2026-04-07: 8 topics, 2 queues, 8 agents, languages de en pt sl sr te"
    )
    assert (
        "  note: authority[0].limits: nobody may decide a refund over 500.00 EUR; what needs more goes to those who may not"
        in lines
    )
    assert (
        "  note: agents[hedwig].grants[0].decision: 'refnd' has no row under authority; did you mean 'refund'?"
        in lines
    )
    assert any(line.startswith("  note: topics: intake does not tell parcels by itself") for line in lines)


def test_every_fault_of_every_file_is_told_and_nothing_is_applied(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bad, gone = tmp_path / "bad.toml", tmp_path / "gone.toml"
    bad.write_text('desk_id = "acme"\ncolour = "blue"\n[[queues]]\nid = "q"\n', encoding="utf-8")

    assert main(["apply", str(bad), str(EXAMPLE), str(gone), "--address", "127.0.0.1:1"]) == 1

    told = capsys.readouterr().err.splitlines()
    assert f"{bad}: colour: no such setting" in told
    assert f"{bad}: topics: needs at least one topic" in told
    assert f"{gone}: cannot be read (FileNotFoundError)" in told
    assert not any("router" in line for line in told)


def test_the_example_has_no_authority_that_nobody_reaches(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", str(EXAMPLE)]) == 0
    said = capsys.readouterr().out
    assert "nobody may decide" not in said
    assert "nobody who speaks sl, te may decide a refund over 150.00 EUR, others may" in said
