"""Ending a process that says why first, but never waits for whoever should hear it (engine.md 1.10)."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Callable

TELL_SECONDS_MAX = 1.0
"""A full pipe or a disk that hangs takes no line; the process ends all the same."""


def end_process(
    tell: Callable[[], object], *, status: int = 1, end: Callable[[int], object] = os._exit
) -> None:
    """Calls `tell` in a thread of its own for up to TELL_SECONDS_MAX, then `end` with the status, whatever came of it."""
    try:
        teller = threading.Thread(target=_tried, args=(tell,), name="last words", daemon=True)
        teller.start()
        teller.join(TELL_SECONDS_MAX)
    finally:
        end(status)


def _tried(tell: Callable[[], object]) -> None:
    with contextlib.suppress(Exception):  # nobody is left who could be told
        tell()
