"""What a process tells of its clients of Kafka."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from prometheus_client import CollectorRegistry

from services.runtime.kafka_counts import KafkaCollector, KafkaCounts, Reader
from services.runtime.log import LogRefused, LogUnavailable, OutcomeUnknown


def registry_of(counts: KafkaCounts) -> CollectorRegistry:
    registry = CollectorRegistry()
    registry.register(KafkaCollector(counts))
    return registry


def records(*milliseconds: int) -> list[Any]:
    return [SimpleNamespace(timestamp=at) for at in milliseconds]


def delay(registry: CollectorRegistry, phase: str) -> float | None:
    labels = {"topic": "facts", "phase": phase}
    return registry.get_sample_value("frontdesk_kafka_record_delay_seconds", labels)


def test_a_reader_is_starting_until_it_has_once_come_to_the_end() -> None:
    counts = KafkaCounts()
    registry, reader = registry_of(counts), Reader(counts, "facts", clock=lambda: 100.0)

    reader.read([records(10_000, 40_000)], to_the_end=False)
    assert (delay(registry, "starting"), delay(registry, "running")) == (60.0, None)

    reader.read([records(98_000)], to_the_end=True)
    assert delay(registry, "starting") is None
    reader.read([records(90_000, 99_500), records(97_000)], to_the_end=False)  # the slower partition is told
    assert (delay(registry, "starting"), delay(registry, "running")) == (None, 3.0)


def test_a_clock_behind_the_brokers_tells_no_negative_delay() -> None:
    counts = KafkaCounts()
    Reader(counts, "facts", clock=lambda: 1.0).read([records(2_000)], to_the_end=False)

    assert delay(registry_of(counts), "starting") == 0.0


def test_each_attempt_counts_with_its_result_and_all_results_are_told_from_the_start() -> None:
    counts = KafkaCounts()
    registry, reader = registry_of(counts), Reader(counts, "facts")

    def told(name: str, result: str) -> float | None:
        return registry.get_sample_value(f"frontdesk_kafka_{name}_total", {"result": result})

    for result in ("durable", "unknown", "refused", "failed"):
        assert told("appends", result) == 0
    for result in ("records", "nothing", "failed"):
        assert told("fetches", result) == 0
    for result in ("done", "failed"):
        assert told("commits", result) == 0

    counts.append_failed(OutcomeUnknown("no answer"), 3)
    counts.append_failed(LogRefused("no right"))
    counts.append_failed(LogUnavailable("not sent"), 2)
    reader.read([records(1)], to_the_end=True)
    reader.read([], to_the_end=True)
    reader.failed()

    assert [told("appends", result) for result in ("unknown", "refused", "failed")] == [3, 1, 2]
    assert [told("fetches", result) for result in ("records", "nothing", "failed")] == [1, 1, 1]


def test_a_buffer_is_told_beside_its_bound() -> None:
    counts = KafkaCounts()
    counts.buffers += [(lambda: 3, 10), (lambda: 4, 20)]
    registry = registry_of(counts)

    assert registry.get_sample_value("frontdesk_kafka_append_buffer_records") == 7
    assert registry.get_sample_value("frontdesk_kafka_append_buffer_records_max") == 30
