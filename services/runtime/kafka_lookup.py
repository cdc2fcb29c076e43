"""Reading a record of Kafka by its place: one request to the partition's leader, without a consumer.

The answer holds whole batches, so records behind the one asked for come along for what decoding them takes.

A consumer that is assigned a partition for one record asks for the topic's metadata anew, keeps a fetch under way and is
unassigned again: five requests and four tasks, for words that every offer needs (docs/decisions/0062).
"""

from __future__ import annotations

import asyncio
from typing import Any

from aiokafka import TopicPartition
from aiokafka import errors as kafka
from aiokafka.protocol.fetch import FetchRequest
from aiokafka.protocol.offset import OffsetRequest
from aiokafka.record.memory_records import MemoryRecords

from services.runtime.log import Record

AT_ONCE_MAX = 4
"""Records asked for at once; more callers than that wait for one another."""
FETCH_BYTES = 65_536
"""Kafka answers with a batch that is larger when it is the first."""
RETRY_SECONDS = 0.1
READ_UNCOMMITTED = 0
LATEST = -1
"""The time by which ListOffsets is asked for the end."""
LASTING = (
    kafka.OffsetOutOfRangeError,
    kafka.TopicAuthorizationFailedError,
    kafka.GroupAuthorizationFailedError,
    kafka.ClusterAuthorizationFailedError,
    kafka.AuthenticationFailedError,
    kafka.AuthenticationMethodNotSupported,
    kafka.SaslAuthenticationFailed,
    kafka.UnsupportedSaslMechanismError,
    kafka.UnsupportedCodecError,
    kafka.UnsupportedVersionError,
    kafka.UnsupportedForMessageFormatError,
    kafka.IncompatibleBrokerVersion,
    kafka.UnrecognizedBrokerVersion,
)
"""What repeating does not mend. Every other error may pass, also those that the client does not know or mark: a replica
that has just begun to lead, a disk that fails before another takes over."""


class KafkaLookup:
    """Asks through a client of aiokafka that belongs to somebody else, who closes it."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self._turns = asyncio.Semaphore(AT_ONCE_MAX)

    async def first_from(self, where: TopicPartition, offset: int) -> Record | None:
        """The first record at or after the offset; None when the partition ends before it."""
        found = await self.records_from(where, offset, records_max=1)
        return found[0] if found else None

    async def records_from(self, where: TopicPartition, offset: int, *, records_max: int) -> list[Record]:
        """The first record at or after the offset and, of those behind it, what the same answer holds; none when the
        partition ends before it.

        Raises the errors of LASTING, and CorruptRecordException for a batch that arrived with a wrong checksum. The caller
        bounds the wait: while no leader answers, it is asked for again and again.
        """
        while True:
            async with self._turns:  # not held while nothing is asked
                try:
                    batches, end_offset = await self._fetched(where, offset)
                    if not batches and end_offset <= offset and await self._end_offset(where) <= offset:
                        return []
                except LASTING:
                    raise
                except kafka.KafkaError as error:
                    if (
                        error.invalid_metadata
                        or not error.retriable
                        or isinstance(error, kafka.NodeNotReadyError)
                    ):
                        self._client.force_metadata_update()
                    batches = b""
            found, behind = _found(batches, where, offset, records_max)
            if found:
                return found
            if behind == offset:
                await asyncio.sleep(RETRY_SECONDS)
            offset = behind  # compaction leaves empty batches

    async def _fetched(self, where: TopicPartition, offset: int) -> tuple[bytes, int]:
        """Whole batches from the one with the offset on, or none; where the partition ends as far as the leader knows."""
        asked = [(where.topic, [(where.partition, offset, FETCH_BYTES)])]
        request = FetchRequest(0, 0, FETCH_BYTES, READ_UNCOMMITTED, asked)
        end_offset, *_, batches = await self._answer(where, offset, request)
        return batches, end_offset

    async def _end_offset(self, where: TopicPartition) -> int:
        """Where the partition ends. What a fetch says of it may lag behind for a moment after a leader has begun, and tells
        of no error; asked for the end itself, such a leader refuses, to be asked again (KIP-207).
        """
        request = OffsetRequest(-1, READ_UNCOMMITTED, [(where.topic, [(where.partition, LATEST)])])
        _, end_offset = await self._answer(where, LATEST, request)
        return int(end_offset)

    async def _answer(self, where: TopicPartition, offset: int, request: Any) -> tuple[Any, ...]:
        """What the leader says of the partition, behind the error code; raises what the code means."""
        client = self._client
        await client._maybe_wait_metadata()
        await client.add_topic(where.topic)
        leader = client.cluster.leader_for_partition(where)
        if leader is None or leader == -1:
            raise kafka.StaleMetadata(where)
        response = await client.send(leader, request)
        parts = [part for _, parts in response.topics for part in parts]
        if not parts:
            raise kafka.StaleMetadata(where)
        ((_, error_code, *found),) = parts
        if error_code:
            error = kafka.for_code(error_code)
            raise error({where: offset}) if error is kafka.OffsetOutOfRangeError else error()
        return tuple(found)


def _found(batches: bytes, where: TopicPartition, offset: int, records_max: int) -> tuple[list[Record], int]:
    """Records at or after the offset, and the offset behind what was read; a batch is sent from its beginning."""
    read, found = MemoryRecords(batches), list[Record]()
    while read.has_next():
        batch = read.next_batch()
        if not batch.validate_crc():
            if found:  # who asks for that one is told
                break
            raise kafka.CorruptRecordException(f"wrong checksum in {where} near {offset}")
        for one in batch if not batch.is_control_batch else ():
            if one.offset >= offset:
                found.append(
                    Record(
                        where.topic,
                        where.partition,
                        one.offset,
                        one.key or b"",
                        one.value or b"",
                        one.timestamp,
                    )
                )
                if len(found) == records_max:
                    return found, one.offset + 1
        offset = max(offset, batch.next_offset)
    return found, offset
