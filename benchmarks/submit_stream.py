"""Facts over gRPC SubmitStream into durable records: how many a second.

Two intake processes, a stream each; the client sends requests that were serialised before the clock starts. A fact is
a chat contact with its language and topics given by the caller, as a system that has its own classifier hands them
in. The reference is Kafka's own producer benchmark in the same run.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass

import grpc

from benchmarks.append import reference_rate
from benchmarks.door import PARTITIONS, Door, serving
from benchmarks.front_door import PROCESSES
from benchmarks.measure import Figure
from frontdesk.v1 import facts_pb2, intake_pb2
from services.contract.topics import FACTS
from services.runtime.kafka_log import KafkaLog
from services.runtime.log import TopicSpec

FACTS_SENT = 100_000
SINGLE_FACTS = 30_000
BATCH_LENGTH = 100
GOAL_PER_SECOND = 15_000
METHOD = "/frontdesk.v1.IntakeService/SubmitStream"


async def run(bootstrap: str) -> list[Figure]:
    """Rate and CPU; the ratio to the broker's own producer and to the goal."""
    log = await KafkaLog.connect(bootstrap)
    try:
        topic = f"bench.reference.{time.time_ns():x}"
        await log.create_topics([TopicSpec(topic, PARTITIONS)])
        reference = await asyncio.to_thread(reference_rate, bootstrap, topic)
        with ExitStack() as stack:
            doors = [stack.enter_context(serving(bootstrap)) for _ in range(PROCESSES)]
            addresses = [door.grpc for door in doors]
            await _send(addresses, requests(4_000, BATCH_LENGTH))  # warm
            single = await _measured(log, doors, SINGLE_FACTS, 1)
            batched = await _measured(log, doors, FACTS_SENT, BATCH_LENGTH)
    finally:
        await log.close()
    return [
        Figure("Kafka's own producer (Java)", reference, "records/s"),
        Figure("facts by SubmitStream, one a message", single.rate, "/s"),
        Figure("CPU of intake, one a message", single.cpu_us, "us/fact"),
        Figure(f"facts by SubmitStream, {BATCH_LENGTH} a message", batched.rate, "/s"),
        Figure("CPU of intake, batched", batched.cpu_us, "us/fact"),
        Figure("batched, ratio to Kafka's own producer", batched.rate / reference, ""),
        Figure(f"batched, share of the goal of {GOAL_PER_SECOND}/s", batched.rate / GOAL_PER_SECOND, "x"),
    ]


@dataclass(frozen=True)
class Rate:
    """Durable facts a second, and what each costs intake."""

    rate: float
    cpu_us: float


async def _measured(log: KafkaLog, doors: Sequence[Door], count: int, batch: int) -> Rate:
    """Sends `count` facts; as many records must have come into the log."""
    payload, before = requests(count, batch), await _records(log)
    cpu, began = sum(door.cpu_seconds() for door in doors), time.perf_counter()
    accepted = await _send([door.grpc for door in doors], payload)
    seconds = time.perf_counter() - began
    cpu = sum(door.cpu_seconds() for door in doors) - cpu
    grown = await _records(log) - before
    assert accepted == grown == count, (accepted, grown)
    return Rate(count / seconds, cpu / count * 1e6)


async def _records(log: KafkaLog) -> int:
    return sum([await log.end_offset(FACTS, partition) for partition in range(PARTITIONS)])


def requests(count: int, batch: int) -> list[bytes]:
    """Serialised requests of `batch` facts, each a fact of its own."""
    run_id = f"{time.time_ns():x}"
    fact = facts_pb2.Fact(desk_id="acme", source="chat")
    fact.contact_arrived.channel = facts_pb2.CHANNEL_SOCIAL
    fact.contact_arrived.medium = "chat"
    fact.contact_arrived.account = "web"
    fact.contact_arrived.text = "Where is my parcel? It should have arrived on Monday."
    fact.contact_arrived.language.code = "en"
    fact.contact_arrived.language.confidence = 0.99
    fact.contact_arrived.topics.add(topic_id="delivery", weight=0.9)
    fact.contact_arrived.customer.type = "email"
    found = []
    for first in range(0, count, batch):
        request = intake_pb2.SubmitStreamRequest()
        for number in range(first, min(first + batch, count)):
            fact.contact_arrived.customer.value = f"customer{number}@example.org"
            fact.contact_arrived.thread_id = f"t{number}"
            request.batch.add(request_id=f"{run_id}-{number}", fact=fact)
        if batch == 1:
            request = intake_pb2.SubmitStreamRequest(
                request_id=request.batch[0].request_id, fact=request.batch[0].fact
            )
        found.append(request.SerializeToString())
    return found


async def _send(addresses: Sequence[str], payload: Sequence[bytes]) -> int:
    """Facts accepted over a stream an address."""
    share = -(-len(payload) // len(addresses))
    parts = [payload[n * share : (n + 1) * share] for n in range(len(addresses))]
    return sum(
        await asyncio.gather(*(_one(address, part) for address, part in zip(addresses, parts, strict=True)))
    )


async def _one(address: str, payload: Sequence[bytes]) -> int:
    async with grpc.aio.insecure_channel(address) as channel:
        call: grpc.aio.StreamUnaryMultiCallable[bytes, intake_pb2.SubmitStreamResponse] = (
            channel.stream_unary(METHOD, response_deserializer=intake_pb2.SubmitStreamResponse.FromString)
        )

        async def source() -> AsyncIterator[bytes]:
            for one in payload:
                yield one

        response = await call(source(), timeout=300)
        assert response.refused == 0, response.refusals[:1]
        return int(response.accepted)
