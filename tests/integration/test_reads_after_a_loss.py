"""Single records are read on once a lost broker is back, and nobody waits for them beyond the bound."""

from __future__ import annotations

import asyncio
import random
import uuid
from collections.abc import Callable
from pathlib import Path

import pytest

from services.runtime import broker
from services.runtime.kafka_log import KafkaLog
from services.runtime.log import LogUnavailable, TopicSpec

pytestmark = [pytest.mark.kafka, pytest.mark.slow]
RECORDS, READERS = 100, 30
ANSWER_MS_MAX = 2_000
WAIT_SECONDS_MAX = 20.0
"""Of one reader for one record: its bound, and far more than a busy machine adds."""
BACK_SECONDS_MAX = 90.0


class Readers:
    """Thirty callers at once, as sessions of agents are; every third gives up now and then before it has an answer."""

    def __init__(self, log: KafkaLog, topic: str) -> None:
        self._log, self._topic, self._rng = log, topic, random.Random(1)
        self.read, self.refused, self.given_up = [0] * READERS, [0] * READERS, 0
        self.longest_seconds = 0.0

    async def reader(self, number: int) -> None:
        loop = asyncio.get_running_loop()
        while True:
            began, offset = loop.time(), self._rng.randrange(RECORDS)
            patience = self._rng.choice((0.0, 0.002, 0.05, None)) if number % 3 == 0 else None
            try:
                async with asyncio.timeout(patience):
                    record = await self._log.read_at(self._topic, 0, offset)
                assert record.value == b"%d" % offset
                self.read[number] += 1
            except LogUnavailable:
                self.refused[number] += 1
            except TimeoutError:
                self.given_up += 1
            self.longest_seconds = max(self.longest_seconds, loop.time() - began)
            await asyncio.sleep(0.02)

    async def all_read_again(self) -> None:
        """Returns once each has read three more; raises TimeoutError."""
        before = list(self.read)
        await _until(lambda: all(now >= then + 3 for now, then in zip(self.read, before, strict=True)))

    async def all_were_refused(self) -> None:
        await _until(lambda: all(self.refused))


async def _until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(BACK_SECONDS_MAX):
        while not holds():
            await asyncio.sleep(0.05)


@pytest.mark.usefixtures("kafka_bootstrap")  # skips or fails where no broker can be had
async def test_everybody_reads_on_after_the_loss_of_the_only_broker(kafka_state: Path) -> None:
    if not await asyncio.to_thread(broker.can_run):
        pytest.skip("a broker was given, and none of our own can be started to be killed")
    own = await asyncio.to_thread(broker.start, kafka_state / "reads", port=0)
    try:
        log = await KafkaLog.connect(own.bootstrap, answer_ms_max=ANSWER_MS_MAX)
        try:
            readers = await _through_a_loss(log, own)
        finally:
            await log.close()
    finally:
        await asyncio.to_thread(own.stop)
    assert readers.given_up > 0
    assert readers.longest_seconds < WAIT_SECONDS_MAX


async def _through_a_loss(log: KafkaLog, own: broker.Broker) -> Readers:
    topic = f"facts-{uuid.uuid4().hex[:8]}"
    await log.create_topics([TopicSpec(topic, 1)])
    await asyncio.gather(*(log.append(topic, 0, b"acme", b"%d" % n) for n in range(RECORDS)))
    readers = Readers(log, topic)
    async with asyncio.TaskGroup() as group:  # ends at once when a reader fails
        reading = [group.create_task(readers.reader(number)) for number in range(READERS)]
        await readers.all_read_again()
        await asyncio.to_thread(own.kill)
        await readers.all_were_refused()
        await asyncio.to_thread(own.restart)
        await readers.all_read_again()
        for one in reading:
            one.cancel()
    return readers
