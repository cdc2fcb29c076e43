"""The bundle against the real thing: the three services on a real Kafka, a real Prometheus, the simulator's load.

A week is skipped by starting the services again on a later clock, so that repeat windows end; then every panel is asked
for, and every KPI compared with the log.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
import re
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import grpc

from frontdesk.v1 import metrics_pb2, metrics_pb2_grpc
from services.cli.demo.command import environment, morning_clock
from services.cli.demo.run import desk_folder
from services.cli.demo.stories import load
from services.cli.demo.system import System
from services.contract.codec import decode_decision
from services.contract.decisions import Decision
from services.contract.topics import DECISIONS
from services.runtime import broker
from services.runtime.clock import ScaledClock
from services.runtime.kafka_log import KafkaLog
from tests.monitoring import kpi_table, loads, past, simulated
from tests.monitoring.bundle import DASHBOARDS, RECORDED, RULES, filled, panels
from tests.prometheus import Prometheus, Tools
from tests.unit.metrics import ground_truth, stories

LATER_MS = 7 * 86_400_000 + 3_600_000
"""Past every repeat window of the morning."""
SETTLED_SECONDS_MAX = 90
STEP_SECONDS = 5
LAST_RULE = "queue:frontdesk_fcr_missed:ratio_increase7d"
"""A rule of a rule of a rule, about what comes last: matured cases."""
RULE_SECONDS = 2
"""Rules are evaluated this often here, to see in minutes what takes hours."""


@dataclass
class Report:
    """What was found; everything is well when `faults` is empty."""

    rows: list[kpi_table.Told] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    """What the players saw otherwise: a machine too busy for the pace. `make demo` judges that; here the log is the truth."""
    sent: set[str] = field(default_factory=set)
    """Contacts of the simulator's world that intake took."""
    series_equal: int = 0
    expressions: int = 0


async def run(
    folder: Path, tools: Tools, say: Callable[[str], None], *, rate: float = 40.0, minutes: float = 60.0
) -> Report:
    """Plays, asks, compares. Raises what a service raised that did not come up."""
    report = Report()
    node = await asyncio.to_thread(broker.start, folder / "kafka", port=0)
    try:
        say(f"a real Kafka at {node.bootstrap}")
        await _with_kafka(folder, node.bootstrap, tools, say, rate, minutes, report)
    finally:
        await asyncio.to_thread(node.stop)
    return report


async def _with_kafka(
    folder: Path,
    bootstrap: str,
    tools: Tools,
    say: Callable[[str], None],
    rate: float,
    minutes: float,
    report: Report,
) -> None:
    morning = load(desk_folder() / "morning")
    begun = morning_clock(morning)
    clock = ScaledClock(begun.start_ms, begun.origin_ms, rate)
    env = {
        **environment(morning, clock),
        "FRONTDESK_CLOCK": _clock(clock),
        "FRONTDESK_HEARTBEAT_SECONDS": "1",
    }
    first = System.plan(env, desk_folder() / "desk.toml", folder, bootstrap)
    began_at = time.time()
    await first.start()
    try:
        say("intake, router and metrics are up, as three processes")
        rules = list(_often(folder))
        past.backfill(folder / "prometheus", ("money", "service"), began_at, tools)
        running = Prometheus.running(
            folder / "prometheus",
            _targets(first),
            tools=tools,
            rules=rules,
            rule_seconds=RULE_SECONDS,
            flags=past.FLAGS,
        )
        with running as prometheus:
            await asyncio.to_thread(prometheus.until_scraped)
            say(f"a real Prometheus scrapes them every second and knows {len(prometheus.rules())} rules")
            loaded = await loads.run(first, clock, minutes=minutes)
            result, report.sent = loaded.morning, loaded.world.sent
            report.notes += [f"played differs: {one}" for one in result.differences]
            report.notes += [f"refused: {one}, {n} times" for one, n in loaded.world.refused.most_common()]
            report.faults += [f"lost: {one}" for one in result.lost]
            report.faults += [f"twice: {one}" for one in (*result.doubles, *loaded.world.doubles)]
            say(
                f"{minutes:.0f} minutes of the simulator's world were played, {rate:.0f} times as fast: "
                f"{len(report.sent)} contacts, {loaded.world.facts} facts by gRPC; "
                f"a morning of recorded deliveries beside it; {loaded.wrote} messages and surveys"
            )
            await first.stop()
            later = ScaledClock(begun.start_ms, begun.origin_ms + LATER_MS, rate)
            second = System.plan(
                {**env, "FRONTDESK_CLOCK": _clock(later)}, desk_folder() / "desk.toml", folder, bootstrap
            )
            await second.start()
            try:
                await _later(second, bootstrap, prometheus, began_at, say, report)
            finally:
                await second.stop()
    finally:
        await first.stop()


