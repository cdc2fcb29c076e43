"""A call log as the Anonymous Bank published its own (Technion): a line per call, fields parted by tabs, a head first.

    vru+line call_id customer_id priority type date vru_entry vru_exit vru_time q_start q_exit q_time
    outcome ser_start ser_exit ser_time server

Times are H:MM:SS of the date, durations whole seconds. A call asks for an agent at `vru_exit`. Lines that cannot be read are
left out, and all of them are told together.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import TypeVar

HEAD = (
    "vru+line",
    "call_id",
    "customer_id",
    "priority",
    "type",
    "date",
    "vru_entry",
    "vru_exit",
    "vru_time",
    "q_start",
    "q_exit",
    "q_time",
    "outcome",
    "ser_start",
    "ser_exit",
    "ser_time",
    "server",
)
NOBODY = "NO_SERVER"
"""What stands for the agent of a call that none took, and of some whose agent was not written down."""
DAY_SECONDS = 86_400
LINE_BYTES_MAX = 4_096
CALLS_MAX = 2_000_000
LEFT_OUT_SHARE_MAX = 0.10
"""More lines than this that cannot be read: the file is another than it is taken for."""
FAULTS_SHOWN_MAX = 20
SHOWN_LENGTH_MAX = 24
T = TypeVar("T")
_TIME = re.compile(r"(\d{1,2}):([0-5]\d):([0-5]\d)")


class Outcome(Enum):
    AGENT = "AGENT"
    HANG = "HANG"
    PHANTOM = "PHANTOM"
    """No call of a customer's: neither offered nor counted."""


@dataclass(frozen=True, slots=True)
class Call:
    """One that asked for an agent."""

    day: str
    kind: str
    """[type] What the customer wanted."""
    priority: int
    """0 or 1: as they come; 2: a head start."""
    asked_seconds: int
    """[vru_exit] After midnight."""
    waited_seconds: int
    """[q_time] 0 where an agent was free, or who left did so at once."""
    left: bool
    agent: str
    """Empty where none took it, or none was written down."""
    begun_seconds: int
    talk_seconds: int


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a line was left out."""

    line: int
    """From 1, the head included."""
    said: str
    """What is wrong and how to mend it."""

    def __str__(self) -> str:
        return f"line {self.line}: {self.said}"


@dataclass(frozen=True, slots=True)
class CallLog:
    calls: tuple[Call, ...]
    """In order of (day, asked)."""
    faults: tuple[Fault, ...]

    @property
    def days(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(call.day for call in self.calls))

    def told(self) -> str:
        """All that was left out, bounded; empty when nothing was."""
        if not self.faults:
            return ""
        shown = "".join(f"\n  {fault}" for fault in self.faults[:FAULTS_SHOWN_MAX])
        more = len(self.faults) - FAULTS_SHOWN_MAX
        return f"{len(self.faults)} lines left out:{shown}" + (f"\n  and {more} more" if more > 0 else "")


class Unreadable(Exception):
    """The file is no call log of this format; the text says why and what to do."""


def read(path: Path) -> CallLog:
    """Raises Unreadable for a file that is not there, has another head, or is mostly something else."""
    try:
        with path.open("rb") as file:
            return parse(_lines(file))
    except OSError as error:
        raise Unreadable(f"{path}: {error.strerror}") from None


def parse(lines: Iterator[str]) -> CallLog:
    """As `read`, of the file's lines."""
    places = _head(next(lines, ""))
    calls: list[Call] = []
    faults: list[Fault] = []
    count = 0
    for number, line in enumerate(lines, start=2):
        if not line.strip():
            continue
        count += 1
        if count > CALLS_MAX:
            raise Unreadable(f"over {CALLS_MAX:,} calls: cut the file into months")
        try:
            call = _call(line.split("\t"), places)
        except ValueError as error:
            faults.append(Fault(number, str(error)))
            continue
        if call is not None:
            calls.append(call)
    log = CallLog(tuple(sorted(calls, key=lambda call: (call.day, call.asked_seconds))), tuple(faults))
    if len(faults) > LEFT_OUT_SHARE_MAX * count:
        raise Unreadable(f"{log.told()}\nThat is over a tenth of {count:,} lines: mend them first")
    if not any(not call.left and call.agent for call in calls):
        raise Unreadable("no call that a named agent took: there is nothing to play")
    return log


