"""A provider's server for tests: real TLS on loopback, answers byte by byte as a test scripts them.

Any host name leads to it (`resolver`), its certificate is signed by a CA of the test (`tls` trusts it) and holds for
`HOST`, `KEYS_HOST` and `SNS_HOST`.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import ssl
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import trustme
from aiohttp.abc import AbstractResolver, ResolveResult

HOST, KEYS_HOST = "api.provider.example", "keys.provider.example"
URL = f"https://{HOST}"
SNS_HOST = "sns.eu-central-1.amazonaws.com"
"""A real provider's name, for tests of its own module."""


@dataclass(frozen=True)
class Request:
    """One request as it came."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes


_ENDED = (ConnectionError, asyncio.IncompleteReadError, ssl.SSLError, asyncio.CancelledError)
Answer = Callable[[Request], AsyncIterator[bytes]]


def answered(body: bytes, status: str = "200 OK", **headers: str) -> bytes:
    """A whole answer; underscores in header names are hyphens."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def says(body: bytes | dict[str, Any], status: str = "200 OK", **headers: str) -> Answer:
    """The same answer each time."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()

    async def answer(request: Request) -> AsyncIterator[bytes]:
        yield answered(data, status, **headers)

    return answer


@cache
def authority() -> trustme.CA:
    return trustme.CA()


class ToHere(AbstractResolver):
    """Leads every name to the server, past the check of addresses, which has tests of its own."""

    def __init__(self, port: int) -> None:
        self.port, self.asked = port, list[str]()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        self.asked.append(host)
        return [
            ResolveResult(
                hostname=host, host="127.0.0.1", port=self.port, family=socket.AF_INET, proto=0, flags=0
            )
        ]

    async def close(self) -> None:
        return None


@dataclass
class ProviderServer:
    """`routes` answer by path without the query; what has no route is 404."""

    routes: dict[str, Answer] = field(default_factory=dict)
    requests: list[Request] = field(default_factory=list)
    port: int = 0
    _connections: set[asyncio.Task[None]] = field(default_factory=set)

    @property
    def resolver(self) -> ToHere:
        return ToHere(self.port)

    @property
    def tls(self) -> ssl.SSLContext:
        context = ssl.create_default_context()
        authority().configure_trust(context)
        return context

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, request after request, until an answer says that it closes."""
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        try:
            with contextlib.suppress(*_ENDED):
                while True:
                    request = await _request(reader)
                    self.requests.append(request)
                    answer = self.routes.get(request.target.partition("?")[0], says(b"", "404 Not Found"))
                    async for piece in answer(request):
                        writer.write(piece)
                        await writer.drain()
                        if piece == b"":
                            return
        finally:
            self._connections.discard(task)
            writer.transport.abort()

    async def close(self) -> None:
        for task in self._connections:
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)


@asynccontextmanager
async def provider(**routes: Answer) -> AsyncIterator[ProviderServer]:
    """A running server; route names are paths with `_` for `/`."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority().issue_cert(HOST, KEYS_HOST, SNS_HOST).configure_cert(context)
    made = ProviderServer({"/" + name.replace("_", "/"): answer for name, answer in routes.items()})
    server = await asyncio.start_server(made.serve, "127.0.0.1", 0, ssl=context)
    made.port = server.sockets[0].getsockname()[1]
    try:
        yield made
    finally:
        server.close()
        await made.close()


async def _request(reader: asyncio.StreamReader) -> Request:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    first, *lines = head.strip().split("\r\n")
    method, target, _ = first.split(" ", 2)
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Request(method, target, headers, body)
