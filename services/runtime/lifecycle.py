"""Runs a process's essential tasks until a signal or a failure, then closes everything in reverse.

A task that ends or raises ends the process: the platform restarts it, and the log makes that safe
(engine.md 1.10). Nothing is retried for ever inside.
"""

from __future__ import annotations

import asyncio
import gc
import signal
import traceback
from collections import deque
from collections.abc import Sequence
from functools import partial
from threading import Timer
from typing import Any

import structlog

from services.runtime.last_words import end_process

GC_ALLOCATIONS = 120_000
"""Container objects made, less those freed, between two runs of the collector (Python's default: 700).

A router with 500 decisions on their way holds 55,000 objects that die with them: at 70,000 each second batch woke the
collector, which looked at them in vain. 8 us of a fact's time then, 5.5 now; the longest stop 40 ms for 30.
"""
STOP_SECONDS_MAX = 40.0
"""From the signal to the end; with the 5 s of preStop before it less than the 50 s that Kubernetes waits (deploy/k8s)."""

log = structlog.get_logger()


class Stopped(Exception):
    """An essential task ended; the message says which."""


async def until_stopped(work: Sequence[tuple[str, asyncio.Task[None]]], stop: asyncio.Event) -> None:
    """Returns once `stop` is set; raises Stopped when a named task ends before. The tasks go on meanwhile: whoever
    closes the process stops them after those who ask for their work."""
    stopping: asyncio.Task[Any] = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait([stopping, *(task for _, task in work)], return_when=asyncio.FIRST_COMPLETED)
        for name, task in work:
            if task.done():
                error = task.exception()
                raise Stopped(f"{name} ended: {words(error)}") from error
    finally:
        stopping.cancel()


def words(error: BaseException | None) -> str:
    """An error for people; a group of one is that one.

    The text of our own classes is written to be read. That of others may hold what a customer wrote, so of those
    the type and where it was raised are told, and of the system's refusals what the system says.
    """
    error = _only(error)
    if error is None:
        return "without an error"
    kind = type(error).__name__
    if is_ours(error):
        return f"{kind}: {error}"
    if isinstance(error, OSError) and error.errno is not None:
        return f"{kind}: {error.strerror}" + (f" ({error.filename})" if error.filename is not None else "")
    innermost = deque(traceback.walk_tb(error.__traceback__), maxlen=1)
    return kind + "".join(
        f" at {frame.f_code.co_filename}:{line} in {frame.f_code.co_name}" for frame, line in innermost
    )


def is_ours(error: BaseException) -> bool:
    """Its class is this project's; a group of one is that one."""
    return type(_only(error)).__module__.partition(".")[0] == __name__.partition(".")[0]


def _only(error: BaseException | None) -> BaseException | None:
    found = error
    while isinstance(found, BaseExceptionGroup) and len(found.exceptions) == 1:
        found = found.exceptions[0]
    return found


def calm_collector() -> None:
    """Lets Python's cycle collector run seldom; call it once a process is built.

    Folded states are many small objects without cycles, freed by their counts alone; the collector would walk all of
    them every few hundred allocations. With 10,000 waiting contacts it took half of the router's time. Cycles of
    exceptions and tasks are still collected, a hundred times less often.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(GC_ALLOCATIONS, 20, 50)


def stop_on_signals(*, seconds_max: float = STOP_SECONDS_MAX) -> asyncio.Event:
    """An event that SIGTERM and SIGINT set; for the main thread's loop.

    A process that has not ended `seconds_max` after the first of them ends itself with status 1: closing may wait for
    a broker that is gone for good, and whatever was not appended by then was told to nobody (engine.md 1.10).
    """
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()

    def stopping() -> None:
        if not stop.is_set():
            overdue = Timer(seconds_max, _end, (seconds_max,))
            overdue.daemon = True
            overdue.start()
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping)
    return stop


def _end(seconds: float) -> None:
    end_process(partial(log.error, "stop_overdue", seconds=seconds))
