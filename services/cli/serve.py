"""frontdesk serve: every service in one process on the embedded log, or any of them on Kafka."""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import json
import os
import sys
from collections.abc import Callable, Coroutine, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import grpc
import structlog
from aiohttp import web
from prometheus_client import CollectorRegistry
from prometheus_client.process_collector import ProcessCollector

from services.contract.desk import Desk
from services.contract.topics import DEAD_LETTERS, FACTS
from services.router.desk_config import load_toml
from services.runtime.clock import Clock, clock_from
from services.runtime.lifecycle import Stopped, calm_collector, stop_on_signals, until_stopped
from services.runtime.log import Appender, Log, LogError, TopicSpec
from services.runtime.observe import BuildInfo, configure_logs, serve_metrics
from services.runtime.rpc import serve as serve_rpc
from services.runtime.settings import Reader

ROLES = ("intake", "router", "metrics")
EXAMPLES = """examples:
  frontdesk serve                                    all services, embedded log in .state/frontdesk.db
  frontdesk serve --desk examples/desk.toml          ... and put a desk's configuration in force
  frontdesk serve router --log kafka --bootstrap 127.0.0.1:9092

settings come from the environment (FRONTDESK_...); docs/settings.md lists them all."""

HEARTBEAT_MS = 1_000
"""A member learns of a hand-over at its next heartbeat, so this bounds how long a graceful one takes."""

log = structlog.get_logger()


class Part(Protocol):
    """What serve needs of a built service."""

    def add_to_grpc(self, server: grpc.aio.Server) -> None: ...


@dataclass(frozen=True)
class ServeSettings:
    """Where a process listens and which log it speaks to; port 0 takes a free one."""

    host: str
    http_port: int
    grpc_port: int
    smtp_port: int
    metrics_port: int
    log_level: str
    log_json: bool
    data: Path
    partitions: int

    @classmethod
    def from_env(cls, mapping: Mapping[str, str]) -> ServeSettings:
        """Reads FRONTDESK_HOST, the ports, FRONTDESK_DATA ...; raises SettingsError with all faults."""
        reader = Reader(mapping)
        settings = cls(
            host=reader.text("FRONTDESK_HOST", default="127.0.0.1"),
            http_port=reader.integer("FRONTDESK_HTTP_PORT", default=8080, low=0, high=65535),
            grpc_port=reader.integer("FRONTDESK_GRPC_PORT", default=50051, low=0, high=65535),
            smtp_port=reader.integer("FRONTDESK_SMTP_PORT", default=2525, low=0, high=65535),
            metrics_port=reader.integer("FRONTDESK_METRICS_PORT", default=9464, low=0, high=65535),
            log_level=reader.text(
                "FRONTDESK_LOG_LEVEL", default="info", choices=("debug", "info", "warning", "error")
            ),
            log_json=reader.flag("FRONTDESK_LOG_JSON", default=True),
            data=Path(reader.text("FRONTDESK_DATA", default=".state/frontdesk.db")),
            partitions=reader.integer("FRONTDESK_PARTITIONS", default=32, low=1, high=4096),
        )
        reader.done()
        return settings


