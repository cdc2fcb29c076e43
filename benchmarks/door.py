"""An intake process of its own on a real Kafka, for benchmarks and for tests of outages."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.deliveries import PUBLIC, SECRET, SLACK, TOKEN

PARTITIONS = 16
ROOT = Path(__file__).resolve().parent.parent


@dataclass
class Door:
    """One intake process."""

    process: subprocess.Popen[str]
    http: str
    grpc: str

    def cpu_seconds(self) -> float:
        """User and system time so far (proc(5), fields 14 and 15)."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def memory_mib(self) -> float:
        """Resident memory now."""
        for row in Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if row.startswith("VmRSS:"):
                return int(row.split()[1]) / 1024
        return 0.0


@contextmanager
def serving(bootstrap: str) -> Iterator[Door]:
    """An intake process on free ports; ended on leaving."""
    env = {
        **os.environ,
        "FRONTDESK_HTTP_PORT": "0",
        "FRONTDESK_GRPC_PORT": "0",
        "FRONTDESK_SMTP_PORT": "0",
        "FRONTDESK_METRICS_PORT": "0",
        "FRONTDESK_PARTITIONS": str(PARTITIONS),
        "FRONTDESK_IDENTITY_KEY": "an identity key for benchmarks only",
        "FRONTDESK_DEFAULT_DESK": "acme",
        "FRONTDESK_PUBLIC_URL": PUBLIC,
        "FRONTDESK_TWILIO_AUTH_TOKENS": TOKEN,
        "FRONTDESK_META_APP_SECRETS": SECRET,
        "FRONTDESK_SLACK_SIGNING_SECRETS": SLACK,
        "FRONTDESK_LOG_JSON": "true",
        "FRONTDESK_HEARTBEAT_SECONDS": "0",  # every record of facts is a delivery's
    }
    command = [
        sys.executable,
        "-m",
        "services",
        "serve",
        "intake",
        "--log",
        "kafka",
        "--bootstrap",
        bootstrap,
    ]
    process = subprocess.Popen(
        command, cwd=ROOT, env=env, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    try:
        assert process.stdout is not None
        ready = json.loads(process.stdout.readline())
        yield Door(process, ready["http"], ready["grpc"])
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(20)
