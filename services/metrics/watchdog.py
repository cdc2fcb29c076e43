"""Ends a process that only looks alive (engine.md 1.10, 3.4).

Faust's consumer keeps its heartbeats in a thread of its own, so Kafka believes a stuck process. A thread of ours
compares what the loop last reported with the clock; a loop that is blocked reports nothing, which is the point.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from services.runtime import last_words

CHECK_SECONDS = 1.0


@dataclass(slots=True)
class Vitals:
    """What the loop reports; all instants are monotonic seconds."""

    loop_at: float
    """The loop last had time."""
    asked_at: float
    """The log's ends were last read."""
    moved_at: float
    """A record was last folded, or there was none to fold."""
    settled_at: float
    """No rebalance was under way."""


def fault(vitals: Vitals, now: float, stall_seconds: float) -> str | None:
    """Why the process should end, or None. A clock that a suspended machine made jump is forgiven by the caller."""
    limits = (
        (vitals.loop_at, "the event loop is blocked"),
        (vitals.asked_at, "the log does not tell its ends"),
        (vitals.moved_at, "records wait and none is folded"),
        (vitals.settled_at, "a rebalance does not end"),
    )
    return next(
        (f"{what} for {now - at:.0f} s" for at, what in limits if now - at > stall_seconds),
        None,
    )


def end_process(reason: str) -> None:
    """Leaves at once, without waiting for a loop that may never come back, or for long for who reads standard error."""
    last_words.end_process(partial(_tell, reason))


def _tell(reason: str) -> None:
    sys.stderr.write(f"frontdesk metrics: {reason}; the process ends and should be restarted\n")
    sys.stderr.flush()


@dataclass
class Watchdog:
    """Checks the vitals every second in a daemon thread, until stopped."""

    vitals: Vitals
    stall_seconds: float
    end: Callable[[str], None] = end_process
    now: Callable[[], float] = time.monotonic
    _stop: threading.Event = field(default_factory=threading.Event)

    def start(self) -> None:
        threading.Thread(target=self._watch, name="metrics-watchdog", daemon=True).start()

    def stop(self) -> None:
        self._stop.set()

    def _watch(self) -> None:
        checked = self.now()
        while not self._stop.wait(CHECK_SECONDS):
            now = self.now()
            if (
                now - checked > 5 * CHECK_SECONDS
            ):  # this thread stood still too: the whole process was stopped
                for name in ("loop_at", "asked_at", "moved_at", "settled_at"):
                    setattr(self.vitals, name, now)
            checked = now
            reason = fault(self.vitals, now, self.stall_seconds)
            if reason is not None:
                self.end(reason)
                return
