"""frontdesk explain: every decision about a contact, in plain words; from a router, or from the log itself."""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path

import grpc

from frontdesk.client import Backoff, ClientError, Endpoint, Refused, RouterClient
from frontdesk.v1 import router_pb2
from services.cli.address import add_desk, add_endpoint, endpoint_of, nobody
from services.contract.codec import Undecodable, from_message
from services.contract.decisions import Candidate, Explanation
from services.router.serving.explaining import from_the_log, in_words
from services.router.weighed import figures, terms
from services.runtime.generation_log import generation_from, generation_of
from services.runtime.kafka_access import KafkaAccess
from services.runtime.kafka_log import KafkaLog
from services.runtime.log import Log, LogError
from services.runtime.sqlite_log import SqliteLog

SECONDS_MAX = 30.0
REACHED_SECONDS_MAX = 5.0
"""A router that is there, and knows the desk, says so in milliseconds."""


EPILOG = """examples:
  frontdesk explain 2c1e... --desk acme --address 127.0.0.1:50051
  frontdesk explain 2c1e... --desk acme --data copy-of-frontdesk.db      an embedded log, whole; no router is asked
  frontdesk explain 2c1e... --desk acme --bootstrap 127.0.0.1:9092       the desk's whole partition on Kafka"""


def main(argv: Sequence[str]) -> int:
    """Prints the steps; 1 when the contact is unknown, or the router or the log away."""
    parser = argparse.ArgumentParser(
        prog="frontdesk explain",
        description="Why a contact went where it went: each decision with what was weighed.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("contact_id", help="the contact's id")
    add_desk(parser, os.environ)
    add_endpoint(parser)
    logs = parser.add_mutually_exclusive_group()
    logs.add_argument("--data", type=Path, help="read an embedded log's file, however long it takes")
    logs.add_argument("--bootstrap", help="read Kafka at this address, however long it takes")
    options = parser.parse_args(argv)
    if options.data is not None and not options.data.exists():
        sys.stderr.write(f"frontdesk explain: there is no log at {options.data}\n")
        return 1
    endpoint = endpoint_of(options, os.environ)
    try:
        if options.data is None and options.bootstrap is None:
            response = asyncio.run(_asked(endpoint, options.desk, options.contact_id))
        else:
            response = asyncio.run(_read(options))
    except (ClientError, OSError) as error:
        sys.stderr.write(f"frontdesk explain: {_words(error, endpoint)}\n")
        return 1
    except LogError as error:
        sys.stderr.write(f"frontdesk explain: {error}\n")
        return 1
    except Undecodable as error:
        sys.stderr.write(f"frontdesk explain: a decision in the log cannot be read: {error}\n")
        return 1
    if not response.steps:
        sys.stderr.write(f"frontdesk explain: no decision of desk {options.desk} names this contact\n")
        return 1
    for line in lines(response):
        sys.stdout.write(line + "\n")
    return 0


async def _read(options: argparse.Namespace) -> router_pb2.ExplainDecisionResponse:
    async with AsyncExitStack() as stack:
        log: Log = await (
            SqliteLog.open(options.data, reads_only=True)
            if options.bootstrap is None
            else KafkaLog.connect(KafkaAccess.from_env(os.environ, options.bootstrap), reads_only=True)
        )
        stack.push_async_callback(log.close)
        generation = generation_from(os.environ)
        source = generation_of(log, generation)
        found = [one async for one in from_the_log(source, options.desk, options.contact_id)]
        return in_words(found, options.contact_id, router_pb2.Position(generation=generation))


async def _asked(endpoint: Endpoint, desk_id: str, contact_id: str) -> router_pb2.ExplainDecisionResponse:
    """First whether the router is there and has the desk: of an unknown desk's contact it would say that it is unknown."""
    async with RouterClient(endpoint, deadline_seconds=REACHED_SECONDS_MAX) as router:
        try:
            await router.get_contact(desk_id, contact_id)
        except Refused as error:
            if error.reason != "CONTACT_NOT_FOUND":  # the log may have it
                raise
    backoff = Backoff(
        attempt_seconds_max=SECONDS_MAX
    )  # an old contact is read from the log: one long attempt
    async with RouterClient(endpoint, deadline_seconds=SECONDS_MAX, backoff=backoff) as router:
        return await router.explain(desk_id, contact_id)


def _words(error: Exception, endpoint: Endpoint) -> str:
    """What to do about it."""
    if isinstance(error, Refused) and error.reason == "DESK_NOT_FOUND":
        return f"{error.message}; --desk names another"
    if isinstance(error, Refused) and error.code == grpc.StatusCode.NOT_FOUND:
        return f"{error.message} (give the whole id: the agent's card shows it, and intake's log line of the delivery)"
    if isinstance(error, Refused):
        return error.message
    return nobody(endpoint, error)


def lines(response: router_pb2.ExplainDecisionResponse) -> list[str]:
    """The explanation as text, one step a line, what was weighed indented below."""
    text = []
    for step in response.steps:
        text.append(f"{step.decided_at.ToJsonString()}  {step.summary}")
        if step.HasField("explanation"):
            weighed = from_message(step.explanation, Explanation)
            text += [_candidate(candidate) for candidate in weighed.candidates]
            text += [f"      {line}" for line in figures(weighed)]
    return text


def _candidate(candidate: Candidate) -> str:
    when = f", free in about {candidate.free_in_seconds:.0f} s" if candidate.busy else ""
    return (
        f"      {candidate.agent_id}: {terms(candidate)} customer-seconds"
        f"  (resolves {candidate.resolves:.2f}, authority {candidate.authority_covers:.2f}{when})"
    )
