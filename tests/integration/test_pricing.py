"""Prices on an embedded log: a busy desk's are computed beside the owner, appended, and in force after the fold."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from services.contract.codec import encode_fact
from services.contract.desk import Desk
from services.contract.facts import AgentSignedIn, DeskConfigured, Fact, ForecastRow, ForecastSet
from services.contract.topics import FACTS
from services.router.build import Router, build, topics
from services.router.settings import Pricing, RouterSettings
from services.router.verdict import Verdict
from services.runtime.clock import ManualClock
from services.runtime.log import Log
from services.runtime.sqlite_log import SqliteLog
from tests.unit.router.test_prices import team
from tests.unit.router.test_pricing import BY_HALVES
from tests.unit.router.world import HOUR

DESK_ID = "acme"


class Running:
    """A router of one partition, and what it folds."""

    def __init__(self, router: Router, log: Log, clock: ManualClock, registry: CollectorRegistry) -> None:
        self.router, self.log, self.clock, self.registry = router, log, clock, registry
        self._moved = asyncio.Event()
        router.tail.listen(self._on_verdict)

    def _on_verdict(self, _verdict: Verdict) -> None:
        self._moved.set()

    async def tell(self, name: str, body: DeskConfigured | AgentSignedIn | ForecastSet) -> None:
        """Appends a fact and waits until it is decided."""
        fact = Fact(fact_id=name, desk_id=DESK_ID, received_at_ms=self.clock.now_ms(), body=body)
        offset = await self.log.append(FACTS, 0, DESK_ID.encode(), encode_fact(fact))
        await self.until(lambda: self.router.tail.state(0).last_fact >= offset)

    async def until(self, holds: Callable[[], bool]) -> None:
        async with asyncio.timeout(60):
            while not holds():
                self._moved.clear()
                await self._moved.wait()

    @property
    def epoch(self) -> int:
        return self.router.tail.state(0).desks[DESK_ID].crew.tariff.epoch


async def start(stack: AsyncExitStack, folder: Path, pricing: Pricing, configured: Desk) -> Running:
    clock, registry = ManualClock(), CollectorRegistry()
    log = await SqliteLog.open(folder / "log.db", clock=clock.now_ms)
    stack.push_async_callback(log.close)
    await log.create_topics(topics(1))
    settings = RouterSettings("test", 1, 100, 100, pricing=pricing)
    router = build(settings, clock=clock, log=log, registry=registry)
    running = Running(router, log, clock, registry)
    task = asyncio.ensure_future(router.run())

    async def stop() -> None:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    stack.push_async_callback(stop)
    await router.ready()
    await running.tell("configured", DeskConfigured(desk=configured))
    for agent_id in ("ana", "bor", "cem", "dan"):
        await running.tell(agent_id, AgentSignedIn(agent_id=agent_id))
    now_ms = clock.now_ms()
    row = ForecastRow(topic_id="refund", from_at_ms=now_ms, until_at_ms=now_ms + HOUR, contacts_per_hour=100)
    await running.tell("forecast", ForecastSet(rows=(row,)))
    return running


@pytest.fixture
async def stack() -> AsyncIterator[AsyncExitStack]:
    async with AsyncExitStack() as exit_stack:
        yield exit_stack


async def test_a_busy_desk_has_prices_a_second_later(tmp_path: Path, stack: AsyncExitStack) -> None:
    running = await start(stack, tmp_path, Pricing.PROGRAM, replace(team(), policy=BY_HALVES))
    before = running.epoch
    running.clock.advance_ms(1_000)
    await running.until(lambda: running.epoch > before)

    desk = running.router.tail.state(0).desks[DESK_ID]
    assert before == 0
    assert desk.crew.tariff.of_agent.tolist() == [2.266667, 2.266667, 2.5, 2.5]
    assert running.registry.get_sample_value("frontdesk_router_price_seconds_count") == 1


async def test_a_router_whose_pricing_is_off_has_no_pricer(tmp_path: Path, stack: AsyncExitStack) -> None:
    running = await start(stack, tmp_path, Pricing.OFF, team())

    assert running.router.pricer is None
