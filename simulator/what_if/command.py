"""frontdesk simulate what-if: a desk's own log under another policy, staffing or grants."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from functools import partial
from multiprocessing import get_context
from pathlib import Path

from simulator.progress import Progress
from simulator.report import page, tables
from simulator.report.measures import Run
from simulator.settings import setting
from simulator.what_if.changes import Changes, Unclear, changed_desk
from simulator.what_if.history import history_of
from simulator.what_if.log import NoPast, read
from simulator.what_if.measures import COLUMNS, figures, first_contacts_that_ended
from simulator.what_if.replay import Replay

EXAMPLES = """examples:
  frontdesk simulate what-if --desk acme --agents +2
  frontdesk simulate what-if --desk acme --set hold_phone_ms=0 --html hold.html
  frontdesk simulate what-if --desk acme --grant A17=refund:150:EUR --certify A17=billing
  frontdesk simulate what-if --log copy.db --desk acme --without A17 --from 2026-03-02T08:00Z --until 2026-03-02T18:00Z

A log to try it on: frontdesk demo --keep, then --log FOLDER/frontdesk.db --desk acme.
"""
LIMITS = """What these figures are, and are not:
- Both replays go through the same decide as production; compare them with each other. How far "played again" lies from
  "as it was" says how much the replay can be believed.
- Contacts come as they came: customers who would not have come back do come back, and nobody comes because waits are short.
- Who met before meets the same talk and end. Who never met: the contact's own work at the agent's speed, and an end by
  the chance that the desk believes; so expected FCR is as good as what the desk has learned, and untested where a grant,
  certificate or agent is new.
- Agents accept at the desk's usual pace and refuse nothing; presence is as it was. How much longer a caller would have
  waited is drawn from the desk's patience; intervals are over these draws only, not over days.
