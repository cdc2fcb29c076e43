"""CloudEvents from a real topic: committed once they are durable, and no sooner."""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from cloudevents.core.bindings import kafka
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent
from prometheus_client import CollectorRegistry

from services.intake.build import build
from services.intake.canonical import Known
from services.intake.channels.cloudevents import KAFKA_BOOTSTRAP, KAFKA_GROUP, KAFKA_TOPIC
from services.intake.doors.cloudevents_kafka import RECORDS_MAX, CloudEventsTopic
from services.intake.doors.steadfast import Steadfast
from services.intake.measures import Measures
from services.intake.publish import Publisher
from services.intake.taking import Taker
from services.runtime.clock import WallClock
from services.runtime.dead_letters import DeadLetters
from services.runtime.kafka_log import KafkaLog
from services.runtime.log import LogUnavailable, TopicSpec
from tests.unit.intake.world import MemoryLog, interpreter, needs, settings

pytestmark = [pytest.mark.kafka, pytest.mark.slow]
SECONDS_MAX = 60
PARTITIONS = 3
CONTACT = {"channel": "social", "medium": "webchat", "account": "shop", "text": "Where is my parcel?"}


@dataclass
class Place:
    """A topic of its own, and the log that facts go to."""

    bootstrap: str
    topic: str = field(default_factory=lambda: f"events-{uuid.uuid4().hex[:12]}")
    log: MemoryLog = field(default_factory=MemoryLog)

    @classmethod
    async def make(cls, bootstrap: str) -> Place:
        place = cls(bootstrap)
        log = await KafkaLog.connect(bootstrap)
        await log.create_topics([TopicSpec(place.topic, 1)])
        await log.close()
        return place

    @property
    def known(self) -> Known:
        return Known(
            values={
                KAFKA_BOOTSTRAP.name: (self.bootstrap,),
                KAFKA_TOPIC.name: (self.topic,),
                KAFKA_GROUP.name: (f"group-{self.topic}",),
            }
        )

    @asynccontextmanager
    async def member(self) -> AsyncIterator[None]:
        """A member of the group at work, as `build` makes it."""
        intake = build(
            settings(known=self.known),
            clock=WallClock(),
            appender=self.log,
            partitions=PARTITIONS,
            registry=CollectorRegistry(),
            needs=needs(),
        )
        ((name, run),) = [one for one in intake.work if one[0] == "cloudevents_kafka"]
        steadfast = getattr(run, "__self__", None)
        assert isinstance(steadfast, Steadfast)
        topic = getattr(steadfast.door, "__self__", None)
        assert isinstance(topic, CloudEventsTopic)
        topic.pause_first_ms = 50
        task = asyncio.create_task(run(), name=name)
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            await intake.close()

    async def write(self, *messages: kafka.KafkaMessage) -> None:
        producer = AIOKafkaProducer(bootstrap_servers=self.bootstrap)
        await producer.start()
        try:
            for one in messages:
                await producer.send_and_wait(self.topic, one.value, headers=list(one.headers.items()))
        finally:
            await producer.stop()

    async def committed(self) -> int:
        """Records that the group has done with."""
        consumer = AIOKafkaConsumer(bootstrap_servers=self.bootstrap, group_id=f"group-{self.topic}")
        await consumer.start()
        try:
            return await consumer.committed(TopicPartition(self.topic, 0)) or 0
        finally:
            await consumer.stop()


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(SECONDS_MAX):
        while not holds():
            await asyncio.sleep(0.05)


async def done(place: Place, count: int) -> None:
    async with asyncio.timeout(SECONDS_MAX):
        while await place.committed() < count:
            await asyncio.sleep(0.1)


def message(
    number: int, *, structured: bool = False, kind: str = "com.frontdesk.contact.message"
) -> kafka.KafkaMessage:
    event = CloudEvent(
        {"id": str(number), "source": "/chat", "type": kind, "datacontenttype": "application/json"}, CONTACT
    )
    return (kafka.to_structured if structured else kafka.to_binary)(event, JSONFormat())


def broken() -> kafka.KafkaMessage:
    return kafka.KafkaMessage(
        {"content-type": b"application/cloudevents+json"}, None, json.dumps([1]).encode()
    )


async def test_records_of_both_forms_become_facts_and_bad_ones_dead_letters(kafka_bootstrap: str) -> None:
    place = await Place.make(kafka_bootstrap)
    await place.write(message(1), broken(), message(2, structured=True), message(3, kind="com.example.other"))

    async with place.member():
        await done(place, 4)

    assert len(place.log.facts) == 2
    assert sorted(letter.reason for letter in place.log.letters) == ["unknown_event", "unreadable"]


async def test_what_is_committed_is_not_read_again_after_a_restart(kafka_bootstrap: str) -> None:
    place = await Place.make(kafka_bootstrap)
    await place.write(*(message(number) for number in range(RECORDS_MAX + 20)))
    async with place.member():
        await done(place, RECORDS_MAX + 20)
    await place.write(message(1_000))
    async with place.member():
        await done(place, RECORDS_MAX + 21)

    assert len(place.log.facts) == RECORDS_MAX + 21


@dataclass
class Asked(MemoryLog):
    """Counts how often it was."""

    count: int = 0

    def append(self, topic: str, partition: int, key: bytes, value: bytes) -> asyncio.Future[int]:
        self.count += 1
        return super().append(topic, partition, key, value)


async def test_nothing_is_committed_while_the_log_is_away_and_nothing_is_lost(kafka_bootstrap: str) -> None:
    place = await Place.make(kafka_bootstrap)
    log = place.log = Asked(fault=LogUnavailable("away"))
    await place.write(message(1), message(2))
    async with place.member():
        await until(lambda: log.count > 4)
        assert await place.committed() == 0
        log.fault = None
        await done(place, 2)

    assert len({fact.fact_id for fact in log.facts}) == 2


class Enough(Exception):
    """The test has seen enough pauses."""


class Pauses(WallClock):
    """A clock that writes down how long it was asked to wait, and does not."""

    def __init__(self) -> None:
        self.asked: list[float] = []

    async def sleep_ms(self, duration_ms: float) -> None:
        self.asked.append(duration_ms)
        if len(self.asked) == 8:
            raise Enough


async def test_brokers_that_are_away_are_waited_for_longer_and_longer_within_a_bound() -> None:
    place, pauses = Place("127.0.0.1:1"), Pauses()
    measures = Measures(CollectorRegistry())
    publisher = Publisher(place.log, PARTITIONS, DeadLetters(place.log, PARTITIONS), measures)
    topic = CloudEventsTopic(
        place.known, interpreter(known=place.known), Taker(publisher, measures, pauses), pauses, lambda: 1.0
    )

    with pytest.raises(Enough):
        await topic.run()

    assert pauses.asked == [1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000]
