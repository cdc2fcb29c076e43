"""RouterService over gRPC: translates, validates, refuses by name; decides nothing."""

from __future__ import annotations

import asyncio
import unicodedata
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any

import grpc

from frontdesk.v1 import decisions_pb2, router_pb2, router_pb2_grpc
from services.contract import facts
from services.contract.codec import from_message, to_message
from services.contract.desk import Desk
from services.contract.topics import partition_of
from services.router import linking
from services.router.agent_commands import command_of
from services.router.cards import Cards
from services.router.commands import Answer, Commander
from services.router.desk_config import Fault, faults
from services.router.explain import explained
from services.router.model import DeskState, PartitionState
from services.router.sessions import Session
from services.router.tail import DecisionTail, Verdict
from services.router.trail import Trail
from services.runtime.rpc import Refusal, invalid, seconds_left

NAME = "frontdesk.v1.RouterService"
ID_LENGTH_MAX = 200
PAGE_SIZE_DEFAULT, PAGE_SIZE_MAX = 100, 1_000
WATCH_QUEUE_MAX = 2_000
HELLO_SECONDS_MAX = 10.0
"""Longest wait for the first message of a session."""
SESSION_COMMAND_SECONDS_MAX = 30.0
"""Longest wait for the decision of a command that came in a session."""
FAULT_BYTES_MAX, FAULT_OVERHEAD_BYTES, FAULT_TEXT_MAX = 3_600, 8, 1_000
Context = grpc.aio.ServicerContext[Any, Any]