def _lines(file: Iterator[bytes]) -> Iterator[str]:
    for line in file:
        yield line[:LINE_BYTES_MAX].decode("utf-8", "replace").rstrip("\r\n")


def _head(line: str) -> Mapping[str, int]:
    """Where each field stands: in any order, others beside them."""
    names = [name.strip() for name in line.removeprefix("\ufeff").split("\t")]
    missing = [name for name in _READ if name not in names]
    if missing:
        hint = "" if "\t" in line else "; fields must be parted by tabs"
        raise Unreadable(
            f"line 1: no {', '.join(missing)}; the first line names the fields: {' '.join(HEAD)}{hint}"
        )
    return {"": len(names)} | {name: names.index(name) for name in _READ}


_READ = (
    "priority",
    "type",
    "date",
    "vru_exit",
    "q_time",
    "outcome",
    "ser_start",
    "ser_exit",
    "ser_time",
    "server",
)
"""The fields that the replay needs."""


def _call(cells: list[str], places: Mapping[str, int]) -> Call | None:
    """None for a phantom; ValueError with every fault of the line."""
    if len(cells) != places[""]:
        raise ValueError(
            f"{len(cells)} fields where the first line has {places['']}; part them by one tab each"
        )
    row = {name: cells[at].strip() for name, at in places.items() if name}
    faults: list[str] = []
    outcome = _one_of(row, "outcome", {one.value: one for one in Outcome}, faults)
    priority = _one_of(row, "priority", {"0": 0, "1": 1, "2": 2}, faults)
    asked, begun, ended = (_time(row, name, faults) for name in ("vru_exit", "ser_start", "ser_exit"))
    waited, talk = (_duration(row, name, faults) for name in ("q_time", "ser_time"))
    for name in ("type", "date"):
        if not row[name]:
            faults.append(f"{name} is empty; name it")
    if not faults and outcome is Outcome.AGENT and talk != (ended - begun) % DAY_SECONDS:
        faults.append(f"ser_time {talk} is not ser_exit less ser_start; correct one of them")
    if faults:
        raise ValueError("; ".join(faults))
    if outcome is Outcome.PHANTOM:
        return None
    left = outcome is Outcome.HANG
    return Call(
        day=row["date"],
        kind=row["type"],
        priority=priority or 0,
        asked_seconds=asked,
        waited_seconds=waited,
        left=left,
        agent="" if left or row["server"] in ("", NOBODY) else row["server"],
        begun_seconds=begun,
        talk_seconds=0 if left else talk,
    )


def _one_of(row: Mapping[str, str], name: str, known: Mapping[str, T], faults: list[str]) -> T | None:
    found = known.get(row[name])
    if found is None:
        faults.append(f"{name} {_shown(row[name])} must be one of {', '.join(known)}")
    return found


def _time(row: Mapping[str, str], name: str, faults: list[str]) -> int:
    matched = _TIME.fullmatch(row[name])
    seconds = (
        sum(int(part) * size for part, size in zip(matched.groups(), (3600, 60, 1), strict=True))
        if matched
        else -1
    )
    if not 0 <= seconds < DAY_SECONDS:
        faults.append(f"{name} {_shown(row[name])} is no time of day; write it as 9:05:00")
        return 0
    return seconds


def _duration(row: Mapping[str, str], name: str, faults: list[str]) -> int:
    text = row[name]
    if not (text.isascii() and text.isdigit()) or len(text) > 5 or int(text) >= DAY_SECONDS:
        faults.append(f"{name} {_shown(text)} must be whole seconds, 0 to 86399")
        return 0
    return int(text)


def _shown(text: str) -> str:
    """Bounded, and nothing in it that a terminal would obey."""
    return repr(text[:SHOWN_LENGTH_MAX]) + ("..." if len(text) > SHOWN_LENGTH_MAX else "")
