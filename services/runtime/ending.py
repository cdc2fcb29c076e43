"""Ends a task of ours, and mistakes nobody else's cancellation for its own."""

from __future__ import annotations

import asyncio
from typing import Any


async def ended(task: asyncio.Future[Any]) -> None:
    """Cancels it and returns when it has ended; raises what it raised.

    To await it under `suppress(CancelledError)` would also swallow a cancellation of the caller's, who would then go on.
    """
    task.cancel()
    await asyncio.wait([task])
    if not task.cancelled():
        task.result()
