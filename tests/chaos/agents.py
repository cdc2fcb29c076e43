"""Agents at their desktops: sessions by gRPC that go on at another router when theirs is lost.

Everything that an agent is told and everything it asked is written down, for the check to compare with the log:
`T` told, `A` asked, `R` its answer, one a line.
"""

from __future__ import annotations

import asyncio
import faulthandler
import random
import resource
import sys
from pathlib import Path
from typing import IO, Any

import uvloop

from frontdesk.client import AgentDesktop, SessionLost
from frontdesk.v1.facts_pb2 import AgentSignedIn, ContactResolved, CustomerAsked, OfferAnswered
from tests.chaos.shared import READY, SETTLED, STOP_WORKING, Counters, Plan

IGNORED = 0.01
"""Offers that an agent leaves unanswered, so that their deadline falls due."""
ASKS = 0.02
"""Contacts whose customer is asked something and says nothing: two deadlines each."""
HANDLE_SECONDS = 0.2
ANSWER_SECONDS_MAX = 300.0
STILL_SECONDS_MAX = 15.0
"""Where a loop stands that has not turned for so long is told."""
MEMORY_BYTES_MAX = 8 << 30
"""Of addresses, where one gigabyte is usual; without a bound a fault takes the memory of the whole machine."""


class Agent:
    """Works until told to stop."""

    def __init__(self, plan: Plan, desk_id: str, agent_id: str, counters: Counters, out: IO[str]) -> None:
        self._plan, self._desk_id, self._agent_id = plan, desk_id, agent_id
        self._counters, self._out = counters, out
        self._rng = random.Random(f"{plan.seed} {agent_id}")
        self._commands = 0
        self._desktop: AgentDesktop | None = None
        self._working: dict[str, asyncio.Task[None]] = {}
        self._answering: set[asyncio.Task[None]] = set()
        self.reconnects = 0
        self.lost = 0

    async def run(self) -> None:
        """Sessions that end for good are opened anew, as a person would."""
        while True:
            try:
                await self._session()
            except (SessionLost, TimeoutError, OSError, RuntimeError):
                self.lost += 1
                await asyncio.sleep(1)
            except Exception as error:
                self.lost += 1
                sys.stderr.write(f"{self._agent_id}: {type(error).__name__}: {error}\n"[:400])
                await asyncio.sleep(1)

    async def _session(self) -> None:
        async with AgentDesktop(
            self._plan.routers, self._desk_id, self._agent_id, retry_seconds=ANSWER_SECONDS_MAX
        ) as desktop:
            self._desktop = desktop
            try:
                signing = asyncio.create_task(self._ask(sign_in=AgentSignedIn()))
                self._answering.add(signing)
                async for notice in desktop.notices():
                    self._told(notice)
            finally:
                self.reconnects += desktop.reconnects

    def _told(self, notice: Any) -> None:
        kind = notice.WhichOneof("message")
        at = notice.position
        where = f"{at.partition} {at.offset} {at.index}" if notice.HasField("position") else "- - -"
        if kind == "offer":
            offer = notice.offer
            self._out.write(f"T {where} offer {self._agent_id} {offer.contact.contact_id} {offer.offer_id}\n")
            if self._rng.random() >= IGNORED:
                self._start(self._accept(offer.offer_id))
        elif kind == "assigned":
            given = notice.assigned
            name = f"{given.contact.contact_id} {given.epoch}"
            self._out.write(f"T {where} assigned {self._agent_id} {name}\n")
            if name not in self._working:
                self._working[name] = asyncio.create_task(self._work(given.contact.contact_id, given.epoch))
                self._working[name].add_done_callback(lambda _: self._working.pop(name, None))
        elif kind in ("offer_ended", "released"):
            part = getattr(notice, kind)
            self._out.write(f"T {where} {kind} {self._agent_id} {part.contact_id} -\n")

    def _start(self, work: Any) -> None:
        task = asyncio.create_task(work)
        self._answering.add(task)
        task.add_done_callback(self._answering.discard)

    async def _accept(self, offer_id: str) -> None:
        await self._ask(answer_offer=OfferAnswered(offer_id=offer_id, answer="OFFER_ANSWER_ACCEPT"))

    async def _work(self, contact_id: str, epoch: int) -> None:
        await asyncio.sleep(HANDLE_SECONDS * (0.5 + self._rng.random()))
        if self._rng.random() < ASKS:
            asked = await self._ask(ask_customer=CustomerAsked(contact_id=contact_id, epoch=epoch))
            if asked is not None and asked.accepted:
                self._counters[SETTLED] += 1  # its deadlines end it, nobody else does
                return
        answer = await self._ask(
            resolve=ContactResolved(contact_id=contact_id, epoch=epoch, outcome="OUTCOME_RESOLVED")
        )
        if answer is not None and answer.accepted:
            self._counters[SETTLED] += 1

    async def _ask(self, **command: Any) -> Any:
        """One command under one id, until something is decided about it; None when that took too long."""
        self._commands += 1
        command_id = f"{self._agent_id}.{self._commands}"
        self._out.write(f"A {self._desk_id} {self._agent_id} {command_id}\n")
        ends_at = asyncio.get_running_loop().time() + ANSWER_SECONDS_MAX
        while asyncio.get_running_loop().time() < ends_at:
            try:
                response = await self._desktop.send(command_id=command_id, **command)  # type: ignore[union-attr] # there is a session by now
            except Exception:  # the session ended for good; the next one asks again
                await asyncio.sleep(0.5)
                continue
            if not response.HasField("position"):  # nothing is decided: a refusal of this router
                await asyncio.sleep(0.5)
                continue
            at, reply = response.position, response.reply
            self._out.write(
                f"R {command_id} {at.partition} {at.offset} {int(reply.accepted)} {reply.reason or '-'}\n"
            )
            return reply
        return None

    @property
    def busy(self) -> bool:
        return bool(self._working) or any(not task.done() for task in self._answering)


async def main(plan: Plan) -> None:
    counters = Counters(plan.folder)
    with (Path(plan.folder) / "agents.txt").open("w") as out:
        everybody = [
            Agent(plan, desk_id, agent_id, counters, out)
            for desk_id in plan.desks
            for agent_id in plan.agents(desk_id)
        ]
        tasks = []
        for one in everybody:
            tasks.append(asyncio.create_task(one.run()))
            await asyncio.sleep(0.01)
        counters[READY] = 1
        while not counters[STOP_WORKING]:
            faulthandler.dump_traceback_later(STILL_SECONDS_MAX)
            await asyncio.sleep(1)
        for _ in range(300):
            faulthandler.dump_traceback_later(STILL_SECONDS_MAX)
            if not any(one.busy for one in everybody):
                break
            await asyncio.sleep(0.1)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        faulthandler.cancel_dump_traceback_later()
    reconnects, lost = sum(one.reconnects for one in everybody), sum(one.lost for one in everybody)
    sys.stdout.write(f"{reconnects} {lost}\n")


if __name__ == "__main__":
    faulthandler.enable()
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES_MAX, MEMORY_BYTES_MAX))
    uvloop.run(main(Plan.read(sys.argv[1])))
