"""The listening side of HTTP: how many may be connected, and how long they may dawdle before a request is whole.

The HTTP library bounds a request's line, headers and their number, but waits an hour for them. So each connection has
a guard around its protocol that knows whether a request is being handled; while none is, time runs. When the house is
full, whoever has dawdled longest goes, so that a flood of slow connections does not keep out those who speak at once.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from typing import cast

from aiohttp import web
from prometheus_client import Counter

HEAD_SECONDS_MAX = 10.0
"""From the first byte (or the connection) to a request's last header."""
IDLE_SECONDS_MAX = 75.0
"""Between two requests of one connection."""
LINGERING_SECONDS = 2.0
"""How long what a refused request still sends is read and thrown away, so that the answer arrives."""
HANDSHAKE_SECONDS_MAX = 10.0
CLOSING_SECONDS_MAX = 5.0
"""For requests under way when we close; a provider repeats what was not answered."""
SWEEP_SECONDS = 1.0
LINE_BYTES_MAX, HEADER_BYTES_MAX, HEADERS_MAX = 8_190, 16_384, 128
BACKLOG = 1_024
FULL = b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 5\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"

Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]


class Guard(asyncio.Protocol):
    """One connection: passes everything on to the HTTP library's protocol."""

    __slots__ = ("_door", "_inner", "transport")

    def __init__(self, door: FrontDoor, inner: asyncio.Protocol) -> None:
        self._door, self._inner = door, inner
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)  # uvloop's is one by its methods only
        if not self._door.admit(self, self.transport):
            self.transport.write(FULL)
            self.transport.close()
            self._inner = asyncio.Protocol()
            return
        self._inner.connection_made(transport)

    def data_received(self, data: bytes) -> None:
        self._door.heard(self)
        self._inner.data_received(data)

    def eof_received(self) -> bool | None:
        return self._inner.eof_received()

    def connection_lost(self, error: Exception | None) -> None:
        self._door.left(self)
        self._inner.connection_lost(error)

    def pause_writing(self) -> None:
        self._inner.pause_writing()

    def resume_writing(self) -> None:
        self._inner.resume_writing()


class FrontDoor:
    """Opens what answers requests to the network. Connections that wait stand in the order of their waiting.

    `ended` counts connections that we ended, by the label `reason`: too_slow, displaced or refused.
    """

    def __init__(self, answer: Handler, ended: Counter, connections_max: int) -> None:
        self._answer, self._ended, self.connections_max = answer, ended, connections_max
        self.head_seconds_max, self.idle_seconds_max = HEAD_SECONDS_MAX, IDLE_SECONDS_MAX
        self._guards: dict[asyncio.Transport, Guard] = {}
        self._heads: dict[Guard, float] = {}
        """Since when; a request is coming, or the first one is awaited."""
        self._idle: dict[Guard, float] = {}
        """Since when; the next request is awaited."""
        self._runner: web.ServerRunner | None = None
        self._server: asyncio.Server | None = None
        self._sweeping: asyncio.Task[None] | None = None

    async def open(
        self, host: str, port: int, *, tls: ssl.SSLContext | None = None, reuse_port: bool = False
    ) -> int:
        """Listens; answers the port. With `reuse_port` several processes share it. Raises OSError."""
        http = web.Server(
            self._busy,
            access_log=None,
            keepalive_timeout=self.idle_seconds_max,
            lingering_time=LINGERING_SECONDS,
            max_line_size=LINE_BYTES_MAX,
            max_field_size=HEADER_BYTES_MAX,
            max_headers=HEADERS_MAX,
            auto_decompress=False,
        )
        self._runner = web.ServerRunner(http, shutdown_timeout=CLOSING_SECONDS_MAX)
        await self._runner.setup()
        self._server = await asyncio.get_running_loop().create_server(
            lambda: Guard(self, http()),
            host,
            port,
            backlog=BACKLOG,
            ssl=tls,
            ssl_handshake_timeout=HANDSHAKE_SECONDS_MAX if tls else None,
            reuse_port=reuse_port or None,
        )
        self._sweeping = asyncio.create_task(self._sweep())
        return int(self._server.sockets[0].getsockname()[1])

    async def close(self) -> None:
        """Takes no more connections, lets requests under way end, closes the rest."""
        if self._server is not None:
            self._server.close()
        if self._sweeping is not None:
            self._sweeping.cancel()
        if self._runner is not None:
            await self._runner.cleanup()

    @property
    def connections(self) -> int:
        return len(self._guards)

    @property
    def waiting(self) -> int:
        """Connections without a request that is being handled."""
        return len(self._heads) + len(self._idle)

    def admit(self, guard: Guard, transport: asyncio.Transport) -> bool:
        """Whether it may come in; a full house shows out who has waited longest."""
        if len(self._guards) >= self.connections_max:
            waiting = next(iter(self._heads), None) or next(iter(self._idle), None)
            if waiting is None:
                self._ended.labels("refused").inc()
                return False
            self._end(waiting, "displaced")
        self._guards[transport] = guard
        self._heads[guard] = asyncio.get_running_loop().time()
        return True

    def heard(self, guard: Guard) -> None:
        """A byte of it came."""
        if self._idle.pop(guard, None) is not None:
            self._heads[guard] = asyncio.get_running_loop().time()

    def left(self, guard: Guard) -> None:
        self._heads.pop(guard, None)
        self._idle.pop(guard, None)
        if guard.transport is not None:
            self._guards.pop(guard.transport, None)

    def sweep(self, now: float) -> None:
        """Ends those who have dawdled for too long; `now` is the loop's time."""
        for waiting, seconds_max in (
            (self._heads, self.head_seconds_max),
            (self._idle, self.idle_seconds_max),
        ):
            for guard, since in list(waiting.items()):
                if now - since <= seconds_max:
                    break
                self._end(guard, "too_slow")

    def _end(self, guard: Guard, how: str) -> None:
        self._ended.labels(how).inc()
        self.left(guard)
        if guard.transport is not None:
            guard.transport.abort()

    async def _sweep(self) -> None:
        while True:
            await asyncio.sleep(SWEEP_SECONDS)
            self.sweep(asyncio.get_running_loop().time())

    async def _busy(self, request: web.BaseRequest) -> web.StreamResponse:
        """While a request is handled, its connection does not wait; the handler has bounds of its own."""
        transport = request.transport
        guard = self._guards.get(transport) if transport is not None else None
        if guard is None:
            return await self._answer(request)
        self._heads.pop(guard, None)
        self._idle.pop(guard, None)
        try:
            return await self._answer(request)
        finally:
            if transport in self._guards:
                self._idle[guard] = asyncio.get_running_loop().time()
