"""What an owner reads at once: its group's facts, and those that it decides without the group. Time is simulated."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, cast

import pytest

from services.router.owning.parting import Parting
from services.router.owning.sources import AGAIN_SECONDS, Sources
from services.router.tail import AWAY_RETRY_SECONDS, AWAY_SECONDS_MAX
from services.runtime.log import Log, LogUnavailable, Ownership, PositionLost, Record
from tests.rivals.virtual import play


def fact(partition: int, offset: int) -> Record:
    return Record("facts", partition, offset, b"", b"", 0)


class Reader:
    """The group's or one's own: answers what is put into it, or nothing in time; raises `error` while there is one."""

    def __init__(self) -> None:
        self.waiting: asyncio.Queue[Record] = asyncio.Queue()
        self.error: Exception | None = None
        self.asked = self.cancelled = 0

    async def read(self, *, records_max: int, wait_ms: int) -> list[Record]:
        assert records_max == 10
        self.asked += 1
        if self.error is not None:
            raise self.error
        try:
            async with asyncio.timeout(wait_ms / 1000):
                return [await self.waiting.get()]
        except TimeoutError:
            return []
        except asyncio.CancelledError:
            self.cancelled += 1
            raise

    def seek(self, partition: int, offset: int) -> None:
        return

    def rest(self, partition: int) -> None:
        return

    async def close(self) -> None:
        return


class Scene:
    """Two partitions; `takes` are those that are decided now."""

    def __init__(self) -> None:
        self.group, self.alone = Reader(), Reader()
        self.takes = {0, 1}
        self.parting = Parting(cast(Log, self), 2, lambda _: 0)
        self.sources = Sources(
            self.parting, records_max=10, patience_ms=lambda: 100, takes=lambda one: one in self.takes
        )

    async def tail(self, *_: object) -> Reader:
        return self.alone

    async def begin(self) -> None:
        self.parting.stand_by()
        await asyncio.sleep(1)

    def lose(self, partition: int) -> None:
        self.parting.cover([partition])
        self.parting.hold({partition: 1}, 60)

    async def read(self) -> list[tuple[int, int]]:
        found = await self.sources.read(cast(Ownership, self.group))
        return [(record.partition, record.offset) for record in found]


def played(story: Coroutine[Any, Any, None]) -> None:
    async def whole() -> None:
        await story
        await asyncio.sleep(0)
        assert asyncio.all_tasks() == {asyncio.current_task()}, "nothing is under way"

    play(whole())


def test_what_comes_first_is_decided_and_waits_for_nothing_of_the_other() -> None:
    async def story() -> None:
        scene, loop = Scene(), asyncio.get_running_loop()
        await scene.begin()
        scene.lose(0)
        began = loop.time()
        scene.alone.waiting.put_nowait(fact(0, 7))
        assert await scene.read() == [(0, 7)]
        scene.group.waiting.put_nowait(fact(1, 3))
        assert await scene.read() == [(1, 3)]
        assert loop.time() == began
        assert await scene.read() == []
        assert loop.time() == pytest.approx(began + 0.1)
        scene.sources.close()
        await scene.parting.close()

    played(story())


def test_facts_of_what_is_not_held_any_more_are_let_go() -> None:
    async def story() -> None:
        scene = Scene()
        await scene.begin()
        scene.lose(0)
        scene.lose(1)
        assert await scene.read() == []
        scene.takes = {1}
        scene.alone.waiting.put_nowait(fact(0, 1))
        assert await scene.read() == [], "it could not be decided"
        scene.parting.forget(0)
        scene.takes = {0, 1}
        scene.alone.waiting.put_nowait(fact(0, 2))
        assert await scene.read() == [], "the group has given it back"
        scene.alone.waiting.put_nowait(fact(1, 3))
        assert await scene.read() == [(1, 3)]
        scene.sources.close()
        await scene.parting.close()

    played(story())


def test_while_nothing_can_be_decided_nothing_is_read() -> None:
    async def story() -> None:
        scene = Scene()
        await scene.begin()
        scene.lose(0)
        scene.takes = set()
        loop = asyncio.get_running_loop()
        began = loop.time()
        assert await scene.read() == []
        assert loop.time() == pytest.approx(began + AGAIN_SECONDS), "who may be ready by then looks again"
        assert scene.alone.asked == 0
        scene.takes = {0}
        await scene.read()
        assert scene.alone.asked == 1
        scene.sources.close()
        await scene.parting.close()

    played(story())


def test_a_read_that_nobody_waits_for_any_more_ends() -> None:
    async def story() -> None:
        scene = Scene()
        await scene.begin()
        scene.lose(0)
        scene.group.waiting.put_nowait(fact(1, 1))
        assert await scene.read() == [(1, 1)]
        scene.group.waiting.put_nowait(fact(1, 2))
        assert await scene.read() == [(1, 2)]
        assert (scene.alone.asked, scene.alone.cancelled) == (1, 0), "it goes on meanwhile"
        scene.parting.forget(0)
        scene.group.waiting.put_nowait(fact(1, 3))
        assert await scene.read() == [(1, 3)]
        await asyncio.sleep(0)
        assert (scene.alone.asked, scene.alone.cancelled) == (1, 1)
        scene.lose(0)
        scene.group.waiting.put_nowait(fact(1, 4))
        assert await scene.read() == [(1, 4)]
        scene.sources.close()
        await asyncio.sleep(0)
        assert (scene.alone.asked, scene.alone.cancelled) == (2, 2)
        await scene.parting.close()

    played(story())


def test_a_group_that_is_away_is_waited_for_within_a_bound_that_each_answer_renews() -> None:
    async def story() -> None:
        scene, loop = Scene(), asyncio.get_running_loop()
        scene.group.error = LogUnavailable("away")
        for _ in range(3):
            began = loop.time()
            while loop.time() - began < AWAY_SECONDS_MAX - 1:
                assert await scene.read() == []
            scene.group.error = None
            await scene.read()
            scene.group.error = LogUnavailable("away")
        began = loop.time()
        with pytest.raises(LogUnavailable):
            while loop.time() - began < 2 * AWAY_SECONDS_MAX:
                await scene.read()
        assert loop.time() - began == pytest.approx(AWAY_SECONDS_MAX, abs=2 * AWAY_RETRY_SECONDS)

    played(story())


@pytest.mark.parametrize("error", [LogUnavailable("away"), PositionLost("gone")])
def test_a_reader_of_ones_own_that_fails_is_given_up_at_once(error: Exception) -> None:
    async def story() -> None:
        scene = Scene()
        await scene.begin()
        scene.lose(0)
        scene.alone.error = error
        assert await scene.read() == []
        assert scene.parting.facts is None
        assert scene.parting.over({0: 1}, {}) == [0]
        scene.sources.close()
        await scene.parting.close()

    played(story())
