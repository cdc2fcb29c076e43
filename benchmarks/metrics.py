"""Metrics on real Kafka: decisions into every KPI table against a bare Faust table write, recovery, freshness, the scrape.

    python -m benchmarks metrics

Bare: a Faust agent that writes one row of its table for each record of the same topic and knows nothing of its content;
that is what any table in Faust costs. Ours decodes, checks the chain, folds every KPI and what stands now, and writes the
changed rows each 500 records. Rates are per second of this process's CPU, all threads, so a machine that others use as
well tells the same; times to be visible are by the clock. `python -m benchmarks.metrics_fold` has the fold by itself.
"""

from __future__ import annotations

import asyncio
import statistics
import time
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any
from urllib.request import urlopen

import faust
from faust.contrib.asgi import bind_to_running_loop
from prometheus_client import CollectorRegistry

from benchmarks.measure import Figure, percentile
from services.contract.codec import encode_decision
from services.contract.decisions import Escalated
from services.contract.facts import Channel
from services.metrics.build import topics
from services.metrics.collector import DurableTotals
from services.metrics.settings import MetricsSettings
from services.metrics.store import Board
from services.metrics.stream import FaustSource
from services.runtime.clock import WallClock
from services.runtime.kafka_log import KafkaLog
from services.runtime.lifecycle import calm_collector
from services.runtime.log import TopicSpec
from services.runtime.observe import serve_metrics
from tests.unit.metrics.world import Writer, random_log

RECORDS = 40_000
ROWS = 200
"""Rows that the bare table has; ours writes some two hundred at each flush."""
ROW_BYTES = 500
SHOWN = 100
"""Decisions whose way to /metrics is timed, one after the other."""
SCRAPES = 20
SERIES = 2_000
SECONDS_MAX = 300

FOLDED = "every KPI table, from zero, by CPU"
RATIO = "ratio of CPU, every KPI table to one bare row"
RECOVERED = "recovery from the rows, by the clock"
VISIBLE = "decision acknowledged to visible in /metrics, p99"
SCRAPED = f"scrape of {SERIES:,} series, by the clock"


async def run(bootstrap: str) -> list[Figure]:
    """All of it on topics of its own."""
    calm_collector()
    run_id = uuid.uuid4().hex[:8]
    topic = f"bench-decisions-{run_id}"
    writer = Writer()
    async with AsyncExitStack() as stack:
        log = await KafkaLog.connect(bootstrap)
        stack.push_async_callback(log.close)
        app_ids = {name: f"bench-{name}-{run_id}" for name in ("bare", "ours")}
        specs = [spec for app_id in app_ids.values() for spec in topics(1, app_id=app_id)]
        await log.create_topics([TopicSpec(topic, 1), *specs])
        writer.records = random_log(1, RECORDS)
        await _append(log, topic, [encode_decision(record) for record in writer.records])
        bare = await _bare(bootstrap, topic, app_ids["bare"])
        ours = await _folded(bootstrap, topic, app_ids["ours"])
        recovered, figures = await _recovered(bootstrap, topic, app_ids["ours"], log, writer)
    return [
        Figure("bare Faust table write", RECORDS / bare.cpu_seconds, "records/s"),
        Figure(FOLDED, RECORDS / ours.cpu_seconds, "decisions/s"),
        Figure("the same by the clock", RECORDS / ours.seconds, "decisions/s"),
        Figure(RATIO, ours.cpu_seconds / bare.cpu_seconds, "times"),
        Figure("recovery from the rows, by CPU", RECORDS / recovered.cpu_seconds, "records/s"),
        Figure(RECOVERED, RECORDS / recovered.seconds, "records/s"),
        Figure("time of that recovery", recovered.seconds, "s"),
        *figures,
    ]


@dataclass(frozen=True)
class Spent:
    """What a run over all records took."""

    cpu_seconds: float
    """Of this process, all threads."""
    seconds: float


async def _append(log: KafkaLog, topic: str, values: list[bytes]) -> None:
    for start in range(0, len(values), 1_000):
        await asyncio.gather(
            *(log.append(topic, 0, b"acme", value) for value in values[start : start + 1_000])
        )


async def _bare(bootstrap: str, topic: str, app_id: str) -> Spent:
    app = faust.App(
        app_id,
        broker=f"kafka://{bootstrap}",
        store="memory://",
        autodiscover=False,
        web_enabled=False,
        key_serializer="raw",
        value_serializer="raw",
        topic_partitions=1,
        topic_allow_declare=False,
        topic_disable_leader=True,
        consumer_auto_offset_reset="earliest",
        producer_linger=0.005,
        stream_wait_empty=True,
    )
    table = app.Table("kpis", partitions=1, key_type=bytes, value_type=bytes)
    seen, done, row = [0], asyncio.Event(), b"r" * ROW_BYTES

    async def write(stream: Any) -> None:
        async for event in stream.events():
            table[b"row-%d" % (event.message.offset % ROWS)] = row
            seen[0] += 1
            if seen[0] >= RECORDS:
                done.set()

    source = app.topic(topic, partitions=1, key_type=bytes, value_type=bytes, value_serializer="raw")
    app.agent(source, name="bench-bare")(write)
    bind_to_running_loop(app)
    app.finalize()
    return await _spent(lambda: app.maybe_start(), done.wait, app.stop)


