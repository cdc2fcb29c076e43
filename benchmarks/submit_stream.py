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

import grpc

from benchmarks.append import reference_rate
from benchmarks.front_door import PARTITIONS, PROCESSES, serving
from benchmarks.measure import Figure
from frontdesk.v1 import facts_pb2, intake_pb2
from services.contract.topics import FACTS
from services.runtime.kafka_log import KafkaLog
from services.runtime.log import TopicSpec

FACTS_SENT = 60_000
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
            await _send(addresses, requests(4_000))  # warm
            before = await _records(log)
            payload = requests(FACTS_SENT)
            cpu = sum(door.cpu_seconds() for door in doors)
            began = time.perf_counter()
            accepted = await _send(addresses, payload)
            seconds = time.perf_counter() - began
            cpu = sum(door.cpu_seconds() for door in doors) - cpu
            grown = await _records(log) - before
    finally:
        await log.close()
    assert accepted == grown == FACTS_SENT, (accepted, grown)
    rate = FACTS_SENT / seconds
    return [
        Figure("Kafka's own producer (Java)", reference, "records/s"),
        Figure("facts by SubmitStream, durable", rate, "/s"),
        Figure("ratio to Kafka's own producer", rate / reference, ""),
        Figure(f"share of the goal of {GOAL_PER_SECOND}/s", rate / GOAL_PER_SECOND, "x"),
        Figure("CPU of intake", cpu / FACTS_SENT * 1e6, "us/fact"),
    ]


async def _records(log: KafkaLog) -> int:
    return sum([await log.end_offset(FACTS, partition) for partition in range(PARTITIONS)])


def requests(count: int) -> list[bytes]:
    """Serialised requests, each a fact of its own."""
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
    for number in range(count):
        fact.contact_arrived.customer.value = f"customer{number}@example.org"
        fact.contact_arrived.thread_id = f"t{number}"
        request = intake_pb2.SubmitStreamRequest(request_id=f"{run_id}-{number}", fact=fact)
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
