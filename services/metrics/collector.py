"""The board's snapshot as Prometheus families: durable totals, never restored counters (operations.md 2.2 B).

Gauges of what stands now are made of the same snapshot; ages and overdue counts by the clock at the scrape.

Each total carries its `partition` and no `_created` series; a partition that is not owned, or not yet recovered,
has no series at all. Known label sets are there as zeros from the start, or the first increment would be lost to
`increase()`. Runs in the HTTP server's thread; it reads one immutable snapshot and cannot raise for what is in it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import product

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.utils import floatToGoString

from services.metrics.catalogue import MEASURES, PIPELINE, meaningful
from services.metrics.desk_measures import AGENT_STATES
from services.metrics.folds.scene import DeskView
from services.metrics.folds.totals import SUM, Series
from services.metrics.gauges import CONTACT_STATES, GAUGES
from services.metrics.ledger import LedgerSnapshot
from services.metrics.measure import OTHER, Kind, Measure
from services.metrics.store import Snapshot
from services.metrics.windows import WINDOWED, together

Labels = tuple[str, ...]


def _now_ms() -> int:
    return int(time.time() * 1000)


class DurableTotals:
    """A collector; register it with the registry that /metrics serves."""

    def __init__(self, snapshot: Callable[[], Snapshot], *, now_ms: Callable[[], int] = _now_ms) -> None:
        self._snapshot, self._now_ms = snapshot, now_ms

    def describe(self) -> list[Metric]:
        return []  # else the registry collects at registration

    def collect(self) -> Iterator[Metric]:
        snapshot = self._snapshot()
        yield from totals(snapshot.ledgers)
        yield from standing(snapshot, self._now_ms())
        yield from _pipeline(snapshot)


def totals(ledgers: Sequence[LedgerSnapshot]) -> Iterator[Metric]:
    """Every durable total of the ledgers."""
    sorted_totals = [(ledger, _by_measure(ledger)) for ledger in ledgers]
    for measure in MEASURES:
        place = ("desk",) if measure.of_desk else ("channel", "queue")
        labels = (*place, *(label.name for label in measure.labels), "partition")
        family = _FAMILIES[measure.kind](measure.name, measure.help, labels=labels)
        for ledger, by_measure in sorted_totals:
            _add(family, measure, str(ledger.partition), by_measure[measure.name])
        yield family


_FAMILIES = {Kind.COUNTER: CounterMetricFamily, Kind.HISTOGRAM: HistogramMetricFamily}


def born(measure: Measure, desk: DeskView) -> Iterator[Labels]:
    """Label sets of the measure that exist from the start at a desk."""
    own = {"window": (desk.window,), "topic": (*desk.topics, OTHER)}
    places = ((desk.desk_id,),) if measure.of_desk else desk.pairs
    for place in places:
        channel = "" if measure.of_desk else place[0]
        named = place if measure.of_desk or measure.queued else (channel, OTHER)
        for values in product(*(own.get(label.name, label.born) for label in measure.labels)):
            if meaningful(measure, channel, values):
                yield (*named, *values)


def _by_measure(ledger: LedgerSnapshot) -> dict[str, dict[Labels, dict[str, int]]]:
    """measure -> label set -> part -> amount; a counter has the one part "". Zeros included."""
    found: dict[str, dict[Labels, dict[str, int]]] = {
        name: {labels: {} for labels in sets} for name, sets in _births(ledger.desks).items()
    }
    for series, amount in ledger.totals.items():
        shape = _SHAPES.get(series[0])
        if shape is not None:
            begin, end = shape
            parts = found[series[0]].setdefault(series[begin:end], {})
            parts[_part(series, end)] = amount
    return found


@lru_cache(maxsize=256)
def _births(desks: tuple[DeskView, ...]) -> dict[str, tuple[Labels, ...]]:
    """Label sets that exist from the start, by measure; kept while the configurations stand."""
    return {
        measure.name: tuple({labels: None for desk in desks for labels in born(measure, desk)})
        for measure in MEASURES
    }


_SHAPES = {measure.name: (2 if measure.of_desk else 1, 3 + len(measure.labels)) for measure in MEASURES}
"""Where the exported labels of a series begin and end."""


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


def standing(snapshot: Snapshot, at_ms: int) -> Iterator[Metric]:
    """What stands now, of the partitions that are exported; ages by the given clock."""
    families = {
        name: GaugeMetricFamily(name, help, labels=(*labels, "partition"))
        for name, (labels, help) in GAUGES.items()
    }
    for ledger in snapshot.ledgers:
        partition = str(ledger.partition)
        for name, labels, value in _standing(ledger, at_ms):
            families[name].add_metric((*labels, partition), value)
    yield from families.values()


def _standing(ledger: LedgerSnapshot, at_ms: int) -> Iterator[tuple[str, Labels, float]]:
    desks = ledger.now
    waiting = {place: 0 for view in ledger.desks for place in view.pairs}
    for now in desks:
        for place, contacts in now.waiting.items():
            waiting[place] = waiting.get(place, 0) + contacts
    for place, contacts in waiting.items():
        yield "frontdesk_queue_depth", place, contacts
    for name, oldest in (
        ("frontdesk_queue_oldest_wait_seconds", [now.oldest_ms for now in desks]),
        ("frontdesk_unanswered_age_seconds", [now.unanswered_ms for now in desks]),
    ):
        for place, since_ms in _earliest(oldest).items():
            yield name, place, max(0, at_ms - since_ms) / 1000
    for now in desks:
        for state in AGENT_STATES:
            yield "frontdesk_agents", (now.desk_id, state), now.agents.get(state, 0)
        yield "frontdesk_desk_overloaded", (now.desk_id,), int(now.overloaded)
        for change in now.changes:
            yield "frontdesk_change_info", (now.desk_id, change), 1
    for state in CONTACT_STATES:
        yield "frontdesk_contacts_open", (state,), sum(now.states.get(state, 0) for now in desks)
        yield "frontdesk_contacts_overdue", (state,), sum(now.overdue(state, at_ms) for now in desks)
    yield "frontdesk_updates_overdue", (), sum(now.updates_overdue(at_ms) for now in desks)
    yield from _windows(ledger)


def _windows(ledger: LedgerSnapshot) -> Iterator[tuple[str, Labels, float]]:
    """Of every queue of the configurations, and of others that something happened in."""
    queues = dict.fromkeys(queue for view in ledger.desks for _, queue in view.pairs)
    for window, sums in together(ledger.windows).items():
        places = dict.fromkeys([(queue, kpi) for queue in queues for kpi in WINDOWED] + sorted(sums))
        for queue, kpi in places:
            part, whole = sums.get((queue, kpi), (0, 0))
            yield "frontdesk_window_numerator", (queue, kpi, window), part
            yield "frontdesk_window_denominator", (queue, kpi, window), whole


def _earliest(found: list[Mapping[tuple[str, str], int]]) -> dict[tuple[str, str], int]:
    """By place, over desks that name their queues alike."""
    merged: dict[tuple[str, str], int] = {}
    for one in found:
        for place, at_ms in one.items():
            merged[place] = min(merged.get(place, at_ms), at_ms)
    return merged


def _pipeline(snapshot: Snapshot) -> Iterator[Metric]:
    watermark = _pipeline_family("frontdesk_metrics_watermark_timestamp_seconds", "partition")
    folded = _pipeline_family("frontdesk_decisions_folded_total", "verdict", "partition")
    unknown = _pipeline_family("frontdesk_events_unknown_total", "partition")
    beats = _pipeline_family("frontdesk_metrics_heartbeat_timestamp_seconds", "partition")
    delays = _pipeline_family("frontdesk_stage_delay_seconds", "stage", "partition")
    queues = _pipeline_family("frontdesk_queue_info", "queue", "desk", "partition")
    for ledger in snapshot.ledgers:
        partition = str(ledger.partition)
        if ledger.watermark_ms:
            watermark.add_metric((partition,), ledger.watermark_ms / 1000)
        folded.add_metric(("accepted", partition), ledger.accepted)
        folded.add_metric(("rejected", partition), ledger.rejected)
        unknown.add_metric((partition,), ledger.unknown)
        if ledger.heartbeat_ms:
            decided_after_ms = max(0, ledger.heartbeat_decided_ms - ledger.heartbeat_ms)
            beats.add_metric((partition,), ledger.heartbeat_ms / 1000)
            delays.add_metric(("router", partition), decided_after_ms / 1000)
        if ledger.partition in snapshot.beats_ms:
            delays.add_metric(("metrics", partition), snapshot.beats_ms[ledger.partition] / 1000)
        for desk in ledger.desks:
            for queue in dict.fromkeys(queue for _, queue in desk.pairs if queue != OTHER):
                queues.add_metric((queue, desk.desk_id, partition), 1)
    yield from (watermark, beats, delays, folded, unknown, queues)
    for name, value in (
        ("frontdesk_events_duplicate_total", snapshot.duplicates),
        ("frontdesk_events_late_total", snapshot.late),
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
