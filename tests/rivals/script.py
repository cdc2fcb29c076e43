"""A fixed little story told to one router, with one fault at one place; then another router takes over.

The place is the k-th await of anything in the process (tail, owner, commands, and the log they wait for), or the k-th
thing it asks of the log. Played for every k, so that no await is left out.
"""

from __future__ import annotations

import asyncio
import types
from collections.abc import Generator
from contextvars import copy_context
from dataclasses import dataclass
from enum import Enum
from typing import Any
from unittest.mock import patch

from services.contract import facts as f
from services.contract.topics import FACTS
from services.router.model import ContactState
from services.router.owner import Owner
from services.runtime.log import LogUnavailable, OutcomeUnknown
from tests.rivals.history import History, Violated
from tests.rivals.replica import HERE, Make, Replica, SkewedClock
from tests.rivals.shared import morning, shared_fold
from tests.rivals.store import CALM, View
from tests.rivals.virtual import play
from tests.unit.router.world import DESK, SECOND, call

STORY_SECONDS = 2.0
DELAY_SECONDS = 3.0
TAKE_OVER_SECONDS = 0.3
END_SECONDS_MAX = 60.0
STORY_MORNING = 3


class Fault(Enum):
    """What happens at the place."""

    NONE = "nothing"
    KILL = "kill -9"
    CANCEL = "cancelled, as by SIGTERM"
    DELAY = "stands still for 3 s, while another takes over"
    AWAY = "the log says that it is away"
    LOST = "an append that was lost, with an unknown outcome"
    UNANSWERED = "an append that landed, with an unknown outcome"


@dataclass
class Place:
    """Counts the awaits of a process, and strikes at one of them."""

    fault: Fault
    at: int
    awaits: int = 0
    asked: int = 0
    struck: bool = False

    def awaited(self) -> bool:
        """True at the one."""
        self.awaits += 1
        if self.fault in (Fault.KILL, Fault.CANCEL, Fault.DELAY) and self.awaits == self.at:
            self.struck = True
        return self.struck and self.awaits == self.at

    def asks(self) -> Fault:
        """What becomes of the next thing that is asked of the log."""
        self.asked += 1
        if self.fault in (Fault.AWAY, Fault.LOST, Fault.UNANSWERED) and self.asked == self.at:
            self.struck = True
            return self.fault
        return Fault.NONE


class FaultyView(View):
    """A process's log that fails at one of the things it is asked."""

    place: Place

    def append(self, topic: str, partition: int, key: bytes, value: bytes) -> asyncio.Future[int]:
        fault = self.place.asks()
        if fault is Fault.NONE:
            return super().append(topic, partition, key, value)
        future: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        if fault is Fault.UNANSWERED:
            self.store.land(topic, key, value)
        error = LogUnavailable("away") if fault is Fault.AWAY else OutcomeUnknown("no answer")
        asyncio.get_running_loop().call_later(0.01, self._answer, future, error)
        return future

    def may_break(self) -> None:
        if self.place.asks() is not Fault.NONE:
            raise LogUnavailable("away")


