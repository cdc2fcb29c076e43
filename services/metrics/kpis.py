"""KPI rows from totals: grouped, and divided only where there is something to divide by (operations.md 1.1)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum

from services.metrics import folds
from services.metrics.folds.totals import Series, Totals, agg, initialize


class Dimension(Enum):
    """What rows can be grouped by."""

    CHANNEL = "channel"
    QUEUE = "queue"
    DESK = "desk"


@dataclass(frozen=True, slots=True)
class Kpis:
    """Measures of one group. `parts` are counts, and durations in milliseconds (names ending in _ms)."""

    group: tuple[str, ...]
    parts: Mapping[str, int]

    def ratio(self, over: str, under: str) -> float | None:
        """over / under; None (absent, not 0) when there is nothing to divide by."""
        return self.parts[over] / self.parts[under] if self.parts[under] else None

    def ratios(self) -> dict[str, float]:
        """The ratios that exist, by their name in GetKpis."""
        speed_ms = self.ratio("wait_since_queue_ms", "answered_legs")
        found = {
            "fcr_provisional": self.ratio("fcr_provisional_resolved", "fcr_provisional_closed"),
            "abandonment": self.ratio("abandoned", "offered"),
            "escalation": self.ratio("escalated", "handled"),
            "transfers_per_contact": self.ratio("transfers", "handled"),
            "average_speed_of_answer_seconds": None if speed_ms is None else speed_ms / 1000,
        }
        return {name: value for name, value in found.items() if value is not None}


def kpis(rows: Iterable[tuple[str, Mapping[Series, int]]], group_by: tuple[Dimension, ...]) -> list[Kpis]:
    """One `Kpis` a group, in the order of the groups' names; without dimensions one for everything, even for nothing."""
    groups: dict[tuple[str, ...], Totals] = {} if group_by else {(): initialize()}
    for desk_id, totals in rows:
        for series, amount in totals.items():
            group = tuple(_value(dimension, desk_id, series) for dimension in group_by)
            agg(groups.setdefault(group, initialize()), ((series, amount),))
    return [Kpis(group, folds.result(groups[group])) for group in sorted(groups)]


def _value(dimension: Dimension, desk_id: str, series: Series) -> str:
    match dimension:
        case Dimension.CHANNEL:
            return series[1]
        case Dimension.QUEUE:
            return series[2]
        case Dimension.DESK:
            return desk_id
