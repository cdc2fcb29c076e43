"""How long a router takes to know again what its log says: from the newest snapshot and what came after, and from zero.

    python -m benchmarks recovery

One partition of 120 agents, written to an embedded log: contacts come, wait, are taken and settled, the last TAIL
decisions after the snapshot. Cases are kept for a repeat window of WINDOW_MS instead of seven days, contacts for a seventh
of it, so that the few hours that are played hold as many windows as four months do: a state is as large as its last window,
a log as long as all of them. Decisions a second are those that are known afterwards, folded here or not, by the processor
time of this process, so a machine that others use as well tells the same.
"""

from __future__ import annotations

import asyncio
import random
import tempfile
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TypeVar

from prometheus_client import CollectorRegistry

from benchmarks.measure import Figure
from benchmarks.router_core import Bench
from services.contract.codec import decode_decision, encode_decision
from services.contract.decisions import Decision, DeskApplied
from services.contract.desk import DeskLimits
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
AGENTS, WAITING = 120, 100
WINDOW_MS = 600_000
DECISIONS_WANTED = 30_000
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


@cache
def _records() -> list[bytes]:
    """The decisions of a day as they stand in a log; played once for all runs."""
    bench = _Kept(AGENTS, random.Random(3))
    bench.begin(WAITING)
    while len(bench.values) < DECISIONS_WANTED:
        bench.settle(200)
    return bench.values


def _limited(record: Decision) -> Decision:
    """The desk's configuration with the shorter windows."""
    events = []
    for event in record.events:
        if isinstance(event, DeskApplied) and event.desk is not None:
            limits = DeskLimits(repeat_window_ms=WINDOW_MS, retention_ms=WINDOW_MS // 7)
            event = DeskApplied(desk=replace(event.desk, limits=limits))
        events.append(event)
    return replace(record, events=tuple(events))


class _Kept(Bench):
    """A bench that keeps every record, and folds it as it would be read back."""

    def __init__(self, agents: int, rng: random.Random) -> None:
        super().__init__(agents, rng)
        self.values: list[bytes] = []

    def _fold(self, record: Decision) -> None:
        self.values.append(encode_decision(_limited(record)))
        super()._fold(decode_decision(self.values[-1]))


async def _append(log: SqliteLog, values: list[bytes]) -> None:
    for at in range(0, len(values), IN_FLIGHT):
        some = values[at : at + IN_FLIGHT]
        await asyncio.gather(*(log.append(DECISIONS, 0, b"bench", value) for value in some))


async def _folded(log: SqliteLog, snapshots: SqliteLog | None) -> Placed:
    """A tail that has caught up, begun at a snapshot where they are given."""
    restore = None if snapshots is None else (lambda partition: shelf.load(snapshots, partition))
    tail = DecisionTail(log, 1, TailMeasures(CollectorRegistry()), restore=restore)
    running, caught_up = asyncio.create_task(tail.run()), asyncio.create_task(tail.caught_up())
    await asyncio.wait([running, caught_up], return_when=asyncio.FIRST_COMPLETED)
    if running.done():
        running.result()  # raises what broke it
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
