"""Totals: exact integers per series, and how a fold moves them.

A *series* is (measure, channel, queue, further labels...) and for a histogram one more part: the index of a
bucket (each bucket counts its own values only) or "sum". A fold answers *moves*, (series, amount) pairs; adding
them up is all that ever happens to totals, so any order and any cut into chunks give the same numbers.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from services.metrics.measure import CHANNELS, OTHER, Kind, Measure

Series = tuple[str, ...]
Totals = dict[Series, int]
Move = tuple[Series, int]

SUM = "sum"
"""Last part of the series that holds a histogram's sum, in stored units."""
_BUCKETS = tuple(str(index) for index in range(32))


def initialize() -> Totals:
    """Nothing counted; a missing series is 0."""
    return {}


def agg(totals: Totals, moves: Iterable[Move]) -> Totals:
    """Adds the moves to the totals, in place, and answers them."""
    for series, amount in moves:
        totals[series] = totals.get(series, 0) + amount
    return totals


def count(measure: Measure, channel: str, queue: str, *labels: str, amount: int = 1) -> Move:
    """A counter moves; labels in the measure's order, each closed to its list."""
    return (measure.name, channel, queue, *_closed(measure, labels)), amount


def count_desk(measure: Measure, desk_id: str, *labels: str, amount: int = 1) -> Move:
    """A counter of the desk as a whole moves: its series has the desk in the queue's place, and no channel."""
    return (measure.name, "", desk_id, *_closed(measure, labels)), amount


def observe(measure: Measure, channel: str, queue: str, *labels: str, value: int) -> tuple[Move, Move]:
    """A histogram takes a value in stored units; negative ones (a clock set back) count as 0."""
    value = max(0, value)
    series = (measure.name, channel, queue, *_closed(measure, labels))
    return ((*series, _BUCKETS[measure.bucket(value)]), 1), ((*series, SUM), value)


def channel_label(label: str) -> str:
    """The channel if it is on the closed list, else "other"."""
    return label if label in CHANNELS else OTHER


def total(totals: Mapping[Series, int], measure: Measure, **labels: str) -> int:
    """Sum of a counter, or number of values of a histogram, over all channels and queues, where labels match."""
    return sum(amount for _, amount in matching(totals, measure, labels))


def total_sum(totals: Mapping[Series, int], measure: Measure, **labels: str) -> int:
    """Sum of a histogram's values in stored units, where labels match."""
    at = 3 + len(measure.labels)
    return sum(
        amount for series, amount in totals.items() if _fits(series, measure, labels) and series[at] == SUM
    )


def matching(totals: Mapping[Series, int], measure: Measure, labels: Mapping[str, str]) -> Iterator[Move]:
    """The measure's series and amounts where labels match, sums of histograms left out."""
    at = 3 + len(measure.labels)
    histogram = measure.kind is Kind.HISTOGRAM
    for series, amount in totals.items():
        if _fits(series, measure, labels) and not (histogram and series[at] == SUM):
            yield series, amount


def _fits(series: Series, measure: Measure, labels: Mapping[str, str]) -> bool:
    if series[0] != measure.name:
        return False
    return all(
        series[3 + index] == labels[label.name]
        for index, label in enumerate(measure.labels)
        if label.name in labels
    )


def _closed(measure: Measure, labels: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(label.closed(value) for label, value in zip(measure.labels, labels, strict=True))
