"""Signed webhooks through the whole of intake into durable facts: how many a second, and how long each waits.

Two intake processes serve, as two replicas behind a balancer would, on the same two cores as the broker and the
client; every request is a delivery of its own (other ids, other words in six languages, signed as its provider
signs), made before the clock starts. What is counted is 2xx answers, and the facts' partitions must have grown by
exactly as many records. The reference is Kafka's own producer benchmark in the same run.
"""

from __future__ import annotations

import asyncio
import time
from contextlib import ExitStack

from benchmarks.append import reference_rate
from benchmarks.deliveries import requests
from benchmarks.door import PARTITIONS, serving
from benchmarks.http_load import load
from benchmarks.measure import Figure, percentile
from benchmarks.stages import costs
from services.contract.topics import FACTS
from services.runtime.kafka_log import KafkaLog
from services.runtime.lifecycle import calm_collector
from services.runtime.log import TopicSpec

PROCESSES = 2
WARM = 12_000
"""Until the broker has compiled what it does all the time; a broker in use has."""
REQUESTS = 24_000
PACED_SECONDS = 8
GOAL_PER_SECOND = 3_000
PACED_PER_SECOND = GOAL_PER_SECOND // 2
GOAL_P99_MS = 60.0


async def run(bootstrap: str) -> list[Figure]:
    """Rate, CPU and latency; all absolute but the ratios to the broker's own producer and to the goals."""
    calm_collector()  # a long collection here would be told as intake's latency
    log = await KafkaLog.connect(bootstrap)
    try:
        with ExitStack() as stack:
            reference = await _reference(log, bootstrap)
            doors = [stack.enter_context(serving(bootstrap)) for _ in range(PROCESSES)]
            await load([door.http for door in doors], requests(WARM), pace=0)
            before = await _records(log)
            cpu = sum(door.cpu_seconds() for door in doors)
            full = await load([door.http for door in doors], requests(REQUESTS), pace=0)
            cpu = sum(door.cpu_seconds() for door in doors) - cpu
            grown = await _records(log) - before
            paced = await load(
                [door.http for door in doors],
                requests(PACED_PER_SECOND * PACED_SECONDS),
                pace=PACED_PER_SECOND,
            )
    finally:
        await log.close()
    assert full.refused == paced.refused == 0, (full.refused, paced.refused)
    assert grown == REQUESTS, f"{grown} facts of {REQUESTS} deliveries"
    rate, cpu_us, stages = REQUESTS / full.seconds, cpu / REQUESTS * 1e6, costs()
    return [
        Figure("Kafka's own producer (Java)", reference, "records/s"),
        Figure("signed webhooks to durable facts", rate, "/s"),
        Figure("ratio to Kafka's own producer", rate / reference, ""),
        Figure(f"share of the goal of {GOAL_PER_SECOND}/s", rate / GOAL_PER_SECOND, "x"),
        Figure("CPU of intake", cpu_us, "us/delivery"),
        *(Figure(f"... of it: {stage}", cost, "us") for stage, cost in stages.items()),
        Figure("... of it: HTTP, log line, metrics, append", cpu_us - sum(stages.values()), "us"),
        Figure(f"at {PACED_PER_SECOND}/s, p50", percentile(paced.waits, 0.5) * 1e3, "ms"),
        Figure(f"at {PACED_PER_SECOND}/s, p99", percentile(paced.waits, 0.99) * 1e3, "ms"),
        Figure(
            f"p99 as a share of the goal of {GOAL_P99_MS:.0f} ms",
            percentile(paced.waits, 0.99) * 1e3 / GOAL_P99_MS,
            "x",
        ),
    ]


async def _reference(log: KafkaLog, bootstrap: str) -> float:
    topic = f"bench.reference.{time.time_ns():x}"
    await log.create_topics([TopicSpec(topic, PARTITIONS)])
    return await asyncio.to_thread(reference_rate, bootstrap, topic)


async def _records(log: KafkaLog) -> int:
    return sum([await log.end_offset(FACTS, partition) for partition in range(PARTITIONS)])
