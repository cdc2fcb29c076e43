"""The pricer: computes each owned desk's prices off the path of decisions and appends them as facts (routing.md 2.3).

It reads the folded state, never the speculative one. The program runs in a thread (the solver lets go of the
interpreter), every minute and when the staff at work moves by more than 5 %. While it gives nothing, the prices in force
stay; once they are stale, they follow how busy each group is, second by second, and are appended every 15 s. Either way
what counts is the fact: its id is made of desk and epoch, so two replicas that both think they own a desk set one
tariff. A pricer that fails is logged and counted; the router decides on.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Protocol

import numpy as np
import structlog

from services.contract.codec import encode_fact
from services.contract.facts import Fact, GroupPrice, PricesSet, PricesSource
from services.contract.ids import prices_fact_id
from services.contract.topics import FACTS
from services.router.demand import Demand, demands, program
from services.router.measures import PriceMeasures
from services.router.model import DeskState, PartitionState
from services.router.policy.prices import (
    DIGITS,
    Floats,
    Program,
    Solution,
    Status,
    in_force,
    load_solver,
    solve,
    stepped,
)
from services.router.policy.settings import PolicySettings
from services.router.settings import Pricing
from services.runtime.clock import Clock
from services.runtime.log import Appender, LogError
from services.runtime.observe import frames_of

TICK_MS = 1_000
STAFF_MOVED_SHARE = 0.05
STAFF_EVERY_MS = 5_000
"""A program for moved staff comes at most this often: people sign in one after the other."""
FALLBACK_EVERY_MS = 15_000
STEP_SECONDS_MAX = 60.0
SOLVE_SECONDS_MAX = 30.0
DIGEST_BYTES = 8

Solver = Callable[[Program, PolicySettings, Floats | None], Solution]
log = structlog.get_logger()


class States(Protocol):
    """Where folded states are read."""

    def state(self, partition: int) -> PartitionState: ...


@dataclass
class _Watch:
    """What the pricer remembers of one desk; a restart may forget it."""

    good_at_ms: int
    """When the program last gave prices; when the desk was first seen, before that."""
    tried_at_ms: int = 0
    staff: float = 0.0
    """Agents' time at the last try, in calls at once."""
    epoch: int = 0
    """The newest that was appended."""
    duals: dict[str, float] = field(default_factory=dict)
    """Prices of the last program, by group: where the next one starts."""
    falling: dict[str, float] = field(default_factory=dict)
    """Prices of the fallback, not rounded."""
    stepped_at_ms: int = 0
    fell_at_ms: int = 0
    """When the fallback last appended."""


@dataclass(frozen=True)
class _Computed:
    """What the program says of a desk."""

    solution: Solution
    prices: dict[str, float]
    duals: dict[str, float]
    digest: str


