"""frontdesk backfill: the past of every measure, for a Prometheus that is younger than the log."""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path
from typing import IO

from services.cli.plan import default_data
from services.contract.chain import UnknownCause
from services.contract.codec import Undecodable
from services.metrics.backfill import EVERY_SECONDS, backfill
from services.runtime.generation_log import generation_from, generation_of
from services.runtime.kafka_access import KafkaAccess
from services.runtime.kafka_log import KafkaLog
from services.runtime.log import Log, LogError
from services.runtime.sqlite_log import SqliteLog

EPILOG = """example:
  frontdesk backfill past.txt
  promtool tsdb create-blocks-from openmetrics past.txt /var/lib/prometheus"""


def main(argv: Sequence[str]) -> int:
    """Writes the file; 1 when the log cannot be read or the file not written. Raises SettingsError."""
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
    generation = generation_from(os.environ)
    async with AsyncExitStack() as stack:
        log: Log = await (
            SqliteLog.open(options.data)
            if options.bootstrap is None
            else KafkaLog.connect(KafkaAccess.from_env(os.environ, options.bootstrap))
        )
        stack.push_async_callback(log.close)
        with whole(options.file) as out:
            return await backfill(generation_of(log, generation), out, every_seconds=options.every)


@contextmanager
def whole(file: Path) -> Iterator[IO[str]]:
    """A text that becomes `file` once all of it is written; until then, and after a failure, what was there stays.

    A pipe or a device is written to as it is. Raises OSError.
    """
    if file.exists() and not file.is_file():
        with file.open("w", encoding="utf-8") as out:
            yield out
        return
    file = file.resolve()
    part = file.with_name(f"{file.name}.{os.getpid()}.part")
    try:
        with part.open("w", encoding="utf-8") as out:
            yield out
        part.replace(file)
    finally:
        part.unlink(missing_ok=True)
