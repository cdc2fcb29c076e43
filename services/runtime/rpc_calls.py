"""What surrounds every call: measures, a bound of calls at once, a deadline, typed refusals.

A handler raises `Refusal`; the interceptor turns it into google.rpc.Status with ErrorInfo (reason, domain
"frontdesk"), BadRequest (fields) and RetryInfo (AIP-193). Anything else that escapes a handler becomes
INTERNAL without its text, which may hold personal data; the log has its type and frames.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import aclosing, contextmanager
from typing import Any, NoReturn

import grpc
import structlog
from google.protobuf.message import DecodeError
from grpc_status import rpc_status
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from services.runtime.observe import frames_of
from services.runtime.refusal import Refusal, seconds_left

RETRY_CROWDED_MS = 1_000
UNARY = "unary"

log = structlog.get_logger()


class RpcMeasures:
    """Requests, results and durations under the names that existing dashboards know."""

    def __init__(self, registry: CollectorRegistry) -> None:
        labels = ("grpc_type", "grpc_service", "grpc_method")
        self.started = Counter("grpc_server_started_total", "RPCs started.", labels, registry=registry)
        self.handled = Counter(
            "grpc_server_handled_total",
            "RPCs completed, by result.",
            (*labels, "grpc_code"),
            registry=registry,
        )
        self.seconds = Histogram(
            "grpc_server_handling_seconds", "Time from start to end of an RPC.", labels, registry=registry
        )
        self.open = Gauge(
            "frontdesk_grpc_open_calls", "RPCs under way, streams among them.", registry=registry
        )


class Surroundings(grpc.aio.ServerInterceptor):
    """Measures → bound → deadline → errors, around every handler but health's and reflection's."""

    def __init__(self, measures: RpcMeasures, *, calls_max: int) -> None:
        self._measures, self._calls_max, self._open = measures, calls_max, 0

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable[grpc.RpcMethodHandler[Any, Any] | None]],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> grpc.RpcMethodHandler[Any, Any] | None:
        handler = await continuation(handler_call_details)
        if handler is None or not handler_call_details.method.startswith("/frontdesk."):
            return handler
        _, service, method = handler_call_details.method.split("/")
        if handler.response_streaming:
            wrap, factory = (
                self._wrap_stream,
                (
                    grpc.stream_stream_rpc_method_handler
                    if handler.request_streaming
                    else grpc.unary_stream_rpc_method_handler
                ),
            )
            inner = handler.stream_stream or handler.unary_stream
        else:
            wrap, factory = (
                self._wrap_unary,
                (
                    grpc.stream_unary_rpc_method_handler
                    if handler.request_streaming
                    else grpc.unary_unary_rpc_method_handler
                ),
            )
            inner = handler.stream_unary or handler.unary_unary
        kind = ("client" if handler.request_streaming else "") + (
            "server" if handler.response_streaming else ""
        )
        labels = ({"client": "client_stream", "server": "server_stream", "": UNARY}.get(kind, "bidi_stream"),)
        read = handler.request_deserializer
        return factory(
            wrap(inner, (*labels, service, method)),
            request_deserializer=read
            if read is None or handler.request_streaming
            else _readable_or_not(read),
            response_serializer=handler.response_serializer,
        )

    def _wrap_unary(self, inner: Any, labels: tuple[str, str, str]) -> Any:
        bounded = labels[0] == UNARY  # a stream of requests lasts as long as its caller sends

        async def call(request: Any, context: grpc.aio.ServicerContext[Any, Any]) -> Any:
            with _Measured(self._measures, labels) as measured:
                try:
                    with self._counted():
                        if request is _UNREADABLE:
                            raise _unreadable()
                        async with asyncio.timeout(seconds_left(context) if bounded else None):
                            return await inner(request, context)
                except TimeoutError:
                    await measured.abort(context, _late())
                except Exception as error:
                    await measured.abort(context, error)

        return call

    def _wrap_stream(self, inner: Any, labels: tuple[str, str, str]) -> Any:
        async def call(request: Any, context: grpc.aio.ServicerContext[Any, Any]) -> AsyncIterator[Any]:
            with _Measured(self._measures, labels) as measured:
                try:
                    with self._counted():
                        if request is _UNREADABLE:
                            raise _unreadable()
                        async with aclosing(inner(request, context)) as responses:
                            async for response in responses:
                                yield response
                except Exception as error:
                    await measured.abort(context, error)

        return call

    @contextmanager
    def _counted(self) -> Iterator[None]:
        """One call of those that may be open; raises RESOURCE_EXHAUSTED beyond the bound."""
        if self._open >= self._calls_max:
            raise Refusal(
                grpc.StatusCode.RESOURCE_EXHAUSTED,
                "TOO_MANY_CALLS",
                f"{self._calls_max} calls are under way already; repeat, best at another replica",
                retry_after_ms=RETRY_CROWDED_MS,
            )
        self._open += 1
        self._measures.open.set(self._open)
        try:
            yield
        finally:
            self._open -= 1
            self._measures.open.set(self._open)


_UNREADABLE = object()
"""Stands for a request whose bytes are no message; raised in its deserializer, gRPC would answer UNKNOWN, which callers repeat."""


def _readable_or_not(read: Callable[[bytes], Any]) -> Callable[[bytes], Any]:
    def request(data: bytes) -> Any:
        try:
            return read(data)
        except DecodeError:
            return _UNREADABLE

    return request


def _unreadable() -> Refusal:
    return Refusal(
        grpc.StatusCode.INVALID_ARGUMENT,
        "INVALID_REQUEST",
        "the bytes are no message of this method; make the caller's stubs anew from protos/frontdesk/v1",
    )


def _late() -> Refusal:
    return Refusal(
        grpc.StatusCode.DEADLINE_EXCEEDED,
        "NO_ANSWER",
        "no answer in time; a write may have taken effect: repeat it with the same id",
    )


class _Measured:
    """One RPC being counted."""

    def __init__(self, measures: RpcMeasures, labels: tuple[str, str, str]) -> None:
        self._measures, self._labels, self._code = measures, labels, "OK"
        self._began = time.perf_counter()
        measures.started.labels(*labels).inc()

    def __enter__(self) -> _Measured:
        return self

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        if kind is not None and self._code == "OK":
            self._code = "CANCELLED"
        self._measures.handled.labels(*self._labels, self._code).inc()
        self._measures.seconds.labels(*self._labels).observe(time.perf_counter() - self._began)

    async def abort(self, context: grpc.aio.ServicerContext[Any, Any], error: Exception) -> NoReturn:
        """Ends the RPC with what the error stands for."""
        if isinstance(error, grpc.aio.AbortError):
            raise error
        if not isinstance(error, Refusal):
            log.error(
                "rpc_failed",
                method=self._labels[2],
                error=type(error).__name__,
                frames=frames_of(error),
            )
            error = Refusal(grpc.StatusCode.INTERNAL, "INTERNAL", "internal error; the server's log has it")
        self._code = error.code.name
        await context.abort_with_status(rpc_status.to_status(error.status()))
        raise AssertionError("abort returned")
