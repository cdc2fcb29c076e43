"""The router's composition root: wires real parts or a test's, connects nothing by itself."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass

import grpc
from prometheus_client import CollectorRegistry

from services.contract.topics import (
    DEAD_LETTERS,
    DEAD_LETTERS_RETENTION_MS,
    DECISIONS,
    FACTS,
    FACTS_RETENTION_MS,
    SNAPSHOTS,
)
from services.router.api import NAME, RouterApi
from services.router.log.origin import Generations, Origins
from services.router.measures import (
    HeartMeasures,
    LetterMeasures,
    OwnerMeasures,
    PriceMeasures,
    SnapshotMeasures,
    TailMeasures,
)
from services.router.owner import Owner
from services.router.owning.letters import RejectionLetters
from services.router.pricing import Pricer
from services.router.record_ids import random_id
from services.router.serving.commands import Commander
from services.router.serving.past_ends import PastEnds
from services.router.settings import Pricing, RouterSettings
from services.router.snapshots import SnapshotWriter
from services.router.tail import DecisionTail
from services.router.trail.recent import Trail
from services.router.vitals import Limits, Vitals
from services.runtime.clock import Clock
from services.runtime.dead_letters import DeadLetters
from services.runtime.log import Log, TopicSpec
from services.runtime.watchdog import Watchdog


def topics(partitions: int) -> list[TopicSpec]:
    """The topics that the router needs, shared with intake and metrics."""
    return [
        TopicSpec(FACTS, partitions, FACTS_RETENTION_MS),
        TopicSpec(DECISIONS, partitions),
        TopicSpec(SNAPSHOTS, partitions, compacted=True),
        TopicSpec(DEAD_LETTERS, partitions, DEAD_LETTERS_RETENTION_MS),
    ]


@dataclass
class Router:
    """A router: run `tail`, `owner`, `snapshots` and `pricer`, serve `api`."""

    tail: DecisionTail
    owner: Owner
    api: RouterApi
    commander: Commander
    past: PastEnds
    snapshots: SnapshotWriter
    vitals: Vitals | None
    """Runs where a process is served, never in a test's: what it finds ends the process."""
    pricer: Pricer | None
    """None where prices are not this router's business."""
    service_name: str = NAME

    def add_to_grpc(self, server: grpc.aio.Server) -> None:
        self.api.add_to(server)

    async def ready(self) -> None:
        """Returns once everything in the log now is folded."""
        await self.tail.caught_up()

    async def run(self) -> None:
        """Folds and decides until cancelled; raises when either breaks."""
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self.tail.run(), name="tail")
                group.create_task(self._own(), name="owner")
                group.create_task(self.snapshots.run(), name="snapshots")
                if self.pricer is not None:
                    group.create_task(self.pricer.run(), name="pricer")
        finally:
            self.api.close()
            await self.past.close()

    async def hand_over(self) -> None:
        """Lets others decide from now on; goes on folding and answering."""
        await self.owner.leave()

    async def _own(self) -> None:
        await self.ready()
        await self.owner.run()


def build(
    settings: RouterSettings,
    *,
    clock: Clock,
    log: Log,
    registry: CollectorRegistry,
    new_id: Callable[[], int] = random_id,
    older: Generations | None = None,
) -> Router:
    """Wires a router on a log whose topics exist; `older` answers each of its generations, the present one too."""
    origins = Origins(older or (lambda _: log))
    tail = DecisionTail(
        log,
        settings.partitions,
        TailMeasures(registry),
        restore=lambda partition: origins.start_of(settings.generation, partition),
        restored=origins.forget,
    )
    tail.listen(HeartMeasures(registry).on_verdict)
    trail = Trail(log, tail)
    commander = Commander(log, tail, clock, waiting_max=settings.commands_waiting_max)
    owner = Owner(
        log,
        tail,
        clock=clock,
        new_id=new_id,
        name=settings.instance,
        generation=settings.generation,
        pending_max=settings.pending_max,
        letters=RejectionLetters(log, DeadLetters(log, settings.partitions), clock, LetterMeasures(registry)),
        measures=OwnerMeasures(registry),
    )
    pricer = Pricer(
        log,
        tail,
        lambda: owner.owned_ready,
        clock,
        PriceMeasures(registry),
        pricing=settings.pricing,
        stale_seconds=settings.prices_stale_seconds,
    )
    snapshots = SnapshotWriter(
        log,
        tail,
        lambda: owner.owned_ready,
        SnapshotMeasures(registry),
        decisions=settings.snapshot_decisions,
        seconds=settings.snapshot_seconds,
        megabytes_max=settings.snapshot_megabytes_max,
    )
    past = PastEnds(trail)
    api = RouterApi(tail, trail, log, commander, past)
    vitals = None
    if settings.watchdog_seconds:
        limits = Limits(settings.watchdog_seconds, settings.watchdog_rebalance_seconds)
        vitals = Vitals(log, tail, owner, Watchdog(limits.by_condition()), time.monotonic)
    priced = pricer if settings.pricing is not Pricing.OFF else None
    return Router(tail, owner, api, commander, past, snapshots, vitals, priced)
