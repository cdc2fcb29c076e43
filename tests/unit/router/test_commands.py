"""How waiting for a command's decision ends."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, cast

import grpc
import pytest

from services.contract import decisions as d
from services.contract.codec import decode_fact
from services.contract.facts import AgentSignedIn
from services.router.model import PartitionState
from services.router.serving.commands import Answer, Commander
from services.router.serving.requests import ID_LENGTH_MAX, check_ids
from services.router.tail import DecisionTail
from services.router.verdict import Verdict
from services.runtime.clock import WallClock
from services.runtime.log import (
    Appender,
    BufferFull,
    LogError,
    LogUnavailable,
    OutcomeUnknown,
    RecordTooLarge,
)
from services.runtime.rpc import Refusal

SIGN_IN = AgentSignedIn(agent_id="ana")


class Facts:
    """A log that takes appends and answers when it is told to, and its tail."""

    partitions = 1

    def __init__(self) -> None:
        self.appends: list[asyncio.Future[int]] = []
        self.ids: list[str] = []
        self.at_once: LogError | None = None
        self.listener: Callable[[Verdict], None] = lambda _: None

    def append(self, topic: str, partition: int, key: bytes, value: bytes) -> asyncio.Future[int]:
        if self.at_once is not None:
            raise self.at_once
        self.ids.append(decode_fact(value).fact_id)
        self.appends.append(asyncio.get_running_loop().create_future())
        return self.appends[-1]

    def listen(self, listener: Callable[[Verdict], None]) -> Callable[[], None]:
        self.listener = listener
        return lambda: None

    def decide(self, fact_id: str, *, accepted: bool = True) -> None:
        state = PartitionState.empty()
        record = d.Decision(fact_id=fact_id, reply=d.Reply(accepted=True, subject_id="ana"))
        self.listener(Verdict(0, 7, record, accepted, state, state))


def sending(
    facts: Facts, count: int = 1, seconds: float = 30.0
) -> tuple[Commander, list[asyncio.Task[Answer]]]:
    commander = Commander(cast(Appender, facts), cast(DecisionTail, facts), WallClock(), waiting_max=2)
    asking = [commander.send("acme", "c", SIGN_IN, timeout_seconds=seconds) for _ in range(count)]
    return commander, [asyncio.create_task(one) for one in asking]


async def refusal(asking: asyncio.Task[Any]) -> tuple[grpc.StatusCode, str]:
    with pytest.raises(Refusal) as raised:
        await asking
    return raised.value.code, raised.value.reason


@pytest.mark.parametrize("known", [True, False], ids=["acknowledged", "unknown"])
async def test_all_who_sent_a_command_are_answered_by_its_decision(known: bool) -> None:
    facts = Facts()
    commander, asking = sending(facts, 2)
    await asyncio.sleep(0)
    for one in facts.appends:
        one.set_result(3) if known else one.set_exception(OutcomeUnknown("no answer"))
    facts.decide(facts.ids[0], accepted=False)
    facts.decide("another")
    await asyncio.sleep(0)
    assert not any(one.done() for one in asking)
    facts.decide(facts.ids[0])
    assert [(one.reply.subject_id, one.offset) for one in await asyncio.gather(*asking)] == [("ana", 7)] * 2
    assert (commander._waiters, commander._count) == ({}, 0)


@pytest.mark.parametrize("at_once", [True, False], ids=["at once", "later"])
@pytest.mark.parametrize(
    ("error", "refused"),
    [
        (RecordTooLarge("large"), (grpc.StatusCode.INVALID_ARGUMENT, "TOO_LARGE")),
        (BufferFull("full"), (grpc.StatusCode.RESOURCE_EXHAUSTED, "OVERLOADED")),
        (LogUnavailable("away"), (grpc.StatusCode.UNAVAILABLE, "LOG_UNAVAILABLE")),
    ],
    ids=["large", "full", "away"],
)
async def test_what_is_surely_not_written_is_refused(
    error: LogError, refused: tuple[grpc.StatusCode, str], *, at_once: bool
) -> None:
    facts = Facts()
    facts.at_once = error if at_once else None
    commander, (asking,) = sending(facts)
    await asyncio.sleep(0)
    if not at_once:
        facts.appends[0].set_exception(error)
    assert await refusal(asking) == refused
    assert (commander._waiters, commander._count) == ({}, 0)


async def test_a_decision_counts_whatever_becomes_of_the_append() -> None:
    facts = Facts()
    _, (asking,) = sending(facts)
    await asyncio.sleep(0)
    facts.decide(facts.ids[0])
    facts.appends[0].set_exception(LogUnavailable("away"))
    assert (await asking).reply.accepted


@pytest.mark.parametrize("acknowledged", [True, False])
async def test_waiting_ends_in_time_also_while_the_append_has_no_answer(acknowledged: bool) -> None:
    facts = Facts()
    commander, (asking,) = sending(facts, seconds=0.01)
    await asyncio.sleep(0)
    if acknowledged:
        facts.appends[0].set_result(3)
    assert await refusal(asking) == (grpc.StatusCode.DEADLINE_EXCEEDED, "OUTCOME_UNKNOWN")
    facts.decide(facts.ids[0])
    assert (commander._waiters, commander._count) == ({}, 0)


async def test_who_goes_away_leaves_nothing_behind_and_takes_nobody_along() -> None:
    facts = Facts()
    commander, (first, second) = sending(facts, 2)
    third = asyncio.create_task(commander.send("acme", "d", SIGN_IN, timeout_seconds=30))
    await asyncio.sleep(0)
    assert await refusal(third) == (grpc.StatusCode.RESOURCE_EXHAUSTED, "TOO_MANY_COMMANDS")
    first.cancel()
    await asyncio.wait([first])
    assert facts.appends[0].cancelled()
    await asyncio.sleep(0)
    assert not second.done()
    facts.decide(facts.ids[1])
    assert (await second).reply.accepted
    assert (commander._waiters, commander._count) == ({}, 0)


@pytest.mark.parametrize("cancelled", [True, False], ids=["cancelled", "late"])
async def test_who_is_late_or_goes_away_gives_up_an_append_that_still_waits(*, cancelled: bool) -> None:
    """The log leaves out what was given up, so nothing is written later behind its caller's back."""
    facts = Facts()
    _, (asking,) = sending(facts, seconds=30.0 if cancelled else 0.01)
    await asyncio.sleep(0)
    if cancelled:
        asking.cancel()
    await asyncio.wait([asking])
    await asyncio.sleep(0)
    assert facts.appends[0].cancelled()


async def test_a_command_decided_before_its_append_is_acknowledged_leaves_that_to_the_log() -> None:
    facts = Facts()
    _, (asking,) = sending(facts)
    await asyncio.sleep(0)
    facts.decide(facts.ids[0])
    await asking
    assert not facts.appends[0].done()


@pytest.mark.parametrize("wrong", ["", "x" * (ID_LENGTH_MAX + 1), "a\x00b", "a\x1fb", "a\x7f", "\x85"])
def test_an_id_that_is_none_is_named(wrong: str) -> None:
    check_ids(desk_id="acme", agent_id="x" * ID_LENGTH_MAX, contact_id="\u00fc \u4f60\u00a0\u200b/1")
    with pytest.raises(Refusal) as raised:
        check_ids(desk_id="acme", agent_id=wrong)
    assert list(raised.value.fields) == ["agent_id"]
