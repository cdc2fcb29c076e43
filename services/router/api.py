"""RouterService over gRPC: each method and the room that answers it; decides nothing."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import aclosing

import grpc

from frontdesk.v1 import router_pb2, router_pb2_grpc
from services.contract.desk import Desk
from services.router.replica import Replica
from services.router.serving.cards import Cards
from services.router.serving.commands import Answer, Commander
from services.router.serving.desktops import Desktops
from services.router.serving.explaining import Explaining
from services.router.serving.past_ends import PastEnds
from services.router.serving.reads import Reads
from services.router.serving.requests import Context, check_ids
from services.router.serving.switchboard import Switchboard
from services.router.serving.watching import Watching
from services.router.serving.writes import Writes
from services.router.tail import DecisionTail
from services.router.trail.recent import Trail
from services.runtime.log import Log
from services.runtime.rpc import answer_seconds

NAME = "frontdesk.v1.RouterService"


class RouterApi(router_pb2_grpc.RouterServiceServicer):
    """The servicer; one per replica."""

    def __init__(
        self, tail: DecisionTail, trail: Trail, log: Log, commander: Commander, past: PastEnds
    ) -> None:
        self._cards = cards = Cards(log)
        self._replica = Replica(tail, log)
        self.switchboard = Switchboard(tail)
        self._writes = Writes(self._replica, commander)
        self._reads = Reads(self._replica, cards)
        self._explaining = Explaining(self._replica, trail)
        self._watching = Watching(self._replica, trail, self.switchboard)
        self._desktops = Desktops(tail, self._replica, self.switchboard, cards, self._writes, past)

    def add_to(self, server: grpc.aio.Server) -> None:
        router_pb2_grpc.add_RouterServiceServicer_to_server(self, server)  # type: ignore[no-untyped-call] # generated

    def leave(self) -> None:
        """The process stops: open streams end, and their readers go on at another replica."""
        self.switchboard.leave()

    def close(self) -> None:
        self._cards.close()

    # --- agents --------------------------------------------------------------------------------------------

    async def AgentSession(
        self, requests: AsyncIterator[router_pb2.AgentSessionRequest], context: Context
    ) -> AsyncIterator[router_pb2.AgentSessionResponse]:
        async with aclosing(self._desktops.serve(requests)) as notices:
            async for notice in notices:
                yield notice

    async def Command(
        self, request: router_pb2.CommandRequest, context: Context
    ) -> router_pb2.CommandResponse:
        check_ids(desk_id=request.desk_id, agent_id=request.agent_id)
        self._replica.agent_known(request.desk_id, request.agent_id)
        return await self._writes.command(
            request.desk_id, request.agent_id, request.command, timeout_seconds=answer_seconds(context)
        )

    async def GetAgent(
        self, request: router_pb2.GetAgentRequest, context: Context
    ) -> router_pb2.GetAgentResponse:
        return await self._reads.agent(request, context)

    async def LinkCustomers(
        self, request: router_pb2.LinkCustomersRequest, context: Context
    ) -> router_pb2.LinkCustomersResponse:
        return await self._writes.link(request, context)

    async def UnlinkCustomers(
        self, request: router_pb2.UnlinkCustomersRequest, context: Context
    ) -> router_pb2.UnlinkCustomersResponse:
        return await self._writes.unlink(request, context)

    # --- reads ---------------------------------------------------------------------------------------------

    async def GetContact(
        self, request: router_pb2.GetContactRequest, context: Context
    ) -> router_pb2.GetContactResponse:
        return await self._reads.contact(request, context)

    async def GetCase(
        self, request: router_pb2.GetCaseRequest, context: Context
    ) -> router_pb2.GetCaseResponse:
        return await self._reads.case(request, context)

    async def EstimateWait(
        self, request: router_pb2.EstimateWaitRequest, context: Context
    ) -> router_pb2.EstimateWaitResponse:
        return await self._reads.wait(request, context)

    async def ListWaiting(
        self, request: router_pb2.ListWaitingRequest, context: Context
    ) -> router_pb2.ListWaitingResponse:
        return await self._reads.waiting(request, context)

    async def ListAgents(
        self, request: router_pb2.ListAgentsRequest, context: Context
    ) -> router_pb2.ListAgentsResponse:
        return await self._reads.agents(request, context)

    async def ExplainDecision(
        self, request: router_pb2.ExplainDecisionRequest, context: Context
    ) -> router_pb2.ExplainDecisionResponse:
        return await self._explaining.explain(request, context)

    async def WatchDecisions(
        self, request: router_pb2.WatchDecisionsRequest, context: Context
    ) -> AsyncIterator[router_pb2.WatchDecisionsResponse]:
        async with aclosing(self._watching.watch(request)) as decisions:
            async for watched in decisions:
                yield watched

    # --- configuration -------------------------------------------------------------------------------------

    async def GetDesk(
        self, request: router_pb2.GetDeskRequest, context: Context
    ) -> router_pb2.GetDeskResponse:
        return await self._reads.desk(request, context)

    async def ConfigureDesk(
        self, request: router_pb2.ConfigureDeskRequest, context: Context
    ) -> router_pb2.ConfigureDeskResponse:
        return await self._writes.desk(request, context)

    async def SetForecast(
        self, request: router_pb2.SetForecastRequest, context: Context
    ) -> router_pb2.SetForecastResponse:
        return await self._writes.forecast(request, context)

    async def configure(self, command_id: str, desk: Desk, *, timeout_seconds: float) -> Answer:
        """Puts a checked configuration in force; raises Refusal as `Commander.send` does."""
        return await self._writes.configure(command_id, desk, timeout_seconds=timeout_seconds)
