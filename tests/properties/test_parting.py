"""An owner that is told to stop, or loses a partition, decides on until another one does: the group may take its time
(owning/parting.py).

Real owners and tails on the simulated log; time is the simulation's, so its seconds are exact.
"""

from __future__ import annotations

import asyncio
from itertools import count, pairwise
from typing import Any

import pytest

from services.contract import facts as f
from services.contract.topics import DECISIONS, FACTS
from services.router.owner import LEAVE_SECONDS_MAX
from services.router.owning.parting import (
    HOLD_SECONDS_MAX,
    OPEN_SECONDS_MAX,
    PART_SECONDS_MAX,
    QUIET_SECONDS,
)
from services.runtime.log import BufferFull, LogUnavailable, Record
from tests.properties.parting_scene import GROUP_SECONDS, Scene, played
from tests.rivals.store import View


def test_facts_are_decided_on_while_the_group_shares_out_anew() -> None:
    async def story(scene: Scene) -> None:
        streaming = asyncio.ensure_future(scene.facts(4))
        await asyncio.sleep(1)
        scene.take_over_later()
        await scene.leave()
        await streaming

    scene = played(story)

    assert [offset for _, _, offset in scene.decided] == list(range(scene.sent)), "each once, in order"
    owners = [owner for _, owner, _ in scene.decided]
    assert owners == sorted(owners), "the second decides all from its first one on"
    assert min(owners.count("first"), owners.count("second")) > 20
    gap = max(after[0] - before[0] for before, after in pairwise(scene.decided))
    assert gap < GROUP_SECONDS / 4


def test_who_leaves_stops_when_another_decides() -> None:
    """Though the stream goes on for much longer than an owner alone would part."""
    took = 0.0

    async def story(scene: Scene) -> None:
        nonlocal took
        streaming = asyncio.ensure_future(scene.facts(2 + PART_SECONDS_MAX))
        scene.take_over_later()
        took = await scene.leave()
        await streaming

    played(story)

    assert GROUP_SECONDS <= took < PART_SECONDS_MAX


def test_what_the_group_gives_to_another_is_decided_on_meanwhile() -> None:
    """Nobody leaves: one has joined, and the group takes its time to give the partition to it."""

    async def story(scene: Scene) -> None:
        streaming = asyncio.ensure_future(scene.facts(4))
        await asyncio.sleep(1)
        scene.take_over_later()
        scene.lose()
        await streaming
        assert scene.first.owner.owned == frozenset()
        assert scene.second.owner.owned_ready == {0}

    scene = played(story)

    assert [offset for _, _, offset in scene.decided] == list(range(scene.sent)), "each once, in order"
    owners = [owner for _, owner, _ in scene.decided]
    assert owners == sorted(owners), "the second decides all from its first one on"
    assert min(owners.count("first"), owners.count("second")) > 20
    gap = max(after[0] - before[0] for before, after in pairwise(scene.decided))
    assert gap < GROUP_SECONDS / 4


def test_what_the_group_gives_back_is_not_taken_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    """Though it cannot be read how long the log is, which whoever takes a partition must know."""

    async def story(scene: Scene) -> None:
        streaming = asyncio.ensure_future(scene.facts(4))
        await asyncio.sleep(1)
        scene.lose()
        assert scene.first.owner.owned_ready == frozenset()
        await asyncio.sleep(GROUP_SECONDS)

        async def never(*_: object) -> None:
            await asyncio.get_running_loop().create_future()

        monkeypatch.setattr(scene.first.view, "end_offset", never)
        assert scene.first.view.member is not None
        scene.first.view.member.assign()
        assert scene.first.owner.owned_ready == {0}
        await streaming

    scene = played(story)

    assert [offset for _, _, offset in scene.decided] == list(range(scene.sent)), "each once, in order"
    assert {owner for _, owner, _ in scene.decided} == {"first"}
    gap = max(after[0] - before[0] for before, after in pairwise(scene.decided))
    assert gap < GROUP_SECONDS / 4


def test_what_was_taken_away_before_the_stop_is_decided_on_too() -> None:
    """A rolling restart: the group still shares out because of the last one when the next one is told to stop."""

    async def story(scene: Scene) -> None:
        streaming = asyncio.ensure_future(scene.facts(4))
        await asyncio.sleep(1)
        scene.take_over_later()
        scene.lose()
        await scene.leave()
        await streaming

    scene = played(story)

    assert [offset for _, _, offset in scene.decided] == list(range(scene.sent))
    gap = max(after[0] - before[0] for before, after in pairwise(scene.decided))
    assert gap < GROUP_SECONDS / 4


def test_what_nobody_takes_is_let_go_in_the_end() -> None:
    async def story(scene: Scene) -> None:
        streaming = asyncio.ensure_future(scene.facts(HOLD_SECONDS_MAX + 1))
        scene.lose()
        await streaming
        assert scene.first.owner.owned == frozenset()

    scene = played(story)

    assert 0 < len(scene.decided) < scene.sent
    assert scene.decided[-1][0] == pytest.approx(HOLD_SECONDS_MAX, abs=1)


