"""Quick metrics tell the same as the client library's own."""

from __future__ import annotations

import random

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest

from services.runtime.quick_metrics import Children, DurationHistogram, QuickCounter

BOUNDS = (0.001, 0.25, 1.0, 10.0)


def told(registry: CollectorRegistry) -> list[str]:
    return [row for row in generate_latest(registry).decode().splitlines() if "_created" not in row]


def test_a_histogram_is_told_as_the_librarys() -> None:
    theirs, ours = CollectorRegistry(), CollectorRegistry()
    by_library = Histogram("waits_seconds", "How long.", ("provider",), buckets=BOUNDS, registry=theirs)
    by_us = DurationHistogram("waits_seconds", "How long.", BOUNDS, ours, label="provider", values=("a", "b"))
    rng = random.Random(1)
    for provider in ("a", "b"):
        by_library.labels(provider)
    for _ in range(500):
        provider, seconds = rng.choice("abc"), rng.choice((*BOUNDS, rng.expovariate(1)))
        by_library.labels(provider).observe(seconds)
        by_us.labels(provider).observe(seconds)

    assert told(ours) == told(theirs)


def test_a_histogram_without_a_label_is_told_as_the_librarys() -> None:
    theirs, ours = CollectorRegistry(), CollectorRegistry()
    by_library = Histogram("waits_seconds", "How long.", buckets=BOUNDS, registry=theirs)
    by_us = DurationHistogram("waits_seconds", "How long.", BOUNDS, ours)
    for seconds in (0.0, 0.001, 0.5, 99.0):
        by_library.observe(seconds)
        by_us.observe(seconds)

    assert told(ours) == told(theirs)


def test_a_child_is_found_once_and_counts_in_its_metric() -> None:
    registry = CollectorRegistry()
    children = Children(Counter("answers", "Answers.", ("provider", "verdict"), registry=registry))
    children.labels("a", "genuine").inc()
    children.labels("a", "genuine").inc(2)

    assert children.labels("a", "genuine") is children.labels("a", "genuine")
    assert registry.get_sample_value("answers_total", {"provider": "a", "verdict": "genuine"}) == 3


def test_a_counter_is_told_as_the_librarys() -> None:
    theirs, ours = CollectorRegistry(), CollectorRegistry()
    by_library = Counter("records_total", "Read.", ("verdict",), registry=theirs)
    by_us = QuickCounter("records_total", "Read.", "verdict", ("accepted", "rejected"), ours)
    for verdict in ("accepted", "rejected"):
        by_library.labels(verdict)
    assert told(ours) == told(theirs)
    for verdict in ("accepted", "rejected", "accepted"):
        by_library.labels(verdict).inc()
        by_us.of[verdict].inc()

    assert told(ours) == told(theirs)
    assert ours.get_sample_value("records_total", {"verdict": "accepted"}) == 2
