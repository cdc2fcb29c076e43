"""frontdesk serve: every service in one process on the embedded log, or any of them on Kafka."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import resource
import sys
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import structlog
import uvloop
from prometheus_client import CollectorRegistry
from prometheus_client.process_collector import ProcessCollector

from services.cli.parts import Parts, topics
from services.cli.plan import Plan, ServeSettings
from services.router import kernels
from services.router.regenerate import check_generation
from services.runtime.generation_log import GenerationAppender, generation_of
from services.runtime.in_flight import RECORDS_IN_FLIGHT_MAX
from services.runtime.kafka_append import KafkaAppender
from services.runtime.kafka_counts import KafkaCollector, KafkaCounts
from services.runtime.kafka_log import KafkaLog
from services.runtime.lifecycle import (
    Stopped,
    calm_collector,
    is_ours,
    stop_on_signals,
    until_stopped,
    words,
)
from services.runtime.log import Appender, Log
from services.runtime.observe import BuildInfo, configure_logs, frames_of, serve_metrics
from services.runtime.rpc import serve as serve_rpc
from services.runtime.settings import SettingsError
from services.runtime.sqlite_log import SqliteLog

if TYPE_CHECKING:
    from services.intake.build import Intake
    from services.intake.settings import IntakeSettings
    from services.metrics.wallboard.build import Wallboard

ROLES = ("intake", "router", "metrics")
EXAMPLES = """examples:
  frontdesk serve                                    all services, embedded log in .state/frontdesk.db
  frontdesk serve --desk examples/desk.toml          ... and put a desk's configuration in force
  frontdesk serve router --log kafka --bootstrap 127.0.0.1:9092

settings come from the environment (FRONTDESK_...); docs/settings.md lists them all."""

EMBEDDED_SESSION_MS = 2_000
"""A process that was killed keeps its partitions this long; the next one waits for it."""
INTAKE_CLIENT = "frontdesk-intake"
HEARTBEAT_MS = 200
"""A member learns of a hand-over at its next heartbeat, so this bounds how long a graceful one takes."""

FILES_MAX = 65_536
"""Open files and connections that a process may have, where the system lets it."""
LOOPS: dict[str, Callable[[], asyncio.AbstractEventLoop]] = {
    "uvloop": uvloop.new_event_loop,
    "asyncio": asyncio.new_event_loop,
}

log = structlog.get_logger()


class CannotListen(OSError):
    """A door did not open; the message says which setting to change."""


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
    parser.add_argument(
        "--bootstrap",
        default=os.environ.get("FRONTDESK_KAFKA_BOOTSTRAP") or "127.0.0.1:9092",
        help="Kafka's address, with --log kafka (default: FRONTDESK_KAFKA_BOOTSTRAP, else %(default)s)",
    )
    parser.add_argument("--desk", type=Path, action="append", default=[], help="desk configuration (TOML)")
    options = parser.parse_args(argv)
    unknown = [role for role in options.roles if role not in ROLES]
    if unknown:
        parser.error(f"no service {', '.join(unknown)}; there are {', '.join(ROLES)}")
    roles = tuple(options.roles) or ROLES
    if options.log == "embedded" and set(roles) != set(ROLES):
        parser.error("the embedded log is for one process with all services; use --log kafka to split them")
    plan = Plan.from_env(
        os.environ, roles, options.bootstrap if options.log == "kafka" else None, options.desk
    )
    configure_logs(level=plan.settings.log_level, as_json=plan.settings.log_json)
    for name, meant in plan.misspelt.items():
        log.warning("no_such_setting", name=name, meant=meant)
    allow_files()
    if "router" in plan.roles:
        kernels.take_large_pages()
    try:
        with asyncio.Runner(loop_factory=LOOPS[plan.settings.loop]) as runner:
            runner.run(_serve(plan))
    except SettingsError:
        raise
    except Exception as error:
        cause = error.__cause__ if isinstance(error, Stopped) else error
        frames = None if cause is None or is_ours(cause) else frames_of(cause)
        log.error("stopped", reason=str(error) if isinstance(error, Stopped) else words(error), frames=frames)
        return 1
    return 0


def allow_files() -> None:
    """Raises this process's own limit of open files: often 1,024, fewer than the connections that intake may have."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = FILES_MAX if hard == resource.RLIM_INFINITY else min(hard, FILES_MAX)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


