"""Reading one record of Kafka by its place: one request to the partition's leader, without a consumer.

A consumer that is assigned a partition for one record asks for the topic's metadata anew, keeps a fetch under way and is
unassigned again: five requests and four tasks, for words that every offer needs (docs/decisions/0062).
"""

from __future__ import annotations

import asyncio
from typing import Any

from aiokafka import TopicPartition
from aiokafka.errors import (
    CorruptRecordException,
    KafkaError,
    NodeNotReadyError,
    OffsetOutOfRangeError,
    StaleMetadata,
    for_code,
)
from aiokafka.protocol.fetch import FetchRequest
from aiokafka.record.memory_records import MemoryRecords

from services.runtime.log import Record

AT_ONCE_MAX = 4
"""Records asked for at once; more callers than that wait for one another."""
FETCH_BYTES = 65_536
"""Kafka answers with a batch that is larger when it is the first."""
RETRY_SECONDS = 0.1
READ_UNCOMMITTED = 0


class KafkaLookup:
    """Asks through a client of aiokafka that belongs to somebody else, who closes it."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self._turns = asyncio.Semaphore(AT_ONCE_MAX)

    async def first_from(self, where: TopicPartition, offset: int) -> Record | None:
        """The first record at or after the offset; None when the partition ends before it.

        Raises OffsetOutOfRangeError, and other KafkaErrors that repeating does not mend. The caller bounds the wait: while
        no leader answers, it is asked for again and again.
        """
        async with self._turns:
            while True:
                try:
                    found, behind, end_offset = await self._asked(where, offset)
                except KafkaError as error:
                    if not error.retriable:
                        raise
                    if error.invalid_metadata or isinstance(error, NodeNotReadyError):
                        self._client.force_metadata_update()
                else:
                    if found is not None or behind >= end_offset:
                        return found
                    if behind > offset:
                        offset = behind
                        continue
                await asyncio.sleep(RETRY_SECONDS)

    async def _asked(self, where: TopicPartition, offset: int) -> tuple[Record | None, int, int]:
        """The record, if the answer has it; where to go on, for compaction leaves empty batches; where the partition ends."""
        client = self._client
        await client._maybe_wait_metadata()
        await client.add_topic(where.topic)
        leader = client.cluster.leader_for_partition(where)
        if leader is None or leader == -1:
            raise StaleMetadata(where)
        asked = [(where.topic, [(where.partition, offset, FETCH_BYTES)])]
        response = await client.send(leader, FetchRequest(0, 0, FETCH_BYTES, READ_UNCOMMITTED, asked))
        (_, ((_, error_code, end_offset, *_, batches),)), *_ = response.topics
        if error_code:
            error = for_code(error_code)
            raise error({where: offset}) if error is OffsetOutOfRangeError else error()
        return *_first(batches, where, offset), end_offset


def _first(batches: bytes, where: TopicPartition, offset: int) -> tuple[Record | None, int]:
    """The first record at or after the offset, and the offset behind what was read; a batch is sent from its beginning."""
    read = MemoryRecords(batches)
    while read.has_next():
        batch = read.next_batch()
        if not batch.validate_crc():
            raise CorruptRecordException(f"wrong checksum in {where} near {offset}")
        for one in batch if not batch.is_control_batch else ():
            if one.offset >= offset:
                key, value = one.key or b"", one.value or b""
                return Record(
                    where.topic, where.partition, one.offset, key, value, one.timestamp
                ), one.offset + 1
        offset = max(offset, batch.next_offset)
    return None, offset
