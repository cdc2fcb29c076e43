"""Hands facts of another system in: contacts, identities of customers, results of surveys."""

from __future__ import annotations

from typing import Any

from frontdesk.client.calls import Calls
from frontdesk.v1 import facts_pb2, intake_pb2, intake_pb2_grpc


class IntakeClient(Calls):
    """IntakeService; use it as an async context manager."""

    async def submit(
        self,
        desk_id: str,
        *,
        request_id: str | None = None,
        deadline_seconds: float | None = None,
        **body: Any,
    ) -> intake_pb2.SubmitResponse:
        """Takes one fact, for example `submit("acme", request_id=ticket, contact_arrived=ContactArrived(...))`.

        Durable on return. Give the id of your own record as request_id: sent again, also by another process, it is one
        fact. Raises Refused, which names the fields at fault, and NoAnswer.
        """
        request_id = request_id or self._new_id()
        stub = intake_pb2_grpc.IntakeServiceStub(self.channel)  # type: ignore[no-untyped-call] # generated
        request = intake_pb2.SubmitRequest(
            request_id=request_id, fact=facts_pb2.Fact(desk_id=desk_id, **body)
        )
        return await self._call(
            stub.Submit,
            request,
            intake_pb2.SubmitResponse,
            deadline_seconds=deadline_seconds,
            command_id=request_id,
        )

    async def read_again(
        self, request: intake_pb2.ReadAgainRequest, *, deadline_seconds: float | None = None
    ) -> intake_pb2.ReadAgainResponse:
        """Reads a webhook of a dead letter once more; what was taken of it before is not taken twice.

        Raises Refused, which names the fields at fault, and NoAnswer.
        """
        stub = intake_pb2_grpc.IntakeServiceStub(self.channel)  # type: ignore[no-untyped-call] # generated
        return await self._call(
            stub.ReadAgain, request, intake_pb2.ReadAgainResponse, deadline_seconds=deadline_seconds
        )
