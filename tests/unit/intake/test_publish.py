"""What a delivery came to goes into the log whole, however much it is, or its provider is told to come back."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace

import pytest
import structlog
from prometheus_client import CollectorRegistry

from services.contract.facts import ContactArrived, Fact
from services.intake.canonical import Problem
from services.intake.measures import Measures
from services.intake.publish import FACTS_AT_ONCE, Publisher
from services.intake.taking import Taker
from services.runtime.clock import ManualClock
from services.runtime.dead_letters import DeadLetters
from services.runtime.log import RECORD_BYTES_MAX, BufferFull, LogUnavailable
from tests.unit.intake.world import MemoryLog, interpret, sms

ROOM = FACTS_AT_ONCE + 10


@dataclass
class SlowLog(MemoryLog):
    """Has room for ROOM appends on their way; they end when the loop turns."""

    under_way: int = 0
    most: int = 0

    def append(self, topic: str, partition: int, key: bytes, value: bytes) -> asyncio.Future[int]:
        if self.under_way >= ROOM:
            raise BufferFull("full")
        stored = super().append(topic, partition, key, value)
        loop = asyncio.get_running_loop()
        later: asyncio.Future[int] = loop.create_future()
        self.under_way += 1
        self.most = max(self.most, self.under_way)

        def end() -> None:
            self.under_way -= 1
            error = stored.exception()
            later.set_exception(error) if error else later.set_result(stored.result())

        loop.call_soon(end)
        return later


def publisher(log: MemoryLog, registry: CollectorRegistry | None = None) -> Publisher:
    return Publisher(log, 3, DeadLetters(log, 3), Measures(registry or CollectorRegistry()))


def facts(count: int) -> list[Fact]:
    (fact,) = interpret(sms()).facts
    return [replace(fact, fact_id=f"f{number}") for number in range(count)]


async def test_more_than_the_log_holds_at_once_gets_in() -> None:
    log = SlowLog()
    offsets = await publisher(log).publish("meta", facts(3 * FACTS_AT_ONCE + 5), [], now_ms=0)

    assert len(log.facts) == len(set(offsets)) == 3 * FACTS_AT_ONCE + 5
    assert log.most == FACTS_AT_ONCE


async def test_letters_go_together_and_one_that_is_lost_is_told() -> None:
    problems = [Problem("unreadable", str(number), b"x") for number in range(250)]
    log = SlowLog()
    await publisher(log).publish("meta", [], problems, now_ms=0)

    assert sorted(int(letter.detail) for letter in log.letters) == list(range(250))
    assert log.most == 100
    with pytest.raises(LogUnavailable):
        await publisher(MemoryLog(LogUnavailable("away"))).publish("meta", [], problems, now_ms=0)


async def test_line_of_a_delivery_names_few_of_its_facts_and_counts_its_letters() -> None:
    measures = Measures(CollectorRegistry())
    taker = Taker(publisher(MemoryLog()), measures, ManualClock())
    one = interpret(sms())
    many = tuple(replace(fact, desk_id=f"desk-{number}") for number, fact in enumerate(facts(2_000)))
    found = replace(one, facts=many, problems=(Problem("unreadable", "x", b""),) * 300)
    with structlog.testing.capture_logs() as lines:
        await taker.keep(found, b"", 0.0)

    (line,) = lines
    assert (len(line["facts"]), line["more_facts"], len(line["desks"])) == (50, 1_950, 50)
    assert line["dead_letters"] == {"unreadable": 300}
    assert len(line["contacts"]) == 50


async def test_line_of_a_delivery_names_its_contact_as_explain_wants_it() -> None:
    taker = Taker(publisher(MemoryLog()), Measures(CollectorRegistry()), ManualClock())
    found = interpret(sms())
    with structlog.testing.capture_logs() as lines:
        await taker.keep(found, b"", 0.0)

    body = found.facts[0].body
    assert isinstance(body, ContactArrived)
    assert lines[0]["contacts"] == [body.contact_id]


async def test_fact_that_the_log_never_takes_is_a_letter_and_no_stored_fact() -> None:
    log, registry = MemoryLog(), CollectorRegistry()
    small, large = facts(2)
    assert isinstance(large.body, ContactArrived)
    large = replace(large, body=replace(large.body, text="x" * RECORD_BYTES_MAX))
    await publisher(log, registry).publish("twilio", [large, small], [], now_ms=0, data=b"all")

    assert [fact.fact_id for fact in log.facts] == [small.fact_id]
    assert [letter.reason for letter in log.letters] == ["fact_too_large"]
    assert registry.get_sample_value("frontdesk_intake_facts_total", {"kind": "ContactArrived"}) == 1
