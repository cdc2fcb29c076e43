"""frontdesk explain: the same words from the log itself as from the router."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from services.cli.explain import main
from services.contract.codec import encode_fact
from services.contract.facts import AgentSignedIn, Fact
from services.contract.topics import DECISIONS, FACTS
from services.router.build import Router, build, topics
from services.router.settings import RouterSettings
from services.runtime.clock import ManualClock
from services.runtime.generation_log import generation_of
from services.runtime.kafka_log import KafkaLog
from services.runtime.log import Log
from services.runtime.rpc import serve
from services.runtime.sqlite_log import SqliteLog
from tests.conformance.places import eventually
from tests.integration.router_shell import DESK
from tests.unit.router.world import call


@asynccontextmanager
async def routed(log: Log) -> AsyncIterator[str]:
    """A router that has offered a contact to an agent; its address."""
    await log.create_topics(topics(1))
    router: Router = build(
        RouterSettings("test", 1, 100, 100), clock=ManualClock(), log=log, registry=CollectorRegistry()
    )
    running = asyncio.create_task(router.run())
    server = await serve(
        [router.add_to_grpc], [router.service_name], address="127.0.0.1:0", registry=CollectorRegistry()
    )
    try:
        await router.ready()
        await router.api.configure("c1", DESK, timeout_seconds=20)
        for name, body in (("in", AgentSignedIn(agent_id="ana")), ("one", call("one"))):
            fact = Fact(fact_id=name, desk_id="acme", received_at_ms=1, source="t", body=body)
            await log.append(FACTS, 0, b"acme", encode_fact(fact))
        await eventually(lambda: bool(router.tail.state(0).desks["acme"].offers))
        yield f"127.0.0.1:{server.port}"
    finally:
        await server.close(grace_seconds=0)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


@pytest.fixture
async def told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> str:
    """What the router of the log there said, in 1970: its facts are long past their retention."""
    log = await SqliteLog.open(tmp_path / "log.db", clock=lambda: 1_000)
    async with routed(log) as address:
        capsys.readouterr()  # what the router logged
        assert await asyncio.to_thread(main, ["one", "--address", address]) == 0
        said = capsys.readouterr().out
    await log.close()
    capsys.readouterr()
    assert "offered to ana" in said
    return said


async def test_an_embedded_log_says_what_its_router_said(
    told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = (tmp_path / "log.db").read_bytes()
    assert await asyncio.to_thread(main, ["one", "--data", str(tmp_path / "log.db")]) == 0
    assert capsys.readouterr().out == told
    assert (tmp_path / "log.db").read_bytes() == before


async def test_a_copy_of_it_on_kafka_says_the_same(
    told: str,
    kafka_bootstrap: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    generation = random.randrange(100, 1_000)  # topics of its own, for one broker serves all tests
    log, copy = await SqliteLog.open(tmp_path / "log.db"), await KafkaLog.connect(kafka_bootstrap)
    own = generation_of(copy, generation)
    await own.create_topics(topics(1))
    for offset in range(await log.end_offset(DECISIONS, 0)):
        record = await log.read_at(DECISIONS, 0, offset)
        assert await own.append(DECISIONS, 0, record.key, record.value) == offset
    for one in (log, copy):
        await one.close()
    monkeypatch.setenv("FRONTDESK_LOG_GENERATION", str(generation))

    assert await asyncio.to_thread(main, ["one", "--bootstrap", kafka_bootstrap]) == 0

    assert capsys.readouterr().out == told


def test_what_is_not_there_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = tmp_path / "log.db"
    assert main(["one", "--data", str(data)]) == 1
    assert "there is no log at" in capsys.readouterr().err

    data.touch()
    assert main(["one", "--data", str(data)]) == 1
    assert "is not a log of Frontdesk" in capsys.readouterr().err
    assert data.read_bytes() == b""

    async def made(partitions: int) -> None:
        log = await SqliteLog.open(data)
        if partitions:
            await log.create_topics(topics(partitions))
        await log.close()

    asyncio.run(made(0))
    assert main(["one", "--data", str(data)]) == 1
    assert "frontdesk.decisions.v1" in capsys.readouterr().err
    asyncio.run(made(1))
    assert main(["one", "--data", str(data)]) == 1
    assert "no decision of desk acme names this contact" in capsys.readouterr().err


async def test_a_log_with_a_record_that_is_none_says_so(
    told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert told
    log = await SqliteLog.open(tmp_path / "log.db", clock=lambda: 1_000)
    await log.append(DECISIONS, 0, b"", b"\xff\x03one")
    await log.close()

    assert await asyncio.to_thread(main, ["one", "--data", str(tmp_path / "log.db")]) == 1

    assert "cannot be read: not a Decision record (5 bytes)" in capsys.readouterr().err
