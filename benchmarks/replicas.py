"""Router processes of their own on a real Kafka, for benchmarks and for tests that lose one of them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from services.runtime.ports import free_port

PARTITIONS = 4
ROOT = Path(__file__).resolve().parent.parent
STOP_SECONDS_MAX = 45
"""Longer than a process takes that ends itself because its stop is overdue (lifecycle.py)."""


@dataclass
class Replica:
    """One router process; it keeps its ports when it is started again."""

    bootstrap: str
    log: Path
    grpc_port: int = field(default_factory=free_port)
    metrics_port: int = field(default_factory=free_port)
    process: subprocess.Popen[str] | None = None

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.grpc_port}"

    def start(self) -> None:
        """Starts it; `ready` waits."""
        env = {
            **os.environ,
            "FRONTDESK_GRPC_PORT": str(self.grpc_port),
            "FRONTDESK_METRICS_PORT": str(self.metrics_port),
            "FRONTDESK_PARTITIONS": str(PARTITIONS),
            "FRONTDESK_LOG_JSON": "true",
            "FRONTDESK_INSTANCE": f"router-{self.grpc_port}",
        }
        command = (sys.executable, "-m", "services", "serve", "router", "--log", "kafka")
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                (*command, "--bootstrap", self.bootstrap),
                cwd=ROOT,
                env=env,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )

    def ready(self) -> None:
        """Returns once it has said that it is; raises with the end of its log when it ended instead."""
        assert self.process is not None and self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line or not json.loads(line).get("ready"):
            raise RuntimeError(f"no router: {self.log.read_text()[-2_000:]}")

    def kill(self) -> None:
        """kill -9: what a crash is."""
        self._end(signal.SIGKILL)

    def stop(self) -> int:
        """SIGTERM; answers the exit status."""
        return self._end(signal.SIGTERM)

    def cpu_seconds(self) -> float:
        """User and system time so far (proc(5), fields 14 and 15)."""
        assert self.process is not None
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def memory_kib(self) -> int:
        """Resident memory now."""
        assert self.process is not None
        for row in Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if row.startswith("VmRSS:"):
                return int(row.split()[1])
        return 0

    def _end(self, number: signal.Signals) -> int:
        if self.process is None:
            return 0
        if self.process.poll() is None:
            self.process.send_signal(number)
        try:
            status = self.process.wait(STOP_SECONDS_MAX)
        except subprocess.TimeoutExpired:
            self.process.kill()
            status = self.process.wait()
        if self.process.stdout is not None:
            self.process.stdout.close()
        return status


@contextmanager
def replicas(bootstrap: str, folder: Path, count: int) -> Iterator[list[Replica]]:
    """So many routers, ready; ended on leaving."""
    with ExitStack() as stack:
        found = [Replica(bootstrap, folder / f"router-{number}.log") for number in range(count)]
        for one in found:
            one.start()
            stack.callback(one.stop)
        for one in found:
            one.ready()
        yield found
