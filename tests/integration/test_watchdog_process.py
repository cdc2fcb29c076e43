"""The watchdog in real processes: a blocked event loop, and a broker that is gone for good."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import pytest

from services.contract.topics import DECISIONS
from services.runtime import broker
from services.runtime.kafka_log import KafkaLog
from tests.integration.test_take_over import router

BLOCKED = """
import asyncio, sys, time
from prometheus_client import CollectorRegistry
from services.router.build import build, topics
from services.router.settings import RouterSettings
from services.runtime.clock import WallClock
from services.runtime.observe import configure_logs
from services.runtime.sqlite_log import SqliteLog

async def main():
    configure_logs()
    log = await SqliteLog.open(sys.argv[1])
    await log.create_topics(topics(1))
    settings = RouterSettings("test", 1, 100, 100, watchdog_seconds=3)
    router = build(settings, clock=WallClock(), log=log, registry=CollectorRegistry())
    work = [asyncio.ensure_future(router.run()), asyncio.ensure_future(router.vitals.run())]
    await router.ready()
    print("ready", flush=True)
    await asyncio.sleep(1)
    time.sleep(300)  # the loop stands still here

asyncio.run(main())
"""
ENDED_SECONDS_MAX = 90.0


async def test_a_process_whose_loop_is_blocked_ends(tmp_path: Path) -> None:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", BLOCKED, str(tmp_path / "log.db")),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    said, told = await asyncio.wait_for(process.communicate(), ENDED_SECONDS_MAX)

    assert (said, process.returncode) == (b"ready\n", 1)
    assert b'"condition": "loop_blocked"' in told


@pytest.mark.usefixtures("kafka_bootstrap")  # skips where no broker can be started; this one has its own
@pytest.mark.slow
async def test_a_router_whose_broker_is_gone_for_good_ends(tmp_path: Path) -> None:
    """To be started again by the platform, and again, until there is one: nothing is lost meanwhile."""
    node = await asyncio.to_thread(broker.start, tmp_path / "kafka", port=0)
    one = router("one", node.bootstrap, tmp_path)
    one.env = {**one.env, "FRONTDESK_WATCHDOG_SECONDS": "8"}
    try:
        await one.start()
        await _decides(node.bootstrap)
        await asyncio.to_thread(node.kill)
        assert one._process is not None
        status = await asyncio.wait_for(one._process.wait(), ENDED_SECONDS_MAX)
    finally:
        await one.kill()
        await asyncio.to_thread(node.stop)

    assert status == 1
    assert "watchdog_ended_the_process" in one.log_path.read_text()


async def _decides(bootstrap: str) -> None:
    """Returns once a partition was begun: its owner is a member of the group."""
    log = await KafkaLog.connect(bootstrap)
    try:
        async with asyncio.timeout(ENDED_SECONDS_MAX):
            while await log.end_offset(DECISIONS, 0) == 0:
                await asyncio.sleep(0.1)
    finally:
        await log.close()
