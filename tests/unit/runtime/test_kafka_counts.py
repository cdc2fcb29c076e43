"""What a process tells of its clients of Kafka."""

from __future__ import annotations

import pytest
from prometheus_client import CollectorRegistry

from services.runtime.kafka_counts import KafkaCollector, KafkaCounts, Reader
from services.runtime.log import (
    BufferFull,
    LogError,
    LogRefused,
    LogUnavailable,
    OutcomeUnknown,
    RecordTooLarge,
)


def registry_of(counts: KafkaCounts) -> CollectorRegistry:
    registry = CollectorRegistry()
    registry.register(KafkaCollector(counts))
    return registry


def delays(registry: CollectorRegistry) -> dict[str, float]:
    """Seconds by phase."""
    found = (family for family in registry.collect() if family.name == "frontdesk_kafka_record_delay_seconds")
    return {sample.labels["phase"]: sample.value for family in found for sample in family.samples}


def test_a_reader_is_starting_until_it_has_come_to_the_end_and_again_with_new_partitions() -> None:
    counts = KafkaCounts()
    registry, reader = registry_of(counts), Reader(counts, "facts", clock=lambda: 100.0)
    assert delays(registry) == {}

    reader.begin()
    reader.read([40_000], at_the_end=False)
    assert delays(registry) == {"starting": 60.0}
    reader.read([], at_the_end=False)  # a fetch that brought nothing is no end
    assert delays(registry) == {"starting": 60.0}

    reader.read([98_000], at_the_end=True)
    reader.read([99_500, 97_000], at_the_end=False)  # the slower partition is told
    assert delays(registry) == {"running": 3.0}

    reader.begin()
    assert delays(registry) == {"starting": 0.0}
    reader.end()
    assert delays(registry) == {}


def test_where_nothing_new_comes_nothing_is_late() -> None:
    counts = KafkaCounts()
    registry, reader = registry_of(counts), Reader(counts, "facts", clock=lambda: 7_300.0)
    reader.begin()
    reader.read([100_000], at_the_end=True)
    assert delays(registry) == {"running": 7_200.0}

    reader.read([], at_the_end=True)

    assert delays(registry) == {"running": 0.0}


def test_of_two_readers_the_later_one_is_told_and_a_clock_behind_tells_no_negative_delay() -> None:
    counts = KafkaCounts()
    for at in (1.0, 9.0):
        reader = Reader(counts, "facts", clock=lambda at=at: at)  # type: ignore[misc]
        reader.begin()
        reader.read([2_000], at_the_end=True)

    assert delays(registry_of(counts)) == {"running": 7.0}
    assert sorted(reader.delay_seconds for reader in counts.readers) == [0.0, 7.0]


@pytest.mark.parametrize(
    ("error", "result"),
    [
        (OutcomeUnknown("no answer"), "unknown"),
        (LogRefused("no right"), "refused"),
        (BufferFull("slow down"), "refused"),
        (RecordTooLarge("make it smaller"), "refused"),
        (LogUnavailable("not sent"), "failed"),
    ],
)
def test_each_attempt_counts_with_its_result_and_all_results_are_told_from_the_start(
    error: LogError, result: str
) -> None:
    counts = KafkaCounts()
    registry = registry_of(counts)
    counts.append_failed(error)

    def told(name: str) -> dict[str, float]:
        found = (family for family in registry.collect() if family.name == f"frontdesk_kafka_{name}")
        return {sample.labels["result"]: sample.value for family in found for sample in family.samples}

    assert told("appends") == dict.fromkeys(("durable", "unknown", "refused", "failed"), 0) | {result: 1}
    assert told("fetches") == dict.fromkeys(("records", "nothing", "failed"), 0)
    assert told("commits") == dict.fromkeys(("done", "failed"), 0)


def test_each_buffer_is_told_beside_its_own_bound() -> None:
    """Of two in one process the fuller one is at its bound, whatever the other holds."""
    counts = KafkaCounts()
    counts.buffers |= {"frontdesk": (lambda: 0, 10), "frontdesk-intake": (lambda: 20, 20)}
    registry = registry_of(counts)

    for appender, count, bound in (("frontdesk", 0, 10), ("frontdesk-intake", 20, 20)):
        labels = {"appender": appender}
        assert registry.get_sample_value("frontdesk_kafka_append_buffer_records", labels) == count
        assert registry.get_sample_value("frontdesk_kafka_append_buffer_records_max", labels) == bound
