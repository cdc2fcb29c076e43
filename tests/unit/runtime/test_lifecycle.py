"""A process that is told to stop ends: in order, or by itself when closing takes too long."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
PROGRAM = """
import asyncio, sys
from services.runtime.lifecycle import stop_on_signals

async def main():
    stop = stop_on_signals(seconds_max=float(sys.argv[1]))
    print("up", flush=True)
    await stop.wait()
    print("closing", flush=True)
    await asyncio.sleep(float(sys.argv[2]))
    print("closed", flush=True)

asyncio.run(main())
"""


def stopped(seconds_max: float, closing_seconds: float) -> tuple[int, str]:
    """The status of a process that gets SIGTERM once it is up, and what it printed."""
    program = [sys.executable, "-c", PROGRAM, str(seconds_max), str(closing_seconds)]
    with subprocess.Popen(
        program, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "up\n"
        process.send_signal(signal.SIGTERM)
        said, _ = process.communicate(timeout=60)
        return process.returncode, said


def test_who_closes_in_time_ends_with_status_0() -> None:
    assert stopped(60.0, 0.0) == (0, "closing\nclosed\n")


def test_who_hangs_while_closing_is_ended() -> None:
    status, said = stopped(0.2, 50.0)
    assert status == 1
    assert "stop_overdue" in said and "closed" not in said
