"""kill -9 of the router in the middle of the morning, on a real Kafka: no contact lost, none assigned twice."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from rich.console import Console

from services.cli.demo.command import LATE_SHIFT, environment, morning_clock
from services.cli.demo.ids import contact_ids
from services.cli.demo.run import desk_folder, play
from services.cli.demo.stories import load
from services.cli.demo.system import System
from services.contract.chain import Chain
from services.contract.codec import decode_decision
from services.contract.decisions import Abandoned, Assigned, Closed, ContactOpened, Resolved
from services.contract.topics import DECISIONS
from services.router.desk_config import load_toml
from services.runtime import broker
from services.runtime.kafka_log import KafkaLog

KILL_AFTER_SECONDS = (15, 30)
DOWN_SECONDS = 2


@pytest.mark.kafka
@pytest.mark.slow
async def test_no_contact_is_lost_or_doubled_when_the_router_is_killed_twice(tmp_path: Path) -> None:
    node = await asyncio.to_thread(broker.start, tmp_path / "kafka", port=0)
    try:
        await _play_and_check(tmp_path, node.bootstrap)
    finally:
        await asyncio.to_thread(node.stop)


async def _play_and_check(folder: Path, bootstrap: str) -> None:
    examples = desk_folder()
    morning = load(examples / "morning")
    desk = load_toml((examples / "desk.toml").read_text(encoding="utf-8"))
    clock = morning_clock(morning)
    system = System.plan(environment(morning, clock), examples / "desk.toml", folder, bootstrap)
    router = system.process("router")
    killed: list[int] = []

    async def kill_twice() -> AsyncIterator[None]:
        for seconds in KILL_AFTER_SECONDS:
            await asyncio.sleep(seconds - sum(KILL_AFTER_SECONDS[: KILL_AFTER_SECONDS.index(seconds)]))
            killed.append(router.pid)
            await router.kill()
            await asyncio.sleep(DOWN_SECONDS)
            await router.start()
            yield

    shown = io.StringIO()
    try:
        await system.start()
        result = await play(
            system,
            morning,
            contact_ids(morning),
            desk,
            LATE_SHIFT,
            clock,
            Console(file=shown),
            disturb=kill_twice,
        )
    finally:
        await system.stop()
    told = shown.getvalue()
    assert len(set(killed)) == len(KILL_AFTER_SECONDS)
    assert result.lost == [], told
    assert result.doubles == [], told
    assert result.differences == [], told
    await _the_log_agrees(bootstrap, len(morning.contacts))


async def _the_log_agrees(bootstrap: str, contacts: int) -> None:
    """Reads the decisions themselves: every contact opened once, closed once, each epoch given once."""
    log = await KafkaLog.connect(bootstrap)
    try:
        opened: list[str] = []
        ended: list[str] = []
        epochs: list[tuple[str, int]] = []
        for partition in range(await log.partitions(DECISIONS)):
            end, at, chain = await log.end_offset(DECISIONS, partition), 0, Chain()
            tail = await log.tail(DECISIONS, {partition: 0})
            while at < end:
                for record in await tail.read():
                    at = record.offset + 1
                    decision = decode_decision(record.value)
                    if not chain.accepts(decision):
                        continue
                    chain = chain.after(decision)
                    for event in decision.events:
                        match event:
                            case ContactOpened():
                                opened.append(event.contact_id)
                            case Assigned():
                                epochs.append((event.contact_id, event.epoch))
                            case Resolved() | Closed() | Abandoned():
                                ended.append(event.contact_id)
            await tail.close()
    finally:
        await log.close()
    assert len(opened) == len(set(opened)) == contacts
    assert sorted(ended) == sorted(opened)
    assert len(epochs) == len(set(epochs))
