"""A desktop's connection to the router: one agent's session with retries and resume.

    async with AgentDesktop("127.0.0.1:50051", "acme", "ana") as desktop:
        await desktop.send(sign_in=AgentSignedIn())
        async for notice in desktop.notices():
            if notice.WhichOneof("message") == "offer":
                await desktop.accept(notice.offer.offer_id)

A lost connection is opened again at the next replica (at most `retry_seconds`), resuming after the newest position
seen, so that nothing is missed and nothing is told twice. A command keeps its command_id through retries: it takes
effect once.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator, Callable, Sequence
from types import TracebackType
from typing import Any, Self

import grpc

from frontdesk.client.calls import random_id
from frontdesk.client.endpoint import Endpoint
from frontdesk.client.errors import NoAnswer, Refused, SessionLost
from frontdesk.client.hands import Hands
from frontdesk.client.retry import Backoff, Patience
from frontdesk.v1 import router_pb2, router_pb2_grpc
from frontdesk.v1.facts_pb2 import ContactResolved, OfferAnswered

NOTICES_MAX = 10_000
"""Notices kept for a slow reader; then the session is ended with an error."""
OPEN_NAMED_MAX = 100
"""Open requests of each kind that are named when a session goes on; the router takes no more."""
NOT_WRITTEN = frozenset({"OVERLOADED", "OUTCOME_UNKNOWN", "LOG_UNAVAILABLE", "TOO_MANY_COMMANDS"})
"""Answers to a command that say nothing of it: it is sent again, with its id."""


class _Broken(ConnectionError):
    """One session broke; the next one may hold."""


class AgentDesktop:
    """One agent's session; use it as an async context manager."""

    def __init__(
        self,
        endpoint: Endpoint | str | Sequence[str],
        desk_id: str,
        agent_id: str,
        *,
        retry_seconds: float = 60.0,
        connect_seconds: float | None = None,
        backoff: Backoff | None = None,
        new_command_id: Callable[[], str] = random_id,
        channel: grpc.aio.Channel | None = None,
    ) -> None:
        """`connect_seconds` bounds the wait for the first session where it should be another. Many desktops of one process
        may share a `channel`, which its owner closes."""
        self.endpoint, self.desk_id, self.agent_id = Endpoint.of(endpoint), desk_id, agent_id
        self._retry_seconds, self._backoff = retry_seconds, backoff or Backoff()
        self._connect_seconds = retry_seconds if connect_seconds is None else connect_seconds
        self._new_command_id, self._shared = new_command_id, channel
        self._notices: asyncio.Queue[router_pb2.AgentSessionResponse | None] = asyncio.Queue(NOTICES_MAX)
        self._failure: Exception | None = None
        self._replies: dict[str, asyncio.Future[router_pb2.CommandResponse]] = {}
        self._unanswered: dict[str, router_pb2.AgentCommand] = {}
        self._position: router_pb2.Position | None = None
        self._call: Any = None
        self._reading: asyncio.Future[None] | None = None
        self._writing = asyncio.Lock()
        self._ready = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self.hands = Hands(agent_id=agent_id)
        """What this agent has in hand."""
        self.reconnects = 0
        self.on_connection: Callable[[bool], None] = lambda _: None
        """Told False when the session is lost, True when it stands again; for people to see."""

    @property
    def connected(self) -> bool:
        """True while a session stands."""
        return self._ready.is_set() and self._failure is None

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._stay_connected(), name=f"desktop {self.agent_id}")
        try:
            await self._ready.wait()
            if self._failure is not None:
                raise self._failure
        except BaseException:  # also when cancelled: nobody else would end the task
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def notices(self) -> AsyncIterator[router_pb2.AgentSessionResponse]:
        """What the router tells this agent, in order, each once.

        Raises, after what was told before, the error that ended the session: SessionLost when the router
        cannot be reached or too many notices were left unread, Refused when it refuses the agent.
        """
        while self._failure is None or not self._notices.empty():
            item = await self._notices.get()
            if item is not None:  # None wakes a reader that waits
                yield item
        self._wake()
        raise self._failure

    async def send(self, *, command_id: str | None = None, **command: Any) -> router_pb2.CommandResponse:
        """Sends one command, for example `send(sign_in=AgentSignedIn())`; answers with the router's reply.

        Survives reconnects. Raises NoAnswer after `retry_seconds` without an answer (its `command_id` repeats the
        command), and at once the error that ended the session, as `notices` does.
        """
        if self._failure is not None:
            raise self._failure
        message = router_pb2.AgentCommand(command_id=command_id or self._new_command_id(), **command)
        last: router_pb2.CommandResponse | None = None
        try:
            async with asyncio.timeout(self._retry_seconds):
                for attempt in range(1_000_000):
                    last = await self._answered(message)
                    if last.reply.reason not in NOT_WRITTEN or last.HasField("position"):
                        return last
                    await asyncio.sleep(self._backoff.drawn_seconds(attempt, 0.1))
        except TimeoutError:
            pass
        why = None if last is None else ConnectionError(f"{last.reply.reason}: {last.reply.detail}")
        kind = str(message.WhichOneof("command"))
        raise NoAnswer(kind, command_id=message.command_id, last=why)

    async def accept(self, offer_id: str) -> router_pb2.CommandResponse:
        """Takes an offer."""
        return await self.send(answer_offer=OfferAnswered(offer_id=offer_id, answer="OFFER_ANSWER_ACCEPT"))

    async def decline(self, offer_id: str, reason: str = "other") -> router_pb2.CommandResponse:
        """Does not take an offer."""
        return await self.send(
            answer_offer=OfferAnswered(offer_id=offer_id, answer="OFFER_ANSWER_DECLINE", reason=reason)
        )

    async def resolve(
        self, contact_id: str, epoch: int, outcome: str = "OUTCOME_RESOLVED"
    ) -> router_pb2.CommandResponse:
        """Records how a contact ended."""
        return await self.send(resolve=ContactResolved(contact_id=contact_id, epoch=epoch, outcome=outcome))

    async def _answered(self, message: router_pb2.AgentCommand) -> router_pb2.CommandResponse:
        """The answer to one command, through reconnects; the caller bounds the wait."""
        reply = asyncio.get_running_loop().create_future()
        self._replies[message.command_id] = reply
        self._unanswered[message.command_id] = message
        try:
            await self._ready.wait()
            if not reply.done():
                await self._write(message)
            return await reply  # type: ignore[no-any-return] # the future of this function
        finally:
            self._replies.pop(message.command_id, None)
            self._unanswered.pop(message.command_id, None)

    async def _stay_connected(self) -> None:
        """Keeps a session open; whatever ends it for good is told to all who wait or ask later."""
        try:
            await self._open_sessions()
        except Exception as error:
            self._give_up(error)

    async def _open_sessions(self) -> None:
        loop = asyncio.get_running_loop()
        lost_at: float | None = None
        broken_at = -math.inf
        allowed_seconds, attempt, patience = self._connect_seconds, 0, Patience()
        while True:
            asked_seconds, broke = None, False
            try:
                await self._one_session()
                error: Exception = ConnectionError("the router closed the session")
            except grpc.aio.AioRpcError as failed:
                refused = Refused.of(failed)
                broke = refused.code is grpc.StatusCode.INTERNAL
                if not broke:
                    patience.check(refused, loop.time())
                error, asked_seconds = refused, refused.retry_after_seconds
            except _Broken as broken:
                error = broken
            if self._ready.is_set():
                self._ready.clear()
                self.on_connection(False)
                allowed_seconds = self._retry_seconds
                # faults of the service that come again count as one loss, though each session was ready
                if not broke or loop.time() - broken_at > self._retry_seconds:
                    lost_at, attempt, patience = None, 0, Patience()
            if broke:
                broken_at = loop.time()
            lost_at = lost_at or loop.time()
            if loop.time() - lost_at > allowed_seconds:
                if isinstance(error, Refused) and error.is_doubtful:
                    raise error
                raise SessionLost(f"no router at {self.endpoint} for {allowed_seconds:.0f} s ({error})")
            self.reconnects += 1
            await asyncio.sleep(self._backoff.drawn_seconds(attempt, asked_seconds))
            attempt += 1

    async def _one_session(self) -> None:
        """One session, at one replica."""
        try:
            channel = self._shared or await self.endpoint.channel(one_replica=True)
        except OSError as error:
            raise _Broken(f"no address for {self.endpoint}") from error
        try:
            await self._on(channel)
        finally:
            if channel is not self._shared:
                await channel.close()

    async def _on(self, channel: grpc.aio.Channel) -> None:
        stub = router_pb2_grpc.RouterServiceStub(channel)  # type: ignore[no-untyped-call] # generated
        self._call = stub.AgentSession()
        self.hands.opened()
        hello = router_pb2.SessionHello(desk_id=self.desk_id, agent_id=self.agent_id)
        if self._position is not None:
            hello.resume_after.CopyFrom(self._position)
            helps, handovers = self.hands.asked()
            hello.open_help_ids.extend(helps[:OPEN_NAMED_MAX])
            hello.open_handover_ids.extend(handovers[:OPEN_NAMED_MAX])
        try:
            await self._call.write(router_pb2.AgentSessionRequest(hello=hello))
        except asyncio.InvalidStateError as error:
            raise _Broken("the session ended before hello") from error
        self._reading = asyncio.ensure_future(self._read(self._call))
        try:
            await asyncio.wait({self._reading})
        finally:
            self._call.cancel()
            self._reading.cancel()
            await asyncio.gather(self._reading, return_exceptions=True)
        if self._reading.cancelled():
            raise _Broken("a write ended the session")
        self._reading.result()

    async def _read(self, call: Any) -> None:
        async for response in call:
            await self._take(response)

    async def _take(self, response: router_pb2.AgentSessionResponse) -> None:
        kind = response.WhichOneof("message")
        if kind == "reply":
            waiting = self._replies.get(response.reply.command_id)
            if waiting is not None and not waiting.done():
                waiting.set_result(response.reply)
            return
        for notice in self.hands.take(response):
            if notice.WhichOneof("message") == "ready":
                continue
            if self._notices.full():
                raise SessionLost(f"{self._notices.maxsize} notices were left unread")
            self._notices.put_nowait(notice)
        if kind == "ready" or response.HasField(
            "position"
        ):  # what stands at the start has none: it is told again
            self._position = response.position
        if kind == "ready":
            self._ready.set()
            self.on_connection(True)
            for message in tuple(self._unanswered.values()):  # sent on a lost connection: the same id again
                await self._write(message)

    async def _write(self, message: router_pb2.AgentCommand) -> None:
        """Writes on the session of the moment; what a lost one did not carry is written again after the reconnect.

        gRPC allows one write under way per call, a second one kills it, so writers take turns.
        """
        async with self._writing:
            call = self._call
            try:
                await call.write(router_pb2.AgentSessionRequest(command=message))
            except (grpc.aio.AioRpcError, asyncio.InvalidStateError):
                self._reopen(call)
            except asyncio.CancelledError:  # of the call, or of this task, which cancels the call
                self._reopen(call)
                task = asyncio.current_task()
                if task is not None and task.cancelling():
                    raise

    def _reopen(self, call: Any) -> None:
        """Ends the session of a dead call; gRPC wakes no reader when it was a write that failed."""
        if call is self._call and call.done() and self._reading is not None:
            call.cancel()
            self._reading.cancel()

    def _give_up(self, error: Exception) -> None:
        self._failure = error
        self._ready.set()
        self._wake()
        for reply in self._replies.values():
            if not reply.done():
                reply.set_exception(error)

    def _wake(self) -> None:
        if not self._notices.full():  # nobody waits at a full queue
            self._notices.put_nowait(None)
