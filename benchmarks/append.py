"""How fast records are appended durably, against Kafka's own producer benchmark on the same broker.

The reference is `ProducerPerformance` of the pinned Kafka version (Java, acks=all, batches of the same size, 10 ms to
fill them), its JVM's warm-up included. Ours keep at most 5,000 records in flight, as a service would.
"""

from __future__ import annotations

import asyncio
import re
import subprocess
import tempfile
import time
import uuid
from pathlib import Path

from benchmarks.measure import Figure, percentile
from services.runtime.broker import jars
from services.runtime.broker.settings import LOGGING
from services.runtime.kafka_append import BATCH_BYTES_MAX
from services.runtime.kafka_log import KafkaLog
from services.runtime.log import Appender, TopicSpec
from services.runtime.sqlite_log import SqliteLog

PARTITIONS = 16
VALUE = b"v" * 500
REFERENCE_RECORDS = 300_000
RECORDS = 60_000
ONE_BY_ONE = 300
REFERENCE_LINGER_MS = 10
WINDOW = 5_000


async def run(bootstrap: str) -> list[Figure]:
    """Absolute rates, CPU and latency of each way, and the ratio of rates to the reference."""
    topic = f"bench.append.{uuid.uuid4().hex[:8]}"
    log = await KafkaLog.connect(bootstrap)
    await log.create_topics([TopicSpec(topic, PARTITIONS)])
    with tempfile.TemporaryDirectory() as folder:
        embedded = await SqliteLog.open(Path(folder) / "log.db")
        await embedded.create_topics([TopicSpec(topic, PARTITIONS)])
        reference = await asyncio.to_thread(reference_rate, bootstrap, topic)
        figures = [Figure("Kafka's own producer (Java)", reference, "records/s")]
        for name, appender in (
            ("on Kafka (aiokafka)", log),
            ("embedded (SQLite)", embedded),
        ):
            figures += await _measured(name, appender, topic, reference)
        await embedded.close()
    await log.close()
    return figures


def reference_rate(bootstrap: str, topic: str) -> float:
    """Records per second, as the tool reports them; the jars come from where the broker's do."""
    library = jars.ensure(lambda line: print(f"  {line}"))
    command = [jars.java() or "java", "-cp", f"{library}/*", f"-Dlog4j2.configurationFile={LOGGING}"]
    command += ["org.apache.kafka.tools.ProducerPerformance", "--topic", topic, "--throughput", "-1"]
    command += ["--num-records", str(REFERENCE_RECORDS), "--record-size", str(len(VALUE)), "--producer-props"]
    command += [
        f"bootstrap.servers={bootstrap}",
        "acks=all",
        f"linger.ms={REFERENCE_LINGER_MS}",
        f"batch.size={BATCH_BYTES_MAX}",
    ]
    said = subprocess.run(command, check=True, capture_output=True, text=True, timeout=120).stdout
    found = re.search(r"sent, ([\d.]+) records/sec", said.splitlines()[-1])
    assert found is not None, said
    return float(found.group(1))


async def _measured(name: str, appender: Appender, topic: str, reference: float) -> list[Figure]:
    await _pipelined(appender, topic, RECORDS // 10)  # connections, metadata, caches
    cpu, wall = time.process_time(), time.perf_counter()
    await _pipelined(appender, topic, RECORDS)
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    waits = [await _one(appender, topic) for _ in range(ONE_BY_ONE)]
    return [
        Figure(f"{name}, pipelined", RECORDS / wall, "records/s"),
        Figure(f"{name}, ratio to Kafka's own", RECORDS / wall / reference, ""),
        Figure(f"{name}, CPU", cpu / RECORDS * 1e6, "us/record"),
        Figure(f"{name}, one by one p50", percentile(waits, 0.50) * 1e3, "ms"),
        Figure(f"{name}, one by one p99", percentile(waits, 0.99) * 1e3, "ms"),
    ]


async def _pipelined(appender: Appender, topic: str, count: int) -> None:
    """Half a window is sent while the other half is answered."""
    waiting: list[asyncio.Future[int]] = []
    for sent in range(0, count, WINDOW // 2):
        batch = [
            appender.append(topic, n % PARTITIONS, b"key", VALUE) for n in range(sent, sent + WINDOW // 2)
        ]
        await asyncio.gather(*waiting)
        waiting = batch
    await asyncio.gather(*waiting)


async def _one(appender: Appender, topic: str) -> float:
    began = time.perf_counter()
    await appender.append(topic, 0, b"key", VALUE)
    return time.perf_counter() - began
