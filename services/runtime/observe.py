"""How a process tells what it does: structured logs, and the /metrics endpoint.

Logs: one line a unit of work, JSON for machines, columns for a terminal; a snake_case event name and ids,
never a name, an address or a text of a customer (design.md, rule 7).
"""

from __future__ import annotations

import logging
import sys
from dataclasses import dataclass
from http.server import HTTPServer
from threading import Thread

import structlog
from prometheus_client import CollectorRegistry, disable_created_metrics, start_http_server
from prometheus_client.core import InfoMetricFamily

VERSION = "0.1.0"


def configure_logs(*, level: str = "info", as_json: bool = True) -> None:
    """Sets up structlog and the libraries' loggers; called once by a command, never at import."""
    number = logging.getLevelNamesMapping()[level.upper()]
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer()
        if as_json
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    structlog.configure(
        processors=[*shared, structlog.processors.format_exc_info, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=True,
    )
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(max(number, logging.WARNING))  # libraries speak when something is wrong


@dataclass(frozen=True)
class MetricsEndpoint:
    """A running /metrics server in a thread of its own, so that a blocked loop does not blind operators."""

    port: int
    _server: HTTPServer
    _thread: Thread

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(timeout=5)


def serve_metrics(registry: CollectorRegistry, *, host: str, port: int) -> MetricsEndpoint:
    """Serves the registry; port 0 takes a free one."""
    disable_created_metrics()  # type: ignore[no-untyped-call] # the library's own gap
    server, thread = start_http_server(port, addr=host, registry=registry)
    return MetricsEndpoint(server.server_port, server, thread)


class BuildInfo:
    """frontdesk_build_info{version, service}."""

    def __init__(self, service: str) -> None:
        self._service = service

    def collect(self) -> list[InfoMetricFamily]:
        family = InfoMetricFamily("frontdesk_build", "Version of the running service.")
        family.add_metric([], {"version": VERSION, "service": self._service})
        return [family]