class Pricer:
    """Prices the desks of the partitions that `owned` names; `run` until cancelled."""

    def __init__(
        self,
        appender: Appender,
        tail: States,
        owned: Callable[[], frozenset[int]],
        clock: Clock,
        measures: PriceMeasures,
        *,
        pricing: Pricing,
        stale_seconds: int,
        solver: Solver = solve,
    ) -> None:
        self._appender, self._tail, self._owned, self._clock = appender, tail, owned, clock
        self._measures, self._pricing, self._solver = measures, pricing, solver
        self._stale_ms = stale_seconds * 1000
        self._watches: dict[tuple[int, str], _Watch] = {}
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="prices")
        self._running: asyncio.Future[_Computed] | None = None

    async def run(self) -> None:
        """A turn each second of the clock."""
        if self._pricing is Pricing.PROGRAM:
            self._thread.submit(load_solver)
        try:
            while True:
                await self._clock.sleep_ms(TICK_MS)
                await self.turn()
        finally:
            self._thread.shutdown(wait=False, cancel_futures=True)

    async def turn(self) -> None:
        """Looks at every owned desk once."""
        seen: dict[tuple[int, str], _Watch] = {}
        for partition in sorted(self._owned()):
            for desk_id in sorted(self._tail.state(partition).desks):
                key = (partition, desk_id)
                seen[key] = self._watches.get(key) or _Watch(good_at_ms=self._clock.now_ms())
                await self._priced(partition, desk_id, seen[key])
        self._watches = seen
        self._measure()

    async def _priced(self, partition: int, desk_id: str, watch: _Watch) -> None:
        desk, now_ms = self._tail.state(partition).desks[desk_id], self._clock.now_ms()
        if self._pricing is Pricing.PROGRAM and _due(desk, watch, now_ms):
            watch.tried_at_ms, watch.staff = now_ms, _staff(desk)
            found = await self._computed(desk, now_ms, watch)
            if found is not None:
                watch.good_at_ms, watch.duals, watch.falling = now_ms, found.duals, {}
                status = found.solution.status.value
                await self._append(
                    partition, desk, watch, now_ms, found.prices, PricesSource.PROGRAM, found.digest, status
                )
                return
        if now_ms - _fresh_at_ms(desk, watch) >= self._stale_ms:
            await self._fall_back(partition, desk, watch, now_ms)
        else:
            watch.falling, watch.stepped_at_ms = {}, 0

    async def _computed(self, desk: DeskState, now_ms: int, watch: _Watch) -> _Computed | None:
        """The program's prices, computed in the thread; None when it failed or took too long."""
        if self._running is not None and not self._running.done():
            self._failure("timeout")  # the one before is still at it
            return None
        loop = asyncio.get_running_loop()
        duals, solver = watch.duals, self._solver
        self._running = loop.run_in_executor(
            self._thread, lambda: compute(desk, now_ms, duals or None, solver)
        )
        try:
            with self._measures.seconds.time():
                async with asyncio.timeout(SOLVE_SECONDS_MAX):
                    found = await asyncio.shield(self._running)
        except TimeoutError:
            self._failure("timeout")
            return None
        except Exception as error:  # prices are a help, not a condition: the desk goes on without new ones
            self._failure("raised", error=type(error).__name__, frames=frames_of(error))
            return None
        if found.solution.status is Status.FAILED:
            self._failure("not_solved")
            return None
        return found

    async def _fall_back(self, partition: int, desk: DeskState, watch: _Watch, now_ms: int) -> None:
        """A step for the seconds since the last one; appended now and then."""
        if not watch.stepped_at_ms:
            watch.falling, watch.stepped_at_ms = dict(desk.prices.of_group), now_ms
            return
        seconds = min(STEP_SECONDS_MAX, (now_ms - watch.stepped_at_ms) / 1000)
        keys, before = desk.groups.keys, desk.groups.priced(watch.falling)
        moved = stepped(before, busy_shares(desk), seconds, desk.crew.settings)
        watch.falling, watch.stepped_at_ms = dict(zip(keys, moved.tolist(), strict=True)), now_ms
        if now_ms - watch.fell_at_ms >= FALLBACK_EVERY_MS:
            watch.fell_at_ms = now_ms
            prices = {key: round(price, DIGITS) for key, price in watch.falling.items()}
            await self._append(partition, desk, watch, now_ms, prices, PricesSource.FALLBACK)

    async def _append(
        self,
        partition: int,
        desk: DeskState,
        watch: _Watch,
        now_ms: int,
        prices: Mapping[str, float],
        source: PricesSource,
        digest: str = "",
        status: str = "",
    ) -> None:
        """Appends the tariff, unless it is the one in force already."""
        priced = {key: price for key, price in sorted(prices.items()) if price > 0.0}
        if (priced == dict(desk.prices.of_group) and source is desk.prices.source) or not (
            priced or desk.prices.of_group
        ):
            return
        epoch = max(desk.prices.epoch, watch.epoch) + 1
        desk_id = desk.desk.desk_id
        fact = Fact(
            fact_id=prices_fact_id(desk_id, epoch),
            desk_id=desk_id,
            occurred_at_ms=now_ms,
            received_at_ms=now_ms,
            source="pricer",
            body=PricesSet(
                epoch=epoch,
                prices=tuple([GroupPrice(group=key, price=price) for key, price in priced.items()]),
                source=source,
                forecast_digest=digest,
                status=status,
                computed_at_ms=now_ms,
            ),
        )
        watch.epoch = epoch
        try:
            await self._appender.append(FACTS, partition, desk_id.encode(), encode_fact(fact))
        except LogError as error:
            self._failure("append", error=type(error).__name__)
            return
        self._measures.proposed.labels(source.label).inc()

    def _failure(self, reason: str, **parts: object) -> None:
        log.warning("prices_failed", reason=reason, **parts)
        self._measures.failed.labels(reason).inc()

    def _measure(self) -> None:
        now_ms = self._clock.now_ms()
        desks = [(self._tail.state(p).desks.get(name), watch) for (p, name), watch in self._watches.items()]
        known = [(desk, watch) for desk, watch in desks if desk is not None]
        ages = [now_ms - _fresh_at_ms(desk, watch) for desk, watch in known]
        self._measures.age.set(max(ages, default=0) / 1000)
        self._measures.highest.set(max((desk.crew.tariff.highest for desk, _ in known), default=0.0))


def compute(
    desk: DeskState, now_ms: int, duals: Mapping[str, float] | None, solver: Solver = solve
) -> _Computed:
    """The prices to put in force at a desk as it stands; `duals` of a program before make it quicker."""
    settings, crew, groups = desk.crew.settings, desk.crew, desk.groups
    wanted = demands(desk, now_ms)
    made = program(groups, crew.available, crew.beliefs, settings, wanted)
    start = None if duals is None else groups.priced(duals)
    solution = solver(made, settings, start)
    new = in_force(solution.price, groups.priced(dict(desk.prices.of_group)), settings)
    return _Computed(
        solution,
        dict(zip(groups.keys, new.tolist(), strict=True)),
        dict(zip(groups.keys, solution.price.tolist(), strict=True)),
        _digest(wanted),
    )


def busy_shares(desk: DeskState) -> Floats:
    """Share of the units of the available agents alike that is in use, by group; 0 where nobody is available."""
    roster, groups = desk.crew.roster, desk.groups
    there = frozenset(desk.crew.available)
    used = np.array(
        [desk.agents[a].used_units if a in there else 0 for a in roster.agent_ids], dtype=np.float64
    )
    units = np.where([a in there for a in roster.agent_ids], groups.units, 0.0)
    return groups.busy_shares(used, units)


def _due(desk: DeskState, watch: _Watch, now_ms: int) -> bool:
    since_ms = now_ms - watch.tried_at_ms
    if since_ms >= desk.crew.settings.price_every_ms:
        return True
    moved = abs(_staff(desk) - watch.staff) > STAFF_MOVED_SHARE * watch.staff
    return moved and since_ms >= STAFF_EVERY_MS


def _staff(desk: DeskState) -> float:
    agents = desk.crew.roster.agents
    return float(sum(agents[agent_id].capacity_units for agent_id in desk.crew.available))


def _fresh_at_ms(desk: DeskState, watch: _Watch) -> int:
    """When prices last came of more than how busy groups are."""
    given = desk.prices.applied_at_ms if desk.prices.source is not PricesSource.FALLBACK else 0
    return max(watch.good_at_ms, given)


def _digest(wanted: list[Demand]) -> str:
    text = repr([(tuple(one.key), round(one.rate, 9)) for one in wanted])
    return blake2b(text.encode(), digest_size=DIGEST_BYTES).hexdigest()