"""
LOG_DEFAULT = ".state/frontdesk.db"
REPLICATIONS = 5
WAS, AGAIN = "as it was", "played again"
SPAN = "the log"


def main(argv: Sequence[str]) -> int:
    """0 when it was played; 1 when the log holds nothing to play; 2 for a wrong call."""
    parser = _parser()
    options = parser.parse_args(argv)
    changes = Changes(
        settings=tuple(setting(text, parser) for text in options.settings),
        more_agents=_more(options.agents, parser),
        without=tuple(options.without),
        grants=tuple(options.grant),
        certificates=tuple(options.certify),
    )
    if options.replications < 1:
        parser.error("--replications: at least 1")
    span = (_instant(options.begins, parser), _instant(options.ends, parser))
    path = options.log or Path(os.environ.get("FRONTDESK_DATA") or LOG_DEFAULT)
    try:
        log = read(path, options.desk, *span)
        desk = log.before.desks.get(options.desk)
        if desk is not None:
            changed_desk(desk.desk, changes)
    except (NoPast, Unclear) as error:
        sys.stderr.write(f"frontdesk simulate what-if: {error}\n")
        return 1 if isinstance(error, NoPast) else 2
    try:
        runs = _runs(path, options.desk, span, changes, options.replications, options.processes)
    except Unclear as error:
        sys.stderr.write(f"frontdesk simulate what-if: {error}\n")
        return 2
    judged = first_contacts_that_ended(log.decisions)
    runs[SPAN, WAS] = {0: figures(log.decisions, judged)}
    names = [WAS, AGAIN, *([changes.said()] if changes else [])]
    heads = ("", *(column.title for column in COLUMNS))
    print(
        f"Desk {options.desk}, {_shown(log.from_ms)} to {_shown(log.until_ms)}: "
        f"{runs[SPAN, WAS][0].figures['contacts']:.0f} contacts, {options.replications} replays of each"
    )
    print(tables.text(heads, tables.policy_rows(runs, SPAN, names, COLUMNS)))
    if changes:
        print("\nPaired difference, with the half-width of its 95 % interval:")
        print(tables.text(heads, tables.difference_rows(runs, SPAN, names[-1], [AGAIN], COLUMNS)))
    print("\n" + LIMITS)
    if options.html is not None:
        told = f"Desk {options.desk}, {_shown(log.from_ms)} to {_shown(log.until_ms)}"
        options.html.write_text(page.past(runs, SPAN, names, told, COLUMNS, LIMITS), encoding="utf-8")
        print(f"page: {options.html.resolve()}")
    return 0


def _runs(
    path: Path,
    desk_id: str,
    span: tuple[int | None, int | None],
    changes: Changes,
    replications: int,
    processes: int | None,
) -> dict[tuple[str, str], dict[int, Run]]:
    arms = {AGAIN: Changes()} | ({changes.said(): changes} if changes else {})
    jobs = [(name, number) for number in range(replications) for name in arms]
    count = min(processes or os.cpu_count() or 1, len(jobs))
    one = partial(played, path, desk_id, span)
    found: dict[tuple[str, str], dict[int, Run]] = {}
    with Progress("replays", len(jobs)) as progress:
        if count == 1:
            for name, number in jobs:
                found.setdefault((SPAN, name), {})[number] = one(arms[name], number)
                progress.step()
            return found
        with ProcessPoolExecutor(count, mp_context=get_context("spawn")) as pool:
            waiting = [pool.submit(one, arms[name], number) for name, number in jobs]
            for (name, number), job in zip(jobs, waiting, strict=True):
                found.setdefault((SPAN, name), {})[number] = job.result()
                progress.step()
    return found


def played(
    path: Path, desk_id: str, span: tuple[int | None, int | None], changes: Changes, replication: int
) -> Run:
    """One replay of the log's span; each process reads the log itself."""
    log = read(path, desk_id, *span)
    replay = Replay(log, history_of(log), changes, replication)
    return figures(replay.play(), first_contacts_that_ended(log.decisions), replay.expected)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="frontdesk simulate what-if",
        description="Plays a desk's own day again, from its embedded log: the contacts and agents that were there, under "
        "another policy, staffing or grants, through production's own decisions. Nothing is written to the log.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--log", type=Path, metavar="FILE", help=f"the embedded log (default: {LOG_DEFAULT})")
    parser.add_argument("--desk", default="acme", help="desk (default: acme)")
    parser.add_argument(
        "--from", dest="begins", metavar="TIME", help="ISO 8601 (default: 24 hours before the log's end)"
    )
    parser.add_argument("--until", dest="ends", metavar="TIME", help="not included (default: the log's end)")
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        dest="settings",
        metavar="NAME=VALUE",
        help="a setting of the policy",
    )
    parser.add_argument("--agents", metavar="+N", help="so many more, copies of those who are there")
    parser.add_argument(
        "--without", action="append", default=[], metavar="AGENT", help="as if this agent had not come"
    )
    parser.add_argument(
        "--grant",
        action="append",
        default=[],
        metavar="AGENT=DECISION:LIMIT:CURRENCY",
        help="a right more; LIMIT may be unlimited",
    )
    parser.add_argument(
        "--certify", action="append", default=[], metavar="AGENT=TOPIC", help="a certificate more"
    )
    parser.add_argument("--replications", type=int, default=REPLICATIONS, help="replays of each (default: 5)")
    parser.add_argument("--processes", type=int, help="at once (default: one per core)")
    parser.add_argument("--html", type=Path, metavar="FILE", help="write a page with tables and pictures")
    return parser


def _more(text: str | None, parser: argparse.ArgumentParser) -> int:
    if text is None:
        return 0
    if not text.lstrip("+").isdigit() or not 0 < int(text) <= 1_000:
        parser.error("--agents: give +N, from +1 to +1000; --without AGENT takes one away")
    return int(text)


def _instant(text: str | None, parser: argparse.ArgumentParser) -> int | None:
    if text is None:
        return None
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        parser.error(f"{text!r} is no time; give for example 2026-03-02T08:00Z")
    return round((instant if instant.tzinfo else instant.astimezone()).timestamp() * 1000)


def _shown(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000, UTC).strftime("%Y-%m-%d %H:%MZ")
