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
from services.contract.codec import decode_decision
from services.contract.decisions import Decision
from services.contract.topics import DECISIONS
from services.router.desks.config import load_toml
from services.router.log.fold import fold
from services.router.model import ContactState, PartitionState
from services.runtime import broker
from services.runtime.kafka_log import KafkaLog
from tests.properties.invariants import check_history, check_state, check_time

KILL_AFTER_SECONDS = (15, 30)
DOWN_SECONDS = 2


@pytest.mark.usefixtures("kafka_bootstrap")  # skips where no broker can be started; this one has its own
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
    """Folds the real log from its start: the rules of design.md hold after every record, and all contacts ended."""
    log = await KafkaLog.connect(bootstrap)
    try:
        states = [await _folded(log, partition) for partition in range(await log.partitions(DECISIONS))]
    finally:
        await log.close()
    found = [
        contact for state in states for desk in state.desks.values() for contact in desk.contacts.values()
    ]
    assert len(found) == contacts
    assert {contact.state for contact in found} == {ContactState.CLOSED}


async def _folded(log: KafkaLog, partition: int) -> PartitionState:
    end, state = await log.end_offset(DECISIONS, partition), PartitionState.empty()
    accepted: list[Decision] = []
    tail = await log.tail(DECISIONS, {partition: 0})
    at = 0
    while at < end:
        for record in await tail.read():
            at = record.offset + 1
            folded = fold(state, decode_decision(record.value))
            state = folded.state
            if folded.accepted:
                accepted.append(decode_decision(record.value))
                check_state(state)
    await tail.close()
    check_history(accepted)
    check_time(accepted)
    return state
