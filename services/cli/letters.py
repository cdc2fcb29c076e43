"""frontdesk letters: what could not be read, where it came from and why."""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from pathlib import Path

import msgspec

from services.cli.plan import default_data
from services.contract.topics import DEAD_LETTERS
from services.runtime.dead_letters import DeadLetter, read_letter
from services.runtime.generation_log import generation_from, generation_of
from services.runtime.kafka_access import KafkaAccess
from services.runtime.kafka_log import KafkaLog
from services.runtime.log import Log, LogError, UnknownTopic
from services.runtime.sqlite_log import SqliteLog

EPILOG = """examples:
  frontdesk letters                                      those of the embedded log
  frontdesk letters --bootstrap 127.0.0.1:9092           those on Kafka
  frontdesk letters --bytes | jq -r .data | base64 -d    the deliveries themselves (personal data)"""


def main(argv: Sequence[str]) -> int:
    """One JSON line a letter, oldest first in each partition; 1 when the log cannot be read."""
    parser = argparse.ArgumentParser(
        prog="frontdesk letters",
        description="Lists dead letters: source, reason, detail, size; with --bytes also what came.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--data", type=Path, default=default_data(os.environ), help="the embedded log's file (%(default)s)"
    )
    parser.add_argument("--bootstrap", help="Kafka's address; without it the embedded log is read")
    parser.add_argument("--bytes", action="store_true", help="also what came, in base64 (personal data)")
    options = parser.parse_args(argv)
    if options.bootstrap is None and not options.data.exists():
        sys.stderr.write(f"frontdesk letters: there is no log at {options.data}; --data names another\n")
        return 1
    try:
        asyncio.run(_print(options.data, options.bootstrap, options.bytes))
    except LogError as error:
        sys.stderr.write(f"frontdesk letters: {error}\n")
        return 1
    return 0


async def _print(data: Path, bootstrap: str | None, with_bytes: bool) -> None:
    async with AsyncExitStack() as stack:
        log: Log = await (
            SqliteLog.open(data, reads_only=True)
            if bootstrap is None
            else KafkaLog.connect(KafkaAccess.from_env(os.environ, bootstrap), reads_only=True)
        )
        stack.push_async_callback(log.close)
        count = 0
        async for letter in letters(generation_of(log, generation_from(os.environ))):
            count += 1
            line = msgspec.structs.asdict(letter)
            if not with_bytes:
                del line["data"]
            sys.stdout.write(msgspec.json.encode(line).decode() + "\n")
        if not count:
            sys.stderr.write("frontdesk letters: there are none; all that came could be read\n")


async def letters(log: Log) -> AsyncIterator[DeadLetter]:
    """Every letter that the log holds now; none when the topic was never made."""
    try:
        partitions = await log.partitions(DEAD_LETTERS)
    except UnknownTopic:
        return
    for partition in range(partitions):
        at, end = (
            await log.start_offset(DEAD_LETTERS, partition),
            await log.end_offset(DEAD_LETTERS, partition),
        )
        if at == end:
            continue
        tail = await log.tail(DEAD_LETTERS, {partition: at})
        try:
            while at < end:
                for record in await tail.read():
                    at = record.offset + 1
                    yield read_letter(record.value)
        finally:
            await tail.close()
