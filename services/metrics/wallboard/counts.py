"""Counts of each quarter hour of a desk, summed up once: a quarter that is over does not change any more."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from services.metrics import folds
from services.metrics.ledger import Ledger
from services.metrics.wallboard.days import Day

Counts = dict[str, int]
"""Parts of KPIs by their name in GetKpis, and never a duration; what is missing is 0."""

PARTS = (
    "arrived",
    "offered",
    "abandoned",
    "promises_kept",
    "promises_broken",
    "fcr_provisional_closed",
    "fcr_provisional_resolved",
    "fcr_matured",
    "fcr_resolved",
    "handled",
    "escalated",
    "transfers",
    "chains",
)
"""What the wallboard shows, or divides by."""


@dataclass(frozen=True, slots=True)
class Kept:
    """One row as summed up when it held `count` records."""

    count: int
    counts: Counts


class Quarters:
    """Remembers the rows that it was last asked for, and no others."""

    def __init__(self) -> None:
        self._kept: dict[tuple[int, str, int], Kept] = {}

    def of(self, ledgers: Iterable[Ledger], desk_id: str, days: Iterable[Day]) -> dict[int, Counts]:
        """Quarter to counts for the quarters of these days that hold anything; an empty desk means all desks."""
        kept: dict[tuple[int, str, int], Kept] = {}
        found: dict[int, Counts] = {}
        wanted = sorted({quarter for day in days for quarter in range(day.first, day.end)})
        for ledger in ledgers:
            for desk, rows in ledger.rows.items():
                if desk_id and desk != desk_id:
                    continue
                for quarter in wanted:
                    row = rows.get(quarter)
                    if row is None:
                        continue
                    key = (ledger.partition, desk, quarter)
                    one = self._kept.get(key)
                    if one is None or one.count != row.count:
                        one = Kept(row.count, counted(row.totals))
                    kept[key] = one
                    add(found.setdefault(quarter, {}), one.counts)
        self._kept = kept
        return found


def counted(totals: Mapping[tuple[str, ...], int]) -> Counts:
    """The parts of one row."""
    result = folds.result(totals)
    return {name: result[name] for name in PARTS if result[name]}


def add(into: Counts, counts: Mapping[str, int]) -> None:
    for name, amount in counts.items():
        into[name] = into.get(name, 0) + amount


def total(quarters: Mapping[int, Counts], first: int, end: int) -> Counts:
    """Sum over first <= quarter < end."""
    summed: Counts = {}
    for quarter, counts in quarters.items():
        if first <= quarter < end:
            add(summed, counts)
    return summed
