"""The simulator's load on the running services: a piece of a world's day, its customers by intake's gRPC, its agents each with
a session at the router.

Who comes, how patient they are, how long an agent works and what it then lacks are the world's (simulator/drive.py); who gets
what is decided by the services alone, and told by WatchDecisions. Only time is the services' own.
"""

from __future__ import annotations

import asyncio
import heapq
import queue
import threading
import time
from collections import Counter
from collections.abc import Coroutine
from concurrent.futures import Future
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from typing import Any

from frontdesk.client import AgentDesktop, IntakeClient, RouterClient
from frontdesk.v1 import facts_pb2, router_pb2
from services.contract import decisions as d
from services.contract import facts as f
from services.contract.codec import from_message, to_message
from services.contract.desk import Desk
from services.router.evolve import evolve_all
from services.router.model import changed
from services.runtime.clock import ScaledClock
from simulator.day import Day, draw_day
from simulator.desk import DESK_ID, desk_of
from simulator.drive import Drive
from simulator.pool import Pool, draw_pool
from simulator.worlds import C, World

WORLD = replace(C, name="C, a fifth of its agents", agents=24, topics=6)
"""Phone and e-mail, blended."""
FROM_SECONDS = 3_600.0
"""Where the piece begins: the day's first wave is on its way up."""
WEEK_MS = 7 * 86_400_000
SHIFT_ENDS_SECONDS = 900.0
"""So long after the last arrival, by the services' clock, agents put down as unresolved what they still have: who waits for an
expert's advice may wait for hours."""
CALL_SECONDS_MAX = 60.0
DRAIN_SECONDS_MAX = 90.0
"""After the last arrival, the longest wait by the wall clock in which no contact is closed, however slow the machine."""
_SUBMITTED = {f.ContactArrived: "contact_arrived", f.CallerHungUp: "caller_hung_up"}
_COMMANDS = {
    f.AgentSignedIn: "sign_in",
    f.AgentStateChanged: "set_presence",
    f.OfferAnswered: "answer_offer",
    f.HelpAsked: "ask_help",
    f.HelpAnswered: "answer_help",
    f.TransferAsked: "ask_transfer",
    f.AuthorityUsed: "use_authority",
    f.ContactResolved: "resolve",
}


@dataclass
class Played:
    """What the players saw."""

    sent: set[str] = field(default_factory=set)
    """Contacts that intake took."""
    holders: dict[tuple[str, int], set[str]] = field(default_factory=dict)
    """Agents who were told that a contact is theirs, by contact and epoch."""
    facts: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    """Commands that the router did not take, by kind and reason; a world that is late is refused some."""

    @property
    def doubles(self) -> list[str]:
        return [f"{key[0]}: {sorted(agents)}" for key, agents in self.holders.items() if len(agents) > 1]


def lost(logs: list[list[d.Decision]], sent: set[str]) -> list[str]:
    """Contacts that intake took and that the log neither knows nor has closed."""
    ended = {
        event.contact_id
        for log in logs
        for record in log
        if record.desk_id == DESK_ID
        for event in record.events
        if isinstance(event, d.Resolved | d.Closed | d.Abandoned)
    }
    return sorted(sent - ended)


def world_desk(world: World = WORLD) -> tuple[Desk, Pool, Day]:
    """The world's first replication; cases are watched for a week, as everywhere in this run."""
    pool = draw_pool(world, 0)
    desk = desk_of(pool)
    assert desk.limits is not None
    return (
        replace(desk, limits=replace(desk.limits, repeat_window_ms=WEEK_MS)),
        pool,
        draw_day(world, pool, 0),
    )


