"""make monitoring: everything that metrics claims, shown step by step; then the KPIs three ways.

python -m tests.monitoring                   all steps, about ten minutes on two free cores
python -m tests.monitoring rules dashboards  some of them (ARGUMENTS="rules dashboards" with make)
python -m tests.monitoring --live            the live step in this process
python -m tests.monitoring --rate 30         the world's clock slower, for a machine that is busy with other things
"""

from __future__ import annotations

import argparse
import asyncio
import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from scripts.fetch_prometheus import NoTool, tools
from services.cli.demo.system import NotReady
from services.runtime import broker
from services.runtime.broker import BrokerError
from tests.monitoring import kpi_table, live, steps
from tests.prometheus import Tools


def main(argv: Sequence[str]) -> int:
    """0 when everything is equal, full and sound."""
    options = _options(argv)
    began = time.monotonic()
    try:
        found = Tools(*tools(("prometheus", "promtool", "amtool")))
    except NoTool as error:
        print(f"monitoring: {error}", file=sys.stderr)
        return 1
    _say(began, f"Prometheus, promtool and amtool are here: {found.prometheus.parent}")
    folder = Path(tempfile.mkdtemp(prefix="frontdesk-monitoring-"))
    try:
        if options.live:
            return _live(folder, found, began, options)
        return _all(folder, began, options)
    except (NotReady, BrokerError, TimeoutError, AssertionError) as error:
        print(f"monitoring: {error}", file=sys.stderr)
        return 1
    finally:
        if options.keep:
            print(f"kept: {folder}")
        else:
            shutil.rmtree(folder, ignore_errors=True)


def _options(argv: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tests.monitoring",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    names = [step.name for step in steps.STEPS]
    parser.add_argument("steps", nargs="*", metavar="STEP", help=f"of {', '.join(names)}; none means all")
    parser.add_argument("--live", action="store_true", help="the live step in this process")
    parser.add_argument("--rate", type=float, default=40.0, help="times as fast as it would be (default: 40)")
    parser.add_argument("--minutes", type=float, default=60.0, help="of the world's day (default: 60)")
    parser.add_argument(
        "--table", type=Path, help="write the live step's tables there instead of printing them"
    )
    parser.add_argument("--keep", action="store_true", help="keep the folder of the run")
    options = parser.parse_args(argv)
    if unknown := set(options.steps) - set(names):
        parser.error(f"no step {', '.join(sorted(unknown))}")
    return options


def _say(began: float, words: str) -> None:
    print(f"{time.monotonic() - began:6.0f} s  {words}", flush=True)


def _all(folder: Path, began: float, options: argparse.Namespace) -> int:
    """Each step by itself, against one broker where it needs one; all of them, whatever fails."""
    done = []
    node = broker.start(folder / "kafka", port=0)
    try:
        _say(began, f"a real Kafka at {node.bootstrap}")
        env = {"FRONTDESK_TEST_BOOTSTRAP": node.bootstrap, "CI": "true"}
        for step in steps.chosen(options.steps):
            _say(began, f"{step.name}: {step.words} ...")
            more = ["--table", str(folder / f"{step.name}.table")] if step.module else []
            if step.name == "live":
                more += ["--rate", str(options.rate), "--minutes", str(options.minutes)]
                more += ["--keep"] if options.keep else []
            done.append(steps.run(step, folder, env, more))
            _say(began, f"{step.name}: {done[-1].result}")
    finally:
        node.stop()
    print("\n" + "\n".join(steps.table(done)))
    for table in sorted(folder.glob("*.table"), reverse=True):  # speed, then the KPIs
        print("\n" + table.read_text(encoding="utf-8"))
    failed = [one.step.name for one in done if not one.good]
    _say(began, f"failed: {', '.join(failed)}" if failed else "all as it should be")
    return 1 if failed else 0


def _live(folder: Path, found: Tools, began: float, options: argparse.Namespace) -> int:
    def say(words: str) -> None:
        _say(began, words)

    report = asyncio.run(live.run(folder, found, say, rate=options.rate, minutes=options.minutes))
    text = "\n".join(shown(report))
    if options.table is None:
        print("\n" + text)
    else:
        options.table.write_text(text, encoding="utf-8")
    say("all equal, no panel empty" if not report.faults else f"{len(report.faults)} faults")
    return 1 if report.faults else 0


def shown(report: live.Report) -> list[str]:
    """The table of KPIs, and what is wrong."""
    lines = [f"{'KPI':<40} {'GetKpis':>12} {'the log':>12} {'PromQL':>12}"]
    lines += [kpi_table.printed(told) for told in report.rows]
    lines += ["", f"{report.series_equal} single series equal to the log's, to the last digit"]
    lines += [f"{report.expressions} expressions of the boards asked, each with an answer"]
    lines += [f"note: {note}" for note in report.notes]
    lines += [f"FAULT  {fault}" for fault in report.faults]
    return lines


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