async def _serve(plan: Plan) -> None:
    stop = stop_on_signals()
    async with AsyncExitStack() as stack:
        starting = asyncio.ensure_future(start(plan, stack))
        stopping = asyncio.ensure_future(stop.wait())
        await asyncio.wait([starting, stopping], return_when=asyncio.FIRST_COMPLETED)
        if not starting.done():  # asked to stop before it was ready
            starting.cancel()
            await asyncio.gather(starting, return_exceptions=True)
            return
        stopping.cancel()
        running = starting.result()
        calm_collector()
        sys.stdout.write(json.dumps({"ready": True, **running.addresses}) + "\n")
        sys.stdout.flush()
        log.info(
            "ready",
            roles=",".join(plan.roles),
            channels=configured(plan.intake) or None,
            **(kernels.said() if "router" in plan.roles else {}),
            **running.addresses,
        )
        await until_stopped(running.work, stop)
        log.info("stopping", grace_seconds=plan.settings.rpc.grace_seconds)


@dataclass(frozen=True)
class Running:
    """A started process: its addresses and the work that must go on."""

    addresses: dict[str, str]
    work: Sequence[tuple[str, asyncio.Task[None]]]


async def start(plan: Plan, stack: AsyncExitStack) -> Running:
    """Starts the services; `stack` closes in reverse: first who is asked, then who works, last the log."""
    settings = plan.settings
    registry = CollectorRegistry()
    registry.register(BuildInfo(",".join(plan.roles)))
    ProcessCollector(registry=registry)
    counts = KafkaCounts()
    whole = await _open_log(plan, counts, stack)
    generations = partial(generation_of, whole)
    await check_generation(generations, settings.generation, settings.partitions)
    store = generations(settings.generation)
    await store.create_topics(topics(plan))
    appender = await _open_appender(store, plan, counts, stack)
    if plan.bootstrap is not None:
        registry.register(KafkaCollector(counts))
    parts = Parts(plan, registry, generations, appender, counts)
    parts.wire()
    if parts.intake is not None:
        stack.push_async_callback(parts.intake.close)
    with _naming("FRONTDESK_METRICS_PORT", settings.host, settings.metrics_port):
        endpoint = serve_metrics(registry, host=settings.host, port=settings.metrics_port)
    stack.callback(endpoint.close)
    wallboard_port = await _open_wallboard(parts.wallboard, settings, stack)
    work = [(name, asyncio.create_task(run())) for name, run in parts.work]
    stack.push_async_callback(_stop_work, [task for _, task in work])
    with _naming("FRONTDESK_GRPC_PORT", settings.host, settings.grpc_port):
        rpc = await serve_rpc(
            [part.add_to_grpc for part in parts.grpc],
            parts.grpc_names,
            address=f"{settings.host}:{settings.grpc_port}",
            registry=registry,
            settings=settings.rpc,
        )
    stack.push_async_callback(
        rpc.close,
        grace_seconds=settings.rpc.grace_seconds,
        drain_seconds=settings.rpc.drain_seconds,
        leave=parts.leave,
    )
    await _ready_or_broken(parts.until_ready(), work)
    addresses = {
        "grpc": f"{settings.host}:{rpc.port}",
        "metrics": f"http://{settings.host}:{endpoint.port}/metrics",
    }
    if rpc.health_port is not None:
        addresses["health"] = f"{settings.host}:{rpc.health_port}"
    if wallboard_port is not None:
        addresses["wallboard"] = f"http://{settings.host}:{wallboard_port}/"
    if plan.intake is not None and not configured(plan.intake):
        log.warning("no_provider_keys", mend="set a provider's keys; docs/settings.md says which")
    if parts.intake is not None:  # last, so that nobody contacts a desk that is not configured yet
        addresses |= await _listen(parts.intake, settings, stack)
    if plan.bootstrap is not None:  # others decide at once, while who waits here is still told
        for hand_over in parts.hand_over:
            stack.push_async_callback(hand_over)
        stack.push_async_callback(rpc.set_serving, False)
    await rpc.set_serving(True)
    return Running(addresses, work)


def configured(intake: IntakeSettings | None) -> str:
    """Providers that have a setting, with commas: without a key, nothing of theirs verifies."""
    if intake is None:
        return ""
    from services.intake.channels import PROVIDERS

    values = intake.known.values
    names = (one.name for one in PROVIDERS if any(setting.name in values for setting in one.settings))
    return ",".join(sorted(names))


