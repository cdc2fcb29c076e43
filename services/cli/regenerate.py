"""frontdesk regenerate: more partitions, by a new generation of the log (engine.md 1.11)."""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path

from services.cli.plan import default_data
from services.router.build import topics
from services.router.record_ids import random_id
from services.router.regenerate import Regeneration, Report
from services.runtime.clock import WallClock
from services.runtime.generation_log import generation_of
from services.runtime.kafka_access import KafkaAccess
from services.runtime.kafka_log import KafkaLog
from services.runtime.log import Log, LogError
from services.runtime.sqlite_log import SqliteLog

EPILOG = """how:
  1. stop intake (providers repeat what is not answered); let the routers run
  2. frontdesk regenerate --bootstrap HOST:PORT --partitions 64
     waits until every fact is decided, ends the generation, begins the next one
  3. start everything again with FRONTDESK_LOG_GENERATION and FRONTDESK_PARTITIONS as it says

It may be repeated until it succeeds. The old topics must stay: the new states are what they fold to.

examples:
  frontdesk regenerate --partitions 8                                          the embedded log, nothing else running
  frontdesk regenerate --bootstrap 127.0.0.1:9092 --generation 2 --partitions 128   a third generation"""


def main(argv: Sequence[str]) -> int:
    """0 when the new generation is begun, 1 when it cannot be, with what to do."""
    parser = argparse.ArgumentParser(
        prog="frontdesk regenerate",
        description="Ends the log's generation and begins the next one with another number of partitions.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--partitions", type=int, required=True, help="partitions of the next generation")
    parser.add_argument("--generation", type=int, default=1, help="the one to be ended (default: 1)")
    parser.add_argument(
        "--data", type=Path, default=default_data(os.environ), help="the embedded log's file (%(default)s)"
    )
    parser.add_argument("--bootstrap", help="Kafka's address; without it the embedded log is meant")
    parser.add_argument(
        "--drain-seconds", type=float, default=60.0, help="time for the routers to decide what is there"
    )
    options = parser.parse_args(argv)
    if not 1 <= options.partitions <= 4096 or options.generation < 1:
        parser.error("--partitions is 1 to 4096, --generation 1 or more")
    try:
        report = asyncio.run(_run(options))
    except LogError as error:
        sys.stderr.write(f"frontdesk regenerate: {error}\n")
        return 1
    sys.stdout.write(told(report))
    return 0


def told(report: Report) -> str:
    """What was done, and what to set."""
    return (
        f"generation {report.generation} is begun: {report.desks} desks with {report.contacts} contacts "
        f"in {report.partitions} partitions, {report.carried_over} later facts carried over\n"
        f"start everything again with FRONTDESK_LOG_GENERATION={report.generation} "
        f"FRONTDESK_PARTITIONS={report.partitions}\n"
    )


async def _run(options: argparse.Namespace) -> Report:
    async with AsyncExitStack() as stack:
        log: Log = await (
            SqliteLog.open(options.data)
            if options.bootstrap is None
            else KafkaLog.connect(KafkaAccess.from_env(os.environ, options.bootstrap))
        )
        stack.push_async_callback(log.close)
        regeneration = Regeneration(
            lambda generation: generation_of(log, generation),
            options.generation,
            options.partitions,
            lambda new, partitions: new.create_topics(topics(partitions)),
            random_id,
            WallClock().now_ms,
            options.drain_seconds,
        )
        return await regeneration.run()
