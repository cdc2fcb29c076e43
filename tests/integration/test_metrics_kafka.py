"""Metrics on real Kafka: killed, joined, left and given wrong offsets, every sample equals the log's ground truth."""

from __future__ import annotations

import asyncio
import json
import re
import signal
import sys
import threading
import time
import uuid
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast
from urllib.request import urlopen

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from faust.types import TP
from prometheus_client import CollectorRegistry, generate_latest

from services.contract import decisions as d
from services.contract.codec import encode_decision
from services.metrics.build import topics
from services.metrics.collector import DurableTotals
from services.metrics.consumer import Positions
from services.metrics.settings import MetricsSettings
from services.metrics.store import Board
from services.metrics.stream import FaustSource
from services.runtime import broker
from services.runtime.kafka_log import KafkaLog
from services.runtime.log import TopicSpec
from tests.unit.metrics import exported, ground_truth
from tests.unit.metrics.world import random_log

pytestmark = [pytest.mark.kafka, pytest.mark.slow]
ROOT = Path(__file__).resolve().parents[2]
PARTITIONS = 3
SECONDS_MAX = 60
FOLDED = re.compile(r"^frontdesk_decisions_folded_total\{.*\} (\S+)$", re.MULTILINE)


@dataclass
class Place:
    """A decision log of its own on the broker, and the workers that fold it."""

    log: KafkaLog
    bootstrap: str
    topic: str
    app_id: str
    errors: Path
    records: dict[int, list[d.Decision]] = field(default_factory=dict)

    async def write(self, partition: int, records: list[d.Decision]) -> None:
        self.records.setdefault(partition, []).extend(records)
        await asyncio.gather(
            *(self.log.append(self.topic, partition, b"acme", encode_decision(record)) for record in records)
        )

    def truth(self) -> Mapping[ground_truth.Sample, float]:
        return {
            sample: value
            for partition, records in self.records.items()
            for sample, value in ground_truth.samples(records, partition).items()
        }

    async def make_changelog(self) -> None:
        """What the app id's rows are written to."""
        await self.log.create_topics(topics(PARTITIONS, app_id=self.app_id))

    def written(self) -> int:
        return sum(map(len, self.records.values()))

    @asynccontextmanager
    async def worker(self, *, flush_records: int = 50) -> AsyncIterator[Worker]:
        with self.errors.open("ab") as errors:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "tests.integration.metrics_worker", self.bootstrap, str(PARTITIONS)),
                *(self.topic, self.app_id, str(flush_records)),
                cwd=ROOT,
                stdout=asyncio.subprocess.PIPE,
                stderr=errors,
            )
        try:
            assert process.stdout is not None
            line = await asyncio.wait_for(process.stdout.readline(), SECONDS_MAX)
            yield Worker(process, json.loads(line)["metrics"])
        finally:
            if process.returncode is None:
                process.kill()
            await process.wait()


@dataclass
class Worker:
    process: asyncio.subprocess.Process
    port: int

    async def ready(self) -> None:
        assert self.process.stdout is not None
        line = await asyncio.wait_for(self.process.stdout.readline(), SECONDS_MAX)
        if line == b"":  # it has ended; its status says how
            await asyncio.wait_for(self.process.wait(), SECONDS_MAX)
        assert line == b'{"ready": true}\n', f"the worker ended with {self.process.returncode}"

    async def text(self) -> str:
        return await asyncio.to_thread(
            lambda: urlopen(f"http://127.0.0.1:{self.port}/metrics", timeout=10).read().decode()  # ours
        )

    async def samples(self) -> dict[ground_truth.Sample, float]:
        return exported.samples(await self.text())

    async def decisions(self) -> int:
        return sum(int(float(number)) for number in FOLDED.findall(await self.text()))

    async def kill(self) -> None:
        self.process.kill()
        await self.process.wait()

    async def leave(self) -> None:
        self.process.terminate()
        assert await asyncio.wait_for(self.process.wait(), SECONDS_MAX) == 0


@pytest.fixture
async def place(kafka_bootstrap: str, tmp_path: Path) -> AsyncIterator[Place]:
    async with opened(kafka_bootstrap, tmp_path) as place:
        yield place


@asynccontextmanager
async def opened(kafka_bootstrap: str, tmp_path: Path) -> AsyncIterator[Place]:
    run = uuid.uuid4().hex[:8]
    log = await KafkaLog.connect(kafka_bootstrap)
    place = Place(log, kafka_bootstrap, f"decisions-{run}", f"metrics-{run}", tmp_path / "workers.txt")
    await log.create_topics([TopicSpec(place.topic, PARTITIONS), *topics(PARTITIONS, app_id=place.app_id)])
    place.errors.touch()
    try:
        yield place
    finally:  # above all after a failure: the workers' own words say why one ended
        sys.stderr.write(place.errors.read_text()[-4000:])
        await log.close()


