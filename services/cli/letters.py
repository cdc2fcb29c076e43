"""frontdesk letters: what could not be read, where it came from and why."""

from __future__ import annotations

import argparse
import asyncio
import base64
import os
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec

from frontdesk.client import ClientError, Endpoint
from services.cli.address import add_endpoint, endpoint_of, nobody
from services.cli.plan import default_data
from services.contract.topics import DEAD_LETTERS
from services.runtime.dead_letters import DeadLetter, read_letter
from services.runtime.generation_log import generation_from, generation_of
from services.runtime.kafka_access import KafkaAccess
from services.runtime.kafka_log import KafkaLog
from services.runtime.log import Log, LogError, Record, UnknownTopic
from services.runtime.sqlite_log import SqliteLog

EPILOG = """examples:
  frontdesk letters                                      those of the embedded log
  frontdesk letters --bootstrap 127.0.0.1:9092           those on Kafka
  frontdesk letters --bytes | jq -r .data | base64 -d    the deliveries themselves (personal data)
  frontdesk letters --again                              what came for an account or a desk that was not configured, once it is
  frontdesk letters --again --desk acmee --to-desk acme  those of a desk whose name was wrong, to the one that was meant
  frontdesk letters --again --bootstrap 127.0.0.1:9092 --address intake:50051

--again has intake read once more the webhooks that it could not read, hands to it anew what the router rejected for a reason
outside the fact itself, and says what is left and why, such as calls. The same command again changes nothing; but what went to
another desk is not known at its own."""


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
    parser.add_argument("--again", action="store_true", help="hand in again what can be, instead of listing")
    parser.add_argument("--desk", default="", help="with --again: only what came for this desk")
    parser.add_argument(
        "--to-desk", default="", metavar="DESK", help="with --again and --desk: to this one instead"
    )
    add_endpoint(parser, service="intake")
    options = parser.parse_args(argv)
    if options.desk and not options.again:
        parser.error("--desk is for --again")
    if options.to_desk and not options.desk:
        parser.error("--to-desk needs --desk: whose customers' words go to another desk")
    endpoint = endpoint_of(options, os.environ)
    if options.bootstrap is None and not options.data.exists():
        sys.stderr.write(f"frontdesk letters: there is no log at {options.data}; --data names another\n")
        return 1
    try:
        if options.again:
            return asyncio.run(_again(options, endpoint))
        asyncio.run(_print(options))
    except LogError as error:
        sys.stderr.write(f"frontdesk letters: {error}\n")
        return 1
    except BrokenPipeError:
        raise  # of our own output: services/__main__.py
    except (ClientError, OSError) as error:
        sys.stderr.write(f"frontdesk letters: {nobody(endpoint, error, 'intake')}\n")
        return 1
    return 0


async def _print(options: argparse.Namespace) -> None:
    async with _opened(options) as log:
        count = 0
        async for letter in letters(log):
            count += 1
            line = msgspec.structs.asdict(letter)
            if not options.bytes:  # headers of CloudEvents may name a customer
                del line["data"], line["request"]
            sys.stdout.write(msgspec.json.encode(line).decode() + "\n")
        if not count:
            sys.stderr.write("frontdesk letters: there are none; all that came could be read\n")


async def _again(options: argparse.Namespace, endpoint: Endpoint) -> int:
    """0 when intake could read all that it is asked to, and took all that can be handed in."""
    # Loaded here: intake and the router's core take longer to load than a list of letters.
    from services.cli.letters_again import LETTERS_MAX, hand_in, sort
    from services.cli.letters_unread import read_again

    desk, to_desk = options.desk, options.to_desk
    async with _opened(options) as log:
        now_ms = time.time_ns() // 1_000_000
        told = await sort(placed(log), now_ms, desk_id=desk, to_desk=to_desk)
        whole = await read_again(endpoint, log, told.unread)
        taken = await hand_in(endpoint, log, told.found, to_desk)
    if told.unread:
        sys.stderr.write(f"frontdesk letters: read again {whole} of {len(told.unread)} deliveries\n")
    sys.stderr.write(f"frontdesk letters: handed in {taken} of {len(told.found)} that can be\n")
    sys.stderr.writelines(f"  left: {count} {why}\n" for why, count in sorted(told.left.items()))
    if told.over:
        sys.stderr.write(
            f"  left: {told.over} over {LETTERS_MAX:,} at once; take one --desk after the other\n"
        )
    return 0 if (whole, taken, told.over) == (len(told.unread), len(told.found), 0) else 1


@asynccontextmanager
async def _opened(options: argparse.Namespace) -> AsyncIterator[Log]:
    """The generation of the log that the options name, to be read only."""
    log: Log = await (
        SqliteLog.open(options.data, reads_only=True)
        if options.bootstrap is None
        else KafkaLog.connect(KafkaAccess.from_env(os.environ, options.bootstrap), reads_only=True)
    )
    try:
        yield generation_of(log, generation_from(os.environ))
    finally:
        await log.close()


async def letters(log: Log) -> AsyncIterator[DeadLetter]:
    """Every letter that the log holds now; none when the topic was never made."""
    async for _, letter in placed(log):
        yield letter


async def placed(log: Log) -> AsyncIterator[tuple[tuple[int, int], DeadLetter]]:
    """The same, each with its partition and offset."""
    try:
        partitions = range(await log.partitions(DEAD_LETTERS))
    except UnknownTopic:
        return
    ends = [await log.end_offset(DEAD_LETTERS, partition) for partition in partitions]
    for partition, end in zip(partitions, ends, strict=True):
        at = await log.start_offset(DEAD_LETTERS, partition)
        if at >= end:
            continue
        tail = await log.tail(DEAD_LETTERS, {partition: at})
        try:
            while at < end:
                for record in await tail.read():
                    at = record.offset + 1
                    yield (partition, record.offset), _letter(record)
        finally:
            await tail.close()


def _letter(record: Record) -> DeadLetter:
    """The record's letter; of what is none, a letter about it."""
    try:
        return read_letter(record.value)
    except msgspec.DecodeError:
        return DeadLetter(
            source=f"{record.topic}/{record.partition}/{record.offset}",
            reason="no_letter",
            detail="this record of the dead letters is none that this version can read",
            received_at_ms=0,
            size_bytes=len(record.value),
            data=base64.b64encode(record.value).decode(),
        )
