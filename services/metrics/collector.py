"""The board's snapshot as Prometheus families: durable totals, never restored counters (operations.md 2.2 B).

Each total carries its `partition` and no `_created` series; a partition that is not owned, or not yet recovered,
has no series at all. Known label sets are there as zeros from the start, or the first increment would be lost to
`increase()`. Runs in the HTTP server's thread; it reads one immutable snapshot and cannot raise for what is in it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import product

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.utils import floatToGoString

from services.metrics.catalogue import MEASURES, OTHER, PIPELINE, Kind, Measure, meaningful
from services.metrics.folds.totals import SUM, Series
from services.metrics.ledger import LedgerSnapshot
from services.metrics.store import Snapshot

Labels = tuple[str, ...]


class DurableTotals:
    """A collector; register it with the registry that /metrics serves."""

    def __init__(self, snapshot: Callable[[], Snapshot]) -> None:
        self._snapshot = snapshot

    def describe(self) -> list[Metric]:
        return []  # else the registry collects at registration

    def collect(self) -> Iterator[Metric]:
        snapshot = self._snapshot()
        sorted_totals = [(ledger, _by_measure(ledger)) for ledger in snapshot.ledgers]
        for measure in MEASURES:
            labels = ("channel", "queue", *(label.name for label in measure.labels), "partition")
            family = _FAMILIES[measure.kind](measure.name, measure.help, labels=labels)
            for ledger, by_measure in sorted_totals:
                _add(family, measure, str(ledger.partition), by_measure[measure.name])
            yield family
        yield from _pipeline(snapshot)


_FAMILIES = {Kind.COUNTER: CounterMetricFamily, Kind.HISTOGRAM: HistogramMetricFamily}


def born(measure: Measure, channel: str, queue: str, window: str) -> Iterator[Labels]:
    """Label sets of the measure that exist from the start for a queue's channel; `window` is the desk's own."""
    for values in product(
        *(((window,) if label.name == "window" else label.born) for label in measure.labels)
    ):
        if meaningful(measure, channel, values):
            yield (channel, queue, *values)


def _by_measure(ledger: LedgerSnapshot) -> dict[str, dict[Labels, dict[str, int]]]:
    """measure -> label set -> part -> amount; a counter has the one part "". Zeros included."""
    found: dict[str, dict[Labels, dict[str, int]]] = {
        measure.name: {
            labels: {}
            for desk in ledger.desks
            for channel, queue in desk.pairs
            for labels in born(measure, channel, queue if measure.queued else OTHER, desk.window)
        }
        for measure in MEASURES
    }
    width = {measure.name: 3 + len(measure.labels) for measure in MEASURES}
    for series, amount in ledger.totals.items():
        if series[0] in found:
            end = width[series[0]]
            parts = found[series[0]].setdefault(series[1:end], {})
            parts[_part(series, end)] = amount
    return found


def _part(series: Series, end: int) -> str:
    return series[end] if len(series) > end else ""


def _add(family: Metric, measure: Measure, partition: str, sets: dict[Labels, dict[str, int]]) -> None:
    for labels, parts in sorted(sets.items()):
        if isinstance(family, HistogramMetricFamily):
            buckets, seen = [], 0
            for index, bound in enumerate((*measure.bounds, float("inf"))):
                seen += parts.get(str(index), 0)
                buckets.append((floatToGoString(bound), seen))  # type: ignore[no-untyped-call]
            family.add_metric((*labels, partition), buckets, parts.get(SUM, 0) / measure.scale)
        elif isinstance(family, CounterMetricFamily):
            family.add_metric((*labels, partition), _exported(parts.get("", 0), measure.scale))


def _exported(stored: int, scale: int) -> float:
    return stored if scale == 1 else stored / scale


def _pipeline(snapshot: Snapshot) -> Iterator[Metric]:
    watermark = _pipeline_family("frontdesk_metrics_watermark_timestamp_seconds", "partition")
    folded = _pipeline_family("frontdesk_decisions_folded_total", "verdict", "partition")
    unknown = _pipeline_family("frontdesk_events_unknown_total", "partition")
    queues = _pipeline_family("frontdesk_queue_info", "queue", "desk", "partition")
    for ledger in snapshot.ledgers:
        partition = str(ledger.partition)
        if ledger.watermark_ms:
            watermark.add_metric((partition,), ledger.watermark_ms / 1000)
        folded.add_metric(("accepted", partition), ledger.accepted)
        folded.add_metric(("rejected", partition), ledger.rejected)
        unknown.add_metric((partition,), ledger.unknown)
        for desk in ledger.desks:
            for queue in dict.fromkeys(queue for _, queue in desk.pairs if queue != OTHER):
                queues.add_metric((queue, desk.desk_id, partition), 1)
    yield from (watermark, folded, unknown, queues)
    for name, value in (
        ("frontdesk_events_duplicate_total", snapshot.duplicates),
        ("frontdesk_metrics_gaps_total", snapshot.gaps),
        ("frontdesk_metrics_rebuilds_total", snapshot.rebuilds),
        ("frontdesk_table_recovery_remaining", snapshot.recovery_remaining),
        ("frontdesk_partitions_assigned", snapshot.assigned),
        ("frontdesk_partitions_ready", len(snapshot.ledgers)),
    ):
        family = _pipeline_family(name)
        family.add_metric((), value)
        yield family


def _pipeline_family(name: str, *labels: str) -> CounterMetricFamily | GaugeMetricFamily:
    kind, help = PIPELINE[name]
    make = CounterMetricFamily if kind == "counter" else GaugeMetricFamily
    return make(name.removesuffix("_total"), help, labels=labels)
