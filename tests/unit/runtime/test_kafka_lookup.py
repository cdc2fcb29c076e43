"""One record by its place: what the leader's answer says, and what is asked anew."""

from __future__ import annotations

import struct
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka import TopicPartition
from aiokafka.errors import (
    CorruptRecordException,
    NotLeaderForPartitionError,
    OffsetOutOfRangeError,
    TopicAuthorizationFailedError,
)
from aiokafka.record.default_records import DefaultRecordBatchBuilder
from aiokafka.record.util import calc_crc32c

from services.runtime import kafka_lookup
from services.runtime.kafka_lookup import KafkaLookup

WHERE = TopicPartition("facts", 2)
END = 9


class Leader:
    """A client whose partition has records 4 and 7, in a batch each; compaction left the batch of 5 and 6 empty."""

    def __init__(self, *errors: type[Exception]) -> None:
        self.errors = list(errors)
        self.asked: list[int] = []
        self.updates = 0
        self.cluster = SimpleNamespace(leader_for_partition=lambda _: 1)
        self.change: Callable[[bytes], bytes] = bytes

    async def _maybe_wait_metadata(self) -> None: ...

    async def add_topic(self, topic: str) -> None:
        assert topic == WHERE.topic

    def force_metadata_update(self) -> None:
        self.updates += 1

    async def send(self, node_id: int, request: Any) -> Any:
        ((topic, ((partition, offset, _),)),) = request.topics
        assert (node_id, topic, partition) == (1, *WHERE)
        self.asked.append(offset)
        error = self.errors.pop(0).errno if self.errors else 0  # type: ignore[attr-defined] # a KafkaError
        batches = batch(4, b"four") if offset <= 4 else batch(5) if offset <= 6 else batch(7, b"seven")
        part: tuple[Any, ...] = (
            partition,
            error,
            END,
            END,
            0,
            [],
            -1,
            self.change(b"" if offset > 7 else batches),
        )
        return SimpleNamespace(topics=[(topic, [part])])


def batch(base: int, *values: bytes) -> bytes:
    """A batch from an offset on; one without values is what compaction leaves of two records."""
    built = DefaultRecordBatchBuilder(2, 0, 0, 0, 0, 0, 65_536)
    for place, value in enumerate(values or (b"", b"")):
        built.append(place, 1, b"key", value, [])
    made = bytearray(built.build())
    struct.pack_into(">q", made, 0, base)
    return bytes(made) if values else emptied(made)


def emptied(made: bytearray) -> bytes:
    """The same batch's header alone: no record, the last offset as it was."""
    header = made[:61]
    struct.pack_into(">i", header, 57, 0)  # records
    struct.pack_into(">i", header, 8, len(header) - 12)  # length
    struct.pack_into(">I", header, 17, calc_crc32c(bytes(header[21:])))
    return bytes(header)


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kafka_lookup, "RETRY_SECONDS", 0)


async def test_the_record_at_the_offset_is_read_with_one_request() -> None:
    leader = Leader()
    found = await KafkaLookup(leader).first_from(WHERE, 4)
    assert found is not None
    assert (found.topic, found.partition, found.offset, found.key, found.value) == (
        *WHERE,
        4,
        b"key",
        b"four",
    )
    assert leader.asked == [4]


async def test_behind_a_batch_that_compaction_emptied_reading_goes_on() -> None:
    leader = Leader()
    found = await KafkaLookup(leader).first_from(WHERE, 5)
    assert found is not None
    assert (found.offset, found.value) == (7, b"seven")
    assert leader.asked == [5, 7]


async def test_at_the_end_there_is_none() -> None:
    assert await KafkaLookup(Leader()).first_from(WHERE, END) is None


async def test_who_is_no_leader_any_more_has_its_successor_asked_for() -> None:
    leader = Leader(NotLeaderForPartitionError, NotLeaderForPartitionError)
    found = await KafkaLookup(leader).first_from(WHERE, 7)
    assert found is not None
    assert (found.offset, leader.asked, leader.updates) == (7, [7, 7, 7], 2)


@pytest.mark.parametrize("error", [OffsetOutOfRangeError, TopicAuthorizationFailedError])
async def test_what_repeating_does_not_mend_is_told(error: type[Exception]) -> None:
    leader = Leader(error)
    with pytest.raises(error):
        await KafkaLookup(leader).first_from(WHERE, 1)
    assert leader.asked == [1]


async def test_a_batch_with_a_wrong_checksum_is_not_read() -> None:
    leader = Leader()
    leader.change = lambda batches: batches[:-1] + b"\x01"
    with pytest.raises(CorruptRecordException):
        await KafkaLookup(leader).first_from(WHERE, 4)