async def _open_wallboard(
    wallboard: Wallboard | None, settings: ServeSettings, stack: AsyncExitStack
) -> int | None:
    """Its port; opened early, for it also says that metrics still reads the log."""
    if wallboard is None:
        return None
    stack.push_async_callback(wallboard.close)
    with _naming("FRONTDESK_WALLBOARD_PORT", settings.host, wallboard.port):
        return await wallboard.open(settings.host)


async def _listen(intake: Intake, settings: ServeSettings, stack: AsyncExitStack) -> dict[str, str]:
    """Opens the doors of intake: webhooks and mail."""
    stack.push_async_callback(intake.front_door.close)
    with _naming("FRONTDESK_HTTP_PORT", settings.host, settings.http_port):
        http_port = await intake.front_door.open(
            settings.host, settings.http_port, tls=settings.http_tls, reuse_port=settings.http_reuse_port
        )
    loop = asyncio.get_running_loop()
    with _naming("FRONTDESK_SMTP_PORT", settings.host, settings.smtp_port):
        smtp = await loop.create_server(intake.smtp_factory, settings.host, settings.smtp_port)
    stack.callback(smtp.close)
    addresses = {
        "http": f"{'https' if settings.http_tls else 'http'}://{settings.host}:{http_port}",
        "smtp": f"{settings.host}:{smtp.sockets[0].getsockname()[1]}",
    }
    if settings.lmtp_port is not None:
        with _naming("FRONTDESK_LMTP_PORT", settings.host, settings.lmtp_port):
            lmtp = await loop.create_server(intake.lmtp_factory, settings.host, settings.lmtp_port)
        stack.callback(lmtp.close)
        addresses["lmtp"] = f"{settings.host}:{lmtp.sockets[0].getsockname()[1]}"
    return addresses


@contextlib.contextmanager
def _naming(setting: str, host: str, port: int) -> Iterator[None]:
    """A door that does not open is told with its setting."""
    try:
        yield
    except OSError as error:
        raise CannotListen(
            f"cannot listen on {host}:{port} ({setting}): {error.strerror or error}; choose another"
        ) from error


async def _stop_work(tasks: Sequence[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def _ready_or_broken(
    ready: Coroutine[Any, Any, None], tasks: Sequence[tuple[str, asyncio.Task[None]]]
) -> None:
    """Waits until ready; raises Stopped when a part breaks on the way."""
    getting_ready = asyncio.ensure_future(ready)
    try:
        await asyncio.wait([getting_ready, *(task for _, task in tasks)], return_when=asyncio.FIRST_COMPLETED)
        for name, task in tasks:
            if task.done():
                raise Stopped(f"{name} ended while starting: {words(task.exception())}") from task.exception()
        getting_ready.result()
    finally:
        getting_ready.cancel()


async def _open_log(plan: Plan, counts: KafkaCounts, stack: AsyncExitStack) -> Log:
    """The embedded log, or Kafka's."""
    if plan.bootstrap is None:
        plan.settings.data.parent.mkdir(parents=True, exist_ok=True)
        embedded = await SqliteLog.open(
            plan.settings.data, clock=plan.clock.now_ms, session_timeout_ms=EMBEDDED_SESSION_MS
        )
        stack.push_async_callback(embedded.close)
        return embedded
    store = await KafkaLog.connect(plan.bootstrap, heartbeat_ms=HEARTBEAT_MS, counts=counts)
    stack.push_async_callback(store.close)
    return store


async def _open_appender(store: Log, plan: Plan, counts: KafkaCounts, stack: AsyncExitStack) -> Appender:
    """What intake appends with: on Kafka a producer of its own, so that a flood of deliveries cannot fill the router's
    bound of records in flight; the log itself when embedded."""
    if plan.bootstrap is None or plan.intake is None:
        return store
    appender = KafkaAppender(
        plan.bootstrap,
        client_id=INTAKE_CLIENT,
        records_in_flight_max=RECORDS_IN_FLIGHT_MAX,
        append_deadline_ms=plan.intake.append_ms_max,
        partitions=store.partitions,
        counts=counts,
    )
    stack.push_async_callback(appender.close)
    await appender.start()
    return GenerationAppender(appender, plan.settings.generation)
