"""What a process's clients of Kafka come to (operations.md 2.3): counted where it happens, told when Prometheus asks.

Kafka's own exporters tell lag in offsets, which nobody can read, and nothing of what a client tried in vain. Here each
attempt counts with its result, a delay is in seconds, and what fills a buffer stands beside its bound.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Collection

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from services.runtime.log import BufferFull, LogRefused, OutcomeUnknown, RecordTooLarge, UnknownTopic

APPENDS = ("durable", "unknown", "refused", "failed")
"""Unknown: sent, and never answered. Refused: by Kafka, or here, for its size or a full buffer. Failed: not sent in time."""
FETCHES = ("records", "nothing", "failed")
COMMITS = ("done", "failed")
STARTING, RUNNING = "starting", "running"
_REFUSED = (LogRefused, BufferFull, RecordTooLarge, UnknownTopic)


class KafkaCounts:
    """Counts of one process; written on its loop and by Faust's thread, read by the thread that serves metrics."""

    def __init__(self) -> None:
        self.appends, self.fetches, self.commits = Counter(APPENDS), Counter(FETCHES), Counter(COMMITS)
        for counts in (self.appends, self.fetches, self.commits):
            counts.subtract(list(counts))  # told from the start, at 0
        self.producers_replaced = 0
        self.readers: set[Reader] = set()
        self.buffers: dict[str, tuple[Callable[[], int], int]] = {}
        """Records that wait for their append to be durable, and the bound, by appender."""

    def append_failed(self, error: Exception) -> None:
        """Counts an append by what its failing means."""
        unknown = isinstance(error, OutcomeUnknown)
        self.appends["unknown" if unknown else "refused" if isinstance(error, _REFUSED) else "failed"] += 1


class Reader:
    """The delay of one who reads the end of a topic as it grows. It is starting until it has come to the end."""

    def __init__(self, counts: KafkaCounts, topic: str, *, clock: Callable[[], float] = time.time) -> None:
        self._readers, self.topic, self._clock = counts.readers, topic, clock
        self.phase, self.delay_seconds = STARTING, 0.0

    def begin(self) -> None:
        """Partitions have been given to it."""
        self.phase, self.delay_seconds = STARTING, 0.0
        self._readers.add(self)

    def read(self, newest_ms: Collection[int], *, at_the_end: bool) -> None:
        """A fetch brought records, the newest of each partition appended then; with them the reader is at the end of all
        partitions, or not."""
        if newest_ms:
            self.delay_seconds = max(0.0, self._clock() - min(newest_ms) / 1000)
        if at_the_end:
            self.phase = RUNNING
            if not newest_ms:
                self.delay_seconds = 0.0

    def end(self) -> None:
        """It reads nothing any more."""
        self._readers.discard(self)


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
            _by_result("frontdesk_kafka_appends", "Records to append, by result.", counts.appends),
            _by_result("frontdesk_kafka_fetches", "Fetches, by result.", counts.fetches),
            _by_result("frontdesk_kafka_commits", "Commits of group offsets, by result.", counts.commits),
            CounterMetricFamily(
                "frontdesk_kafka_producers_replaced",
                "Producers given up after an append of unknown outcome, or a refusal.",
                value=counts.producers_replaced,
            ),
        ]
        waiting = GaugeMetricFamily(
            "frontdesk_kafka_append_buffer_records",
            "Records that wait for their append to be durable.",
            labels=("appender",),
        )
        most = GaugeMetricFamily(
            "frontdesk_kafka_append_buffer_records_max",
            "Bound of the records that wait; beyond it appends are refused.",
            labels=("appender",),
        )
        for appender, (count, bound) in list(counts.buffers.items()):
            waiting.add_metric([appender], count())
            most.add_metric([appender], bound)
        delays: dict[tuple[str, str], float] = {}
        for reader in list(counts.readers):
            place = reader.topic, reader.phase
            delays[place] = max(delays.get(place, 0.0), reader.delay_seconds)
        delay = GaugeMetricFamily(
            "frontdesk_kafka_record_delay_seconds",
            "Time from a record's append to its being read here, of the newest fetch; 0 when there was nothing new.",
            labels=("topic", "phase"),
        )
        for place, seconds in delays.items():
            delay.add_metric(place, seconds)
        return [*told, waiting, most, delay]


def _by_result(name: str, text: str, counts: Counter[str]) -> CounterMetricFamily:
    family = CounterMetricFamily(name, text, labels=("result",))
    for result, count in list(counts.items()):
        family.add_metric([result], count)
    return family
