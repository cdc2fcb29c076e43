"""Exact windows of event time for a board that looks at now: numerators and denominators of KPIs (operations.md 2.2).

Prometheus stamps what it reads with the time of the scrape, so after a standstill `increase()` books an hour in a minute. These
are summed up from the quarter hours of `decided_at`: a window is its last quarter hours up to the newest that is folded, the
one under way included, and says what `GetKpis` says of the same quarters. They are kept up by what comes in and goes out at
each quarter, never summed up anew.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from services.metrics import contact_measures as c
from services.metrics import desk_measures as k
from services.metrics.folds.totals import Series
from services.metrics.measure import Measure
from services.metrics.rows import Row

WINDOWS = {"1h": 4, "1d": 96, "7d": 672}
"""Quarters of each window; one that is not kept whole in rows of its own is not told."""
Place = tuple[str, str]
"""Queue and KPI."""
Sums = dict[Place, tuple[int, int]]
"""Numerator and denominator."""


@dataclass(frozen=True, slots=True)
class Counted:
    """Which series of a measure count; `where` holds the values that a label may have."""

    measure: Measure
    where: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def checks(self) -> tuple[tuple[int, tuple[str, ...]], ...]:
        """Place in the series, and what may stand there."""
        return tuple(
            (3 + index, self.where[label.name])
            for index, label in enumerate(self.measure.labels)
            if label.name in self.where
        )


WINDOWED: dict[str, tuple[Counted, Counted]] = {
    "within_target": (
        Counted(c.PROMISES, {"promise": ("target",), "result": ("kept",)}),
        Counted(c.PROMISES, {"promise": ("target",), "result": ("kept", "broken")}),
    ),
    "abandonment": (Counted(c.ABANDONED), Counted(c.OFFERED)),
    "fcr": (Counted(c.FCR_RESOLVED), Counted(c.FCR_MATURED)),
    "fcr_provisional": (Counted(c.FCR_PROVISIONAL_RESOLVED), Counted(c.FCR_PROVISIONAL_CLOSED)),
    "escalation": (Counted(c.CONTACTS_ESCALATED), Counted(c.HANDLED)),
    "repeat_rate": (Counted(c.REPEATS), Counted(c.ARRIVED)),
    "satisfaction": (
        Counted(k.SURVEY_RESPONSES, {"score": ("4", "5")}),
        Counted(k.SURVEY_RESPONSES),
    ),
}
"""KPIs by their name in GetKpis: numerator and denominator."""


def _by_measure() -> dict[str, tuple[tuple[str, int, tuple[tuple[int, tuple[str, ...]], ...]], ...]]:
    found: dict[str, list[tuple[str, int, tuple[tuple[int, tuple[str, ...]], ...]]]] = {}
    for kpi, sides in WINDOWED.items():
        for side, counted in enumerate(sides):
            found.setdefault(counted.measure.name, []).append((kpi, side, counted.checks()))
    return {name: tuple(rules) for name, rules in found.items()}


_RULES = _by_measure()


def summed(totals: Mapping[Series, int]) -> Iterator[tuple[Place, int, int]]:
    """(queue and KPI, numerator, denominator) for each series that counts; the same place may come again."""
    for series, amount in totals.items():
        for kpi, side, checks in _RULES.get(series[0], ()):
            if all(series[at] in values for at, values in checks):
                yield (series[2], kpi), (0 if side else amount), (amount if side else 0)


def add(sums: Sums, totals: Mapping[Series, int], sign: int = 1) -> None:
    """Adds the totals to the sums, or takes them away again."""
    for place, part, whole in summed(totals):
        before = sums.get(place, (0, 0))
        sums[place] = before[0] + sign * part, before[1] + sign * whole


@dataclass(slots=True)
class _Desk:
    """What a desk's windows hold of quarters before the newest, and what was told last."""

    newest: int
    closed: dict[str, Sums]
    count: int = -1
    """Records of the newest quarter when it was told."""
    told: tuple[tuple[str, Sums], ...] = ()


class Windows:
    """The windows of a ledger's desks; see the module."""

    def __init__(self, keep_quarters: int) -> None:
        self._windows = {name: quarters for name, quarters in WINDOWS.items() if quarters < keep_quarters}
        self._pause_max = keep_quarters - max(self._windows.values(), default=0)
        """Quarters after which what goes out is no row of its own any more."""
        self._desks: dict[str, _Desk] = {}

    def of(self, desk_id: str, rows: Mapping[int, Row], newest: int) -> tuple[tuple[str, Sums], ...]:
        """(window, sums) of the desk as of the quarter `newest`; nobody changes what is answered."""
        desk = self._desks.get(desk_id)
        if desk is None:
            desk = self._desks[desk_id] = self._from_rows(rows, newest)
        elif desk.newest != newest:
            self._advance(desk, rows, newest)
        row = rows.get(newest)
        count = 0 if row is None else row.count
        if count != desk.count:
            desk.count, desk.told = count, tuple(self._told(desk, row))
        return desk.told

    def _told(self, desk: _Desk, row: Row | None) -> Iterable[tuple[str, Sums]]:
        for name, closed in desk.closed.items():
            sums = {place: both for place, both in closed.items() if any(both)}
            if row is not None:
                add(sums, row.totals)
            yield name, sums

    def _from_rows(self, rows: Mapping[int, Row], newest: int) -> _Desk:
        desk = _Desk(newest, {name: {} for name in self._windows})
        for quarter, row in rows.items():
            for name, quarters in self._windows.items():
                if newest - quarters < quarter < newest:
                    add(desk.closed[name], row.totals)
        return desk

    def _advance(self, desk: _Desk, rows: Mapping[int, Row], newest: int) -> None:
        """Quarters that are over come in, those that are too old go out."""
        if not 0 < newest - desk.newest < self._pause_max:
            fresh = self._from_rows(rows, newest)
            desk.newest, desk.closed, desk.count = newest, fresh.closed, -1
            return
        for name, quarters in self._windows.items():
            sums = desk.closed[name]
            for quarter in range(max(desk.newest, newest - quarters + 1), newest):
                if quarter in rows:
                    add(sums, rows[quarter].totals)
            for quarter in range(desk.newest - quarters + 1, min(desk.newest, newest - quarters + 1)):
                if quarter in rows:
                    add(sums, rows[quarter].totals, -1)
        desk.newest, desk.count = newest, -1


def together(found: Iterable[tuple[tuple[str, Sums], ...]]) -> dict[str, Sums]:
    """The windows of several desks, which may name their queues alike."""
    merged: dict[str, Sums] = {}
    for desk in found:
        for name, sums in desk:
            into = merged.setdefault(name, {})
            for place, (part, whole) in sums.items():
                before = into.get(place, (0, 0))
                into[place] = before[0] + part, before[1] + whole
    return merged
