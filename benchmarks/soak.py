"""An hour of steady signed webhooks on one intake process: does its memory stay bounded?

    python -m benchmarks.soak                          an hour at 300/s, a row a minute
    python -m benchmarks.soak --minutes 5 --rate 500

Fails when the memory of the last tenth exceeds that of the second tenth (the first is warm-up) by more than
GROWTH_MAX, or a delivery was refused.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import sys
import time

from benchmarks.__main__ import started_broker
from benchmarks.deliveries import requests
from benchmarks.door import serving
from benchmarks.http_load import load as send
from benchmarks.measure import percentile

GROWTH_MAX = 1.10
STEP_SECONDS = 10


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--minutes", type=float, default=60.0, help="how long (default: 60)")
    parser.add_argument("--rate", type=int, default=300, help="deliveries a second (default: 300)")
    options = parser.parse_args()
    with started_broker() as bootstrap:
        return asyncio.run(_soak(bootstrap, options.minutes, options.rate))


async def _soak(bootstrap: str, minutes: float, rate: int) -> int:
    """Prints a row a minute; 1 when memory grew or something was refused."""
    memory: list[float] = []
    refused = 0
    with serving(bootstrap) as door:
        began = time.monotonic()
        waits: list[float] = []
        print(f"{'minute':>6} {'deliveries':>11} {'memory MiB':>11} {'p99 ms':>8}", flush=True)
        steps = max(1, round(minutes * 60 / STEP_SECONDS))
        for step in range(1, steps + 1):
            load = await send([door.http], requests(rate * STEP_SECONDS), pace=rate)
            refused += load.refused
            waits += load.waits
            memory.append(door.memory_mib())
            if step % (60 // STEP_SECONDS) == 0 or step == steps:
                minute = (time.monotonic() - began) / 60
                print(
                    f"{minute:>6.1f} {step * rate * STEP_SECONDS:>11,} {memory[-1]:>11.1f}"
                    f" {percentile(waits, 0.99) * 1e3:>8.1f}",
                    flush=True,
                )
                waits = []
    tenth = max(1, len(memory) // 10)
    early, late = statistics.median(memory[tenth : 2 * tenth] or memory), statistics.median(memory[-tenth:])
    print(f"memory {early:.1f} MiB in the second tenth, {late:.1f} MiB in the last; refused {refused}")
    return 1 if refused or late > early * GROWTH_MAX else 0


if __name__ == "__main__":
    sys.exit(main())
