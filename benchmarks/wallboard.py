"""What the wallboard costs: viewers on real connections, a desk that changes every second (operations.md, issue's goal).

The viewers are a process of their own, so that the CPU counted is the server's alone: making one frame a second,
writing it to every viewer, and what HTTP takes. The reference is the same frames to one viewer.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress

from prometheus_client import CollectorRegistry

from benchmarks.measure import Figure
from services.contract import decisions as d
from services.contract.facts import Channel
from services.metrics.ledger import Ledger
from services.metrics.store import Board
from services.metrics.wallboard.build import Frames, Wallboard
from services.metrics.wallboard.settings import WallboardSettings
from services.runtime.clock import ManualClock
from tests.unit.metrics.wallboard_day import NOW_MS, made_up

VIEWERS = 200
SECONDS = 10
CROWD = f"{VIEWERS} viewers, a frame a second"
READY_SECONDS_MAX = 60


async def run(bootstrap: str) -> list[Figure]:
    """Shares of a core, in per cent; the broker is not used."""
    del bootstrap
    writer = made_up()
    board, ledger = Board(1), Ledger(0)
    board.own(ledger, target=0)
    for offset, record in enumerate(writer.records):
        ledger.apply(offset, record)
    frames = Frames(WallboardSettings(), board, ManualClock(NOW_MS), "bench")
    frames.frame("")  # the day's quarter hours are summed up once
    began = time.process_time()
    for _ in range(100):
        frames.frame("")
    each_ms = (time.process_time() - began) * 10

    def change(number: int) -> None:
        writer.fact(d.ContactOpened(contact_id=f"bench-{number}", channel=Channel.PHONE))
        ledger.apply(len(writer.records) - 1, writer.records[-1])

    alone = await _share(board, change, 1)
    crowd = await _share(board, change, VIEWERS)
    return [
        Figure("one frame made, a day of quarter hours", each_ms, "ms CPU"),
        Figure("one viewer, a frame a second", alone, "% of a core"),
        Figure(CROWD, crowd, "% of a core"),
        Figure("each viewer beyond the first", (crowd - alone) / (VIEWERS - 1) * 10, "ms CPU/s"),
    ]


async def _share(board: Board, change: Callable[[int], None], viewers: int) -> float:
    """Percent of a core that this process used while so many watched for SECONDS; fails when one of them went short."""
    settings = WallboardSettings(port=0, viewers_max=viewers)
    wallboard = Wallboard(settings, board=board, clock=ManualClock(NOW_MS), registry=CollectorRegistry())
    port = await wallboard.open("127.0.0.1")
    watching = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "benchmarks.wallboard", str(port), str(viewers)), stdout=subprocess.PIPE
    )
    try:
        async with asyncio.timeout(READY_SECONDS_MAX):
            while wallboard.stage.viewers < viewers:  # noqa: ASYNC110 # a number, polled
                await asyncio.sleep(0.05)
        began, used = time.monotonic(), time.process_time()
        number = 0
        while time.monotonic() - began < SECONDS:
            change(number := number + 1)
            await asyncio.sleep(0.5)
        share = (time.process_time() - used) / (time.monotonic() - began) * 100
    finally:
        await wallboard.close()
    async with asyncio.timeout(READY_SECONDS_MAX):
        told, _ = await watching.communicate()
    least = int(told)
    assert least >= SECONDS // 2, f"a viewer got {least} frames only"
    return share


async def watch(port: int, viewers: int) -> int:
    """Reads frames until the server closes; the least number of frames that a viewer got."""

    async def one() -> int:
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 20)
        writer.write(b"GET /frames HTTP/1.1\r\nHost: bench\r\n\r\n")
        frames = 0
        with suppress(ConnectionError):
            while line := await reader.readline():
                frames += line.startswith(b"data: ")
        writer.close()
        return frames

    return min(await asyncio.gather(*(one() for _ in range(viewers))))


if __name__ == "__main__":
    os.nice(5)
    print(asyncio.run(watch(int(sys.argv[1]), int(sys.argv[2]))))
