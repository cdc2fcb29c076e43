"""Two routers of which one loses what it decides: real owners and tails on the simulated log (tests/rivals).

Time is the simulation's, so its seconds are exact.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest

from services.contract import facts as f
from services.contract.codec import decode_decision, encode_decision, encode_fact
from services.contract.decisions import FactCause, TimerCause
from services.contract.topics import DECISIONS, FACTS
from services.router.timers import deadline_of
from services.router.verdict import Verdict
from services.runtime.log import Record
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


def played(story: Callable[[Scene], Awaitable[None]]) -> Scene:
    async def whole() -> Scene:
        scene = Scene()
        await scene.begin()
        await story(scene)
        await scene.end()
        return scene

    return play(whole())


def word_of_another(scene: Scene, record: int) -> None:
    """A record of the second's that was built upon an old head lands: it is rejected."""
    old = decode_decision(scene.store.records[DECISIONS][record].value)
    word = replace(old, decision_id=old.decision_id ^ 0xFF, owner="second")
    scene.store.land(DECISIONS, DESK.encode(), encode_decision(word))


class LateTail:
    """While `slow`, each router, or only the one whose `view` is given, folds a record at a time, so many seconds apart."""

    def __init__(self, seconds: float, monkeypatch: pytest.MonkeyPatch) -> None:
        self.slow = False
        self.view: View | None = None
        read, tail = View.Reader.read, self

        async def late(self: View.Reader, *, records_max: int = 500, wait_ms: int = 200) -> list[Record]:
            if tail.slow and self._topic == DECISIONS and tail.view in (None, self._view):
                await asyncio.sleep(seconds)
                records_max = 1
            return await read(self, records_max=records_max, wait_ms=wait_ms)

        monkeypatch.setattr(View.Reader, "read", late)
