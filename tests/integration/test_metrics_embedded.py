"""Metrics on the embedded log: the same measures after a restart as before, over gRPC and /metrics."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import grpc
import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from prometheus_client import CollectorRegistry, generate_latest

from frontdesk.v1 import metrics_pb2, metrics_pb2_grpc
from services.contract import decisions as d
from services.contract.codec import encode_decision
from services.contract.facts import Channel
from services.contract.topics import DECISIONS, partition_of
from services.metrics.api import NAME
from services.metrics.build import Metrics, build
from services.metrics.settings import MetricsSettings
from services.runtime.clock import ManualClock
from services.runtime.log import Log, TopicSpec
from services.runtime.rpc import serve
from services.runtime.sqlite_log import SqliteLog
from tests.unit.metrics.world import APPLIED, NOON_MS, QUARTER_MS, Writer, random_log, tally

PARTITIONS = 2
HOME = partition_of("acme", PARTITIONS)


@asynccontextmanager
async def running(
    log: Log,
) -> AsyncIterator[tuple[Metrics, metrics_pb2_grpc.MetricsServiceStub, CollectorRegistry]]:
    registry = CollectorRegistry()
    metrics = build(MetricsSettings(), clock=ManualClock(), log=log, partitions=PARTITIONS, registry=registry)
    task = asyncio.create_task(metrics.run())
    server = await serve([metrics.add_to_grpc], [NAME], address="127.0.0.1:0", registry=registry)
    async with grpc.aio.insecure_channel(f"127.0.0.1:{server.port}") as channel:
        try:
            await asyncio.wait_for(metrics.ready(), 30)
            yield metrics, metrics_pb2_grpc.MetricsServiceStub(channel), registry  # type: ignore[no-untyped-call]
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            await server.close(grace_seconds=0)


async def write(log: Log, records: list[d.Decision], partition: int = HOME) -> None:
    await asyncio.gather(
        *(log.append(DECISIONS, partition, b"acme", encode_decision(record)) for record in records)
    )


@pytest.fixture
async def log(tmp_path: Path) -> AsyncIterator[SqliteLog]:
    opened = await SqliteLog.open(tmp_path / "log.sqlite")
    await opened.create_topics([TopicSpec(DECISIONS, PARTITIONS)])
    yield opened
    await opened.close()


async def test_a_restart_gives_the_same_text_to_prometheus(log: SqliteLog) -> None:
    await write(log, random_log(7, 2_000))

    texts = []
    for _ in range(2):
        async with running(log) as (_, _, registry):
            texts.append([line for line in generate_latest(registry).splitlines() if b"grpc_" not in line])

    assert texts[0] == texts[1]
    assert any(line.startswith(b"frontdesk_contacts_handled_total{") for line in texts[0])


async def test_what_is_written_while_it_runs_is_counted(log: SqliteLog) -> None:
    writer = Writer().genesis().fact(APPLIED)
    await write(log, writer.records)
    async with running(log) as (_, stub, _):
        done = len(writer.records)
        writer.fact(
            d.Assigned(channel=Channel.PHONE, queue_id="calls", first=True, wait_since_queue_ms=1_500)
        )
        writer.rival(d.Assigned(channel=Channel.PHONE, queue_id="calls", first=True))
        await write(log, writer.records[done:])
        for _ in range(1_000):
            answer = await stub.GetKpis(metrics_pb2.GetKpisRequest())
            if answer.decisions == len(writer.records):
                break
            await asyncio.sleep(0.01)

    assert [row.answered for row in answer.rows] == [1]
    assert answer.rows[0].average_speed_of_answer_seconds == 1.5
    assert answer.decisions == 4  # genesis, configuration, the assignment, its rejected rival


async def test_windows_are_cut_at_quarter_hours_of_decided_at(log: SqliteLog) -> None:
    writer = Writer().genesis().fact(APPLIED).fact(d.Resolved(tally=tally()))
    writer.wait(QUARTER_MS - 1).fact(d.Resolved(tally=tally(transfers=2)))  # last millisecond of the quarter
    writer.wait(1).fact(d.Resolved(tally=tally(Channel.EMAIL, "post", escalated=True)))  # first of the next
    await write(log, writer.records)

    async with running(log) as (_, stub, _):
        first = await stub.GetKpis(
            metrics_pb2.GetKpisRequest(from_at=at(NOON_MS), to_at=at(NOON_MS + QUARTER_MS))
        )
        both = await stub.GetKpis(
            metrics_pb2.GetKpisRequest(
                from_at=at(NOON_MS),
                group_by=[metrics_pb2.KPI_DIMENSION_DESK, metrics_pb2.KPI_DIMENSION_CHANNEL],
            )
        )

    assert [(row.handled, row.chains, row.escalated) for row in first.rows] == [(2, 1, 0)]
    assert [tuple(row.group) for row in both.rows] == [("acme", "email"), ("acme", "phone")]
    assert both.rows[0].escalation == 1.0  # 1 escalated / 1 handled
    assert both.rows[1].transfers_per_contact == 0  # no Transferred, though a tally says 2: events count
    assert not both.rows[0].HasField("abandonment")  # nothing was offered: absent, not 0
    assert both.watermark_at.ToMilliseconds() == NOON_MS + QUARTER_MS


async def test_a_wrong_request_is_refused_naming_every_field(log: SqliteLog) -> None:
    async with running(log) as (_, stub, _):
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await stub.GetKpis(
                metrics_pb2.GetKpisRequest(
                    from_at=Timestamp(seconds=7),
                    group_by=[metrics_pb2.KPI_DIMENSION_UNSPECIFIED],
                    desk_id="x" * 201,
                )
            )

    assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert all(name in (refused.value.details() or "") for name in ("from_at", "group_by[0]", "desk_id"))


async def test_an_empty_or_reversed_window_is_refused(log: SqliteLog) -> None:
    async with running(log) as (_, stub, _):
        for end_ms in (NOON_MS, NOON_MS - QUARTER_MS):
            with pytest.raises(grpc.aio.AioRpcError, match="must be after from_at"):
                await stub.GetKpis(metrics_pb2.GetKpisRequest(from_at=at(NOON_MS), to_at=at(end_ms)))


async def test_a_record_that_does_not_parse_stops_metrics(log: SqliteLog) -> None:
    await log.append(DECISIONS, HOME, b"acme", b"\xff\xff\xff")
    metrics = build(
        MetricsSettings(), clock=ManualClock(), log=log, partitions=PARTITIONS, registry=CollectorRegistry()
    )
    with pytest.raises(Exception, match=f"partition {HOME}, offset 0"):
        await asyncio.wait_for(metrics.run(), 30)


def at(epoch_ms: int) -> Timestamp:
    return Timestamp(seconds=epoch_ms // 1000)