async def _later(
    system: System,
    bootstrap: str,
    prometheus: Prometheus,
    began_at: float,
    say: Callable[[str], None],
    report: Report,
) -> None:
    """A week later: cases mature; boards are asked while all runs; the comparison waits until nothing moves."""
    await asyncio.to_thread(prometheus.point_at, _targets(system))
    await loads.mark(system, loads.example_desk().desk_id, change="new-carrier")
    await loads.caller_gives_up(system)
    await asyncio.to_thread(
        prometheus.until,
        lambda: sum(one.value for one in prometheus.query("frontdesk_fcr_matured_total")) >= 1,
        "a week later, cases have matured",
        seconds_max=SETTLED_SECONDS_MAX,
    )
    await asyncio.to_thread(
        prometheus.until,
        lambda: any(math.isfinite(one.value) for one in prometheus.query(LAST_RULE)),
        "the rules of rules have told how many were settled at the first contact",
        seconds_max=SETTLED_SECONDS_MAX,
    )
    await asyncio.to_thread(prometheus.until_scraped)
    await asyncio.sleep(max(2 * RULE_SECONDS, STEP_SECONDS))
    say("a week later on their clocks, after a restart: cases have matured")
    await asyncio.to_thread(_boards, prometheus, began_at, report)
    say(f"{report.expressions} expressions of {len(DASHBOARDS)} boards were asked")
    await system.process("intake").stop()
    await system.process("router").stop()
    logs = await _logs(bootstrap)
    ours = await _ours(system, sum(len(log) for log in logs))
    await asyncio.to_thread(prometheus.point_at, {"metrics": [_address(system, "metrics")]})
    await asyncio.to_thread(prometheus.until_scraped)
    report.faults += [f"lost: {one}" for one in simulated.lost(logs, report.sent)]
    truth = _truth(logs)
    report.rows = await asyncio.to_thread(lambda: list(kpi_table.table(ours, truth, prometheus)))
    report.faults += [f"differs: {told.words}" for told in report.rows if not told.equal]
    _series(prometheus, truth, report)


def _boards(prometheus: Prometheus, began_at: float, report: Report) -> None:
    """Every panel must show something: curves over the whole run, numbers at its end."""
    ended_at = time.time()
    window = f"{math.ceil(ended_at - began_at) + 5}s"
    for path in DASHBOARDS:
        for panel in panels(path):
            shown = 0
            for target in panel["targets"]:
                report.expressions += 1
                if panel["type"] == "timeseries":
                    found = prometheus.curve(
                        filled(target["expr"], window="20s"), began_at, ended_at, STEP_SECONDS
                    )
                else:
                    found = [one.value for one in prometheus.query(filled(target["expr"], window=window))]
                if any(math.isfinite(value) for value in found):
                    shown += 1
                else:
                    report.faults.append(
                        f"empty: {path.stem}: {panel['title']} {target['refId']}: {target['expr']}"
                    )
            if not shown:
                report.faults.append(f"empty panel: {path.stem}: {panel['title']}")
    report.faults += [
        f"rule: {rule['name']}: {rule['lastError']}" for rule in prometheus.rules() if rule["health"] == "err"
    ]


