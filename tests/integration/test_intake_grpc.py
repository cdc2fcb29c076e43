"""IntakeService over real gRPC on loopback: faults by field, streams in order, repeats that are one fact."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import grpc
import pytest
from google.rpc import error_details_pb2
from grpc_status import rpc_status
from prometheus_client import CollectorRegistry

from frontdesk.v1 import desk_pb2, facts_pb2, intake_pb2, intake_pb2_grpc
from services.contract.facts import ContactArrived, IdentityLinked, MentionSeen
from services.contract.ids import command_fact_id
from services.intake.api import BATCH_LENGTH_MAX, NAME
from services.intake.build import build
from services.runtime.clock import ManualClock
from services.runtime.log import BufferFull, LogUnavailable, RecordTooLarge
from services.runtime.rpc import serve
from tests.unit.intake.world import MemoryLog, needs, settings


@asynccontextmanager
async def serving(log: MemoryLog) -> AsyncIterator[intake_pb2_grpc.IntakeServiceStub]:
    registry = CollectorRegistry()
    intake = build(
        settings(), clock=ManualClock(), appender=log, partitions=4, registry=registry, needs=needs()
    )
    server = await serve([intake.add_to_grpc], [NAME], address="127.0.0.1:0", registry=registry)
    async with grpc.aio.insecure_channel(f"127.0.0.1:{server.port}") as channel:
        try:
            yield intake_pb2_grpc.IntakeServiceStub(channel)  # type: ignore[no-untyped-call] # generated
        finally:
            await server.close(grace_seconds=0)


def contact(**changed: Any) -> facts_pb2.Fact:
    arrived: dict[str, Any] = {
        "channel": facts_pb2.CHANNEL_SOCIAL,
        "medium": "chat",
        "account": "web",
        "thread_id": "t1",
        "text": "Wo bleibt meine Lieferung, bitte?",
        "customer": {"type": "email", "value": "Ana@X.example"},
        **changed.pop("arrived", {}),
    }
    return facts_pb2.Fact(**{"desk_id": "acme", "contact_arrived": arrived, **changed})


def request(fact: facts_pb2.Fact | None = None, request_id: str = "r1") -> intake_pb2.SubmitRequest:
    return intake_pb2.SubmitRequest(request_id=request_id, fact=fact if fact is not None else contact())


def details(error: grpc.aio.AioRpcError) -> tuple[str, dict[str, str], bool]:
    """Reason, fields at fault, and whether it says when to come back."""
    status = rpc_status.from_call(error)
    info, bad, retry = error_details_pb2.ErrorInfo(), error_details_pb2.BadRequest(), False
    for detail in status.details:
        detail.Unpack(info) if detail.Is(info.DESCRIPTOR) else None
        detail.Unpack(bad) if detail.Is(bad.DESCRIPTOR) else None
        retry = retry or detail.Is(error_details_pb2.RetryInfo.DESCRIPTOR)
    return info.reason, {one.field: one.description for one in bad.field_violations}, retry


async def test_fact_is_stored_with_ids_keys_and_what_it_needs() -> None:
    log = MemoryLog()
    async with serving(log) as intake:
        answer = await intake.Submit(request())

    (fact,) = log.facts
    assert fact.fact_id == answer.fact_id == command_fact_id("acme", "r1")
    assert isinstance(fact.body, ContactArrived)
    assert fact.body.contact_id == answer.contact_id != ""
    assert fact.body.customer is not None
    assert (fact.body.customer.value, len(fact.body.customer.key)) == ("ana@x.example", 32)
    assert fact.body.language is not None
    assert (fact.body.language.code, fact.body.topics[0].topic_id) == ("de", "delivery")
    assert (fact.source, len(fact.body.thread_key)) == ("grpc", 32)
    assert fact.received_at_ms == fact.occurred_at_ms == ManualClock().now_ms()


async def test_what_the_caller_says_goes_before_what_is_read() -> None:
    log = MemoryLog()
    arrived = {
        "language": {"code": "sl", "confidence": 1.0},
        "topics": [{"topic_id": "praise", "weight": 0.9}],
    }
    async with serving(log) as intake:
        await intake.Submit(request(contact(arrived=arrived)))

    body = log.facts[0].body
    assert isinstance(body, ContactArrived)
    assert body.language is not None
    assert (body.language.code, body.topics[0].topic_id) == ("sl", "praise")


async def test_customers_tier_comes_with_the_contact() -> None:
    log = MemoryLog()
    customer = {"type": "email", "value": "ana@x.example", "tier": "loyal"}
    async with serving(log) as intake:
        await intake.Submit(request(contact(arrived={"customer": customer})))

    body = log.facts[0].body
    assert isinstance(body, ContactArrived)
    assert body.customer is not None and body.customer.tier == "loyal"


async def test_repeat_is_the_same_fact() -> None:
    log = MemoryLog()
    async with serving(log) as intake:
        first, again = await intake.Submit(request()), await intake.Submit(request())

    assert (first.fact_id, first.contact_id) == (again.fact_id, again.contact_id)


@pytest.mark.parametrize(
    ("bad", "field"),
    [
        (intake_pb2.SubmitRequest(fact=contact()), "request_id"),
        (intake_pb2.SubmitRequest(request_id="r"), "fact"),
        (request(contact(desk_id="")), "fact.desk_id"),
        (request(contact(desk_id="a b")), "fact.desk_id"),
        (request(contact(source="Not One")), "fact.source"),
        (request(facts_pb2.Fact(desk_id="acme")), "fact.body"),
        (request(contact(arrived={"channel": 0})), "fact.contact_arrived.channel"),
        (request(contact(arrived={"medium": ""})), "fact.contact_arrived.medium"),
        (request(contact(arrived={"text": "x" * 100_001})), "fact.contact_arrived.text"),
        (
            request(contact(arrived={"customer": {"type": "phone", "value": "12"}})),
            "fact.contact_arrived.customer.value",
        ),
        (request(contact(arrived={"customer": {"value": "x"}})), "fact.contact_arrived.customer.value"),
        (
            request(contact(arrived={"topics": [{"topic_id": "x", "weight": float("nan")}]})),
            "fact.contact_arrived.topics[0]",
        ),
        (
            request(contact(arrived={"decision_wanted": {"amount_minor": -1}})),
            "fact.contact_arrived.decision_wanted.amount_minor",
        ),
        (request(facts_pb2.Fact(desk_id="acme", caller_hung_up={})), "fact.caller_hung_up.contact_id"),
        (request(facts_pb2.Fact(desk_id="acme", callback_asked={})), "fact.callback_asked.contact_id"),
        (request(facts_pb2.Fact(desk_id="acme", survey_answered={"score": 6})), "fact.survey_answered.score"),
        (
            request(facts_pb2.Fact(desk_id="acme", change_marked={"change": "A b"})),
            "fact.change_marked.change",
        ),
        (
            request(facts_pb2.Fact(desk_id="acme", desk_configured={"desk": desk_pb2.Desk()})),
            "fact.desk_configured",
        ),
        (request(contact(occurred_at={"seconds": 1 << 50})), "fact.occurred_at"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_fault_is_named_by_its_field(bad: intake_pb2.SubmitRequest, field: str) -> None:
    log = MemoryLog()
    async with serving(log) as intake:
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await intake.Submit(bad)
        await intake.Submit(request())

    assert caught.value.code() == grpc.StatusCode.INVALID_ARGUMENT
    assert field in details(caught.value)[1]
    assert len(log.facts) == 1


async def test_all_faults_are_named_at_once() -> None:
    async with serving(MemoryLog()) as intake:
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await intake.Submit(intake_pb2.SubmitRequest(fact=contact(desk_id="", arrived={"medium": ""})))

    assert set(details(caught.value)[1]) == {"request_id", "fact.desk_id", "fact.contact_arrived.medium"}


@pytest.mark.parametrize(
    ("fault", "code", "reason"),
    [
        (LogUnavailable("away"), grpc.StatusCode.UNAVAILABLE, "LOG_UNAVAILABLE"),
        (BufferFull("full"), grpc.StatusCode.RESOURCE_EXHAUSTED, "BUSY"),
    ],
)
async def test_log_that_is_away_says_when_to_come_back(
    fault: Exception, code: grpc.StatusCode, reason: str
) -> None:
    async with serving(MemoryLog(fault)) as intake:
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await intake.Submit(request())
        with pytest.raises(grpc.aio.AioRpcError) as streamed:
            await intake.SubmitStream(stream([contact()]))

    assert (caught.value.code(), streamed.value.code()) == (code, code)
    assert details(caught.value)[0::2] == (reason, True)


def stream(facts: list[facts_pb2.Fact]) -> Iterator[intake_pb2.SubmitStreamRequest]:
    for index, fact in enumerate(facts):
        yield intake_pb2.SubmitStreamRequest(request_id=f"r{index}", fact=fact)


async def test_stream_keeps_order_and_tells_what_it_refused() -> None:
    log = MemoryLog()
    facts = [contact(arrived={"provider_event_id": str(index)}) for index in range(1_500)]
    facts[7] = contact(desk_id="")
    async with serving(log) as intake:
        answer = await intake.SubmitStream(stream(facts))

    assert (answer.accepted, answer.refused) == (1_499, 1)
    assert [(one.index, one.request_id, one.field) for one in answer.refusals] == [(7, "r7", "fact.desk_id")]
    order = [int(fact.body.provider_event_id) for fact in log.facts if isinstance(fact.body, ContactArrived)]
    assert order == [index for index in range(1_500) if index != 7]


class StrictLog(MemoryLog):
    """A broker that allows less than we do, and says so when others are on their way."""

    def append(self, topic: str, partition: int, key: bytes, value: bytes) -> asyncio.Future[int]:
        stored = super().append(topic, partition, key, b"" if len(value) > 2_000 else value)
        if len(value) > 2_000:
            self.records.pop()
        later: asyncio.Future[int] = asyncio.get_running_loop().create_future()

        def end() -> None:
            if len(value) > 2_000:
                later.set_exception(RecordTooLarge("the broker refused it"))
            else:
                later.set_result(stored.result())

        asyncio.get_running_loop().call_soon(end)
        return later


@pytest.mark.parametrize("count", [12, 1_200])
async def test_fact_that_only_the_broker_finds_too_large_is_told_by_its_own_index(count: int) -> None:
    """The stream has moved on by then; neither the fact that is read meanwhile nor the stream suffers."""
    log = StrictLog()
    large = {3, 4, count - 1}
    facts = [
        contact(arrived={"provider_event_id": str(index), "text": "x" * 3_000 if index in large else "hello"})
        for index in range(count)
    ]
    async with serving(log) as intake:
        answer = await intake.SubmitStream(stream(facts))

    told = [(one.index, one.request_id, one.field) for one in answer.refusals]
    assert told == [(index, f"r{index}", "fact") for index in sorted(large)]
    assert (answer.accepted, answer.refused) == (count - 3, 3)
    order = [int(fact.body.provider_event_id) for fact in log.facts if isinstance(fact.body, ContactArrived)]
    assert order == [index for index in range(count) if index not in large]


async def test_only_the_first_hundred_refusals_are_told() -> None:
    async with serving(MemoryLog()) as intake:
        answer = await intake.SubmitStream(stream([contact(desk_id="")] * 130))

    assert (answer.refused, len(answer.refusals)) == (130, 100)


async def test_empty_stream_is_nothing() -> None:
    async with serving(MemoryLog()) as intake:
        assert (await intake.SubmitStream(stream([]))).accepted == 0


async def test_batch_is_its_facts_one_by_one() -> None:
    log = MemoryLog()
    facts = [contact(arrived={"provider_event_id": str(index)}) for index in range(5)]
    facts[2] = contact(desk_id="")
    batch = [intake_pb2.SubmitRequest(request_id=f"r{index}", fact=fact) for index, fact in enumerate(facts)]
    messages = iter(
        [
            intake_pb2.SubmitStreamRequest(request_id="alone", fact=contact()),
            intake_pb2.SubmitStreamRequest(batch=batch),
        ]
    )
    async with serving(log) as intake:
        answer = await intake.SubmitStream(messages)

    assert (answer.accepted, answer.refused) == (5, 1)
    assert [(one.index, one.request_id) for one in answer.refusals] == [(3, "r2")]
    assert [fact.fact_id for fact in log.facts][1] == command_fact_id("acme", "r0")


async def test_what_a_batch_holds_beyond_its_bound_is_refused() -> None:
    log = MemoryLog()
    batch = [
        intake_pb2.SubmitRequest(request_id=f"r{index}", fact=contact())
        for index in range(BATCH_LENGTH_MAX + 1)
    ]
    async with serving(log) as intake:
        answer = await intake.SubmitStream(iter([intake_pb2.SubmitStreamRequest(batch=batch)]))

    assert (answer.accepted, answer.refused) == (BATCH_LENGTH_MAX, 1)
    assert answer.refusals[0].field == "batch"


async def test_mention_is_completed_like_a_contact() -> None:
    log = MemoryLog()
    mention = facts_pb2.Fact(
        desk_id="acme",
        mention_seen=facts_pb2.MentionSeen(kind="review", contact=contact().contact_arrived, positive=True),
    )
    async with serving(log) as intake:
        await intake.Submit(request(mention))

    body = log.facts[0].body
    assert isinstance(body, MentionSeen)
    assert body.contact is not None
    assert body.contact.customer is not None
    assert body.contact.customer.value == "ana@x.example"
    assert body.contact.customer.key
    assert body.contact.language is not None
    assert body.contact.language.code == "de"


async def test_link_has_the_keys_of_both_identities() -> None:
    log = MemoryLog()
    link = facts_pb2.IdentityLinked(
        one={"type": "email", "value": "Ana@X.example"},
        other={"type": "phone", "value": "+4915112345678"},
        strength=facts_pb2.LINK_STRENGTH_STRONG,
        statement="crm",
    )
    async with serving(log) as intake:
        await intake.Submit(request(facts_pb2.Fact(desk_id="acme", identity_linked=link)))
        await intake.Submit(request(contact(), "r2"))

    linked, arrived = log.facts[0].body, log.facts[1].body
    assert isinstance(linked, IdentityLinked)
    assert isinstance(arrived, ContactArrived)
    assert linked.one is not None
    assert arrived.customer is not None
    assert linked.one.key == arrived.customer.key
    assert linked.link_id
