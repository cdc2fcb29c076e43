"""The services of one process: which topics they need, how they are wired, when they are ready."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Coroutine
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Protocol

import grpc
from prometheus_client import CollectorRegistry

from services.cli.plan import Plan
from services.contract.desk import Desk
from services.contract.topics import partition_of
from services.router import build as router_build
from services.router.build import Router
from services.router.log.origin import Generations
from services.router.settings import RouterSettings
from services.runtime.kafka_counts import KafkaCounts
from services.runtime.log import Appender, TopicSpec

if TYPE_CHECKING:
    from services.intake.build import Intake
    from services.intake.settings import IntakeSettings
    from services.metrics.settings import MetricsSettings
    from services.metrics.wallboard.build import Wallboard

CONFIGURE_SECONDS_MAX = 60.0


class Part(Protocol):
    """What serve needs of a built service."""

    def add_to_grpc(self, server: grpc.aio.Server) -> None: ...


def topics(plan: Plan) -> list[TopicSpec]:
    """Topics of all roles; every process creates what is missing."""
    specs = router_build.topics(plan.settings.partitions)
    if plan.metrics is not None and plan.bootstrap is not None:
        from services.metrics import build as metrics_build

        app_id = metrics_settings(plan.metrics, plan.settings.generation).app_id
        specs += metrics_build.topics(plan.settings.partitions, app_id=app_id)
    return specs


def metrics_settings(settings: MetricsSettings, generation: int) -> MetricsSettings:
    """Tables hold places in one generation of the decisions, so each generation has tables of its own."""
    return settings if generation == 1 else replace(settings, app_id=f"{settings.app_id}-v{generation}")


class Parts:
    """The services of one process, wired; nothing runs yet."""

    def __init__(
        self,
        plan: Plan,
        registry: CollectorRegistry,
        generations: Generations,
        appender: Appender,
        counts: KafkaCounts,
    ) -> None:
        self._counts = counts
        self._plan, self._registry, self._appender = plan, registry, appender
        self._generations, self._store = generations, generations(plan.settings.generation)
        self.grpc: list[Part] = []
        self.grpc_names: list[str] = []
        self.leave: list[Callable[[], None]] = []
        """Ends the streams of a service that stops; their readers go on at another replica."""
        self.work: list[tuple[str, Callable[[], Coroutine[Any, Any, None]]]] = []
        self.intake: Intake | None = None
        self.hand_over: list[Callable[[], Coroutine[Any, Any, None]]] = []
        """What lets others take over, before anything here stops."""
        self.wallboard: Wallboard | None = None
        self._ready: list[Callable[[], Coroutine[Any, Any, None]]] = []

    def wire(self) -> None:
        """Builds what the plan has settings for."""
        if self._plan.router is not None:
            self._add_router(self._plan.router)
        if self._plan.intake is not None:
            self._add_intake(self._plan.intake)
        if self._plan.metrics is not None:
            self._add_metrics(self._plan.metrics)

    async def until_ready(self) -> None:
        for ready in self._ready:
            await ready()

    def _add_router(self, settings: RouterSettings) -> None:
        plan = self._plan
        router = router_build.build(
            settings,
            clock=plan.clock,
            log=self._store,
            registry=self._registry,
            older=self._generations,
        )
        self.grpc.append(router)
        self.grpc_names.append(router.service_name)
        self.leave.append(router.api.leave)
        self.work.append(("router", router.run))
        if router.vitals is not None:
            self.work.append(("watchdog", router.vitals.run))
        self.hand_over.append(router.hand_over)

        async def ready() -> None:
            await router.ready()
            for desk in plan.desks:
                await configure(router, desk)

        self._ready.append(ready)

    def _add_intake(self, settings: IntakeSettings) -> None:
        from services.intake import build as intake_build

        plan = self._plan
        self.intake = intake_build.build(
            settings,
            clock=plan.clock,
            appender=self._appender,
            partitions=plan.settings.partitions,
            registry=self._registry,
        )
        self.grpc.append(self.intake)
        self.work.extend(self.intake.work)
        self.grpc_names.append(self.intake.service_name)

    def _add_metrics(self, settings: MetricsSettings) -> None:
        from services.metrics import build as metrics_build
        from services.metrics.wallboard.build import Wallboard

        plan = self._plan
        partitions, clock, registry = plan.settings.partitions, plan.clock, self._registry
        if plan.bootstrap is None:
            metrics = metrics_build.build(
                settings, clock=clock, log=self._store, partitions=partitions, registry=registry
            )
        else:
            metrics = metrics_build.build_kafka(
                settings,
                clock=clock,
                bootstrap=plan.bootstrap,
                partitions=partitions,
                registry=registry,
                appender=self._appender,
                counts=self._counts,
            )
        self.grpc.append(metrics)
        self.grpc_names.append(metrics.service_name)
        self.work.append(("metrics", metrics.run))
        self._ready.append(metrics.ready)
        if plan.wallboard is not None and plan.wallboard.enabled:
            self.wallboard = Wallboard(plan.wallboard, board=metrics.board, clock=clock, registry=registry)


async def configure(router: Router, desk: Desk) -> None:
    """Puts the file's configuration in force, unless it is.

    The command's id names the place in the log that it was compared at, so a configuration that is put back takes
    effect again; two processes that start together may write the same one twice, which changes nothing.
    """
    partition = partition_of(desk.desk_id, router.tail.partitions)
    now = router.tail.state(partition).desks.get(desk.desk_id)
    if now is not None and now.desk == desk:
        return
    content = hashlib.sha256(repr(desk).encode()).hexdigest()[:32]
    command_id = f"file-{content}-{router.tail.next_offset(partition)}"
    await router.api.configure(command_id, desk, timeout_seconds=CONFIGURE_SECONDS_MAX)
