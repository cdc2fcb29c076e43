"""What every gRPC server here has: health, reflection, typed refusals, deadlines, measures, bounded load, TLS.

Health speaks of each service by its name, of "" and "readiness" (all services serve), and of "liveness": that the event
loop turns, and of nothing else, so that no broker's failure restarts a process (operations.md 5). With TLS, health
also stands on a plaintext port of its own, for probes that speak no TLS.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection
from prometheus_client import CollectorRegistry

from services.runtime.refusal import Refusal, answer_seconds, invalid, seconds_left
from services.runtime.rpc_calls import RpcMeasures, Surroundings
from services.runtime.rpc_settings import RpcSettings
from services.runtime.rpc_tls import reloading_credentials

__all__ = ["Refusal", "RpcServer", "RpcSettings", "answer_seconds", "invalid", "seconds_left", "serve"]
HARD_CALLS_BEYOND = 1_000
"""Calls beyond the bound that are still answered with a refusal of our own, health among them."""


class RpcServer:
    """A gRPC server with everything around it; `serve` makes one."""

    def __init__(
        self,
        server: grpc.aio.Server,
        port: int,
        health_servicer: Any,
        names: Sequence[str],
        *,
        health_server: grpc.aio.Server | None = None,
        health_port: int | None = None,
    ) -> None:
        self._server, self.port, self._health, self._names = server, port, health_servicer, names
        self._health_server, self.health_port = health_server, health_port

    async def set_serving(self, serving: bool) -> None:
        """Readiness of every service, as grpc.health.v1 tells it."""
        state = (
            health_pb2.HealthCheckResponse.SERVING if serving else health_pb2.HealthCheckResponse.NOT_SERVING
        )
        for name in (*self._names, "readiness", ""):
            await self._health.set(name, state)

    async def close(
        self,
        *,
        grace_seconds: float = 5.0,
        drain_seconds: float = 0.0,
        leave: Sequence[Callable[[], None]] = (),
    ) -> None:
        """Not ready, then `drain_seconds` for balancers to see it, then no new calls; `leave` ends the streams, and
        calls under way have at most `grace_seconds`."""
        await self.set_serving(False)
        if drain_seconds:
            await asyncio.sleep(drain_seconds)
        stopping = asyncio.ensure_future(self._server.stop(grace_seconds))
        await asyncio.sleep(0)  # who is sent away must not come back to this one
        for one in leave:
            one()
        await stopping
        if self._health_server is not None:
            await self._health_server.stop(0)


async def serve(
    add: Sequence[Callable[[grpc.aio.Server], None]],
    names: Sequence[str],
    *,
    address: str,
    registry: CollectorRegistry,
    settings: RpcSettings | None = None,
) -> RpcServer:
    """Starts a server on `address` ("127.0.0.1:0" takes a free port) with the services that `add` adds.

    Health starts as NOT_SERVING but for "liveness". Raises OSError when an address is taken, OSError or
    ValueError when the certificate cannot be used.
    """
    settings = settings or RpcSettings()
    server = grpc.aio.server(
        interceptors=[Surroundings(RpcMeasures(registry), calls_max=settings.calls_max)],
        maximum_concurrent_rpcs=settings.calls_max + HARD_CALLS_BEYOND,
        options=settings.options(),
    )
    for one in add:
        one(server)
    servicer = health.aio.HealthServicer()
    health_pb2_grpc.add_HealthServicer_to_server(servicer, server)
    reflection.enable_server_reflection((*names, health.SERVICE_NAME, reflection.SERVICE_NAME), server)
    credentials = None if settings.tls is None else reloading_credentials(settings.tls)
    port = _listen(server, address, credentials)
    health_server, health_port = None, None
    if settings.health_port is not None:
        health_server = grpc.aio.server(options=[("grpc.so_reuseport", 0)])
        health_pb2_grpc.add_HealthServicer_to_server(servicer, health_server)
        host = address.rpartition(":")[0]
        health_port = _listen(health_server, f"{host}:{settings.health_port}", None)
        await health_server.start()
    await server.start()
    running = RpcServer(server, port, servicer, names, health_server=health_server, health_port=health_port)
    await running.set_serving(False)
    await servicer.set("liveness", health_pb2.HealthCheckResponse.SERVING)
    return running


def _listen(server: grpc.aio.Server, address: str, credentials: grpc.ServerCredentials | None) -> int:
    try:
        if credentials is None:
            return server.add_insecure_port(address)
        return server.add_secure_port(address, credentials)
    except RuntimeError as error:
        raise OSError(f"cannot listen on {address}: is it taken? ({error})") from error
