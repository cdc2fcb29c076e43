"""An owner that decides without the group stands back at another's record, and goes on where that one does not
(owning/parting.py).
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from itertools import pairwise

import pytest

from services.contract.topics import FACTS
from services.router.owning.parting import LOOK_SECONDS
from services.runtime.log import LogUnavailable, OutcomeUnknown
from tests.properties.parting_scene import LateTail, Scene, played, word_of_another
from tests.rivals.store import CALM


@pytest.mark.parametrize("then", ["dies", "loses it again"])
def test_who_follows_and_does_not_go_on_leaves_no_gap(then: str) -> None:
    """One record of another's makes who holds on stand back, not go away."""

    async def story(scene: Scene) -> None:
        member = scene.second.view.member
        assert member is not None
        scene.watcher = "first"
        scene.once_second_decides = scene.second.kill if then == "dies" else member.revoke
        streaming = asyncio.ensure_future(scene.facts(5))
        await asyncio.sleep(1)
        scene.lose()
        scene.take_over_later()
        await streaming
        assert scene.once_second_decides is None

    scene = played(story)

    assert [offset for _, _, offset in scene.decided] == list(range(scene.sent)), "each once, in order"
    gap = max(after[0] - before[0] for before, after in pairwise(scene.decided))
    assert gap < 4 * LOOK_SECONDS


def test_what_is_being_taken_again_is_kept_when_it_is_lost_once_more(monkeypatch: pytest.MonkeyPatch) -> None:
    """Given back while it stands back, and lost before it is taken: who follows is dead."""

    async def story(scene: Scene) -> None:
        member, view = scene.first.view.member, scene.first.view
        assert member is not None
        scene.watcher = "first"
        scene.once_second_decides = scene.second.kill
        streaming = asyncio.ensure_future(scene.facts(6))
        await asyncio.sleep(1)
        scene.lose()
        scene.take_over_later()
        while scene.once_second_decides is not None:
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.1)
        assert scene.first.owner.owned and not scene.first.owner.owned_ready
        healthy = view.end_offset

        async def slow(topic: str, partition: int) -> int:
            await asyncio.sleep(0.6)
            return await healthy(topic, partition)

        monkeypatch.setattr(view, "end_offset", slow)
        member.assign()
        await asyncio.sleep(0.2)
        member.revoke()
        monkeypatch.setattr(view, "end_offset", healthy)
        await streaming

    scene = played(story)

    assert [offset for _, _, offset in scene.decided] == list(range(scene.sent)), "each once, in order"


def test_own_records_that_are_folded_late_are_no_word_of_anothers(monkeypatch: pytest.MonkeyPatch) -> None:
    late_seconds = 0.1
    tail = LateTail(late_seconds, monkeypatch)

    async def story(scene: Scene) -> None:
        scene.watcher = "first"
        scene.store.weather = replace(CALM, lag_seconds=0.0)
        streaming = asyncio.ensure_future(scene.facts(8))
        await asyncio.sleep(1)
        scene.lose()
        await asyncio.sleep(0.3)
        tail.slow = True
        await asyncio.sleep(2 * late_seconds)
        word_of_another(scene, 5)
        await asyncio.sleep(2)
        tail.slow = False
        await streaming

    scene = played(story)

    assert [offset for _, _, offset in scene.decided] == list(range(scene.sent)), "each once, in order"


def test_a_log_that_does_not_say_where_facts_end_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    async def story(scene: Scene) -> None:
        view, away = scene.first.view, True
        scene.watcher = "first"
        streaming = asyncio.ensure_future(scene.facts(5))
        await asyncio.sleep(1)
        scene.lose()
        await asyncio.sleep(0.3)
        healthy = view.end_offset

        async def end_offset(topic: str, partition: int) -> int:
            nonlocal away
            if topic == FACTS and away:
                away = False
                raise LogUnavailable("away")
            return await healthy(topic, partition)

        monkeypatch.setattr(view, "end_offset", end_offset)
        word_of_another(scene, 5)
        await streaming
        assert not away

    scene = played(story)

    assert [offset for _, _, offset in scene.decided] == list(range(scene.sent)), "each once, in order"


