"""How many contacts of each class will come, from those that came: a small forecast that needs no history.

Counts are of units (a call has 100), in whole numbers only, so that every machine counts alike. Per class the quarter
hours weigh less the older they are: of each a quarter of what is left, so the last hour or so counts. Per desk the
hours of the week are remembered; once this hour is known from weeks before, the forecast goes half the way to it, by
at most half of itself. In its first quarter hour a desk counts what came as if the quarter were over: rather low than
high, for a forecast 40 % too high costs twice what one 40 % too low does (routing.md 2.3).
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import NamedTuple

import immutables

Map = immutables.Map
INTERVAL_MS = 900_000
INTERVALS_WEIGHED = 4
"""An interval weighs 1 / this once as many are known; before that all known ones weigh alike."""
INTERVALS_ROLLED_MAX = 96
"""After a day without a contact a class starts anew."""
HOUR_MS = 3_600_000
WEEK_HOURS = 168
SCALE = 1_024
"""Means are kept in this part of a unit."""
UNITS_PER_CONTACT = 100
"""Units of a call: smaller work counts as part of one, for several share an agent."""
UNKNOWN = -1
WEEK_SHARE = 0.5
CHANGE_MAX = 0.5
"""Largest change that the weeks before make, as a share of the forecast."""
_NEW, _SET = object.__new__, object.__setattr__
CLASSES_MAX = 2_048
"""Classes counted per desk; what would come beyond is not forecast."""


class ClassKey(NamedTuple):
    """Contacts that are alike to the price program."""

    topic_id: str
    """The likeliest topic; empty for an unknown one."""
    language: str
    complaint: bool
    decision_type: str
    currency: str
    least_level: int
    """Level that is needed for certain; 0 when only guessed."""
    signal: int
    """Likeliest level."""


Levels = tuple[tuple[int, float], ...]
"""(level, chance that it is the needed one), by rising level."""


class Count(NamedTuple):
    """What came of one class."""

    levels: Levels
    """Of the newest contact of the class."""
    interval: int
    """Number of the quarter hour since the epoch that `units` belongs to."""
    units: int
    mean: int
    """Weighted mean of the intervals before it, in units x SCALE."""


@dataclass(frozen=True)
class Arrivals:
    """What came at a desk, as far as it is remembered; never changed in place."""

    classes: Map[ClassKey, Count] = field(default_factory=Map)
    began_at_ms: int = 0
    """When counting began; 0 before the first contact."""
    hour: int = 0
    """Number of the hour since the epoch that `hour_units` belongs to."""
    hour_units: int = 0
    week: tuple[int, ...] = ()
    """Units x SCALE in each hour of the week, UNKNOWN where none was seen whole; empty before the first one."""
    swept_interval: int = 0
    """When classes of which nothing is left were last looked for."""


def counted(arrivals: Arrivals, key: ClassKey, levels: Levels, units: int, at_ms: int) -> Arrivals:
    """The arrivals with one more contact."""
    if not arrivals.began_at_ms:
        arrivals = replace(arrivals, began_at_ms=at_ms, hour=at_ms // HOUR_MS)
    interval = at_ms // INTERVAL_MS
    before = arrivals.classes.get(key)
    if before is None and len(arrivals.classes) >= CLASSES_MAX:
        arrivals = _swept(arrivals, interval)
        if len(arrivals.classes) >= CLASSES_MAX:
            return arrivals
    count = before or Count(levels, interval, 0, 0)
    if count.interval != interval:
        count = _rolled(count, interval, arrivals.began_at_ms)
    classes = arrivals.classes.set(key, Count(levels, interval, count.units + units, count.mean))
    hour = at_ms // HOUR_MS
    if hour == arrivals.hour:
        return _with(arrivals, classes=classes, hour_units=arrivals.hour_units + units)
    return _with(arrivals, classes=classes, hour=hour, hour_units=units, week=_week(arrivals, hour))


def per_second(arrivals: Arrivals, at_ms: int) -> dict[ClassKey, float]:
    """Contacts per second of each class now, a call's worth of units each; sorted, those of rate 0 left out."""
    rates = {
        key: rate
        for key in sorted(arrivals.classes)
        if (rate := _per_second(arrivals.classes[key], at_ms, arrivals.began_at_ms)) > 0.0
    }
    factor = _week_factor(arrivals, sum(rates.values()), at_ms)
    return {key: rate * factor for key, rate in rates.items()}


def _with(arrivals: Arrivals, **values: object) -> Arrivals:
    """The arrivals with some fields replaced; each contact does so, and a constructor takes three times as long."""
    copy = _NEW(Arrivals)
    _SET(copy, "__dict__", arrivals.__dict__ | values)
    return copy


def _rolled(count: Count, interval: int, began_at_ms: int) -> Count:
    """The count with the intervals before `interval` in its mean."""
    if interval - count.interval > INTERVALS_ROLLED_MAX:
        return Count(count.levels, interval, 0, 0)
    mean, units, began = count.mean, count.units, began_at_ms // INTERVAL_MS
    for over in range(count.interval, interval):
        seen = min(over - began + 1, INTERVALS_WEIGHED)
        mean += (units * SCALE - mean) // seen
        units = 0
    return Count(count.levels, max(interval, count.interval), units, mean)


def _per_second(count: Count, at_ms: int, began_at_ms: int) -> float:
    """Units over the weighted time in which they came, at least one whole interval."""
    now = _rolled(count, at_ms // INTERVAL_MS, began_at_ms)
    known = min(at_ms // INTERVAL_MS - began_at_ms // INTERVAL_MS, INTERVALS_WEIGHED)
    passed = at_ms % INTERVAL_MS / INTERVAL_MS
    units = (now.mean / SCALE * known + now.units) / max(1.0, known + passed)
    return units / UNITS_PER_CONTACT / (INTERVAL_MS / 1000)


def _week(arrivals: Arrivals, hour: int) -> tuple[int, ...]:
    """The week with the hours from the current one to `hour`; the one in which counting began was not seen whole."""
    week = list(arrivals.week or (UNKNOWN,) * WEEK_HOURS)
    began = arrivals.began_at_ms // HOUR_MS
    for over in range(max(arrivals.hour, hour - WEEK_HOURS), hour):
        units = arrivals.hour_units * SCALE if over == arrivals.hour else 0
        slot = over % WEEK_HOURS
        if over != began:
            week[slot] = units if week[slot] == UNKNOWN else week[slot] + (units - week[slot]) // 2
    return tuple(week)


def _week_factor(arrivals: Arrivals, rate: float, at_ms: int) -> float:
    """By how much this hour of the weeks before changes the forecast."""
    usual = arrivals.week[at_ms // HOUR_MS % WEEK_HOURS] if arrivals.week else UNKNOWN
    if usual == UNKNOWN or rate <= 0.0:
        return 1.0
    usual_rate = usual / SCALE / UNITS_PER_CONTACT / (HOUR_MS / 1000)
    change = WEEK_SHARE * (usual_rate / rate - 1.0)
    return 1.0 + max(-CHANGE_MAX, min(CHANGE_MAX, change))


def _swept(arrivals: Arrivals, interval: int) -> Arrivals:
    """Without the classes of which nothing is left; looked for once per interval, for it costs a pass over all."""
    if interval == arrivals.swept_interval:
        return arrivals
    classes = arrivals.classes
    for key, count in classes.items():
        now = _rolled(count, interval, arrivals.began_at_ms)
        if now.units == 0 and now.mean < SCALE:
            classes = classes.delete(key)
    return replace(arrivals, classes=classes, swept_interval=interval)
