"""Commands: append a fact, answer from the folded log (engine.md 1.7).

A handler on any replica registers a waiter, appends to the desk's fact partition and answers when its own tail
folds the decision of that fact. A repeat with the same command_id is one more record, `duplicate`, with the
first reply; so a caller who got no answer repeats, on any replica.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from functools import partial

import grpc

from services.contract.codec import encode_fact
from services.contract.decisions import Reply
from services.contract.facts import (
    AgentSignedIn,
    AgentStateChanged,
    AuthorityUsed,
    ContactResolved,
    ConversationEnded,
    CustomerAsked,
    DeskConfigured,
    Fact,
    ForecastSet,
    HelpAnswered,
    HelpAsked,
    IdentityLinked,
    IdentityUnlinked,
    OfferAnswered,
    TransferAsked,
)
from services.contract.ids import command_fact_id
from services.contract.topics import FACTS, partition_of
from services.router.tail import DecisionTail
from services.router.verdict import Verdict
from services.runtime.clock import Clock
from services.runtime.log import Appender, BufferFull, LogError, OutcomeUnknown, RecordTooLarge
from services.runtime.rpc import Refusal

Command = (
    AgentSignedIn
    | AgentStateChanged
    | OfferAnswered
    | HelpAsked
    | HelpAnswered
    | TransferAsked
    | AuthorityUsed
    | ConversationEnded
    | ContactResolved
    | CustomerAsked
    | DeskConfigured
    | IdentityLinked
    | IdentityUnlinked
    | ForecastSet
)
RETRY_AFTER_MS, RETRY_AWAY_MS = 500, 2_000


@dataclass(frozen=True, slots=True)
class Answer:
    """What the log says about a command, and where."""

    reply: Reply
    partition: int
    offset: int


class Commander:
    """Sends commands and waits for their decisions."""

    def __init__(self, appender: Appender, tail: DecisionTail, clock: Clock, *, waiting_max: int) -> None:
        self._appender, self._tail, self._clock, self._waiting_max = appender, tail, clock, waiting_max
        self._waiters: dict[str, list[asyncio.Future[Answer]]] = {}
        self._count = 0
        tail.listen(self._on_verdict)

    async def send(
        self, desk_id: str, command_id: str, command: Command, *, timeout_seconds: float
    ) -> Answer:
        """Answers with the router's reply.

        Raises Refusal: UNAVAILABLE when nothing was written, RESOURCE_EXHAUSTED when too many wait, and
        DEADLINE_EXCEEDED with reason OUTCOME_UNKNOWN when no decision was seen in time (repeat with the same
        command_id then).
        """
        if self._count >= self._waiting_max:
            raise Refusal(
                grpc.StatusCode.RESOURCE_EXHAUSTED,
                "TOO_MANY_COMMANDS",
                f"{self._waiting_max} commands wait for their decision already",
                retry_after_ms=RETRY_AFTER_MS,
            )
        now_ms = self._clock.now_ms()
        fact = Fact(
            fact_id=command_fact_id(desk_id, command_id),
            desk_id=desk_id,
            occurred_at_ms=now_ms,
            received_at_ms=now_ms,
            source="agent",
            body=command,
        )
        loop = asyncio.get_running_loop()
        waiter: asyncio.Future[Answer] = loop.create_future()
        self._waiters.setdefault(fact.fact_id, []).append(waiter)
        self._count += 1
        late = loop.call_later(timeout_seconds, _is_late, waiter)
        try:
            append = self._append(fact)
            append.add_done_callback(partial(_appended, waiter))
            try:
                return await waiter
            except (Refusal, asyncio.CancelledError):
                append.cancel()  # what still waits to be sent is not written behind its caller's back
                raise
        finally:
            late.cancel()
            self._count -= 1
            others = self._waiters.get(fact.fact_id, [])
            others.remove(waiter)
            if not others:
                del self._waiters[fact.fact_id]

    def _append(self, fact: Fact) -> asyncio.Future[int]:
        """Raises Refusal where it is known at once that nothing is written."""
        partition = partition_of(fact.desk_id, self._tail.partitions)
        try:
            return self._appender.append(FACTS, partition, fact.desk_id.encode(), encode_fact(fact))
        except LogError as error:
            raise _refused(error) from error

    def _on_verdict(self, verdict: Verdict) -> None:
        if not verdict.accepted or not verdict.record.fact_id:
            return
        for waiter in self._waiters.get(verdict.record.fact_id, ()):
            if not waiter.done():
                reply = verdict.record.reply or Reply(accepted=True)
                waiter.set_result(Answer(reply, verdict.partition, verdict.offset))


def _appended(waiter: asyncio.Future[Answer], done: asyncio.Future[int]) -> None:
    """Ends the waiting where the fact is surely not in the log; else its decision tells."""
    if done.cancelled():
        waiter.cancel()
        return
    error = done.exception()
    if error is None or isinstance(error, OutcomeUnknown) or waiter.done():
        return
    waiter.set_exception(_refused(error) if isinstance(error, LogError) else error)


def _refused(error: LogError) -> Refusal:
    match error:
        case RecordTooLarge():
            code, reason, retry_after_ms = grpc.StatusCode.INVALID_ARGUMENT, "TOO_LARGE", None
        case BufferFull():
            code, reason, retry_after_ms = grpc.StatusCode.RESOURCE_EXHAUSTED, "OVERLOADED", RETRY_AFTER_MS
        case _:
            code, reason, retry_after_ms = grpc.StatusCode.UNAVAILABLE, "LOG_UNAVAILABLE", RETRY_AWAY_MS
    return Refusal(code, reason, str(error), retry_after_ms=retry_after_ms)


def _is_late(waiter: asyncio.Future[Answer]) -> None:
    if not waiter.done():
        waiter.set_exception(
            Refusal(
                grpc.StatusCode.DEADLINE_EXCEEDED,
                "OUTCOME_UNKNOWN",
                "no decision seen in time; repeat with the same command_id, it takes effect once",
                retry_after_ms=RETRY_AFTER_MS,
            )
        )
