"""The router's loop against a bare aiokafka loop on the same facts, one core.

Bare: a consumer reads the facts, a producer appends a record of the size of a decision for each, idempotent,
acks=all, without waiting; a second consumer reads them back. That is the shell's ceiling (engine.md 8). Ours
is the same plus decode, decide, fold, encode, decode and fold again from the tail.
"""

from __future__ import annotations

import asyncio
import resource
import time
from contextlib import AsyncExitStack

from prometheus_client import CollectorRegistry

from benchmarks.latency import desk
from benchmarks.measure import Figure
from services.contract.codec import encode_fact
from services.contract.facts import (
    Channel,
    ContactArrived,
    CustomerRef,
    DeskConfigured,
    Fact,
    LanguageGuess,
    TopicWeight,
)
from services.contract.topics import DECISIONS, FACTS
from services.router import kernels
from services.router.build import build, topics
from services.router.policy.prices import load_solver
from services.router.settings import RouterSettings
from services.runtime.clock import WallClock
from services.runtime.kafka_log import KafkaLog
from services.runtime.lifecycle import calm_collector
from services.runtime.log import TopicSpec

FACTS_COUNT = 10_000
DECISION_BYTES = 500


async def run(bootstrap: str) -> list[Figure]:
    """Facts per second and CPU per fact of both loops, and their ratio."""
    kernels.take_large_pages()  # as `frontdesk serve` does, and this; the bare loop gets the same
    calm_collector()
    load_solver()  # a router that is served has by then
    async with AsyncExitStack() as stack:
        log = await KafkaLog.connect(bootstrap)
        stack.push_async_callback(log.close)
        bare_rate, bare_cpu = await _bare(log)
        rate, cpu = await _router(log)
    return [
        Figure("bare aiokafka loop", bare_rate, "facts/s"),
        Figure("bare aiokafka loop, CPU per fact", bare_cpu, "us"),
        Figure("router: decide, append, fold", rate, "facts/s"),
        Figure("router, CPU per fact", cpu, "us"),
        Figure("ratio of rates, router to bare", rate / bare_rate, "times"),
    ]


def _cpu_seconds() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


async def _append_all(log: KafkaLog, topic: str, values: list[bytes]) -> None:
    for at in range(0, len(values), 1_000):
        await asyncio.gather(*(log.append(topic, 0, b"bench", value) for value in values[at : at + 1_000]))


async def _bare(log: KafkaLog) -> tuple[float, float]:
    source, sink = "frontdesk.bench.source", "frontdesk.bench.sink"
    await log.create_topics([TopicSpec(source, 1), TopicSpec(sink, 1)])
    start, sink_start = await log.end_offset(source, 0), await log.end_offset(sink, 0)
    await _append_all(log, source, [_contact(i, 0) for i in range(FACTS_COUNT)])
    reading, checking = await log.tail(source, {0: start}), await log.tail(sink, {0: sink_start})
    began, cpu = time.perf_counter(), _cpu_seconds()
    appends: list[asyncio.Future[int]] = []
    seen = 0

    async def verify() -> None:
        nonlocal seen
        while seen < FACTS_COUNT:
            seen += len(await checking.read())

    verifying = asyncio.ensure_future(verify())
    done = 0
    while done < FACTS_COUNT:
        for _ in await reading.read():
            appends.append(log.append(sink, 0, b"bench", b"d" * DECISION_BYTES))
            done += 1
        await asyncio.sleep(0)
    await asyncio.gather(*appends)
    await verifying
    spent, cpu = time.perf_counter() - began, _cpu_seconds() - cpu
    await reading.close()
    await checking.close()
    return FACTS_COUNT / spent, cpu / FACTS_COUNT * 1e6


async def _router(log: KafkaLog) -> tuple[float, float]:
    """Contacts at a desk of this run's own; nobody is signed in, so all of them wait."""
    await log.create_topics(topics(1))
    run_id = time.time_ns()
    configured = DeskConfigured(desk=desk(f"bench-{run_id}"))
    await _append_all(log, FACTS, [_fact(f"desk-{run_id}", run_id, configured)])
    await _append_all(log, FACTS, [_contact(i, run_id) for i in range(FACTS_COUNT)])
    end = await log.end_offset(FACTS, 0)
    router = build(
        RouterSettings("bench", 1, 500, 20_000), clock=WallClock(), log=log, registry=CollectorRegistry()
    )
    before = await log.end_offset(DECISIONS, 0)
    running = asyncio.ensure_future(router.run())
    try:
        started = asyncio.ensure_future(router.tail.reached(0, before + 1))
        await asyncio.wait({started, running}, return_when=asyncio.FIRST_COMPLETED)
        if running.done():
            running.result()
        first = router.tail.state(0).last_fact
        began, cpu = time.perf_counter(), _cpu_seconds()
        while router.tail.state(0).last_fact < end - 1:
            if running.done():
                running.result()
            await asyncio.sleep(0.005)
        spent, cpu = time.perf_counter() - began, _cpu_seconds() - cpu
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    decided = end - 1 - first
    return decided / spent, cpu / decided * 1e6


def _contact(index: int, run_id: int) -> bytes:
    return _fact(
        f"{run_id}-{index}",
        run_id,
        ContactArrived(
            contact_id=f"{run_id}-{index}",
            channel=Channel.SOCIAL,
            medium="messenger",
            customer=CustomerRef(type="psid", value=str(index), key=f"{run_id}-{index}"),
            thread_key=f"{run_id}-{index}",
            text="Where is my parcel? It should have come on Monday.",
            language=LanguageGuess(code="en", script="Latn", confidence=0.9, source="text"),
            topics=(TopicWeight(topic_id="billing", weight=0.9),),
        ),
    )


def _fact(fact_id: str, run_id: int, body: ContactArrived | DeskConfigured) -> bytes:
    now_ms = time.time_ns() // 1_000_000
    return encode_fact(
        Fact(
            fact_id=fact_id,
            desk_id=f"bench-{run_id}",
            occurred_at_ms=now_ms,
            received_at_ms=now_ms,
            source="bench",
            body=body,
        )
    )
