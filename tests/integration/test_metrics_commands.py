"""frontdesk kpis and frontdesk backfill, against a real server, a real log and a real Prometheus."""

from __future__ import annotations

import asyncio
import json
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import trustme
from prometheus_client import CollectorRegistry

from services.cli import backfill, desk, kpis
from services.contract import decisions as d
from services.contract.codec import encode_decision
from services.contract.facts import Channel
from services.contract.topics import DECISIONS, partition_of
from services.metrics.api import NAME
from services.metrics.build import build
from services.metrics.settings import MetricsSettings
from services.runtime.clock import ManualClock
from services.runtime.log import TopicSpec
from services.runtime.rpc import RpcSettings, serve
from services.runtime.rpc_tls import TlsFiles
from services.runtime.sqlite_log import SqliteLog
from tests.prometheus import Prometheus, Tools
from tests.unit.metrics import ground_truth
from tests.unit.metrics.world import APPLIED, NOON_MS, Writer, random_log, tally

PARTITIONS = 2
HOME = partition_of("acme", PARTITIONS)
WEEK_MS = 7 * 86_400_000


def two_noons() -> Writer:
    """A call answered after 30 s and resolved, and a content customer; a week later one that is less content."""
    writer = Writer().genesis().fact(APPLIED)
    for score in (5, 2):
        began_ms = writer.now_ms
        writer.fact(
            d.ContactOpened(contact_id="c", channel=Channel.PHONE, case_id="k"),
            d.ContactQueued(contact_id="c", channel=Channel.PHONE, queue_id="calls"),
        )
        writer.wait(30_000).fact(
            d.Assigned(
                contact_id="c",
                agent_id="ana",
                channel=Channel.PHONE,
                queue_id="calls",
                first=True,
                wait_since_arrival_ms=30_000,
                wait_since_queue_ms=30_000,
                within_target=True,
            )
        )
        writer.wait(60_000).fact(d.Resolved(contact_id="c", tally=tally(topic="billing")))
        writer.fact(d.SurveyNoted(score=score, channel=Channel.PHONE, queue_id="calls"))
        writer.now_ms = began_ms + WEEK_MS
    return writer


async def write(log: SqliteLog, records: list[d.Decision]) -> None:
    await log.create_topics([TopicSpec(DECISIONS, PARTITIONS)])
    for record in records:
        await log.append(DECISIONS, HOME, b"acme", encode_decision(record))


@asynccontextmanager
async def folded(tmp_path: Path, settings: RpcSettings | None = None) -> AsyncIterator[int]:
    """The port of a metrics service that has folded both noons."""
    log = await SqliteLog.open(tmp_path / "log.sqlite")
    await write(log, two_noons().records)
    registry = CollectorRegistry()
    metrics = build(MetricsSettings(), clock=ManualClock(), log=log, partitions=PARTITIONS, registry=registry)
    task = asyncio.create_task(metrics.run())
    server = await serve(
        [metrics.add_to_grpc], [NAME], address="127.0.0.1:0", registry=registry, settings=settings
    )
    await asyncio.wait_for(metrics.ready(), 30)
    yield server.port
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await server.close(grace_seconds=0)
    await log.close()


@pytest.fixture
async def address(tmp_path: Path) -> AsyncIterator[str]:
    async with folded(tmp_path) as port:
        yield f"127.0.0.1:{port}"


async def run(*arguments: str) -> int:
    return await asyncio.to_thread(kpis.main, arguments)


async def test_measures_are_told_in_plain_words(address: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert await run("--address", address, "--desk", "acme") == 0
    told = capsys.readouterr().out

    for words in (
        "2 arrived, 2 offered: 2 answered, 0 left (0 within 5 s), 0 called back",
        "30.0 s on average; answered in 20 s, of offered: 0.0%",
        "waits 2 kept, 0 broken",
        "no value yet settled for good, 100.0% of 2 for now",
        "60.0 s a contact",
        "billing 2",
    ):
        assert words in told


async def test_another_bound_and_groups(address: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert await run("--address", address, "--seconds", "40", "--by", "channel", "--by", "queue") == 0
    told = capsys.readouterr().out

    assert "phone / calls" in told
    assert "answered in 40 s, of offered: 100.0%" in told


async def test_a_week_is_compared_with_the_one_before(
    address: str, capsys: pytest.CaptureFixture[str]
) -> None:
    window = ("--from", "2026-04-10T12:00", "--to", "2026-04-10T12:15")
    assert await run("--address", address, "--desk", "acme", "--compare", "--weeks", "1", *window) == 0
    told = capsys.readouterr().out

    assert "beside the same hours of 1 earlier weeks" in told
    assert "satisfaction" in told and "0.000 now     1.000 before" in told


async def test_json_is_the_answer_itself(address: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert await run("--address", address, "--json") == 0

    assert json.loads(capsys.readouterr().out)["rows"][0]["handled"] == "2"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--from", "2026-04-10T12:01"), "must be on a quarter of an hour"),
        (("--seconds", "7"), "service_level_seconds"),
    ],
)
async def test_a_refusal_says_what_to_mend(
    address: str, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], words: str
) -> None:
    assert await run("--address", address, *arguments) == 1
    assert words in capsys.readouterr().err


