"""The load itself: what breaks beside the players, or does not come to rest, fails the run instead of being lost."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator
from typing import Any, cast

import pytest

from frontdesk.client import AgentDesktop
from tests.monitoring.loads import quiet
from tests.monitoring.simulated import Played, at_work, over


class BrokenDesktop:
    """An agent's desktop whose session breaks."""

    agent_id = "A"

    async def notices(self) -> AsyncIterator[Any]:
        raise ConnectionError("session lost")
        yield  # a generator


async def test_an_agents_session_that_breaks_ends_the_play() -> None:
    playing = asyncio.create_task(asyncio.sleep(3_600, None))
    working = asyncio.create_task(at_work(cast(AgentDesktop, BrokenDesktop()), Played()))

    with pytest.raises(ConnectionError, match="session lost"):
        async with asyncio.timeout(30):
            await over(playing, {working})

    await asyncio.wait({playing}, timeout=30)
    assert playing.cancelled()


async def test_a_session_that_ends_in_order_does_not_end_the_play() -> None:
    ended = asyncio.create_task(asyncio.sleep(0, None))
    playing = asyncio.create_task(asyncio.sleep(0.05, None))

    await over(playing, {ended})

    assert playing.done() and not playing.cancelled()


async def test_a_load_that_does_not_come_to_rest_is_an_error() -> None:
    with pytest.raises(TimeoutError, match="still go out"):
        await quiet(itertools.count().__next__, seconds_max=0.3)
