"""A change of the service is marked: a fact through the log, answered from the folded log (requirements S2.2, S2.3)."""

from __future__ import annotations

import asyncio
import re

import grpc

from frontdesk.v1 import metrics_pb2
from services.contract.codec import encode_fact
from services.contract.decisions import ChangeNoted, Decision, DuplicateIgnored, FactRejected
from services.contract.facts import ChangeMarked, Fact
from services.contract.ids import command_fact_id
from services.contract.topics import FACTS, partition_of
from services.metrics.query import DESK_ID_LENGTH_MAX, timestamp
from services.metrics.store import Board
from services.runtime.clock import Clock
from services.runtime.log import Appender, BufferFull, LogError, OutcomeUnknown
from services.runtime.rpc import Refusal, invalid

WAITING_MAX = 100
_CHANGE = re.compile(r"[a-z0-9][a-z0-9_-]{0,59}")


class Marker:
    """Writes marks and waits until this replica has folded what became of them."""

    def __init__(self, appender: Appender, board: Board, clock: Clock) -> None:
        self._appender, self._board, self._clock = appender, board, clock

    async def mark(
        self, request: metrics_pb2.MarkChangeRequest, *, timeout_seconds: float
    ) -> metrics_pb2.MarkChangeResponse:
        """Raises Refusal: NOT_FOLDED_HERE before anything is written, OUTCOME_UNKNOWN when no decision was seen."""
        _check(request)
        if self._board.missing(request.desk_id):
            raise _unavailable(
                "NOT_FOLDED_HERE", "the desk's partition is not folded at this replica; ask another"
            )
        if self._board.waiting() >= WAITING_MAX:
            raise Refusal(
                grpc.StatusCode.RESOURCE_EXHAUSTED,
                "TOO_MANY_COMMANDS",
                f"{WAITING_MAX} marks wait for their decision already",
                retry_after_ms=1_000,
            )
        now_ms = self._clock.now_ms()
        given = request.effective_at
        at_ms = (
            given.seconds * 1000 + given.nanos // 1_000_000 if request.HasField("effective_at") else now_ms
        )
        fact = Fact(
            fact_id=command_fact_id(request.desk_id, request.request_id),
            desk_id=request.desk_id,
            occurred_at_ms=now_ms,
            received_at_ms=now_ms,
            source="metrics",
            body=ChangeMarked(change=request.change, effective_at_ms=at_ms),
        )
        try:
            async with asyncio.timeout(timeout_seconds):
                with self._board.awaited(fact.fact_id) as decided:
                    await self._append(fact)
                    return _response(request, at_ms, await decided)
        except TimeoutError:
            raise Refusal(
                grpc.StatusCode.DEADLINE_EXCEEDED,
                "OUTCOME_UNKNOWN",
                "no decision seen in time; repeat with the same request_id, it takes effect once",
                retry_after_ms=1_000,
            ) from None

    async def _append(self, fact: Fact) -> None:
        partition = partition_of(fact.desk_id, self._board.partitions)
        try:
            await self._appender.append(FACTS, partition, fact.desk_id.encode(), encode_fact(fact))
        except BufferFull as error:
            raise Refusal(
                grpc.StatusCode.RESOURCE_EXHAUSTED, "OVERLOADED", str(error), retry_after_ms=1_000
            ) from error
        except OutcomeUnknown:
            return  # only its decision can tell now
        except LogError as error:
            raise _unavailable("LOG_UNAVAILABLE", str(error)) from error


def _check(request: metrics_pb2.MarkChangeRequest) -> None:
    faults = {}
    for field in ("desk_id", "request_id"):
        if not 1 <= len(getattr(request, field)) <= DESK_ID_LENGTH_MAX:
            faults[field] = f"must have 1 to {DESK_ID_LENGTH_MAX} characters"
    if not _CHANGE.fullmatch(request.change):
        faults["change"] = "must be 1 to 60 lower-case letters, digits, '-' or '_'"
    if faults:
        raise invalid(faults)


def _response(
    request: metrics_pb2.MarkChangeRequest, at_ms: int, record: Decision
) -> metrics_pb2.MarkChangeResponse:
    for event in record.events:
        if isinstance(event, FactRejected):
            raise Refusal(
                grpc.StatusCode.FAILED_PRECONDITION,
                "DESK_UNKNOWN" if event.reason == "desk_unknown" else "REJECTED",
                event.detail,
            )
    noted = next((event for event in record.events if isinstance(event, ChangeNoted)), None)
    again = any(isinstance(event, DuplicateIgnored) for event in record.events)
    at_ms = at_ms if noted is None else noted.effective_at_ms
    return metrics_pb2.MarkChangeResponse(
        mark=metrics_pb2.ChangeMark(
            change=request.change, desk_id=request.desk_id, effective_at=timestamp(at_ms)
        ),
        newly_marked=not again,
    )


def _unavailable(reason: str, message: str) -> Refusal:
    return Refusal(grpc.StatusCode.UNAVAILABLE, reason, message, retry_after_ms=1_000)
