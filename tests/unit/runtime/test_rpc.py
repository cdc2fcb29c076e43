"""The gRPC surroundings: refusals keep their details, failures lose theirs, health tells readiness."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import grpc
import pytest
import structlog
from google.rpc import error_details_pb2
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_status import rpc_status
from prometheus_client import CollectorRegistry

from frontdesk.v1 import metrics_pb2, metrics_pb2_grpc, router_pb2, router_pb2_grpc
from services.runtime.rpc import Refusal, RpcServer, invalid, serve

KPIS = "frontdesk.v1.MetricsService"


class Failing(metrics_pb2_grpc.MetricsServiceServicer):
    """Raises what the test gives it."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    async def GetKpis(self, request: Any, context: Any) -> metrics_pb2.GetKpisResponse:
        raise self.error


class FailingStream(router_pb2_grpc.RouterServiceServicer):
    async def WatchDecisions(
        self,
        request: Any,
        context: Any,
    ) -> AsyncIterator[router_pb2.WatchDecisionsResponse]:
        yield router_pb2.WatchDecisionsResponse()
        raise Refusal(grpc.StatusCode.RESOURCE_EXHAUSTED, "TOO_SLOW", "read faster", retry_after_ms=1500)


async def served(error: Exception, registry: CollectorRegistry) -> RpcServer:
    return await serve(
        [
            lambda s: metrics_pb2_grpc.add_MetricsServiceServicer_to_server(Failing(error), s),  # type: ignore[no-untyped-call] # generated
            lambda s: router_pb2_grpc.add_RouterServiceServicer_to_server(FailingStream(), s),  # type: ignore[no-untyped-call] # generated
        ],
        [KPIS],
        address="127.0.0.1:0",
        registry=registry,
    )


async def failure_of(error: Exception, registry: CollectorRegistry) -> grpc.aio.AioRpcError:
    server = await served(error, registry)
    try:
        async with grpc.aio.insecure_channel(f"127.0.0.1:{server.port}") as channel:
            stub = metrics_pb2_grpc.MetricsServiceStub(channel)  # type: ignore[no-untyped-call] # generated
            with pytest.raises(grpc.aio.AioRpcError) as raised:
                await stub.GetKpis(metrics_pb2.GetKpisRequest(), timeout=20)
            return raised.value
    finally:
        await server.close(grace_seconds=0)


def details(error: grpc.aio.AioRpcError, kind: Any) -> Any:
    """The detail of a kind in a refusal, or None."""
    status = rpc_status.from_call(error)
    for packed in status.details if status is not None else ():
        if packed.Is(kind.DESCRIPTOR):
            one = kind()
            packed.Unpack(one)
            return one
    return None


async def test_a_refusal_names_reason_fields_and_when_to_retry() -> None:
    refusal = Refusal(
        grpc.StatusCode.RESOURCE_EXHAUSTED, "BUSY", "busy", fields={"a.b": "too long"}, retry_after_ms=1500
    )
    error = await failure_of(refusal, CollectorRegistry())
    assert error.code() == grpc.StatusCode.RESOURCE_EXHAUSTED
    info = details(error, error_details_pb2.ErrorInfo)
    assert (info.reason, info.domain) == ("BUSY", "frontdesk")
    assert details(error, error_details_pb2.BadRequest).field_violations[0].field == "a.b"
    assert details(error, error_details_pb2.RetryInfo).retry_delay.ToMilliseconds() == 1500


async def test_an_unexpected_failure_tells_the_caller_nothing() -> None:
    error = await failure_of(ValueError("+4915112345678 is odd"), CollectorRegistry())
    assert error.code() == grpc.StatusCode.INTERNAL
    assert "4915112345678" not in (error.details() or "")


