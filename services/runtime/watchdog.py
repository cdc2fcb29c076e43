"""A thread that ends the process when it stands still, for a blocked event loop cannot watch itself (engine.md 1.10).

The loop says what holds: `beat` that it turns, `stands` that a condition is there or not. The thread looks once a second
whether one has lasted for longer than its limit. It takes no lock and calls nothing of the loop's: a line on standard
error, for which it waits a second at most, then `os._exit(1)`. The platform starts the process again, and the log makes that safe.

A process that was itself stopped (SIGSTOP, a paused machine) finds everything late; what it could not see does not
count against it.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from collections.abc import Callable, Mapping
from functools import partial

from services.runtime.last_words import end_process

LOOK_SECONDS = 1.0
PAUSED_SECONDS = 5.0
"""A look that comes so much later than it should tells that the process was stopped meanwhile."""
BLOCKED = "loop_blocked"
"""The condition that `beat` answers."""


class Watchdog:
    """Conditions with limits in seconds; `start` the thread, `stop` it before the process ends by itself."""

    def __init__(
        self,
        limits: Mapping[str, float],
        *,
        clock: Callable[[], float] = time.monotonic,
        end: Callable[[int], None] = os._exit,
    ) -> None:
        """`limits` names every condition that `stands` may be asked with, and BLOCKED. `end` is a test's own."""
        self._limits, self._clock, self._end = dict(limits), clock, end
        self._since: dict[str, float] = {}
        self._looked_at, self._floor = clock(), float("-inf")
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="watchdog", daemon=True)

    def start(self) -> None:
        self.beat()
        self._thread.start()

    def stop(self) -> None:
        self._stopped.set()

    def beat(self) -> None:
        """The event loop turns."""
        self._since[BLOCKED] = self._clock()

    def stands(self, condition: str, *, bad: bool, since: float | None = None) -> None:
        """Whether the condition is there, and since when by the clock (default: since it was first told)."""
        if not bad:
            self._since.pop(condition, None)
        elif since is not None:
            self._since[condition] = since
        else:
            self._since.setdefault(condition, self._clock())

    def look(self) -> None:
        """One look: ends the process when a condition has lasted too long."""
        now = self._clock()
        if now - self._looked_at > LOOK_SECONDS + PAUSED_SECONDS:
            self._floor = now
        self._looked_at = now
        for condition, since in tuple(self._since.items()):
            seconds = now - max(since, self._floor)
            if seconds > self._limits[condition]:
                tell = partial(_tell, condition, seconds, self._limits[condition])
                end_process(tell, end=self._end)
                return

    def _run(self) -> None:
        while not self._stopped.wait(LOOK_SECONDS):
            self.look()


def _tell(condition: str, seconds: float, limit: float) -> None:
    """Straight to the file: whoever is blocked may hold the logger's lock."""
    line = {
        "event": "watchdog_ended_the_process",
        "level": "critical",
        "condition": condition,
        "seconds": round(seconds, 1),
        "limit_seconds": limit,
    }
    os.write(sys.__stderr__.fileno() if sys.__stderr__ is not None else 2, (json.dumps(line) + "\n").encode())
