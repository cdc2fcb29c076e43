"""Deadlines survive restarts and take-overs, fire once, and a replay needs no clock for them (engine.md 1.8).

A desk with one deadline of each kind stands in the log. Its owner is killed before the time; the time passes; two
others each believe to own the partition. Real owners on the simulated log (tests/rivals); each kind alone, and then a
clock that is turned back after it fired.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from contextvars import copy_context
from typing import Any

import pytest

from services.contract import decisions as d
from services.contract import facts as f
from services.contract.codec import decode_decision, encode_decision, encode_fact
from services.contract.desk import DeskLimits
from services.contract.topics import DECISIONS, FACTS
from services.router.log.fold import fold
from services.router.model import canonical
from tests.rivals.history import History
from tests.rivals.replica import Replica, SkewedClock, owned_tasks
from tests.rivals.shared import EMPTY, shared_fold
from tests.rivals.store import CALM
from tests.rivals.virtual import play
from tests.unit.router.world import (
    DAY,
    DESK,
    HOUR,
    MINUTE,
    SECOND,
    World,
    agent,
    call,
    chat,
    desk,
    email,
    refund,
)

LIMITS = DeskLimits(callback_ms=10 * MINUTE, repeat_window_ms=2 * DAY)
Scene = Callable[[World], None]


class Recorded(World):
    """A world that keeps its facts, so that it can be put into a log."""

    def __init__(self) -> None:
        self.facts: list[bytes] = []
        super().__init__()
        people = (agent("A", refund=50), agent("B", refund=500))
        self.tell(f.DeskConfigured(desk=desk(*people, limits=LIMITS)))

    def tell(self, body: Any, *, fact_id: str | None = None, desk_id: str = DESK, **named: Any) -> d.Decision:
        name = fact_id or f"early-{len(self.facts)}"
        at_ms = named.get("received_ms") or self.now_ms
        fact = f.Fact(fact_id=name, desk_id=desk_id, received_at_ms=at_ms, body=body)
        self.facts.append(encode_fact(fact))
        return super().tell(body, fact_id=name, desk_id=desk_id, received_ms=at_ms)


def offer(world: World) -> None:
    world.sign_in("A")
    world.tell(call("c"))


def target(world: World) -> None:
    world.tell(chat("c"))


def due(world: World) -> None:
    world.tell(email("c"))
    world.wait(5 * HOUR)


def lease(world: World) -> None:
    world.sign_in("A")
    world.give(call("c"))


def wrap_up(world: World) -> None:
    lease(world)
    world.by_owner(f.ConversationEnded, "c")


def call_back(world: World) -> None:
    lease(world)
    world.by_owner(f.HelpAsked, "c", kind=f.HelpKind.EXPERT)
    world.tell(f.AgentStateChanged(agent_id="A", presence=f.Presence.BREAK))
    world.wait(120 * SECOND)


def consult(world: World) -> None:
    world.sign_in("A")
    world.give(call("c"))
    world.sign_in("B")
    world.by_owner(f.HelpAsked, "c", kind=f.HelpKind.APPROVAL, decision_wanted=refund(200))


def customer(world: World) -> None:
    world.sign_in("A")
    world.give(chat("c"))
    world.by_owner(f.CustomerAsked, "c")


def window(world: World) -> None:
    lease(world)
    world.resolve("c")
    world.wait(DAY)


def not_ready(world: World) -> None:
    world.sign_in("A")
    world.tell(f.AgentStateChanged(agent_id="A", presence=f.Presence.NOT_READY))


SCENES: dict[str, tuple[Scene, type]] = {
    "an offer that nobody answers": (offer, d.OfferEnded),
    "a target wait": (target, d.TargetMissed),
    "the day within which everything is answered": (due, d.TargetMissed),
    "the lease of a silent agent": (lease, d.ContactQueued),
    "wrap-up": (wrap_up, object),
    "a promised call-back": (call_back, object),
    "a request for an approval": (consult, object),
    "a customer who is silent": (customer, d.CustomerAwaited),
    "the window for repeats": (window, d.ResolutionConfirmed),
    "an agent who is not ready": (not_ready, d.AgentPresenceChanged),
}


class Passing(History):
    """An owner that is killed before the deadline, two after it."""

    def __init__(self, world: Recorded, *, back_ms: int) -> None:
        super().__init__(5)
        self.world, self._back_ms = world, back_ms
        self.store.weather = CALM

    async def run(self) -> Any:
        loop = asyncio.get_running_loop()
        loop.set_task_factory(owned_tasks)
        loop.set_exception_handler(self._broke)
        self.callers_context = copy_context()
        self._began = loop.time()
        self.callers.now_ms = self.world.now_ms
        for value in self.world.facts:
            self.store.land(FACTS, DESK.encode(), value)
        for record in self.world.records:
            self.store.land(DECISIONS, DESK.encode(), encode_decision(record))
        first = await self._owner("first")
        await asyncio.sleep(0.2)
        first.kill()
        before = len(self.verdicts)
        deadline_ms = self.world.timers.next_at_ms(self.world.state)
        assert deadline_ms is not None
        self.callers.now_ms = deadline_ms + SECOND
        rivals = [await self._owner("second"), await self._owner("third")]
        await asyncio.sleep(1.0)
        self.callers.now_ms -= self._back_ms
        rivals.append(await self._owner("fourth"))
        await asyncio.sleep(1.0)
        for rival in rivals:
            rival.kill()
        assert not self.faults and all(rival.broken is None for rival in rivals)
        return before

    async def _owner(self, name: str) -> Replica:
        clock = SkewedClock(self._world_ms)
        made = Replica(name, self.store, clock, self._new_id, seen=self._seen)
        self.replicas.append(made)
        while made.view.member is None:
            await asyncio.sleep(0.01)
        made.view.member.assign()
        return made


@pytest.mark.parametrize("back_ms", [0, HOUR], ids=["", "and the clock is turned back"])
@pytest.mark.parametrize("scene", SCENES)
def test_a_deadline_fires_once_after_a_take_over(scene: str, back_ms: int) -> None:
    build, follows = SCENES[scene]
    world = Recorded()
    build(world)
    with shared_fold() as memo:
        passing = Passing(world, back_ms=back_ms)
        passing.memo = memo
        before = play(passing.run())
    fired = [
        one for one, accepted in passing.verdicts[before:] if accepted and isinstance(one.cause, d.TimerCause)
    ]
    with_effect = Counter(
        (one.cause.timer_id, one.cause.deadline_at_ms)
        for one in fired
        if one.events and isinstance(one.cause, d.TimerCause)
    )
    first = world.timers.due(world.state, passing.callers.now_ms + back_ms)
    assert first is not None
    assert with_effect[first.timer_id, first.deadline_at_ms] == 1, "it fired once"
    assert max(with_effect.values()) == 1, "none fired twice"
    assert any(isinstance(event, follows) for one in fired for event in one.events)


def test_a_replay_fires_the_same_timers_without_a_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    world = Recorded()
    for build in (offer, lease):
        build(world)
        world.wait(5 * HOUR)
    values = [encode_decision(record) for record in world.records]
    assert any(isinstance(record.cause, d.TimerCause) for record in world.records)

    def no_clock() -> int:
        raise AssertionError("a replay asked for the time")

    monkeypatch.setattr("time.time_ns", no_clock)
    monkeypatch.setattr("time.time", no_clock)
    state = EMPTY
    for value in values:
        state = fold(state, decode_decision(value)).state

    assert canonical(state) == canonical(world.state)