async def _folded(bootstrap: str, topic: str, app_id: str) -> Spent:
    async with _source(bootstrap, topic, app_id) as (source, _, start):
        return await _spent(start, source.ready, lambda: asyncio.sleep(0))


async def _spent(start: Callable[[], Any], ready: Callable[[], Any], stop: Callable[[], Any]) -> Spent:
    """Everything from the start until all is done; starting is in all alike."""
    cpu_began, began = time.process_time(), time.perf_counter()
    starting = asyncio.ensure_future(start())
    async with asyncio.timeout(SECONDS_MAX):
        await ready()
    spent = Spent(time.process_time() - cpu_began, time.perf_counter() - began)
    await stop()
    starting.cancel()
    await asyncio.gather(starting, return_exceptions=True)
    return spent


@asynccontextmanager
async def _source(
    bootstrap: str, topic: str, app_id: str
) -> AsyncIterator[tuple[FaustSource, Board, Callable[[], Any]]]:
    board = Board(1, now_ms=WallClock().now_ms)
    source = FaustSource(MetricsSettings(app_id=app_id), board, bootstrap=bootstrap, decisions=topic)
    running: list[asyncio.Task[None]] = []

    async def start() -> None:
        running.append(asyncio.create_task(source.run()))

    try:
        yield source, board, start
    finally:
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)


async def _recovered(
    bootstrap: str, topic: str, app_id: str, log: KafkaLog, writer: Writer
) -> tuple[Spent, list[Figure]]:
    """What it took to know the log again; then freshness and the scrape at the service that did it."""
    async with _source(bootstrap, topic, app_id) as (source, board, start):
        spent = await _spent(start, source.ready, lambda: asyncio.sleep(0))
        registry = CollectorRegistry()
        registry.register(DurableTotals(lambda: board.snapshot, now_ms=WallClock().now_ms))
        endpoint = serve_metrics(registry, host="127.0.0.1", port=0)
        try:
            shown = await _shown(log, topic, writer, board, endpoint.port)
            series, cpu_ms, clock_ms = await _scraped(endpoint.port)
        finally:
            endpoint.close()
    return spent, [
        Figure("decision acknowledged to visible in /metrics, p50", percentile(shown, 0.5), "ms"),
        Figure(VISIBLE, percentile(shown, 0.99), "ms"),
        Figure("series scraped", series, "series"),
        Figure(f"scrape of {SERIES:,} series, CPU", cpu_ms * SERIES / series, "ms"),
        Figure(SCRAPED, clock_ms * SERIES / series, "ms"),
    ]


async def _shown(log: KafkaLog, topic: str, writer: Writer, board: Board, port: int) -> list[float]:
    """Milliseconds from the broker's acknowledgement to the text that has it."""
    writer.head = board.ledgers[0].chain.head
    writer.last_fact = board.ledgers[0].chain.last_fact
    writer.now_ms = board.ledgers[0].watermark_ms
    writer._next_id = 10**9
    found = []
    for number in range(SHOWN):
        writer.fact(Escalated(channel=Channel.PHONE, queue_id="calls", reason="lacks_authority"))
        await log.append(topic, 0, b"acme", encode_decision(writer.records[-1]))
        began = time.perf_counter()
        wanted = RECORDS + number + 1
        while _told(board) < wanted:  # noqa: ASYNC110 - polling is what Prometheus does
            await asyncio.sleep(0.002)
        await asyncio.to_thread(_text, port)  # what a scrape then costs is part of the way
        found.append((time.perf_counter() - began) * 1e3)
    return found


def _told(board: Board) -> int:
    return sum(one.accepted + one.rejected for one in board.snapshot.ledgers)


async def _scraped(port: int) -> tuple[int, float, float]:
    """Series, and the median CPU and time of a scrape in milliseconds, client included."""
    cpu, clock = [], []
    for _ in range(SCRAPES):
        cpu_began, began = time.process_time(), time.perf_counter()
        text = await asyncio.to_thread(_text, port)
        cpu.append((time.process_time() - cpu_began) * 1e3)
        clock.append((time.perf_counter() - began) * 1e3)
    series = sum(not line.startswith(b"#") for line in text.splitlines())
    return series, statistics.median(cpu), statistics.median(clock)


def _text(port: int) -> bytes:
    with urlopen(f"http://127.0.0.1:{port}/metrics", timeout=30) as answer:  # our own server
        body: bytes = answer.read()
    return body
