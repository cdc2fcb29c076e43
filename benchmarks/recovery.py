"""How long a router takes to know again what its log says: from the newest snapshot and what came after, and from zero.

    python -m benchmarks recovery

One partition of 120 agents, written to an embedded log: contacts come, wait, are taken and settled for as many decisions
as there are here, the last TAIL of them after the snapshot. Times are of the processor, this process's threads together,
so a machine that others use as well tells the same. Decisions a second are those that are known afterwards, folded here
or not: folding from zero grows with the log, a snapshot with what is open.
"""

from __future__ import annotations

import asyncio
import random
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

from prometheus_client import CollectorRegistry

from benchmarks.measure import Figure
from benchmarks.router_core import Bench
from services.contract.codec import encode_decision
from services.contract.decisions import Decision
from services.contract.topics import DECISIONS
from services.router.build import topics
from services.router.log import shelf
from services.router.log.canonical import digest
from services.router.log.shelf import Placed
from services.router.measures import TailMeasures
from services.router.tail import DecisionTail
from services.runtime.lifecycle import calm_collector
from services.runtime.sqlite_log import SqliteLog

T = TypeVar("T")
AGENTS, WAITING = 120, 200
DECISIONS_WANTED = 20_000
TAIL = 500
"""Decisions after the newest snapshot."""
BYTES_MAX = 512_000_000
IN_FLIGHT = 2_000


async def run(_: str) -> list[Figure]:
    """Writes the log once, then reads it both ways."""
    values = _records()
    calm_collector()
    with tempfile.TemporaryDirectory(prefix="frontdesk-recovery-") as folder:
        log = await SqliteLog.open(Path(folder) / "log.db")
        try:
            await log.create_topics(topics(1))
            return await _measured(log, values)
        finally:
            await log.close()


async def _measured(log: SqliteLog, values: list[bytes]) -> list[Figure]:
    await _append(log, values[:-TAIL])
    folded, _ = await _cpu(lambda: _folded(log, None))
    written, writing = await _cpu(lambda: _kept(log, folded))
    stall = await _longest_turn(lambda: _kept(log, folded))
    await _append(log, values[-TAIL:])
    whole, from_zero = await _cpu(lambda: _folded(log, None))
    again, from_snapshot = await _cpu(lambda: _folded(log, log))
    assert digest(again.state) == digest(whole.state)
    assert written.newest is not None
    count = whole.state.count
    return [
        Figure("decisions in the log", count, "decisions"),
        Figure("after the snapshot", TAIL, "decisions"),
        Figure("contacts and cases in the state", whole.state.objects(), "objects"),
        Figure("snapshot without the memory of facts", written.newest.size_bytes / 1e6, "MB"),
        Figure("writing it, processor time", writing * 1e3, "ms"),
        Figure("longest turn of the loop meanwhile", stall * 1e3, "ms"),
        Figure("folding from zero", count / from_zero, "decisions/s"),
        Figure("snapshot and what came after", count / from_snapshot, "decisions/s"),
        Figure("snapshot / folding from zero", from_zero / from_snapshot, "times as fast"),
    ]


def _records() -> list[bytes]:
    """The decisions of a day as they stand in a log."""
    bench = _Kept(AGENTS, random.Random(3))
    bench.begin(WAITING)
    while len(bench.values) < DECISIONS_WANTED:
        bench.settle(200)
    return bench.values


class _Kept(Bench):
    """A bench that keeps every record."""

    def __init__(self, agents: int, rng: random.Random) -> None:
        super().__init__(agents, rng)
        self.values: list[bytes] = []

    def _fold(self, record: Decision) -> None:
        super()._fold(record)
        self.values.append(encode_decision(record))


async def _append(log: SqliteLog, values: list[bytes]) -> None:
    for at in range(0, len(values), IN_FLIGHT):
        some = values[at : at + IN_FLIGHT]
        await asyncio.gather(*(log.append(DECISIONS, 0, b"bench", value) for value in some))


async def _folded(log: SqliteLog, snapshots: SqliteLog | None) -> Placed:
    """A tail that has caught up, begun at a snapshot where they are given."""
    restore = None if snapshots is None else (lambda partition: shelf.load(snapshots, partition))
    tail = DecisionTail(log, 1, TailMeasures(CollectorRegistry()), restore=restore)
    running = asyncio.create_task(tail.run())
    try:
        await tail.caught_up()
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    return tail.placed(0)


async def _kept(log: SqliteLog, placed: Placed) -> shelf.Shelf:
    """A snapshot written as for the first time, parts and all."""
    return await shelf.write(log, 0, placed, shelf.Shelf(), bytes_max=BYTES_MAX)


async def _cpu(work: Callable[[], Awaitable[T]]) -> tuple[T, float]:
    started = time.process_time()
    return await work(), time.process_time() - started


async def _longest_turn(work: Callable[[], Awaitable[object]]) -> float:
    """Longest time, of this thread's processor time, in which nothing else on the loop had its turn."""
    longest, running = 0.0, asyncio.ensure_future(work())
    before = time.thread_time()
    while not running.done():
        await asyncio.sleep(0)
        now = time.thread_time()
        longest, before = max(longest, now - before), now
    await running
    return longest
