"""frontdesk kpis: how well it goes, in plain words; compared with earlier weeks; again and again; and changes marked."""

from __future__ import annotations

import argparse
import os
import sys
import uuid
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta

import grpc
from google.protobuf.json_format import MessageToJson
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp

from frontdesk.v1 import metrics_pb2, metrics_pb2_grpc
from services.cli.address import grpc_address
from services.metrics.words import compared_lines, lines

QUARTER_SECONDS = 900
BY = {
    "channel": metrics_pb2.KPI_DIMENSION_CHANNEL,
    "queue": metrics_pb2.KPI_DIMENSION_QUEUE,
    "desk": metrics_pb2.KPI_DIMENSION_DESK,
}
EPILOG = """examples:
  frontdesk kpis                                          everything from the start of the log
  frontdesk kpis --last 24 --by queue                     the last day, by queue
  frontdesk kpis --last 4 --compare                       beside the same hours of earlier weeks
  frontdesk kpis --watch                                  again whenever something was decided
  frontdesk kpis --mark new-shipper --desk acme           mark a change, to see its effect"""


def main(argv: Sequence[str]) -> int:
    """Prints the measures; 1 when metrics refuses or is away."""
    parser = _parser()
    options = parser.parse_args(argv)
    if options.mark and not options.desk:
        parser.error("--mark needs --desk")
    if options.compare and options.last is None and not (options.from_at and options.to_at):
        parser.error("--compare needs a window: --last HOURS, or --from and --to")
    address = options.address or grpc_address(os.environ)
    with grpc.insecure_channel(address) as channel:
        stub = metrics_pb2_grpc.MetricsServiceStub(channel)  # type: ignore[no-untyped-call] # generated
        try:
            for text in _told(stub, options):
                sys.stdout.write(text + "\n")
                sys.stdout.flush()
        except grpc.RpcError as error:
            sys.stderr.write(f"frontdesk kpis: {_words(error, address)}\n")
            return 1
        except KeyboardInterrupt:
            return 0
    return 0


def _words(error: grpc.RpcError, address: str) -> str:
    """What to do about it; a refusal says so itself."""
    details = error.details() or ""
    if error.code() == grpc.StatusCode.UNAVAILABLE and "folded" not in details and "log" not in details:
        return f"no metrics answers at {address}; is `frontdesk serve` running?"
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
        "--from", dest="from_at", metavar="WHEN", help="first instant, ISO 8601, on a quarter hour"
    )
    parser.add_argument("--to", dest="to_at", metavar="WHEN", help="first instant after, likewise")
    parser.add_argument(
        "--last", type=int, metavar="HOURS", help="the last hours, up to the last quarter hour"
    )
    parser.add_argument(
        "--by", choices=BY, action="append", default=[], help="a row for each; may be repeated"
    )
    parser.add_argument("--seconds", type=int, default=0, help="bound of the service level (default: 20)")
    parser.add_argument("--compare", action="store_true", help="beside the same hours of earlier weeks")
    parser.add_argument("--weeks", type=int, default=0, help="how many of them (default: 4)")
    parser.add_argument("--watch", action="store_true", help="again whenever something was decided")
    parser.add_argument("--mark", metavar="CHANGE", help="mark a change of the service instead")
    parser.add_argument("--json", action="store_true", help="the answer itself, as JSON")
    parser.add_argument("--address", help="metrics' gRPC address (default: as for frontdesk agent)")
    return parser


def _told(stub: metrics_pb2_grpc.MetricsServiceStub, options: argparse.Namespace) -> Iterator[str]:
    if options.mark:
        request = metrics_pb2.MarkChangeRequest(
            desk_id=options.desk, request_id=str(uuid.uuid4()), change=options.mark
        )
        mark = stub.MarkChange(request, timeout=30)
        at = mark.mark.effective_at.ToJsonString()
        yield _json(mark) if options.json else f"{mark.mark.change} is marked at {options.desk}, from {at} on"
        return
    query = _query(options)
    if options.compare:
        compared = stub.CompareWithBaseline(
            metrics_pb2.CompareWithBaselineRequest(query=query, weeks=options.weeks), timeout=60
        )
        yield _json(compared) if options.json else "\n".join(_compared(compared))
        return
    if options.watch:
        for answer in stub.WatchKpis(metrics_pb2.WatchKpisRequest(query=query)):
            yield _json(answer.kpis) if options.json else "\n".join(_answer(answer.kpis))
        return
    answer = stub.GetKpis(query, timeout=60)
    yield _json(answer) if options.json else "\n".join(_answer(answer))


def _query(options: argparse.Namespace) -> metrics_pb2.GetKpisRequest:
    query = metrics_pb2.GetKpisRequest(
        desk_id=options.desk,
        group_by=[BY[name] for name in options.by],
        service_level_seconds=options.seconds,
    )
    if options.last is not None:
        now = datetime.now(UTC)
        end = datetime.fromtimestamp(now.timestamp() // QUARTER_SECONDS * QUARTER_SECONDS, UTC)
        query.from_at.CopyFrom(_instant(end - timedelta(hours=options.last)))
        if options.compare:
            query.to_at.CopyFrom(_instant(end))
    if options.from_at:
        query.from_at.CopyFrom(_instant(_parsed(options.from_at)))
    if options.to_at:
        query.to_at.CopyFrom(_instant(_parsed(options.to_at)))
    return query


def _parsed(text: str) -> datetime:
    """An instant; without a zone it is UTC."""
    found = datetime.fromisoformat(text)
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _instant(at: datetime) -> Timestamp:
    return Timestamp(seconds=int(at.timestamp()))


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