async def until(place: Place, workers: list[Worker], wanted: Callable[[int], bool]) -> None:
    """Waits until the workers together export a wanted number of decisions."""
    folded = -1
    for _ in range(SECONDS_MAX * 10):
        folded = sum([await worker.decisions() for worker in workers])
        if wanted(folded):
            return
        await asyncio.sleep(0.1)
    pytest.fail(f"{folded} of {place.written()} decisions folded:\n{place.errors.read_text()[-3000:]}")


async def told_apart(place: Place, workers: list[Worker]) -> list[dict[ground_truth.Sample, float]]:
    """What each worker tells, once all is folded and every partition told by one of them; a hand-over may be under way before."""
    parts: list[dict[ground_truth.Sample, float]] = []
    for _ in range(SECONDS_MAX * 10):
        await until(place, workers, lambda folded: folded == place.written())
        parts = [dict(await worker.samples()) for worker in workers]
        owners = Counter(partition for part in parts for partition in partitions_of(part))
        if owners == dict.fromkeys(map(str, range(PARTITIONS)), 1):
            return parts
        await asyncio.sleep(0.1)
    pytest.fail(f"partitions are told by {[sorted(partitions_of(part)) for part in parts]}")


async def test_killed_in_the_middle_every_sample_still_equals_the_truth(place: Place) -> None:
    """kill -9 four times while rivals, redeliveries and facts keep coming; rows are written every 50 records."""
    logs = {partition: random_log(partition, 6_000) for partition in range(PARTITIONS)}

    async def produce(first: int, end: int) -> None:
        for start in range(first, end, 100):
            for partition, records in logs.items():
                await place.write(partition, records[start : start + 100])
            await asyncio.sleep(0.05)

    for round in range(4):
        async with place.worker() as worker:
            await worker.ready()
            before = await worker.decisions()
            producing = asyncio.create_task(produce(round * 1_500, round * 1_500 + 1_500))
            await until(place, [worker], lambda folded, before=before: folded > before + 700)  # type: ignore[misc]
            await worker.kill()
            await producing
    async with place.worker() as worker:
        await worker.ready()

        assert await worker.samples() == place.truth()
        assert place.written() == 18_000
        assert (
            "frontdesk_metrics_rebuilds_total 0.0" in await worker.text()
        )  # a killed writer leaves a prefix


async def test_joining_and_leaving_counts_nothing_twice(place: Place) -> None:
    """A rebalance re-delivers what was acked since the last commit (engine.md E2); offsets in the rows absorb it."""
    logs = {partition: random_log(partition + 10, 4_000) for partition in range(PARTITIONS)}

    async def produce() -> None:
        for start in range(0, 4_000, 50):
            for partition, records in logs.items():
                await place.write(partition, records[start : start + 50])
            await asyncio.sleep(0.1)

    producing = asyncio.create_task(produce())
    async with AsyncExitStack() as stack:
        first = await stack.enter_async_context(place.worker())
        await first.ready()
        second = await stack.enter_async_context(place.worker())
        await second.ready()
        await producing
        parts = await told_apart(place, [first, second])
        await second.leave()
        await until(place, [first], lambda folded: folded == place.written())

        assert parts[0] | parts[1] == place.truth()
        assert await first.samples() == place.truth()


async def test_a_worker_that_stood_still_comes_back_and_counts_nothing_twice(place: Place) -> None:
    """SIGSTOP beyond the session timeout: another worker takes over; the sleeper wakes up as a zombie owner."""
    logs = {partition: random_log(partition + 50, 1_500) for partition in range(PARTITIONS)}

    async def write(first: int, end: int) -> None:
        for start in range(first, end, 50):
            for partition, records in logs.items():
                await place.write(partition, records[start : start + 50])
            await asyncio.sleep(0.05)

    async with place.worker() as sleeper, AsyncExitStack() as stack:
        await sleeper.ready()
        await write(0, 300)
        await until(place, [sleeper], lambda folded: folded > 300)
        sleeper.process.send_signal(signal.SIGSTOP)
        other = await stack.enter_async_context(place.worker())
        await write(300, 900)
        await until(place, [other], lambda folded: folded == place.written())
        sleeper.process.send_signal(signal.SIGCONT)
        await write(900, 1_500)
        parts = await told_apart(place, [sleeper, other])

        assert parts[0] | parts[1] == place.truth()


