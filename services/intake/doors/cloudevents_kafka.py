"""CloudEvents from a Kafka topic of yours: read as a group, committed only once their facts are durable.

A record that came to nothing is a dead letter and is committed too. While the log is away nothing is committed: the
group is left, joined again after a pause, and reads from where it stood; what comes twice has the same ids.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from dataclasses import dataclass
from random import random
from typing import Any

import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import CommitFailedError, IllegalStateError, KafkaError

from services.intake.backoff import Backoff, Random
from services.intake.canonical import Known
from services.intake.channels.cloudevents import (
    KAFKA_BOOTSTRAP,
    KAFKA_GROUP,
    KAFKA_PREFIX,
    KAFKA_SECURITY,
    KAFKA_TOPIC,
    SOURCE,
    record,
)
from services.intake.interpret import Interpreted, Interpreter
from services.intake.taking import Away, Taker
from services.runtime.clock import Clock
from services.runtime.kafka_access import KafkaAccess
from services.runtime.kafka_tail import stop

RECORDS_MAX = 100
"""Records taken at once; their facts are appended together, then they are committed."""
POLL_MS = 1_000
CONNECT_SECONDS_MAX = 30.0
PAUSE_FIRST_MS, PAUSE_LONGEST_MS = 1_000, 30_000
NAME = "cloudevents_kafka"

log = structlog.get_logger()


@dataclass
class CloudEventsTopic:
    """One member of the group."""

    known: Known
    interpreter: Interpreter
    taker: Taker
    clock: Clock
    random: Random = random
    pause_first_ms: int = PAUSE_FIRST_MS

    async def run(self) -> None:
        """Reads without end; pauses grow while the brokers or the log are away, and never longer than the bound."""
        backoff = Backoff(self.random, self.pause_first_ms, PAUSE_LONGEST_MS)
        while True:
            try:
                async for _ in self._batches():
                    backoff.succeeded()
            except (KafkaError, OSError, TimeoutError, Away) as error:
                log.warning("topic_away", door=NAME, error=type(error).__name__, failures=backoff.failures)
            await self.clock.sleep_ms(backoff.failed())

    async def _batches(self) -> AsyncIterator[int]:
        """One membership: yields after each batch that is durable and committed."""
        consumer = AIOKafkaConsumer(
            self.known.one(KAFKA_TOPIC),
            **access_of(self.known).for_aiokafka(),
            group_id=self.known.one(KAFKA_GROUP),
            client_id="frontdesk-intake",
            enable_auto_commit=False,
            auto_offset_reset="earliest",
        )
        try:
            async with asyncio.timeout(CONNECT_SECONDS_MAX):
                await consumer.start()
            while True:
                found = await consumer.getmany(timeout_ms=POLL_MS, max_records=RECORDS_MAX)
                for partition, records in found.items():
                    await self._take(records)
                    await _commit(consumer, partition, records[-1].offset + 1)
                    yield len(records)
        finally:
            await stop(consumer)

    async def _take(self, records: Sequence[Any]) -> None:
        """All of them durable on return; raises Away when one is not."""
        took = await asyncio.gather(*(self._one(one) for one in records), return_exceptions=True)
        for result in took:
            if isinstance(result, BaseException):
                raise result

    async def _one(self, raw: Any) -> Interpreted:
        value = raw.value or b""
        now_ms = self.clock.now_ms()

        def read() -> Interpreted:
            return self.interpreter.events(
                SOURCE, record(dict(raw.headers), value, self.known), value, now_ms
            )

        return await self.taker.take(SOURCE, value, read)


def access_of(known: Known) -> KafkaAccess:
    """How the brokers of the topic are reached; raises SettingsError."""
    given = {one.name: value for one in KAFKA_SECURITY if (value := known.one(one))}
    return KafkaAccess.from_env(given, known.one(KAFKA_BOOTSTRAP), prefix=KAFKA_PREFIX)


async def _commit(consumer: Any, partition: TopicPartition, offset: int) -> None:
    """A partition that went to another member meanwhile is read again there, with the same ids."""
    try:
        await consumer.commit({partition: offset})
    except (CommitFailedError, IllegalStateError) as error:
        log.info("commit_left", door=NAME, error=type(error).__name__)


def work(
    known: Known, interpreter: Interpreter, taker: Taker, clock: Clock, random: Random = random
) -> list[tuple[str, Callable[[], Coroutine[Any, Any, None]]]]:
    """The member, where brokers and a topic are set."""
    if not known.one(KAFKA_BOOTSTRAP) or not known.one(KAFKA_TOPIC):
        return []
    access_of(known)  # a fault of the settings is told at the start
    return [(NAME, CloudEventsTopic(known, interpreter, taker, clock, random).run)]
