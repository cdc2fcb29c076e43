"""Reading Kafka at explicit positions with a consumer that belongs to no group."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.consumer.fetcher import FetchResult
from aiokafka.errors import ConsumerStoppedError, KafkaError

from services.runtime import kafka_faults
from services.runtime.ending import ended_within
from services.runtime.kafka_access import KafkaAccess
from services.runtime.kafka_counts import KafkaCounts
from services.runtime.kafka_faults import CLOSE_SECONDS_MAX
from services.runtime.log import LogError, LogUnavailable, Record


def _record_of(place: TopicPartition, found: Any) -> Record:
    """Kafka's null key or value is read as empty; an empty value is a tombstone."""
    key, value = found.key or b"", found.value or b""
    return Record(place.topic, place.partition, found.offset, key, value, found.timestamp)


class _Fetched(OrderedDict[TopicPartition, Any]):
    """What a consumer keeps of its fetches by partition; their records are made as ours, not as its own of eleven fields first."""

    def __setitem__(self, place: TopicPartition, found: Any) -> None:
        if isinstance(found, FetchResult):
            found._partition_records._consumer_record = _record_of
        super().__setitem__(place, found)


def reads_our_records(consumer: Any) -> None:
    """Has a consumer that was started and reads nothing yet answer with `Record`s."""
    consumer._fetcher._records = _Fetched()


async def stop(consumer: Any) -> None:
    """Ends a consumer within a bound, whatever state it is in."""
    raised = await ended_within(CLOSE_SECONDS_MAX, consumer.stop())
    if isinstance(raised, Exception) and not isinstance(raised, KafkaError | OSError | TimeoutError):
        raise raised


class Patience:
    """Tells silence from absence: a broker that lives answers every fetch, if only with nothing."""

    def __init__(self, consumer: Any, bootstrap: KafkaAccess, away_ms_max: int) -> None:
        self._consumer = consumer
        self._bootstrap = bootstrap
        self._away_ms_max = away_ms_max
        self._heard_ms = time.time() * 1000

    def heard(self) -> None:
        self._heard_ms = time.time() * 1000

    def check(self, partitions: Iterable[TopicPartition]) -> None:
        """Raises LogUnavailable when no partition's fetch has been answered for too long."""
        for partition in self._consumer.assignment() & set(partitions):
            answered_ms = self._consumer.last_poll_timestamp(partition)
            if answered_ms is not None:
                self._heard_ms = max(self._heard_ms, answered_ms)
        if time.time() * 1000 - self._heard_ms > self._away_ms_max:
            raise kafka_faults.away(self._bootstrap, f"silent for over {self._away_ms_max} ms")


class KafkaTail:
    """Implements `Tail`; make it with `open`."""

    def __init__(
        self,
        consumer: Any,
        bootstrap: KafkaAccess,
        topic: str,
        partitions: Iterable[int],
        away_ms_max: int,
        forget: Callable[[KafkaTail], None],
        counts: KafkaCounts,
    ) -> None:
        self._counts = counts
        self._consumer = consumer
        self._bootstrap = bootstrap
        self._topic = topic
        self._forget = forget
        self._partitions = [TopicPartition(topic, partition) for partition in partitions]
        self._resting: set[TopicPartition] = set()
        self._patience = Patience(consumer, bootstrap, away_ms_max)

    @classmethod
    async def open(
        cls,
        bootstrap: KafkaAccess,
        client_id: str,
        topic: str,
        positions: Mapping[int, int],
        *,
        away_ms_max: int,
        forget: Callable[[KafkaTail], None],
        abandon: Callable[[Any], None],
        counts: KafkaCounts,
    ) -> KafkaTail:
        """Who stops waiting for it is not kept: `abandon` gets the consumer, to be stopped meanwhile."""
        consumer = AIOKafkaConsumer(
            **bootstrap.for_aiokafka(),
            client_id=client_id,
            enable_auto_commit=False,
            auto_offset_reset="none",
        )
        try:
            async with asyncio.timeout(kafka_faults.CONNECT_MS_MAX / 1000):
                await consumer.start()
        except (KafkaError, OSError, TimeoutError) as error:
            await stop(consumer)
            raise kafka_faults.away(bootstrap, error) from error
        except asyncio.CancelledError:
            abandon(consumer)
            raise
        reads_our_records(consumer)
        tail = cls(consumer, bootstrap, topic, positions, away_ms_max, forget, counts)
        if positions:
            consumer.assign(tail._partitions)
            for partition, offset in positions.items():
                tail.seek(partition, offset)
        return tail

    async def read(self, *, records_max: int = 500, wait_ms: int = 200) -> list[Record]:
        if self._resting.issuperset(self._partitions):  # there may be none at all
            await asyncio.sleep(wait_ms / 1000)
            return []
        try:
            found = await self._consumer.getmany(timeout_ms=wait_ms, max_records=records_max)
        except ConsumerStoppedError as error:
            raise LogUnavailable(f"this reader of {self._topic} has been closed") from error
        except KafkaError as error:
            self._counts.fetches["failed"] += 1
            raise kafka_faults.of_read(self._bootstrap, self._topic, error) from error
        self._counts.fetches["records" if found else "nothing"] += 1
        if found:
            self._patience.heard()
            return [record for records in found.values() for record in records]
        self._patience.check(self._partitions)
        return []

    def seek(self, partition: int, offset: int) -> None:
        if offset < 0:
            raise kafka_faults.lost(self._topic, partition, offset)
        known = TopicPartition(self._topic, partition)
        try:
            self._consumer.seek(known, offset)
        except KafkaError as error:
            raise LogError(f"partition {partition} of {self._topic} is not read by this tail") from error
        self._patience.heard()  # nobody was asked while it rested, or while what had been read lay there
        if known in self._resting:
            self._resting.discard(known)
            self._consumer.resume(known)

    def rest(self, partition: int) -> None:
        known = TopicPartition(self._topic, partition)
        try:
            self._consumer.pause(known)
        except KafkaError as error:
            raise LogError(f"partition {partition} of {self._topic} is not read by this tail") from error
        self._resting.add(known)

    async def close(self) -> None:
        try:
            await stop(self._consumer)
        finally:
            self._forget(self)
