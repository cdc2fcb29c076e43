"""What a queue_log says about its queues: offered, answered, abandoned, and how long callers waited. Pure.

A line that comes twice (rotated copies overlap) counts once. Waits are whole seconds, as the log has them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from services.intake.asterisk.queue_log import ENTERED, TRANSFERS, Entry

ANSWERED_WITHIN_SECONDS = 20
ABANDONED_BEFORE_SECONDS = 40


@dataclass
class QueueTotals:
    """One queue."""

    offered: int = 0
    answered_waits: Counter[int] = field(default_factory=Counter)
    abandoned_waits: Counter[int] = field(default_factory=Counter)
    timeout: int = 0
    key: int = 0
    empty: int = 0
    transferred: int = 0

    def line(self) -> dict[str, Any]:
        """Totals, rates and waits; a rate of nothing is None."""
        answered, abandoned = self.answered_waits.total(), self.abandoned_waits.total()
        wait_sum = sum(wait * times for wait, times in self.answered_waits.items())
        within = sum(n for wait, n in self.answered_waits.items() if wait <= ANSWERED_WITHIN_SECONDS)
        before = sum(n for wait, n in self.abandoned_waits.items() if wait < ABANDONED_BEFORE_SECONDS)
        return {
            "offered": self.offered,
            "answered": answered,
            "abandoned": abandoned,
            "timeout": self.timeout,
            "exit_key": self.key,
            "exit_empty": self.empty,
            "transferred": self.transferred,
            "unfinished": max(0, self.offered - answered - abandoned - self.timeout - self.key - self.empty),
            "wait_sum": wait_sum,
            "wait_max": max(self.answered_waits, default=0),
            "within_20s": within,
            "abandoned_before_40s": before,
            "abandoned_waits": sorted(self.abandoned_waits.elements()),
            "mean_wait_answered_s": round(wait_sum / answered, 3) if answered else None,
            "abandonment_rate": round(abandoned / self.offered, 4) if self.offered else None,
            "service_level_20s_of_answered": round(within / answered, 4) if answered else None,
        }


@dataclass
class QueueMetrics:
    """All queues of one or more files."""

    queues: dict[str, QueueTotals] = field(default_factory=dict)
    _seen: set[int] = field(default_factory=set, repr=False)

    def add(self, entry: Entry) -> None:
        if not entry.of_call:
            return
        key = hash((entry.at_seconds, entry.call_id, entry.queue, entry.agent, entry.event, entry.data))
        if key in self._seen:
            return
        self._seen.add(key)
        if entry.event not in _COUNTED:
            return
        totals = self.queues.setdefault(entry.queue, QueueTotals())
        wait = entry.number(2 if entry.event == "ABANDON" else 0) or 0
        if entry.event == ENTERED:
            totals.offered += 1
        elif entry.event == "CONNECT":
            totals.answered_waits[wait] += 1
        elif entry.event == "ABANDON":
            totals.abandoned_waits[wait] += 1
        elif entry.event in TRANSFERS:
            totals.transferred += 1
        elif entry.event == "EXITWITHTIMEOUT":
            totals.timeout += 1
        elif entry.event == "EXITWITHKEY":
            totals.key += 1
        else:
            totals.empty += 1

    def lines(self) -> dict[str, dict[str, Any]]:
        return {queue: self.queues[queue].line() for queue in sorted(self.queues)}


_COUNTED = (
    frozenset({ENTERED, "CONNECT", "ABANDON", "EXITWITHTIMEOUT", "EXITWITHKEY", "EXITEMPTY"}) | TRANSFERS
)


def queue_metrics(entries: Iterable[Entry]) -> dict[str, dict[str, Any]]:
    metrics = QueueMetrics()
    for entry in entries:
        metrics.add(entry)
    return metrics.lines()
