"""Lines of Asterisk's queue_log: TIME|CALLID|QUEUE|AGENT|EVENT|DATA... Pure and bounded.

The places of the data differ by event: ABANDON has the wait third, CONNECT first. Lines of one second may stand in
the wrong order, an ABANDON before its ENTERQUEUE; `in_order` mends that and nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from services.intake.values import Unreadable, clean

LINE_BYTES_MAX = 8 * 1024
SECOND_LINES_MAX = 10_000
"""Lines of one second that are kept for ordering; beyond it they go out as they came."""
ENTERED = "ENTERQUEUE"
EXITS = frozenset({"EXITWITHTIMEOUT", "EXITWITHKEY", "EXITEMPTY"})
TRANSFERS = frozenset({"TRANSFER", "BLINDTRANSFER", "ATTENDEDTRANSFER"})
COMPLETED = frozenset({"COMPLETEAGENT", "COMPLETECALLER"})
_NUMBERS = {"ABANDON": (0, 1, 2), "CONNECT": (0,), "COMPLETEAGENT": (0, 1), "COMPLETECALLER": (0, 1)}
"""Places of the data that must be numbers; a line without them is malformed."""
_COUNTS = {"ABANDON": 3, "CONNECT": 3, "COMPLETEAGENT": 3, "COMPLETECALLER": 3, "ENTERQUEUE": 3}
_TIME = re.compile(r"[0-9]{9,11}(?:\.[0-9]{1,6})?")
_EVENT = re.compile(r"[A-Z][A-Z0-9_]{1,39}")
KNOWN = frozenset(
    {
        ENTERED,
        "ABANDON",
        "CONNECT",
        "RINGNOANSWER",
        "RINGCANCELED",
        "DID",
        "INFO",
        "QUEUESTART",
        "CONFIGRELOAD",
    }
    | {"ADDMEMBER", "REMOVEMEMBER", "PAUSE", "UNPAUSE", "PAUSEALL", "UNPAUSEALL", "PENALTY", "PAUSEREASON"}
    | {"AGENTLOGIN", "AGENTLOGOFF", "AGENTCALLBACKLOGIN", "AGENTCALLBACKLOGOFF", "AGENTDUMP", "SYSCOMPAT"}
    | {
        "MEMBERPENALTY",
        "CALLSTATUS",
        "HOLD",
        "UNHOLD",
        "RINGINUSE",
        "TRANSFERFAILED",
        "WRAPUPSTART",
        "WRAPUPTIME",
    }
    | EXITS
    | TRANSFERS
    | COMPLETED
)


@dataclass(frozen=True, slots=True)
class Entry:
    """One line. `at_seconds` is the epoch's."""

    at_seconds: int
    call_id: str
    queue: str
    agent: str
    event: str
    data: tuple[str, ...] = field(default=(), repr=False)

    @property
    def of_call(self) -> bool:
        return self.call_id not in ("NONE", "REALTIME", "")

    def number(self, place: int) -> int | None:
        """A whole number of the data; None when it is not there or none."""
        text = self.data[place].strip() if place < len(self.data) else ""
        return int(text) if text.isascii() and text.isdecimal() and len(text) < 9 else None

    def text(self, place: int) -> str:
        return self.data[place].strip() if place < len(self.data) else ""


def read_line(line: bytes, *, whole: bool = True) -> Entry:
    """The entry; raises Unreadable for anything else. A line without its end (`whole` false) must have all its data."""
    if len(line) > LINE_BYTES_MAX:
        raise Unreadable("a line is too long")
    parts = clean(line.decode("utf-8", "replace")).rstrip("\r\n").split("|")
    if len(parts) < 5 or not _TIME.fullmatch(parts[0].strip()):
        raise Unreadable("not TIME|CALLID|QUEUE|AGENT|EVENT")
    event = parts[4].strip()
    if not _EVENT.fullmatch(event) or event not in KNOWN or not parts[1].strip() or not parts[2].strip():
        raise Unreadable("an event that Asterisk does not document")
    entry = Entry(
        int(parts[0].strip().partition(".")[0]),
        parts[1].strip(),
        parts[2].strip(),
        parts[3].strip(),
        event,
        tuple(parts[5:]),
    )
    if any(entry.number(place) is None for place in _NUMBERS.get(event, ())):
        raise Unreadable("a number is missing")
    if not whole and len(entry.data) < _COUNTS.get(event, 0):
        raise Unreadable("a line is cut short")
    return entry


