"""Clients stay small where each connection closes as it opens, as those of a router do that is being stopped.

gRPC repeats what it has never sent at once and without a bound, in the memory of the call: with its own retries on, this client
grew by 300 MB to some gigabytes a second here, its event loop standing still. It does dial again at once, as gRPC does where a connection
has stood for a moment.
"""

from __future__ import annotations

import asyncio
import struct
import sys

import pytest

SETTINGS, GOAWAY_KIND, NO_ERROR = 4, 7, 0
DESKTOPS, SECONDS = 20, 2.0
BYTES_MAX = 3 << 30
"""Of addresses; such a process takes one gigabyte of them and 50 MB of memory."""
GROWTH_MB_MAX = 100
PLAYED = f"""
import asyncio, resource, sys
from frontdesk.client import AgentDesktop, NoAnswer, RouterClient, SessionLost

resource.setrlimit(resource.RLIMIT_AS, ({BYTES_MAX}, {BYTES_MAX}))
at = sys.argv[1].split(",")

def resident_mb():
    return int(open("/proc/self/statm").read().split()[1]) * resource.getpagesize() >> 20

async def session(number):
    try:
        async with AgentDesktop(at, "desk", f"a{{number}}", retry_seconds={SECONDS}):
            raise AssertionError("there is no router")
    except SessionLost:
        return 1

async def question():
    async with RouterClient(at, deadline_seconds={SECONDS}) as router:
        try:
            await router.get_contact("desk", "c")
        except NoAnswer:
            return 1

async def main():
    before = resident_mb()
    async with asyncio.timeout(30):
        ended = await asyncio.gather(*map(session, range({DESKTOPS})), *[question() for _ in range({DESKTOPS})])
    print(sum(ended), resident_mb() - before)

asyncio.run(main())
"""


def _frame(kind: int, body: bytes = b"") -> bytes:
    """RFC 9113, section 4.1: length, type, no flags, stream 0."""
    return struct.pack(">I", len(body))[1:] + bytes((kind, 0)) + struct.pack(">I", 0) + body


GOAWAY = _frame(GOAWAY_KIND, struct.pack(">II", 0, NO_ERROR))
"""RFC 9113, section 6.8: no stream was processed."""


@pytest.mark.parametrize("asked_first", [False, True], ids=["at once", "once the client has spoken"])
async def test_clients_stay_small_where_each_connection_is_told_to_go_away(asked_first: bool) -> None:
    opened = 0

    async def leaving(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal opened
        opened += 1
        try:
            writer.write(_frame(SETTINGS))
            if asked_first:
                await writer.drain()
                await reader.read(65_536)
            writer.write(GOAWAY)
            await writer.drain()
        except OSError:
            pass
        finally:
            writer.close()

    servers = [await asyncio.start_server(leaving, "127.0.0.1", 0) for _ in range(3)]
    try:
        targets = ",".join([f"127.0.0.1:{server.sockets[0].getsockname()[1]}" for server in servers])
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", PLAYED, targets),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            async with asyncio.timeout(60):
                told, errors = await process.communicate()
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
    finally:
        for server in servers:
            server.close()
    assert process.returncode == 0, errors[-2_000:].decode(errors="replace")
    ended, growth_mb = map(int, told.split())
    assert ended == 2 * DESKTOPS
    assert growth_mb < GROWTH_MB_MAX
    assert opened > DESKTOPS
