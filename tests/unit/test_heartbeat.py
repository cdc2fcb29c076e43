"""The sign of life: one a partition and slot, whoever writes it, and a log that is away costs the beat only."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from services.contract import decisions as d
from services.contract import facts as f
from services.contract.codec import decode_fact, encode_decision
from services.intake.heartbeat import Heart, HeartMeasures
from services.metrics.folding import fold
from services.metrics.ledger import Ledger
from services.metrics.store import Board
from services.router.measures import HeartMeasures as RouterHeartMeasures
from services.router.verdict import Verdict
from services.runtime.clock import ManualClock
from services.runtime.log import LogUnavailable
from tests.unit.router.world import World, agent, desk

PARTITIONS = 3


class Log:
    """Takes facts, or is away."""

    def __init__(self) -> None:
        self.away = False
        self.facts: list[tuple[int, bytes, f.Fact]] = []

    def append(self, topic: str, partition: int, key: bytes, value: bytes) -> asyncio.Future[int]:
        assert topic == "frontdesk.facts.v1"
        future: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        if self.away:
            future.set_exception(LogUnavailable("no broker"))
        else:
            self.facts.append((partition, key, decode_fact(value)))
            future.set_result(len(self.facts))
        return future

    async def close(self) -> None:
        """Nothing is open."""


def heart(log: Log, clock: ManualClock, registry: CollectorRegistry, **more: Any) -> Heart:
    return Heart(log, PARTITIONS, clock, HeartMeasures(registry), every_seconds=10, **more)


async def test_every_partition_gets_a_beat_that_belongs_to_no_desk() -> None:
    log, registry = Log(), CollectorRegistry()
    await heart(log, ManualClock(20_000), registry).beat()

    assert [partition for partition, _, _ in log.facts] == [0, 1, 2]
    assert {(key, one.desk_id, one.body) for _, key, one in log.facts} == {
        (b"heartbeat", "", f.Heartbeat(born_at_ms=20_000))
    }
    assert registry.get_sample_value("frontdesk_intake_heartbeat_timestamp_seconds", {"partition": "2"}) == 20


async def test_two_processes_write_the_same_beat_in_one_slot_of_time() -> None:
    """The router ignores the second: the log grows by one beat a slot, however many intakes there are."""
    log = Log()
    for now_ms in (20_000, 29_999, 30_000):
        await heart(log, ManualClock(now_ms), CollectorRegistry()).beat()
    ids = [one.fact_id for partition, _, one in log.facts if partition == 1]

    assert ids[0] == ids[1] != ids[2]
    world = World(desk(agent("A")))
    told = [
        world.tell(f.Heartbeat(born_at_ms=world.now_ms), fact_id=one, desk_id="").events[0] for one in ids
    ]
    assert [type(event) for event in told] == [d.HeartbeatPassed, d.DuplicateIgnored, d.HeartbeatPassed]


async def test_a_log_that_is_away_costs_the_beat_and_nothing_else() -> None:
    log, registry = Log(), CollectorRegistry()
    log.away = True
    await heart(log, ManualClock(1), registry).beat()

    assert registry.get_sample_value("frontdesk_intake_heartbeats_failed_total") == PARTITIONS


async def test_it_beats_once_an_interval() -> None:
    log, pauses = Log(), list[float]()

    async def pause(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 4:
            raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        await heart(log, ManualClock(1), CollectorRegistry(), pause=pause).run()
    assert (pauses, len(log.facts)) == ([10] * 4, 3 * PARTITIONS)


def test_each_stage_tells_the_newest_that_it_saw() -> None:
    """Born at 0 s, decided 2 s later, folded 3 s after that."""
    world, registry = World(desk(agent("A"))), CollectorRegistry()
    born_ms = world.now_ms
    world.now_ms += 2_000
    record = world.tell(f.Heartbeat(born_at_ms=born_ms), desk_id="")
    router = RouterHeartMeasures(registry)
    router.on_verdict(Verdict(0, len(world.records) - 1, record, True, world.state, world.state))
    board = Board(1, now_ms=lambda: born_ms + 5_000)
    board.own(Ledger(0), target=0)
    for offset, one in enumerate(world.records):
        fold(board, 0, offset, encode_decision(one))
    board.publish()

    name = "frontdesk_router_heartbeat_timestamp_seconds"
    assert registry.get_sample_value(name, {"partition": "0"}) == born_ms / 1_000
    told = board.snapshot.ledgers[0]
    assert (told.heartbeat_ms, told.heartbeat_decided_ms - born_ms) == (born_ms, 2_000)
    assert board.snapshot.beats_ms == {0: 3_000}
