"""IntakeService over gRPC: other systems hand in facts (protos/frontdesk/v1/intake.proto).

A fact is durable before its answer. Its id is derived from the desk and the caller's request_id, so a repeat is
one fact. What is wrong is said by field; in a stream a refused fact does not affect its neighbours.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from typing import Any

import grpc

from frontdesk.v1 import intake_pb2, intake_pb2_grpc
from services.contract.facts import ContactArrived
from services.contract.topics import partition_of
from services.intake.again import NotReadable, Rereader, problems
from services.intake.measures import Measures
from services.intake.publish import Publisher
from services.intake.submitted import Invalid, Submissions, Submitted
from services.runtime.clock import Clock
from services.runtime.dead_letters import Request
from services.runtime.log import BufferFull, LogError, OutcomeUnknown, RecordTooLarge
from services.runtime.rpc import Refusal, invalid

NAME = "frontdesk.v1.IntakeService"
REFUSALS_TOLD_MAX = 100
BATCH_LENGTH_MAX = 500
RETRY_MS = 2_000
SOURCE = "grpc"
Context = grpc.aio.ServicerContext[Any, Any]


@dataclass
class IntakeApi(intake_pb2_grpc.IntakeServiceServicer):
    """The servicer; one per process."""

    submissions: Submissions
    publisher: Publisher
    measures: Measures
    clock: Clock
    stream_in_flight_max: int
    rereader: Rereader

    def add_to(self, server: grpc.aio.Server) -> None:
        intake_pb2_grpc.add_IntakeServiceServicer_to_server(self, server)  # type: ignore[no-untyped-call] # generated

    async def Submit(self, request: intake_pb2.SubmitRequest, context: Context) -> intake_pb2.SubmitResponse:
        """One fact, durable on return."""
        try:
            fact = self.submissions.take(request, self.clock.now_ms())
        except Invalid as error:
            self._refused(error)
            raise invalid(error.fields) from None
        try:
            offset = await self.publisher.append_encoded(fact.desk_id, fact.data)
        except (LogError, ValueError, TypeError) as error:
            raise refusal_of(error) from error
        self._taken(fact.kind)
        return intake_pb2.SubmitResponse(
            fact_id=fact.fact_id,
            contact_id=fact.contact_id,
            partition=partition_of(fact.desk_id, self.publisher.partitions),
            offset=offset,
        )

    async def SubmitStream(
        self, request_iterator: AsyncIterator[intake_pb2.SubmitStreamRequest], context: Context
    ) -> intake_pb2.SubmitStreamResponse:
        """Many facts, appended in the order they come; at most `stream_in_flight_max` are on their way."""
        response = intake_pb2.SubmitStreamResponse()

        def too_large(index: int, request_id: str) -> None:
            _tell(response, index, request_id, Invalid({"fact": "is larger than the log takes"}))

        stream = _Stream(self.stream_in_flight_max, self._taken, too_large)
        index = -1
        try:
            async for message in request_iterator:
                for request in _unpacked(message):
                    index += 1
                    try:
                        if request is None:
                            raise Invalid({"batch": f"has more than {BATCH_LENGTH_MAX} facts"})
                        fact = self.submissions.take(request, self.clock.now_ms())
                        await stream.send(self.publisher, fact, index, request.request_id)
                    except Invalid as error:
                        self._refused(error)
                        _tell(response, index, request.request_id if request is not None else "", error)
            await stream.drain(0)
        except (LogError, ValueError, TypeError) as error:
            raise refusal_of(error) from error
        finally:
            stream.forget()
        response.accepted = index + 1 - response.refused
        return response

    async def ReadAgain(
        self, request: intake_pb2.ReadAgainRequest, context: Context
    ) -> intake_pb2.ReadAgainResponse:
        """A webhook of a dead letter, read once more."""
        asked = Request(path=request.path, scheme=request.scheme, headers=dict(request.headers))
        try:
            found = await self.rereader.read(asked, request.body, request.received_at.ToMilliseconds())
        except NotReadable as error:
            raise invalid({error.field: str(error)}) from None
        except LogError as error:
            raise refusal_of(error) from error
        return intake_pb2.ReadAgainResponse(
            fact_ids=[one.fact_id for one in found.facts],
            contact_ids=dict.fromkeys(
                one.body.contact_id for one in found.facts if isinstance(one.body, ContactArrived)
            ),
            problems=problems(found),
        )

    def _taken(self, kind: str) -> None:
        self.measures.facts.labels(kind).inc()

    def _refused(self, error: Invalid) -> None:
        for field in error.fields:
            self.measures.refused_facts.labels(field.partition("[")[0]).inc()


def _unpacked(message: Any) -> Iterator[Any]:
    """The facts of a message of the stream; None stands for all that a batch holds beyond its bound."""
    if not message.batch:
        yield message
        return
    if message.HasField("fact"):
        yield message
    yield from message.batch[:BATCH_LENGTH_MAX]
    if len(message.batch) > BATCH_LENGTH_MAX:
        yield None


@dataclass(frozen=True, slots=True)
class _Sent:
    """An append on its way, and which fact of the stream it is."""

    future: asyncio.Future[int]
    kind: str
    index: int
    request_id: str


class _Stream:
    """Appends of one stream that are on their way, oldest first.

    One that is durable is told to `taken` by its kind. One that is too large is told to `too_large` by its own index:
    a broker may allow less than we do and say so late, when others have been read. These do not suffer from it.
    """

    def __init__(
        self, in_flight_max: int, taken: Callable[[str], None], too_large: Callable[[int, str], None]
    ) -> None:
        self._in_flight_max, self._taken, self._too_large = in_flight_max, taken, too_large
        self._waiting: deque[_Sent] = deque()

    async def send(self, publisher: Publisher, fact: Submitted, index: int, request_id: str) -> None:
        """Sends once there is room; a full log is waited for as long as appends of ours are on their way."""
        if len(self._waiting) >= self._in_flight_max:
            await self.drain(self._in_flight_max - 1)
        while True:
            try:
                future = publisher.append_encoded(fact.desk_id, fact.data)
            except RecordTooLarge:
                self._too_large(index, request_id)
            except BufferFull:
                if not self._waiting:
                    raise
                await self._oldest()
                continue
            else:
                self._waiting.append(_Sent(future, fact.kind, index, request_id))
            return

    async def drain(self, most: int) -> None:
        """Waits until at most `most` are on their way; raises what the log answered."""
        while len(self._waiting) > most:
            await self._oldest()

    async def _oldest(self) -> None:
        sent = self._waiting.popleft()
        try:
            await sent.future
        except RecordTooLarge:
            self._too_large(sent.index, sent.request_id)
        else:
            self._taken(sent.kind)

    def forget(self) -> None:
        """After a failure nobody waits for the rest; their outcome is read so that nothing complains."""
        for sent in self._waiting:
            sent.future.add_done_callback(lambda done: done.cancelled() or done.exception())


def _tell(response: intake_pb2.SubmitStreamResponse, index: int, request_id: str, error: Invalid) -> None:
    response.refused += 1
    if len(response.refusals) < REFUSALS_TOLD_MAX:
        field, description = next(iter(error.fields.items()))
        response.refusals.add(index=index, request_id=request_id[:200], field=field, description=description)


def refusal_of(error: Exception) -> Refusal:
    """What a caller is told when the log did not take a fact; repeating with the same request_id is safe."""
    if isinstance(error, RecordTooLarge):
        return invalid({"fact": "is larger than the log takes; shorten its text"})
    if isinstance(error, BufferFull):
        return Refusal(
            grpc.StatusCode.RESOURCE_EXHAUSTED, "BUSY", "too many facts on their way", retry_after_ms=RETRY_MS
        )
    if isinstance(error, OutcomeUnknown):
        text = "it is not known whether the fact is stored; repeat it with the same request_id"
        return Refusal(grpc.StatusCode.UNAVAILABLE, "OUTCOME_UNKNOWN", text, retry_after_ms=RETRY_MS)
    if isinstance(error, LogError):
        text = "the log is away; repeat with the same request_id"
        return Refusal(grpc.StatusCode.UNAVAILABLE, "LOG_UNAVAILABLE", text, retry_after_ms=RETRY_MS)
    return invalid({"fact": f"cannot be stored ({type(error).__name__})"})
