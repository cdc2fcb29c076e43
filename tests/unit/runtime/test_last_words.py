"""A process ends when it must, also when nobody takes the line that says why: here in processes with a full pipe."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from services.runtime.last_words import end_process

ROOT = Path(__file__).resolve().parents[3]
ENDED_SECONDS_MAX = 30.0
WATCHED = """
import time
from services.runtime.watchdog import BLOCKED, Watchdog
Watchdog({BLOCKED: 0.5}).start()
time.sleep(600)
"""
CLOSING = """
import asyncio, os, signal, time
from services.runtime.lifecycle import stop_on_signals
from services.runtime.observe import configure_logs

async def main():
    stop = stop_on_signals(seconds_max=0.2)
    os.kill(os.getpid(), signal.SIGTERM)
    await stop.wait()
    time.sleep(600)

configure_logs(level="info", as_json=True)
asyncio.run(main())
"""


def status_with_full_pipe(program: str) -> int:
    """What the program ends with while all that it says goes to a pipe that nobody reads."""
    reader, writer = os.pipe()
    try:
        os.set_blocking(writer, False)
        for piece in (b"x" * 4096, b"x"):
            try:
                while True:
                    os.write(writer, piece)
            except BlockingIOError:
                continue
        os.set_blocking(writer, True)
        with subprocess.Popen(
            [sys.executable, "-c", program], cwd=ROOT, stdout=writer, stderr=writer
        ) as process:
            try:
                return process.wait(ENDED_SECONDS_MAX)
            finally:
                process.kill()
    finally:
        os.close(reader)
        os.close(writer)


@pytest.mark.parametrize("program", [WATCHED, CLOSING], ids=["watchdog", "stop overdue"])
def test_a_full_pipe_keeps_no_process_alive(program: str) -> None:
    assert status_with_full_pipe(program) == 1


def test_a_teller_who_raises_keeps_no_process_alive() -> None:
    ended: list[int] = []

    def tell() -> None:
        raise OSError("standard error is closed")

    end_process(tell, end=ended.append)
    assert ended == [1]


def test_what_is_told_is_told_before_the_end() -> None:
    heard: list[object] = []
    end_process(lambda: heard.append("why"), status=3, end=heard.append)
    assert heard == ["why", 3]
