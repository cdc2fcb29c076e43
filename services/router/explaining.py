"""ExplainDecision: every decision about a contact, read from the log where memory does not have it."""

from __future__ import annotations

import asyncio

import grpc

from frontdesk.v1 import router_pb2
from services.contract.codec import to_message
from services.router.explain import explained
from services.router.replica import Replica
from services.router.requests import Context, check_ids
from services.router.trail import Trail
from services.runtime.rpc import Refusal, answer_seconds


class Explaining:
    """Answers why a contact went where it went."""

    def __init__(self, replica: Replica, trail: Trail) -> None:
        self._replica, self._trail = replica, trail

    async def explain(
        self, request: router_pb2.ExplainDecisionRequest, context: Context
    ) -> router_pb2.ExplainDecisionResponse:
        check_ids(desk_id=request.desk_id, contact_id=request.contact_id)
        seconds = answer_seconds(context)
        partition, _ = self._replica.state(request.desk_id)
        if request.HasField("min_position"):
            await self._replica.reach(request.desk_id, request.min_position, seconds=seconds)
        response = router_pb2.ExplainDecisionResponse(position=self._replica.now(partition))
        try:
            async with asyncio.timeout(seconds):
                found = await self._trail.of_contact(partition, request.desk_id, request.contact_id)
        except TimeoutError:
            raise Refusal(
                grpc.StatusCode.DEADLINE_EXCEEDED, "LOG_TOO_LONG", "the log could not be read in time"
            ) from None
        for offset, record in found:
            for step in explained(record, request.contact_id):
                row = response.steps.add(
                    position=self._replica.position(partition, offset), summary=step.summary
                )
                row.decided_at.FromMilliseconds(record.decided_at_ms)
                if step.explanation is not None:
                    row.explanation.CopyFrom(to_message(step.explanation))
        if not response.steps:
            raise Refusal(grpc.StatusCode.NOT_FOUND, "CONTACT_NOT_FOUND", "no decision names this contact")
        return response
