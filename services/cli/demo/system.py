"""Starts the system under demonstration as a user would: `frontdesk serve`, as processes of their own."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from services.runtime.ports import free_port

READY_SECONDS_MAX = 90
STOP_SECONDS_MAX = 45


class NotReady(Exception):
    """A process did not come up; the message has the end of its log."""


@dataclass
class Process:
    """One `frontdesk serve`, with its addresses once it is ready."""

    roles: tuple[str, ...]
    arguments: Sequence[str]
    env: Mapping[str, str]
    log_path: Path
    addresses: dict[str, str] = field(default_factory=dict)
    _process: asyncio.subprocess.Process | None = None
    _log: IO[bytes] | None = None

    @property
    def pid(self) -> int:
        return self._process.pid if self._process is not None else 0

    async def start(self) -> None:
        """Starts it and waits for its line of readiness; raises NotReady."""
        self._log = self.log_path.open("ab")
        self._process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "services", "serve", *self.roles, *self.arguments),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=self._log,
            env={**os.environ, **self.env},
        )
        if self._process.stdout is None:
            raise NotReady("no standard output")
        try:
            async with asyncio.timeout(READY_SECONDS_MAX):
                line = await self._process.stdout.readline()
        except TimeoutError:
            line = b""
        if not line:
            await self.kill()
            end = self.log_path.read_text(errors="replace")[-2_000:]
            raise NotReady(
                f"frontdesk serve {' '.join(self.roles)} did not start; the end of its log:\n{end}"
            )
        self.addresses = {key: value for key, value in json.loads(line).items() if key != "ready"}

    async def kill(self) -> None:
        """kill -9: what a crash is."""
        await self._end(signal.SIGKILL)

    async def stop(self) -> int:
        """SIGTERM, then SIGKILL when it takes too long; answers the exit status."""
        return await self._end(signal.SIGTERM)

    async def _end(self, number: signal.Signals) -> int:
        if self._process is None:
            return 0
        if self._process.returncode is None:
            self._process.send_signal(number)
            try:
                async with asyncio.timeout(STOP_SECONDS_MAX):
                    await self._process.wait()
            except TimeoutError:
                self._process.kill()
                await self._process.wait()
        if self._log is not None:
            self._log.close()
        return self._process.returncode or 0


@dataclass
class System:
    """All processes; one when embedded, three on Kafka."""

    processes: list[Process]

    @classmethod
    def plan(cls, env: Mapping[str, str], desk: Path, folder: Path, bootstrap: str | None) -> System:
        """Which processes to start; nothing is started yet."""
        data = {"FRONTDESK_DATA": str(folder / "frontdesk.db")}
        if bootstrap is None:
            arguments = ("--desk", str(desk))
            return cls([Process((), arguments, {**env, **data}, folder / "frontdesk.log")])
        kafka = ("--log", "kafka", "--bootstrap", bootstrap)
        # A router that is started again must be found at the same address.
        router_env = {**env, "FRONTDESK_GRPC_PORT": str(free_port())}
        return cls(
            [
                Process(("router",), (*kafka, "--desk", str(desk)), router_env, folder / "router.log"),
                Process(("intake",), kafka, env, folder / "intake.log"),
                Process(("metrics",), kafka, env, folder / "metrics.log"),
            ]
        )

    async def start(self) -> None:
        """Starts all at once; raises NotReady with the first that fails."""
        await asyncio.gather(*(process.start() for process in self.processes))

    async def stop(self) -> None:
        for process in self.processes:
            await process.stop()

    def address(self, role: str, kind: str) -> str:
        """Address of a kind ("grpc", "http", "smtp", "metrics") at the process that has the role."""
        found = next(p for p in self.processes if role in p.roles or not p.roles)
        return found.addresses[kind]

    def process(self, role: str) -> Process:
        return next(p for p in self.processes if role in p.roles or not p.roles)
