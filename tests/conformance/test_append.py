"""Appending, through each log's appender."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any

import pytest

from services.runtime.log import (
    RECORD_BYTES_MAX,
    Appender,
    BufferFull,
    LogUnavailable,
    RecordTooLarge,
    TopicSpec,
    UnknownTopic,
)
from tests.conformance.places import Place, WholeLog, read_until


class Writing:
    """An appender under test beside the log that it writes to."""

    def __init__(self, place: Place, log: WholeLog, topic: str) -> None:
        self.place = place
        self.log = log
        self.topic = topic
        self._opened = AsyncExitStack()

    async def appender(self, **settings: Any) -> Appender:
        return await self._opened.enter_async_context(self.place.log(**settings))

    async def close(self) -> None:
        await self._opened.aclose()


@pytest.fixture
async def writing(place: Place, log: WholeLog, topic: str) -> AsyncIterator[Writing]:
    writing = Writing(place, log, topic)
    yield writing
    await writing.close()


@pytest.fixture
async def appender(writing: Writing) -> Appender:
    return await writing.appender()


async def test_offsets_are_dense_from_zero_in_each_partition(writing: Writing, appender: Appender) -> None:
    told = [[await appender.append(writing.topic, p, b"k", b"%d" % n) for n in range(5)] for p in (0, 3)]

    assert told == [[0, 1, 2, 3, 4]] * 2
    assert await writing.log.end_offset(writing.topic, 0) == 5


async def test_an_acknowledged_record_is_where_its_offset_says(writing: Writing, appender: Appender) -> None:
    await appender.append(writing.topic, 1, b"first", b"one")
    offset = await appender.append(writing.topic, 1, b"second", b"two")

    record = await writing.log.read_at(writing.topic, 1, offset)

    assert (record.topic, record.partition, record.offset) == (writing.topic, 1, 1)
    assert (record.key, record.value) == (b"second", b"two")
    assert record.timestamp_ms > 1_700_000_000_000


async def test_pipelined_appends_keep_the_order_of_calls(writing: Writing, appender: Appender) -> None:
    futures = [appender.append(writing.topic, n % 4, b"k", b"%d" % n) for n in range(2_000)]
    offsets = await asyncio.gather(*futures)

    assert offsets == [n // 4 for n in range(2_000)]
    tail = await writing.log.tail(writing.topic, dict.fromkeys(range(4), 0))
    records = await read_until(tail, 2_000)
    assert {(r.partition, r.offset): int(r.value) for r in records} == {
        (n % 4, n // 4): n for n in range(2_000)
    }


async def test_two_appenders_share_a_partition_without_a_hole(writing: Writing, appender: Appender) -> None:
    other = await writing.appender()

    told = await asyncio.gather(
        *(one.append(writing.topic, 0, b"k", b"%d" % n) for n in range(200) for one in (appender, other))
    )

    assert sorted(told) == list(range(400))


async def test_an_empty_key_and_an_empty_value_come_back_empty(writing: Writing, appender: Appender) -> None:
    await appender.append(writing.topic, 0, b"", b"")

    record = await writing.log.read_at(writing.topic, 0, 0)

    assert (record.key, record.value) == (b"", b"")


async def test_the_largest_record_fits_and_one_byte_more_is_refused(
    writing: Writing, appender: Appender
) -> None:
    largest = b"x" * RECORD_BYTES_MAX

    with pytest.raises(RecordTooLarge):
        appender.append(writing.topic, 0, b"k" * 64, largest + b"x")
    assert await appender.append(writing.topic, 0, b"k" * 64, largest) == 0

    assert (await writing.log.read_at(writing.topic, 0, 0)).value == largest


async def test_the_bound_of_records_in_flight_is_kept_and_nothing_is_sent_beyond_it(writing: Writing) -> None:
    appender = await writing.appender(records_in_flight_max=10)
    admitted = [appender.append(writing.topic, 0, b"k", b"%d" % n) for n in range(10)]

    with pytest.raises(BufferFull):
        appender.append(writing.topic, 0, b"k", b"refused")
    assert await asyncio.gather(*admitted) == list(range(10))

    assert await appender.append(writing.topic, 0, b"k", b"there is room again") == 10


async def test_an_unknown_topic_or_partition_is_an_answer(writing: Writing, appender: Appender) -> None:
    with pytest.raises(UnknownTopic):
        await appender.append("test.never", 0, b"k", b"v")
    with pytest.raises(UnknownTopic):
        await appender.append(writing.topic, 4, b"k", b"v")

    assert await appender.append(writing.topic, 0, b"k", b"v") == 0


async def test_appends_to_a_topic_that_is_new_to_the_appender_keep_their_order(
    writing: Writing, appender: Appender
) -> None:
    name = f"{writing.topic}.later"
    await writing.log.create_topics([TopicSpec(name, 2)])

    futures = [appender.append(name, 1, b"k", b"%d" % n) for n in range(50)]

    assert await asyncio.gather(*futures) == list(range(50))
    assert (await writing.log.read_at(name, 1, 49)).value == b"49"


async def test_closing_waits_for_what_is_in_flight(writing: Writing, appender: Appender) -> None:
    futures = [appender.append(writing.topic, 0, b"k", b"%d" % n) for n in range(100)]

    await appender.close()

    assert [future.result() for future in futures] == list(range(100))
    with pytest.raises(LogUnavailable):
        await appender.append(writing.topic, 0, b"k", b"late")


async def test_an_abandoned_future_harms_nobody(writing: Writing, appender: Appender) -> None:
    appender.append(writing.topic, 0, b"k", b"given up").cancel()

    later = await appender.append(writing.topic, 0, b"k", b"kept")

    assert (await writing.log.read_at(writing.topic, 0, later)).value == b"kept"
