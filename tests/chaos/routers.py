"""The routers under test, as `frontdesk serve router` starts them, and the platform that starts them again."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import signal
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

from tests.chaos.cluster import Cluster
from tests.chaos.ground import Network

GRPC_PORT, METRICS_PORT = 50_051, 9_464
STOP_SECONDS_MAX = 45.0
"""As deploy/k8s gives them, nearly."""
RESTART_SECONDS = 1.0
OWNED = re.compile(r"^frontdesk_router_partitions_owned (\S+)", re.MULTILINE)


@dataclass
class Router:
    """One replica; `wanted` says whether the platform keeps it running."""

    number: int
    network: Network
    cluster: Cluster
    desks: list[Path]
    folder: Path
    partitions: int
    wanted: bool = False
    clock_ms: int = 0
    """How far its clock is ahead of the others', in milliseconds; takes effect when it is started."""
    exits: int = 0
    """Times that it ended without having been asked to."""
    _process: asyncio.subprocess.Process | None = None
    _keeper: asyncio.Task[None] | None = None
    _ready: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def name(self) -> str:
        return f"router-{self.number}"

    @property
    def address(self) -> str:
        return f"{self.network.address(self.number)}:{self._port(GRPC_PORT)}"

    def _port(self, base: int) -> int:
        return base if self.network.allowed else base + self.number

    async def start(self) -> None:
        """Returns once it is ready."""
        self.wanted = True
        if self._keeper is None:
            self._keeper = asyncio.create_task(self._keep())
        await self._ready.wait()

    async def _keep(self) -> None:
        """The platform: whatever ends is started again, as long as it is wanted."""
        while True:
            if not self.wanted:
                await asyncio.sleep(0.1)
                continue
            await self._launch()
            process = self._process
            if process is None or process.stdout is None:
                raise RuntimeError("no process")
            line = await process.stdout.readline()
            if line:
                self._ready.set()
            await process.wait()
            self._ready.clear()
            if self.wanted:
                self.exits += 1
            await asyncio.sleep(RESTART_SECONDS)

    async def _launch(self) -> None:
        now_ms = time.time_ns() // 1_000_000
        env = {
            **os.environ,
            "FRONTDESK_HOST": self.network.address(self.number),
            "FRONTDESK_GRPC_PORT": str(self._port(GRPC_PORT)),
            "FRONTDESK_METRICS_PORT": str(self._port(METRICS_PORT)),
            "FRONTDESK_PARTITIONS": str(self.partitions),
            "FRONTDESK_INSTANCE": self.name,
            "FRONTDESK_PRICES": "off",
            "FRONTDESK_IDENTITY_KEY": "0" * 64,
            "FRONTDESK_CLOCK": f"scaled:{now_ms}:{now_ms + self.clock_ms}:1" if self.clock_ms else "wall",
            "FRONTDESK_LOG_JSON": "true",
        }
        desks = [part for path in self.desks for part in ("--desk", str(path))]
        log = (self.folder / f"{self.name}.log").open("ab")
        self._process = await asyncio.create_subprocess_exec(
            *(*self.network.prefix(self.number), sys.executable, "-m", "services", "serve", "router"),
            *("--log", "kafka", "--bootstrap", self.cluster.bootstrap_inside, *desks),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=log,
            env=env,
            start_new_session=True,
        )
        log.close()

    @property
    def pid(self) -> int | None:
        """Of the process that runs now."""
        return None if self._process is None or self._process.returncode is not None else self._process.pid

    def signal(self, number: signal.Signals) -> None:
        if self._process is not None and self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self._process.send_signal(number)

    async def kill(self) -> None:
        """kill -9; stays down until it is started."""
        self.wanted = False
        self.signal(signal.SIGKILL)
        await self._gone()

    async def stop(self) -> None:
        """SIGTERM; stays down until it is started."""
        self.wanted = False
        self.signal(signal.SIGTERM)
        if not await self._gone():
            self.signal(signal.SIGKILL)
            await self._gone()

    async def _gone(self) -> bool:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(STOP_SECONDS_MAX):
                if self._process is not None:
                    await self._process.wait()
            self._ready.clear()
            return True
        return False

    async def owned(self) -> int:
        """Partitions that it decides now, as its own measures say; 0 when it does not answer."""
        host, port = self.network.address(self.number), self._port(METRICS_PORT)
        with contextlib.suppress(OSError, TimeoutError, ValueError):
            async with asyncio.timeout(3):
                reader, writer = await asyncio.open_connection(host, port)
                writer.write(b"GET /metrics HTTP/1.0\r\n\r\n")
                text = (await reader.read()).decode(errors="replace")
                writer.close()
                found = OWNED.search(text)
                return int(float(found.group(1))) if found else 0
        return 0

    async def end(self) -> None:
        await self.stop()
        if self._keeper is not None:
            self._keeper.cancel()
            await asyncio.gather(self._keeper, return_exceptions=True)
