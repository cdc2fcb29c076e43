"""A router process in the simulation: the real tail, owner and commands, wired as `services.router.build` does."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextvars import Context, ContextVar, copy_context
from dataclasses import dataclass
from functools import cache
from typing import Any

from prometheus_client import CollectorRegistry

from services.router.measures import LetterMeasures, OwnerMeasures, TailMeasures
from services.router.owner import Owner
from services.router.owning.letters import RejectionLetters
from services.router.serving.commands import Commander
from services.router.tail import DecisionTail
from services.router.verdict import Verdict
from services.runtime.dead_letters import DeadLetters
from services.runtime.log import LogError
from tests.rivals.store import Store, View

PENDING_MAX = 6
"""Small, so that a full pipeline is common."""
HERE: ContextVar[Replica | None] = ContextVar("HERE", default=None)
Make = Callable[..., Owner]


@cache
def _measures() -> tuple[TailMeasures, OwnerMeasures, LetterMeasures]:
    """One set for all: nobody looks at them here, and making them takes longer than a history."""
    registry = CollectorRegistry()
    return TailMeasures(registry), OwnerMeasures(registry), LetterMeasures(registry)


def owned_tasks(loop: asyncio.AbstractEventLoop, coroutine: Any, **more: Any) -> asyncio.Task[Any]:
    """A task factory: every task belongs to the process in whose name it was made, and dies with it."""
    task: asyncio.Task[Any] = asyncio.Task(coroutine, loop=loop, **more)
    context = more.get("context")
    process = context.get(HERE) if context is not None else HERE.get()
    if process is not None:
        process.tasks.append(task)
    return task


@dataclass
class SkewedClock:
    """A process's own clock: the world's and an error, which may jump."""

    world_ms: Callable[[], int]
    skew_ms: int = 0
    rate: float = 1.0

    def now_ms(self) -> int:
        return self.world_ms() + self.skew_ms

    async def sleep_ms(self, duration_ms: float) -> None:
        await asyncio.sleep(duration_ms / 1000)


class Replica:
    """One life of a process; `ended` gives what ended it, or nothing while it lives."""

    def __init__(
        self,
        name: str,
        store: Store,
        clock: SkewedClock,
        new_id: Callable[[Replica], int],
        *,
        make: Make = Owner,
        seen: Callable[[str, Verdict], None],
    ) -> None:
        self.name, self.clock = name, clock
        self.tasks: list[asyncio.Task[Any]] = []
        self.context: Context = copy_context()
        self.context.run(HERE.set, self)
        self.view = View(store, self.context)
        tail_measures, owner_measures, letter_measures = _measures()
        self.tail = DecisionTail(self.view, 1, tail_measures)
        self.commander = Commander(self.view, self.tail, clock, waiting_max=1_000)
        self.owner = make(
            self.view,
            self.tail,
            clock=clock,
            new_id=lambda: new_id(self),
            name=name,
            generation=1,
            pending_max=PENDING_MAX,
            letters=RejectionLetters(self.view, DeadLetters(self.view, 1), clock, letter_measures),
            measures=owner_measures,
        )
        self.owner.replica = self  # type: ignore[attr-defined] # for those owners that break a rule
        self.tail.listen(lambda verdict: seen(name, verdict))
        self.ended: BaseException | None = None
        self.main = asyncio.get_running_loop().create_task(self._run(), context=self.context)

    async def _run(self) -> None:
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self.tail.run())
                group.create_task(self._own())
        except BaseExceptionGroup as errors:
            self.ended = errors.exceptions[0]
            self.kill()

    async def _own(self) -> None:
        await self.tail.caught_up()
        await self.owner.run()

    @property
    def alive(self) -> bool:
        return not self.view.dead

    @property
    def broken(self) -> BaseException | None:
        """What ended it, unless that is the log's absence, for which the platform starts it again."""
        return None if isinstance(self.ended, LogError | asyncio.CancelledError) else self.ended

    def kill(self) -> None:
        """kill -9: nothing of it runs any more, nothing leaves it, nobody in it hears anything."""
        self.view.dead = True
        self.view.go_on()
        for task in self.tasks:
            task.cancel()

    async def send(self, desk_id: str, command_id: str, command: Any, *, timeout_seconds: float) -> Any:
        """A command of an agent connected here; runs in this process and dies with it, without an answer (None)."""
        call = self.commander.send(desk_id, command_id, command, timeout_seconds=timeout_seconds)
        task = asyncio.get_running_loop().create_task(call, context=self.context)
        await asyncio.wait({task})
        return None if task.cancelled() else task.result()
