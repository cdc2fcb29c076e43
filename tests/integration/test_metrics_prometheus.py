"""Every KPI through real Kafka and a real Prometheus: a stalled broker, late clocks, a hand-over; PromQL tells the truth."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from services.contract.decisions import Decision
from services.metrics.catalogue import MEASURES
from services.metrics.measure import Kind
from services.runtime import broker
from tests.integration.test_metrics_kafka import PARTITIONS, Place, Worker, opened, until
from tests.prometheus import Prometheus, Tools
from tests.unit.metrics import ground_truth
from tests.unit.metrics.world import random_log

pytestmark = [pytest.mark.kafka, pytest.mark.slow]
STALL_SECONDS = 5.0
ASKED_MAX = 20
FAMILIES = tuple(
    f"{measure.name}_{part}"
    for measure in MEASURES
    for part in (("total",) if measure.kind is Kind.COUNTER else ("bucket", "count", "sum"))
)


def late_logs(seed: int, records: int) -> dict[int, list[Decision]]:
    """Logs in which some records were decided by a clock that was set back."""
    return {partition: random_log(seed + partition, records, late=True) for partition in range(PARTITIONS)}


@pytest.mark.usefixtures("kafka_bootstrap")  # skips or fails where no broker can be had
async def test_a_broker_that_stands_still_for_five_seconds_changes_no_number(
    kafka_state: Path, tmp_path: Path
) -> None:
    """SIGSTOP under load, then kill -9 of the worker, then a replay from zero by one that knows nothing."""
    if not broker.can_run():
        pytest.skip("a broker was given, and none of our own can be stopped")
    own = await asyncio.to_thread(broker.start, kafka_state / "stalled", port=0)
    if own.pid == 0:
        pytest.skip("the broker runs in Docker and cannot be stopped by a signal")
    try:
        async with opened(own.bootstrap, tmp_path) as place:
            logs = late_logs(200, 900)

            async def write(first: int, end: int) -> None:
                for start in range(first, end, 50):
                    for partition, records in logs.items():
                        await place.write(partition, records[start : min(end, start + 50)])

            async with place.worker() as worker:
                await worker.ready()
                writing = asyncio.create_task(write(0, 600))
                await until(place, [worker], lambda folded: folded > 200)
                await stalled(own.pid, STALL_SECONDS)
                await writing
                await until(place, [worker], lambda folded: folded == place.written())
                assert await worker.samples() == place.truth()
                await write(600, 900)
                await worker.kill()
            async with place.worker() as worker:
                await worker.ready()
                assert await worker.samples() == place.truth()
                await worker.leave()
            place.app_id += "-anew"  # no rows, no offsets: the log is folded from zero
            await place.make_changelog()
            async with place.worker() as worker:
                await worker.ready()
                assert await worker.samples() == place.truth()
    finally:
        await asyncio.to_thread(own.stop)


async def stalled(pid: int, seconds: float) -> None:
    """The process stands still for that long; the wait is the fault itself, not a wait for something."""
    os.kill(pid, signal.SIGSTOP)
    try:
        await asyncio.sleep(seconds)
    finally:
        os.kill(pid, signal.SIGCONT)


async def test_promql_over_a_hand_over_tells_the_true_value(
    kafka_bootstrap: str, tmp_path: Path, prometheus_tools: Tools
) -> None:
    """Two workers tell partitions in turn, one is killed, one leaves. `max without (instance)` first, then all else."""
    logs = late_logs(300, 900)
    async with opened(kafka_bootstrap, tmp_path) as place, AsyncExitStack() as stack:

        async def write(first: int, end: int) -> None:
            for partition, records in logs.items():
                await place.write(partition, records[first:end])

        first = await stack.enter_async_context(place.worker())
        prometheus = stack.enter_context(
            Prometheus.running(
                tmp_path / "prometheus",
                {"metrics": [f"127.0.0.1:{first.port}"]},
                tools=prometheus_tools,
                scrape_seconds=1.0,
            )
        )
        await first.ready()
        await write(0, 1)  # genesis: zeros are there before anything is counted
        await write(1, 300)
        await scraped(prometheus, place, [first])
        second = await stack.enter_async_context(place.worker())
        await second.ready()
        await asyncio.to_thread(prometheus.point_at, {"metrics": addresses(first, second)})
        await write(300, 500)
        await scraped(prometheus, place, [first, second])
        await first.kill()  # its partitions stand still until its session is over
        await asyncio.to_thread(prometheus.point_at, {"metrics": addresses(second)})
        await write(500, 700)
        await scraped(prometheus, place, [second])
        third = await stack.enter_async_context(place.worker())
        await third.ready()
        await asyncio.to_thread(prometheus.point_at, {"metrics": addresses(second, third)})
        await write(700, 900)
        await scraped(prometheus, place, [second, third])
        await second.leave()
        await asyncio.to_thread(prometheus.point_at, {"metrics": addresses(third)})
        told: dict[ground_truth.Sample, float] = {}
        for _ in range(ASKED_MAX):  # a scrape that takes too long on a busy machine leaves nothing to tell
            await scraped(prometheus, place, [third])
            told = await asyncio.to_thread(
                promql, prometheus, lambda name: f"max without (instance, job) ({name})"
            )
            if len(told) == sum(sample[0] in FAMILIES for sample in place.truth()):
                break
        assert told == {sample: value for sample, value in place.truth().items() if sample[0] in FAMILIES}
        grown = "max without (instance, job) (frontdesk_contacts_arrived_total)"
        assert await asyncio.to_thread(prometheus.value, f"sum(resets({grown}[10m:500ms]))") == 0
        truth = sum(v for (name, _), v in place.truth().items() if name == "frontdesk_contacts_arrived_total")
        span = f"sum(max_over_time({grown}[10m:500ms]) - min_over_time({grown}[10m:500ms]))"
        first_scrape = f"sum(min_over_time({grown}[10m:500ms]))"
        values = [await asyncio.to_thread(prometheus.value, one) for one in (span, first_scrape)]
        assert sum(values) == truth  # what was there at the first scrape, and all that came after


def addresses(*workers: Worker) -> list[str]:
    return [f"127.0.0.1:{worker.port}" for worker in workers]


async def scraped(prometheus: Prometheus, place: Place, workers: list[Worker]) -> None:
    """Everything is folded, and Prometheus has seen it."""
    await until(place, workers, lambda folded: folded == place.written())
    await asyncio.to_thread(prometheus.until_scraped)


def promql(prometheus: Prometheus, expression: Callable[[str], str]) -> dict[ground_truth.Sample, float]:
    """Every sample above 0 of every KPI, as Prometheus answers."""
    found = {}
    for name in FAMILIES:
        for sample in prometheus.query(expression(name)):
            if sample.value:
                labels = {label: word for label, word in sample.labels.items() if label != "__name__"}
                found[name, tuple(sorted(labels.items()))] = sample.value
    return found