class RouterApi(router_pb2_grpc.RouterServiceServicer):
    """The servicer; one per replica."""

    def __init__(self, tail: DecisionTail, trail: Trail, cards: Cards, commander: Commander) -> None:
        self._tail, self._trail, self._cards, self._commander = tail, trail, cards, commander

    def add_to(self, server: grpc.aio.Server) -> None:
        router_pb2_grpc.add_RouterServiceServicer_to_server(self, server)  # type: ignore[no-untyped-call] # generated

    # --- agents --------------------------------------------------------------------------------------------

    async def AgentSession(
        self, requests: AsyncIterator[router_pb2.AgentSessionRequest], context: Context
    ) -> AsyncIterator[router_pb2.AgentSessionResponse]:
        """Reads commands and tells notices at once; ends when the desktop closes its side.

        A command that cannot be taken is answered and the session goes on; only what is no command ends it.
        """
        hello = await _first(requests)
        if hello is None or hello.WhichOneof("message") != "hello":
            raise invalid({"hello": "the first message of a session must be hello"})
        desk_id, agent_id = hello.hello.desk_id, hello.hello.agent_id
        check_ids(desk_id=desk_id, agent_id=agent_id)
        self._agent_known(desk_id, agent_id)
        resume = hello.hello.resume_after
        out: asyncio.Queue[router_pb2.AgentSessionResponse | BaseException | None] = asyncio.Queue(256)
        partition, state = self._state(desk_id)
        session = Session(desk_id, agent_id, partition, state.generation, self._cards)
        after = resume if hello.hello.HasField("resume_after") and resume.partition == partition else None

        async def tell() -> None:
            async for notice in session.feed(self._tail, self._trail, after):
                await out.put(notice)

        async def listen() -> None:
            async for request in requests:
                if request.WhichOneof("message") != "command":
                    raise invalid({"message": "after hello only commands may follow"})
                await out.put(await self._answered(desk_id, agent_id, request.command))
            await out.put(None)

        tasks = [asyncio.ensure_future(_forward_errors(work(), out)) for work in (tell, listen)]
        try:
            while (item := await out.get()) is not None:
                if isinstance(item, BaseException):
                    raise item
                yield item
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _answered(
        self, desk_id: str, agent_id: str, command: router_pb2.AgentCommand
    ) -> router_pb2.AgentSessionResponse:
        """The answer to a session's command; a refusal is one too, without a position: nothing is written."""
        try:
            reply = await self._command(
                desk_id, agent_id, command, timeout_seconds=SESSION_COMMAND_SECONDS_MAX
            )
        except Refusal as refusal:
            refused = decisions_pb2.Reply(accepted=False, reason=refusal.reason, detail=refusal.message)
            return router_pb2.AgentSessionResponse(
                reply=router_pb2.CommandResponse(command_id=command.command_id, reply=refused)
            )
        return router_pb2.AgentSessionResponse(position=reply.position, reply=reply)

    async def Command(
        self, request: router_pb2.CommandRequest, context: Context
    ) -> router_pb2.CommandResponse:
        check_ids(desk_id=request.desk_id, agent_id=request.agent_id)
        self._agent_known(request.desk_id, request.agent_id)
        return await self._command(
            request.desk_id, request.agent_id, request.command, timeout_seconds=seconds_left(context)
        )

    async def _command(
        self, desk_id: str, agent_id: str, command: router_pb2.AgentCommand, *, timeout_seconds: float
    ) -> router_pb2.CommandResponse:
        check_ids(command_id=command.command_id)
        answer = await self._commander.send(
            desk_id,
            _scoped("agent", agent_id, command.command_id),
            command_of(command, agent_id),
            timeout_seconds=timeout_seconds,
        )
        return router_pb2.CommandResponse(
            command_id=command.command_id,
            reply=to_message(answer.reply),
            position=self._position(answer.partition, answer.offset),
        )

    async def LinkCustomers(
        self, request: router_pb2.LinkCustomersRequest, context: Context
    ) -> router_pb2.LinkCustomersResponse:
        """The identities are those that the two contacts came with; the reply's subject is the link."""
        check_ids(
            desk_id=request.desk_id,
            agent_id=request.agent_id,
            command_id=request.command_id,
            contact_id=request.contact_id,
            other_contact_id=request.other_contact_id,
        )
        self._agent_known(request.desk_id, request.agent_id)
        body = linking.link_of(request, self._desk(request.desk_id))
        return router_pb2.LinkCustomersResponse(**await self._linking(request, body, context))

    async def UnlinkCustomers(
        self, request: router_pb2.UnlinkCustomersRequest, context: Context
    ) -> router_pb2.UnlinkCustomersResponse:
        check_ids(
            desk_id=request.desk_id,
            agent_id=request.agent_id,
            command_id=request.command_id,
            link_id=request.link_id,
        )
        self._agent_known(request.desk_id, request.agent_id)
        body = facts.IdentityUnlinked(link_id=request.link_id, agent_id=request.agent_id)
        return router_pb2.UnlinkCustomersResponse(**await self._linking(request, body, context))

    async def _linking(
        self,
        request: router_pb2.LinkCustomersRequest | router_pb2.UnlinkCustomersRequest,
        body: facts.IdentityLinked | facts.IdentityUnlinked,
        context: Context,
    ) -> dict[str, Any]:
        """The fields of either answer."""
        answer = await self._commander.send(
            request.desk_id,
            _scoped("agent", request.agent_id, request.command_id),
            body,
            timeout_seconds=seconds_left(context),
        )
        return {
            "command_id": request.command_id,
            "reply": to_message(answer.reply),
            "position": self._position(answer.partition, answer.offset),
        }

    # --- reads ---------------------------------------------------------------------------------------------

    async def GetContact(
        self, request: router_pb2.GetContactRequest, context: Context
    ) -> router_pb2.GetContactResponse:
        check_ids(desk_id=request.desk_id, contact_id=request.contact_id)
        if request.HasField("min_position"):
            await self._wait_for(request.min_position, context)
        partition, _ = self._state(request.desk_id)
        contact = self._desk(request.desk_id).contacts.get(request.contact_id)
        if contact is None:
            raise Refusal(
                grpc.StatusCode.NOT_FOUND,
                "CONTACT_NOT_FOUND",
                "no such contact at this desk, or it was closed so long ago that only the log has it",
            )
        response = router_pb2.GetContactResponse(
            contact_id=contact.contact_id,
            case_id=contact.case_id,
            state=int(contact.state),  # type: ignore[arg-type] # the same numbers, by a test
            owner_id=contact.owner_id,
            offered_to_id=contact.offered_to_id,
            prior_agent_ids=contact.prior_agent_ids,
            transfers=contact.hops,
            epoch=contact.epoch,
            outcome=int(contact.outcome),  # type: ignore[arg-type] # an open enum's number
            channel=int(contact.channel),  # type: ignore[arg-type] # an open enum's number
            queue_id=contact.queue_id,
            need=to_message(contact.need),
            position=self._position(partition, self._tail.next_offset(partition) - 1),
            customer_links=linking.customer_links(self._desk(request.desk_id), contact.opened.customer_key),
        )
        response.arrived_at.FromMilliseconds(contact.arrived_at_ms)
        if contact.deadline_at_ms:
            response.deadline_at.FromMilliseconds(contact.deadline_at_ms)
        return response

    async def ListWaiting(
        self, request: router_pb2.ListWaitingRequest, context: Context
    ) -> router_pb2.ListWaitingResponse:
        check_ids(desk_id=request.desk_id)
        size = min(request.page_size or PAGE_SIZE_DEFAULT, PAGE_SIZE_MAX)
        if size < 0:
            raise invalid({"page_size": "must not be negative"})
        waiting = sorted(
            self._desk(request.desk_id).waiting_contacts(), key=lambda c: (c.arrived_at_ms, c.contact_id)
        )
        start = 0
        if request.page_token:
            arrived, _, contact_id = request.page_token.partition("/")
            if not arrived.isdecimal():
                raise invalid({"page_token": "is not one that this method gave"})
            start = sum((c.arrived_at_ms, c.contact_id) <= (int(arrived), contact_id) for c in waiting)
        page = waiting[start : start + size]
        response = router_pb2.ListWaitingResponse(total_size=len(waiting))
        for contact in page:
            row = response.contacts.add(
                contact_id=contact.contact_id,
                queue_id=contact.queue_id,
                channel=int(contact.channel),
                reason=int(contact.waiting_reason),
                language=contact.language,
            )
            row.arrived_at.FromMilliseconds(contact.arrived_at_ms)
        if page and start + size < len(waiting):
            response.next_page_token = f"{page[-1].arrived_at_ms}/{page[-1].contact_id}"
        return response

    async def ExplainDecision(
        self, request: router_pb2.ExplainDecisionRequest, context: Context
    ) -> router_pb2.ExplainDecisionResponse:
        check_ids(desk_id=request.desk_id, contact_id=request.contact_id)
        partition, _ = self._state(request.desk_id)
        response = router_pb2.ExplainDecisionResponse()
        try:
            async with asyncio.timeout(seconds_left(context)):
                found = await self._trail.of_contact(partition, request.desk_id, request.contact_id)
        except TimeoutError:
            raise Refusal(
                grpc.StatusCode.DEADLINE_EXCEEDED, "LOG_TOO_LONG", "the log could not be read in time"
            ) from None
        for offset, record in found:
            for step in explained(record, request.contact_id):
                row = response.steps.add(position=self._position(partition, offset), summary=step.summary)
                row.decided_at.FromMilliseconds(record.decided_at_ms)
                if step.explanation is not None:
                    row.explanation.CopyFrom(to_message(step.explanation))
        if not response.steps:
            raise Refusal(grpc.StatusCode.NOT_FOUND, "CONTACT_NOT_FOUND", "no decision names this contact")
        return response

    async def WatchDecisions(
        self, request: router_pb2.WatchDecisionsRequest, context: Context
    ) -> AsyncIterator[router_pb2.WatchDecisionsResponse]:
        """Accepted decisions of a desk: those after the position first, then as they are folded."""
        check_ids(desk_id=request.desk_id)
        self._desk(request.desk_id)
        partition, _ = self._state(request.desk_id)
        queue: asyncio.Queue[Verdict] = asyncio.Queue(WATCH_QUEUE_MAX)
        stop = self._tail.listen(_offer_to(queue, partition, request.desk_id))
        try:
            told = self._tail.next_offset(partition) - 1
            if request.HasField("resume_after"):
                if request.resume_after.partition != partition:
                    raise invalid({"resume_after.partition": f"this desk's decisions are in {partition}"})
                told = max(told, request.resume_after.offset)
                recent = self._trail.since(partition, request.resume_after.offset)
                if recent is not None:
                    for offset, record in recent:
                        if record.desk_id == request.desk_id:
                            yield self._watched(partition, offset, to_message(record))
                else:
                    async for offset, record in self._trail.accepted(partition):
                        if offset > request.resume_after.offset and record.desk_id == request.desk_id:
                            yield self._watched(partition, offset, to_message(record))
            while not queue.full():
                verdict = await queue.get()
                if verdict.offset > told:
                    yield self._watched(partition, verdict.offset, to_message(verdict.record))
            raise Refusal(
                grpc.StatusCode.RESOURCE_EXHAUSTED,
                "TOO_SLOW",
                f"{WATCH_QUEUE_MAX} decisions behind; watch again with resume_after",
                retry_after_ms=1_000,
            )
        finally:
            stop()

    # --- configuration -------------------------------------------------------------------------------------

    async def ConfigureDesk(
        self, request: router_pb2.ConfigureDeskRequest, context: Context
    ) -> router_pb2.ConfigureDeskResponse:
        check_ids(command_id=request.command_id, desk_id=request.desk.desk_id)
        desk = from_message(request.desk, Desk)
        found = faults(desk)
        if found:
            raise _invalid_desk(found)
        answer = await self.configure(request.command_id, desk, timeout_seconds=seconds_left(context))
        return router_pb2.ConfigureDeskResponse(position=self._position(answer.partition, answer.offset))

    async def configure(self, command_id: str, desk: Desk, *, timeout_seconds: float) -> Answer:
        """Puts a checked configuration in force; raises Refusal as `Commander.send` does."""
        answer = await self._commander.send(
            desk.desk_id,
            _scoped("configure", command_id),
            facts.DeskConfigured(desk=desk),
            timeout_seconds=timeout_seconds,
        )
        if not answer.reply.accepted:
            raise Refusal(grpc.StatusCode.INVALID_ARGUMENT, "DESK_REFUSED", answer.reply.detail)
        return answer

    # --- helpers -------------------------------------------------------------------------------------------

    def _state(self, desk_id: str) -> tuple[int, PartitionState]:
        if not self._tail.ready:  # what is missing here may well be in the log
            raise Refusal(
                grpc.StatusCode.UNAVAILABLE,
                "CATCHING_UP",
                "this replica is still reading the log; repeat soon, or ask another one",
                retry_after_ms=1_000,
            )
        partition = partition_of(desk_id, self._tail.partitions)
        return partition, self._tail.state(partition)

    def _desk(self, desk_id: str) -> DeskState:
        desk = self._state(desk_id)[1].desks.get(desk_id)
        if desk is None:
            raise Refusal(
                grpc.StatusCode.NOT_FOUND,
                "DESK_NOT_FOUND",
                "no such desk is configured, or it was configured a moment ago",
                retry_after_ms=1_000,
            )
        return desk

    def _agent_known(self, desk_id: str, agent_id: str) -> None:
        if agent_id not in self._desk(desk_id).agents:
            raise Refusal(
                grpc.StatusCode.NOT_FOUND, "AGENT_NOT_FOUND", "no such agent in the desk's configuration"
            )

    async def _wait_for(self, position: router_pb2.Position, context: Context) -> None:
        if not 0 <= position.partition < self._tail.partitions:
            raise invalid({"min_position.partition": f"must be below {self._tail.partitions}"})
        try:
            async with asyncio.timeout(seconds_left(context)):
                await self._tail.reached(position.partition, position.offset + 1)
        except TimeoutError:
            now = self._tail.next_offset(position.partition) - 1
            raise Refusal(
                grpc.StatusCode.UNAVAILABLE,
                "BEHIND",
                f"this replica stands at offset {now}, before min_position",
                retry_after_ms=1_000,
            ) from None

    def _position(self, partition: int, offset: int) -> router_pb2.Position:
        generation = self._tail.state(partition).generation
        return router_pb2.Position(generation=generation, partition=partition, offset=offset)

    def _watched(
        self, partition: int, offset: int, decision: decisions_pb2.Decision
    ) -> router_pb2.WatchDecisionsResponse:
        return router_pb2.WatchDecisionsResponse(
            position=self._position(partition, offset), decision=decision
        )


