"""A window against its own past: the same hours of the same weekday in earlier weeks (requirements S2.2, S2.3).

A share is judged by z = (now - base) / sqrt(base * (1 - base) / n), n its denominator in the window (operations.md
3.4): 85 % that becomes 75 % with n = 100 gives z = -2.8, so one bad day of a hundred answers is no proof yet.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from frontdesk.v1 import metrics_pb2
from services.metrics.folds.totals import Series
from services.metrics.kpis import Kpis, kpis
from services.metrics.query import Query, kpi_row
from services.metrics.rows import QUARTER_MS

WEEK_QUARTERS = 7 * 86_400_000 // QUARTER_MS
WINDOW_QUARTERS_MAX = WEEK_QUARTERS
WEEKS_DEFAULT, WEEKS_MAX = 4, 8
Rows = Sequence[tuple[str, Mapping[Series, int]]]


def earlier(query: Query, weeks: int, oldest: int) -> list[tuple[int, int]]:
    """(first quarter, first after) of the window in each earlier week that is kept whole, newest first."""
    if query.end is None:
        return []
    found = []
    for week in range(1, weeks + 1):
        first, end = query.first - week * WEEK_QUARTERS, query.end - week * WEEK_QUARTERS
        if first >= oldest:
            found.append((first, end))
    return found


def compared(query: Query, now: Rows, before: Rows) -> list[metrics_pb2.BaselineRow]:
    """A row a group that is in either, in the order of their names."""
    found = {one.group: one for one in _kpis(query, now)}
    base = {one.group: one for one in _kpis(query, before)}
    nothing = kpis((), ())[0]
    return [
        _row(
            found.get(group, replace(nothing, group=group)),
            base.get(group, replace(nothing, group=group)),
        )
        for group in sorted({*found, *base})
    ]


def _kpis(query: Query, rows: Rows) -> list[Kpis]:
    return kpis(rows, query.group_by, service_level_seconds=query.service_level_seconds)


def _row(now: Kpis, base: Kpis) -> metrics_pb2.BaselineRow:
    return metrics_pb2.BaselineRow(
        group=now.group, now=kpi_row(now), baseline=kpi_row(base), deviations=_deviations(now, base)
    )


def _deviations(now: Kpis, base: Kpis) -> Iterable[metrics_pb2.Deviation]:
    """Each ratio that both have."""
    past, shares = base.ratios(), now.shares()
    for name, value in now.ratios().items():
        if name in past:
            n = shares[name][1] if name in shares else 0
            z = z_score(value, past[name], n) if name in shares else None
            yield metrics_pb2.Deviation(ratio=name, now=value, baseline=past[name], n=n, z=z)


def z_score(now: float, base: float, n: int) -> float | None:
    """By how many standard errors a share differs from its past; None where the past was all or nothing."""
    if n <= 0 or not 0 < base < 1:
        return None
    return (now - base) / math.sqrt(base * (1 - base) / n)
