"""Fact to decision to reply on real Kafka: commands at a steady 500/s and 1,000/s through the whole router.

A command is appended to the facts, decided, appended to the decisions, folded from the tail and answered: two
acknowledged appends and two fetches. The reference in the same run is one bare append and fetch through the
same client, so the ratio is what the router adds to the broker's own way. The goal is engine.md's: p50 <= 12 ms and
p99 <= 40 ms on two free cores, the broker on the same machine.
"""

from __future__ import annotations

import asyncio
import time
from contextlib import AsyncExitStack

from prometheus_client import CollectorRegistry

from benchmarks.measure import Figure, percentile
from services.contract.desk import Agent, Desk, Queue, Topic
from services.contract.facts import AgentStateChanged, DeskConfigured, Presence
from services.router.build import build, topics
from services.router.settings import RouterSettings
from services.runtime.clock import WallClock
from services.runtime.kafka_log import KafkaLog
from services.runtime.lifecycle import calm_collector
from services.runtime.log import TopicSpec

RATES_PER_SECOND = (500, 1_000)
SECONDS, WARM_UP_SECONDS = 8, 1
DESK = "bench"
AGENTS = 50


async def run(bootstrap: str) -> list[Figure]:
    """p50 and p99 of command to reply at each rate, and both as ratios to a bare append and fetch at that rate."""
    calm_collector()  # as `frontdesk serve` does: else runs of the collector of 100-240 ms are the p99
    async with AsyncExitStack() as stack:
        log = await KafkaLog.connect(bootstrap)
        stack.push_async_callback(log.close)
        bare = {rate: await _bare(log, rate) for rate in RATES_PER_SECOND}
        await log.create_topics(topics(1))
        router = build(
            RouterSettings("bench", 1, 500, 20_000), clock=WallClock(), log=log, registry=CollectorRegistry()
        )
        running = asyncio.ensure_future(router.run())
        stack.callback(running.cancel)
        send = router.commander.send
        await send(DESK, f"configure-{time.time_ns()}", DeskConfigured(desk=desk()), timeout_seconds=60)
        through = {rate: await _steady(send, rate) for rate in RATES_PER_SECOND}
    figures = []
    for rate in RATES_PER_SECOND:
        for share, name in ((0.5, "p50"), (0.99, "p99")):
            alone, whole = percentile(bare[rate], share) * 1000, percentile(through[rate], share) * 1000
            figures += [
                Figure(f"bare append and fetch at {rate}/s, {name}", alone, "ms"),
                Figure(f"command to reply at {rate}/s, {name}", whole, "ms"),
                Figure(f"ratio {name} to bare at {rate}/s", whole / alone, "times"),
            ]
    return figures


def desk(desk_id: str = DESK) -> Desk:
    """A desk whose agents only change presence: the shortest command there is."""
    agents = tuple(
        Agent(
            agent_id=f"a{i}", topic_ids=("billing",), languages=("en",), capacity_units=100, speed_factor=1.0
        )
        for i in range(AGENTS)
    )
    topic = Topic(topic_id="billing", resolution_prior=0.8, handle_seconds=240, level_priors=(1.0,))
    return Desk(desk_id=desk_id, version="1", topics=(topic,), queues=(Queue(queue_id="all"),), agents=agents)


async def _steady(send: object, rate: int) -> list[float]:
    """Commands at the rate, each measured from the moment it was due; seconds, warm-up left out."""
    waits: list[float] = []
    began = time.perf_counter()

    async def one(index: int) -> None:
        due = began + index / rate
        await asyncio.sleep(due - time.perf_counter())
        command = AgentStateChanged(
            agent_id=f"a{index % AGENTS}",
            presence=Presence.AVAILABLE if index // AGENTS % 2 else Presence.BREAK,
        )
        await send(DESK, f"{began}-{index}", command, timeout_seconds=30)  # type: ignore[operator] # Commander.send
        if index >= rate * WARM_UP_SECONDS:
            waits.append(time.perf_counter() - due)

    await asyncio.gather(*(one(index) for index in range(rate * (WARM_UP_SECONDS + SECONDS))))
    return waits


async def _bare(log: KafkaLog, rate: int) -> list[float]:
    """The same rate through one append and one tail; seconds from due to fetched."""
    topic = "frontdesk.bench.bare"
    await log.create_topics([TopicSpec(topic, 1)])
    first = await log.end_offset(topic, 0)
    tail = await log.tail(topic, {0: first})
    fetched: dict[int, float] = {}
    count = rate * 4

    async def read() -> None:
        while len(fetched) < count:
            for record in await tail.read():
                fetched[record.offset] = time.perf_counter()

    reading = asyncio.ensure_future(read())
    began = time.perf_counter()
    due: dict[int, float] = {}

    async def one(index: int) -> None:
        at = began + index / rate
        await asyncio.sleep(at - time.perf_counter())
        due[await log.append(topic, 0, b"k", b"v" * 200)] = at

    await asyncio.gather(*(one(index) for index in range(count)))
    await reading
    await tail.close()
    return [fetched[offset] - due[offset] for offset in due if offset - first >= rate * WARM_UP_SECONDS]
