"""make monitoring: the whole bundle, checked against running services; prints the KPIs three ways.

python -m tests.monitoring              rules, tests, dashboards, then the live part on a real Kafka
python -m tests.monitoring --live       the live part alone
python -m tests.monitoring --rate 30    a slower morning, for a machine that is busy with other things
"""

from __future__ import annotations

import argparse
import asyncio
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from scripts.fetch_prometheus import NoTool, tools
from services.cli.demo.system import NotReady
from services.runtime.broker import BrokerError
from tests.monitoring import kpi_table, live
from tests.prometheus import Tools

STATIC = ("test_rules.py", "test_dashboards.py")


def main(argv: Sequence[str]) -> int:
    """0 when everything is equal, full and sound."""
    parser = argparse.ArgumentParser(prog="python -m tests.monitoring", description=__doc__)
    parser.add_argument("--live", action="store_true", help="the live part alone")
    parser.add_argument("--rate", type=float, default=60.0, help="times as fast as the morning was")
    parser.add_argument("--keep", action="store_true", help="keep the folder of the run")
    options = parser.parse_args(argv)
    began = time.monotonic()

    def say(words: str) -> None:
        print(f"{time.monotonic() - began:6.0f} s  {words}", flush=True)

    try:
        found = Tools(*tools(("prometheus", "promtool", "amtool")))
    except NoTool as error:
        print(f"monitoring: {error}", file=sys.stderr)
        return 1
    say(f"Prometheus, promtool and amtool are here: {found.prometheus.parent}")
    if not options.live:
        here = Path(__file__).parent
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", *(str(here / name) for name in STATIC)], check=False
        )
        if done.returncode:
            return 1
        say("rules, their tests, runbooks, routes and dashboards are sound")
    folder = Path(tempfile.mkdtemp(prefix="frontdesk-monitoring-"))
    try:
        report = asyncio.run(live.run(folder, found, say, rate=options.rate))
    except (NotReady, BrokerError, TimeoutError, AssertionError) as error:
        print(f"monitoring: {error}", file=sys.stderr)
        return 1
    finally:
        if options.keep:
            print(f"kept: {folder}")
        else:
            subprocess.run(["rm", "-rf", str(folder)], check=False)
    show(report)
    say("all equal, no panel empty" if not report.faults else f"{len(report.faults)} faults")
    return 1 if report.faults else 0


def show(report: live.Report) -> None:
    """The table and what is wrong."""
    print(f"\n{'KPI':<40} {'GetKpis':>12} {'the log':>12} {'PromQL':>12}")
    for told in report.rows:
        print(kpi_table.printed(told))
    print(f"\n{report.series_equal} single series equal to the log's, to the last digit")
    for note in report.notes:
        print(f"the players saw otherwise (too busy a machine? make demo judges it): {note}")
    for fault in report.faults:
        print(f"FAULT  {fault}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
