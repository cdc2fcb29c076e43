"""A client that costs little: requests made in advance, over many connections, at full speed or at a pace."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import cast
from urllib.parse import urlsplit

CONNECTIONS = 64
RESENT_MAX = 16


@dataclass
class Load:
    """What a load came to; waits in seconds, from when a request was due (paced) or sent."""

    seconds: float = 0.0
    refused: int = 0
    resent: int = 0
    """Requests that met a connection just closed for its idleness, and went out again on another."""
    waits: list[float] = field(default_factory=list)


class Client(asyncio.Protocol):
    """One connection with one request on its way; takes the next of a shared queue as soon as it is answered."""

    def __init__(
        self,
        queue: deque[tuple[float, bytes]],
        found: Load,
        total: int,
        done: asyncio.Future[None],
        others: Sequence[Client],
    ) -> None:
        self._queue, self._load, self._total, self._done = queue, found, total, done
        self._others = others
        self._buffer = b""
        self._sent = 0.0
        self._request = b""
        self.idle = True
        self.closed = False
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is one by its methods only

    def next(self) -> None:
        """Sends the next request, if there is one."""
        if not self._queue:
            self.idle = True
            return
        due, self._request = self._queue.popleft()
        self.idle, self._sent = False, due or time.perf_counter()
        assert self._transport is not None
        self._transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, separator, rest = self._buffer.partition(b"\r\n\r\n")
        if not separator:
            return
        length = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
        if len(rest) < length:
            return
        self._buffer = b""
        self._load.waits.append(time.perf_counter() - self._sent)
        if not head.startswith(b"HTTP/1.1 200"):
            self._load.refused += 1
        self.next()
        if self.idle and len(self._load.waits) >= self._total and not self._done.done():
            self._done.set_result(None)

    def connection_lost(self, error: Exception | None) -> None:
        """An idle connection may be closed, and the next request may cross with that: as every client of HTTP does,
        it is sent again on another connection (RFC 9112 section 9.3.1). One that closes within an answer, or too
        often, is a fault."""
        self.closed = True
        if self.idle or self._done.done():
            return
        self._load.resent += 1
        if self._buffer or self._load.resent > RESENT_MAX:
            self._done.set_exception(error or ConnectionResetError("intake closed the connection"))
            return
        self._queue.appendleft((self._sent, self._request))
        _hand_out(self._queue, self._others)

    def close(self) -> None:
        assert self._transport is not None
        self._transport.close()


def _hand_out(queue: deque[tuple[float, bytes]], clients: Sequence[Client]) -> None:
    """What waits goes to who is idle; the rest is taken by whoever is answered next."""
    for client in clients:
        if not queue:
            return
        if client.idle and not client.closed:
            client.next()


async def load(addresses: Sequence[str], payload: Sequence[bytes], *, pace: int) -> Load:
    """Sends all requests: each connection one after the other (pace 0), or `pace` a second."""
    loop = asyncio.get_running_loop()
    found, queue, done = Load(), deque[tuple[float, bytes]](), loop.create_future()
    clients: list[Client] = []
    for number in range(CONNECTIONS):
        target = urlsplit(addresses[number % len(addresses)])
        _, client = await loop.create_connection(
            lambda: Client(queue, found, len(payload), done, clients), target.hostname or "", target.port or 0
        )
        clients.append(client)
    began = time.perf_counter()
    if not pace:
        queue.extend((0.0, one) for one in payload)
        for client in clients:
            client.next()
    else:
        for number, one in enumerate(payload):
            due = began + number / pace
            if due - time.perf_counter() > 0.001:
                await asyncio.sleep(due - time.perf_counter())
            queue.append((due, one))
            _hand_out(queue, clients)
    async with asyncio.timeout(300):
        await done
    found.seconds = time.perf_counter() - began
    done.exception()
    for client in clients:
        client.close()
    return found
