"""What is kept of one run: its figures by name, and a few curves to draw."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field

import numpy as np

from simulator.day import Tier
from simulator.metrics import measure
from simulator.pool import LEVELS, Bools, Floats
from simulator.record import Record
from simulator.worlds import DAY_SECONDS

CLASS_ANSWERED_MIN = 100
"""A class of fewer answered calls has no P99 to speak of: its longest wait would stand for it."""
WAITED_SECONDS_MAX = 60
OCCUPANCY_BINS = 40


@dataclass(frozen=True, slots=True)
class Run:
    """Of one replication; figures that nothing measured are NaN."""

    figures: dict[str, float]
    """Those of Metrics, and what this module adds; shares in 0..1, seconds, cs."""
    curves: dict[str, list[float]] = field(default_factory=dict)


def run_of(record: Record) -> Run:
    metrics = measure(record)
    figures = {name: float(value) for name, value in asdict(metrics).items()}
    figures["asa_loyal_over_new"] = (
        metrics.asa_loyal_seconds / metrics.asa_new_seconds if metrics.asa_new_seconds else float("nan")
    )
    figures["class_p99_ratio"] = _worst_class(record)
    return Run(figures, {"answered_within": _answered_within(record), "occupancy": _occupancy(record)})


def _worst_class(record: Record) -> float:
    """The highest P99 wait of any class of calls over that of all: classes by topic, tier, complaint and signal."""
    answered = _answered(record)
    overall = _p99(record, answered)
    worst = [
        _p99(record, one) for one in _classes(record) if int((one & answered).sum()) >= CLASS_ANSWERED_MIN
    ]
    return max(worst) / overall if worst and overall else float("nan")


def _classes(record: Record) -> Iterator[Bools]:
    day = record.day
    for topic in range(int(day.topic.max(initial=0)) + 1):
        yield day.observed_topic == topic
    for tier in Tier:
        yield day.tier == tier
        yield (day.tier == tier) & day.complaint
    for signal in range(LEVELS):
        yield day.signal == signal


def _p99(record: Record, among: Bools) -> float:
    waits: Floats = record.first_wait_seconds[_answered(record) & among]
    return float(np.quantile(waits, 0.99)) if waits.size else float("nan")


def _answered(record: Record) -> Bools:
    day = record.day
    return np.asarray(day.counted & ~day.email & ~np.isnan(record.first_wait_seconds))


def _answered_within(record: Record) -> list[float]:
    """Share of the calls offered that were answered within 0, 1, 2, ... seconds."""
    offered = record.day.counted & ~record.day.email
    waits = np.nan_to_num(record.first_wait_seconds[offered], nan=np.inf)
    if not waits.size:
        return []
    return _rounded([float((waits <= second).mean()) for second in range(WAITED_SECONDS_MAX + 1)])


def _occupancy(record: Record) -> list[float]:
    """Share of the agents in each of the equal bins of busy time over the day, 0 to 1."""
    counts, _ = np.histogram(
        np.clip(record.busy_seconds / DAY_SECONDS, 0.0, 1.0), bins=OCCUPANCY_BINS, range=(0.0, 1.0)
    )
    return _rounded((counts / max(1, len(record.busy_seconds))).tolist())


def _rounded(values: Sequence[float]) -> list[float]:
    return [round(value, 5) for value in values]
