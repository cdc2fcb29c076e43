"""What a process's clients of Kafka come to (operations.md 2.3): counted where it happens, told when Prometheus asks.

Kafka's own exporters tell lag in offsets, which nobody can read, and nothing of what a client tried in vain. Here each
attempt counts with its result, a delay is in seconds, and what fills a buffer stands beside its bound.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from services.runtime.log import LogRefused, OutcomeUnknown

APPENDS = ("durable", "unknown", "refused", "failed")
"""Unknown: sent, and never answered. Failed: it did not leave this process."""
FETCHES = ("records", "nothing", "failed")
COMMITS = ("done", "failed")
STARTING, RUNNING = "starting", "running"


class KafkaCounts:
    """Counts of one process; written on its loop and by Faust's thread, read by the thread that serves metrics."""

    def __init__(self) -> None:
        self.appends, self.fetches, self.commits = Counter(APPENDS), Counter(FETCHES), Counter(COMMITS)
        for counts in (self.appends, self.fetches, self.commits):
            counts.subtract(list(counts))  # told from the start, at 0
        self.producers_replaced = 0
        self.delays: dict[tuple[str, str], float] = {}
        """Seconds by topic and phase."""
        self.buffers: list[tuple[Callable[[], int], int]] = []
        """Records that wait for their append to be durable, and the bound, of each appender."""

    def append_failed(self, error: Exception, records: int = 1) -> None:
        """Counts appends by what their failing means."""
        unknown, refused = isinstance(error, OutcomeUnknown), isinstance(error, LogRefused)
        self.appends["unknown" if unknown else "refused" if refused else "failed"] += records


class Reader:
    """Counts what one reader of a topic fetches. It is starting until it has once come to the log's end."""

    def __init__(self, counts: KafkaCounts, topic: str, *, clock: Callable[[], float] = time.time) -> None:
        self._counts, self._topic, self._clock = counts, topic, clock
        self._phase = STARTING

    def read(self, found: Iterable[Sequence[Any]], *, to_the_end: bool) -> None:
        """A fetch was answered with these records by partition, with which the reader is at the log's end, or not."""
        newest = [records[-1].timestamp for records in found if records]
        self._counts.fetches["records" if newest else "nothing"] += 1
        if newest:
            delay = max(0.0, self._clock() - min(newest) / 1000)
            self._counts.delays[self._topic, self._phase] = delay
        if to_the_end and self._phase == STARTING:
            self._phase = RUNNING
            self._counts.delays.pop((self._topic, STARTING), None)

    def failed(self) -> None:
        self._counts.fetches["failed"] += 1


class KafkaCollector:
    """Tells the counts of a process."""

    def __init__(self, counts: KafkaCounts) -> None:
        self._counts = counts

    def describe(self) -> list[Metric]:
        return []

    def collect(self) -> list[Metric]:
        """Asked by the thread that serves metrics."""
        counts = self._counts
        told: list[Metric] = [
            _by_result("frontdesk_kafka_appends", "Records appended, by result.", counts.appends),
            _by_result("frontdesk_kafka_fetches", "Fetches of readers, by result.", counts.fetches),
            _by_result("frontdesk_kafka_commits", "Commits of group offsets, by result.", counts.commits),
            CounterMetricFamily(
                "frontdesk_kafka_producers_replaced",
                "Producers given up after an append of unknown outcome.",
                value=counts.producers_replaced,
            ),
        ]
        waiting = GaugeMetricFamily(
            "frontdesk_kafka_append_buffer_records", "Records that wait for their append to be durable."
        )
        most = GaugeMetricFamily(
            "frontdesk_kafka_append_buffer_records_max",
            "Bound of the records that wait; beyond it appends are refused.",
        )
        waiting.add_metric([], sum(count() for count, _ in counts.buffers))
        most.add_metric([], sum(bound for _, bound in counts.buffers))
        delay = GaugeMetricFamily(
            "frontdesk_kafka_record_delay_seconds",
            "Time from a record's append to its being read here, of the newest fetch.",
            labels=("topic", "phase"),
        )
        for place, seconds in list(counts.delays.items()):
            delay.add_metric(place, seconds)
        return [*told, waiting, most, delay]


def _by_result(name: str, text: str, counts: Counter[str]) -> CounterMetricFamily:
    family = CounterMetricFamily(name, text, labels=("result",))
    for result, count in list(counts.items()):
        family.add_metric([result], count)
    return family