def check_ids(**ids: str) -> None:
    """Raises INVALID_ARGUMENT naming every id that is empty, too long or has a control character."""
    faulty = {name: "is required" for name, value in ids.items() if not value}
    faulty |= {
        name: f"at most {ID_LENGTH_MAX} characters"
        for name, value in ids.items()
        if len(value) > ID_LENGTH_MAX
    }
    faulty |= {
        name: "must not have control characters"
        for name, value in ids.items()
        if any(unicodedata.category(character) == "Cc" for character in value)
    }
    if faulty:
        raise invalid(faulty)


def _invalid_desk(found: Sequence[Fault]) -> Refusal:
    """Every fault by its field, as many as the answer's headers hold; the last line counts the others.

    gRPC carries details in headers, of which common clients read 8 KiB: the text of the status names only the first
    faults, the violations name all that fit.
    """
    fields: dict[str, str] = {}
    left = FAULT_BYTES_MAX
    for told, fault in enumerate(found):
        path = f"desk.{fault.path}" if fault.path else "desk"
        left -= len(path.encode()) + len(fault.text.encode()) + FAULT_OVERHEAD_BYTES
        if left < 0:
            more = f"and {len(found) - told} more faults; `frontdesk serve --desk FILE` tells all"
            fields["desk"] = f"{fields['desk']}; {more}" if "desk" in fields else more
            break
        fields[path] = f"{fields[path]}; {fault.text}" if path in fields else fault.text
    text = "; ".join(str(fault) for fault in found)
    if len(text) > FAULT_TEXT_MAX:
        text = f"{text[:FAULT_TEXT_MAX]} ... ({len(found)} faults)"
    return Refusal(grpc.StatusCode.INVALID_ARGUMENT, "INVALID_REQUEST", text, fields=fields)


def _scoped(*parts: str) -> str:
    """A command's id among all of its desk's; no part can hold the separator, `check_ids` refuses it."""
    return "\x1f".join(parts)


async def _first(
    requests: AsyncIterator[router_pb2.AgentSessionRequest],
) -> router_pb2.AgentSessionRequest | None:
    try:
        async with asyncio.timeout(HELLO_SECONDS_MAX):
            return await anext(aiter(requests), None)
    except TimeoutError:
        raise Refusal(
            grpc.StatusCode.DEADLINE_EXCEEDED, "NO_HELLO", f"no hello within {HELLO_SECONDS_MAX:.0f} s"
        ) from None


async def _forward_errors(work: Any, out: asyncio.Queue[Any]) -> None:
    """Runs one side of a session; its failure ends the session through the queue."""
    try:
        await work
    except asyncio.CancelledError:
        raise
    except Exception as error:
        await out.put(error)


def _offer_to(queue: asyncio.Queue[Verdict], partition: int, desk_id: str) -> Callable[[Verdict], None]:
    def on_verdict(verdict: Verdict) -> None:
        mine = verdict.accepted and verdict.partition == partition and verdict.record.desk_id == desk_id
        if mine and not queue.full():
            queue.put_nowait(verdict)

    return on_verdict
