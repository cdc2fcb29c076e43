"""The pricer: facts each minute and when staff moves, the fallback when prices are stale, and no harm when it fails."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from prometheus_client import CollectorRegistry

from services.contract.codec import decode_fact
from services.contract.desk import DeskPolicy
from services.contract.facts import (
    AgentStateChanged,
    Fact,
    ForecastRow,
    ForecastSet,
    Presence,
    PricesSet,
    PricesSource,
)
from services.router.log.canonical import canonical
from services.router.log.fold import fold
from services.router.measures import PriceMeasures
from services.router.model import PartitionState
from services.router.policy.prices import Floats, Program, Solution, Status, solve
from services.router.policy.settings import PolicySettings
from services.router.pricing import Pricer
from services.router.settings import Pricing
from services.runtime.clock import ManualClock
from services.runtime.log import LogUnavailable
from tests.unit.router.test_prices import team
from tests.unit.router.world import HOUR, World, call, names

PARTITION = 0
BY_HALVES = DeskPolicy(price_smoothing=0.5, price_max=5.0)
"""So that what was before and the bound both show."""
FIRST = [2.266667, 2.266667, 2.5, 2.5]
"""Prices of the flooded team after the first program."""


class Shop:
    """A desk in a world whose facts the pricer appends to; each is decided when `decide` is called."""

    def __init__(
        self, *, pricing: Pricing = Pricing.PROGRAM, signed_in: Sequence[str] = ("ana", "bor", "cem", "dan")
    ) -> None:
        self.world = World(replace(team(), policy=BY_HALVES))
        self.world.sign_in(*signed_in)
        self.clock = ManualClock(self.world.now_ms)
        self.facts: list[Fact] = []
        self.registry = CollectorRegistry()
        self.broken, self.log_away = "", False
        self.pricing = pricing
        self.pricer = self.another()

    def another(self) -> Pricer:
        """A pricer that knows nothing yet, as after a restart or in another replica."""
        return Pricer(
            self,
            self,
            lambda: frozenset({PARTITION}),
            self.clock,
            PriceMeasures(CollectorRegistry() if hasattr(self, "pricer") else self.registry),
            pricing=self.pricing,
            stale_seconds=180,
            solver=self.solver,
        )

    # --- what the pricer sees --------------------------------------------------------------------------------

    def state(self, partition: int) -> PartitionState:
        assert partition == PARTITION
        return self.world.state

    def append(self, topic: str, partition: int, key: bytes, value: bytes) -> asyncio.Future[int]:
        done: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        if self.log_away:
            done.set_exception(LogUnavailable("away"))
        else:
            self.facts.append(decode_fact(value))
            done.set_result(len(self.facts) - 1)
        return done

    async def close(self) -> None:
        return None

    def solver(self, program: Program, settings: PolicySettings, start: Floats | None) -> Solution:
        if self.broken == "raises":
            raise MemoryError
        if self.broken == "fails":
            return Solution(np.zeros(program.agents.size), 0.0, np.zeros(program.rate.size), Status.FAILED)
        return solve(program, settings, start)

    # --- doing -----------------------------------------------------------------------------------------------

    def pass_seconds(self, seconds: float) -> None:
        self.world.now_ms += int(seconds * 1000)
        self.clock.advance_ms(int(seconds * 1000))

    async def turns(self, count: int, seconds: float = 1) -> None:
        """So many turns with time between, each new fact decided."""
        for _ in range(count):
            self.pass_seconds(seconds)
            await self.pricer.turn()
            self.decide()

    def decide(self) -> list[str]:
        """Decides what was appended; answers the events."""
        told = [self.world.tell(fact.body, fact_id=fact.fact_id) for fact in self.facts]
        self.facts.clear()
        return [name for record in told for name in names(record)]

    def flood(self) -> None:
        """More refunds are forecast than the team has time for."""
        now_ms = self.world.now_ms
        row = ForecastRow(
            topic_id="refund", from_at_ms=now_ms, until_at_ms=now_ms + 9 * HOUR, contacts_per_hour=100
        )
        self.world.tell(ForecastSet(rows=(row,)))

    @property
    def prices(self) -> list[float]:
        return [float(price) for price in self.world.desk.crew.tariff.of_agent]

    def sample(self, name: str, **labels: str) -> float:
        return self.registry.get_sample_value(name, labels) or 0.0


async def test_prices_of_a_busy_desk_are_in_force_a_turn_later() -> None:
    shop = Shop()
    shop.flood()
    await shop.turns(1)

    # Halves of (2500 - 300 - (1 - .75 x .4) 1200) / 300 = 4.533 and of the bound, as the prices before were 0.
    assert shop.prices == FIRST
    assert shop.world.desk.prices.source is PricesSource.PROGRAM
    assert shop.sample("frontdesk_router_prices_total", source="program") == 1


async def test_new_prices_come_each_minute_and_near_the_bound_by_halves() -> None:
    shop = Shop()
    shop.flood()
    found = []
    for _ in range(3):
        await shop.turns(60)
        found.append(max(shop.prices))

    assert found == [2.5, 3.75, 4.375]
    assert shop.world.desk.prices.epoch == 3


async def test_a_desk_with_time_in_plenty_writes_nothing() -> None:
    shop = Shop()
    await shop.turns(200)

    assert shop.world.desk.prices.epoch == 0


async def test_staff_that_moves_by_more_than_a_twentieth_is_priced_at_once() -> None:
    shop = Shop()
    shop.flood()
    await shop.turns(1)
    await shop.turns(6)
    before = shop.world.desk.prices.epoch
    shop.world.tell(AgentStateChanged(agent_id="ana", presence=Presence.BREAK))
    await shop.turns(1)

    assert (before, shop.world.desk.prices.epoch) == (1, 2)


async def test_two_replicas_set_one_tariff() -> None:
    shop = Shop()
    shop.flood()
    other = shop.another()
    await shop.pricer.turn()
    await other.turn()

    assert len({fact.fact_id for fact in shop.facts}) == 1
    assert shop.decide() == ["PricesApplied", "DuplicateIgnored"]


async def test_a_refused_tariff_does_not_stop_the_next_one() -> None:
    """Somebody else's epoch was ahead of what this pricer had read."""
    shop = Shop()
    shop.flood()
    await shop.pricer.turn()
    shop.world.tell(PricesSet(epoch=7))

    assert shop.decide() == ["Refused"]
    await shop.turns(60)
    assert shop.world.desk.prices.epoch == 8


