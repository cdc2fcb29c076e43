"""Who is told to end does so, also when something else ends in the same moment."""

from __future__ import annotations

import asyncio

import pytest

from services.runtime.ending import ended, ended_within
from services.runtime.kafka_access import KafkaAccess
from services.runtime.kafka_log import KafkaLog


async def test_a_cancellation_that_comes_with_the_logs_answer_is_not_lost() -> None:
    """`asyncio.wait_for` of Python 3.11 would give the answer and go on: a router that was told to stop never did."""
    log = KafkaLog(
        KafkaAccess.of("127.0.0.1:1"),
        client_id="test",
        records_in_flight_max=1,
        append_deadline_ms=1_000,
        session_timeout_ms=6_000,
        heartbeat_ms=1_000,
        away_ms_max=1_000,
        answer_ms_max=60_000,
        replication_factor=1,
    )
    answer = asyncio.get_running_loop().create_future()
    asking = asyncio.ensure_future(log._bounded(answer))
    await asyncio.sleep(0)

    answer.set_result(7)
    asking.cancel()
    await asyncio.wait([asking])
    await log.close()

    assert asking.cancelled()


async def test_who_waits_for_a_task_to_end_can_still_be_cancelled() -> None:
    begun, may_end = asyncio.Event(), asyncio.Event()

    async def slow() -> None:
        try:
            begun.set()
            await asyncio.Event().wait()
        finally:
            await may_end.wait()

    task = asyncio.ensure_future(slow())
    await begun.wait()
    closing = asyncio.ensure_future(ended(task))
    await asyncio.sleep(0)
    closing.cancel()
    may_end.set()
    await asyncio.wait([closing, task])

    assert closing.cancelled()
    assert task.cancelled()


async def test_what_a_task_raised_before_it_was_ended_is_told() -> None:
    async def broken() -> None:
        raise RuntimeError("broken")

    task = asyncio.ensure_future(broken())
    await asyncio.wait([task])

    with pytest.raises(RuntimeError, match="broken"):
        await ended(task)


async def test_a_cancellation_within_an_ending_is_not_the_callers() -> None:
    """As of an aiokafka consumer that is ended before one of its tasks has begun."""

    async def ending() -> None:
        inner = asyncio.ensure_future(asyncio.sleep(60))
        inner.cancel()
        await inner

    assert isinstance(await ended_within(5, ending()), asyncio.CancelledError)


async def test_an_ending_is_cut_off_and_what_it_raised_is_told() -> None:
    cut = asyncio.Event()

    async def endless() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            cut.set()

    async def broken() -> None:
        raise RuntimeError("broken")

    assert isinstance(await ended_within(0.01, endless()), TimeoutError)
    await cut.wait()
    assert isinstance(await ended_within(5, broken()), RuntimeError)


async def test_who_waits_for_an_ending_can_still_be_cancelled() -> None:
    waiting = asyncio.ensure_future(ended_within(60, asyncio.sleep(60)))
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.wait([waiting])

    assert waiting.cancelled()
