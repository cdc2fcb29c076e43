from __future__ import annotations

import asyncio

import pytest

from services.runtime.log import PositionLost
from tests.conformance.places import Place, WholeLog


async def test_start_and_end_follow_appends_and_retention(log: WholeLog, topic: str) -> None:
    assert (await log.start_offset(topic, 0), await log.end_offset(topic, 0)) == (0, 0)

    for n in range(6):
        await log.append(topic, 0, b"k", b"%d" % n)
    await log.delete_before(topic, 0, 2)

    assert (await log.start_offset(topic, 0), await log.end_offset(topic, 0)) == (2, 6)
    assert (await log.start_offset(topic, 1), await log.end_offset(topic, 1)) == (0, 0)


async def test_a_record_is_read_by_its_position(log: WholeLog, topic: str) -> None:
    await asyncio.gather(*(log.append(topic, 2, b"key%d" % n, b"value%d" % n) for n in range(100)))

    found = await asyncio.gather(*(log.read_at(topic, 2, n) for n in (0, 42, 99, 7, 63, 1)))

    assert [(r.offset, r.key, r.value) for r in found] == [
        (n, b"key%d" % n, b"value%d" % n) for n in (0, 42, 99, 7, 63, 1)
    ]


async def test_what_comes_along_follows_the_record_asked_for(log: WholeLog, topic: str) -> None:
    await asyncio.gather(*(log.append(topic, 2, b"key%d" % n, b"value%d" % n) for n in range(100)))
    await log.append(topic, 3, b"k", b"another partition's")

    for offset, records_max in ((0, 500), (42, 500), (42, 7), (99, 500), (7, 1)):
        found = await log.read_along(topic, 2, offset, records_max=records_max)

        assert 1 <= len(found) <= min(records_max, 100 - offset)
        assert [(r.topic, r.partition, r.offset, r.key, r.value) for r in found] == [
            (topic, 2, n, b"key%d" % n, b"value%d" % n) for n in range(offset, offset + len(found))
        ]


async def test_what_comes_along_is_little(log: WholeLog, topic: str) -> None:
    for n in range(4):
        await log.append(topic, 0, b"k", bytes([n]) * 60_000)

    found = await log.read_along(topic, 0, 1)

    assert found[0].value == b"\x01" * 60_000
    assert len(found) <= 2


@pytest.mark.parametrize("offset", [-1, 1, 2, 5, 6, 1_000])
async def test_a_position_outside_the_log_is_lost(log: WholeLog, topic: str, offset: int) -> None:
    """The log holds 3 and 4: 0-2 were removed, 5 is the end."""
    await asyncio.gather(*(log.append(topic, 0, b"k", b"v") for _ in range(5)))
    await log.delete_before(topic, 0, 3)

    with pytest.raises(PositionLost):
        await log.read_at(topic, 0, offset)
    with pytest.raises(PositionLost):
        await log.read_along(topic, 0, offset)
    assert (await log.read_at(topic, 0, 3)).offset == 3


async def test_offsets_go_on_after_everything_was_removed(log: WholeLog, topic: str) -> None:
    await asyncio.gather(*(log.append(topic, 0, b"k", b"v") for _ in range(3)))
    await log.delete_before(topic, 0, 3)

    assert await log.append(topic, 0, b"k", b"v") == 3


async def test_what_was_acknowledged_is_there_when_the_log_is_opened_again(
    place: Place, log: WholeLog, topic: str
) -> None:
    await log.append(topic, 0, b"k", b"kept")
    await log.close()

    async with place.log() as again:
        assert (await again.read_at(topic, 0, 0)).value == b"kept"
        assert await again.append(topic, 0, b"k", b"next") == 1
