"""`python -m tests.rivals --histories 100000`: plays them on all processors, tells how far it is, says what was found."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections import Counter
from concurrent.futures import as_completed

from tests.rivals.history import TURNS
from tests.rivals.workers import CHUNK, play_chunk, workers

FAILURES_MAX = 20
REPORT_SECONDS = 20.0


def main() -> int:
    """0 when every rule held in every history, 1 otherwise."""
    options = _options()
    began, told = time.monotonic(), time.monotonic()
    total, failed, done = Counter[str](), list[str](), 0
    chunks = [
        range(at, min(at + CHUNK, options.seed + options.histories))
        for at in range(options.seed, options.seed + options.histories, CHUNK)
    ]
    with workers(options.workers) as pool:
        waiting = {pool.submit(play_chunk, chunk, options.turns) for chunk in chunks}
        for future in as_completed(waiting):
            counts, failures = future.result()
            total.update(counts)
            failed += failures
            done += counts["histories"]
            if time.monotonic() - told > REPORT_SECONDS:
                told = time.monotonic()
                _say(f"{done:>8} of {options.histories}, {len(failed)} failed, {told - began:.0f} s")
            over = options.minutes and time.monotonic() - began > 60 * options.minutes
            if over or len(failed) >= FAILURES_MAX:
                pool.shutdown(cancel_futures=True)
                break
    _report(total, failed, time.monotonic() - began)
    return 1 if failed else 0


def _report(total: Counter[str], failed: list[str], seconds: float) -> None:
    played = max(1, total["histories"])
    _say(f"{total['histories']} histories in {seconds:.0f} s, {total['cpu_ms'] / played:.0f} ms of CPU each")
    rejected = total["records"] - total["accepted"]
    _say(
        f"{total['facts']} facts ({total['duplicates']} repeats), {total['records']} records appended: "
        f"{total['accepted']} accepted, {rejected} rejected ({100 * rejected / max(1, total['records']):.0f} %), "
        f"{total['timers']} timers"
    )
    _say(
        f"{total['commands']} commands answered; {total['kills']} kills, {total['stops']} stops, "
        f"{total['leaves']} left in order, "
        f"{total['changes_of_owner']} changes of owner"
    )
    _say(f"{len(failed)} histories broke a rule")
    for line in failed:
        _say("  " + line)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.rivals", description=__doc__)
    parser.add_argument("--histories", type=int, default=1_000)
    parser.add_argument("--seed", type=int, default=0, help="the first one's")
    parser.add_argument("--turns", type=int, default=TURNS, help="what happens in each (default %(default)s)")
    parser.add_argument("--minutes", type=float, default=0, help="stop after so long and report; 0: never")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    return parser.parse_args()


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