async def test_a_record_delivered_too_early_sends_the_consumer_back(place: Place) -> None:
    """The consumer is moved ahead by hand, as a lost changelog or a bug in a client would do."""
    records = random_log(60, 900)
    await place.write(0, records[:300])
    board = Board(PARTITIONS)
    settings = MetricsSettings(app_id=place.app_id, publish_ms=20)
    source = FaustSource(settings, board, bootstrap=place.bootstrap, decisions=place.topic)
    running = asyncio.create_task(source.run())
    try:
        await asyncio.wait_for(source.ready(), SECONDS_MAX)
        for number in range(3):
            end = 300 + 200 * number
            home = TP(place.topic, 0)
            source.app.consumer.pause_partitions({home})
            await place.write(0, records[end : end + 200])
            await source.app.consumer.seek(home, end + 100)
            source.app.consumer.resume_partitions({home})
            for _ in range(SECONDS_MAX * 20):
                if board.ledgers[0].last_offset == end + 199:
                    break
                await asyncio.sleep(0.05)
            assert board.ledgers[0].last_offset == end + 199
        board.publish()
        registry = CollectorRegistry()
        registry.register(DurableTotals(lambda: board.snapshot))

        assert board.gaps >= 3
        assert exported.samples(generate_latest(registry).decode()) == place.truth()
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def test_records_fetched_while_the_flow_stands_still_are_not_lost(place: Place) -> None:
    """A fetch that waits while partitions move is answered after recovery has said where to begin.

    Faust throws what it gets then away, goes on behind it, and recovers for ever. Here the same is done by hand: the
    consumer waits for records of the changelog, its flow is stopped, and it is sent to where the changelog begins.
    """
    await place.write(0, random_log(61, 300))
    settings = MetricsSettings(app_id=place.app_id, publish_ms=20, flush_records=10)
    source = FaustSource(settings, Board(PARTITIONS), bootstrap=place.bootstrap, decisions=place.topic)
    running = asyncio.create_task(source.run())
    try:
        await asyncio.wait_for(source.ready(), SECONDS_MAX)
        consumer, rows = (
            cast(Positions, source.app.consumer),
            TP(topics(PARTITIONS, app_id=place.app_id)[0].name, 0),
        )
        begins = (await consumer.earliest_offsets(rows))[rows]
        assert (await consumer.highwaters(rows))[rows] > begins
        takes, given_back = consumer.takes, []

        def noting(tp: TP) -> bool:
            taken: bool = takes(tp)
            if tp == rows and not taken:
                given_back.append(tp)
            return taken

        consumer.takes = noting  # type: ignore[method-assign]
        consumer.pause_partitions({TP(place.topic, partition) for partition in range(PARTITIONS)})
        until = time.monotonic() + SECONDS_MAX
        while not given_back and time.monotonic() < until:
            consumer.resume_flow()
            consumer.resume_partitions({rows})
            await asyncio.sleep(0.2)  # the fetcher asks again meanwhile, and waits for up to a second
            consumer.stop_flow()
            await consumer.seek_wait({rows: begins})
            for _ in range(20):
                await asyncio.sleep(0.1)
                if given_back:
                    break
            assert await consumer.position(rows) == begins
        assert given_back, "no fetch was answered while the flow stood still: the test proves nothing"
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def test_the_consumer_is_sent_elsewhere_in_its_own_thread_only(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A seek throws away what was fetched; from another thread it did so under a fetch that was taking it out."""
    await place.write(0, random_log(61, 300))
    settings = MetricsSettings(app_id=place.app_id, publish_ms=20, flush_records=10)
    source = FaustSource(settings, Board(PARTITIONS), bootstrap=place.bootstrap, decisions=place.topic)
    seek, threads = AIOKafkaConsumer.seek, list[tuple[TP, str]]()

    def noted(self: AIOKafkaConsumer, partition: TP, offset: int) -> None:
        threads.append((TP(*partition), threading.current_thread().name))
        seek(self, partition, offset)

    monkeypatch.setattr(AIOKafkaConsumer, "seek", noted)
    running = asyncio.create_task(source.run())
    try:
        await asyncio.wait_for(source.ready(), SECONDS_MAX)
        at_the_start = {tp for tp, _ in threads if tp.topic == place.topic}
        await source.app.consumer.seek(TP(place.topic, 0), 7)
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)

    assert at_the_start == {TP(place.topic, partition) for partition in range(PARTITIONS)}
    assert threads[-1][0] == TP(place.topic, 0)
    assert threading.current_thread().name not in {name for _, name in threads}


async def test_rows_of_a_zombie_over_newer_ones_are_folded_again(place: Place) -> None:
    """The newest rows of one partition are overwritten with older ones; their counts do not add up any more."""
    for partition in range(PARTITIONS):
        await place.write(partition, random_log(partition + 70, 500))
    async with place.worker(flush_records=100) as worker:
        await worker.ready()
        await worker.leave()
    changelog = topics(PARTITIONS, app_id=place.app_id)[0].name
    tail = await place.log.tail(changelog, {1: 0})
    rows = await tail.read(records_max=10_000, wait_ms=2_000)
    first = {row.key: row.value for row in reversed(rows)}
    base = next(key for key in first if key.endswith(b"/head"))
    await place.log.append(changelog, 1, base, first[base])
    await tail.close()

    async with place.worker() as worker:
        await worker.ready()

        assert await worker.samples() == place.truth()
        assert "frontdesk_metrics_rebuilds_total 1.0" in await worker.text()


async def test_another_log_under_the_same_name_is_refused(place: Place) -> None:
    """The decisions' topic was created anew while the rows stayed: totals of two logs must not be mixed."""
    await place.write(0, random_log(80, 200))
    async with place.worker(flush_records=1) as worker:
        await worker.ready()
        await worker.leave()
    place.topic += "-anew"
    await place.log.create_topics([TopicSpec(place.topic, PARTITIONS)])
    await place.write(0, random_log(81, 10))

    async with place.worker() as worker:
        assert await asyncio.wait_for(worker.process.wait(), SECONDS_MAX) == 1
    assert "was it created anew?" in place.errors.read_text()


@pytest.mark.usefixtures("kafka_bootstrap")  # skips or fails where no broker can be had
async def test_a_broker_that_is_killed_and_returns_loses_nothing(kafka_state: Path, tmp_path: Path) -> None:
    """Faust goes on committing while its changelog cannot be written (engine.md E3); the worker is then killed."""
    if not broker.can_run():
        pytest.skip("a broker was given, and none of our own can be started to be killed")
    own = await asyncio.to_thread(broker.start, kafka_state / "metrics", port=0)
    try:
        async with opened(own.bootstrap, tmp_path) as place:
            logs = {partition: random_log(partition + 90, 1_200) for partition in range(PARTITIONS)}

            async def write(first: int, end: int) -> None:
                for partition, records in logs.items():
                    await place.write(partition, records[first:end])

            await write(0, 400)
            async with place.worker() as worker:
                await worker.ready()
                await write(400, 800)
                await asyncio.to_thread(own.kill)
                await asyncio.to_thread(own.restart)
                await write(800, 1_000)
                await until(place, [worker], lambda folded: folded == place.written())
                assert await worker.samples() == place.truth()
                await worker.kill()
            await write(1_000, 1_200)
            async with place.worker() as worker:
                await worker.ready()
                assert await worker.samples() == place.truth()
    finally:
        await asyncio.to_thread(own.stop)


async def test_a_group_offset_ahead_of_the_rows_hides_nothing(place: Place) -> None:
    """The group says everything is done, the table is empty, and nothing new arrives to show the gap."""
    for partition in range(PARTITIONS):
        await place.write(partition, random_log(partition + 20, 500))
    await commit(place, dict.fromkeys(range(PARTITIONS), 500))

    async with place.worker() as worker:
        await worker.ready()

        assert await worker.samples() == place.truth()


async def test_a_group_offset_behind_the_rows_repeats_nothing(place: Place) -> None:
    for partition in range(PARTITIONS):
        await place.write(partition, random_log(partition + 30, 500))
    async with place.worker(flush_records=1) as worker:
        await worker.ready()
        await worker.leave()
    await commit(place, dict.fromkeys(range(PARTITIONS), 1))

    async with place.worker() as worker:
        await worker.ready()

        assert await worker.samples() == place.truth()
        assert "frontdesk_metrics_rebuilds_total 0.0" in await worker.text()


async def test_a_record_that_does_not_parse_ends_the_process(place: Place) -> None:
    """Faust would acknowledge it and go on (engine.md E1); the totals behind it would be of another log."""
    for partition in range(PARTITIONS):
        await place.write(partition, random_log(partition + 40, 20))
    await place.log.append(place.topic, 1, b"acme", b"\xff\xff\xff")

    async with place.worker() as worker:
        assert await asyncio.wait_for(worker.process.wait(), SECONDS_MAX) == 1
    assert "partition 1, offset 20" in place.errors.read_text()


def partitions_of(samples: Mapping[ground_truth.Sample, float]) -> set[str]:
    return {dict(labels)["partition"] for _, labels in samples}


async def commit(place: Place, offsets: Mapping[int, int]) -> None:
    """Sets the group's offsets by hand."""
    consumer = AIOKafkaConsumer(
        bootstrap_servers=place.bootstrap, group_id=place.app_id, enable_auto_commit=False
    )
    await consumer.start()
    try:
        consumer.assign([TopicPartition(place.topic, partition) for partition in offsets])
        await consumer.commit({TopicPartition(place.topic, p): offset for p, offset in offsets.items()})
    finally:
        await consumer.stop()
