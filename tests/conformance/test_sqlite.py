"""What only the embedded log has to show: retention and compaction by its own hand, an instant clock, one file."""

from __future__ import annotations

import asyncio
import sqlite3
from pathlib import Path

import pytest

from services.runtime.log import LogError, LogRefused, LogUnavailable, TopicSpec
from services.runtime.sqlite_log import SqliteLog
from services.runtime.sqlite_retention import TOMBSTONE_MS, expire
from tests.conformance.places import Memory, read_until


async def opened(path: Path, now: list[int]) -> SqliteLog:
    log = await SqliteLog.open(path, clock=lambda: now[0])
    await log.create_topics(
        [TopicSpec("days", 1, retention_ms=1_000), TopicSpec("keys", 1, compacted=True), TopicSpec("kept", 1)]
    )
    return log


def keep_house(path: Path, now_ms: int) -> None:
    with sqlite3.connect(path) as connection:
        while expire(connection, now_ms):
            pass
    connection.close()


async def test_append_times_come_from_the_clock(tmp_path: Path) -> None:
    now = [5_000]
    log = await opened(tmp_path / "log.db", now)
    await log.append("kept", 0, b"k", b"v")

    assert (await log.read_at("kept", 0, 0)).timestamp_ms == 5_000
    await log.close()


async def test_records_past_their_retention_go_and_the_start_follows(tmp_path: Path) -> None:
    now = [0]
    log = await opened(tmp_path / "log.db", now)
    for now[0] in (0, 400, 800, 1_200):
        await log.append("days", 0, b"k", b"v")
        await log.append("kept", 0, b"k", b"v")

    keep_house(tmp_path / "log.db", 1_500)  # 1500 - 1000 = 500: the records of 0 and 400 are too old

    assert await log.start_offset("days", 0) == 2
    assert await log.start_offset("kept", 0) == 0
    await log.close()


async def test_compaction_keeps_the_newest_value_of_each_key(tmp_path: Path) -> None:
    now = [0]
    log = await opened(tmp_path / "log.db", now)
    for key, value in ((b"a", b"1"), (b"b", b"1"), (b"a", b"2"), (b"b", b""), (b"c", b"1")):
        await log.append("keys", 0, key, value)

    keep_house(tmp_path / "log.db", 0)
    records = await read_until(await log.tail("keys", {0: 0}), 3)
    assert [(r.offset, r.key, r.value) for r in records] == [(2, b"a", b"2"), (3, b"b", b""), (4, b"c", b"1")]

    keep_house(tmp_path / "log.db", TOMBSTONE_MS + 1)  # the tombstone itself goes a day later
    assert [r.key for r in await read_until(await log.tail("keys", {0: 0}), 2)] == [b"a", b"c"]
    await log.close()


async def test_a_log_that_is_only_read_is_left_as_it_is(tmp_path: Path) -> None:
    path, now = tmp_path / "log #1.db", [0]
    log = await opened(path, now)
    for topic, value in (("days", b"old"), ("keys", b"first"), ("keys", b"second")):
        await log.append(topic, 0, b"k", value)
    await log.close()
    before, made = path.read_bytes(), path.stat()

    log = await SqliteLog.open(path, reads_only=True)  # by today's clock all of it is past its time
    assert (await log.read_at("days", 0, 0)).value == b"old"
    tail = await log.tail("keys", {0: 0})
    assert [one.value for one in await read_until(tail, 2)] == [b"first", b"second"]
    with pytest.raises(LogRefused):
        log.append("days", 0, b"k", b"v")
    with pytest.raises(LogRefused):
        await log.create_topics([TopicSpec("more", 1)])
    with pytest.raises(LogRefused):
        await log.delete_before("days", 0, 1)
    with pytest.raises(LogRefused):
        await log.own("days", "group", Memory())
    assert [task.get_name() for task in asyncio.all_tasks() if "retention" in task.get_name()] == []
    await log.close()

    assert path.read_bytes() == before and path.stat().st_mtime_ns == made.st_mtime_ns


async def test_a_log_that_is_only_read_grows_under_its_reader(tmp_path: Path) -> None:
    log = await opened(tmp_path / "log.db", [0])
    reader = await SqliteLog.open(tmp_path / "log.db", reads_only=True)
    await log.append("kept", 0, b"k", b"v")
    assert [one.value for one in await read_until(await reader.tail("kept", {0: 0}), 1)] == [b"v"]
    await reader.close()
    await log.close()


@pytest.mark.parametrize(
    ("content", "error", "words"),
    [
        (None, LogUnavailable, "cannot be used"),
        (b"", LogError, "is not a log of Frontdesk"),
        (b"words, and many of them" * 100, LogError, "is not a log of Frontdesk"),
    ],
    ids=["missing", "empty", "text"],
)
async def test_what_is_no_log_is_none_after_it_was_read(
    tmp_path: Path, content: bytes | None, error: type[Exception], words: str
) -> None:
    path = tmp_path / "log.db"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(error, match=words):
        await SqliteLog.open(path, reads_only=True)
    assert path.exists() is (content is not None)
    assert content is None or path.read_bytes() == content
