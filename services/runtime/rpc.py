"""What every gRPC server here has: health, reflection, typed refusals, deadlines, measures, bounded load.

A handler raises `Refusal`; one interceptor turns it into google.rpc.Status with ErrorInfo (reason, domain
"frontdesk"), BadRequest (fields) and RetryInfo (AIP-193). Anything else that escapes a handler becomes
INTERNAL without its text, which may hold personal data; the log has its type and frames.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import aclosing
from typing import Any, NoReturn

import grpc
import structlog
from google.protobuf.any_pb2 import Any as PackedAny
from google.protobuf.duration_pb2 import Duration
from google.rpc import code_pb2, error_details_pb2, status_pb2
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection
from grpc_status import rpc_status
from prometheus_client import CollectorRegistry, Counter, Histogram

from services.runtime.observe import frames_of

DOMAIN = "frontdesk"
MESSAGE_BYTES_MAX = 4 * 1024 * 1024
STREAMS_MAX = 10_000
DEADLINE_SECONDS_MAX = 60.0
"""Longest a unary call may take; a caller without a deadline gets this one."""
ANSWER_MARGIN_SECONDS, ANSWER_MARGIN_SHARE = 0.2, 0.1
"""Kept of a caller's deadline for the way back: so many seconds, at most this share of it."""

log = structlog.get_logger()


