from __future__ import annotations

import asyncio

import pytest

from services.runtime.log import LogUnavailable, PositionLost
from tests.conformance.places import Place, WholeLog, read_until


async def fill(log: WholeLog, topic: str, count: int, partition: int = 0) -> None:
    await asyncio.gather(*(log.append(topic, partition, b"k", b"%d" % n) for n in range(count)))


async def test_reads_from_its_position_and_goes_on_with_what_comes_later(log: WholeLog, topic: str) -> None:
    await fill(log, topic, 10)
    tail = await log.tail(topic, {0: 7})

    assert [r.offset for r in await read_until(tail, 3)] == [7, 8, 9]
    await log.append(topic, 0, b"k", b"later")
    assert [(r.offset, r.value) for r in await read_until(tail, 1)] == [(10, b"later")]


async def test_a_waiting_read_is_woken_by_an_append(log: WholeLog, topic: str) -> None:
    tail = await log.tail(topic, {0: 0})
    waiting = asyncio.create_task(tail.read(wait_ms=20_000))
    await asyncio.wait([waiting], timeout=0.05)

    await log.append(topic, 0, b"k", b"news")

    assert [r.value for r in await asyncio.wait_for(waiting, 30)] == [b"news"]


async def test_an_append_by_another_log_wakes_it_too(place: Place, log: WholeLog, topic: str) -> None:
    tail = await log.tail(topic, {0: 0})
    waiting = asyncio.create_task(tail.read(wait_ms=20_000))
    async with place.log() as other:
        await asyncio.wait([waiting], timeout=0.05)

        await other.append(topic, 0, b"k", b"from elsewhere")

        assert [r.value for r in await asyncio.wait_for(waiting, 30)] == [b"from elsewhere"]


async def test_nothing_new_is_an_empty_answer_in_time(log: WholeLog, topic: str) -> None:
    tail = await log.tail(topic, {0: 0, 1: 0})
    began = asyncio.get_running_loop().time()

    assert await tail.read(wait_ms=100) == []

    assert 0.09 <= asyncio.get_running_loop().time() - began < 10


async def test_all_partitions_are_read_each_in_order(log: WholeLog, topic: str) -> None:
    for partition in range(4):
        await fill(log, topic, 300, partition)
    tail = await log.tail(topic, dict.fromkeys(range(4), 0))

    records = await read_until(tail, 1_200, records_max=100)

    for partition in range(4):
        assert [r.offset for r in records if r.partition == partition] == list(range(300))


async def test_one_read_gives_no_more_than_asked_for(log: WholeLog, topic: str) -> None:
    await fill(log, topic, 50)
    tail = await log.tail(topic, {0: 0})

    assert len(await read_until(tail, 1, records_max=20)) == 20
    assert len(await read_until(tail, 30, records_max=20)) == 30


async def test_two_tails_do_not_know_of_each_other(log: WholeLog, topic: str) -> None:
    await fill(log, topic, 10)
    one, two = await log.tail(topic, {0: 0}), await log.tail(topic, {0: 5})

    assert len(await read_until(one, 10)) == 10
    assert [r.offset for r in await read_until(two, 5)] == [5, 6, 7, 8, 9]
    assert await one.read(wait_ms=10) == []


async def test_seek_moves_one_partition_and_leaves_the_others(log: WholeLog, topic: str) -> None:
    await fill(log, topic, 5, 0)
    await fill(log, topic, 5, 1)
    tail = await log.tail(topic, {0: 0, 1: 0})
    await read_until(tail, 10)

    tail.seek(0, 3)

    assert [(r.partition, r.offset) for r in await read_until(tail, 2)] == [(0, 3), (0, 4)]


async def test_the_end_is_a_position_and_beyond_it_is_lost(log: WholeLog, topic: str) -> None:
    await fill(log, topic, 3)
    at_the_end = await log.tail(topic, {0: 3})
    beyond = await log.tail(topic, {0: 4})

    assert await at_the_end.read(wait_ms=50) == []
    with pytest.raises(PositionLost):
        await beyond.read(wait_ms=5_000)


async def test_what_retention_removed_is_lost(log: WholeLog, topic: str) -> None:
    await fill(log, topic, 10)
    await log.delete_before(topic, 0, 4)

    with pytest.raises(PositionLost):
        await (await log.tail(topic, {0: 3})).read(wait_ms=5_000)
    assert (await read_until(await log.tail(topic, {0: 4}), 6))[0].offset == 4


async def test_after_a_lost_position_a_seek_mends_the_tail(log: WholeLog, topic: str) -> None:
    await fill(log, topic, 10)
    await log.delete_before(topic, 0, 4)
    tail = await log.tail(topic, {0: 0})
    with pytest.raises(PositionLost):
        await tail.read(wait_ms=5_000)

    tail.seek(0, await log.start_offset(topic, 0))

    assert [r.offset for r in await read_until(tail, 6)] == [4, 5, 6, 7, 8, 9]


async def test_a_closed_tail_says_so(log: WholeLog, topic: str) -> None:
    tail = await log.tail(topic, {0: 0})
    await tail.close()

    with pytest.raises(LogUnavailable):
        await tail.read(wait_ms=10)


async def test_what_rests_is_not_read_until_it_is_sought(log: WholeLog, topic: str) -> None:
    await fill(log, topic, 3, 0)
    await fill(log, topic, 3, 1)
    tail = await log.tail(topic, {0: 0, 1: 0})
    tail.rest(1)

    assert {(r.partition, r.offset) for r in await read_until(tail, 3)} == {(0, 0), (0, 1), (0, 2)}
    assert await tail.read(wait_ms=50) == []
    tail.rest(0)
    assert await tail.read(wait_ms=50) == []

    await log.append(topic, 1, b"k", b"3")
    tail.seek(1, 2)
    assert [(r.partition, r.offset) for r in await read_until(tail, 2)] == [(1, 2), (1, 3)]


async def test_seek_wakes_a_read_that_waits_while_all_else_is_silent(log: WholeLog, topic: str) -> None:
    await fill(log, topic, 1, 1)
    tail = await log.tail(topic, {0: 0, 1: 0})
    tail.rest(1)
    waiting = asyncio.create_task(tail.read(wait_ms=20_000))
    await asyncio.wait([waiting], timeout=0.05)

    tail.seek(1, 0)

    assert [r.partition for r in await asyncio.wait_for(waiting, 30)] == [1]
