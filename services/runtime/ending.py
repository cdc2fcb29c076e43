"""Ends tasks and clients, and mistakes nobody else's cancellation for the caller's, or the caller's for theirs."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

UNWIND_SECONDS_MAX = 1.0
_UNWINDING: set[asyncio.Future[Any]] = set()
"""Held here, for the loop holds its tasks weakly."""


async def ended(task: asyncio.Future[Any]) -> None:
    """Cancels it and returns when it has ended; raises what it raised.

    To await it under `suppress(CancelledError)` would also swallow a cancellation of the caller's, who would then go on.
    """
    task.cancel()
    await asyncio.wait([task])
    if not task.cancelled():
        task.result()


async def ended_within(seconds_max: float, ending: Coroutine[Any, Any, Any]) -> BaseException | None:
    """Runs an ending until it is done or the time is over; answers what it raised, and TimeoutError when it was cut off.

    aiokafka's clients end by cancelling tasks of their own, one of which may be told as a cancellation of whoever waits.
    What is cut off has UNWIND_SECONDS_MAX more to unwind.
    """
    task = asyncio.ensure_future(ending)
    _UNWINDING.add(task)
    task.add_done_callback(_unwound)
    try:
        await asyncio.wait([task], timeout=seconds_max)
        cut_off = not task.done()
        if cut_off:
            task.cancel()
            await asyncio.wait([task], timeout=UNWIND_SECONDS_MAX)
    finally:
        task.cancel()
    if cut_off:
        return TimeoutError(f"not ended within {seconds_max:g} s")
    return asyncio.CancelledError() if task.cancelled() else task.exception()


def _unwound(task: asyncio.Future[Any]) -> None:
    _UNWINDING.discard(task)
    if not task.cancelled():
        task.exception()  # else the loop complains that nobody has asked for it
