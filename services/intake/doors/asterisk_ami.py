"""Asterisk's manager interface over TCP: log in, ask who waits, follow what happens, and come back after a break.

What happens while the connection is away is lost to AMI, so after each login QueueStatus tells who waits now and
CoreShowChannels whose channel is gone. The facts' ids make it harmless that most of that is known already.

The login is by MD5 challenge, so the secret is never sent; the rest is plain text. Keep it on one host, or in a
tunnel. A silent connection is asked with Ping, and given up when that stays without an answer.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from random import random

import structlog

from services.intake.asterisk.ami import Framer, Packet, action
from services.intake.asterisk.ami_calls import AmiCalls
from services.intake.backoff import Backoff, Random
from services.intake.canonical import Collector, Problem
from services.intake.doors.insisting import Insisting, Pause
from services.intake.values import dump
from services.runtime.clock import Clock

CHUNK_BYTES = 64 * 1024
CONNECT_SECONDS_MAX = 10.0
LOGIN_SECONDS_MAX = 10.0
SILENT_SECONDS_MAX = 30.0
"""Silence after which the server is pinged; after as much again the connection is dead."""
PAUSE_FIRST_MS, PAUSE_LONGEST_MS = 1_000, 60_000

log = structlog.get_logger()


class LoginRefused(Exception):
    """The server does not know the user, or the secret is wrong."""


@dataclass
class AmiDoor:
    """One Asterisk's manager interface."""

    address: tuple[str, int]
    user: str
    secret: str = field(repr=False)
    calls: AmiCalls
    insisting: Insisting
    clock: Clock
    pause: Pause = asyncio.sleep
    silent_seconds_max: float = SILENT_SECONDS_MAX
    random: Random = random

    def __post_init__(self) -> None:
        self._backoff = Backoff(self.random, PAUSE_FIRST_MS, PAUSE_LONGEST_MS)

    async def run(self) -> None:
        """Connects, and connects again, for ever; the pause between two tries grows up to a minute."""
        while True:
            try:
                await self.session()
            except LoginRefused:
                log.error("ami_login_refused", setting="FRONTDESK_ASTERISK_AMI_USER, _SECRET")
            except (OSError, TimeoutError, EOFError) as error:
                log.warning("ami_lost", error=type(error).__name__, failures=self._backoff.failures)
            await self.pause(self._backoff.failed() / 1000)

    async def session(self) -> None:
        """One connection, until it breaks; raises OSError, TimeoutError, EOFError or LoginRefused."""
        async with asyncio.timeout(CONNECT_SECONDS_MAX):
            reader, writer = await asyncio.open_connection(*self.address)
        try:
            packets = self._packets(reader, writer)
            async with asyncio.timeout(LOGIN_SECONDS_MAX):
                await self._log_in(packets, writer)
            self._backoff.succeeded()
            log.info("ami_connected")
            self.calls.ask_again(self.clock.now_ms())
            for name in ("QueueStatus", "CoreShowChannels"):
                writer.write(action(name, ActionID=name))
            async for some in packets:
                await self._take(some)
        finally:
            writer.close()

    async def _packets(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> AsyncIterator[list[Packet]]:
        """Packets as they come, together when they come together; pings a silent server once."""
        framer, pinged, skipped = Framer(), False, 0
        while True:
            try:
                async with asyncio.timeout(self.silent_seconds_max):
                    data = await reader.read(CHUNK_BYTES)
            except TimeoutError:
                if pinged:
                    raise
                pinged = True
                writer.write(action("Ping", ActionID="Ping"))
                continue
            if not data:
                raise EOFError
            pinged = False
            some = framer.feed(data)
            if framer.skipped > skipped:
                skipped = framer.skipped
                log.warning("ami_packet_too_long", packets=skipped)
            if some:
                yield some

    async def _log_in(self, packets: AsyncIterator[list[Packet]], writer: asyncio.StreamWriter) -> None:
        writer.write(action("Challenge", AuthType="MD5", ActionID="Challenge"))
        challenge = (await self._response(packets, "Challenge")).one("Challenge")
        key = hashlib.md5((challenge + self.secret).encode(), usedforsecurity=False).hexdigest()
        writer.write(
            action(
                "Login", AuthType="MD5", Username=self.user, Key=key, Events="call,agent", ActionID="Login"
            )
        )
        await self._response(packets, "Login")

    async def _response(self, packets: AsyncIterator[list[Packet]], action_id: str) -> Packet:
        """The response to an action; whatever else comes before the login is none of ours."""
        async for some in packets:
            for packet in some:
                if packet.response and packet.one("ActionID") == action_id:
                    if packet.response != "success":
                        raise LoginRefused
                    return packet
        raise EOFError

    async def _take(self, packets: list[Packet]) -> None:
        """What the packets say, durable on return; meanwhile nothing more is read, so Asterisk keeps it."""
        found, now_ms = Collector(), self.clock.now_ms()
        for packet in packets:
            try:
                self.calls.read(packet, now_ms, found)
            except Exception as error:  # a fault of ours: keep the evidence, go on
                detail = f"asterisk's reader failed with {type(error).__name__}"
                found.problems.append(Problem("reader_failed", detail, dump(packet.values)))
        await self.insisting.publish(found)
