"""Appending through kafka-python's producer: intake's way, where the webhooks are.

An idempotent producer whose batch expired has used up a sequence number, and under a steady load it may never find
back (measured: after kill -9 of the broker every append failed for as long as the load went on). So an append
that failed with an unknown outcome has the producer replaced; what it still held was answered by the deadline.

It batches for 10 ms and sends from a thread of its own, which suits many small independent appends; the
router's hot path uses aiokafka (docs/decisions/0001-kafka-clients.md). Its buffer has no bound in bytes,
so the bound of records in flight here is the only one.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from functools import partial
from threading import Thread
from typing import Any

from kafka import KafkaProducer
from kafka import errors as client
from kafka.record import util as record_util

from services.runtime import kafka_faults, kafka_topics
from services.runtime.in_flight import APPEND_DEADLINE_MS, RECORDS_IN_FLIGHT_MAX, InFlight, Pending
from services.runtime.kafka_access import KafkaAccess
from services.runtime.kafka_faults import CLOSE_SECONDS_MAX, CONNECT_MS_MAX
from services.runtime.kafka_refusal import explained
from services.runtime.log import LogError, LogUnavailable, OutcomeUnknown, RecordTooLarge

LINGER_MS = 10
BATCH_BYTES_MAX = 262_144
METADATA_MS_MAX = 5_000
RENEW_SECONDS_MIN = 5.0
"""Time that a new producer has to connect before a failure counts against it; on a slow machine it needs it."""


class KafkaPythonAppender:
    """Implements `Appender`. Make it with `connect`, on the event loop that uses it."""

    def __init__(
        self,
        bootstrap: KafkaAccess,
        producer: Any,
        counts: dict[str, int],
        *,
        connection: Callable[[], Any],
        records_in_flight_max: int,
        append_deadline_ms: int,
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._bootstrap = bootstrap
        self._producer = producer
        self._counts = counts
        self._closed = False
        self._waiting: dict[str, list[Pending]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._settling = False
        self._renewing: asyncio.Task[None] | None = None
        self._renewed_at = self._loop.time()
        self._connection = connection
        self._done: deque[tuple[Pending, Any, BaseException | None]] = deque()
        self._in_flight = InFlight(
            self._loop,
            records_max=records_in_flight_max,
            deadline_ms=append_deadline_ms,
            overdue=self._overdue,
        )

    @classmethod
    async def connect(
        cls,
        bootstrap: str | KafkaAccess,
        topics: Sequence[str] = (),
        *,
        client_id: str = "frontdesk-intake",
        records_in_flight_max: int = RECORDS_IN_FLIGHT_MAX,
        append_deadline_ms: int = APPEND_DEADLINE_MS,
        connect_ms_max: int = CONNECT_MS_MAX,
    ) -> KafkaPythonAppender:
        """Connects; `topics` are looked up now, so that their first append does not wait for it.

        Raises LogUnavailable when no broker answers, UnknownTopic for one of `topics` that does not exist, LogError
        when kafka-python runs on its pure-Python checksum (3.7 times slower, and silent about it).
        """
        if record_util.crc32c_c is None:
            raise LogError("kafka-python lacks its fast checksum: install the `crc32c` wheel (make setup)")
        access = KafkaAccess.of(bootstrap)
        connection = partial(_connect, access, client_id, append_deadline_ms, connect_ms_max)
        try:
            producer = await asyncio.to_thread(connection)
        except LogUnavailable as error:
            raise await explained(access, error) from error
        try:
            counts = {topic: await asyncio.to_thread(_learn, producer, access, topic) for topic in topics}
        except LogError:
            await asyncio.to_thread(producer.close, 0)
            raise
        return cls(
            access,
            producer,
            counts,
            connection=connection,
            records_in_flight_max=records_in_flight_max,
            append_deadline_ms=append_deadline_ms,
        )

    def append(self, topic: str, partition: int, key: bytes, value: bytes) -> asyncio.Future[int]:
        if self._closed:
            raise LogUnavailable("this appender has been closed")
        if not 0 <= partition < self._counts.get(topic, partition + 1):
            raise kafka_faults.unknown_topic(topic, partition)
        pending = self._in_flight.admit(topic, partition, key, value)
        if topic not in self._counts or self._producer._metadata.partitions_for_topic(topic) is None:
            self._learn_first(pending)
        elif topic in self._waiting:
            self._waiting[topic].append(pending)
        else:
            self._send(pending)
        return pending.future

    def _learn_first(self, pending: Pending) -> None:
        """`send` would block the event loop on a topic it does not know: a thread asks, appends wait in order."""
        waiting = self._waiting.setdefault(pending.topic, [])
        waiting.append(pending)
        if len(waiting) == 1:
            task = asyncio.create_task(self._learn(pending.topic), name=f"append learn {pending.topic}")
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _learn(self, topic: str) -> None:
        refusal: LogError | None = None
        try:
            self._counts[topic] = await asyncio.to_thread(_learn, self._producer, self._bootstrap, topic)
        except LogError as error:
            refusal = error
        for pending in self._waiting.pop(topic):
            if refusal is not None:
                pending.fail(refusal)
            elif not 0 <= pending.partition < self._counts[topic]:
                pending.fail(kafka_faults.unknown_topic(topic, pending.partition))
            elif not pending.future.done():
                self._send(pending)

    def _send(self, pending: Pending) -> None:
        pending.sent = True
        try:
            # An empty value is a tombstone; Kafka's compaction knows it by null.
            sent = self._producer.send(
                pending.topic, pending.value or None, pending.key, partition=pending.partition
            )
        except (client.KafkaError, ValueError) as error:
            pending.fail(kafka_faults.away(self._bootstrap, error))
        else:
            sent.add_callback(self._landed, pending)
            sent.add_errback(self._failed, self._producer, pending)

    def _renew(self, failed: Any) -> None:
        """Replaces the producer that failed, unless that is under way or done."""
        if failed is not self._producer or self._closed or self._renewing is not None:
            return
        if self._loop.time() - self._renewed_at < RENEW_SECONDS_MIN:
            return
        self._renewing = asyncio.create_task(self._replace(failed), name="append renew")

    async def _replace(self, failed: Any) -> None:
        """A new producer that knows the topics; the old one ends without waiting for what it still holds."""
        try:
            fresh = await asyncio.to_thread(self._connection)
            try:
                for topic in list(self._counts):
                    await asyncio.to_thread(_learn, fresh, self._bootstrap, topic)
            except LogError:
                await asyncio.to_thread(fresh.close, 0)
                raise
        except LogError:  # still away: the next append that fails tries again
            self._renewing = None
            return
        self._producer, self._renewing, self._renewed_at = fresh, None, self._loop.time()
        Thread(
            target=failed.close, args=(0,), daemon=True
        ).start()  # it may hang; the process must end all the same

    async def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        if self._renewing is not None:
            self._renewing.cancel()
            await asyncio.gather(self._renewing, return_exceptions=True)
        await self._in_flight.drained(CLOSE_SECONDS_MAX)
        left = self._in_flight.unresolved()
        for pending in left:
            self._overdue(pending)
        await asyncio.to_thread(self._producer.close, 0 if left else CLOSE_SECONDS_MAX)
        self._in_flight.close()

    # The next two run in the producer's thread.

    def _landed(self, pending: Pending, metadata: Any) -> None:
        self._cross(pending, metadata.offset, None)

    def _failed(self, producer: Any, pending: Pending, error: BaseException) -> None:
        if isinstance(kafka_faults.of_append("", "", error), OutcomeUnknown) and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._renew, producer)
        self._cross(pending, -1, error)

    def _cross(self, pending: Pending, offset: int, error: BaseException | None) -> None:
        """One wake-up of the loop serves all answers that are waiting; a record each would cost more than it."""
        self._done.append((pending, offset, error))
        # First the answer, then the flag: whoever lowers the flag drains afterwards, so none is left behind.
        if not self._settling and not self._loop.is_closed():
            self._settling = True
            self._loop.call_soon_threadsafe(self._settle)

    def _settle(self) -> None:
        self._settling = False
        while self._done:
            pending, offset, error = self._done.popleft()
            if error is not None:
                pending.fail(self._answer(pending.topic, error))
            elif offset < 0:
                pending.fail(OutcomeUnknown(f"appended to {pending.topic}, but Kafka did not say where"))
            else:
                pending.settle(offset)

    def _answer(self, topic: str, error: BaseException) -> LogError:
        if isinstance(error, client.MessageSizeTooLargeError | client.RecordListTooLargeError):
            return RecordTooLarge(f"Kafka refused a record for {topic} as too large ({error})")
        if isinstance(error, client.UnknownTopicOrPartitionError):
            return kafka_faults.unknown_topic(topic)
        if isinstance(error, client.AuthorizationError):
            return kafka_faults.refused(self._bootstrap, f"write to {topic}")
        return kafka_faults.of_append(self._bootstrap, topic, error)

    def _overdue(self, pending: Pending) -> None:
        if pending.sent:  # a producer that is stuck fails nothing by itself
            self._renew(self._producer)
            late = TimeoutError("deadline passed")
            pending.fail(kafka_faults.of_append(self._bootstrap, pending.topic, late))
        else:
            pending.fail(kafka_faults.away(self._bootstrap, "the append was not sent"))


def _connect(bootstrap: KafkaAccess, client_id: str, deadline_ms: int, connect_ms_max: int) -> Any:
    try:
        return KafkaProducer(
            **bootstrap.for_kafka_python(),
            client_id=client_id,
            acks="all",
            enable_idempotence=True,
            linger_ms=LINGER_MS,
            batch_size=BATCH_BYTES_MAX,
            allow_auto_create_topics=False,
            max_block_ms=METADATA_MS_MAX,
            bootstrap_timeout_ms=connect_ms_max,
            request_timeout_ms=max(1_000, deadline_ms - LINGER_MS),
            delivery_timeout_ms=max(1_000 + LINGER_MS, deadline_ms),
            metrics_enabled=False,
        )
    except client.KafkaError as error:
        raise kafka_faults.away(bootstrap, error) from error


def _learn(producer: Any, bootstrap: KafkaAccess, topic: str) -> int:
    """The topic's number of partitions, known to the producer too when this returns. Blocks."""
    count = kafka_topics.partitions(bootstrap, topic)
    try:
        producer.partitions_for(topic)
    except client.KafkaError as error:
        raise kafka_faults.away(bootstrap, error) from error
    return count
