"""What a process tells of its clients of Kafka, on a real broker that is then killed."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from services.runtime import broker
from services.runtime.in_flight import RECORDS_IN_FLIGHT_MAX
from services.runtime.kafka_counts import KafkaCounts
from services.runtime.kafka_log import KafkaLog
from services.runtime.log import LogError, TopicSpec
from tests.conformance.places import Memory

pytestmark = [pytest.mark.kafka, pytest.mark.slow]
SECONDS_MAX = 30.0


@pytest.mark.usefixtures("kafka_bootstrap")  # skips or fails where no broker can be had
async def test_appends_commits_and_delays_are_told_with_what_became_of_them(
    kafka_state: Path,
) -> None:
    if not broker.can_run():
        pytest.skip("a broker was given, and none of our own can be started to be killed")
    own = await asyncio.to_thread(broker.start, kafka_state / "counts", port=0)
    counts, topic = KafkaCounts(), f"facts-{uuid.uuid4().hex[:8]}"
    log = await KafkaLog.connect(own.bootstrap, counts=counts, append_deadline_ms=2_000)
    try:
        await log.create_topics([TopicSpec(topic, 1)])
        await asyncio.gather(*(log.append(topic, 0, b"acme", b"%d" % number) for number in range(600)))
        (waiting, bound), *_ = counts.buffers.values()
        assert (counts.appends["durable"], waiting()) == (600, 0)
        assert bound == RECORDS_IN_FLIGHT_MAX

        member = await log.own(topic, f"group-{topic}", Memory())
        await until(lambda: reading(member.read, lambda: bool(member.owned)))
        member.pause(0)  # as a router does that has still to read what was decided
        await reading(member.read, lambda: True)
        assert phases(counts) == ["starting"]
        member.resume(0)
        await until(lambda: reading(member.read, lambda: phases(counts) == ["running"]))
        await log.append(topic, 0, b"acme", b"one more")
        await until(lambda: reading(member.read, lambda: 0 < delay_of(counts) < 60))
        await until(
            lambda: reading(member.read, lambda: delay_of(counts) == 0)
        )  # nothing new: nothing is late
        await member.hint(0, 600)
        assert counts.commits.total() == 1

        await asyncio.to_thread(own.kill)
        late = log.append(topic, 0, b"acme", b"late")
        assert waiting() == 1
        with pytest.raises(LogError):
            await late
        await log.close()  # whoever gave the producer up answers the same append once more
        assert counts.appends["unknown"] + counts.appends["failed"] == 1
        assert counts.appends["durable"] == 601
        assert counts.producers_replaced == counts.appends["unknown"]
        assert phases(counts) == []
    finally:
        await log.close()
        await asyncio.to_thread(own.stop)


def phases(counts: KafkaCounts) -> list[str]:
    return [reader.phase for reader in counts.readers]


def delay_of(counts: KafkaCounts) -> float:
    return max(reader.delay_seconds for reader in counts.readers)


async def reading(read: Callable[[], Awaitable[object]], done: Callable[[], bool]) -> bool:
    await read()
    return done()


async def until(done: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(SECONDS_MAX):
        while not await done():
            pass
