"""A watcher goes on at a replica that has just started, from where it was: nothing twice, nothing missing, little read."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from frontdesk.client import RouterClient
from frontdesk.v1 import router_pb2
from services.contract.chain import Chain
from services.contract.codec import decode_decision, encode_fact
from services.contract.facts import AgentStateChanged, Fact, Presence
from services.contract.topics import DECISIONS, FACTS
from services.router.build import Router, build, topics
from services.router.settings import RouterSettings
from services.router.trail.anchors import BEYOND_RECORDS, SETTLE_RECORDS
from services.router.trail.search import READ_RECORDS_MAX
from services.runtime.clock import ManualClock
from services.runtime.generation_log import GenerationLog
from services.runtime.log import Log, Record, Tail
from services.runtime.rpc import serve
from tests.conformance.places import Place, Prefixed, eventually, read_until
from tests.integration.router_shell import DESK

FACTS_BEFORE, FACTS_AFTER = 6_000, 300
"""Decided before the snapshot at which the second replica begins, and after it."""
SETTINGS = RouterSettings("test", 1, 100, 500)


@pytest.fixture(params=["embedded", pytest.param("kafka", marks=pytest.mark.kafka)])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    if request.param == "kafka":
        return Place("kafka", request.getfixturevalue("kafka_bootstrap"))
    return Place("sqlite", str(tmp_path / "log.db"))


@dataclass
class Counting(Tail):
    """A tail that says how many records came through it, and the most at once."""

    inner: Tail
    reads: Counter[str]

    async def read(self, *, records_max: int = 500, wait_ms: int = 200) -> list[Record]:
        records = await self.inner.read(records_max=records_max, wait_ms=wait_ms)
        self.reads["records"] += len(records)
        self.reads["most at once"] = max(self.reads["most at once"], len(records))
        return records

    def seek(self, partition: int, offset: int) -> None:
        self.inner.seek(partition, offset)

    def rest(self, partition: int) -> None:
        self.inner.rest(partition)

    async def close(self) -> None:
        await self.inner.close()


class CountingLog(GenerationLog):
    """A log that counts what is read of its decisions by tails opened from now on."""

    def __init__(self, inner: Log) -> None:
        super().__init__(inner, 1)
        self.reads: Counter[str] = Counter()

    async def tail(self, topic: str, positions: Mapping[int, int]) -> Tail:
        tail = await super().tail(topic, positions)
        return Counting(tail, self.reads) if topic == DECISIONS else tail


@asynccontextmanager
async def replica(log: Log, clock: ManualClock) -> AsyncIterator[tuple[Router, RouterClient]]:
    router = build(SETTINGS, clock=clock, log=log, registry=CollectorRegistry())
    running = asyncio.create_task(router.run())
    async with AsyncExitStack() as stack:
        try:
            await asyncio.wait_for(router.ready(), 30)
            server = await serve(
                [router.add_to_grpc],
                [router.service_name],
                address="127.0.0.1:0",
                registry=CollectorRegistry(),
            )
            stack.push_async_callback(lambda: server.close(grace_seconds=0))
            yield router, await stack.enter_async_context(RouterClient(f"127.0.0.1:{server.port}"))
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)


async def decide(log: Log, router: Router, first: int, count: int) -> None:
    """So many facts come and are decided."""
    written = []
    for number in range(first, first + count):
        body = AgentStateChanged(
            agent_id="ana", presence=Presence.BREAK if number % 2 else Presence.AVAILABLE
        )
        fact = Fact(fact_id=f"f{number}", desk_id="acme", received_at_ms=1, source="t", body=body)
        written.append(log.append(FACTS, 0, b"acme", encode_fact(fact)))
        if len(written) == 500:
            at = (await asyncio.gather(*written))[-1]
            written.clear()
            await eventually(lambda at=at: router.tail.state(0).last_fact >= at)  # type: ignore[misc]
    if written:
        at = (await asyncio.gather(*written))[-1]
        await eventually(lambda: router.tail.state(0).last_fact >= at)


async def counted(log: Log) -> list[int]:
    """Offsets of the desk's accepted decisions, by reading the whole log."""
    tail = await log.tail(DECISIONS, {0: 0})
    records = await read_until(tail, await log.end_offset(DECISIONS, 0))
    await tail.close()
    chain, offsets = Chain(), []
    for read in records:
        record = decode_decision(read.value)
        if chain.accepts(record):
            chain = chain.after(record)
            offsets += [read.offset] if record.desk_id == "acme" else []
    return offsets


async def watched(client: RouterClient, after: int, last: int) -> list[int]:
    """Offsets told after a position, up to the newest one."""
    position = router_pb2.Position(generation=1, offset=after)
    offsets: list[int] = []
    async with asyncio.timeout(60), aclosing(client.watch("acme", after=position)) as stream:  # type: ignore[type-var]
        async for one in stream:
            offsets.append(one.position.offset)
            if one.position.offset >= last:
                break
    return offsets


async def test_a_watcher_of_before_the_snapshot_costs_what_it_missed_not_the_whole_log(place: Place) -> None:
    clock = ManualClock()
    async with place.log() as real:
        log = Prefixed(real) if place.kind == "kafka" else real
        await log.create_topics(topics(1))
        async with replica(log, clock) as (router, _):
            await router.api.configure("c1", DESK, timeout_seconds=10)
            await decide(log, router, 0, FACTS_BEFORE)
            assert await router.snapshots.keep(0)
            kept_at = router.tail.next_offset(0)
            await decide(log, router, FACTS_BEFORE, FACTS_AFTER)
        count = await counted(log)
        last, whole = count[-1], len(count)
        assert whole > FACTS_BEFORE + FACTS_AFTER

        counting = CountingLog(log)
        async with replica(counting, clock) as (router, client):
            assert router.tail.begun_at(0) == kept_at
            for missed in (FACTS_AFTER // 2, FACTS_AFTER + 200, FACTS_AFTER + 1_000):
                counting.reads.clear()
                after = count[-missed - 1]
                assert await watched(client, after, last) == count[-missed:]
                bound = 0 if after >= kept_at else 2 * (missed + SETTLE_RECORDS + BEYOND_RECORDS)
                assert counting.reads["records"] <= bound < whole - 1_000
                assert counting.reads["most at once"] <= READ_RECORDS_MAX
            counting.reads.clear()
            assert (
                await watched(client, count[9], last) == count[10:]
            )  # the start is nearer than the snapshot
            assert counting.reads["records"] == last + 1
