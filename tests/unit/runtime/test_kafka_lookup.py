"""One record by its place: what the leader's answer says, and what is asked anew."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka import TopicPartition
from aiokafka.errors import (
    CorruptRecordException,
    KafkaStorageError,
    LeaderNotAvailableError,
    NotLeaderForPartitionError,
    OffsetOutOfRangeError,
    ReplicaNotAvailableError,
    TopicAuthorizationFailedError,
    UnknownError,
    UnsupportedVersionError,
)
from aiokafka.protocol.offset import OffsetRequest
from aiokafka.record.default_records import DefaultRecordBatchBuilder
from aiokafka.record.util import calc_crc32c

from services.runtime import kafka_lookup
from services.runtime.kafka_access import KafkaAccess
from services.runtime.kafka_log import KafkaLog
from services.runtime.kafka_lookup import AT_ONCE_MAX, KafkaLookup
from services.runtime.log import LogUnavailable

WHERE = TopicPartition("facts", 2)
AWAY = TopicPartition("facts", 0)
"""Nobody leads it."""
END = 9
OFFSET_NOT_AVAILABLE = 78


class Leader:
    """A client whose partition has records 4 and 7, in a batch each; compaction left the batch of 5 and 6 empty."""

    def __init__(self, *errors: type[Exception] | int) -> None:
        self.errors = list(errors)
        self.asked: list[int] = []
        self.updates = 0
        self.cluster = SimpleNamespace(leader_for_partition=lambda where: -1 if where == AWAY else 1)
        self.change: Callable[[bytes], bytes] = bytes
        self.lags = 0
        """Fetches that are still answered as by a leader that does not know yet how far its partition goes."""
        self.ends: list[int] = []
        """Error codes with which it then answers who asks for the end."""
        self.ends_asked = 0
        self.topics: Callable[[list[Any]], list[Any]] = list

    async def _maybe_wait_metadata(self) -> None: ...

    async def add_topic(self, topic: str) -> None:
        assert topic == WHERE.topic

    def force_metadata_update(self) -> None:
        self.updates += 1

    async def send(self, node_id: int, request: Any) -> Any:
        if isinstance(request, OffsetRequest):
            self.ends_asked += 1
            error = self.ends.pop(0) if self.ends else 0
            return SimpleNamespace(
                topics=[(WHERE.topic, [(WHERE.partition, error, -1, -1 if error else END)])]
            )
        ((topic, ((partition, offset, _),)),) = request.topics
        assert (node_id, topic, partition) == (1, *WHERE)
        self.asked.append(offset)
        told = self.errors.pop(0) if self.errors else 0
        error = told if isinstance(told, int) else told.errno  # type: ignore[attr-defined] # a KafkaError
        batches = batch(4, b"four") if offset <= 4 else batch(5) if offset <= 6 else batch(7, b"seven")
        end = END
        if offset > 7:
            batches = b""
        elif self.lags:
            self.lags, end, batches = self.lags - 1, 4, b""
        part: tuple[Any, ...] = (partition, error, end, end, 0, [], -1, self.change(batches))
        return SimpleNamespace(topics=self.topics([(topic, [part])]))


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


async def test_at_the_end_there_is_none_once_the_leader_was_asked_for_the_end() -> None:
    leader = Leader()
    assert await KafkaLookup(leader).first_from(WHERE, END) is None
    assert (leader.asked, leader.ends_asked) == ([END], 1)


async def test_a_record_that_a_new_leader_does_not_tell_of_yet_is_not_missing() -> None:
    leader = Leader()
    leader.lags, leader.ends = 3, [OFFSET_NOT_AVAILABLE, LeaderNotAvailableError.errno]
    found = await KafkaLookup(leader).first_from(WHERE, 7)
    assert found is not None
    assert (found.offset, found.value) == (7, b"seven")
    assert (leader.asked, leader.ends_asked) == ([7, 7, 7, 7], 3)


async def test_an_answer_without_the_partition_is_asked_for_anew() -> None:
    leader = Leader()
    answers: list[list[Any]] = [[], [(WHERE.topic, [])]]
    leader.topics = lambda topics: answers.pop(0) if answers else topics
    found = await KafkaLookup(leader).first_from(WHERE, 4)
    assert found is not None
    assert (found.offset, leader.asked, leader.updates) == (4, [4, 4, 4], 2)


async def test_who_is_no_leader_any_more_has_its_successor_asked_for() -> None:
    leader = Leader(NotLeaderForPartitionError, NotLeaderForPartitionError)
    found = await KafkaLookup(leader).first_from(WHERE, 7)
    assert found is not None
    assert (found.offset, leader.asked, leader.updates) == (7, [7, 7, 7], 2)


@pytest.mark.parametrize(
    "error", [UnknownError, CorruptRecordException, ReplicaNotAvailableError, KafkaStorageError, 1_000]
)
async def test_what_may_pass_is_asked_for_anew(error: type[Exception] | int) -> None:
    leader = Leader(error, error)
    found = await KafkaLookup(leader).first_from(WHERE, 7)
    assert found is not None
    assert (found.offset, leader.asked, leader.updates) == (7, [7, 7, 7], 2)


async def test_who_waits_for_a_leader_keeps_nobody_else_from_asking() -> None:
    lookup = KafkaLookup(Leader())
    waiting = [asyncio.ensure_future(lookup.first_from(AWAY, 1)) for _ in range(AT_ONCE_MAX)]
    try:
        async with asyncio.timeout(30):
            await asyncio.sleep(0)
            found = await lookup.first_from(WHERE, 4)
    finally:
        for one in waiting:
            one.cancel()
    assert found is not None
    assert not any(one.done() for one in waiting)


async def test_a_log_that_is_closed_ends_reading_at_once() -> None:
    log = KafkaLog(
        KafkaAccess.of("127.0.0.1:1"),
        client_id="test",
        records_in_flight_max=1,
        append_deadline_ms=1_000,
        session_timeout_ms=6_000,
        heartbeat_ms=1_000,
        away_ms_max=1_000,
        answer_ms_max=3_600_000,
        replication_factor=1,
    )
    leader = Leader()
    log._places, log._counts = KafkaLookup(leader), {AWAY.topic: 3}
    reading = asyncio.ensure_future(log.read_at(AWAY.topic, AWAY.partition, 1))
    async with asyncio.timeout(30):
        while not leader.updates:
            await asyncio.sleep(0)
        await log.close()
        for read in (reading, log.read_at(AWAY.topic, AWAY.partition, 1)):
            with pytest.raises(LogUnavailable, match="closed"):
                await read


@pytest.mark.parametrize(
    "error", [OffsetOutOfRangeError, TopicAuthorizationFailedError, UnsupportedVersionError]
)
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


class Stretch(Leader):
    """Whose answers go on: two batches of two records from 4 on."""

    async def send(self, node_id: int, request: Any) -> Any:
        response = await super().send(node_id, request)
        ((topic, ((*part, _),)),) = response.topics
        answer = (*part, self.change(batch(4, b"four", b"five") + batch(6, b"six", b"seven")))
        return SimpleNamespace(topics=[(topic, [answer])])


async def values(leader: Leader, offset: int, records_max: int = 500) -> list[bytes]:
    found = await KafkaLookup(leader).records_from(WHERE, offset, records_max=records_max)
    assert [one.offset for one in found] == list(range(offset, offset + len(found)))
    return [one.value for one in found]


async def test_records_behind_the_one_asked_for_come_along() -> None:
    leader = Stretch()
    assert await values(leader, 5) == [b"five", b"six", b"seven"]
    assert await values(leader, 5, records_max=2) == [b"five", b"six"]
    assert leader.asked == [5, 5]


async def test_a_broken_batch_behind_it_is_not_read_and_breaks_nothing() -> None:
    leader = Stretch()
    leader.change = lambda batches: batches[:-1] + b"\x01"
    assert await values(leader, 4) == [b"four", b"five"]
    with pytest.raises(CorruptRecordException):
        await values(leader, 6)
