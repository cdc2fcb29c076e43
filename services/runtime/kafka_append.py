"""Appending through one idempotent aiokafka producer that is replaced when it fails.

By aiokafka's code an idempotent batch never expires while its partition has a leader, and after a batch has
failed its sequence numbers are used up, so that a broker may refuse everything that follows. Hence a deadline
of our own for each append, and after any failure a new producer; what was in flight in the old one is then
answered OutcomeUnknown, because a request on the wire may still land.

Records go into batches here, not one by one through the producer's `send`, which makes two futures and a coroutine of
each: a batch takes records until the producer's sender takes it, and one future answers for all of them.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any

from aiokafka import AIOKafkaProducer
from aiokafka.errors import ClusterAuthorizationFailedError, KafkaConnectionError, KafkaError

from services.runtime import kafka_faults
from services.runtime.ending import ended_within
from services.runtime.in_flight import InFlight, Pending
from services.runtime.kafka_access import KafkaAccess
from services.runtime.kafka_counts import KafkaCounts
from services.runtime.kafka_faults import CLOSE_SECONDS_MAX
from services.runtime.log import LogError, LogRefused, LogUnavailable, OutcomeUnknown

BATCH_BYTES_MAX = 262_144
RETRY_SECONDS = 0.2


class _Lane:
    """One partition's appends: those that wait, and the newest batch, which takes more until it is sent."""

    __slots__ = ("batch", "held", "producer", "queue")

    def __init__(self) -> None:
        self.queue: deque[Pending] = deque()
        self.batch: Any = None
        self.held: list[Pending] = []
        """Those in the batch; one's place is its offset less the batch's."""
        self.producer: Any = None
        """Whose batch it is."""

    def takes(self, pending: Pending) -> bool:
        """Puts an append into the batch; False when that is full, or on its way."""
        # An empty value is a tombstone; Kafka's compaction knows it by null.
        if self.batch is None or (
            self.batch.append(timestamp=None, key=pending.key, value=pending.value or None) is None
        ):
            return False
        pending.sent = True
        self.held.append(pending)
        return True

    def begin(self, producer: Any) -> None:
        """An empty batch that closes when the sender takes it, which counts its records before it builds it."""
        batch = producer.create_batch()
        take = batch._set_producer_state

        def taken(*state: int) -> None:
            del batch._set_producer_state  # it would hold the batch, until the cycle collector comes
            batch.close()
            take(*state)

        batch._set_producer_state = taken
        self.batch, self.held, self.producer = batch, [], producer