def test_old_records_of_another_that_are_folded_late_are_no_sign_of_life(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Who follows writes a few records and is gone; this one's tail is slow."""
    tail = LateTail(0.05, monkeypatch)

    async def story(scene: Scene) -> None:
        member = scene.second.view.member
        assert member is not None
        scene.watcher = "first"
        scene.store.weather = replace(CALM, lag_seconds=0.0)
        streaming = asyncio.ensure_future(scene.facts(12))
        await asyncio.sleep(1)
        scene.lose()
        await asyncio.sleep(0.2)
        tail.slow = True
        member.assign()
        await asyncio.sleep(0.5)
        scene.second.kill()
        await asyncio.sleep(4)
        tail.slow = False
        await streaming

    scene = played(story)

    assert [offset for _, _, offset in scene.decided] == list(range(scene.sent)), "each once, in order"


def test_a_deadline_is_waited_for_after_a_word_of_another_that_is_gone() -> None:
    async def story(scene: Scene) -> None:
        scene.watcher = "first"
        await scene.deadline_in(3)
        scene.lose()
        await asyncio.sleep(1)
        word_of_another(scene, 1)
        await asyncio.sleep(5)

    scene = played(story)

    assert [owner for _, owner in scene.fired] == ["first"]


def test_what_was_never_decided_is_not_held(monkeypatch: pytest.MonkeyPatch) -> None:
    """The group gives a partition and takes it away before it could be taken."""

    async def story(scene: Scene) -> None:
        member = scene.second.view.member
        assert member is not None

        async def never(*_: object) -> int:
            await asyncio.get_running_loop().create_future()
            raise AssertionError

        monkeypatch.setattr(scene.second.view, "end_offset", never)
        member.assign()
        await asyncio.sleep(0.1)
        assert scene.second.owner.owned == {0}
        member.revoke()
        assert scene.second.owner.owned == frozenset()

    played(story)


def test_a_deadline_that_fired_in_what_was_dropped_is_fired_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its record is lost, and before that is known another's word makes the router stand back; that one is gone."""
    near_seconds, due_at = 1.0, 0.0
    lost: list[float] = []

    async def story(scene: Scene) -> None:
        nonlocal due_at
        loop, view = asyncio.get_running_loop(), scene.first.view
        scene.watcher = "first"
        await scene.deadline_in(near_seconds)
        due_at = loop.time() + near_seconds
        append = view.append

        def loses_one(topic: str, partition: int, key: bytes, value: bytes) -> asyncio.Future[int]:
            if lost:
                return append(topic, partition, key, value)
            lost.append(loop.time())
            future: asyncio.Future[int] = loop.create_future()
            loop.call_later(0.5, view._answer, future, OutcomeUnknown("lost"))
            return future

        monkeypatch.setattr(view, "append", loses_one)
        scene.lose()
        while not lost:
            await asyncio.sleep(0.01)
        word_of_another(scene, 1)
        await asyncio.sleep(5)

    scene = played(story)

    assert lost[0] == pytest.approx(due_at, abs=0.2)
    assert [owner for _, owner in scene.fired] == ["first"]
    assert scene.fired[0][0] - lost[0] < 4 * LOOK_SECONDS


def test_a_follower_that_is_slow_for_a_while_makes_no_long_gap_and_has_it_in_the_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It folds a third of what comes, so that its first records are built upon what is old."""
    tail = LateTail(0.05, monkeypatch)

    async def story(scene: Scene) -> None:
        member = scene.second.view.member
        assert member is not None
        scene.watcher, tail.view = "first", scene.second.view
        streaming = asyncio.ensure_future(scene.facts(12))
        await asyncio.sleep(1)
        tail.slow = True
        scene.lose()
        await asyncio.sleep(0.2)
        member.assign()
        await asyncio.sleep(4)
        tail.slow = False
        await streaming
        assert scene.first.owner.owned == frozenset()

    scene = played(story)

    assert [offset for _, _, offset in scene.decided] == list(range(scene.sent)), "each once, in order"
    gap = max(after[0] - before[0] for before, after in pairwise(scene.decided))
    assert gap < 4 * LOOK_SECONDS
    assert {owner for _, owner, _ in scene.decided[-50:]} == {"second"}


@pytest.mark.parametrize("seed", range(12))
def test_of_two_that_both_hold_on_one_soon_decides_alone(seed: int) -> None:
    """The group takes the partition from both, so that each stands back at the other's records."""

    async def story(scene: Scene) -> None:
        member = scene.second.view.member
        assert member is not None
        scene.store.rng.seed(seed)
        scene.store.weather = replace(CALM, lag_seconds=0.003)
        streaming = asyncio.ensure_future(scene.facts(8))
        await asyncio.sleep(1)
        scene.lose()
        member.assign()
        await asyncio.sleep(0.01)
        member.revoke()
        await streaming

    scene = played(story)

    assert [offset for _, _, offset in scene.decided] == list(range(scene.sent)), "each once, in order"
    gaps = [after[0] - before[0] for before, after in pairwise(scene.decided)]
    assert sum(gap for gap in gaps if gap > LOOK_SECONDS) < 2
    assert max(gaps) < 4 * LOOK_SECONDS
    assert len({owner for _, owner, _ in scene.decided[-200:]}) == 1
