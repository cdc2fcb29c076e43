"""frontdesk read-queue-log: files in any order, totals, and errors one can act on."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from services.cli.read_queue_log import main

T = 1_775_203_200


def line(at: int, event: str, *data: object, call: str = "1.1") -> str:
    return f"{T + at}|{call}|support|PJSIP/201|{event}|{'|'.join(map(str, data))}\n"


OLD = line(0, "ENTERQUEUE", "", "0641112223", 1) + line(22, "CONNECT", 22, "1.2", 2)
NEW = line(90, "COMPLETEAGENT", 22, 68, 1) + "rubbish\n" + line(95, "ENTERQUEUE", "", "x", 1, call="2.2")


@pytest.fixture
def files(tmp_path: Path) -> list[str]:
    """The newer file first, the older one compressed."""
    (tmp_path / "queue_log").write_text(NEW)
    (tmp_path / "queue_log.1.gz").write_bytes(gzip.compress(OLD.encode()))
    return [str(tmp_path / "queue_log"), str(tmp_path / "queue_log.1.gz")]


def printed(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(one) for one in capsys.readouterr().out.splitlines()]


def test_events_of_rotated_files_come_oldest_first(
    files: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--region", "rs", *files]) == 0

    events = printed(capsys)
    assert [one["kind"] for one in events] == ["call_queued", "call_connected", "call_ended", "call_queued"]
    assert events[0]["customer"] == {"type": "phone", "value": "+381641112223"}
    assert (events[1]["wait_s"], events[2]["duration_s"]) == (22, 68)


def test_totals_are_one_object_and_malformed_lines_are_told(
    files: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--metrics", *files]) == 0

    said = capsys.readouterr()
    totals = json.loads(said.out)["support"]
    assert (totals["offered"], totals["answered"], totals["unfinished"]) == (2, 1, 1)
    assert "1 lines are no entries" in said.err


def test_calls_without_a_queue_come_from_the_records(
    files: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cells = '"","0641112224","201","from-trunk","""Ana"" <0641112224>","PJSIP/t-1","PJSIP/201-2","Dial","",'
    for uniqueid in ("1.1", f"{T + 5}.7"):
        with (tmp_path / "Master.csv").open("a") as file:
            file.write(cells + f'"a","b","c",20,12,"ANSWERED","DOCUMENTATION","{uniqueid}",""\n')
    assert main(["--region", "RS", "--cdr", str(tmp_path / "Master.csv"), *files]) == 0

    direct = [one for one in printed(capsys) if one["provider_event_id"].endswith(":cdr")]
    assert [(one["thread_id"], one["wait_s"], one["duration_s"]) for one in direct] == [(f"{T + 5}.7", 8, 12)]


def test_file_that_is_no_queue_log_is_told_and_is_status_1(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "notes.txt").write_text("first\nsecond\n")
    assert main([str(tmp_path / "notes.txt")]) == 1
    assert "2 lines are no entries" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["absent", "queue_log.gz"])
def test_what_cannot_be_read_is_told_and_is_status_1(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "queue_log.gz").write_bytes(gzip.compress(OLD.encode())[:-9])
    assert main([str(tmp_path / name)]) == 1
    assert "cannot read" in capsys.readouterr().err
