"""Ends tasks and clients, and mistakes nobody else's cancellation for the caller's, or the caller's for theirs."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any


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
    """
    task = asyncio.ensure_future(ending)
    try:
        await asyncio.wait([task], timeout=seconds_max)
    finally:
        task.cancel()
    if not task.done():
        return TimeoutError(f"not ended within {seconds_max:g} s")
    return asyncio.CancelledError() if task.cancelled() else task.exception()
