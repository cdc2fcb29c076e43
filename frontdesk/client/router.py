"""Asks the router and writes to it: calls for systems that hold no agent's session, and the stream of decisions."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from functools import cached_property
from typing import Any

import grpc

from frontdesk.client.calls import Calls
from frontdesk.client.errors import Refused, SessionLost
from frontdesk.client.retry import Patience
from frontdesk.v1 import desk_pb2, facts_pb2, router_pb2, router_pb2_grpc

Position = router_pb2.Position


class RouterClient(Calls):
    """RouterService; use it as an async context manager.

    Reads take `min_position`, the position of an earlier answer: what was written before it is in the answer, at
    whatever replica. Every call raises Refused and NoAnswer.
    """

    # --- reads ---------------------------------------------------------------------------------------------

    async def get_contact(
        self, desk_id: str, contact_id: str, *, min_position: Position | None = None
    ) -> router_pb2.GetContactResponse:
        request = router_pb2.GetContactRequest(
            desk_id=desk_id, contact_id=contact_id, min_position=min_position
        )
        return await self._call(self._stub.GetContact, request, router_pb2.GetContactResponse)

    async def get_case(
        self, desk_id: str, case_id: str, *, min_position: Position | None = None
    ) -> router_pb2.GetCaseResponse:
        request = router_pb2.GetCaseRequest(desk_id=desk_id, case_id=case_id, min_position=min_position)
        return await self._call(self._stub.GetCase, request, router_pb2.GetCaseResponse)

    async def get_desk(
        self, desk_id: str, *, min_position: Position | None = None
    ) -> router_pb2.GetDeskResponse:
        """The configuration in force."""
        request = router_pb2.GetDeskRequest(desk_id=desk_id, min_position=min_position)
        return await self._call(self._stub.GetDesk, request, router_pb2.GetDeskResponse)

    async def get_agent(
        self, desk_id: str, agent_id: str, *, min_position: Position | None = None
    ) -> router_pb2.GetAgentResponse:
        """Presence and all that is in the agent's hands."""
        request = router_pb2.GetAgentRequest(desk_id=desk_id, agent_id=agent_id, min_position=min_position)
        return await self._call(self._stub.GetAgent, request, router_pb2.GetAgentResponse)

    async def estimate_wait(
        self, desk_id: str, *, min_position: Position | None = None, **what: Any
    ) -> router_pb2.EstimateWaitResponse:
        """About how long: of `contact_id=...`, or of one that might come (`channel=`, `topic_id=`, `language=`)."""
        request = router_pb2.EstimateWaitRequest(desk_id=desk_id, min_position=min_position, **what)
        return await self._call(self._stub.EstimateWait, request, router_pb2.EstimateWaitResponse)

    async def list_waiting(
        self,
        desk_id: str,
        *,
        page_size: int = 100,
        page_token: str = "",
        min_position: Position | None = None,
    ) -> router_pb2.ListWaitingResponse:
        """One page, oldest arrival first; `next_page_token` asks for the next one."""
        request = router_pb2.ListWaitingRequest(
            desk_id=desk_id, page_size=page_size, page_token=page_token, min_position=min_position
        )
        return await self._call(self._stub.ListWaiting, request, router_pb2.ListWaitingResponse)

    async def list_agents(
        self,
        desk_id: str,
        *,
        at_work: bool = False,
        page_size: int = 100,
        page_token: str = "",
        min_position: Position | None = None,
    ) -> router_pb2.ListAgentsResponse:
        """One page, by id, with what each does now; `at_work` leaves out who is offline."""
        request = router_pb2.ListAgentsRequest(
            desk_id=desk_id,
            at_work=at_work,
            page_size=page_size,
            page_token=page_token,
            min_position=min_position,
        )
        return await self._call(self._stub.ListAgents, request, router_pb2.ListAgentsResponse)

    async def explain(self, desk_id: str, contact_id: str) -> router_pb2.ExplainDecisionResponse:
        """Every decision about a contact, with what was weighed."""
        request = router_pb2.ExplainDecisionRequest(desk_id=desk_id, contact_id=contact_id)
        return await self._call(self._stub.ExplainDecision, request, router_pb2.ExplainDecisionResponse)

    # --- writes --------------------------------------------------------------------------------------------

    async def command(
        self, desk_id: str, agent_id: str, *, command_id: str | None = None, **command: Any
    ) -> router_pb2.CommandResponse:
        """An agent's command without a session, for example `command("acme", "ana", sign_in=AgentSignedIn())`.

        One call is one intent: it keeps its id through all attempts. Give `command_id` to repeat one of before.
        """
        command_id = command_id or self._new_id()
        request = router_pb2.CommandRequest(
            desk_id=desk_id,
            agent_id=agent_id,
            command=router_pb2.AgentCommand(command_id=command_id, **command),
        )
        return await self._call(
            self._stub.Command, request, router_pb2.CommandResponse, command_id=command_id
        )

    async def configure_desk(
        self, desk: desk_pb2.Desk, *, command_id: str | None = None
    ) -> router_pb2.ConfigureDeskResponse:
        """Puts a whole configuration in force; Refused has every fault by its field."""
        command_id = command_id or self._new_id()
        request = router_pb2.ConfigureDeskRequest(command_id=command_id, desk=desk)
        return await self._call(
            self._stub.ConfigureDesk, request, router_pb2.ConfigureDeskResponse, command_id=command_id
        )

    async def set_forecast(
        self, desk_id: str, forecast: facts_pb2.ForecastSet, *, command_id: str | None = None
    ) -> router_pb2.SetForecastResponse:
        """Takes the place of the forecast before."""
        command_id = command_id or self._new_id()
        request = router_pb2.SetForecastRequest(command_id=command_id, desk_id=desk_id, forecast=forecast)
        return await self._call(
            self._stub.SetForecast, request, router_pb2.SetForecastResponse, command_id=command_id
        )

    async def link_customers(
        self,
        desk_id: str,
        agent_id: str,
        contact_id: str,
        other_contact_id: str,
        *,
        command_id: str | None = None,
    ) -> router_pb2.LinkCustomersResponse:
        """The customers of two contacts are one; the reply's subject is the link."""
        command_id = command_id or self._new_id()
        request = router_pb2.LinkCustomersRequest(
            command_id=command_id,
            desk_id=desk_id,
            agent_id=agent_id,
            contact_id=contact_id,
            other_contact_id=other_contact_id,
        )
        return await self._call(
            self._stub.LinkCustomers, request, router_pb2.LinkCustomersResponse, command_id=command_id
        )

    async def unlink_customers(
        self, desk_id: str, agent_id: str, link_id: str, *, command_id: str | None = None
    ) -> router_pb2.UnlinkCustomersResponse:
        command_id = command_id or self._new_id()
        request = router_pb2.UnlinkCustomersRequest(
            command_id=command_id, desk_id=desk_id, agent_id=agent_id, link_id=link_id
        )
        return await self._call(
            self._stub.UnlinkCustomers, request, router_pb2.UnlinkCustomersResponse, command_id=command_id
        )

    # --- the stream of decisions ---------------------------------------------------------------------------

    async def watch(
        self, desk_id: str, *, after: Position | None = None, retry_seconds: float = 60.0
    ) -> AsyncIterator[router_pb2.WatchDecisionsResponse]:
        """Accepted decisions of a desk for ever, each once and in order: those after a position, or from now on.

        Whoever keeps the position of the last one that it has dealt with goes on there after a crash. Raises
        SessionLost when no replica could be followed for `retry_seconds`, Refused for what cannot be watched.
        """
        loop = asyncio.get_running_loop()
        if after is None:  # a position now, so that a break before the first decision loses nothing
            after = (await self.list_waiting(desk_id, page_size=1)).position
        request = router_pb2.WatchDecisionsRequest(desk_id=desk_id, resume_after=after)
        failing_since, attempt, patience = None, 0, Patience()
        while True:
            try:
                async for response in self._stub.WatchDecisions(request):
                    failing_since, attempt, patience = None, 0, Patience()
                    request.resume_after.CopyFrom(response.position)
                    yield response
                refused = Refused(grpc.StatusCode.UNAVAILABLE, "", "the stream ended")
            except grpc.aio.AioRpcError as error:
                refused = Refused.of(error)
                patience.check(refused, loop.time())
            failing_since = failing_since or loop.time()
            if loop.time() - failing_since > retry_seconds:
                raise SessionLost(f"no decisions from {self.endpoint} for {retry_seconds:.0f} s ({refused})")
            pause = self.backoff.drawn_seconds(attempt, refused.retry_after_seconds)
            attempt += 1
            await asyncio.sleep(pause)

    @cached_property
    def _stub(self) -> Any:
        return router_pb2_grpc.RouterServiceStub(self.channel)  # type: ignore[no-untyped-call] # generated
