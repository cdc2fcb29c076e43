"""ExplainDecision: every decision about a contact, read from the log where memory does not have it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterable

import grpc

from frontdesk.v1 import router_pb2
from services.contract.chain import Chain
from services.contract.codec import to_message
from services.contract.decisions import Decision
from services.contract.topics import DECISIONS, partition_of
from services.router.explain import explained
from services.router.replica import RETRY_MS, Replica
from services.router.serving.requests import Context, check_ids
from services.router.trail.recent import Trail
from services.router.trail.search import BYTES_MAX, RECORDS_MAX, TooFarBack, as_field, concerns, counted
from services.runtime.log import Log, LogError, PositionLost
from services.runtime.rpc import Refusal, answer_seconds

ELSEWHERE = "`frontdesk explain` reads the log itself with --bootstrap, or with --data a copy of it"


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
        position = self._replica.now(partition)
        try:
            async with asyncio.timeout(seconds):
                found = await self._trail.of_contact(partition, request.desk_id, request.contact_id)
        except TimeoutError:
            raise Refusal(
                grpc.StatusCode.DEADLINE_EXCEEDED,
                "LOG_TOO_LONG",
                f"the log could not be read in time; ask with more, or {ELSEWHERE}",
            ) from None
        except TooFarBack as error:
            raise Refusal(
                grpc.StatusCode.FAILED_PRECONDITION,
                "TOO_FAR_BACK",
                f"it takes over {error.records} records of the log, and a router reads no more for one question; {ELSEWHERE}",
                metadata={"records_max": str(RECORDS_MAX), "bytes_max": str(BYTES_MAX)},
            ) from None
        except PositionLost:
            raise Refusal(
                grpc.StatusCode.FAILED_PRECONDITION,
                "LOG_SHORTENED",
                "the log no longer holds the records that would tell what counts",
            ) from None
        except LogError as error:
            raise Refusal(
                grpc.StatusCode.UNAVAILABLE,
                "LOG_UNAVAILABLE",
                "the log could not be read; repeat soon, or ask another replica",
                retry_after_ms=RETRY_MS,
            ) from error
        response = in_words(found, request.contact_id, position)
        if not response.steps:
            raise Refusal(grpc.StatusCode.NOT_FOUND, "CONTACT_NOT_FOUND", "no decision names this contact")
        return response


def in_words(
    found: Iterable[tuple[int, Decision]], contact_id: str, position: router_pb2.Position
) -> router_pb2.ExplainDecisionResponse:
    """What these records say about a contact, of the log and partition of a position."""
    response = router_pb2.ExplainDecisionResponse(position=position)
    for offset, record in found:
        for step in explained(record, contact_id):
            row = response.steps.add(position=position, summary=step.summary)
            row.position.offset = offset
            row.decided_at.FromMilliseconds(record.decided_at_ms)
            if step.explanation is not None:
                row.explanation.CopyFrom(to_message(step.explanation))
    return response


async def from_the_log(source: Log, desk_id: str, contact_id: str) -> AsyncGenerator[tuple[int, Decision]]:
    """Every accepted decision about a contact, from a log of which nothing is known: its desk's whole partition is read.

    Raises LogError, also for a log that does not hold its beginning, for nobody can tell then what counts.
    """
    partition = partition_of(desk_id, await source.partitions(DECISIONS))
    begin, end = (
        await source.start_offset(DECISIONS, partition),
        await source.end_offset(DECISIONS, partition),
    )
    if begin > 0:
        raise PositionLost(f"{DECISIONS} {partition} begins at {begin}: its first records were deleted")
    async for at, _, record in counted(
        source, partition, Chain(), at=0, begin=0, end=end, naming=(as_field(contact_id),)
    ):
        if record.desk_id == desk_id and contact_id in concerns(record):
            yield at, record
