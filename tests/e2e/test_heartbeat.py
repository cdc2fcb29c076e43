"""A sign of life travels through a real process: intake writes it, the router decides it, metrics folds it, /metrics tells."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from urllib.request import urlopen

import pytest

from services.cli import kpis
from services.cli.demo.command import environment, morning_clock
from services.cli.demo.run import desk_folder
from services.cli.demo.stories import load
from services.cli.demo.system import System

SECONDS_MAX = 60
STAGES = ("intake", "router", "metrics")


async def test_every_stage_tells_the_newest_heartbeat_it_saw(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    morning = load(desk_folder() / "morning")
    env = {
        **environment(morning, morning_clock(morning)),
        "FRONTDESK_CLOCK": "wall",
        "FRONTDESK_HEARTBEAT_SECONDS": "1",
    }
    process = System.plan(env, desk_folder() / "desk.toml", tmp_path, None).processes[0]
    await process.start()
    try:
        first = await beats(process.addresses["metrics"], newer_than=0.0)
        second = await beats(process.addresses["metrics"], newer_than=first)
        assert second > first  # it goes on
        address = process.addresses["grpc"]
        assert await asyncio.to_thread(kpis.main, ["--address", address, "--json"]) == 0
        assert '"watermark_at"' in capsys.readouterr().out
    finally:
        await process.stop()


async def beats(url: str, *, newer_than: float) -> float:
    """The birth of the oldest newest heartbeat, over stages and partitions, once all are newer."""
    oldest = 0.0
    for _ in range(SECONDS_MAX * 5):
        text = await asyncio.to_thread(lambda: urlopen(url, timeout=10).read().decode())  # noqa: S310 # ours
        found = {
            stage: re.findall(rf"^frontdesk_{stage}_heartbeat_timestamp_seconds{{.*}} (\S+)$", text, re.M)
            for stage in STAGES
        }
        partitions = {len(values) for values in found.values()}
        oldest = min((float(one) for values in found.values() for one in values), default=0.0)
        if len(partitions) == 1 and partitions != {0} and oldest > newer_than:
            assert re.search(r'^frontdesk_stage_delay_seconds{.*stage="router"} ', text, re.M)
            assert re.search(r'^frontdesk_stage_delay_seconds{.*stage="metrics"} ', text, re.M)
            return oldest
        await asyncio.sleep(0.2)
    raise AssertionError(f"heartbeats of {oldest}, none newer than {newer_than}")