async def play(router: str, intake: str, clock: ScaledClock, *, minutes: float) -> Played:
    """Plays so many minutes of the day by the services' clock, then until all is closed; raises what went wrong."""
    desk, pool, day = world_desk()
    played = Played()
    async with AsyncExitStack() as stack:
        client = await stack.enter_async_context(RouterClient(router, deadline_seconds=CALL_SECONDS_MAX))
        front = await stack.enter_async_context(IntakeClient(intake, deadline_seconds=CALL_SECONDS_MAX))
        configured = await client.configure_desk(to_message(desk), command_id="simulated")
        players = _Players(front, {}, played, asyncio.get_running_loop())
        drive = _Live(pool, day, desk, players, clock, minutes * 60.0)
        position = configured.position
        before = router_pb2.Position(
            generation=position.generation, partition=position.partition, offset=position.offset - 1
        )
        watching = asyncio.create_task(_watch(client, before, drive))
        stack.callback(watching.cancel)
        beside = {watching}
        for agent in desk.agents:
            desktop = AgentDesktop(router, DESK_ID, agent.agent_id, retry_seconds=CALL_SECONDS_MAX)
            players.desktops[agent.agent_id] = await stack.enter_async_context(desktop)
            working = asyncio.create_task(at_work(desktop, played))
            stack.callback(working.cancel)
            beside.add(working)
        await over(asyncio.create_task(drive.until_over()), beside)
        for desktop in players.desktops.values():
            await desktop.send(set_presence=facts_pb2.AgentStateChanged(presence="PRESENCE_OFFLINE"))
    return played


async def over(playing: asyncio.Task[None], beside: set[asyncio.Task[None]]) -> None:
    """Waits until the play is over; what breaks beside it (the watch, an agent's session) ends it and is raised at once."""
    waits = {playing, *beside}
    try:
        while not playing.done():
            done, waits = await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
            for one in done:
                one.result()
    finally:
        playing.cancel()


async def _watch(client: RouterClient, after: router_pb2.Position, drive: _Live) -> None:
    async for response in client.watch(DESK_ID, after=after):
        drive.decided(from_message(response.decision, d.Decision))


async def at_work(desktop: AgentDesktop, played: Played) -> None:
    """Takes every offer at once and notes what it is given."""
    async for notice in desktop.notices():
        match notice.WhichOneof("message"):
            case "offer":
                await desktop.accept(notice.offer.offer_id)
            case "assigned":
                given = notice.assigned
                holders = played.holders.setdefault((given.contact.contact_id, given.epoch), set())
                holders.add(desktop.agent_id)


@dataclass
class _Players:
    """Hands facts to the services from the world's thread; calls that failed are raised at the end."""

    front: IntakeClient
    desktops: dict[str, AgentDesktop]
    played: Played
    loop: asyncio.AbstractEventLoop
    calls: list[Future[Any]] = field(default_factory=list)

    def tell(self, body: Any) -> d.Reply | None:
        """Each fact waits for the one before where another's way could be quicker: an adviser answers, then the owner goes on."""
        self.played.facts += 1
        message = to_message(body)
        kind = _SUBMITTED.get(type(body))
        if kind is not None:
            if kind == "contact_arrived":
                self.played.sent.add(body.contact_id)
            request_id = f"{kind}-{body.contact_id}-{self.played.facts}"
            call = self._call(self.front.submit(DESK_ID, request_id=request_id, **{kind: message}))
            if kind == "caller_hung_up":
                call.result(CALL_SECONDS_MAX)
            return None
        call = self._call(self.desktops[body.agent_id].send(**{_COMMANDS[type(body)]: message}))
        if isinstance(body, f.AgentSignedIn | f.AuthorityUsed):
            return None
        reply = from_message(call.result(CALL_SECONDS_MAX).reply, d.Reply)
        if not reply.accepted:
            self.played.refused[f"{type(body).__name__} {reply.reason}"] += 1
        return reply

    def _call(self, call: Coroutine[Any, Any, Any]) -> Future[Any]:
        self.calls = [one for one in self.calls if not _went_well(one)]
        started = asyncio.run_coroutine_threadsafe(call, self.loop)
        self.calls.append(started)
        return started


