"""How a process tells what it does: structured logs, and the /metrics endpoint.

Logs: one line a unit of work, JSON for machines, columns for a terminal; a snake_case event name and ids,
never a name, an address or a text of a customer (design.md, rule 7). An exception's message may hold any of them,
so what is logged of an exception is its type and where it came from.
"""

from __future__ import annotations

import json
import logging
import sys
import time
import traceback
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import HTTPServer
from threading import Thread
from typing import Any

import msgspec
import structlog
from prometheus_client import CollectorRegistry, disable_created_metrics, start_http_server
from prometheus_client.core import InfoMetricFamily

from services.runtime.settings import Secret

VERSION = "0.1.0"
_ENCODER = msgspec.json.Encoder(enc_hook=repr)
FRAMES_MAX = 30
"""Innermost frames kept of one exception; a runaway recursion has a thousand."""
CHAIN_LENGTH_MAX = 10
"""Exceptions told of one failure: itself, its causes, the members of a group."""


def frames_of(error: BaseException) -> list[str]:
    """Where an exception came from, innermost last: "file:line in function", never its message.

    After its own frames come those of its causes and group members, each after a line "from TYPE".
    """
    lines: list[str] = []
    for one in _chain(error):
        if one is not error:
            lines.append(f"from {type(one).__name__}")
        innermost = deque(traceback.walk_tb(one.__traceback__), maxlen=FRAMES_MAX)
        lines += [f"{frame.f_code.co_filename}:{line} in {frame.f_code.co_name}" for frame, line in innermost]
    return lines


def _chain(error: BaseException) -> Iterator[BaseException]:
    waiting, seen = deque([error]), set[int]()
    while waiting and len(seen) < CHAIN_LENGTH_MAX:
        one = waiting.popleft()
        if id(one) in seen:
            continue
        seen.add(id(one))
        yield one
        if isinstance(one, BaseExceptionGroup):
            waiting.extend(one.exceptions)
        cause = one.__cause__ or (None if one.__suppress_context__ else one.__context__)
        if cause is not None:
            waiting.append(cause)


def discreet(logger: object, method: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    """A structlog processor for our records and foreign ones: an exception becomes `error` (its type) and `frames`,
    a secret hides.

    A library's text beside an exception often repeats its message, so only the first line of its template is
    kept, without the arguments.
    """
    del logger, method
    error = _error_in(event.pop("exc_info", None))
    for name, value in event.items():
        if isinstance(value, BaseException):
            event[name] = type(value).__name__
        elif isinstance(value, Secret):
            event[name] = repr(value)
    if error is None:
        return event
    record = event.get("_record")
    if record is not None:
        event["event"] = _first_line(record.msg, error)
    event.setdefault("error", type(error).__name__)
    event["frames"] = frames_of(error)
    return event


def _error_in(exc_info: object) -> BaseException | None:
    """The exception that `exc_info` stands for: itself, a triple, or whichever is being handled."""
    if isinstance(exc_info, BaseException):
        return exc_info
    if isinstance(exc_info, tuple):
        return exc_info[1] if isinstance(exc_info[1], BaseException) else None
    return sys.exception() if exc_info else None


def _first_line(template: object, error: BaseException) -> str:
    if isinstance(template, BaseException):
        return type(template).__name__
    line = (str(template).splitlines() or [""])[0]
    said = str(error)
    return line.replace(said, "***") if said else line


class _Stamper:
    """A structlog processor: `timestamp` in UTC by RFC 3339; what does not change within a second is made once in it."""

    def __init__(self) -> None:
        self._second, self._text = -1, ""

    def __call__(
        self, logger: object, method: str, event: structlog.typing.EventDict
    ) -> structlog.typing.EventDict:
        del logger, method
        second, micros = divmod(time.time_ns() // 1_000, 1_000_000)
        if second != self._second:
            self._second, self._text = second, time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(second))
        event["timestamp"] = f"{self._text}.{micros:06d}Z"
        return event


def _json_line(event: structlog.typing.EventDict, **_: object) -> bytes:
    """A record as JSON; what msgspec does not know by its repr, a lone surrogate (not UTF-8) escaped."""
    try:
        return _ENCODER.encode(event)
    except UnicodeEncodeError:
        return json.dumps(event, default=repr).encode()


def configure_logs(*, level: str = "info", as_json: bool = True) -> None:
    """Sets up structlog and the libraries' loggers; called once by a command, never at import."""
    number = logging.getLevelNamesMapping()[level.upper()]
    shared: list[structlog.typing.Processor] = [
        structlog.processors.add_log_level,
        _Stamper(),
        discreet,
    ]
    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer()
        if as_json
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    ours: structlog.typing.Processor = renderer
    factory: Any = structlog.WriteLoggerFactory(file=sys.stderr)
    if as_json:
        ours = structlog.processors.JSONRenderer(serializer=_json_line)
        factory = structlog.BytesLoggerFactory(file=sys.stderr.buffer)
    structlog.configure(
        processors=[*shared, ours],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=factory,
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
