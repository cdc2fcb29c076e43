"""make bench: the hot paths, each as a ratio to its reference measured in the same run.

    python -m benchmarks                 all of them, about three minutes
    python -m benchmarks append latency  some of them
    python -m benchmarks --runs 5        more repetitions: median and spread of each

Absolute figures belong to the machine; the ratios are what to compare. The spread over the runs is the
machine's noise: a change within it says nothing.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import platform
import statistics
import sys
import tempfile
from collections.abc import Awaitable, Callable, Iterator

import uvloop

from benchmarks import (
    append,
    footprint,
    front_door,
    intake,
    latency,
    loop,
    metrics,
    prices,
    recovery,
    replica,
    router_core,
    sessions,
    submit_stream,
    wallboard,
)
from benchmarks.measure import Figure
from services.runtime import broker
from services.runtime.observe import configure_logs

BENCHMARKS: dict[str, tuple[Callable[[str], Awaitable[list[Figure]]], str]] = {
    "append": (append.run, "intake's append path against the broker's own producer benchmark"),
    "latency": (latency.run, "fact to decision to reply at 500/s and at 1,000/s, on real Kafka"),
    "delivery": (intake.run, "one delivery verified, read and enriched, without the log"),
    "webhooks": (front_door.run, "signed webhooks to durable facts, two intake processes on real Kafka"),
    "footprint": (footprint.run, "memory and CPU of one process of each service, idle and at 50 contacts/s"),
    "stream": (submit_stream.run, "facts by gRPC stream, two intake processes on real Kafka"),
    "loop": (loop.run, "the router's loop against a bare aiokafka loop"),
    "router": (router_core.run, "routing alone at 120 and at 10,000 agents against a plain scan"),
    "recovery": (recovery.run, "a restart from a snapshot and its tail against folding the log from zero"),
    "replica": (replica.run, "what a desk of 1,000 agents costs its owner and whoever follows it"),
    "sessions": (
        sessions.run,
        f"{sessions.SESSIONS:,} agents' sessions over {sessions.REPLICAS} routers on real Kafka",
    ),
    "metrics": (metrics.run, "decisions into every KPI table against a bare Faust table write"),
    "prices": (prices.run, "the price program against one greedy pass over the same matrix"),
    "wallboard": (wallboard.run, "200 browsers that watch the wallboard, against one"),
}
WITHOUT_BROKER = frozenset({"footprint", "prices", "recovery", "replica", "router", "sessions", "wallboard"})
"""Those that need none, or start their own."""
ASKED_FOR = frozenset({"footprint", "sessions"})
"""Too long to run with all others: by name only."""


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help=f"of {', '.join(BENCHMARKS)}; none means all"
    )
    parser.add_argument("--runs", type=int, default=3, help="repetitions (default: 3)")
    options = parser.parse_args()
    unknown = set(options.names) - set(BENCHMARKS)
    if unknown:
        parser.error(f"no benchmark {', '.join(sorted(unknown))}")
    configure_logs(
        level="warning", as_json=False
    )  # to stderr, and what routers have to say anyway is none of the figures
    print(
        f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, {options.runs} runs each"
    )
    names = options.names or [name for name in BENCHMARKS if name not in ASKED_FOR]
    with contextlib.nullcontext("") if WITHOUT_BROKER.issuperset(names) else started_broker() as bootstrap:
        for name in names:
            run, title = BENCHMARKS[name]
            print(f"\n{name}: {title}")
            runs = [uvloop.run(_once(run, bootstrap)) for _ in range(options.runs)]
            for row in table(runs):
                print(row)
    return 0


async def _once(run: Callable[[str], Awaitable[list[Figure]]], bootstrap: str) -> list[Figure]:
    return await run(bootstrap)


def table(runs: list[list[Figure]]) -> list[str]:
    """A line a figure: median, and spread as (max - min) / median."""
    rows = []
    for index, first in enumerate(runs[0]):
        values = sorted(run[index].value for run in runs)
        median = statistics.median(values)
        spread = (values[-1] - values[0]) / median if median else 0.0
        rows.append(f"  {first.name:<58} {median:>12,.2f} {first.unit:<12} noise {spread:.0%}")
    return rows


@contextlib.contextmanager
def started_broker() -> Iterator[str]:
    """A broker of our own with benchmark settings, or the one of FRONTDESK_TEST_BOOTSTRAP."""
    given = os.environ.get("FRONTDESK_TEST_BOOTSTRAP")
    if given:
        yield given
        return
    with tempfile.TemporaryDirectory(prefix="frontdesk-bench-") as state:
        running = broker.start(state, port=0, heap="1g")
        try:
            yield running.bootstrap
        finally:
            running.stop()


if __name__ == "__main__":
    sys.exit(main())