@pytest.mark.parametrize("broken", ["raises", "fails"])
async def test_a_failing_solver_leaves_prices_until_they_are_stale(broken: str) -> None:
    shop = Shop()
    shop.flood()
    await shop.turns(1)
    shop.broken = broken
    await shop.turns(179)

    assert shop.prices == FIRST
    failed = "raised" if broken == "raises" else "not_solved"
    assert shop.sample("frontdesk_router_price_failures_total", reason=failed) == 2
    await shop.turns(30)
    assert shop.world.desk.prices.source is PricesSource.FALLBACK
    assert max(shop.prices) < 2.5


async def test_stale_prices_follow_how_busy_groups_are_second_by_second() -> None:
    """ana is busy: up by 0.02 x 0.07 a second; who is idle stays free. Steps begin once 180 s are over."""
    shop = Shop(signed_in=("ana",))
    shop.broken = "raises"
    shop.world.give(call("c1"))
    await shop.turns(1 + 180 + 100)
    prices = dict(zip(shop.world.desk.crew.roster.agent_ids, shop.prices, strict=True))

    assert shop.world.desk.prices.source is PricesSource.FALLBACK
    assert 0.02 * 0.07 * 85 <= prices["ana"] <= 0.02 * 0.07 * 100
    assert prices["bor"] == prices["cem"] == 0.0


async def test_the_program_takes_over_from_the_fallback() -> None:
    shop = Shop()
    shop.broken = "raises"
    shop.flood()
    await shop.turns(200)
    shop.broken = ""
    await shop.turns(60)

    assert shop.world.desk.prices.source is PricesSource.PROGRAM
    assert shop.prices == FIRST


async def test_prices_of_others_count_while_they_come() -> None:
    """FRONTDESK_PRICES=fallback: nothing is computed here, and nothing falls while facts keep coming."""
    shop = Shop(pricing=Pricing.FALLBACK)
    shop.flood()
    await shop.turns(170)
    shop.world.tell(PricesSet(epoch=3))
    await shop.turns(170)

    assert shop.world.desk.prices.epoch == 3


async def test_a_log_that_is_away_is_told_and_tried_again() -> None:
    shop = Shop()
    shop.flood()
    shop.log_away = True
    await shop.turns(1)
    shop.log_away = False
    await shop.turns(60)

    assert shop.sample("frontdesk_router_price_failures_total", reason="append") == 1
    assert shop.prices == FIRST


async def test_operators_see_age_and_highest_price() -> None:
    shop = Shop()
    shop.flood()
    await shop.turns(1)
    shop.broken = "raises"
    await shop.turns(100)

    assert shop.sample("frontdesk_router_price_age_seconds") == 100
    assert shop.sample("frontdesk_router_price_highest") == 2.5


async def test_a_replay_needs_no_pricer() -> None:
    shop = Shop()
    shop.flood()
    await shop.turns(130)
    state = PartitionState.empty()
    for record in shop.world.records:
        state = fold(state, record).state

    tariff = state.desks["acme"].crew.tariff
    assert tariff.of_agent.tobytes() == shop.world.desk.crew.tariff.of_agent.tobytes()
    assert canonical(state) == canonical(shop.world.state)
