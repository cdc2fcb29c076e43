"""frontdesk read-queue-log: what a queue_log of Asterisk tells, as events or as the queues' totals."""

from __future__ import annotations

import argparse
import gzip
import json
import sys
from collections.abc import Generator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from services.cli.queue_kpis import QueueKpis
from services.intake.asterisk.calls import SOURCE
from services.intake.asterisk.cdr import CdrReader, besides, calls_of
from services.intake.asterisk.cdr import event as cdr_event
from services.intake.asterisk.queue_calls import QueueCalls
from services.intake.asterisk.queue_log import Entry, Lines, Ordered
from services.intake.asterisk.queue_metrics import QueueMetrics
from services.intake.canonical import CanonicalEvent, Collector, Known
from services.intake.need.reader import Need
from services.intake.replay import event_line
from services.metrics.query import kpi_row
from services.metrics.words import lines

NOT_SAID = ("promises", "first contact", "others needed", "authority", "topics")
"""What a log of calls does not tell."""
CHUNK_BYTES = 1024 * 1024
TOLD_EVERY_BYTES = 64 * 1024 * 1024
EPILOG = """Rotated files may be given in any order, also compressed (.gz): they are read oldest first.
Lines that are no entries are counted and told on standard error.

examples:
  frontdesk read-queue-log /var/log/asterisk/queue_log
  frontdesk read-queue-log --metrics queue_log.2.gz queue_log.1 queue_log
  frontdesk read-queue-log --kpis --cdr Master.csv queue_log
  frontdesk read-queue-log --region RS --cdr Master.csv queue_log | grep call_ended"""


def main(argv: Sequence[str]) -> int:
    """Prints JSON; 1 when a file could not be read."""
    parser = argparse.ArgumentParser(
        prog="frontdesk read-queue-log",
        description="Shows what Asterisk's queue_log tells, one JSON line an event. Nothing is published.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help="a queue_log, rotated ones too")
    parser.add_argument(
        "--metrics", action="store_true", help="the queues' totals as one JSON object, instead of events"
    )
    parser.add_argument(
        "--kpis",
        action="store_true",
        help="Frontdesk's KPIs of these calls in plain words, all and by queue, instead of events",
    )
    parser.add_argument(
        "--cdr",
        type=Path,
        action="append",
        default=[],
        metavar="CSV",
        help="also calls that only a Master.csv has",
    )
    parser.add_argument("--region", default="", help='country of the lines, for national numbers ("RS")')
    options = parser.parse_args(argv)
    run = Run(region=options.region.upper())
    try:
        files = sorted(options.files, key=_first_second)
        if options.metrics:
            metrics = QueueMetrics()
            for entry in run.entries(files):
                metrics.add(entry)
            _print(metrics.lines())
        elif options.kpis:
            run.print_kpis(files, options.cdr)
        else:
            run.print_events(files, options.cdr)
    except BrokenPipeError:
        raise
    except (OSError, EOFError, gzip.BadGzipFile) as error:
        name = getattr(error, "filename", None) or "a file"
        words = getattr(error, "strerror", None) or f"{type(error).__name__}, is it complete?"
        sys.stderr.write(f"frontdesk read-queue-log: cannot read {name}: {words}\n")
        return 1
    run.tell_malformed()
    return 1 if run.malformed and not run.read else 0


@dataclass
class Run:
    """One run over files."""

    region: str = ""
    malformed: int = 0
    read: int = 0
    """Entries of the files."""
    told: set[str] = field(default_factory=set)
    """Calls that the queues told of."""

    def entries(self, files: Sequence[Path]) -> Generator[Entry]:
        """Entries of all files, in order; tells the progress of large ones on standard error."""
        ordered = Ordered()
        for path in files:
            lines, done, size = Lines(), 0, path.stat().st_size
            with _opened(path) as file:
                while data := file.read(CHUNK_BYTES):
                    for entry in lines.feed(data):
                        self.read += 1
                        yield from ordered.push(entry)
                    before, done = done, done + len(data)
                    if done // TOLD_EVERY_BYTES > before // TOLD_EVERY_BYTES:
                        sys.stderr.write(f"{path.name}: {done >> 20} MiB read, file of {size >> 20} MiB\n")
            for entry in lines.end():
                self.read += 1
                yield from ordered.push(entry)
            self.malformed += lines.malformed
        yield from ordered.flush()

    def print_events(self, files: Sequence[Path], cdrs: Sequence[Path]) -> None:
        known = Known(regions=_Everywhere(self.region))
        calls = QueueCalls(known)
        with closing(self.entries(files)) as entries:
            for entry in entries:
                found = Collector()
                calls.read(entry, found)
                self._print(found.events)
                if cdrs and entry.of_call:
                    self.told.add(entry.call_id)
        found = Collector()
        calls.end(found)
        self._print(found.events)
        reader = CdrReader()
        for path in cdrs:
            with path.open(encoding="utf-8", errors="replace", newline="\n") as file:
                records = calls_of(reader.read(file))
            self._print([cdr_event(one, known) for one in besides(records, self.told)])
        self.malformed += reader.malformed

    def print_kpis(self, files: Sequence[Path], cdrs: Sequence[Path]) -> None:
        """Every row in plain words; calls that only the records have stand under the queue "none"."""
        calls = QueueKpis()
        with closing(self.entries(files)) as entries:
            for entry in entries:
                calls.add(entry)
                if cdrs and entry.of_call:
                    self.told.add(entry.call_id)
        reader = CdrReader()
        for path in cdrs:
            with path.open(encoding="utf-8", errors="replace", newline="\n") as file:
                calls.add_records(besides(calls_of(reader.read(file)), self.told))
        self.malformed += reader.malformed
        for one in calls.kpis():
            sys.stdout.write(f"{one.group[0] if one.group else 'all'}\n")
            sys.stdout.writelines(f"{text}\n" for text in lines(kpi_row(one), leave_out=NOT_SAID))

    def tell_malformed(self) -> None:
        if self.malformed:
            sys.stderr.write(
                f"frontdesk read-queue-log: {self.malformed} lines are no entries and were left out\n"
            )

    def _print(self, events: Sequence[CanonicalEvent]) -> None:
        for one in events:
            _print(event_line(SOURCE, one, Need(), 0))


class _Everywhere(dict[str, str]):
    """The same region for each line."""

    def __init__(self, region: str) -> None:
        super().__init__()
        self._region = region

    def get(self, name: str, default: Any = "") -> Any:
        del name
        return self._region or default


def _opened(path: Path) -> IO[bytes]:
    return gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb")  # type: ignore[return-value] # reads alike


def _first_second(path: Path) -> int:
    """When the file begins; one without entries comes last."""
    lines = Lines()
    with _opened(path) as file:
        while data := file.read(CHUNK_BYTES):
            for entry in lines.feed(data):
                return entry.at_seconds
    return next((entry.at_seconds for entry in lines.end()), sys.maxsize)


def _print(line: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(line, ensure_ascii=False) + "\n")
