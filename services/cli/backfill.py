"""frontdesk backfill: the past of every measure, for a Prometheus that is younger than the log."""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path

from services.cli.plan import default_data
from services.contract.chain import UnknownCause
from services.contract.codec import Undecodable
from services.metrics.backfill import EVERY_SECONDS, backfill
from services.runtime.kafka_access import KafkaAccess
from services.runtime.kafka_log import KafkaLog
from services.runtime.log import Log, LogError
from services.runtime.sqlite_log import SqliteLog

EPILOG = """example:
  frontdesk backfill past.txt
  promtool tsdb create-blocks-from openmetrics past.txt /var/lib/prometheus"""


def main(argv: Sequence[str]) -> int:
    """Writes the file; 1 when the log cannot be read."""
    parser = argparse.ArgumentParser(
        prog="frontdesk backfill",
        description="Writes every total of /metrics, as it stood at each step of event time, as OpenMetrics.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("file", type=Path, help="where to write it")
    parser.add_argument(
        "--data", type=Path, default=default_data(os.environ), help="the embedded log's file (%(default)s)"
    )
    parser.add_argument("--bootstrap", help="Kafka's address; without it the embedded log is read")
    parser.add_argument(
        "--every", type=int, default=EVERY_SECONDS, metavar="SECONDS", help="step (default: %(default)s)"
    )
    options = parser.parse_args(argv)
    if not 1 <= options.every <= 86_400:
        parser.error("--every must be from 1 to 86400")
    if options.bootstrap is None and not options.data.exists():
        sys.stderr.write(f"frontdesk backfill: there is no log at {options.data}; --data names another\n")
        return 1
    try:
        samples = asyncio.run(_write(options))
    except (LogError, OSError, Undecodable, UnknownCause) as error:
        sys.stderr.write(f"frontdesk backfill: {error}\n")
        return 1
    sys.stdout.write(f"{samples:,} samples in {options.file}\n")
    return 0


async def _write(options: argparse.Namespace) -> int:
    async with AsyncExitStack() as stack:
        log: Log = await (
            SqliteLog.open(options.data)
            if options.bootstrap is None
            else KafkaLog.connect(KafkaAccess.from_env(os.environ, options.bootstrap))
        )
        stack.push_async_callback(log.close)
        with options.file.open("w", encoding="utf-8") as out:
            return await backfill(log, out, every_seconds=options.every)