class Story(History):
    """Facts and commands at fixed moments; router A, then router B."""

    def __init__(self, place: Place, make: Make) -> None:
        super().__init__(1)
        self.place, self.make = place, make
        self._takes_over: asyncio.Future[Replica] | None = None
        self._joins: asyncio.Future[None] | None = None
        self.store.weather = CALM

    async def run(self) -> Any:
        loop = asyncio.get_running_loop()
        loop.set_task_factory(self._task)
        loop.set_exception_handler(self._broke)
        self.callers_context = copy_context()
        self._began = loop.time()
        self._begin_at_work(morning(STORY_MORNING))
        first = self._router("router-a", FaultyView)
        self.replicas = [first]
        await asyncio.sleep(0.05)
        self._joins = self.callers_context.copy().run(asyncio.ensure_future, self._assign(first))
        await self._tell_story()
        await asyncio.sleep(STORY_SECONDS)
        second = await self._second(first)
        await self._end(first, second)
        self._check()
        return self.place

    def _router(self, name: str, view: type[View]) -> Replica:
        with patch("tests.rivals.replica.View", view):
            made = Replica(
                name, self.store, SkewedClock(self._world_ms), self._new_id, make=self.make, seen=self._seen
            )
        if isinstance(made.view, FaultyView):
            made.view.place = self.place
        return made

    async def _assign(self, replica: Replica) -> None:
        """The group gives it the partition as soon as it has joined."""
        while replica.view.member is None and replica.alive:
            await asyncio.sleep(0.01)
        if replica.view.member is not None:
            replica.view.member.assign()

    async def _tell_story(self) -> None:
        """Two calls, an answer, a settled contact, a deadline that falls due, and noise."""
        self.say(call("s1"))
        self.say(f.AgentSignedIn(agent_id="E"))
        await asyncio.sleep(0.1)
        self._raw(b"not a fact")
        self.say(call("s2"))
        self.say(call("s2"), fact_id="twice")
        self.say(call("s2"), fact_id="twice")
        await asyncio.sleep(0.1)
        self.callers.wait(16 * SECOND)
        await asyncio.sleep(0.15)
        self.callers.state = self.state
        held = sorted(
            one.contact_id
            for one in self.state.desks[DESK].contacts.values()
            if one.state is ContactState.ASSIGNED
        )
        for contact_id in held[:1]:
            self.callers.by_owner(f.ContactResolved, contact_id, outcome=f.Outcome.RESOLVED)

    def _raw(self, value: bytes) -> None:
        self.store.land(FACTS, DESK.encode(), value)

    async def _second(self, first: Replica) -> Replica | None:
        """Who takes over: always after a fault that ended or stopped the first one."""
        if first.alive and self.place.fault not in (Fault.KILL, Fault.CANCEL, Fault.DELAY):
            return None
        return self.replicas[-1] if self.replicas[-1] is not first else await self._take_over()

    async def _take_over(self) -> Replica:
        second = self._router("router-b", View)
        self.replicas.append(second)
        await self._assign(second)
        return second

    async def _end(self, first: Replica, second: Replica | None) -> None:
        """Everything is decided and answered by whoever is left, within a bound."""
        loop = asyncio.get_running_loop()
        ends_at = loop.time() + END_SECONDS_MAX
        while self.errands or self._left() or self._overdue():
            if loop.time() > ends_at:
                raise Violated(
                    f"nobody goes on: {self._left()} facts, commands {len(self.errands)}, {self._overdue()}"
                )
            if self.faults:
                raise self.faults[0]
            if not first.alive and second is None:
                second = await self._take_over()
            await asyncio.sleep(0.2)
        await asyncio.sleep(DELAY_SECONDS)  # a zombie goes on too
        for replica in self.replicas:
            if replica.broken is not None:
                raise replica.broken
            replica.kill()

    # --- every await -----------------------------------------------------------------------------------------

    def _task(self, loop: asyncio.AbstractEventLoop, coroutine: Any, **more: Any) -> asyncio.Task[Any]:
        context = more.get("context")
        process = context.get(HERE) if context is not None else HERE.get()
        watched = process is not None and process.name == "router-a"
        task = asyncio.Task(self._watched(coroutine) if watched else coroutine, loop=loop, **more)
        if process is not None:
            process.tasks.append(task)
        return task

    @types.coroutine
    def _watched(self, coroutine: Any) -> Generator[Any, Any, Any]:
        """Runs the coroutine; whenever an await of it is over, the place is asked."""
        error: BaseException | None = None
        value = None
        while True:
            try:
                waits_for = coroutine.send(value) if error is None else coroutine.throw(error)
            except StopIteration as end:
                return end.value
            value, error = None, None
            try:
                value = yield waits_for
                if self.place.awaited():
                    yield from self._strike()
            except BaseException as raised:
                error = raised

    def _strike(self) -> Generator[Any, Any, None]:
        first = self.replicas[0]
        if self.place.fault is Fault.KILL:
            first.kill()
        elif self.place.fault is Fault.CANCEL:
            first.main.cancel()
        else:
            loop = asyncio.get_running_loop()
            loop.call_later(TAKE_OVER_SECONDS, self._begin_take_over)
            yield from asyncio.sleep(DELAY_SECONDS).__await__()
            return
        yield from asyncio.sleep(0).__await__()

    def _begin_take_over(self) -> None:
        """Outside of the process that stands still."""
        self._takes_over = self.callers_context.copy().run(asyncio.ensure_future, self._take_over())


def tell(fault: Fault, at: int = 0, make: Make = Owner) -> Place:
    """Plays the story with the fault at the place; raises Violated or what a router broke with."""
    place = Place(fault, at)

    async def story() -> Place:
        told = Story(place, make)
        told.memo = memo
        await told.run()
        return place

    with shared_fold() as memo:
        try:
            return play(story())
        except Exception as error:
            error.add_note(f"{fault.value} at {at}")
            raise
