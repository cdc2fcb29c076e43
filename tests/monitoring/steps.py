"""The steps of make monitoring: what each shows, what it runs, how long it may take.

A step is a process of its own, so that one that hangs or dies says so and the others still run. What it prints is kept and
shown when it fails. A test that is skipped shows nothing, so a step with one has failed.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
import xml.etree.ElementTree as xml  # read from our own pytest's report
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SHOWN_LINES = 40
"""Of what a failed step has printed, the last."""
END_SECONDS_MAX = 20


@dataclass(frozen=True)
class Step:
    """One step; `tests` are given to pytest, `module` is run with python -m."""

    name: str
    words: str
    tests: tuple[str, ...] = ()
    module: tuple[str, ...] = ()
    seconds_max: int = 600
    shown: bool = False
    """Its lines are shown as they come."""


@dataclass(frozen=True)
class Done:
    """What came of a step."""

    step: Step
    result: str
    """ "42 tests", or why it failed; then the end of what it printed."""
    good: bool
    seconds: float


STEPS = (
    Step(
        "rules",
        "rules by promtool's lint, every alert fires once and is silent once, runbooks, routes by amtool",
        ("tests/monitoring/test_rules.py",),
    ),
    Step(
        "dashboards",
        "boards by Grafana's own types, titles, words, units, legends, names; every exported measure is used",
        (
            "tests/monitoring/test_dashboards.py",
            "tests/monitoring/test_kpi_table.py",
            "tests/monitoring/test_steps.py",
            "tests/monitoring/test_prometheus.py",
        ),
    ),
    Step(
        "folds",
        "every KPI equal to the log's: any cut, late records, replay from zero, a real router's log; cardinality",
        (
            "tests/unit/metrics/test_exactness.py",
            "tests/unit/metrics/test_agrees_with_the_router.py",
            "tests/unit/metrics/test_accept_rule.py",
            "tests/unit/metrics/test_folds.py",
            "tests/unit/metrics/test_live_rows.py",
            "tests/unit/metrics/test_collector.py",
        ),
    ),
    Step(
        "crashes",
        "exact on a real Kafka: kill -9, rebalance, gaps, zombies, a broker killed, offsets ahead and behind",
        ("tests/integration/test_metrics_kafka.py",),
        seconds_max=900,
    ),
    Step(
        "hand-over",
        "a broker that stands still for five seconds; PromQL over a hand-over, live",
        ("tests/integration/test_metrics_prometheus.py",),
    ),
    Step(
        "event time",
        "GetKpis, WatchKpis, CompareWithBaseline, MarkChange, windows, back-filling Prometheus",
        (
            "tests/unit/metrics/test_api.py",
            "tests/unit/metrics/test_service.py",
            "tests/integration/test_metrics_embedded.py",
            "tests/integration/test_metrics_commands.py",
        ),
    ),
    Step(
        "pipeline",
        "heartbeats through intake, router and metrics; gRPC calls counted; a watchdog that ends what stands still",
        (
            "tests/e2e/test_heartbeat.py",
            "tests/unit/runtime/test_rpc.py",
            "tests/unit/metrics/test_metrics_watchdog.py",
            "tests/unit/metrics/test_lost_records.py",
        ),
    ),
    Step(
        "wallboard",
        "the wallboard in Chromium: live, from four metres, dark and light, keyboard, WCAG AA, no outside asset",
        (
            "tests/e2e/test_wallboard.py",
            "tests/e2e/test_wallboard_access.py",
            "tests/e2e/test_wallboard_faults.py",
            "tests/e2e/test_wallboard_for_everybody.py",
            "tests/unit/metrics/test_wallboard_stage.py",
            "tests/unit/metrics/test_wallboard_view.py",
        ),
    ),
    Step(
        "queue log",
        "the same KPIs from an Asterisk's queue log and call records",
        (
            "tests/unit/test_queue_kpis.py",
            "tests/unit/test_read_queue_log.py",
            "tests/outside/test_queue_kpis.py",
        ),
    ),
    Step(
        "speed",
        "decisions folded, recovery, decision to visible, scrape, 200 viewers, against the goals",
        module=("tests.monitoring.speed",),
        shown=True,
    ),
    Step(
        "live",
        "the real stack under the simulator's load: no empty panel, every KPI three ways",
        module=("tests.monitoring", "--live"),
        seconds_max=900,
        shown=True,
    ),
)


def chosen(names: Sequence[str]) -> tuple[Step, ...]:
    """All of them, or those named; raises KeyError."""
    known = {step.name: step for step in STEPS}
    return tuple(known[name] for name in names) if names else STEPS


def run(step: Step, folder: Path, env: Mapping[str, str], more: Sequence[str] = ()) -> Done:
    """Runs it to its end or its bound."""
    report, output = folder / f"{step.name}.xml", folder / f"{step.name}.txt"
    command = [sys.executable, "-m", *step.module, *more]
    if step.tests:
        command = [sys.executable, "-m", "pytest", "-q", f"--junitxml={report}", *step.tests]
    began = time.monotonic()
    with output.open("wb") as sink:
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env={**os.environ, **env},
            stdin=subprocess.DEVNULL,
            stdout=None if step.shown else sink,
            stderr=None if step.shown else subprocess.STDOUT,
            start_new_session=True,
        )
        status = _waited(process, step.seconds_max)
    seconds = time.monotonic() - began
    good, result = _judged(step, status, report)
    if not good and not step.shown:
        lines = output.read_text(encoding="utf-8", errors="replace").splitlines()
        result += "".join(f"\n    {line}" for line in lines[-SHOWN_LINES:])
    return Done(step, result, good, seconds)


def _waited(process: subprocess.Popen[bytes], seconds_max: float) -> int | None:
    """The exit status; None for a step that had to be ended, with all that it had started."""
    try:
        return process.wait(seconds_max)
    except subprocess.TimeoutExpired:
        for number in (signal.SIGTERM, signal.SIGKILL):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, number)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(END_SECONDS_MAX)
        return None
    except BaseException:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        raise


def _judged(step: Step, status: int | None, report: Path) -> tuple[bool, str]:
    if status is None:
        return False, f"not over after {step.seconds_max} s"
    if not step.tests:
        return status == 0, "as it should be" if status == 0 else f"failed ({status})"
    return verdict(status, report.read_text(encoding="utf-8") if report.exists() else "")


def verdict(status: int, report: str) -> tuple[bool, str]:
    """Good or not, and in words, from pytest's exit status and JUnit report."""
    if not report:
        return False, f"no report ({status})"
    suites = list(xml.fromstring(report).iter("testsuite"))  # noqa: S314 # our own pytest's
    tests, failed, skipped = (
        sum(int(suite.get(name, "0")) for suite in suites for name in names)
        for names in (("tests",), ("failures", "errors"), ("skipped",))
    )
    words = [f"{tests - failed - skipped} tests"]
    words += [f"{failed} failed"] if failed else []
    words += [f"{skipped} skipped"] if skipped else []
    return status == 0 and not skipped and tests > 0, ", ".join(words)


def table(done: Sequence[Done]) -> list[str]:
    """A line a step: which, what came of it, seconds, what it shows."""
    lines = [f"{'step':<11} {'':<4} {'result':<20} {'seconds':>7}  what it shows"]
    for one in done:
        first, word = one.result.splitlines()[0], "ok" if one.good else "FAIL"
        lines.append(f"{one.step.name:<11} {word:<4} {first:<20} {one.seconds:7.0f}  {one.step.words}")
    return lines