@dataclass
class Lines:
    """Bytes of a growing file in any portions become entries; the last line waits for its end."""

    malformed: int = 0
    _rest: bytearray = field(default_factory=bytearray, repr=False)
    _too_long: bool = False

    def feed(self, data: bytes) -> Iterator[Entry]:
        self._rest += data
        lines = self._rest.split(b"\n")
        self._rest = lines.pop()
        for line in lines:
            if self._too_long:
                self._too_long = False
            else:
                yield from self._entry(bytes(line), whole=True)
        if len(self._rest) > LINE_BYTES_MAX:
            self.malformed += not self._too_long
            self._too_long = True
            self._rest = bytearray()

    def end(self) -> Iterator[Entry]:
        """What stands after the last line's end, if it is a whole line all the same."""
        rest, self._rest = bytes(self._rest), bytearray()
        if rest and not self._too_long:
            yield from self._entry(rest, whole=False)
        self._too_long = False

    def forget_rest(self) -> None:
        """The file was cut: what came of its last line will not be completed."""
        self.malformed += bool(self._rest)
        self._rest, self._too_long = bytearray(), False

    def _entry(self, line: bytes, *, whole: bool) -> Iterator[Entry]:
        if not line.strip():
            return
        try:
            yield read_line(line, whole=whole)
        except Unreadable:
            self.malformed += 1


@dataclass
class Ordered:
    """Entries of one second are kept until a later one comes, and then put in order."""

    _second: list[Entry] = field(default_factory=list, repr=False)

    @property
    def at_seconds(self) -> int | None:
        """The second that is kept, None when nothing is."""
        return self._second[0].at_seconds if self._second else None

    def push(self, entry: Entry) -> list[Entry]:
        """Entries that are in order now."""
        if self._second and (
            entry.at_seconds != self._second[0].at_seconds or len(self._second) >= SECOND_LINES_MAX
        ):
            done = self.flush()
            self._second.append(entry)
            return done
        self._second.append(entry)
        return []

    def flush(self) -> list[Entry]:
        """All that is kept: nothing more of that second will come."""
        done, self._second = in_second(self._second), []
        return done


def in_order(entries: Iterable[Entry]) -> Iterator[Entry]:
    """The entries of whole files, with each second's in order."""
    ordered = Ordered()
    for entry in entries:
        yield from ordered.push(entry)
    yield from ordered.flush()


def in_second(entries: Sequence[Entry]) -> list[Entry]:
    """An ENTERQUEUE goes before what its call did in that queue in the same second; the rest stays as it stands.

    A call that leaves one queue and enters another within a second keeps its order, for the queues differ. One that
    enters the same queue twice in a second does too, because its first line there is an ENTERQUEUE already.
    """
    if len(entries) < 2:
        return list(entries)
    places: dict[tuple[str, str], list[int]] = {}
    for place, entry in enumerate(entries):
        if entry.of_call:
            places.setdefault((entry.call_id, entry.queue), []).append(place)
    ordered = list(entries)
    for own in places.values():
        mine = [entries[place] for place in own]
        late = next((number for number, one in enumerate(mine) if one.event == ENTERED), 0)
        if late and mine[0].event not in EXITS | TRANSFERS:
            mine.insert(0, mine.pop(late))
            for place, one in zip(own, mine, strict=True):
                ordered[place] = one
    return ordered
