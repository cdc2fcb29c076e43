"""What every gRPC server here does on the wire: TLS that is renewed, bounds, pings, deadlines, and how it stops."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import grpc
import pytest
import trustme
from cryptography import x509
from google.rpc import error_details_pb2
from grpc_health.v1 import health_pb2, health_pb2_grpc
from prometheus_client import CollectorRegistry

from frontdesk.v1 import metrics_pb2, metrics_pb2_grpc, router_pb2, router_pb2_grpc
from services.runtime import refusal
from services.runtime.refusal import Refusal
from services.runtime.rpc import RpcServer, RpcSettings, serve
from services.runtime.rpc_tls import TlsFiles
from tests.unit.runtime.test_rpc import details

SERVING, NOT_SERVING = health_pb2.HealthCheckResponse.SERVING, health_pb2.HealthCheckResponse.NOT_SERVING
USUAL = RpcSettings()


class Slow(metrics_pb2_grpc.MetricsServiceServicer, router_pb2_grpc.RouterServiceServicer):
    """Answers, and says, when it is let go."""

    def __init__(self) -> None:
        self.go, self.asked = asyncio.Event(), asyncio.Event()
        self.away = asyncio.Event()

    async def GetKpis(self, request: Any, context: Any) -> metrics_pb2.GetKpisResponse:
        self.asked.set()
        await self.go.wait()
        return metrics_pb2.GetKpisResponse()

    async def WatchDecisions(
        self, request: Any, context: Any
    ) -> AsyncIterator[router_pb2.WatchDecisionsResponse]:
        yield router_pb2.WatchDecisionsResponse()
        await self.away.wait()
        raise Refusal(grpc.StatusCode.UNAVAILABLE, "GOING_AWAY", "go on elsewhere", retry_after_ms=0)


Start = Callable[[RpcSettings], Awaitable[tuple[RpcServer, Slow]]]


@pytest.fixture
async def stack() -> AsyncIterator[AsyncExitStack]:
    async with AsyncExitStack() as exit_stack:
        yield exit_stack


@pytest.fixture
def start(stack: AsyncExitStack) -> Start:
    async def started(settings: RpcSettings) -> tuple[RpcServer, Slow]:
        slow = Slow()
        server = await serve(
            [
                lambda s: metrics_pb2_grpc.add_MetricsServiceServicer_to_server(slow, s),  # type: ignore[no-untyped-call] # generated
                lambda s: router_pb2_grpc.add_RouterServiceServicer_to_server(slow, s),  # type: ignore[no-untyped-call] # generated
            ],
            ["frontdesk.v1.MetricsService"],
            address="localhost:0" if settings.tls else "127.0.0.1:0",
            registry=CollectorRegistry(),
            settings=settings,
        )
        stack.push_async_callback(server.close, grace_seconds=0)
        await server.set_serving(True)
        return server, slow

    return started


def plain(stack: AsyncExitStack, port: int, **options: int) -> grpc.aio.Channel:
    named = [(f"grpc.{name}", value) for name, value in options.items()]
    channel = grpc.aio.insecure_channel(f"127.0.0.1:{port}", options=named)
    stack.push_async_callback(channel.close)
    return channel


async def health_of(channel: grpc.aio.Channel, name: str = "readiness", seconds: float = 5) -> int:
    request = health_pb2.HealthCheckRequest(service=name)
    return int((await health_pb2_grpc.HealthStub(channel).Check(request, timeout=seconds)).status)


def kpis(channel: grpc.aio.Channel, request: Any = None, **parts: Any) -> Any:
    stub = metrics_pb2_grpc.MetricsServiceStub(channel)  # type: ignore[no-untyped-call] # generated
    return stub.GetKpis(request or metrics_pb2.GetKpisRequest(), **parts)


def watch(channel: grpc.aio.Channel) -> Any:
    stub = router_pb2_grpc.RouterServiceStub(channel)  # type: ignore[no-untyped-call] # generated
    return stub.WatchDecisions(router_pb2.WatchDecisionsRequest())


# --- TLS ---------------------------------------------------------------------------------------------------


def issue(authority: trustme.CA, folder: Path, common_name: str = "one") -> TlsFiles:
    """A certificate for localhost, written as a secret's files are: key, chain, and who signs the callers'."""
    found = authority.issue_cert("localhost", common_name=common_name)
    files = TlsFiles(folder / "tls.crt", folder / "tls.key", folder / "ca.crt")
    found.private_key_pem.write_to_path(files.key)
    files.certificate.write_bytes(b"".join(one.bytes() for one in found.cert_chain_pems))
    authority.cert_pem.write_to_path(folder / "ca.crt")
    return files


def secure(
    stack: AsyncExitStack, port: int, authority: trustme.CA, client: trustme.LeafCert | None = None
) -> grpc.aio.Channel:
    credentials = grpc.ssl_channel_credentials(
        authority.cert_pem.bytes(),
        client.private_key_pem.bytes() if client else None,
        b"".join(one.bytes() for one in client.cert_chain_pems) if client else None,
    )
    options = [("grpc.use_local_subchannel_pool", 1)]  # a handshake of its own
    channel = grpc.aio.secure_channel(f"localhost:{port}", credentials, options=options)
    stack.push_async_callback(channel.close)
    return channel


async def shown(port: int, authority: trustme.CA) -> str:
    """Common name of the certificate that the server shows."""
    context = ssl.create_default_context(cadata=authority.cert_pem.bytes().decode())
    context.set_alpn_protocols(["h2"])
    _, writer = await asyncio.open_connection("localhost", port, ssl=context)
    der = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
    writer.close()
    name = x509.load_der_x509_certificate(der).subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
    return str(name[0].value)


async def test_with_tls_only_who_knows_the_authority_is_connected_and_health_stays_plain(
    start: Start, stack: AsyncExitStack, tmp_path: Path
) -> None:
    authority = trustme.CA()
    files = replace(issue(authority, tmp_path), client_ca=None)
    server, slow = await start(replace(USUAL, tls=files, health_port=0))
    slow.go.set()
    await kpis(secure(stack, server.port, authority), timeout=20)
    for stranger in (secure(stack, server.port, trustme.CA()), plain(stack, server.port)):
        with pytest.raises(grpc.aio.AioRpcError) as raised:
            await kpis(stranger, timeout=20)
        assert raised.value.code() == grpc.StatusCode.UNAVAILABLE
    assert server.health_port is not None
    probe = plain(stack, server.health_port)
    assert await health_of(probe, "liveness") == await health_of(probe) == SERVING
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await kpis(probe, timeout=20)
    assert raised.value.code() == grpc.StatusCode.UNIMPLEMENTED


async def test_with_mutual_tls_callers_show_a_certificate_of_the_authority(
    start: Start, stack: AsyncExitStack, tmp_path: Path
) -> None:
    authority, other = trustme.CA(), trustme.CA()
    server, slow = await start(replace(USUAL, tls=issue(authority, tmp_path)))
    slow.go.set()
    desktop = authority.issue_cert("desktop@example.com")
    await kpis(secure(stack, server.port, authority, desktop), timeout=20)
    for client in (None, other.issue_cert("desktop@example.com")):
        with pytest.raises(grpc.aio.AioRpcError) as raised:
            await kpis(secure(stack, server.port, authority, client), timeout=20)
        assert raised.value.code() == grpc.StatusCode.UNAVAILABLE


async def test_a_renewed_certificate_is_taken_without_a_restart_and_a_broken_one_is_not(
    start: Start, stack: AsyncExitStack, tmp_path: Path
) -> None:
    authority = trustme.CA()
    files = replace(issue(authority, tmp_path, "one"), client_ca=None)
    server, slow = await start(replace(USUAL, tls=files))
    slow.go.set()
    old = secure(stack, server.port, authority)
    await kpis(old, timeout=20)
    assert await shown(server.port, authority) == "one"
    issue(authority, tmp_path, "two")
    assert await shown(server.port, authority) == "two"
    files.key.write_text("half of a file that somebody is writing")
    assert await shown(server.port, authority) == "two"
    issue(authority, tmp_path, "three")
    assert await shown(server.port, authority) == "three"
    await kpis(old, timeout=20)
    await kpis(secure(stack, server.port, authority), timeout=20)


# --- bounds ------------------------------------------------------------------------------------------------


async def test_calls_beyond_the_bound_are_told_when_to_come_back_and_health_is_still_answered(
    start: Start, stack: AsyncExitStack
) -> None:
    server, slow = await start(replace(USUAL, calls_max=1))
    channel = plain(stack, server.port)
    first = kpis(channel, timeout=20)
    await asyncio.wait_for(slow.asked.wait(), 30)
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await kpis(channel, timeout=20)
    assert raised.value.code() == grpc.StatusCode.RESOURCE_EXHAUSTED
    assert details(raised.value, error_details_pb2.ErrorInfo).reason == "TOO_MANY_CALLS"
    assert details(raised.value, error_details_pb2.RetryInfo).retry_delay.ToMilliseconds() > 0
    assert await health_of(channel) == SERVING
    slow.go.set()
    await first
    await kpis(channel, timeout=20)


async def test_a_message_that_is_too_long_is_refused(start: Start, stack: AsyncExitStack) -> None:
    server, slow = await start(replace(USUAL, message_bytes_max=65_536))
    slow.go.set()
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await kpis(plain(stack, server.port), metrics_pb2.GetKpisRequest(desk_id="x" * 70_000), timeout=20)
    assert raised.value.code() == grpc.StatusCode.RESOURCE_EXHAUSTED


async def test_a_caller_without_a_deadline_gets_the_usual_one(
    start: Start, stack: AsyncExitStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(refusal, "DEADLINE_SECONDS_MAX", 0.2)
    server, _ = await start(USUAL)
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await asyncio.wait_for(kpis(plain(stack, server.port)), 20)
    assert raised.value.code() == grpc.StatusCode.DEADLINE_EXCEEDED
    assert details(raised.value, error_details_pb2.ErrorInfo).reason == "NO_ANSWER"


async def test_who_pings_too_often_is_sent_away_and_who_keeps_to_the_rule_is_not(
    start: Start, stack: AsyncExitStack
) -> None:
    server, _ = await start(replace(USUAL, ping_seconds_min=2))

    def pinging(milliseconds: int) -> Any:
        channel = plain(
            stack,
            server.port,
            keepalive_time_ms=milliseconds,
            keepalive_timeout_ms=5_000,
            use_local_subchannel_pool=1,
            **{"http2.max_pings_without_data": 0},
        )
        return watch(channel)

    polite, rude = pinging(4_000), pinging(1_000)  # a client sends at most one a second
    await polite.read()
    await rude.read()
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await asyncio.wait_for(rude.read(), 30)
    assert raised.value.code() == grpc.StatusCode.UNAVAILABLE
    assert raised.value.details() == "Too many pings"
    reading = asyncio.ensure_future(polite.read())
    done, _ = await asyncio.wait({reading}, timeout=9)
    assert not done
    reading.cancel()


async def test_an_old_connection_ends_after_its_grace_and_the_next_call_makes_a_new_one(
    start: Start, stack: AsyncExitStack
) -> None:
    server, slow = await start(replace(USUAL, connection_age_seconds_max=1, connection_age_grace_seconds=1))
    slow.go.set()
    channel = plain(stack, server.port)
    call = watch(channel)
    await call.read()
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await asyncio.wait_for(call.read(), 30)
    assert raised.value.code() in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED)
    await kpis(channel, timeout=20)


# --- the end -----------------------------------------------------------------------------------------------


async def test_a_stop_is_first_told_then_takes_no_calls_and_lets_those_under_way_end(
    start: Start, stack: AsyncExitStack
) -> None:
    server, slow = await start(USUAL)
    channel = plain(stack, server.port, use_local_subchannel_pool=1)
    under_way, stream = kpis(channel, timeout=20), watch(channel)
    await asyncio.wait_for(slow.asked.wait(), 30)
    await stream.read()
    order: list[str] = []

    def leave() -> None:
        order.append("leave")
        slow.away.set()

    closing = asyncio.ensure_future(server.close(drain_seconds=2, grace_seconds=10, leave=[leave]))
    async with asyncio.timeout(30):
        while await health_of(channel) != NOT_SERVING:
            await asyncio.sleep(0.01)
    assert await health_of(channel, "liveness") == SERVING
    assert order == []  # while balancers look elsewhere, calls are still answered
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await asyncio.wait_for(stream.read(), 30)
    assert details(raised.value, error_details_pb2.ErrorInfo).reason == "GOING_AWAY"
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await kpis(plain(stack, server.port, use_local_subchannel_pool=1), timeout=2)
    assert raised.value.code() == grpc.StatusCode.UNAVAILABLE
    slow.go.set()
    await under_way
    await asyncio.wait_for(closing, 30)