def _series(prometheus: Prometheus, truth: Mapping[ground_truth.Sample, float], report: Report) -> None:
    """Every single series of the measures equals the log's, not only their sums."""
    names = {name for name, _ in truth}
    scraped = {
        (one.labels["__name__"], tuple(sorted(_own(one.labels).items()))): one.value
        for one in prometheus.query('{__name__=~"frontdesk_.+", job="metrics"}')
        if one.labels["__name__"] in names and one.value
    }
    still = {key: value for key, value in truth.items() if key[0] not in _MOVES_BY_ITSELF}
    told = {key: value for key, value in scraped.items() if key[0] not in _MOVES_BY_ITSELF}
    report.series_equal = sum(told.get(key) == value for key, value in still.items())
    for key in sorted(still.keys() | told.keys()):
        if still.get(key) != told.get(key):
            report.faults.append(f"series {key}: log {still.get(key)}, Prometheus {told.get(key)}")


_MOVES_BY_ITSELF = {"frontdesk_contacts_overdue", "frontdesk_updates_overdue"}
"""What depends on when one asks."""


def _own(labels: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in labels.items() if name not in ("__name__", "job", "instance")}


async def _logs(bootstrap: str) -> list[list[Decision]]:
    """All decision records by partition."""
    log = await KafkaLog.connect(bootstrap)
    try:
        found = []
        for partition in range(await log.partitions(DECISIONS)):
            end, records = await log.end_offset(DECISIONS, partition), list[Decision]()
            tail = await log.tail(DECISIONS, {partition: 0})
            while len(records) < end:
                records += [decode_decision(record.value) for record in await tail.read()]
            await tail.close()
            found.append(records)
        return found
    finally:
        await log.close()


def _truth(logs: list[list[Decision]]) -> dict[ground_truth.Sample, float]:
    with _names_of_the_desk():
        return {
            sample: value
            for partition, log in enumerate(logs)
            for sample, value in ground_truth.samples(log, partition).items()
        }


@contextlib.contextmanager
def _names_of_the_desk() -> Iterator[None]:
    """The slow count knows the unit tests' desks by name; here they are the example's and the world's."""
    desks = loads.example_desk(), simulated.world_desk()[0]
    kept = set(stories.QUEUES), set(ground_truth.TOPICS)
    for names, mine in (
        (stories.QUEUES, {queue.queue_id for desk in desks for queue in desk.queues}),
        (ground_truth.TOPICS, {topic.topic_id for desk in desks for topic in desk.topics}),
    ):
        names.clear()
        names.update(mine)
    try:
        yield
    finally:
        for names, before in zip((stories.QUEUES, ground_truth.TOPICS), kept, strict=True):
            names.clear()
            names.update(before)


async def _ours(system: System, decisions: int) -> dict[str, metrics_pb2.KpiRow]:
    """GetKpis once every record of the log is counted, by channel, "" for all."""
    ends_at = time.monotonic() + SETTLED_SECONDS_MAX
    async with grpc.aio.insecure_channel(system.address("metrics", "grpc")) as channel:
        stub = metrics_pb2_grpc.MetricsServiceStub(channel)  # type: ignore[no-untyped-call] # generated
        while True:
            answer = await stub.GetKpis(metrics_pb2.GetKpisRequest(), timeout=20, wait_for_ready=True)
            if answer.decisions == decisions:
                by_channel = metrics_pb2.GetKpisRequest(group_by=[metrics_pb2.KPI_DIMENSION_CHANNEL])
                apart = await stub.GetKpis(by_channel, timeout=20)
                return {"": answer.rows[0], **{row.group[0]: row for row in apart.rows}}
            if time.monotonic() > ends_at:
                raise TimeoutError(f"metrics counted {answer.decisions} of {decisions} decisions")
            await asyncio.sleep(0.2)


def _clock(clock: ScaledClock) -> str:
    return f"scaled:{clock.start_ms}:{clock.origin_ms}:{clock.rate}"


def _targets(system: System) -> dict[str, list[str]]:
    return {role: [_address(system, role)] for role in ("intake", "router", "metrics")}


def _address(system: System, role: str) -> str:
    return urlsplit(system.address(role, "metrics")).netloc


def _often(folder: Path) -> Iterator[Path]:
    """The shipped rules with a shorter interval, for a run of minutes."""
    place = folder / "rules"
    place.mkdir()
    for path in (*RECORDED, *RULES):
        text = re.sub(r"interval: \w+", f"interval: {RULE_SECONDS}s", path.read_text(encoding="utf-8"))
        (place / path.name).write_text(text, encoding="utf-8")
        yield place / path.name
