"""AgentSession: one desktop's stream, commands in and notices out, within bounds on both sides.

A desktop that reads too slowly costs a bounded number of notices and records; then it is told so (TOO_SLOW) and
what it left is freed at once, whether it reads that or not. It loses nothing: the next session resumes after the
newest position that it has seen.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable
from dataclasses import dataclass

import grpc

from frontdesk.v1 import decisions_pb2, router_pb2
from services.router.replica import Replica
from services.router.serving.cards import Cards
from services.router.serving.past_ends import PastEnds
from services.router.serving.requests import check_ids
from services.router.serving.sessions import Notice, Session
from services.router.serving.sessions_requests import Open
from services.router.serving.switchboard import Feed, Switchboard
from services.router.serving.writes import Writes
from services.router.tail import DecisionTail
from services.runtime.rpc import Refusal, invalid

NOTICES_MAX = 256
"""Notices and replies that wait for a desktop to read them; then the decisions wait, too."""
RECORDS_MAX = 1_000
"""Decisions that concern the agent and that its desktop may be behind before its session is ended."""
HELLO_SECONDS_MAX = 10.0
"""Longest wait for the first message of a session."""
COMMAND_SECONDS_MAX = 30.0
"""Longest wait for the decision of a command that came in a session."""
BEHIND_SECONDS_MAX = 5.0
"""Longest wait for a position to resume after, where the agent is not known before it."""
OPEN_MAX = 100
"""Requests of each kind that a desktop may name as open."""
Requests = AsyncIterator[router_pb2.AgentSessionRequest]


@dataclass(frozen=True)
class Desktops:
    """Serves sessions; one per replica."""

    tail: DecisionTail
    replica: Replica
    switchboard: Switchboard
    cards: Cards
    writes: Writes
    past: PastEnds

    async def serve(self, requests: Requests) -> AsyncGenerator[Notice, None]:
        """Reads commands and tells notices at once; ends when the desktop closes its side.

        A command that cannot be taken is answered and the session goes on; only what is no command ends it.
        """
        hello = await _hello(requests)
        desk_id, agent_id = hello.desk_id, hello.agent_id
        check_ids(desk_id=desk_id, agent_id=agent_id)
        asked = _open(hello)
        after = None
        if hello.HasField("resume_after"):
            after = await self.replica.resumable(desk_id, hello.resume_after, "resume_after")
        await self.replica.agent_known_after(desk_id, agent_id, after, seconds=BEHIND_SECONDS_MAX)
        partition, state = self.replica.state(desk_id)
        session = Session(desk_id, agent_id, partition, state.generation, self.cards)
        out = _Outbox(NOTICES_MAX)
        with self.switchboard.agent(desk_id, agent_id, records_max=RECORDS_MAX) as feed:
            feed.on_end = out.fail
            tasks = [
                asyncio.ensure_future(out.failing(self._tell(session, feed, after, asked, out))),
                asyncio.ensure_future(out.failing(self._listen(desk_id, agent_id, requests, out))),
            ]
            try:
                while (notice := await out.take()) is not None:
                    yield notice
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)

    async def _tell(
        self, session: Session, feed: Feed, after: router_pb2.Position | None, asked: Open, out: _Outbox
    ) -> None:
        async for notice in session.notices(self.tail, self.switchboard, feed, after, self.past, asked):
            await out.put(notice)

    async def _listen(self, desk_id: str, agent_id: str, requests: Requests, out: _Outbox) -> None:
        async for request in requests:
            if request.WhichOneof("message") != "command":
                raise invalid({"message": "after hello only commands may follow"})
            await out.put(await self._answered(desk_id, agent_id, request.command))
        await out.put(None)

    async def _answered(self, desk_id: str, agent_id: str, command: router_pb2.AgentCommand) -> Notice:
        """The answer to a session's command; a refusal is one too, without a position: nothing is written."""
        try:
            reply = await self.writes.command(desk_id, agent_id, command, timeout_seconds=COMMAND_SECONDS_MAX)
        except Refusal as refusal:
            refused = decisions_pb2.Reply(accepted=False, reason=refusal.reason, detail=refusal.message)
            return Notice(reply=router_pb2.CommandResponse(command_id=command.command_id, reply=refused))
        return Notice(position=reply.position, reply=reply)


class _Outbox:
    """What a desktop has not read; a failure takes the place of all of it."""

    def __init__(self, notices_max: int) -> None:
        self._waiting: asyncio.Queue[Notice | None] = asyncio.Queue(notices_max)
        self._failure: Exception | None = None

    async def put(self, notice: Notice | None) -> None:
        """Waits for room. None ends the stream."""
        if self._failure is None:
            await self._waiting.put(notice)

    async def take(self) -> Notice | None:
        """The next one; raises the failure."""
        notice = None if self._failure is not None else await self._waiting.get()
        if self._failure is not None:
            raise self._failure
        return notice

    def fail(self, error: Exception) -> None:
        """Ends the stream with this error; what was not read is freed."""
        if self._failure is None:
            self._failure = error
            while not self._waiting.empty():
                self._waiting.get_nowait()
            self._waiting.put_nowait(None)  # wakes the reader

    async def failing(self, work: Awaitable[None]) -> None:
        """Runs one side of a session; its failure ends the session."""
        try:
            await work
        except asyncio.CancelledError:
            raise
        except Exception as error:
            self.fail(error)


def _open(hello: router_pb2.SessionHello) -> Open:
    """What the desktop holds as open; raises INVALID_ARGUMENT."""
    for field, ids in (
        ("open_help_ids", hello.open_help_ids),
        ("open_handover_ids", hello.open_handover_ids),
    ):
        if len(ids) > OPEN_MAX:
            raise invalid({field: f"at most {OPEN_MAX}"})
        for at, one in enumerate(ids):
            check_ids(**{f"{field}[{at}]": one})
    return Open(frozenset(hello.open_help_ids), frozenset(hello.open_handover_ids))


async def _hello(requests: Requests) -> router_pb2.SessionHello:
    try:
        async with asyncio.timeout(HELLO_SECONDS_MAX):
            first = await anext(aiter(requests), None)
    except TimeoutError:
        raise Refusal(
            grpc.StatusCode.DEADLINE_EXCEEDED, "NO_HELLO", f"no hello within {HELLO_SECONDS_MAX:.0f} s"
        ) from None
    if first is None or first.WhichOneof("message") != "hello":
        raise invalid({"hello": "the first message of a session must be hello"})
    return first.hello
