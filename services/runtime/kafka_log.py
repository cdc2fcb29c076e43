"""The log over Apache Kafka 4: many processes, many machines.

aiokafka appends, tails and owns (kafka_append, kafka_tail, kafka_own); kafka-python creates topics
(kafka_topics). Nothing here relies on what a group remembers, and no transaction is ever used: control
records would make holes in the offsets.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Mapping, Sequence
from typing import Any, TypeVar

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from services.runtime import kafka_faults, kafka_topics
from services.runtime.in_flight import APPEND_DEADLINE_MS, RECORDS_IN_FLIGHT_MAX
from services.runtime.kafka_access import KafkaAccess
from services.runtime.kafka_append import KafkaAppender
from services.runtime.kafka_counts import KafkaCounts
from services.runtime.kafka_faults import ANSWER_MS_MAX, AWAY_MS_MAX
from services.runtime.kafka_lookup import KafkaLookup
from services.runtime.kafka_own import HEARTBEAT_MS, SESSION_TIMEOUT_MS, KafkaOwnership
from services.runtime.kafka_refusal import explained
from services.runtime.kafka_tail import KafkaTail, stop
from services.runtime.log import ALONG_MAX, LogRefused, LogUnavailable, OwnershipListener, Record, TopicSpec

T = TypeVar("T")


class KafkaLog:
    """Implements `Log`. Make it with `connect`, on the event loop that uses it."""

    def __init__(
        self,
        bootstrap: KafkaAccess,
        *,
        client_id: str,
        records_in_flight_max: int,
        append_deadline_ms: int,
        session_timeout_ms: int,
        heartbeat_ms: int,
        away_ms_max: int,
        answer_ms_max: int,
        replication_factor: int,
        counts: KafkaCounts | None = None,
    ) -> None:
        self._told = counts or KafkaCounts()
        self._bootstrap = bootstrap
        self._client_id = client_id
        self._session_timeout_ms = session_timeout_ms
        self._heartbeat_ms = heartbeat_ms
        self._away_ms_max = away_ms_max
        self._answer_seconds_max = answer_ms_max / 1000
        self._replication_factor = replication_factor
        self._reads_only = False
        self._counts: dict[str, int] = {}
        self._lookup: Any = self._consumer()
        self._places = KafkaLookup(self._lookup._client)
        self._reads: set[asyncio.Timeout] = set()
        """Of the records being read by their place."""
        self._closed = False
        self._readers: set[KafkaTail | KafkaOwnership] = set()
        self._abandoned: set[asyncio.Future[None]] = set()
        """Consumers whose opener went away, being stopped."""
        self._appender = KafkaAppender(
            bootstrap,
            client_id=client_id,
            records_in_flight_max=records_in_flight_max,
            append_deadline_ms=append_deadline_ms,
            partitions=self.partitions,
            counts=self._told,
        )

    @classmethod
    async def connect(
        cls,
        bootstrap: str | KafkaAccess,
        *,
        client_id: str = "frontdesk",
        records_in_flight_max: int = RECORDS_IN_FLIGHT_MAX,
        append_deadline_ms: int = APPEND_DEADLINE_MS,
        session_timeout_ms: int = SESSION_TIMEOUT_MS,
        heartbeat_ms: int = HEARTBEAT_MS,
        away_ms_max: int = AWAY_MS_MAX,
        answer_ms_max: int = ANSWER_MS_MAX,
        replication_factor: int = -1,
        reads_only: bool = False,
        counts: KafkaCounts | None = None,
    ) -> KafkaLog:
        """Connects to `host:port[,host:port...]`; raises LogUnavailable when none answers in time.

        `session_timeout_ms` is how long a dead member keeps its partitions (brokers allow 6 s at the least),
        `away_ms_max` how long readers wait for a silent broker, `answer_ms_max` how long any one question may
        take, `replication_factor` -1 the broker's default. With `reads_only` no right to write is needed, and
        appending raises LogRefused. `counts` is told what becomes of appends, fetches and commits.
        """
        access = KafkaAccess.of(bootstrap)
        log = cls(
            access,
            client_id=client_id,
            records_in_flight_max=records_in_flight_max,
            append_deadline_ms=append_deadline_ms,
            session_timeout_ms=session_timeout_ms,
            heartbeat_ms=heartbeat_ms,
            away_ms_max=away_ms_max,
            answer_ms_max=answer_ms_max,
            replication_factor=replication_factor,
            counts=counts,
        )
        log._reads_only = reads_only
        try:
            await log._start(log._lookup)
            if not reads_only:
                await log._appender.start()
        except LogUnavailable as error:
            await log.close()
            raise await explained(access, error) from error
        except BaseException:
            await log.close()
            raise
        return log

    def append(self, topic: str, partition: int, key: bytes, value: bytes) -> asyncio.Future[int]:
        if self._reads_only:
            raise LogRefused("this log was opened to be read")
        return self._appender.append(topic, partition, key, value)

    async def close(self) -> None:
        self._closed = True
        for read in self._reads:
            if not read.expired():
                read.reschedule(0)  # ends now: nobody will answer any more
        for reader in list(self._readers):
            await reader.close()
        if self._abandoned:
            await asyncio.wait(self._abandoned)  # each is bounded
        await self._appender.close()
        await stop(self._lookup)

    def _abandon(self, consumer: Any) -> None:
        """Stops it while its opener, who was told to wait no longer, goes on; awaited at the log's own end."""
        stopping = asyncio.ensure_future(stop(consumer))
        self._abandoned.add(stopping)
        stopping.add_done_callback(self._abandoned.discard)

    async def create_topics(self, topics: Sequence[TopicSpec]) -> None:
        await asyncio.to_thread(
            kafka_topics.create_topics, self._bootstrap, topics, replication_factor=self._replication_factor
        )

    async def partitions(self, topic: str) -> int:
        if topic not in self._counts:
            # The consumer's own `partitions_for_topic` knows only topics that it has been asked to follow.
            metadata = await self._bounded(self._lookup._client.fetch_all_metadata())
            found = metadata.partitions_for_topic(topic)
            if not found:
                raise kafka_faults.unknown_topic(topic)
            self._counts[topic] = len(found)
        return self._counts[topic]

    async def start_offset(self, topic: str, partition: int) -> int:
        where = await self._known(topic, partition)
        found: dict[TopicPartition, int] = await self._bounded(self._lookup.beginning_offsets([where]))
        return found[where]

    async def end_offset(self, topic: str, partition: int) -> int:
        where = await self._known(topic, partition)
        found: dict[TopicPartition, int] = await self._bounded(self._lookup.end_offsets([where]))
        return found[where]

    async def read_at(self, topic: str, partition: int, offset: int) -> Record:
        return (await self.read_along(topic, partition, offset, records_max=1))[0]

    async def read_along(
        self, topic: str, partition: int, offset: int, *, records_max: int = ALONG_MAX
    ) -> list[Record]:
        where = await self._known(topic, partition)
        if offset < 0:
            raise kafka_faults.lost(topic, partition, offset)
        try:
            found = await self._from(where, offset, records_max)
        except KafkaError as error:
            raise kafka_faults.of_read(self._bootstrap, topic, error) from error
        except (OSError, TimeoutError) as error:
            why = "the log was closed" if self._closed else "no answer in time"
            raise kafka_faults.away(self._bootstrap, why) from error
        if not found or found[0].offset != offset:
            raise kafka_faults.lost(topic, partition, offset)
        return found

    async def _from(self, where: TopicPartition, offset: int, records_max: int) -> list[Record]:
        """Raises TimeoutError also at once, when the log is or becomes closed."""
        async with asyncio.timeout(0 if self._closed else self._answer_seconds_max) as bound:
            self._reads.add(bound)
            try:
                return await self._places.records_from(where, offset, records_max=records_max)
            finally:
                self._reads.discard(bound)

    async def delete_before(self, topic: str, partition: int, offset: int) -> None:
        """Removes the records before the offset, as retention would; not part of `Log`."""
        await asyncio.to_thread(kafka_topics.delete_before, self._bootstrap, topic, partition, offset)

    async def tail(self, topic: str, positions: Mapping[int, int]) -> KafkaTail:
        for partition in positions:
            await self._known(topic, partition)
        tail = await KafkaTail.open(
            self._bootstrap,
            self._client_id,
            topic,
            positions,
            away_ms_max=self._away_ms_max,
            forget=self._readers.discard,
            abandon=self._abandon,
            counts=self._told,
        )
        self._readers.add(tail)
        return tail

    async def own(self, topic: str, group: str, listener: OwnershipListener) -> KafkaOwnership:
        await self.partitions(topic)
        member = await KafkaOwnership.join(
            self._bootstrap,
            self._client_id,
            topic,
            group,
            listener,
            session_timeout_ms=self._session_timeout_ms,
            heartbeat_ms=self._heartbeat_ms,
            away_ms_max=self._away_ms_max,
            forget=self._readers.discard,
            counts=self._told,
        )
        self._readers.add(member)
        return member

    def _consumer(self, **settings: Any) -> Any:
        return AIOKafkaConsumer(
            **self._bootstrap.for_aiokafka(),
            client_id=self._client_id,
            enable_auto_commit=False,
            auto_offset_reset="none",
            **settings,
        )

    async def _start(self, consumer: Any) -> None:
        await self._bounded(consumer.start())

    async def _bounded(self, question: Awaitable[T]) -> T:
        try:
            async with asyncio.timeout(self._answer_seconds_max):
                return await question
        except (KafkaError, OSError, TimeoutError) as error:
            raise kafka_faults.away(self._bootstrap, error or "no answer in time") from error

    async def _known(self, topic: str, partition: int) -> TopicPartition:
        if not 0 <= partition < await self.partitions(topic):
            raise kafka_faults.unknown_topic(topic, partition)
        return TopicPartition(topic, partition)
