"""frontdesk backfill: which log it reads, and that its file is whole or not there."""

from __future__ import annotations

import asyncio
import os
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from services.cli.backfill import main, whole
from services.contract import decisions as d
from services.contract.codec import encode_decision
from services.contract.topics import DECISIONS, of_generation, partition_of
from services.runtime.generation_log import generation_of
from services.runtime.log import TopicSpec
from services.runtime.settings import SettingsError
from services.runtime.sqlite_log import SqliteLog
from tests.unit.metrics.world import DESK, Writer

BEFORE = "of the day before"


async def _write(file: Path, contents: dict[int, str]) -> None:
    """A log with one desk a generation."""
    log = await SqliteLog.open(file)
    for generation, desk_id in contents.items():
        one = generation_of(log, generation)
        await one.create_topics([TopicSpec(DECISIONS, 1)])
        applied = d.DeskApplied(desk=replace(DESK, desk_id=desk_id))
        for record in Writer(desk_id=desk_id).genesis().fact(applied).records:
            value = encode_decision(record)
            await one.append(DECISIONS, partition_of(desk_id, 1), desk_id.encode(), value)
    await log.close()


@pytest.fixture
def data(tmp_path: Path) -> Path:
    file = tmp_path / "log.sqlite"
    asyncio.run(_write(file, {1: "small", 2: "grown"}))
    return file


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """A file of an earlier run, alone in its folder."""
    file = tmp_path / "out" / "past.txt"
    file.parent.mkdir()
    file.write_text(BEFORE)
    return file


@pytest.mark.parametrize(("generation", "desk"), [(None, "small"), ("1", "small"), ("2", "grown")])
def test_the_log_is_that_of_the_generation_in_the_settings(
    monkeypatch: pytest.MonkeyPatch, data: Path, out: Path, generation: str | None, desk: str
) -> None:
    monkeypatch.delenv("FRONTDESK_LOG_GENERATION", raising=False)
    if generation:
        monkeypatch.setenv("FRONTDESK_LOG_GENERATION", generation)

    assert main([str(out), "--data", str(data)]) == 0
    told = out.read_text()
    assert f'desk="{desk}"' in told
    assert {"small": "grown", "grown": "small"}[desk] not in told
    assert told.endswith("# EOF\n")
    assert list(out.parent.iterdir()) == [out]


def test_a_log_that_cannot_be_read_leaves_the_earlier_file_as_it_was(
    monkeypatch: pytest.MonkeyPatch, data: Path, out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FRONTDESK_LOG_GENERATION", "3")

    assert main([str(out), "--data", str(data)]) == 1
    assert of_generation(DECISIONS, 3) in capsys.readouterr().err
    assert out.read_text() == BEFORE
    assert list(out.parent.iterdir()) == [out]


def test_a_generation_that_is_none_is_a_fault_of_the_settings(
    monkeypatch: pytest.MonkeyPatch, data: Path, out: Path
) -> None:
    monkeypatch.setenv("FRONTDESK_LOG_GENERATION", "newest")

    with pytest.raises(SettingsError, match="FRONTDESK_LOG_GENERATION"):
        main([str(out), "--data", str(data)])
    assert out.read_text() == BEFORE


def test_a_folder_that_is_not_there_is_said(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(tmp_path / "nowhere" / "past.txt"), "--data", str(data)]) == 1
    assert "nowhere" in capsys.readouterr().err


def test_a_file_half_written_is_not_seen(out: Path) -> None:
    with pytest.raises(OSError, match="disk is full"), whole(out) as text:
        text.write("half")
        text.flush()
        assert out.read_text() == BEFORE
        raise OSError("disk is full")
    assert out.read_text() == BEFORE
    assert list(out.parent.iterdir()) == [out]


def test_a_link_stays_one(out: Path) -> None:
    link = out.with_name("newest.txt")
    link.symlink_to(out)

    with whole(link) as text:
        text.write("new")
    assert link.is_symlink()
    assert out.read_text() == "new"


def test_a_pipe_is_written_to_as_it_is(tmp_path: Path) -> None:
    pipe, read = tmp_path / "pipe", []
    os.mkfifo(pipe)
    reader = threading.Thread(target=lambda: read.append(pipe.read_text()), daemon=True)
    reader.start()

    with whole(pipe) as text:
        text.write("through")
    reader.join(10)
    assert read == ["through"]
    assert pipe.is_fifo()
