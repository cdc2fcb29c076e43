"""What is told when the log cannot be reached, and that it goes on afterwards by itself."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from services.runtime import broker
from services.runtime.kafka_log import KafkaLog
from services.runtime.log import LogError, LogUnavailable, OutcomeUnknown, TopicSpec
from services.runtime.ports import free_port
from services.runtime.sqlite_log import SqliteLog
from tests.conformance.places import SECONDS_MAX, Driven, Memory, Place, WholeLog, eventually, read_until

TOPIC = "test.away.v1"


@pytest.fixture
def own_broker(kafka_bootstrap: str, kafka_state: Path, tmp_path: Path) -> Iterator[broker.Broker]:
    """A broker that a test may stop and kill without disturbing the others."""
    started = broker.start(kafka_state / tmp_path.name, port=0)
    yield started
    started.stop()


async def test_a_folder_that_does_not_exist_is_named(tmp_path: Path) -> None:
    with pytest.raises(LogUnavailable, match=r"nowhere/log.db.*folder exists"):
        await SqliteLog.open(tmp_path / "nowhere" / "log.db")


async def test_a_file_that_is_something_else_is_left_alone(tmp_path: Path) -> None:
    other = tmp_path / "letter.txt"
    other.write_bytes(b"Dear customer, " * 100)

    with pytest.raises(LogError, match=r"letter.txt is not a log"):
        await SqliteLog.open(other)
    assert other.read_bytes().startswith(b"Dear customer, ")


async def test_a_sqlite_log_that_another_holds_answers_in_time(tmp_path: Path) -> None:
    import sqlite3

    path = tmp_path / "log.db"
    async with Place("sqlite", str(path)).log(append_deadline_ms=300) as log:
        await log.create_topics([TopicSpec(TOPIC, 1)])
        rival = sqlite3.connect(path, isolation_level=None)
        rival.execute("BEGIN IMMEDIATE")
        with pytest.raises((LogUnavailable, OutcomeUnknown)):
            await asyncio.wait_for(log.append(TOPIC, 0, b"k", b"v"), 10)
        rival.execute("ROLLBACK")
        rival.close()

        await log.append(TOPIC, 0, b"k", b"w")
        assert (await read_until(await log.tail(TOPIC, {0: 0}), 1))[-1].value in (b"v", b"w")


@pytest.mark.kafka
async def test_an_address_where_nobody_listens_is_named() -> None:
    address = f"127.0.0.1:{free_port()}"

    with pytest.raises(LogUnavailable, match=rf"Kafka at {address} does not answer.*make kafka-up"):
        await asyncio.wait_for(KafkaLog.connect(address), 20)


async def test_all_recovers_when_the_broker_was_stopped_and_started(own_broker: broker.Broker) -> None:
    place = Place("kafka", own_broker.bootstrap)
    async with place.log(append_deadline_ms=1_000, away_ms_max=1_000, answer_ms_max=1_000) as log:
        await log.create_topics([TopicSpec(TOPIC, 1)])
        tail = await log.tail(TOPIC, {0: 0})
        await log.append(TOPIC, 0, b"k", b"before")
        assert [r.value for r in await read_until(tail, 1)] == [b"before"]

        await asyncio.to_thread(own_broker.stop)
        with pytest.raises((LogUnavailable, OutcomeUnknown), match=own_broker.bootstrap):
            await asyncio.wait_for(log.append(TOPIC, 0, b"k", b"perhaps"), 30)
        with pytest.raises(LogUnavailable, match=own_broker.bootstrap):
            await log.end_offset(TOPIC, 0)
        with pytest.raises(LogUnavailable, match=own_broker.bootstrap):
            while True:
                await tail.read()

        await asyncio.to_thread(own_broker.restart)
        await until_appended(log, b"after")
        values: list[bytes] = []
        while b"after" not in values:
            values += [r.value for r in await read_until(tail, 1)]
        assert set(values) <= {b"perhaps", b"after"}


async def until_appended(appender: WholeLog, value: bytes) -> int:
    """Repeats the append as a source would, until it is acknowledged."""
    deadline = asyncio.get_running_loop().time() + SECONDS_MAX
    while True:
        try:
            offset = await appender.append(TOPIC, 0, b"k", value)
        except (LogUnavailable, OutcomeUnknown):
            assert asyncio.get_running_loop().time() < deadline, "appends did not recover"
            await asyncio.sleep(0.05)
        else:
            return offset


async def test_a_short_outage_is_not_noticed_by_appends(own_broker: broker.Broker) -> None:
    async with Place("kafka", own_broker.bootstrap).log(append_deadline_ms=15_000) as log:
        await log.create_topics([TopicSpec(TOPIC, 1)])
        await log.append(TOPIC, 0, b"k", b"0")
        await asyncio.to_thread(own_broker.stop)
        futures = [log.append(TOPIC, 0, b"k", b"%d" % n) for n in range(1, 100)]
        await asyncio.to_thread(own_broker.restart)

        assert await asyncio.gather(*futures) == list(range(1, 100))


async def test_a_broker_killed_under_load_loses_nothing_that_was_acknowledged(
    own_broker: broker.Broker,
) -> None:
    """Every acknowledged record stands where its offset says; offsets are dense; others are there once or not."""
    told: dict[int, int] = {}
    async with Place("kafka", own_broker.bootstrap).log(
        append_deadline_ms=2_000, records_in_flight_max=200
    ) as log:
        await log.create_topics([TopicSpec(TOPIC, 1)])
        sent = 0

        async def send(number: int) -> None:
            try:
                told[number] = await log.append(TOPIC, 0, b"k", b"%d" % number)
            except LogError:
                return

        async def load() -> None:
            nonlocal sent
            while True:
                await asyncio.gather(*(send(sent + n) for n in range(100)))
                sent += 100

        loading = asyncio.create_task(load())
        for _ in range(2):
            before = len(told)
            await eventually(lambda before=before: len(told) > before + 500)  # type: ignore[misc]
            await asyncio.to_thread(own_broker.kill)
            await asyncio.sleep(0.5)  # let appends meet the outage
            await asyncio.to_thread(own_broker.restart)
        before = len(told)
        await eventually(lambda: len(told) > before + 500)
        loading.cancel()
        await asyncio.wait([loading])

        end = await log.end_offset(TOPIC, 0)
        records = await read_until(await log.tail(TOPIC, {0: 0}), end)
        assert [r.offset for r in records] == list(range(len(records)))
        assert {n: int(records[offset].value) for n, offset in told.items()} == {n: n for n in told}
        numbers = [int(r.value) for r in records]
        assert len(numbers) == len(set(numbers))


async def test_a_member_goes_on_after_the_broker_was_restarted(own_broker: broker.Broker) -> None:
    async with Place("kafka", own_broker.bootstrap).log(away_ms_max=60_000) as log:
        await log.create_topics([TopicSpec(TOPIC, 1)])
        one = Driven(await log.own(TOPIC, "g", Memory()))
        await until_appended(log, b"before")
        await eventually(lambda: [r.value for r in one.records] == [b"before"])

        await asyncio.to_thread(own_broker.restart)
        await until_appended(log, b"after")

        await eventually(lambda: b"after" in [r.value for r in one.records])
        await one.close()
