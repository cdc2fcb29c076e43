"""frontdesk kpis: how well it goes, in plain words; compared with earlier weeks; again and again; and changes marked."""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import uuid
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import grpc
import grpc.aio
from google.protobuf.json_format import MessageToJson
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp

from frontdesk.client import Endpoint
from frontdesk.client.errors import NOT_SPOKEN_HERE
from frontdesk.v1 import metrics_pb2, metrics_pb2_grpc
from services.cli.address import add_endpoint, endpoint_of
from services.metrics.baseline import WEEKS_MAX
from services.metrics.words import compared_lines, lines

QUARTER_SECONDS = 900
HOURS_MAX = 87_600
"""Ten years; what is not kept so long is refused by metrics, which says how far back it goes."""
SERVICE_LEVEL_SECONDS_MAX = 86_400
YEAR_10000_SECONDS = 253_402_300_800
BY = {
    "channel": metrics_pb2.KPI_DIMENSION_CHANNEL,
    "queue": metrics_pb2.KPI_DIMENSION_QUEUE,
    "desk": metrics_pb2.KPI_DIMENSION_DESK,
}
EPILOG = """examples:
  frontdesk kpis                                          everything from the start of the log until now
  frontdesk kpis --last 24 --by queue                     the last day, by queue
  frontdesk kpis --last 4 --compare                       beside the same hours of earlier weeks
  frontdesk kpis --watch                                  again whenever something was decided
  frontdesk kpis --mark new-shipper --desk acme           mark a change, to see its effect"""


def main(argv: Sequence[str]) -> int:
    """Prints the measures; 1 when metrics refuses or is away. Raises SettingsError."""
    parser = _parser()
    options = parser.parse_args(argv)
    if options.mark and not options.desk:
        parser.error("--mark needs --desk")
    if options.compare and options.last is None and not (options.from_at and options.to_at):
        parser.error("--compare needs a window: --last HOURS, or --from and --to")
    if options.last is not None and (options.from_at or options.to_at):
        parser.error("--last is a window by itself: leave --from and --to out")
    endpoint = endpoint_of(options, os.environ)
    try:
        asyncio.run(_print(endpoint, options))
    except grpc.aio.AioRpcError as error:
        sys.stderr.write(f"frontdesk kpis: {_words(error, endpoint)}\n")
        return 1
    except BrokenPipeError:
        raise
    except OSError as error:
        sys.stderr.write(f"frontdesk kpis: {error}\n")
        return 1
    except KeyboardInterrupt:
        return 0
    return 0


async def _print(endpoint: Endpoint, options: argparse.Namespace) -> None:
    async with await endpoint.channel() as channel:
        stub = metrics_pb2_grpc.MetricsServiceStub(channel)  # type: ignore[no-untyped-call] # generated
        async for text in _told(stub, options):
            sys.stdout.write(text + "\n")
            sys.stdout.flush()


def _words(error: grpc.aio.AioRpcError, endpoint: Endpoint) -> str:
    """What to do about it; a refusal says so itself."""
    details = error.details() or ""
    if error.code() == grpc.StatusCode.UNIMPLEMENTED:
        return f"{endpoint}: {NOT_SPOKEN_HERE}"
    if error.code() == grpc.StatusCode.UNAVAILABLE and "folded" not in details and "log" not in details:
        tls = "by TLS" if endpoint.tls else "without TLS"
        return f"no metrics answers at {endpoint} {tls}; is `frontdesk serve` running?"
    return details


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="frontdesk kpis",
        description="Exact measures over a window of event time, in plain words.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--desk", default="", help="one desk only")
    parser.add_argument(
        "--from",
        dest="from_at",
        type=instant,
        metavar="WHEN",
        help="first instant, ISO 8601 (UTC without a zone), on a quarter hour",
    )
    parser.add_argument(
        "--to", dest="to_at", type=instant, metavar="WHEN", help="first instant after, likewise"
    )
    parser.add_argument(
        "--last",
        type=whole_number(1, HOURS_MAX),
        metavar="HOURS",
        help="the last hours, up to the last quarter hour; with --watch up to now",
    )
    parser.add_argument(
        "--by", choices=BY, action="append", default=[], help="a row for each; may be repeated"
    )
    parser.add_argument(
        "--seconds",
        type=whole_number(1, SERVICE_LEVEL_SECONDS_MAX),
        default=0,
        help="bound of the service level (default: 20)",
    )
    parser.add_argument("--compare", action="store_true", help="beside the same hours of earlier weeks")
    parser.add_argument(
        "--weeks", type=whole_number(1, WEEKS_MAX), default=0, help="how many of them (default: 4)"
    )
    parser.add_argument("--watch", action="store_true", help="again whenever something was decided")
    parser.add_argument("--mark", metavar="CHANGE", help="mark a change of the service instead")
    parser.add_argument("--json", action="store_true", help="the answer itself, as JSON")
    add_endpoint(parser, service="metrics")
    return parser


