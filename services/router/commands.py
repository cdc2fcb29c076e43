"""Commands: append a fact, answer from the folded log (engine.md 1.7).

A handler on any replica registers a waiter, appends to the desk's fact partition and answers when its own tail
folds the decision of that fact. A repeat with the same command_id is one more record, `duplicate`, with the
first reply; so a caller who got no answer repeats, on any replica.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

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
from services.router.tail import DecisionTail, Verdict
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
RETRY_AFTER_MS = 500


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
        waiter: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._waiters.setdefault(fact.fact_id, []).append(waiter)
        self._count += 1
        try:
            async with asyncio.timeout(timeout_seconds):
                await self._append(fact)
                return await waiter
        except TimeoutError:
            raise Refusal(
                grpc.StatusCode.DEADLINE_EXCEEDED,
                "OUTCOME_UNKNOWN",
                "no decision seen in time; repeat with the same command_id, it takes effect once",
                retry_after_ms=RETRY_AFTER_MS,
            ) from None
        finally:
            self._count -= 1
            others = self._waiters.get(fact.fact_id, [])
            others.remove(waiter)
            if not others:
                del self._waiters[fact.fact_id]

    async def _append(self, fact: Fact) -> None:
        """Returns once the fact is in the log, or may be; raises Refusal when it is surely not."""
        partition = partition_of(fact.desk_id, self._tail.partitions)
        try:
            await self._appender.append(FACTS, partition, fact.desk_id.encode(), encode_fact(fact))
        except RecordTooLarge as error:
            raise Refusal(grpc.StatusCode.INVALID_ARGUMENT, "TOO_LARGE", str(error)) from error
        except BufferFull as error:
            raise Refusal(
                grpc.StatusCode.RESOURCE_EXHAUSTED, "OVERLOADED", str(error), retry_after_ms=RETRY_AFTER_MS
            ) from error
        except OutcomeUnknown:
            return  # only its decision can tell now, and the caller waits for that
        except LogError as error:
            raise Refusal(
                grpc.StatusCode.UNAVAILABLE, "LOG_UNAVAILABLE", str(error), retry_after_ms=2_000
            ) from error

    def _on_verdict(self, verdict: Verdict) -> None:
        if not verdict.accepted or not verdict.record.fact_id:
            return
        for waiter in self._waiters.get(verdict.record.fact_id, ()):
            if not waiter.done():
                reply = verdict.record.reply or Reply(accepted=True)
                waiter.set_result(Answer(reply, verdict.partition, verdict.offset))
