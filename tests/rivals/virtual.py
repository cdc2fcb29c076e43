"""A deterministic event loop: time passes only when nothing else can happen."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class Stuck(Exception):
    """Everybody waits and nothing is scheduled: without an outside, that is for ever."""


class _Nothing(selectors.SelectSelector):
    """Waits for nobody: instead of sleeping it moves the time."""

    now = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            raise Stuck("all tasks wait for one another")
        self.now += max(0.0, timeout)
        return []


class VirtualLoop(asyncio.SelectorEventLoop):
    """Runs what is ready; when nothing is, it is the time of the next timer. Threads have no place here."""

    def __init__(self) -> None:
        self._nothing = _Nothing()
        super().__init__(self._nothing)
        self._clock_resolution = (
            1e-6  # what rounding may leave between the time asked for and the time that is
        )

    def time(self) -> float:
        """Seconds since the loop was made."""
        return self._nothing.now


def play(main: Coroutine[Any, Any, T]) -> T:
    """Runs a coroutine to its end on a loop of its own; the same coroutine always takes the same course."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(main)