async def _told(stub: Any, options: argparse.Namespace) -> AsyncIterator[str]:
    if options.mark:
        request = metrics_pb2.MarkChangeRequest(
            desk_id=options.desk, request_id=str(uuid.uuid4()), change=options.mark
        )
        mark = await stub.MarkChange(request, timeout=30)
        at = mark.mark.effective_at.ToJsonString()
        yield _json(mark) if options.json else f"{mark.mark.change} is marked at {options.desk}, from {at} on"
        return
    query = query_of(options, datetime.now(UTC))
    if options.compare:
        compared = await stub.CompareWithBaseline(
            metrics_pb2.CompareWithBaselineRequest(query=query, weeks=options.weeks), timeout=60
        )
        yield _json(compared) if options.json else "\n".join(_compared(compared))
        return
    if options.watch:
        async for answer in stub.WatchKpis(metrics_pb2.WatchKpisRequest(query=query)):
            yield _json(answer.kpis) if options.json else "\n".join(_answer(answer.kpis))
        return
    answer = await stub.GetKpis(query, timeout=60)
    yield _json(answer) if options.json else "\n".join(_answer(answer))
    if not any(row.arrived or row.answered or row.abandoned for row in answer.rows):
        sys.stderr.write(f"frontdesk kpis: {nothing_counted(options)}\n")


def nothing_counted(options: argparse.Namespace) -> str:
    """Why an answer without a contact may be one: a window that has just begun, or a name that no desk has."""
    whose = f" of desk {options.desk}" if options.desk else ""
    window = " in this window, which ends with the last quarter hour" if options.last is not None else ""
    names = "; `frontdesk kpis --by desk` names those that have some" if options.desk else ""
    return f"no contact{whose} is counted{window}{names}"


def query_of(options: argparse.Namespace, now: datetime) -> metrics_pb2.GetKpisRequest:
    """The question that the options ask at `now`. A window that is watched has no end, or nothing new would enter it."""
    query = metrics_pb2.GetKpisRequest(
        desk_id=options.desk,
        group_by=[BY[name] for name in options.by],
        service_level_seconds=options.seconds,
    )
    if options.last is not None:
        end = datetime.fromtimestamp(now.timestamp() // QUARTER_SECONDS * QUARTER_SECONDS, UTC)
        query.from_at.CopyFrom(_timestamp(end - timedelta(hours=options.last)))
        if options.compare or not options.watch:
            query.to_at.CopyFrom(_timestamp(end))
    if options.from_at:
        query.from_at.CopyFrom(_timestamp(options.from_at))
    if options.to_at:
        query.to_at.CopyFrom(_timestamp(options.to_at))
    return query


def instant(text: str) -> datetime:
    """A type for argparse: an instant from 1970 on; without a zone it is UTC."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no instant such as 2026-04-10T12:15") from None
    found = found if found.tzinfo else found.replace(tzinfo=UTC)
    if not 0 <= found.timestamp() < YEAR_10000_SECONDS:
        raise argparse.ArgumentTypeError(f"{text!r} is not in the years from 1970 to 9999")
    return found


def whole_number(low: int, high: int) -> Callable[[str], int]:
    """A type for argparse: a whole number from `low` to `high`."""

    def parse(text: str) -> int:
        try:
            found = int(text)
        except ValueError:
            found = low - 1
        if not low <= found <= high:
            raise argparse.ArgumentTypeError(f"{text!r} is no whole number from {low} to {high}")
        return found

    return parse


def _timestamp(at: datetime) -> Timestamp:
    return Timestamp(seconds=int(at.timestamp()), nanos=at.microsecond * 1000)


def _answer(answer: metrics_pb2.GetKpisResponse) -> Iterator[str]:
    newest = answer.watermark_at.ToJsonString() if answer.HasField("watermark_at") else "nothing"
    yield f"{answer.decisions:,} decisions, the newest of {newest}"
    for row in answer.rows:
        yield " / ".join(row.group) or "all"
        yield from lines(row)


def _compared(answer: metrics_pb2.CompareWithBaselineResponse) -> Iterator[str]:
    yield f"beside the same hours of {answer.weeks} earlier weeks"
    for row in answer.rows:
        yield " / ".join(row.group) or "all"
        yield from compared_lines(row)
    for mark in answer.changes:
        yield f"changed meanwhile: {mark.change} at {mark.desk_id}, {mark.effective_at.ToJsonString()}"


def _json(message: Message) -> str:
    return MessageToJson(message, preserving_proto_field_name=True)
