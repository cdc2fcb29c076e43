"""Commands of agents and systems as facts: checked, sent once by their command_id, answered from the folded log."""

from __future__ import annotations

from typing import Any

import grpc

from frontdesk.v1 import router_pb2
from services.contract import facts
from services.contract.codec import from_message, to_message
from services.contract.desk import Desk
from services.router.desks.config import faults
from services.router.replica import Replica
from services.router.serving import linking
from services.router.serving.agent_commands import command_of
from services.router.serving.commands import Answer, Command, Commander
from services.router.serving.requests import Context, check_ids, invalid_desk, scoped
from services.runtime.rpc import Refusal, answer_seconds, invalid

FORECAST_ROWS_MAX = 10_000


class Writes:
    """Every write; each answers {result, position}."""

    def __init__(self, replica: Replica, commander: Commander) -> None:
        self._replica, self._commander = replica, commander

    async def command(
        self, desk_id: str, agent_id: str, command: router_pb2.AgentCommand, *, timeout_seconds: float
    ) -> router_pb2.CommandResponse:
        """An agent's command; who it is was checked before."""
        check_ids(command_id=command.command_id)
        answer = await self._commander.send(
            desk_id,
            scoped("agent", agent_id, command.command_id),
            command_of(command, agent_id),
            timeout_seconds=timeout_seconds,
        )
        return router_pb2.CommandResponse(**self._answered(command.command_id, answer))

    async def link(
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
        self._replica.agent_known(request.desk_id, request.agent_id)
        body = linking.link_of(request, self._replica.desk(request.desk_id))
        return router_pb2.LinkCustomersResponse(**await self._by_agent(request, body, context))

    async def unlink(
        self, request: router_pb2.UnlinkCustomersRequest, context: Context
    ) -> router_pb2.UnlinkCustomersResponse:
        check_ids(
            desk_id=request.desk_id,
            agent_id=request.agent_id,
            command_id=request.command_id,
            link_id=request.link_id,
        )
        self._replica.agent_known(request.desk_id, request.agent_id)
        body = facts.IdentityUnlinked(link_id=request.link_id, agent_id=request.agent_id)
        return router_pb2.UnlinkCustomersResponse(**await self._by_agent(request, body, context))

    async def forecast(
        self, request: router_pb2.SetForecastRequest, context: Context
    ) -> router_pb2.SetForecastResponse:
        check_ids(desk_id=request.desk_id, command_id=request.command_id)
        if len(request.forecast.rows) > FORECAST_ROWS_MAX:
            raise invalid({"forecast.rows": f"at most {FORECAST_ROWS_MAX}"})
        self._replica.desk(request.desk_id)
        body = from_message(request.forecast, facts.ForecastSet)
        answer = await self._commander.send(
            request.desk_id,
            scoped("forecast", request.command_id),
            body,
            timeout_seconds=answer_seconds(context),
        )
        return router_pb2.SetForecastResponse(**self._answered(request.command_id, answer))

    async def desk(
        self, request: router_pb2.ConfigureDeskRequest, context: Context
    ) -> router_pb2.ConfigureDeskResponse:
        check_ids(command_id=request.command_id, desk_id=request.desk.desk_id)
        desk = from_message(request.desk, Desk)
        found = faults(desk)
        if found:
            raise invalid_desk(found)
        answer = await self.configure(request.command_id, desk, timeout_seconds=answer_seconds(context))
        return router_pb2.ConfigureDeskResponse(
            position=self._replica.position(answer.partition, answer.offset)
        )

    async def configure(self, command_id: str, desk: Desk, *, timeout_seconds: float) -> Answer:
        """Puts a checked configuration in force; raises Refusal as `Commander.send` does."""
        answer = await self._commander.send(
            desk.desk_id,
            scoped("configure", command_id),
            facts.DeskConfigured(desk=desk),
            timeout_seconds=timeout_seconds,
        )
        if not answer.reply.accepted:
            raise Refusal(grpc.StatusCode.INVALID_ARGUMENT, "DESK_REFUSED", answer.reply.detail)
        return answer

    async def _by_agent(
        self,
        request: router_pb2.LinkCustomersRequest | router_pb2.UnlinkCustomersRequest,
        body: Command,
        context: Context,
    ) -> dict[str, Any]:
        answer = await self._commander.send(
            request.desk_id,
            scoped("agent", request.agent_id, request.command_id),
            body,
            timeout_seconds=answer_seconds(context),
        )
        return self._answered(request.command_id, answer)

    def _answered(self, command_id: str, answer: Answer) -> dict[str, Any]:
        """The fields that every answer to a write has."""
        return {
            "command_id": command_id,
            "reply": to_message(answer.reply),
            "position": self._replica.position(answer.partition, answer.offset),
        }
