"""Who writes to customers while the morning is played: acknowledges, answers, thanks, asks how it was; and how they reply.

It goes by what the router decided, as a sender of messages does, and reports by gRPC what went out.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator

import grpc

from frontdesk.v1 import facts_pb2, intake_pb2, intake_pb2_grpc, router_pb2, router_pb2_grpc
from services.contract import decisions as d
from services.contract.codec import from_message
from services.contract.decisions import Decision
from services.contract.facts import Channel

SCORES = (5, 4, 5, 2, 5, 3)
"""What customers answer, in turn."""
CALL_SECONDS_MAX = 20


class Correspondent:
    """Run `run` until cancelled; `wrote` counts facts that intake took."""

    def __init__(self, router: str, intake: str, desk_id: str) -> None:
        self._router, self._intake, self._desk_id = router, intake, desk_id
        self.wrote = 0
        self._surveys = 0

    async def run(self) -> None:
        request = router_pb2.WatchDecisionsRequest(desk_id=self._desk_id)
        async with grpc.aio.insecure_channel(self._intake) as channel:
            intake = intake_pb2_grpc.IntakeServiceStub(channel)  # type: ignore[no-untyped-call] # generated
            while True:
                with contextlib.suppress(grpc.aio.AioRpcError):
                    await self._watch(request, intake)
                await asyncio.sleep(0.2)

    async def _watch(
        self, request: router_pb2.WatchDecisionsRequest, intake: intake_pb2_grpc.IntakeServiceStub
    ) -> None:
        async with grpc.aio.insecure_channel(self._router) as channel:
            router = router_pb2_grpc.RouterServiceStub(channel)  # type: ignore[no-untyped-call] # generated
            async for response in router.WatchDecisions(request):
                decision = from_message(response.decision, Decision)
                for event in decision.events:
                    for number, fact in enumerate(self._facts(event)):
                        name = f"{decision.decision_id}-{type(event).__name__}-{number}"
                        await intake.Submit(
                            intake_pb2.SubmitRequest(request_id=name, fact=fact), timeout=CALL_SECONDS_MAX
                        )
                        self.wrote += 1
                request.resume_after.CopyFrom(response.position)

    def _facts(self, event: d.Event) -> Iterator[facts_pb2.Fact]:
        match event:
            case d.ContactOpened() if event.channel is not Channel.PHONE:
                yield self._sent(event.contact_id, "ack")
            case d.Assigned() if event.channel is not Channel.PHONE and event.first:
                yield self._sent(event.contact_id, "human")
            case d.MessageDue():
                yield self._sent(event.contact_id, event.kind)
            case d.Resolved():
                for kind in ("thanks", "followup", "survey"):
                    yield self._sent(event.contact_id, kind)
                score = SCORES[self._surveys % len(SCORES)]
                self._surveys += 1
                answered = facts_pb2.SurveyAnswered(contact_id=event.contact_id, score=score)
                yield facts_pb2.Fact(desk_id=self._desk_id, survey_answered=answered)

    def _sent(self, contact_id: str, kind: str) -> facts_pb2.Fact:
        sent = facts_pb2.MessageSent(contact_id=contact_id, kind=kind, medium="email", account="support")
        return facts_pb2.Fact(desk_id=self._desk_id, message_sent=sent)