def test_a_backlog_is_decided_to_its_end_though_answers_take_longer_than_quiet(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Nothing moves while too much is on its way; that is no quiet, and nothing is read that could not be decided."""
    read, backlog = 0, 40

    async def story(scene: Scene) -> None:
        loop, view, order = asyncio.get_running_loop(), scene.first.view, count()
        plainly = View.Reader.read

        def slowly(topic: str, _: int, key: bytes, value: bytes) -> asyncio.Future[int]:
            future: asyncio.Future[int] = loop.create_future()
            late = 1.4 * QUIET_SECONDS + next(order) * 1e-6
            loop.call_later(late, view._land, topic, key, value, future, False)
            return future

        async def counting(reader: View.Reader, **asked: int) -> list[Record]:
            nonlocal read
            found = await plainly(reader, **asked)
            read += len(found) if reader._topic == FACTS else 0
            return found

        monkeypatch.setattr(view, "append", slowly)
        monkeypatch.setattr(View.Reader, "read", counting)
        for _ in range(backlog):
            scene.fact(f.AgentSignedIn(agent_id="nobody"))
        scene.lose()
        await asyncio.sleep(HOLD_SECONDS_MAX - 1)

    scene = played(story)

    assert {fact for _, _, fact in scene.decided} == set(range(scene.sent))
    assert {owner for _, owner, _ in scene.decided} == {"first"}
    assert read < 2 * backlog


def test_who_is_the_last_one_decides_for_a_bounded_time() -> None:
    took = 0.0

    async def story(scene: Scene) -> None:
        nonlocal took
        streaming = asyncio.ensure_future(scene.facts(2 + PART_SECONDS_MAX))
        took = await scene.leave()
        await streaming

    scene = played(story)

    assert PART_SECONDS_MAX <= took < min(LEAVE_SECONDS_MAX, PART_SECONDS_MAX + OPEN_SECONDS_MAX)
    assert 0 < len(scene.decided) < scene.sent


def test_where_nothing_comes_nobody_waits() -> None:
    took = 0.0

    async def story(scene: Scene) -> None:
        nonlocal took
        await scene.facts(0.2)
        took = await scene.leave()

    scene = played(story)

    assert took < 2 * QUIET_SECONDS
    assert len(scene.decided) == scene.sent


def test_no_reader_has_to_be_opened_when_a_partition_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    async def story(scene: Scene) -> None:
        async def slow(*_: object) -> None:
            await asyncio.sleep(60)

        monkeypatch.setattr(scene.first.view, "tail", slow)
        streaming = asyncio.ensure_future(scene.facts(3))
        await asyncio.sleep(1)
        scene.lose()
        scene.take_over_later()
        await streaming

    scene = played(story)

    assert [offset for _, _, offset in scene.decided] == list(range(scene.sent)), "each once, in order"
    assert {owner for _, owner, _ in scene.decided} == {"first", "second"}
    gap = max(after[0] - before[0] for before, after in pairwise(scene.decided))
    assert gap < GROUP_SECONDS / 4


@pytest.mark.parametrize("fails", ["opening", "reading"])
def test_a_log_that_is_away_keeps_nobody_from_leaving(fails: str, monkeypatch: pytest.MonkeyPatch) -> None:
    took = 0.0

    async def away(self: View | View.Reader, *found: object, **asked: object) -> Any:
        topic = self._topic if isinstance(self, View.Reader) else found[0]
        if topic == FACTS:
            raise LogUnavailable("away")
        return await healthy(self, *found, **asked)

    place, name = (View, "tail") if fails == "opening" else (View.Reader, "read")
    healthy = getattr(place, name)
    monkeypatch.setattr(place, name, away)

    async def story(scene: Scene) -> None:
        nonlocal took
        took = await scene.leave()
        assert scene.first.owner.owned == frozenset()

    played(story)

    assert took < QUIET_SECONDS


def test_a_deadline_that_is_near_is_waited_for() -> None:
    """No fact comes, and the group takes longer than the parting does."""
    near_seconds = 2.0
    began = 0.0

    async def story(scene: Scene) -> None:
        nonlocal began
        await scene.deadline_in(near_seconds)
        began = asyncio.get_running_loop().time()
        assert scene.fired == []
        await scene.leave()

    scene = played(story)

    at, owner = scene.fired[0]
    assert owner == "first"
    assert near_seconds <= at - began < near_seconds + 0.3


def test_a_deadline_that_is_not_near_is_left_to_others() -> None:
    took = 0.0

    async def story(scene: Scene) -> None:
        nonlocal took
        await scene.deadline_in(OPEN_SECONDS_MAX + PART_SECONDS_MAX + 0.5)
        took = await scene.leave()

    assert played(story).fired == []
    assert took < 2 * QUIET_SECONDS


@pytest.mark.parametrize("cause", ["fact", "timer"])
def test_a_full_buffer_ends_the_parting_and_nothing_else(cause: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What would follow it is not appended either: it would be chained to a record that was never sent."""
    refused, appended = 0, 0

    async def story(scene: Scene) -> None:
        await scene.deadline_in(0.8)
        view = scene.first.view
        append = view.append

        def full_once(topic: str, partition: int, key: bytes, value: bytes) -> asyncio.Future[int]:
            nonlocal refused, appended
            if topic == DECISIONS and view.member is not None and not view.member.owned:
                refused, appended = refused + (not refused), appended + bool(refused)
                if refused and not appended:
                    raise BufferFull("full")
            return append(topic, partition, key, value)

        monkeypatch.setattr(view, "append", full_once)
        leaving = asyncio.ensure_future(scene.leave())
        await asyncio.sleep(0.2)
        if cause == "fact":
            for _ in range(4):
                scene.fact(f.AgentSignedIn(agent_id="nobody"))
        await leaving
        assert scene.first.owner.owned == frozenset()

    played(story)

    assert (refused, appended) == (1, 0)