def _went_well(call: Future[Any]) -> bool:
    """False while it runs; raises what it raised."""
    if not call.done():
        return False
    call.result()
    return True


class _Live(Drive):
    """The world's side of the day, on the services' clock and with their decisions."""

    def __init__(
        self, pool: Pool, day: Day, desk: Desk, players: _Players, clock: ScaledClock, seconds: float
    ) -> None:
        super().__init__(pool, day, desk)
        self._players, self._clock, self._seconds = players, clock, seconds
        self._decisions: queue.SimpleQueue[d.Decision] = queue.SimpleQueue()
        self._origin_ms = clock.now_ms()
        self._ended = threading.Event()
        self._over: set[str] = set()
        self._put: set[tuple[str, int]] = set()

    def decided(self, record: d.Decision) -> None:
        """A decision of the services; from any thread."""
        self._decisions.put(record)

    async def until_over(self) -> None:
        """Plays in a thread; ends early when it is cancelled."""
        try:
            await asyncio.to_thread(self.play_live)
        finally:
            self._ended.set()

    def play_live(self) -> None:
        """Raises TimeoutError when a contact stays open."""
        for name in self._agents:
            self.tell(0.0, f.AgentSignedIn(agent_id=name))
        for index, at in enumerate(self.day.arrival_seconds):
            if FROM_SECONDS <= at < FROM_SECONDS + self._seconds:
                self._at(float(at) - FROM_SECONDS, self._arrives, index, 0)
        over_at, before = 0.0, -1
        while not self._ended.is_set():
            now = self._now_seconds()
            self._take_decisions()
            while self._heap and self._heap[0][0] <= now:
                _, _, action, args = heapq.heappop(self._heap)
                action(now, *args)
            if now < self._seconds:
                continue
            if now > self._seconds + SHIFT_ENDS_SECONDS:
                self._put_down(now)
            left = self._open()
            if not left:
                return
            if len(left) != before:
                over_at, before = time.monotonic() + DRAIN_SECONDS_MAX, len(left)
            if time.monotonic() > over_at:
                raise TimeoutError(f"open, and none closed for {DRAIN_SECONDS_MAX:.0f} s: {sorted(left)[:5]}")

    def _put_down(self, at: float) -> None:
        contacts = self.state.desks[DESK_ID].contacts
        for contact_id in sorted(self._open()):
            contact = contacts.get(contact_id)
            if contact is not None and contact.owner_id and (contact_id, contact.epoch) not in self._put:
                self._put.add((contact_id, contact.epoch))
                self._ends(at, contact_id, f.Outcome.UNRESOLVED)

    def tell(self, at: float, body: Any) -> d.Reply | None:
        return self._players.tell(body)

    def _take_decisions(self) -> None:
        """Waits a little for the first, takes all that are there."""
        try:
            self._folded(self._decisions.get(timeout=0.02))
            while True:
                self._folded(self._decisions.get_nowait())
        except queue.Empty:
            pass

    def _folded(self, record: d.Decision) -> None:
        """The desk as the services have it, then what their decision sets off."""
        desk = evolve_all(self.state.desks.get(DESK_ID), record.events, record.decided_at_ms)
        if desk is not None:
            self.state = changed(self.state, desks=self.state.desks.set(DESK_ID, desk))
        self._over.update(
            event.contact_id
            for event in record.events
            if isinstance(event, d.Resolved | d.Closed | d.Abandoned)
        )
        self._heard(record)
        while self._todo:
            action, args = self._todo.popleft()
            action(self._now_seconds(), *args)

    def _offered(self, at: float, event: d.Offered) -> None:
        """Its agent answers by itself."""

    def _arrives(self, at: float, issue: int, attempt: int) -> None:
        if at < self._seconds:  # who would come back later does not
            super()._arrives(at, issue, attempt)

    def _open(self) -> set[str]:
        return self._players.played.sent - self._over

    def _now_seconds(self) -> float:
        return (self._clock.now_ms() - self._origin_ms) / 1000.0