class KafkaAppender:
    """Implements `Appender`; `partitions` answers a topic's count (UnknownTopic, LogUnavailable)."""

    def __init__(
        self,
        bootstrap: KafkaAccess,
        *,
        client_id: str,
        records_in_flight_max: int,
        append_deadline_ms: int,
        partitions: Callable[[str], Awaitable[int]],
        counts: KafkaCounts | None = None,
    ) -> None:
        self._bootstrap = bootstrap
        self._client_id = client_id
        self._deadline_ms = append_deadline_ms
        self._partitions = partitions
        self._counts: dict[str, int] = {}
        self._lanes: dict[tuple[str, int], _Lane] = {}
        self._pumps: dict[tuple[str, int], asyncio.Task[None]] = {}
        self._producer: Any = None
        self._starting: asyncio.Task[None] | None = None
        self._chores: set[asyncio.Task[None]] = set()
        self._closed = False
        self._in_flight = InFlight(
            asyncio.get_running_loop(),
            records_max=records_in_flight_max,
            deadline_ms=append_deadline_ms,
            overdue=self._overdue,
        )
        self._told = counts or KafkaCounts()
        self._told.buffers[client_id] = self._in_flight.__len__, records_in_flight_max

    async def start(self) -> None:
        """Raises LogUnavailable when no broker answers."""
        self._producer = await self._start_producer()

    def append(self, topic: str, partition: int, key: bytes, value: bytes) -> asyncio.Future[int]:
        if self._closed:
            raise LogUnavailable("this log has been closed")
        try:
            if not 0 <= partition < self._counts.get(topic, partition + 1):
                raise kafka_faults.unknown_topic(topic, partition)
            pending = self._in_flight.admit(topic, partition, key, value)
        except LogError as error:
            self._told.append_failed(error)
            raise
        name = (topic, partition)
        lane = self._lanes.get(name)
        if lane is None:
            lane = self._lanes[name] = _Lane()
        if name not in self._pumps:
            if lane.producer is self._producer and lane.takes(pending):
                return pending.future
            self._pumps[name] = asyncio.create_task(
                self._pump(name, lane), name=f"append {topic}/{partition}"
            )
        lane.queue.append(pending)
        return pending.future

    async def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        await self._in_flight.drained(CLOSE_SECONDS_MAX)
        for pending in self._in_flight.unresolved():
            self._fail(pending, self._too_late(pending, "the log was closed"))
        tasks = [*self._pumps.values(), *([self._starting] if self._starting else [])]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks, timeout=CLOSE_SECONDS_MAX)
        self._give_up(LogUnavailable("the log was closed"))
        if self._chores:
            await asyncio.wait(self._chores, timeout=CLOSE_SECONDS_MAX)
        self._in_flight.close()

    async def _pump(self, name: tuple[str, int], lane: _Lane) -> None:
        """Hands one partition's queue to the producer, in order; ends when the queue is empty."""
        queue = lane.queue
        try:
            while queue:
                first = queue[0]
                if first.future.done():
                    queue.popleft()
                    continue
                try:
                    producer = await self._to_send(first)
                except LogError as error:
                    queue.popleft()
                    self._fail(first, error)
                    continue
                if producer is not None:
                    await self._hand_over(producer, name, lane)
                    await asyncio.sleep(0)
        finally:
            del self._pumps[name]

    async def _to_send(self, pending: Pending) -> Any:
        """The producer, once the topic is known; None when the append's time is over. Raises UnknownTopic."""
        topic = pending.topic
        while topic not in self._counts and not pending.future.done():
            try:
                self._counts[topic] = await self._partitions(topic)
            except LogUnavailable:
                await asyncio.sleep(RETRY_SECONDS)
        if pending.future.done():
            return None
        if pending.partition >= self._counts[topic]:
            raise kafka_faults.unknown_topic(topic, pending.partition)
        return await self._ready(pending)

    async def _hand_over(self, producer: Any, name: tuple[str, int], lane: _Lane) -> None:
        """What waits, into the batch that is there or a new one, which waits until the sender has taken the other."""
        if lane.producer is producer and self._filled(lane):
            return
        topic, partition = name
        lane.begin(producer)
        self._filled(lane)
        held = lane.held
        try:
            sent = await producer.send_batch(lane.batch, topic, partition=partition)
        except (KafkaError, AssertionError) as error:  # it asserts that it knows the partition
            lane.batch = None
            self._failed(producer, held, error)
        else:
            sent.add_done_callback(lambda future: self._answered(producer, held, future))

    @staticmethod
    def _filled(lane: _Lane) -> bool:
        """Fills the lane's batch; True when nothing waits any more."""
        queue = lane.queue
        while queue:
            if not queue[0].future.done() and not lane.takes(queue[0]):
                return False
            queue.popleft()
        return True

    async def _ready(self, pending: Pending) -> Any:
        """The producer, started anew where the last one was given up; None when the append's time is over."""
        while self._producer is None and not pending.future.done():
            if self._starting is None:
                self._starting = asyncio.create_task(self._start_again(), name="append start")
            either: list[asyncio.Future[Any]] = [self._starting, pending.future]
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        return None if pending.future.done() else self._producer

    async def _start_again(self) -> None:
        """One attempt at a time for all partitions, until it succeeds or the log is closed."""
        try:
            while self._producer is None:
                try:
                    self._producer = await self._start_producer()
                except LogUnavailable:
                    await asyncio.sleep(RETRY_SECONDS)
        finally:
            self._starting = None

    def _answered(self, producer: Any, held: list[Pending], sent: asyncio.Future[Any]) -> None:
        if sent.cancelled():
            return
        error = sent.exception()
        if error is not None:
            self._failed(producer, held, error)
            return
        first = sent.result().offset
        if (
            first < 0
        ):  # the broker knew the batch already (a retry after a lost answer): it is in, its place unknown
            for pending in held:
                self._fail(
                    pending, OutcomeUnknown(f"appended to {pending.topic}, but Kafka did not say where")
                )
            return
        durable = 0
        for place, pending in enumerate(held):
            durable += pending.settle(first + place)
        self._told.appends["durable"] += durable

    def _failed(self, producer: Any, held: list[Pending], error: BaseException) -> None:
        answer = kafka_faults.of_append(self._bootstrap, held[0].topic, error)
        for pending in held:
            self._fail(pending, answer)
        if producer is self._producer and isinstance(answer, OutcomeUnknown | LogRefused):
            self._give_up(answer)

    def _overdue(self, pending: Pending) -> None:
        answer = self._too_late(pending, f"{self._deadline_ms} ms are over")
        self._fail(pending, answer)
        if pending.sent:
            self._give_up(answer)

    def _fail(self, pending: Pending, answer: LogError) -> None:
        if pending.fail(answer):
            self._told.append_failed(answer)

    def _too_late(self, pending: Pending, why: str) -> LogError:
        if not pending.sent:
            return kafka_faults.away(self._bootstrap, f"the append was not sent, {why}")
        return OutcomeUnknown(f"Kafka at {self._bootstrap} gave no answer, {why}; repeat with the same id")

    def _give_up(self, answer: LogError) -> None:
        """Replaces the producer; everything handed to the old one is answered now."""
        producer, self._producer = self._producer, None
        if producer is None:
            return
        self._told.producers_replaced += 1
        for pending in self._in_flight.unresolved():
            if pending.sent:
                self._fail(pending, answer)
        chore = asyncio.create_task(_abandon(producer), name="append abandon")
        self._chores.add(chore)
        chore.add_done_callback(self._chores.discard)

    async def _start_producer(self) -> Any:
        producer = AIOKafkaProducer(
            **self._bootstrap.for_aiokafka(),
            client_id=self._client_id,
            acks="all",
            enable_idempotence=True,
            max_batch_size=BATCH_BYTES_MAX,
            request_timeout_ms=self._deadline_ms,
        )
        try:
            async with asyncio.timeout(self._deadline_ms / 1000):
                await producer.start()
        except ClusterAuthorizationFailedError as error:  # an idempotent producer needs Write on some topic
            await _abandon(producer)
            raise kafka_faults.refused(self._bootstrap, "write to any topic") from error
        except (KafkaError, OSError, TimeoutError) as error:
            await _abandon(producer)
            raise kafka_faults.away(self._bootstrap, error) from error
        except asyncio.CancelledError:
            await _abandon(producer)
            raise
        return producer


async def _abandon(producer: Any) -> None:
    """Ends a producer without waiting for what it holds; `stop` alone would wait for batches that never end.

    aiokafka offers no public way: the sender task is cancelled, its batches failed and its connections
    closed, and then `stop` has nothing left to wait for.
    """
    sender = producer._sender
    if sender.sender_task is not None:
        sender.sender_task.cancel()
        producer._message_accumulator.fail_all(KafkaConnectionError("this producer was given up"))
    await ended_within(CLOSE_SECONDS_MAX, producer.client.close())
    # The sender task's cancellation may come out of it.
    await ended_within(CLOSE_SECONDS_MAX, producer.stop())
