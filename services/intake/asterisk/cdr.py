"""Asterisk's call detail records in the Master.csv format (cdr_csv). Pure and bounded.

Times in it are local unless `usegmtime` is set, and the hour when summer ends comes twice; the epoch in the
uniqueid is the call's beginning. A call has a record for each leg; they share the caller's uniqueid and are one
call here. What a queue_log tells of, it tells better: `besides` leaves those calls out.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field, replace

from services.intake import identity
from services.intake.asterisk.calls import SOURCE
from services.intake.canonical import CanonicalEvent, Known
from services.intake.values import clean, ident, line

LINE_CHARS_MAX = 16 * 1024
COLUMNS_MIN = 17
"""accountcode to uniqueid; userfield and the columns after it may be missing."""
_UNIQUE = re.compile(r"(?:.*-)?([0-9]{9,11})\.[0-9]+")
DISPOSITIONS = ("ANSWERED", "NO ANSWER", "BUSY", "FAILED", "CONGESTION")
_STATUS = {"ANSWERED": "completed", "NO ANSWER": "no-answer", "BUSY": "busy"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One call or leg. `began_at_ms` is by the uniqueid, 0 without an epoch in it; local times stay as text."""

    uniqueid: str
    src: str = field(default="", repr=False)
    dst: str = field(default="", repr=False)
    name: str = field(default="", repr=False)
    context: str = ""
    channel: str = field(default="", repr=False)
    agent: str = field(default="", repr=False)
    application: str = ""
    start_local: str = ""
    began_at_ms: int = 0
    duration_seconds: int = 0
    billed_seconds: int = 0
    disposition: str = ""

    @property
    def answered(self) -> bool:
        return self.disposition == "ANSWERED"

    @property
    def wait_seconds(self) -> int:
        """Until it was answered, or given up: no local time is needed for it."""
        return max(0, self.duration_seconds - self.billed_seconds)


@dataclass
class CdrReader:
    """Reads lines; `malformed` counts those that are no record."""

    malformed: int = 0

    def read(self, lines: Iterable[str]) -> Iterator[Record]:
        for one in lines:
            if not one.strip():
                continue
            found = record_of(one)
            if found is None:
                self.malformed += 1
            else:
                yield found


def record_of(text: str) -> Record | None:
    """The record of one line; None for anything else. A record is one line: Asterisk escapes no line break."""
    if len(text) > LINE_CHARS_MAX:
        return None
    try:
        rows = list(csv.reader([clean(text).rstrip("\r\n")], strict=True))
    except csv.Error:
        return None
    row = rows[0] if rows else []
    if len(row) < COLUMNS_MIN or row[14] not in DISPOSITIONS or not row[16].strip():
        return None
    duration, billed = (_seconds(row[place]) for place in (12, 13))
    if duration is None or billed is None:
        return None
    name, number = clid(row[4])
    epoch = _UNIQUE.fullmatch(row[16].strip())
    return Record(
        uniqueid=row[16].strip(),
        src=row[1].strip() or number,
        dst=row[2].strip(),
        name=name,
        context=row[3].strip(),
        channel=row[5].strip(),
        agent=row[6].strip().rpartition("-")[0] or row[6].strip(),
        application=row[7].strip(),
        start_local=row[9].strip(),
        began_at_ms=int(epoch[1]) * 1000 if epoch else 0,
        duration_seconds=duration,
        billed_seconds=billed,
        disposition=row[14],
    )


def clid(text: str) -> tuple[str, str]:
    """Name and number of `"Name" <number>`; quotes inside the name are doubled, or escaped by a backslash."""
    text = text.strip()
    if not text.endswith(">"):
        bare = text.strip('"')
        return ("", bare) if bare.lstrip("+").isdecimal() else (line(bare), "")
    name, _, number = text[:-1].rpartition("<")
    name = name.strip()
    if len(name) > 1 and name.startswith('"') and name.endswith('"'):
        name = name[1:-1]
    return line(name.replace('""', '"').replace('\\"', '"')), number.strip()


def calls_of(records: Iterable[Record]) -> dict[str, Record]:
    """One record a call, by uniqueid: the longest talk of its legs, answered when one was."""
    found: dict[str, Record] = {}
    for one in records:
        before = found.get(one.uniqueid)
        if before is None:
            found[one.uniqueid] = one
            continue
        better = max(before, one, key=lambda leg: (leg.answered, leg.billed_seconds))
        longest = max(before.duration_seconds, one.duration_seconds)
        found[one.uniqueid] = replace(better, duration_seconds=longest)
    return found


def besides(found: dict[str, Record], told: Collection[str]) -> list[Record]:
    """Calls that no queue has told of, by beginning."""
    left = [one for uniqueid, one in found.items() if uniqueid not in told]
    return sorted(left, key=lambda one: (one.began_at_ms, one.uniqueid))


def event(record: Record, known: Known) -> CanonicalEvent:
    """The call as one event, at its end. A short number that dials a long one is one of us."""
    region = known.regions.get(record.dst.lower(), "")
    caller = identity.caller(record.src, region, record.name)
    called = identity.phone(record.dst, region)
    outbound = caller.absent_reason in ("invalid", "short_code") and bool(called.e164)
    extras: dict[str, str | int] = {
        "status": _STATUS.get(record.disposition, "failed"),
        "duration_s": record.billed_seconds,
        "wait_s": record.wait_seconds,
    }
    if record.agent and record.answered:
        extras["agent"] = record.agent
    ended_at_ms = record.began_at_ms + record.duration_seconds * 1000 if record.began_at_ms else 0
    return CanonicalEvent(
        channel="phone",
        medium="voice",
        account=ident(record.src if outbound else record.dst),
        id_scope=SOURCE,
        provider_event_id=ident(f"{record.uniqueid}:cdr"),
        kind="call_ended",
        state="ended",
        direction="outbound" if outbound else "inbound",
        contact_ref=ident(record.uniqueid),
        customer=identity.caller(record.dst, region) if outbound else caller,
        thread_id=ident(record.uniqueid),
        occurred_at_ms=ended_at_ms,
        extras=extras,
    )


def _seconds(text: str) -> int | None:
    text = text.strip()
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 9 else None
