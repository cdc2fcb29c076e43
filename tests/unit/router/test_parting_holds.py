"""How long a partition is decided without the group, and the reader that stands by for it (owning/parting.py). Time is simulated."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Coroutine, Mapping
from typing import Any, cast

import pytest
import structlog

from services.contract.topics import FACTS
from services.router.owning.parting import (
    AGAIN_SECONDS,
    CLOSE_SECONDS_MAX,
    OPEN_SECONDS_MAX,
    QUIET_SECONDS,
    Parting,
)
from services.runtime.ending import UNWIND_SECONDS_MAX
from services.runtime.log import Log, LogUnavailable, PositionLost
from tests.rivals.virtual import play

SECONDS_MAX = 8.0
NEXT = {0: 5, 1: 7}


class Reader:
    """A tail; `resting` and `places` are what it was told last."""

    def __init__(self, positions: Mapping[int, int]) -> None:
        self.places, self.resting = dict(positions), set[int]()
        self.closed, self.close_seconds = 0, 0.0

    def seek(self, partition: int, offset: int) -> None:
        self.places[partition] = offset
        self.resting.discard(partition)

    def rest(self, partition: int) -> None:
        self.resting.add(partition)

    async def close(self) -> None:
        await asyncio.sleep(self.close_seconds)
        self.closed += 1


class Facts:
    """A log that opens readers, after a while or not at all."""

    def __init__(self) -> None:
        self.opened: list[Reader] = []
        self.asked_at: list[float] = []
        self.seconds, self.unwinding_seconds = 0.0, 0.0
        self.unwound = False
        self.error: Exception | None = None

    async def tail(self, topic: str, positions: Mapping[int, int]) -> Reader:
        assert topic == FACTS
        self.asked_at.append(asyncio.get_running_loop().time())
        try:
            await asyncio.sleep(self.seconds)
        except asyncio.CancelledError:
            ends_at = asyncio.get_running_loop().time() + self.unwinding_seconds
            while (
                left := ends_at - asyncio.get_running_loop().time()
            ) > 0:  # it does not hear of a second one
                with contextlib.suppress(asyncio.CancelledError):
                    await asyncio.sleep(left)
            self.unwound = True
            raise
        if self.error is not None:
            raise self.error
        self.opened.append(Reader(positions))
        return self.opened[-1]


class Scene:
    """Two partitions of a log, the first of which is lost at the time 1."""

    def __init__(self) -> None:
        self.facts, self.next = Facts(), dict(NEXT)
        self.parting = Parting(cast(Log, self.facts), len(NEXT), lambda partition: self.next[partition])
        self.count = 100

    async def begin(self) -> None:
        self.parting.stand_by()
        await asyncio.sleep(1)

    def lose(self, *partitions: int) -> None:
        self.parting.cover(partitions or (0,))
        self.parting.hold(dict.fromkeys(partitions or (0,), self.count), SECONDS_MAX)

    async def held_seconds(
        self,
        *,
        decided: Callable[[float], int | None] = lambda _: 100,
        due_in: float | None = None,
        facts: Callable[[float], set[int]] = lambda _: set(),
        reads: int = 1_000,
    ) -> float:
        """How long the first partition is held; all are told of time since it was lost, `reads` come, a tenth of a second each."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        due_at = {} if due_in is None else {0: began + due_in}
        while True:
            since = loop.time() - began
            count = decided(since)
            if over := self.parting.over({} if count is None else {0: count}, due_at):
                assert over == [0]
                return since
            await asyncio.sleep(0.1)
            if reads:
                reads -= 1
                self.parting.looked(facts(loop.time() - began))


def played(story: Callable[[Scene], Coroutine[Any, Any, None]]) -> None:
    async def whole() -> None:
        scene = Scene()
        await scene.begin()
        await story(scene)
        await scene.parting.close()
        assert asyncio.all_tasks() == {asyncio.current_task()}, "nothing is under way"

    play(whole())


