"""KPI rows from totals: grouped, and divided only where there is something to divide by (operations.md 1.1)."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum

from services.metrics import folds
from services.metrics.contact_measures import CONTACT_WAIT, CONTACT_WAIT_SQUARES, QUEUE_WAIT, QUEUED
from services.metrics.desk_measures import BY_TOPIC, OUTBOUND
from services.metrics.folds.totals import Series, Totals, agg, initialize, matching, total, total_sum
from services.metrics.measure import Measure


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

    service_levels: Mapping[str, float] = field(default_factory=dict)
    """By formula."""
    topics: Mapping[str, int] = field(default_factory=dict)
    """Contacts closed by topic."""
    outbound: Mapping[str, int] = field(default_factory=dict)
    """Messages sent by kind."""
    wait_variation: float | None = None
    """Standard deviation of answered waits over their mean."""
    by_place: bool = False
    """A part of a desk only, by queue or channel."""

    def ratio(self, over: str, under: str) -> float | None:
        """over / under; None (absent, not 0) when there is nothing to divide by."""
        return _share(self.parts[over], self.parts[under])

    def ratios(self) -> dict[str, float]:
        """The ratios that exist, by their name in GetKpis."""
        found = {name: _share(over, under) for name, (over, under) in self.shares().items()}
        for name, (over, under) in _MEANS.items():
            mean = self.ratio(over, under)
            found[name] = None if mean is None else mean / (1000 if over.endswith("_ms") else 1)
        found["wait_variation"] = self.wait_variation
        if self.by_place:
            found.update(dict.fromkeys(_OF_WHOLE_DESKS))
        return {name: value for name, value in found.items() if value is not None}

    def shares(self) -> dict[str, tuple[int, int]]:
        """Ratios that are shares of something, each as numerator and denominator."""
        p = self.parts
        busy_ms = p["agents_contact_ms"] + p["agents_wrapup_ms"]
        return {
            **{name: (p[over], p[under]) for name, (over, under) in _SHARES.items()},
            "within_target": (p["promises_kept"], p["promises_kept"] + p["promises_broken"]),
            "consult_instead": (p["consults"], p["consults"] + p["escalations"]),
            "abandonment_not_short": (
                p["abandoned"] - p["abandoned_short"],
                p["offered"] - p["abandoned_short"],
            ),
            "occupancy": (busy_ms, busy_ms + p["agents_idle_ms"]),
        }


_SHARES = {
    "fcr_provisional": ("fcr_provisional_resolved", "fcr_provisional_closed"),
    "fcr": ("fcr_resolved", "fcr_matured"),
    "abandonment": ("abandoned", "offered"),
    "escalation": ("escalated", "handled"),
    "authority_gap": ("offers_authority_short", "offers"),
    "chains_per_contact": ("chains", "handled"),
    "satisfaction": ("satisfied", "survey_responses"),
    "response_rate": ("survey_responses", "surveys_sent"),
    "repeat_rate": ("repeats", "arrived"),
    "updates_on_time_rate": ("updates_on_time", "updates_due"),
    "mentions_answered_rate": ("mentions_answered", "mentions"),
}
_MEANS = {
    "transfers_per_contact": ("transfers", "handled"),
    "followup_rate": ("followups_sent", "followups_due"),
    "average_speed_of_answer_seconds": ("wait_since_queue_ms", "answered_legs"),
    "mean_handle_seconds": ("handle_ms", "handle_times"),
    "mean_survey_delay_seconds": ("survey_delay_ms", "survey_delays"),
}
"""What may exceed 1; seconds where the numerator is milliseconds."""
_OF_WHOLE_DESKS = ("followup_rate",)
"""Ratios whose sides may stand in different places: a follow-up for a contact that the router forgot has no queue."""


def _share(over: int, under: int) -> float | None:
    return over / under if under > 0 else None


def kpis(
    rows: Iterable[tuple[str, Mapping[Series, int]]],
    group_by: tuple[Dimension, ...],
    *,
    service_level_seconds: int = 20,
) -> list[Kpis]:
    """One `Kpis` a group, in the order of the groups' names; without dimensions one for everything, even for nothing."""
    groups: dict[tuple[str, ...], Totals] = {} if group_by else {(): initialize()}
    by_place = any(dimension is not Dimension.DESK for dimension in group_by)
    for desk_id, totals in rows:
        for series, amount in totals.items():
            if series[1] == "" and by_place:
                continue  # a desk's own has no channel and no queue
            group = tuple(_value(dimension, desk_id, series) for dimension in group_by)
            agg(groups.setdefault(group, initialize()), ((series, amount),))
    return [_kpis(group, groups[group], service_level_seconds, by_place) for group in sorted(groups)]


def _kpis(group: tuple[str, ...], totals: Totals, seconds: int, by_place: bool) -> Kpis:
    return Kpis(
        group,
        folds.result(totals),
        service_levels(totals, seconds),
        _by_label(totals, BY_TOPIC),
        _by_label(totals, OUTBOUND),
        _wait_variation(totals),
        by_place,
    )


def service_levels(totals: Mapping[Series, int], seconds: int) -> dict[str, float]:
    """Each formula that is in use somewhere and has a denominator (operations.md 1.2); `seconds` is a bucket's bound."""
    at = QUEUE_WAIT.bounds.index(seconds)
    within: dict[str, int] = {}
    counted: dict[str, int] = {}
    for series, amount in matching(totals, QUEUE_WAIT, {}):
        outcome, bucket = series[3], int(series[4])
        counted[outcome] = counted.get(outcome, 0) + amount
        if bucket <= at:
            within[outcome] = within.get(outcome, 0) + amount
    left = ("abandoned", "abandoned_short")
    answered, answered_in = counted.get("answered", 0), within.get("answered", 0)
    abandoned = sum(counted.get(outcome, 0) for outcome in left)
    abandoned_in = sum(within.get(outcome, 0) for outcome in left)
    short = counted.get("abandoned_short", 0)
    offered = answered + abandoned + counted.get("flow_out", 0)
    found = {
        f"answered{seconds}_per_offered": _share(answered_in, offered),
        f"answered{seconds}_per_answered": _share(answered_in, answered),
        f"left{seconds}_per_left": _share(answered_in + abandoned_in, answered + abandoned),
        f"left{seconds}_per_queued": _share(sum(within.values()), total(totals, QUEUED)),
        f"answered{seconds}_per_not_short": _share(answered_in, offered - short),
        f"answered{seconds}_per_answered_or_late": _share(answered_in, answered + abandoned - abandoned_in),
    }
    return {name: value for name, value in found.items() if value is not None}


def _by_label(totals: Mapping[Series, int], measure: Measure) -> dict[str, int]:
    found: dict[str, int] = {}
    for series, amount in matching(totals, measure, {}):
        found[series[3]] = found.get(series[3], 0) + amount
    return found


def _wait_variation(totals: Mapping[Series, int]) -> float | None:
    """Standard deviation over mean of answered waits; None without a mean."""
    n = total(totals, CONTACT_WAIT, outcome="answered")
    summed = total_sum(totals, CONTACT_WAIT, outcome="answered")
    squares = total(totals, CONTACT_WAIT_SQUARES)
    if not summed:
        return None
    return math.sqrt(max(0, squares * n - summed * summed)) / summed


def _value(dimension: Dimension, desk_id: str, series: Series) -> str:
    match dimension:
        case Dimension.CHANNEL:
            return series[1]
        case Dimension.QUEUE:
            return series[2]
        case Dimension.DESK:
            return desk_id
