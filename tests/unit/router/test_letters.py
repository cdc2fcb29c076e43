"""Dead letters of the router: a stop waits for those that are to be written, and a router that writes none goes."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from services.contract.decisions import Decision, FactRejected
from services.contract.topics import FACTS
from services.router.measures import LetterMeasures
from services.router.model import PartitionState
from services.router.owning.letters import RejectionLetters
from services.router.verdict import Verdict
from services.runtime.clock import ManualClock
from services.runtime.log import Record
from tests.properties.parting_scene import Scene, played
from tests.rivals.replica import Replica, SkewedClock
from tests.unit.router.world import START_MS

NOTHING = PartitionState()


class Slow:
    """A log and its dead letters; each letter takes so long."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.written: list[str] = []

    async def read_at(self, topic: str, partition: int, offset: int) -> Record:
        return Record(topic, partition, offset, b"", b"fact", 0)

    async def put(self, source: str, reason: str, detail: str, data: bytes, *, now_ms: int) -> int:
        await asyncio.sleep(self.seconds)
        self.written.append(source)
        return 0


def verdict(offset: int) -> Verdict:
    rejected = FactRejected(reason="invalid", detail="")
    record = Decision(decision_id=offset + 1, desk_id="acme", fact_offset=offset, events=(rejected,))
    return Verdict(0, offset, record, True, NOTHING, NOTHING)


async def left_after(seconds_a_letter: float, seconds_max: float) -> list[str]:
    """What is written when three letters wait at a stop."""
    log: Any = Slow(seconds_a_letter)
    letters = RejectionLetters(log, log, ManualClock(), LetterMeasures(CollectorRegistry()))
    running = asyncio.ensure_future(letters.run())
    for offset in range(3):
        letters.told(verdict(offset))
    await letters.written(seconds_max)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    return [one.removeprefix(f"{FACTS}/") for one in log.written]


async def test_a_stop_waits_for_those_that_are_still_to_be_written() -> None:
    assert await left_after(0.01, 10.0) == ["0/0", "0/1", "0/2"]


async def test_it_waits_no_longer_than_it_may() -> None:
    assert await left_after(30.0, 0.05) == []


def test_a_router_that_writes_none_any_more_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing would tell of a fact that could not be used."""
    found: list[Replica] = []

    async def broken(self: RejectionLetters) -> None:
        raise ZeroDivisionError

    async def story(scene: Scene) -> None:
        monkeypatch.setattr(RejectionLetters, "run", broken)
        clock = SkewedClock(lambda: START_MS + int(asyncio.get_running_loop().time() * 1000))
        found.append(Replica("third", scene.store, clock, lambda _: 5, seen=lambda *_: None))
        await asyncio.sleep(2)

    played(story)

    assert isinstance(found[0].ended, ZeroDivisionError)
