"""`python -m simulator.report`, `make routing-report`: every goal of the routing policy with what was measured.

Takes the runs that are not there yet, prints the goal table, and writes one page to look at. Stop it at any time: it
goes on where it was.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from simulator.calls.command import goal_text
from simulator.calls.log import Unreadable
from simulator.goals import ELSEWHERE, judge
from simulator.report import docs, page, tables
from simulator.report.cache import DIRECTORY, Finished
from simulator.report.plan import REPLICATIONS, cases, parts
from simulator.report.runs import take

CALLS_TEXT = (
    "not measured here: give a call log with --calls FILE (frontdesk simulate calls --help says where one is)"
)
EXAMPLES = """examples:
  python -m simulator.report                     all of it; 20 to 30 minutes on two cores
  python -m simulator.report --replications 4    a first look
  python -m simulator.report --minutes 10        what ten minutes yield; the next call goes on
  python -m simulator.report --calls FILE        a call centre's log too (frontdesk simulate calls --help)
  python -m simulator.report --write-docs        put the figures into docs/routing.md
"""


def main(argv: Sequence[str] | None = None) -> int:
    """0 also when goals are missed: the table says which."""
    parser = argparse.ArgumentParser(
        prog="python -m simulator.report",
        description=(__doc__ or "").split("\n\n")[1],
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--replications", type=int, default=REPLICATIONS, help="of each goal's worlds (default: 20)"
    )
    parser.add_argument("--worlds", help="only these, for example A,B")
    parser.add_argument("--processes", type=int, help="at once (default: one per core)")
    parser.add_argument("--minutes", type=float, help="begin no run after so long")
    parser.add_argument(
        "--html", type=Path, default=DIRECTORY / "index.html", help="the page (default: %(default)s)"
    )
    parser.add_argument("--write-docs", action="store_true", help="put the figures into docs/routing.md")
    parser.add_argument(
        "--calls",
        type=Path,
        metavar="FILE",
        help="also replay a call centre's log, which is no part of the repository (default: FRONTDESK_BANK_CALLS)",
    )
    options = parser.parse_args(argv)
    if options.replications < 1:
        parser.error("--replications: at least 1")
    planned = parts(options.replications)
    if options.worlds:
        wanted = set(options.worlds.split(","))
        unknown = wanted - {part.world.name for part in planned}
        if unknown:
            parser.error(f"--worlds: no {', '.join(sorted(unknown))}")
        planned = [part for part in planned if part.world.name in wanted]
    runs = take(
        cases(planned),
        Finished(),
        processes=options.processes,
        within_seconds=None if options.minutes is None else 60.0 * options.minutes,
    )
    verdicts = judge(runs)
    print(tables.goal_text(verdicts))
    calls = options.calls or os.environ.get("FRONTDESK_BANK_CALLS")
    try:
        print(f"real calls: {goal_text(Path(calls), options.processes) if calls else CALLS_TEXT}")
    except Unreadable as error:
        sys.stderr.write(f"--calls: {error}\n")
        return 1
    for text, where in ELSEWHERE:
        print(f"elsewhere: {text}: {where}")
    options.html.parent.mkdir(parents=True, exist_ok=True)
    options.html.write_text(page.html(runs, verdicts), encoding="utf-8")
    print(f"page: {options.html.resolve()}")
    if options.write_docs:
        docs.write(runs, verdicts)
        print(f"written: {docs.PAGE}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