class Refusal(Exception):
    """An answer that is no success, said so that a program can act on it.

    `reason` is UPPER_SNAKE_CASE from a short list; `fields` maps a field's path to what is wrong with it and
    how to mend it; `retry_after_ms` tells when repeating makes sense; `metadata` is what a program may want to know.
    """

    def __init__(
        self,
        code: grpc.StatusCode,
        reason: str,
        message: str,
        *,
        fields: Mapping[str, str] | None = None,
        retry_after_ms: int | None = None,
        metadata: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.code, self.reason, self.message = code, reason, message
        self.fields, self.metadata = dict(fields or {}), dict(metadata or {})
        self.retry_after_ms = retry_after_ms

    def status(self) -> status_pb2.Status:
        """The google.rpc.Status that carries all of it."""
        details: list[Any] = [
            error_details_pb2.ErrorInfo(reason=self.reason, domain=DOMAIN, metadata=self.metadata)
        ]
        if self.fields:
            violations = [
                error_details_pb2.BadRequest.FieldViolation(field=field, description=text)
                for field, text in self.fields.items()
            ]
            details.append(error_details_pb2.BadRequest(field_violations=violations))
        if self.retry_after_ms is not None:
            delay = Duration(
                seconds=self.retry_after_ms // 1000, nanos=self.retry_after_ms % 1000 * 1_000_000
            )
            details.append(error_details_pb2.RetryInfo(retry_delay=delay))
        packed = []
        for detail in details:
            one = PackedAny()
            one.Pack(detail)
            packed.append(one)
        number = code_pb2.Code.Value(self.code.name)
        return status_pb2.Status(code=number, message=self.message, details=packed)


def invalid(fields: Mapping[str, str]) -> Refusal:
    """INVALID_ARGUMENT naming every field at fault."""
    text = "; ".join(f"{field}: {fault}" for field, fault in fields.items())
    return Refusal(grpc.StatusCode.INVALID_ARGUMENT, "INVALID_REQUEST", text, fields=fields)


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


class _Interceptor(grpc.aio.ServerInterceptor):
    """Measures → deadline → errors, around every handler."""

    def __init__(self, measures: RpcMeasures) -> None:
        self._measures = measures

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
        labels = (
            {"client": "client_stream", "server": "server_stream", "": "unary"}.get(kind, "bidi_stream"),
        )
        return factory(
            wrap(inner, (*labels, service, method)),
            request_deserializer=handler.request_deserializer,
            response_serializer=handler.response_serializer,
        )

    def _wrap_unary(self, inner: Any, labels: tuple[str, str, str]) -> Any:
        async def call(request: Any, context: grpc.aio.ServicerContext[Any, Any]) -> Any:
            with _Measured(self._measures, labels) as measured:
                try:
                    return await inner(request, context)
                except Exception as error:
                    await measured.abort(context, error)

        return call

    def _wrap_stream(self, inner: Any, labels: tuple[str, str, str]) -> Any:
        async def call(request: Any, context: grpc.aio.ServicerContext[Any, Any]) -> AsyncIterator[Any]:
            with _Measured(self._measures, labels) as measured:
                try:
                    async with aclosing(inner(request, context)) as responses:
                        async for response in responses:
                            yield response
                except Exception as error:
                    await measured.abort(context, error)

        return call


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


class RpcServer:
    """A gRPC server with everything around it; `serve` makes one."""

    def __init__(
        self, server: grpc.aio.Server, port: int, health_servicer: Any, names: Sequence[str]
    ) -> None:
        self._server, self.port, self._health, self._names = server, port, health_servicer, names

    async def set_serving(self, serving: bool) -> None:
        """Readiness of every service, as grpc.health.v1 tells it."""
        state = (
            health_pb2.HealthCheckResponse.SERVING if serving else health_pb2.HealthCheckResponse.NOT_SERVING
        )
        for name in (*self._names, "readiness", ""):
            await self._health.set(name, state)

    async def close(self, *, grace_seconds: float = 5.0) -> None:
        """Not ready, then no new calls, then at most `grace_seconds` for those under way."""
        await self.set_serving(False)
        await self._server.stop(grace_seconds)


async def serve(
    add: Sequence[Callable[[grpc.aio.Server], None]],
    names: Sequence[str],
    *,
    address: str,
    registry: CollectorRegistry,
    concurrent_max: int = STREAMS_MAX,
    credentials: grpc.ServerCredentials | None = None,
) -> RpcServer:
    """Starts a server on `address` ("127.0.0.1:0" takes a free port) with the services that `add` adds.

    Health starts as NOT_SERVING but for "liveness". Raises OSError when the address is taken.
    """
    server = grpc.aio.server(
        interceptors=[_Interceptor(RpcMeasures(registry))],
        maximum_concurrent_rpcs=concurrent_max,
        options=[
            ("grpc.max_receive_message_length", MESSAGE_BYTES_MAX),
            ("grpc.max_concurrent_streams", STREAMS_MAX),
            ("grpc.http2.min_recv_ping_interval_without_data_ms", 10_000),
            ("grpc.keepalive_permit_without_calls", 1),
            ("grpc.so_reuseport", 0),
        ],
    )
    for one in add:
        one(server)
    servicer = health.aio.HealthServicer()
    health_pb2_grpc.add_HealthServicer_to_server(servicer, server)
    reflection.enable_server_reflection((*names, health.SERVICE_NAME, reflection.SERVICE_NAME), server)
    try:
        if credentials is None:
            port = server.add_insecure_port(address)
        else:
            port = server.add_secure_port(address, credentials)
    except RuntimeError as error:
        raise OSError(f"cannot listen on {address}: is it taken? ({error})") from error
    await server.start()
    running = RpcServer(server, port, servicer, names)
    await running.set_serving(False)
    await servicer.set("liveness", health_pb2.HealthCheckResponse.SERVING)
    return running


def seconds_left(context: grpc.aio.ServicerContext[Any, Any]) -> float:
    """Time the caller still waits, never more than DEADLINE_SECONDS_MAX."""
    left = context.time_remaining()
    return DEADLINE_SECONDS_MAX if left is None else min(left, DEADLINE_SECONDS_MAX)


def answer_seconds(context: grpc.aio.ServicerContext[Any, Any]) -> float:
    """How long an answer may take so that the caller still gets it: a refusal that is late is only a timeout."""
    left = seconds_left(context)
    return max(0.0, left - min(ANSWER_MARGIN_SECONDS, left * ANSWER_MARGIN_SHARE))
