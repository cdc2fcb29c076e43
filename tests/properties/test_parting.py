"""An owner that is told to stop, or loses a partition, decides on until another one does: the group may take its time
(parting.py).

Real owners and tails on the simulated log; time is the simulation's, so its seconds are exact.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import replace
from itertools import count, pairwise
from typing import Any

import pytest

from services.contract import facts as f
from services.contract.codec import decode_decision, encode_decision, encode_fact
from services.contract.decisions import FactCause, TimerCause
from services.contract.topics import DECISIONS, FACTS
from services.router.owner import LEAVE_SECONDS_MAX
from services.router.parting import (
    HOLD_SECONDS_MAX,
    LOOK_SECONDS,
    OPEN_SECONDS_MAX,
    PART_SECONDS_MAX,
    QUIET_SECONDS,
)
from services.router.tail import Verdict
from services.router.timers import deadline_of
from services.runtime.log import BufferFull, LogUnavailable, Record
from tests.rivals.replica import Replica, SkewedClock, owned_tasks
from tests.rivals.store import CALM, Store, View
from tests.rivals.virtual import play
from tests.unit.router.world import DESK, START_MS, agent, call, desk

FACT_EVERY_SECONDS = 0.02
GROUP_SECONDS = 1.7
"""What the group takes to give the partition to another one."""


class Scene:
    """Two routers, the first of which decides; what the `watcher`'s tail accepts is written down."""

    def __init__(self) -> None:
        asyncio.get_running_loop().set_task_factory(owned_tasks)
        self.store = Store(random.Random(1))
        self.store.weather = CALM
        self.decided: list[tuple[float, str, int]] = []
        """When, by whom, which fact."""
        self.fired: list[tuple[float, str]] = []
        """When a deadline's passing was decided, and by whom."""
        rng = random.Random(2)
        self.first, self.second = (
            Replica(
                name,
                self.store,
                SkewedClock(lambda: START_MS + int(asyncio.get_running_loop().time() * 1000)),
                lambda _: rng.getrandbits(64) or 1,
                seen=self._seen,
            )
            for name in ("first", "second")
        )
        self.sent = 0
        self.watcher = "second"
        self.once_second_decides: Callable[[], None] | None = None

    def _seen(self, name: str, verdict: Verdict) -> None:
        if name != self.watcher or not verdict.accepted:
            return
        now = asyncio.get_running_loop().time()
        if isinstance(verdict.record.cause, TimerCause):
            self.fired.append((now, verdict.record.owner))
        if isinstance(verdict.record.cause, FactCause):
            self.decided.append((now, verdict.record.owner, verdict.record.fact_offset))
            if verdict.record.owner == "second" and self.once_second_decides is not None:
                asyncio.get_running_loop().call_soon(self.once_second_decides)
                self.once_second_decides = None

    async def begin(self) -> None:
        await asyncio.sleep(0.2)
        assert self.first.view.member is not None
        self.first.view.member.assign()
        await asyncio.sleep(0.2)

    def fact(self, body: f.AgentSignedIn | f.DeskConfigured | f.ContactArrived) -> None:
        self.sent += 1
        fact = f.Fact(fact_id=f"f{self.sent}", desk_id=DESK, received_at_ms=START_MS, body=body)
        self.store.land(FACTS, DESK.encode(), encode_fact(fact))

    async def deadline_in(self, seconds: float) -> None:
        """A contact comes and waits; returns when its deadline is so near."""
        self.fact(f.DeskConfigured(desk=desk(agent("ana"))))
        self.fact(f.AgentSignedIn(agent_id="ana"))
        self.fact(call("c1"))
        await asyncio.sleep(0.5)
        state, clock = self.first.tail.state(0), self.first.clock
        at_ms = deadline_of(state, DESK, "contact/c1")
        assert at_ms is not None
        await asyncio.sleep((at_ms - clock.now_ms()) / 1000 - seconds)

    async def facts(self, seconds: float) -> None:
        """A steady stream of them."""
        for _ in range(round(seconds / FACT_EVERY_SECONDS)):
            self.fact(f.AgentSignedIn(agent_id="nobody"))
            await asyncio.sleep(FACT_EVERY_SECONDS)

    async def leave(self) -> float:
        """The first is told to stop; answers how long that took it."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        await loop.create_task(self.first.owner.leave(), context=self.first.context)
        return loop.time() - began

    def lose(self) -> None:
        """The group shares out anew, and the first stays in it."""
        assert self.first.view.member is not None
        self.first.view.member.revoke()

    def take_over_later(self) -> None:
        """The group has heard of it, and gives the partition to the second."""
        member = self.second.view.member
        assert member is not None
        asyncio.get_running_loop().call_later(GROUP_SECONDS, member.assign)

    async def end(self) -> None:
        await asyncio.sleep(1)
        for one in (self.first, self.second):
            assert one.broken is None
            one.kill()
        await asyncio.sleep(0)


def _played(story: Callable[[Scene], Awaitable[None]]) -> Scene:
    async def whole() -> Scene:
        scene = Scene()
        await scene.begin()
        await story(scene)
        await scene.end()
        return scene

    return play(whole())


def test_facts_are_decided_on_while_the_group_shares_out_anew() -> None:
    async def story(scene: Scene) -> None:
        streaming = asyncio.ensure_future(scene.facts(4))
        await asyncio.sleep(1)
        scene.take_over_later()
        await scene.leave()
        await streaming

    scene = _played(story)

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

    _played(story)

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

    scene = _played(story)

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

    scene = _played(story)

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

    scene = _played(story)

    assert [offset for _, _, offset in scene.decided] == list(range(scene.sent))
    gap = max(after[0] - before[0] for before, after in pairwise(scene.decided))
    assert gap < GROUP_SECONDS / 4


def test_what_nobody_takes_is_let_go_in_the_end() -> None:
    async def story(scene: Scene) -> None:
        streaming = asyncio.ensure_future(scene.facts(HOLD_SECONDS_MAX + 1))
        scene.lose()
        await streaming
        assert scene.first.owner.owned == frozenset()

    scene = _played(story)

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

    scene = _played(story)

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

    scene = _played(story)

    assert PART_SECONDS_MAX <= took < min(LEAVE_SECONDS_MAX, PART_SECONDS_MAX + OPEN_SECONDS_MAX)
    assert 0 < len(scene.decided) < scene.sent


def test_where_nothing_comes_nobody_waits() -> None:
    took = 0.0

    async def story(scene: Scene) -> None:
        nonlocal took
        await scene.facts(0.2)
        took = await scene.leave()

    scene = _played(story)

    assert took < 2 * QUIET_SECONDS
    assert len(scene.decided) == scene.sent


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

    scene = _played(story)

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

    scene = _played(story)

    assert [offset for _, _, offset in scene.decided] == list(range(scene.sent)), "each once, in order"


def _word_of_another(scene: Scene, record: int) -> None:
    """A record of the second's that was built upon an old head lands: it is rejected."""
    old = decode_decision(scene.store.records[DECISIONS][record].value)
    word = replace(old, decision_id=old.decision_id ^ 0xFF, owner="second")
    scene.store.land(DECISIONS, DESK.encode(), encode_decision(word))