def main(argv: Sequence[str]) -> int:
    """Serves until SIGTERM; 0 after a graceful stop, 1 when a part broke, 2 for wrong settings."""
    parser = argparse.ArgumentParser(
        prog="frontdesk serve",
        description="Runs the services until SIGTERM.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("roles", nargs="*", metavar="SERVICE", help="intake, router, metrics; none means all")
    parser.add_argument(
        "--log", choices=("embedded", "kafka"), default="embedded", help="where the log is kept"
    )
    parser.add_argument("--bootstrap", default="127.0.0.1:9092", help="Kafka's address (with --log kafka)")
    parser.add_argument("--desk", type=Path, action="append", default=[], help="desk configuration (TOML)")
    options = parser.parse_args(argv)
    unknown = [role for role in options.roles if role not in ROLES]
    if unknown:
        parser.error(f"no service {', '.join(unknown)}; there are {', '.join(ROLES)}")
    roles = tuple(options.roles) or ROLES
    if options.log == "embedded" and set(roles) != set(ROLES):
        parser.error("the embedded log is for one process with all services; use --log kafka to split them")
    desks = [load_toml(path.read_text(encoding="utf-8")) for path in options.desk]
    settings = ServeSettings.from_env(os.environ)
    configure_logs(level=settings.log_level, as_json=settings.log_json)
    bootstrap = options.bootstrap if options.log == "kafka" else None
    try:
        asyncio.run(_serve(roles, settings, os.environ, bootstrap, desks))
    except (Stopped, LogError, OSError) as error:
        log.error("stopped", reason=str(error))
        return 1
    return 0


async def _serve(
    roles: Sequence[str],
    settings: ServeSettings,
    env: Mapping[str, str],
    bootstrap: str | None,
    desks: Sequence[Desk],
) -> None:
    stop = stop_on_signals()
    async with AsyncExitStack() as stack:
        running = await start(roles, settings, env, bootstrap, desks, stack)
        calm_collector()
        sys.stdout.write(json.dumps({"ready": True, **running.addresses}) + "\n")
        sys.stdout.flush()
        log.info("ready", roles=",".join(roles), **running.addresses)
        await until_stopped(running.work, stop)


@dataclass(frozen=True)
class Running:
    """A started process: its addresses and the work that must go on."""

    addresses: dict[str, str]
    work: list[tuple[str, Coroutine[Any, Any, None]]]


async def start(
    roles: Sequence[str],
    settings: ServeSettings,
    env: Mapping[str, str],
    bootstrap: str | None,
    desks: Sequence[Desk],
    stack: AsyncExitStack,
) -> Running:
    """Starts the roles; whatever was opened is closed in reverse by `stack`."""
    clock = clock_from(env)
    registry = CollectorRegistry()
    registry.register(BuildInfo(",".join(roles)))
    ProcessCollector(registry=registry)
    store = await _open_log(settings, bootstrap, clock, stack)
    await store.create_topics(topics(roles, settings, env, bootstrap))
    appender = await _open_appender(store, bootstrap, roles, stack)
    parts = _Parts(settings, env, clock, registry, store, appender, bootstrap, stack)
    for role in roles:
        await parts.add(role)
    rpc = await serve_rpc(
        [part.add_to_grpc for part in parts.grpc],
        parts.grpc_names,
        address=f"{settings.host}:{settings.grpc_port}",
        registry=registry,
    )
    stack.push_async_callback(rpc.close)
    parts.addresses["grpc"] = f"{settings.host}:{rpc.port}"
    endpoint = serve_metrics(registry, host=settings.host, port=settings.metrics_port)
    stack.callback(endpoint.close)
    parts.addresses["metrics"] = f"http://{settings.host}:{endpoint.port}/metrics"
    stack.push_async_callback(parts.stop_work)
    tasks = [(name, asyncio.ensure_future(coroutine)) for name, coroutine in parts.work]
    parts.tasks = [task for _, task in tasks]
    await _ready_or_broken(parts.until_ready(desks), tasks)
    await rpc.set_serving(True)
    return Running(parts.addresses, [(name, _await(task)) for name, task in tasks])


async def _await(task: asyncio.Future[None]) -> None:
    await task


async def _ready_or_broken(
    ready: Coroutine[Any, Any, None], tasks: Sequence[tuple[str, asyncio.Future[None]]]
) -> None:
    """Waits until ready; raises Stopped when a part breaks on the way."""
    getting_ready = asyncio.ensure_future(ready)
    done, _ = await asyncio.wait(
        {getting_ready, *(task for _, task in tasks)}, return_when=asyncio.FIRST_COMPLETED
    )
    if getting_ready in done:
        getting_ready.result()
        return
    getting_ready.cancel()
    for name, task in tasks:
        if task in done:
            raise Stopped(f"{name} ended while starting: {task.exception()}") from task.exception()


async def _open_log(
    settings: ServeSettings, bootstrap: str | None, clock: Clock, stack: AsyncExitStack
) -> Log:
    """The embedded log, or Kafka's."""
    if bootstrap is None:
        from services.runtime.sqlite_log import SqliteLog

        settings.data.parent.mkdir(parents=True, exist_ok=True)
        embedded = await SqliteLog.open(settings.data, clock=clock.now_ms)
        stack.push_async_callback(embedded.close)
        return embedded
    from services.runtime.kafka_log import KafkaLog

    store = await KafkaLog.connect(bootstrap, heartbeat_ms=HEARTBEAT_MS)
    stack.push_async_callback(store.close)
    return store


async def _open_appender(
    store: Log, bootstrap: str | None, roles: Sequence[str], stack: AsyncExitStack
) -> Appender:
    """What intake appends with: kafka-python on Kafka, the log itself when embedded."""
    if bootstrap is None or "intake" not in roles:
        return store
    from services.runtime.kafka_producer import KafkaPythonAppender

    appender = await KafkaPythonAppender.connect(bootstrap, (FACTS, DEAD_LETTERS))
    stack.push_async_callback(appender.close)
    return appender


def topics(
    roles: Sequence[str], settings: ServeSettings, env: Mapping[str, str], bootstrap: str | None
) -> list[TopicSpec]:
    """Topics of all roles; every process creates what is missing."""
    from services.metrics.build import topics as metrics_topics
    from services.metrics.settings import MetricsSettings
    from services.router.build import topics as router_topics

    specs = router_topics(settings.partitions)
    if "metrics" in roles and bootstrap is not None:
        specs += metrics_topics(settings.partitions, app_id=MetricsSettings.from_env(env).app_id)
    return specs


class _Parts:
    """The services of one process while they are being started."""

    def __init__(
        self,
        settings: ServeSettings,
        env: Mapping[str, str],
        clock: Clock,
        registry: CollectorRegistry,
        store: Log,
        appender: Appender,
        bootstrap: str | None,
        stack: AsyncExitStack,
    ) -> None:
        self._settings, self._env, self._clock, self._registry = settings, env, clock, registry
        self._store, self._appender, self._bootstrap, self._stack = store, appender, bootstrap, stack
        self.grpc: list[Part] = []
        self.grpc_names: list[str] = []
        self.addresses: dict[str, str] = {}
        self.work: list[tuple[str, Coroutine[Any, Any, None]]] = []
        self.tasks: list[asyncio.Future[None]] = []
        self._ready: list[Callable[[Sequence[Desk]], Coroutine[Any, Any, None]]] = []

    async def add(self, role: str) -> None:
        await {"intake": self._add_intake, "router": self._add_router, "metrics": self._add_metrics}[role]()

    async def until_ready(self, desks: Sequence[Desk]) -> None:
        for ready in self._ready:
            await ready(desks)

    async def stop_work(self) -> None:
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)

    async def _add_router(self) -> None:
        from services.router.build import build
        from services.router.settings import RouterSettings

        router = build(
            RouterSettings.from_env(self._env), clock=self._clock, log=self._store, registry=self._registry
        )
        self.grpc.append(router)
        self.grpc_names.append(router.service_name)
        self.work.append(("router", router.run()))

        async def ready(desks: Sequence[Desk]) -> None:
            await router.ready()
            for desk in desks:
                content = hashlib.sha256(repr(desk).encode()).hexdigest()[:32]
                await router.api.configure(f"file/{content}", desk, timeout_seconds=60)

        self._ready.append(ready)

    async def _add_intake(self) -> None:
        from services.intake.api import NAME
        from services.intake.build import build
        from services.intake.settings import IntakeSettings

        intake = build(
            IntakeSettings.from_env(self._env),
            clock=self._clock,
            appender=self._appender,
            partitions=self._settings.partitions,
            registry=self._registry,
        )
        self.grpc.append(intake)
        self.grpc_names.append(NAME)
        runner = web.AppRunner(intake.web_app, access_log=None)
        await runner.setup()
        self._stack.push_async_callback(runner.cleanup)
        site = web.TCPSite(runner, self._settings.host, self._settings.http_port)
        await site.start()
        self.addresses["http"] = f"http://{self._settings.host}:{_port(runner.addresses)}"
        loop = asyncio.get_running_loop()
        smtp = await loop.create_server(intake.smtp_factory, self._settings.host, self._settings.smtp_port)
        self._stack.callback(smtp.close)
        self.addresses["smtp"] = f"{self._settings.host}:{smtp.sockets[0].getsockname()[1]}"

    async def _add_metrics(self) -> None:
        from services.metrics.api import NAME
        from services.metrics.build import build, build_kafka
        from services.metrics.settings import MetricsSettings

        settings = MetricsSettings.from_env(self._env)
        partitions, clock, registry = self._settings.partitions, self._clock, self._registry
        if self._bootstrap is None:
            metrics = build(settings, clock=clock, log=self._store, partitions=partitions, registry=registry)
        else:
            metrics = build_kafka(
                settings, clock=clock, bootstrap=self._bootstrap, partitions=partitions, registry=registry
            )
        self.grpc.append(metrics)
        self.grpc_names.append(NAME)
        self.work.append(("metrics", metrics.run()))

        async def ready(desks: Sequence[Desk]) -> None:
            del desks
            await metrics.ready()

        self._ready.append(ready)


def _port(addresses: Sequence[Any]) -> int:
    return int(addresses[0][1])
