"""Five minutes of chaos on a real Kafka in every test run; `make chaos` is the long one, with three brokers."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

import pytest

MINUTES = float(os.environ.get("FRONTDESK_CHAOS_MINUTES", "5"))
CONTACTS_PER_SECOND, OPEN_MAX, AGENTS = 100, 150, 15
"""Asked for; a machine that holds less is given less, for only so many contacts are open at once."""
ROOT = Path(__file__).resolve().parents[2]
SECONDS_BESIDES = 900.0
"""Starting, draining and checking, on a busy machine."""


@pytest.mark.usefixtures("kafka_bootstrap")  # skips where no broker can be started; this one has its own
@pytest.mark.slow
async def test_nothing_is_lost_or_doubled_while_everything_fails(capfd: pytest.CaptureFixture[str]) -> None:
    """Shows its table with -rP: faults, gaps in service, take-overs, and the rate that was held."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.chaos", "--minutes", str(MINUTES), "--brokers", "1"),
        *(
            "--rate",
            str(CONTACTS_PER_SECOND),
            "--open-max",
            str(OPEN_MAX),
            "--agents",
            str(AGENTS),
            "--quiet",
            "4",
        ),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        cwd=ROOT,
    )
    try:
        said, _ = await asyncio.wait_for(process.communicate(), 60 * MINUTES + SECONDS_BESIDES)
    finally:
        if process.returncode is None:
            process.terminate()  # it cleans up behind itself
            await process.wait()
    with capfd.disabled():
        sys.stdout.write("\n" + said.decode())
    assert process.returncode == 0, said.decode()
