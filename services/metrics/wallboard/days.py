"""Days of a time zone in quarter hours of the epoch: today, and the same weekday before (pure).

Every zone in use differs from UTC by whole quarter hours, so a local midnight is always the edge of a row. A day of
23 or 25 hours has four slots fewer or more; slots are counted from its midnight.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo

from services.metrics.rows import QUARTER_MS

SLOTS_MAX = 100
"""Quarter hours of the longest day."""


@dataclass(frozen=True, slots=True)
class Day:
    """One local day: quarters from `first` up to, not with, `end`."""

    first: int
    end: int

    @property
    def starts_at_ms(self) -> int:
        return self.first * QUARTER_MS

    @property
    def slots(self) -> int:
        return self.end - self.first


def day_of(at_ms: int, zone: tzinfo, *, weeks_before: int = 0) -> Day:
    """The local day that the instant lies in, or that of the same weekday some weeks before."""
    today = datetime.fromtimestamp(at_ms / 1000, zone).date() - timedelta(weeks=weeks_before)
    return Day(*(_midnight(today + timedelta(days=days), zone) for days in (0, 1)))


def _midnight(day: date, zone: tzinfo) -> int:
    """Quarter of the day's first instant (a midnight that the clocks skip is the hour after it)."""
    return int(datetime.combine(day, time(), zone).timestamp() * 1000) // QUARTER_MS