def held(**found: Any) -> float:
    seconds = 0.0

    async def story(scene: Scene) -> None:
        nonlocal seconds
        scene.lose()
        seconds = await scene.held_seconds(**found)

    played(story)
    return seconds


def test_where_nothing_happens_nobody_holds_on() -> None:
    assert held() == pytest.approx(QUIET_SECONDS, abs=0.11)


def test_who_has_not_looked_knows_of_no_quiet() -> None:
    assert held(reads=2) < 2 * QUIET_SECONDS
    assert held(reads=1) == pytest.approx(SECONDS_MAX, abs=0.11)
    moves_for_a_second = held(decided=lambda since: 100 + round(10 * min(since, 1)), reads=10)
    assert moves_for_a_second == pytest.approx(SECONDS_MAX, abs=0.11), "it has looked before, not since"


def test_facts_are_no_quiet_though_none_is_decided() -> None:
    assert held(facts=lambda since: {0} if since < 2 else set()) == pytest.approx(2.1, abs=0.11)
    assert held(facts=lambda _: {1}) == pytest.approx(QUIET_SECONDS, abs=0.11)


def test_what_is_decided_is_no_quiet() -> None:
    assert held(decided=lambda since: 100 + round(10 * min(since, 3))) == pytest.approx(
        3 + QUIET_SECONDS, abs=0.11
    )


def test_what_is_being_taken_again_is_no_quiet() -> None:
    found = held(decided=lambda since: None if since < 3 else 100)
    assert found == pytest.approx(3 + QUIET_SECONDS, abs=0.11)


def test_a_deadline_before_the_end_is_waited_for_and_one_behind_it_is_not() -> None:
    assert held(due_in=SECONDS_MAX - 1) == pytest.approx(SECONDS_MAX, abs=0.11)
    assert held(due_in=SECONDS_MAX) < 2 * QUIET_SECONDS
    assert held(due_in=-1) == pytest.approx(SECONDS_MAX, abs=0.11), "one that is due was not decided yet"


def test_it_ends_in_any_case() -> None:
    assert held(facts=lambda _: {0}) == pytest.approx(SECONDS_MAX, abs=0.11)
    assert held(decided=lambda _: None) == pytest.approx(SECONDS_MAX, abs=0.11)


def test_the_reader_stands_by_and_reads_what_is_lost_from_where_it_is_decided() -> None:
    async def story(scene: Scene) -> None:
        (reader,) = scene.facts.opened
        assert reader.resting == {0, 1}
        assert scene.parting.facts is None
        scene.next = {0: 8, 1: 9}
        scene.lose(0)
        assert (reader.resting, reader.places[0]) == ({1}, 8)
        assert scene.parting.facts is cast(Any, reader)
        assert (scene.parting.holding, scene.parting.held) == (True, frozenset({0}))
        assert scene.parting.seconds_left(0) == SECONDS_MAX
        await asyncio.sleep(1)
        assert scene.parting.seconds_left(0) == SECONDS_MAX - 1
        assert scene.parting.seconds_left(1) == 0
        await asyncio.sleep(SECONDS_MAX)
        assert scene.parting.seconds_left(0) == 0
        scene.parting.seek(1, 20)
        assert reader.resting == {1}, "nobody wants its facts"
        scene.parting.forget(0)
        assert reader.resting == {0, 1}
        assert scene.parting.facts is None and not scene.parting.holding
        assert len(scene.facts.opened) == 1

    played(story)


def test_while_the_reader_is_opened_nobody_knows_of_quiet() -> None:
    async def story(scene: Scene) -> None:
        scene.parting.give_up(cast(Any, scene.facts.opened[0]))
        scene.facts.seconds = OPEN_SECONDS_MAX - 0.3
        scene.lose()
        assert scene.parting.facts is None
        await asyncio.sleep(0)
        scene.next = {0: 11, 1: 12}
        found = await scene.held_seconds()
        assert found == pytest.approx(scene.facts.seconds + QUIET_SECONDS, abs=0.11)
        assert scene.facts.opened[1].places == {0: 11, 1: 7}, "it was decided further meanwhile"
        assert scene.facts.opened[1].resting == {1}

    played(story)