class _LateTail:
    """While `slow`, each router folds a record at a time, so many seconds apart."""

    def __init__(self, seconds: float, monkeypatch: pytest.MonkeyPatch) -> None:
        self.slow = False
        read, tail = View.Reader.read, self

        async def late(self: View.Reader, *, records_max: int = 500, wait_ms: int = 200) -> list[Record]:
            if tail.slow and self._topic == DECISIONS:
                await asyncio.sleep(seconds)
                records_max = 1
            return await read(self, records_max=records_max, wait_ms=wait_ms)

        monkeypatch.setattr(View.Reader, "read", late)


def test_own_records_that_are_folded_late_are_no_word_of_anothers(monkeypatch: pytest.MonkeyPatch) -> None:
    late_seconds = 0.1
    tail = _LateTail(late_seconds, monkeypatch)

    async def story(scene: Scene) -> None:
        scene.watcher = "first"
        scene.store.weather = replace(CALM, lag_seconds=0.0)
        streaming = asyncio.ensure_future(scene.facts(8))
        await asyncio.sleep(1)
        scene.lose()
        await asyncio.sleep(0.3)
        tail.slow = True
        await asyncio.sleep(2 * late_seconds)
        _word_of_another(scene, 5)
        await asyncio.sleep(2)
        tail.slow = False
        await streaming

    scene = _played(story)

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
        _word_of_another(scene, 5)
        await streaming
        assert not away

    scene = _played(story)

    assert [offset for _, _, offset in scene.decided] == list(range(scene.sent)), "each once, in order"


def test_old_records_of_another_that_are_folded_late_are_no_sign_of_life(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Who follows writes a few records and is gone; this one's tail is slow."""
    tail = _LateTail(0.05, monkeypatch)

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

    scene = _played(story)

    assert [offset for _, _, offset in scene.decided] == list(range(scene.sent)), "each once, in order"


def test_a_deadline_is_waited_for_after_a_word_of_another_that_is_gone() -> None:
    async def story(scene: Scene) -> None:
        scene.watcher = "first"
        await scene.deadline_in(3)
        scene.lose()
        await asyncio.sleep(1)
        _word_of_another(scene, 1)
        await asyncio.sleep(5)

    scene = _played(story)

    assert [owner for _, owner in scene.fired] == ["first"]


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

    scene = _played(story)

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

    _played(story)

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

    scene = _played(story)

    at, owner = scene.fired[0]
    assert owner == "first"
    assert near_seconds <= at - began < near_seconds + 0.3


def test_a_deadline_that_is_not_near_is_left_to_others() -> None:
    took = 0.0

    async def story(scene: Scene) -> None:
        nonlocal took
        await scene.deadline_in(OPEN_SECONDS_MAX + PART_SECONDS_MAX + 0.5)
        took = await scene.leave()

    assert _played(story).fired == []
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

    _played(story)

    assert (refused, appended) == (1, 0)
