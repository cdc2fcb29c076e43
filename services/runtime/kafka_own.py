"""Sharing a topic's partitions as a Kafka consumer group (classic protocol, all revoked at each rebalance).

Three habits of aiokafka shape this file. Exceptions in rebalance callbacks are logged and swallowed: ours are
kept and raised by the next `read`. And a fetch can begin before the assigned callback runs, from the offset
the group remembers: records are delivered only when they continue the position that the listener gave. And nothing public says how a
member stands with its group: its coordinator is asked (`membership`).
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.abc import ConsumerRebalanceListener
from aiokafka.errors import ConsumerStoppedError, KafkaError

from services.runtime import kafka_faults
from services.runtime.kafka_access import KafkaAccess
from services.runtime.kafka_counts import KafkaCounts, Reader
from services.runtime.kafka_tail import Patience, reads_our_records, stop
from services.runtime.log import LogError, LogUnavailable, Membership, OwnershipListener, Record

SESSION_TIMEOUT_MS = 10_000
HEARTBEAT_MS = 3_000
HINT_SECONDS_MAX = 5.0


class KafkaOwnership:
    """One member of a group; implements `Ownership`. Make it with `join`."""

    def __init__(
        self,
        consumer: Any,
        bootstrap: KafkaAccess,
        topic: str,
        listener: OwnershipListener,
        *,
        session_timeout_ms: int,
        away_ms_max: int,
        forget: Callable[[KafkaOwnership], None],
        counts: KafkaCounts,
    ) -> None:
        self._counts, self._reader = counts, Reader(counts, topic)
        self._consumer = consumer
        self._session_seconds = session_timeout_ms / 1000
        self._beaten_at = time.monotonic()
        self._was_member = False
        _listen_to_heartbeats(consumer, self._beaten)
        self._bootstrap = bootstrap
        self._topic = topic
        self._listener = listener
        self._forget = forget
        self._next: dict[int, int] = {}
        self._paused: set[int] = set()
        self._gaps: dict[int, int] = {}
        self._fault: Exception | None = None
        self._fetch: asyncio.Task[Any] | None = None
        self._closed = False
        self._patience = Patience(consumer, bootstrap, away_ms_max)

    @classmethod
    async def join(
        cls,
        bootstrap: KafkaAccess,
        client_id: str,
        topic: str,
        group: str,
        listener: OwnershipListener,
        *,
        session_timeout_ms: int,
        heartbeat_ms: int,
        away_ms_max: int,
        forget: Callable[[KafkaOwnership], None],
        counts: KafkaCounts,
    ) -> KafkaOwnership:
        consumer = AIOKafkaConsumer(
            **bootstrap.for_aiokafka(),
            client_id=client_id,
            group_id=group,
            enable_auto_commit=False,
            auto_offset_reset="none",
            session_timeout_ms=session_timeout_ms,
            heartbeat_interval_ms=heartbeat_ms,
        )
        try:
            async with asyncio.timeout(kafka_faults.CONNECT_MS_MAX / 1000):
                await consumer.start()
        except (KafkaError, OSError, TimeoutError) as error:
            await stop(consumer)
            raise kafka_faults.away(bootstrap, error) from error
        reads_our_records(consumer)
        member = cls(
            consumer,
            bootstrap,
            topic,
            listener,
            session_timeout_ms=session_timeout_ms,
            away_ms_max=away_ms_max,
            forget=forget,
            counts=counts,
        )
        consumer.subscribe([topic], listener=_Callbacks(member))
        return member

    async def read(self, *, records_max: int = 500, wait_ms: int = 200) -> list[Record]:
        if self._closed:
            raise LogUnavailable(f"this member of {self._topic} has been closed")
        if self._fetch is None:
            # During a rebalance getmany waits for its end, however long; cancelling it might lose records,
            # so a fetch that outlives its read is picked up by the next one.
            self._fetch = asyncio.create_task(
                self._consumer.getmany(timeout_ms=wait_ms, max_records=records_max), name="own fetch"
            )
        await asyncio.wait([self._fetch], timeout=wait_ms / 1000 + 0.1)
        if self._fault is not None:
            raise self._fault
        if self._fetch is None or not self._fetch.done():
            return []
        fetch, self._fetch = self._fetch, None
        try:
            found = fetch.result()
        except ConsumerStoppedError as error:
            raise LogUnavailable(f"this member of {self._topic} has been closed") from error
        except KafkaError as error:
            self._counts.fetches["failed"] += 1
            raise kafka_faults.of_read(self._bootstrap, self._topic, error) from error
        self._counts.fetches["records" if found else "nothing"] += 1
        if found:
            self._patience.heard()
            continued = [record for records in found.values() for record in self._continuing(records)]
            newest_ms = [records[-1].timestamp_ms for records in found.values()]
            self._reader.read(newest_ms, at_the_end=self._at_the_end())
            return continued
        self._reader.read((), at_the_end=self._at_the_end())
        waited_for = [TopicPartition(self._topic, p) for p in self._next if p not in self._paused]
        if waited_for:
            self._patience.check(waited_for)
        else:
            self._patience.heard()
        return []

    @property
    def owned(self) -> frozenset[int]:
        return frozenset(self._next)

    @property
    def membership(self) -> Membership:
        coordinator = self._consumer._coordinator
        if self._closed or coordinator._coordination_task.done():
            return Membership.LOST
        if not self._was_member:  # a new broker may take its time to find the group
            return Membership.JOINING
        silent = time.monotonic() - self._beaten_at > self._session_seconds
        if silent or coordinator.generation < 0:
            return Membership.LOST
        subscription = self._consumer._subscription.subscription
        if subscription is None or coordinator.need_rejoin(subscription):
            return Membership.JOINING
        return Membership.MEMBER

    def seek(self, partition: int, offset: int) -> None:
        if partition in self._next:
            self._next[partition] = offset
            self._gaps.pop(partition, None)
            with contextlib.suppress(KafkaError):  # a rebalance has begun; the next assignment asks anew
                self._consumer.seek(TopicPartition(self._topic, partition), offset)

    def pause(self, partition: int) -> None:
        if partition in self._next:
            self._paused.add(partition)
            with contextlib.suppress(KafkaError):
                self._consumer.pause(TopicPartition(self._topic, partition))

    def resume(self, partition: int) -> None:
        if partition in self._paused:
            self._paused.discard(partition)
            with contextlib.suppress(KafkaError):
                self._consumer.resume(TopicPartition(self._topic, partition))

    async def hint(self, partition: int, next_offset: int) -> None:
        if partition not in self._next:
            return
        result = "failed"
        with contextlib.suppress(KafkaError, TimeoutError):
            async with asyncio.timeout(HINT_SECONDS_MAX):
                await self._consumer.commit({TopicPartition(self._topic, partition): next_offset})
            result = "done"
        self._counts.commits[result] += 1

    async def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        self._revoked()
        await stop(self._consumer)
        if self._fetch is not None:
            self._fetch.cancel()
            await asyncio.wait([self._fetch])
            if not self._fetch.cancelled():
                self._fetch.exception()
        self._forget(self)

    def _at_the_end(self) -> bool:
        """Whether every partition owned is read, and to its end as far as its broker has told it."""
        places = {TopicPartition(self._topic, partition): at for partition, at in self._next.items()}
        if not places or self._paused or places.keys() - self._consumer.assignment():
            return False
        ends = {place: self._consumer.highwater(place) for place in places}
        return all(end is not None and places[place] >= end for place, end in ends.items())

    def _continuing(self, records: list[Record]) -> list[Record]:
        """The records that continue their partition's position; others were fetched from an older one.

        A first record beyond the position is asked for once more, from the position. When the log answers
        the same again, the records between are gone (compaction), and reading goes on.
        """
        partition = records[0].partition
        at = self._next.get(partition)
        if at is None or partition in self._paused:
            if at is not None:
                self.seek(partition, at)
            return []
        first = records[0].offset
        if first != at and self._gaps.get(partition) != first:
            self.seek(partition, at)
            self._gaps[partition] = first
            return []
        self._next[partition] = records[-1].offset + 1
        self._gaps.pop(partition, None)
        return records

    def _assigned(self, partitions: list[int]) -> None:
        """Seeks before anything is awaited: with no reset policy a fetch without a position is an error."""
        self._paused.clear()
        self._gaps.clear()
        self._next = dict.fromkeys(partitions, 0)
        positions = self._listener.assigned(partitions) if partitions else {}
        if missing := [p for p in partitions if p not in positions]:
            raise LogError(f"the listener gave no position for partitions {missing} of {self._topic}")
        for partition in partitions:
            self._next[partition] = positions[partition]
            self._consumer.seek(TopicPartition(self._topic, partition), positions[partition])
        self._patience.heard()
        self._reader.begin()
        self._was_member = True
        self._beaten()

    def _revoked(self) -> None:
        gone = sorted(self._next)
        self._reader.end()
        self._next.clear()
        self._paused.clear()
        if gone:
            self._listener.revoked(gone)

    def _failed(self, error: Exception) -> None:
        self._fault = error

    def _beaten(self) -> None:
        """The group's coordinator has answered a heartbeat, or a join."""
        self._beaten_at = time.monotonic()


def _listen_to_heartbeats(consumer: Any, beaten: Callable[[], None]) -> None:
    """Has `beaten` called for each heartbeat that was answered; aiokafka keeps that to itself."""
    coordinator = consumer._coordinator
    ask = coordinator._do_heartbeat

    async def heartbeat() -> bool:
        answered = bool(await ask())
        if answered:
            beaten()
        return answered

    coordinator._do_heartbeat = heartbeat


class _Callbacks(ConsumerRebalanceListener):  # type: ignore[misc]
    """Hands aiokafka's callbacks on, at once and without a pause."""

    def __init__(self, member: KafkaOwnership) -> None:
        self._member = member

    def on_partitions_revoked(self, revoked: Any) -> None:  # noqa: ARG002 - aiokafka's signature; all are revoked
        try:
            self._member._revoked()
        except Exception as error:
            self._member._failed(error)

    def on_partitions_assigned(self, assigned: Any) -> None:
        try:
            self._member._assigned(sorted(partition.partition for partition in assigned))
        except Exception as error:
            self._member._failed(error)
