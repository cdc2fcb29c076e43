"""frontdesk simulate calls: a call centre's own log, played again."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from math import inf
from multiprocessing import get_context
from pathlib import Path

from simulator.calls.log import HEAD, CallLog, Unreadable, read
from simulator.calls.past import stays
from simulator.calls.replay import FIRST_COME, PRODUCTION, Sums, measured, played
from simulator.calls.verdict import ASA_SHARE_MAX, LEFT_MAX, off
from simulator.progress import Progress
from simulator.report import tables
from simulator.statistics import estimate

EXAMPLES = f"""examples:
  frontdesk simulate calls --file data_anonymous_bank_february.txt
  frontdesk simulate calls --file february.txt --production      production's own decisions on the same calls
  frontdesk simulate calls --file february.txt --gaps 120,900 --draws 10

The file: the Anonymous Bank's format (Technion). Fields are parted by tabs, the first line names them:
  {" ".join(HEAD)}
Its February 1999 is MTPA_Chapter_6/data_anonymous_bank_february.txt of https://github.com/mtpa/mtpa.
"""
GAPS_SECONDS = (120.0, 300.0, 600.0)
PRODUCTION_GAP_SECONDS = 300.0
DRAWS = 3
COLUMNS = (
    ("asa_seconds", "ASA, s", "s"),
    ("abandoned", "left, %", "%"),
    ("within_target", "<= 40 s, %", "%"),
)
PATIENCE_HEADS = ("patience", "waited", "median, s", "gone by 40 s, %", "by 56 s, %")
Job = tuple[str, float, int]
"""Rule, gap, draw."""


def main(argv: Sequence[str]) -> int:
    """0 when it was played, goals met or not; 1 for a file that cannot be; 2 for a wrong call."""
    parser = _parser()
    options = parser.parse_args(argv)
    gaps = _gaps(options.gaps, parser)
    if not 1 <= options.draws <= 100:
        parser.error("--draws: 1 to 100")
    try:
        log = read(options.file)
    except Unreadable as error:
        sys.stderr.write(f"frontdesk simulate calls: {error}\n")
        return 1
    if log.faults:
        sys.stderr.write(log.told() + "\n")
    was = measured(log.calls)
    print(
        f"{options.file.name}: {len(log.days)} days, {was.asked:,} calls asked for an agent, "
        f"{sum(call.waited_seconds > 0 for call in log.calls):,} waited, {was.asked - was.answered:,} left"
    )
    print("\n" + tables.text(PATIENCE_HEADS, _patience_rows(log)))
    jobs = [(FIRST_COME, gap, draw) for draw in range(options.draws) for gap in gaps]
    if options.production:
        jobs += [(PRODUCTION, PRODUCTION_GAP_SECONDS, draw) for draw in range(options.draws)]
        jobs += [
            (FIRST_COME, PRODUCTION_GAP_SECONDS, draw)
            for draw in range(options.draws)
            if PRODUCTION_GAP_SECONDS not in gaps
        ]
    found = take(options.file, jobs, options.processes)
    print("\n" + tables.text(("", *(title for _, title, _ in COLUMNS)), _rows(was, found)))
    print(f"(means of {options.draws} draws of talk and patience, half-widths of 95 % intervals over them)\n")
    print("\n".join(_goals(off(was, _draws(found, FIRST_COME, gaps[0])), gaps[0])))
    return 0


def take(path: Path, jobs: Sequence[Job], processes: int | None = None) -> dict[Job, Sums]:
    """Plays them in as many processes as there are cores; each reads the file itself."""
    count = min(processes or os.cpu_count() or 1, len(jobs))
    with Progress("replays", len(jobs)) as progress:
        if count == 1:
            found = {}
            for job in jobs:
                found[job] = play(path, job)
                progress.step()
            return found
        with ProcessPoolExecutor(count, mp_context=get_context("spawn")) as pool:
            waiting = [pool.submit(partial(play, path), job) for job in jobs]
            for one in waiting:
                one.add_done_callback(lambda _: progress.step())
            return {job: one.result() for job, one in zip(jobs, waiting, strict=True)}


def play(path: Path, job: Job) -> Sums:
    rule, gap, draw = job
    return played(read(path), gap, draw, rule)


def goal_text(path: Path, processes: int | None = None) -> str:
    """What the routing report says of the goals; raises Unreadable."""
    log, gap = read(path), GAPS_SECONDS[0]
    found = take(path, [(FIRST_COME, gap, draw) for draw in range(DRAWS)], processes)
    return "; ".join(_goals(off(measured(log.calls), list(found.values())), gap))


def _draws(found: Mapping[Job, Sums], rule: str, gap: float) -> list[Sums]:
    return [sums for (of, seconds, _), sums in found.items() if (of, seconds) == (rule, gap)]


def _patience_rows(log: CallLog) -> list[tuple[str, ...]]:
    """Everybody, then kind by kind and by priority; the largest first."""
    kinds = sorted(
        {call.kind for call in log.calls}, key=lambda kind: (-sum(c.kind == kind for c in log.calls), kind)
    )
    groups = [
        ("all", list(log.calls)),
        *((kind, [call for call in log.calls if call.kind == kind]) for kind in kinds),
        ("priority 2", [call for call in log.calls if call.priority == 2]),
        ("priority 0 and 1", [call for call in log.calls if call.priority < 2]),
    ]
    rows: list[tuple[str, ...]] = []
    for name, calls in groups:
        waited = sum(call.waited_seconds > 0 for call in calls)
        if waited:
            found = stays(calls)
            median = "-" if found.median_seconds == inf else f"{found.median_seconds:.0f}"
            rows.append(
                (name, f"{waited:,}", median, f"{found.gone(40):.1%}"[:-1], f"{found.gone(56):.1%}"[:-1])
            )
    return rows


def _rows(was: Sums, found: Mapping[Job, Sums]) -> list[tuple[str, ...]]:
    rows = [("as it was", *(tables.number(was.figures()[name], unit) for name, _, unit in COLUMNS))]
    for rule, gap in dict.fromkeys((rule, gap) for rule, gap, _ in found):
        draws = [sums.figures() for sums in _draws(found, rule, gap)]
        told = (
            tables.with_interval(estimate([one[name] for one in draws]), unit) for name, _, unit in COLUMNS
        )
        rows.append((f"{rule}, gaps <= {gap:g} s", *told))
    return rows


def _goals(figures: Mapping[str, float], gap: float) -> list[str]:
    said = []
    for name, text, most, unit in (
        ("calls_asa_off", f"ASA within {ASA_SHARE_MAX:.0%} of what it was", ASA_SHARE_MAX, "%"),
        ("calls_left_off", f"who left within {100 * LEFT_MAX:.0f} points", LEFT_MAX, "points"),
    ):
        found = figures[name]
        outcome = "met" if found <= most else "missed"
        said.append(f"{text}: {outcome}, {100 * found:.1f} {unit} off (gaps <= {gap:g} s)")
    return said


def _gaps(text: str, parser: argparse.ArgumentParser) -> tuple[float, ...]:
    try:
        gaps = tuple(dict.fromkeys(float(part) for part in text.split(",")))
    except ValueError:
        gaps = ()
    if not gaps or not all(0 <= gap <= 86_400 for gap in gaps):
        parser.error(f"--gaps {text}: seconds, 0 to 86,400, parted by commas; for example 120,300,600")
    return gaps


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="frontdesk simulate calls",
        description="Plays a call log again, first come first served, and says how near that comes to what was measured: "
        "before any policy is believed, the loop must give the waits of a real call centre.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--file", type=Path, required=True, help="the call log")
    parser.add_argument(
        "--gaps",
        default=",".join(f"{gap:g}" for gap in GAPS_SECONDS),
        metavar="SECONDS,...",
        help="an agent is there between two calls that lie no further apart; the first is judged (default: %(default)s)",
    )
    parser.add_argument(
        "--draws",
        type=int,
        default=DRAWS,
        help="of talk and patience (default: %(default)s; half a minute for one month)",
    )
    parser.add_argument(
        "--production", action="store_true", help="production's decisions on the same calls, too"
    )
    parser.add_argument("--processes", type=int, help="at once (default: one per core)")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
