"""Metrics for paths that run thousands of times a second: children found once, events and durations counted without locks.

Of the client library each `labels` checks and joins its values under a lock, each `observe` takes two locks more; beside
other work that empties the caches, the five of a delivery took a hundred of its six hundred microseconds.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from itertools import accumulate
from typing import Generic, TypeVar

from prometheus_client import CollectorRegistry, Counter, Gauge
from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily

Labelled = TypeVar("Labelled", Counter, Gauge)


class Children(dict[tuple[str, ...], Labelled], Generic[Labelled]):
    """The children of a metric by their label values, of which there must be few."""

    def __init__(self, metric: Labelled) -> None:
        super().__init__()
        self._metric: Labelled = metric

    def labels(self, *values: str) -> Labelled:
        return self[values]

    def __missing__(self, values: tuple[str, ...]) -> Labelled:
        return self.setdefault(values, self._metric.labels(*values))


class Durations:
    """Observed seconds in buckets; one thread observes, another may collect."""

    __slots__ = ("_bounds", "_counts", "_sum")

    def __init__(self, bounds: Sequence[float]) -> None:
        self._bounds = tuple(bounds)
        self._counts, self._sum = [0] * (len(self._bounds) + 1), 0.0

    def observe(self, seconds: float) -> None:
        self._counts[bisect_left(self._bounds, seconds)] += 1
        self._sum += seconds

    def add_to(self, family: HistogramMetricFamily, labels: Sequence[str] = ()) -> None:
        """Adds its series to the family."""
        names = [*map(repr, self._bounds), "+Inf"]
        buckets = list(zip(names, map(float, accumulate(self._counts)), strict=True))
        family.add_metric(labels, buckets=buckets, sum_value=self._sum)


class DurationHistogram:
    """A histogram of seconds by at most one label; its first values are told from the start."""

    def __init__(
        self,
        name: str,
        text: str,
        bounds: Sequence[float],
        registry: CollectorRegistry,
        *,
        label: str = "",
        values: Sequence[str] = ("",),
    ) -> None:
        self._name, self._text, self._label = name, text, label
        self._bounds = tuple(bounds)
        self._by = {value: Durations(bounds) for value in values}
        self.observe = self._by[values[0]].observe
        """Of a histogram without a label, or of its first value."""
        registry.register(self)

    def labels(self, value: str) -> Durations:
        """The durations of one value, of which there must be few."""
        found = self._by.get(value)
        return found if found is not None else self._by.setdefault(value, Durations(self._bounds))

    def describe(self) -> list[HistogramMetricFamily]:
        return [self._family()]

    def collect(self) -> list[HistogramMetricFamily]:
        """Asked by the thread that serves the metrics."""
        family = self._family()
        for value, durations in list(self._by.items()):
            durations.add_to(family, [value] if self._label else [])
        return [family]

    def _family(self) -> HistogramMetricFamily:
        return HistogramMetricFamily(self._name, self._text, labels=[self._label] if self._label else [])


class Count:
    """What was counted; one thread counts, another may collect."""

    __slots__ = ("value",)

    def __init__(self) -> None:
        self.value = 0

    def inc(self) -> None:
        self.value += 1


class QuickCounter:
    """A counter by one label, whose values are all known and told from the start."""

    def __init__(
        self, name: str, text: str, label: str, values: Sequence[str], registry: CollectorRegistry
    ) -> None:
        self._name, self._text, self._label = name, text, label
        self.of = {value: Count() for value in values}
        registry.register(self)

    def describe(self) -> list[CounterMetricFamily]:
        return [CounterMetricFamily(self._name, self._text, labels=[self._label])]

    def collect(self) -> list[CounterMetricFamily]:
        """Asked by the thread that serves the metrics."""
        family = CounterMetricFamily(self._name, self._text, labels=[self._label])
        for value, count in self.of.items():
            family.add_metric([value], count.value)
        return [family]
