"""The benchmarks' client of HTTP, against a real server on loopback."""

from __future__ import annotations

import asyncio

import pytest

from benchmarks.http_load import load

REQUEST = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n"
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"


async def _sent(closing: int, partly: bytes = b"") -> tuple[int, int]:
    """(answers, sent again) of twenty requests to a server that closes on the first `closing` of them."""
    left = closing

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal left
        while await reader.readuntil(b"\r\n\r\n"):
            if left:
                left -= 1
                writer.write(partly)
                break
            writer.write(ANSWER)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1")
    async with server:
        port = server.sockets[0].getsockname()[1]
        found = await load([f"http://127.0.0.1:{port}"], [REQUEST] * 20, pace=1_000)
    return len(found.waits), found.resent


def test_a_request_that_meets_a_closing_connection_is_sent_again() -> None:
    assert asyncio.run(_sent(3)) == (20, 3)


def test_a_connection_that_closes_within_an_answer_is_a_fault() -> None:
    with pytest.raises(ConnectionResetError):
        asyncio.run(_sent(1, b"HTTP/1.1 2"))


def test_connections_that_close_for_ever_are_a_fault() -> None:
    with pytest.raises(ConnectionResetError):
        asyncio.run(_sent(20))
