"""What the memory of facts costs: bytes and time per fact, and the longest pause, at several sizes.

    python -m benchmarks.seen [millions]        default 4

Facts come at an even rate over eight days, so runs are as they would be; the reference is a set of the same ids.
"""

from __future__ import annotations

import gc
import random
import sys
import time
import tracemalloc

from services.router.log.seen import DAYS, Seen, remember

LOOKUPS = 20_000
REFERENCE = 100_000


def main() -> int:
    """Prints the table."""
    millions = float(sys.argv[1]) if len(sys.argv) > 1 else 4.0
    facts = int(millions * 1e6)
    seen, taken, longest_us = filled(facts)
    rng = random.Random(1)
    known = [f"fact-{rng.randrange(facts)}" for _ in range(LOOKUPS)]
    unknown = [f"other-{number}" for number in range(LOOKUPS)]
    held = sum(run.sorted.nbytes + run.cells.nbytes for run in seen.runs)
    sys.stdout.write(
        f"{seen.count} facts in {len(seen.runs)} runs: {held / seen.count:.2f} bytes a fact, "
        f"{held / 2**20:.0f} MiB\n"
        f"insert {taken / facts * 1e6:.2f} us a fact, longest {longest_us / 1000:.1f} ms\n"
        f"look up one that is new {_lookup_us(seen, unknown):.2f} us, one that is known "
        f"{_lookup_us(seen, known):.2f} us\n"
    )
    gc.collect()
    tracemalloc.start()
    ids = {f"fact-{number}" for number in range(REFERENCE)}
    bytes_each = tracemalloc.get_traced_memory()[0] / len(ids)
    started = time.perf_counter()
    sum(one in ids for one in unknown)
    each_us = (time.perf_counter() - started) / LOOKUPS * 1e6
    sys.stdout.write(f"reference: a set of ids, {bytes_each:.0f} bytes a fact, look up {each_us:.2f} us\n")
    return 0


def filled(facts: int) -> tuple[Seen, float, float]:
    """A memory of that many facts; seconds in all, microseconds of the longest insertion."""
    seen, longest = Seen(), 0.0
    gc.collect()
    begun = time.perf_counter()
    for number in range(facts):
        started = time.perf_counter()
        seen = remember(
            seen, f"fact-{number}", None, day=number * DAYS // facts, facts_max=lambda: 200_000_000
        )
        longest = max(longest, time.perf_counter() - started)
    return seen, time.perf_counter() - begun, longest * 1e6


def _lookup_us(seen: Seen, ids: list[str]) -> float:
    started = time.perf_counter()
    for one in ids:
        _ = one in seen
    return (time.perf_counter() - started) / len(ids) * 1e6


if __name__ == "__main__":
    sys.exit(main())