@pytest.mark.parametrize("error", [LogUnavailable("away"), PositionLost("gone"), None])
def test_without_a_reader_nothing_is_held_and_one_is_tried_again(error: Exception | None) -> None:
    async def story(scene: Scene) -> None:
        scene.parting.give_up(cast(Any, scene.facts.opened[0]))
        scene.facts.error = error
        scene.facts.seconds = 0 if error else OPEN_SECONDS_MAX + 1  # too slow
        with structlog.testing.capture_logs() as lines:
            scene.lose()
            await asyncio.sleep(OPEN_SECONDS_MAX + 0.1)
        assert [line["event"] for line in lines] == ["facts_not_opened"]
        assert scene.parting.over({0: 100}, {}) == [0]
        scene.parting.forget(0)
        scene.facts.error, scene.facts.seconds = None, 0
        asked = len(scene.facts.asked_at)
        for _ in range(300):
            scene.parting.stand_by()
            await asyncio.sleep(0.1)
        assert len(scene.facts.asked_at) == asked + 1
        assert scene.facts.asked_at[-1] - scene.facts.asked_at[-2] == pytest.approx(AGAIN_SECONDS, abs=0.11)

    played(story)


def test_a_partition_that_is_lost_has_a_reader_tried_at_once() -> None:
    async def story(scene: Scene) -> None:
        scene.parting.give_up(cast(Any, scene.facts.opened[0]))
        scene.facts.error = LogUnavailable("away")
        for _ in range(2):
            scene.lose()
            await asyncio.sleep(1)
        assert len(scene.facts.asked_at) == 3

    played(story)


def test_what_is_no_answer_of_the_logs_is_not_hidden() -> None:
    async def story(scene: Scene) -> None:
        scene.parting.give_up(cast(Any, scene.facts.opened[0]))
        scene.facts.error = ZeroDivisionError("ours")
        scene.lose()
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        with pytest.raises(ZeroDivisionError):
            scene.parting.over({0: 100}, {})

    played(story)


def test_who_gives_up_another_reader_keeps_this_one() -> None:
    async def story(scene: Scene) -> None:
        scene.lose()
        scene.parting.give_up(cast(Any, Reader({})))
        assert scene.parting.facts is cast(Any, scene.facts.opened[0])
        scene.parting.give_up(cast(Any, scene.facts.opened[0]))
        assert scene.parting.facts is None
        await asyncio.sleep(0.1)
        assert scene.facts.opened[0].closed == 1

    played(story)


@pytest.mark.parametrize("seconds", [0.5, 100 * CLOSE_SECONDS_MAX])
def test_at_the_end_every_reader_ends_within_a_bound(seconds: float) -> None:
    async def story(scene: Scene) -> None:
        loop = asyncio.get_running_loop()
        began, (reader,) = loop.time(), scene.facts.opened
        reader.close_seconds = seconds
        await scene.parting.close()
        took = loop.time() - began
        assert reader.closed == (took == seconds)
        assert took == min(seconds, CLOSE_SECONDS_MAX)

    played(story)


@pytest.mark.parametrize("seconds", [0.5, 100.0])
def test_at_the_end_a_reader_that_is_being_opened_ends_too(seconds: float) -> None:
    async def story(scene: Scene) -> None:
        scene.parting.give_up(cast(Any, scene.facts.opened[0]))
        loop = asyncio.get_running_loop()
        scene.facts.seconds, scene.facts.unwinding_seconds = 1.0, seconds
        scene.lose()
        await asyncio.sleep(0.1)
        began = loop.time()
        await scene.parting.close()
        assert loop.time() - began == pytest.approx(min(seconds, CLOSE_SECONDS_MAX + UNWIND_SECONDS_MAX))
        assert scene.parting.facts is None and not scene.parting.opening
        await asyncio.sleep(seconds)
        assert scene.facts.unwound

    played(story)