async def test_an_unexpected_failure_is_logged_by_type_and_frames_only(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(
        "services.runtime.rpc_calls.log", structlog.get_logger()
    )  # one that nothing has cached
    with structlog.testing.capture_logs() as lines:
        await failure_of(ValueError("+4915112345678 is odd"), CollectorRegistry())
    (line,) = [line for line in lines if line["event"] == "rpc_failed"]
    assert "exc_info" not in line
    assert "4915112345678" not in repr(line)
    assert (line["method"], line["error"]) == ("GetKpis", "ValueError")
    assert line["frames"][-1].endswith("in GetKpis")


async def test_every_call_is_counted_with_its_code() -> None:
    registry = CollectorRegistry()
    await failure_of(invalid({"from_at": "is required"}), registry)
    labels = {"grpc_type": "unary", "grpc_service": KPIS, "grpc_method": "GetKpis"}
    assert registry.get_sample_value("grpc_server_started_total", labels) == 1
    refused = {**labels, "grpc_code": "INVALID_ARGUMENT"}
    assert registry.get_sample_value("grpc_server_handled_total", refused) == 1


@pytest.mark.parametrize("method", [f"/{KPIS}/GetKpis", "/frontdesk.v1.RouterService/WatchDecisions"])
async def test_bytes_that_are_no_message_are_the_callers_fault_and_counted_as_such(method: str) -> None:
    registry = CollectorRegistry()
    server = await served(ValueError(), registry)
    try:
        async with grpc.aio.insecure_channel(f"127.0.0.1:{server.port}") as channel:
            with pytest.raises(grpc.aio.AioRpcError) as raised:
                call: Any = channel.unary_stream if "Watch" in method else channel.unary_unary
                answer = call(method)(b"\xff\xff", timeout=5)
                await (answer.read() if "Watch" in method else answer)
    finally:
        await server.close(grace_seconds=0)

    assert raised.value.code() == grpc.StatusCode.INVALID_ARGUMENT
    assert details(raised.value, error_details_pb2.ErrorInfo).reason == "INVALID_REQUEST"
    _, service, name = method.split("/")
    counted = {"grpc_service": service, "grpc_method": name, "grpc_code": "INVALID_ARGUMENT"}
    kind = {"grpc_type": "server_stream" if "Watch" in method else "unary"}
    assert registry.get_sample_value("grpc_server_handled_total", {**counted, **kind}) == 1


async def test_a_stream_ends_with_its_refusal_after_what_it_said() -> None:
    server = await served(ValueError(), CollectorRegistry())
    try:
        async with grpc.aio.insecure_channel(f"127.0.0.1:{server.port}") as channel:
            stub = router_pb2_grpc.RouterServiceStub(channel)  # type: ignore[no-untyped-call] # generated
            said = 0
            with pytest.raises(grpc.aio.AioRpcError) as raised:
                async for _ in stub.WatchDecisions(router_pb2.WatchDecisionsRequest(), timeout=20):
                    said += 1
        assert said == 1
        assert details(raised.value, error_details_pb2.ErrorInfo).reason == "TOO_SLOW"
    finally:
        await server.close(grace_seconds=0)


async def test_health_tells_liveness_from_readiness() -> None:
    server = await served(ValueError(), CollectorRegistry())
    try:
        async with grpc.aio.insecure_channel(f"127.0.0.1:{server.port}") as channel:
            stub = health_pb2_grpc.HealthStub(channel)

            async def state(name: str) -> int:
                response = await stub.Check(health_pb2.HealthCheckRequest(service=name), timeout=20)
                return int(response.status)

            assert await state("liveness") == health_pb2.HealthCheckResponse.SERVING
            assert await state("readiness") == health_pb2.HealthCheckResponse.NOT_SERVING
            await server.set_serving(True)
            assert await state(KPIS) == health_pb2.HealthCheckResponse.SERVING
    finally:
        await server.close(grace_seconds=0)


async def test_an_address_that_is_taken_is_said_so() -> None:
    server = await served(ValueError(), CollectorRegistry())
    try:
        with pytest.raises(OSError, match="cannot listen"):
            await serve([], [], address=f"127.0.0.1:{server.port}", registry=CollectorRegistry())
    finally:
        await server.close(grace_seconds=0)
