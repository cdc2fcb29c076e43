"""WatchDecisions: the accepted decisions of a desk, from any position of its log on."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing

import grpc

from frontdesk.v1 import router_pb2
from services.contract.codec import to_message
from services.contract.decisions import Decision
from services.router.replica import RETRY_MS, Replica
from services.router.serving.requests import check_ids
from services.router.serving.switchboard import Switchboard
from services.router.trail.recent import Trail
from services.runtime.log import LogError, PositionLost
from services.runtime.rpc import Refusal, invalid

RECORDS_MAX = 2_000
"""Records a watcher may be behind before it is ended; it resumes where it was."""


class NothingRead(RuntimeError):
    """Records are folded here of which the log gave none that counts: a fault of this service, told as INTERNAL."""


class Watching:
    """Streams of decisions; what is not remembered is read from the log."""

    def __init__(self, replica: Replica, trail: Trail, switchboard: Switchboard) -> None:
        self._replica, self._trail, self._switchboard = replica, trail, switchboard

    async def watch(
        self, request: router_pb2.WatchDecisionsRequest
    ) -> AsyncGenerator[router_pb2.WatchDecisionsResponse, None]:
        """Those after the position first, then as they are folded; each once, in order.

        What was folded while the log was read is read from it in turn; a reading that brings nothing raises NothingRead,
        for the next one would bring nothing either.
        """
        check_ids(desk_id=request.desk_id)
        self._replica.desk(request.desk_id)
        partition, _ = self._replica.state(request.desk_id)
        told = self._replica.now(partition).offset
        if request.HasField("resume_after"):
            after = await self._replica.resumable(request.desk_id, request.resume_after, "resume_after")
            if after is None:
                raise invalid(
                    {"resume_after": f"is not of this log: this desk's decisions are in {partition}"}
                )
            told = after.offset
            try:
                while (recent := self._trail.since(partition, told)) is None:
                    before = told
                    async with aclosing(self._trail.accepted(partition, after=told)) as records:
                        async for offset, record in records:
                            told = offset
                            if record.desk_id == request.desk_id:
                                yield self._watched(partition, offset, record)
                    if told == before:
                        raise NothingRead(
                            f"{partition}: none after {told} of what is folded and not remembered"
                        )
            except PositionLost:
                raise invalid(
                    {"resume_after": "is before what the log still holds, or too near its beginning"}
                ) from None
            except LogError as error:
                raise Refusal(
                    grpc.StatusCode.UNAVAILABLE,
                    "LOG_UNAVAILABLE",
                    "the log could not be read; repeat soon, or ask another replica",
                    retry_after_ms=RETRY_MS,
                ) from error
        else:
            recent = []
        with self._switchboard.desk(request.desk_id, records_max=RECORDS_MAX) as feed:
            for offset, record in recent:
                told = offset
                if record.desk_id == request.desk_id:
                    yield self._watched(partition, offset, record)
            while True:
                one, _ = await feed.next()
                if one.offset > told:
                    yield self._watched(partition, one.offset, one.record)

    def _watched(self, partition: int, offset: int, record: Decision) -> router_pb2.WatchDecisionsResponse:
        return router_pb2.WatchDecisionsResponse(
            position=self._replica.position(partition, offset), decision=to_message(record)
        )
