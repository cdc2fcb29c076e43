"""Every measure that metrics exports, with unit, labels, meaning and the moment it moves (operations.md 1.2).

A measure is a counter or a histogram per channel and queue; ratios are made of two of them in PromQL or by
GetKpis, never exported. Each label is a closed list; what is not on it becomes "other", so that no input can
grow the number of series. Durations are kept as whole milliseconds (squares as whole square milliseconds) and
become seconds at export: integer sums are exact, and the same in any order.
"""

from __future__ import annotations

from services.metrics import contact_measures, desk_measures
from services.metrics.gauges import GAUGES as GAUGES
from services.metrics.gauges import PIPELINE as PIPELINE
from services.metrics.measure import Measure

MEASURES: tuple[Measure, ...] = tuple(
    value
    for module in (contact_measures, desk_measures)
    for value in vars(module).values()
    if isinstance(value, Measure)
)
"""In the order of export, which is that of their definitions."""


def meaningful(measure: Measure, channel: str, values: tuple[str, ...]) -> bool:
    """False for what cannot be: a mail is not abandoned, so it has no series for it (operations.md 1.1)."""
    if measure.of_desk:
        return True
    if channel not in measure.channels:
        return False
    if channel == "email" and any(value.startswith("abandoned") for value in values):
        return False
    if channel == "phone":
        return not ("due" in values or values in _NO_HOP)
    return not ("callback" in values or values in _NO_HOP)


_NO_HOP = frozenset(
    {
        ("agent", "owner_busy"),
        *(("queue", reason) for reason in contact_measures.TRANSFER_REASONS if reason != "owner_busy"),
    }
)
"""Hops of kind queue have one reason, and those of kind agent all others."""
