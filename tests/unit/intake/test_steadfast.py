"""A door that breaks is opened anew, later and later, and nothing of what broke it is told."""

from __future__ import annotations

import asyncio

import pytest
import structlog
from prometheus_client import CollectorRegistry

from services.intake.doors.steadfast import Steadfast
from services.intake.measures import Measures

SECRET = "jane@social.example"


async def test_door_that_breaks_is_opened_anew_ever_later_and_tells_no_word_of_it() -> None:
    opened, pauses = 0, list[float]()

    async def door() -> None:
        nonlocal opened
        opened += 1
        raise ValueError(SECRET)

    async def pause(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 8:
            raise asyncio.CancelledError

    registry = CollectorRegistry()
    with structlog.testing.capture_logs() as lines, pytest.raises(asyncio.CancelledError):
        await Steadfast("imap", door, Measures(registry), lambda: 1.0, pause).run()

    assert pauses == [5, 10, 20, 40, 80, 160, 300, 300]
    assert opened == registry.get_sample_value("frontdesk_intake_doors_broken_total", {"door": "imap"}) == 8
    assert SECRET not in str(lines)
    assert {(line["event"], line["error"]) for line in lines} == {("door_broke", "ValueError")}


async def test_door_is_cancelled_with_its_process() -> None:
    async def door() -> None:
        await asyncio.Event().wait()

    task = asyncio.create_task(
        Steadfast("imap", door, Measures(CollectorRegistry()), lambda: 1.0, asyncio.sleep).run()
    )
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