async def test_an_answer_without_a_contact_says_why_that_may_be(
    address: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert await run("--address", address, "--desk", "acmee") == 0
    assert "no contact of desk acmee is counted; `frontdesk kpis --by desk` names" in capsys.readouterr().err
    assert await run("--address", address, "--last", "1", "--by", "queue") == 0
    assert "no contact is counted in this window" in capsys.readouterr().err
    assert await run("--address", address, "--desk", "acme") == 0
    assert capsys.readouterr().err == ""


async def test_another_services_port_is_told_by_both_commands(
    address: str, capsys: pytest.CaptureFixture[str]
) -> None:
    server = await serve([], ["frontdesk.v1.Nothing"], address="127.0.0.1:0", registry=CollectorRegistry())
    try:
        assert await run("--address", f"127.0.0.1:{server.port}") == 1
        assert "another of the services, or an older version" in capsys.readouterr().err
    finally:
        await server.close(grace_seconds=0)
    assert await asyncio.to_thread(desk.main, ["show", "acme", "--address", address]) == 1
    assert "another of the services, or an older version" in capsys.readouterr().err


async def test_nobody_there_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    assert await run("--address", "127.0.0.1:9") == 1
    assert "is `frontdesk serve` running?" in capsys.readouterr().err


async def test_a_metrics_with_mutual_tls_is_asked_by_tls(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    authority = trustme.CA()
    files = TlsFiles(tmp_path / "tls.crt", tmp_path / "tls.key", tmp_path / "ca.crt")
    authority.cert_pem.write_to_path(tmp_path / "ca.crt")
    trustme.CA().cert_pem.write_to_path(tmp_path / "other.crt")
    issued = authority.issue_cert("localhost")
    issued.private_key_pem.write_to_path(files.key)
    issued.cert_chain_pems[0].write_to_path(files.certificate)
    own = ("--tls-cert", str(files.certificate), "--tls-key", str(files.key))

    async with folded(tmp_path, RpcSettings(tls=files)) as port:
        at = ("--address", f"localhost:{port}", "--desk", "acme")
        assert await run(*at, "--tls-ca", str(tmp_path / "ca.crt"), *own) == 0
        assert "2 arrived" in capsys.readouterr().out
        assert await run(*at, "--tls-ca", str(tmp_path / "other.crt"), *own) == 1
        assert f"no metrics answers at localhost:{port} by TLS" in capsys.readouterr().err
        assert await run(*at) == 1
        assert f"no metrics answers at localhost:{port} without TLS" in capsys.readouterr().err
        assert await run(*at, "--tls-ca", str(tmp_path / "nothing.crt")) == 1
        assert "nothing.crt" in capsys.readouterr().err


# --- back-fill ---------------------------------------------------------------------------------------------


async def test_the_past_is_in_prometheus_as_it_was(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], prometheus_tools: Tools
) -> None:
    """Every total at the end of the log, and one in the middle, equal the ground truth of the log up to there."""
    records = random_log(5, 600)
    data, text, blocks = tmp_path / "log.sqlite", tmp_path / "past.txt", tmp_path / "prometheus" / "data"
    log = await SqliteLog.open(data)
    await write(log, records)
    await log.close()
    assert await asyncio.to_thread(backfill.main, [str(text), "--data", str(data), "--every", "900"]) == 0
    assert "samples in" in capsys.readouterr().out
    blocks.mkdir(parents=True)
    await asyncio.to_thread(
        lambda: subprocess.run(
            [prometheus_tools.promtool, "tsdb", "create-blocks-from", "openmetrics", text, blocks],
            check=True,
            capture_output=True,
        )
    )
    middle = next(
        at
        for at in range(300, 600)
        if records[at].decided_at_ms // 900_000 > records[at - 1].decided_at_ms // 900_000
    )
    with Prometheus.running(
        tmp_path / "prometheus", {}, tools=prometheus_tools, flags=("--storage.tsdb.retention.time=99y",)
    ) as prometheus:
        for upto in (middle, len(records)):
            newest_ms = max(record.decided_at_ms for record in records[:upto])
            step_ms = (newest_ms // 900_000 + 1) * 900_000
            truth = ground_truth.samples(records[:upto], HOME)
            for name in ("frontdesk_contacts_handled_total", "frontdesk_queue_wait_seconds_bucket"):
                found = await asyncio.to_thread(prometheus.query, name, at=step_ms / 1000)
                told = {
                    (name, tuple(sorted((k, v) for k, v in one.labels.items() if k != "__name__"))): one.value
                    for one in found
                    if one.value
                }
                assert told == {sample: value for sample, value in truth.items() if sample[0] == name}
    assert step_ms > NOON_MS


async def test_a_log_that_is_not_there_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = [str(tmp_path / "out.txt"), "--data", str(tmp_path / "nothing.db")]

    assert await asyncio.to_thread(backfill.main, arguments) == 1
    assert "there is no log at" in capsys.readouterr().err
