"""From the counts of a desk to the frame that browsers show: pure, without clock, log or network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo

from services.metrics.rows import QUARTER_MS
from services.metrics.wallboard.counts import Counts, add, total
from services.metrics.wallboard.days import Day, day_of
from services.metrics.wallboard.figures import KINDS, figure
from services.metrics.wallboard.frame import (
    DESKS_MAX,
    FORM,
    LINES_MAX,
    Agents,
    Curve,
    Frame,
    Line,
    Usual,
    Waiting,
)

AGENT_STATES = ("idle", "ringing", "contact", "wrapup", "break", "not_ready", "ending")
"""In the order of the frame; a state unknown here comes after them."""
CHANNEL_ORDER = ("phone", "social", "email")
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


@dataclass(frozen=True, slots=True)
class Reading:
    """What the board holds for one desk, or for all of them (`desk` is empty), at one moment."""

    state: str
    desk: str
    desks: Sequence[str] = ()
    watermark_ms: int = 0
    lines: Sequence[Line] = ()
    agents: Mapping[str, int] | None = None
    overloaded: bool = False
    partial: bool = False
    beats: bool = False
    quarters: Mapping[int, Counts] | None = None
    """Counts of today's quarters and of the earlier days'."""
    whole_from: int = 0
    """First quarter whose counts are kept by themselves; days that began earlier are not whole any more."""


@dataclass(frozen=True, slots=True)
class Times:
    """Now, by the service's clock, and whose midnight begins the day."""

    now_ms: int
    zone: tzinfo
    rate: float = 1.0
    weeks: int = 4

    @property
    def today(self) -> Day:
        return day_of(self.now_ms, self.zone)

    @property
    def before(self) -> list[Day]:
        """The same weekday of the weeks before, the newest first."""
        return [day_of(self.now_ms, self.zone, weeks_before=weeks) for weeks in range(1, self.weeks + 1)]


def frame_of(reading: Reading, times: Times, *, assets: str) -> Frame:
    """The frame. A desk without a single count still has one: it says that nothing has happened yet."""
    today = times.today
    named = {
        "form": FORM,
        "assets": assets,
        "state": reading.state,
        "desk": reading.desk,
        "desks": list(reading.desks[:DESKS_MAX]),
        "now_ms": times.now_ms,
        "rate": times.rate,
        "watermark_ms": reading.watermark_ms,
        "day_starts_ms": today.starts_at_ms,
        "day_ends_ms": today.end * QUARTER_MS,
        "time_zone": str(times.zone),
    }
    if reading.state != "live":
        return Frame(**named)  # type: ignore[arg-type] # by name
    quarters = reading.quarters or {}
    earlier = _earlier(times, quarters, reading.whole_from)
    now = min(times.now_ms // QUARTER_MS, today.end - 1)
    so_far = total(quarters, today.first, now + 1)
    usual_so_far: Counts = {}
    for day in earlier:
        add(usual_so_far, total(quarters, day.first, min(day.first + now - today.first + 1, day.end)))
    return Frame(
        **named,  # type: ignore[arg-type] # by name
        waiting=_waiting(reading.lines),
        agents=_agents(reading.agents or {}),
        figures=[figure(kind, so_far, usual_so_far) for kind in KINDS],
        curve=_curve(quarters, today, now, earlier),
        usual=Usual(
            len(earlier), WEEKDAYS[datetime.fromtimestamp(times.now_ms / 1000, times.zone).weekday()]
        ),
        overloaded=reading.overloaded,
        partial=reading.partial,
        beats=reading.beats,
    )


def _earlier(times: Times, quarters: Mapping[int, Counts], whole_from: int) -> list[Day]:
    """The earlier days that are whole and had anything at all: a day before the desk began is no usual day."""
    return [
        day
        for day in times.before
        if day.first >= whole_from and any(quarter in quarters for quarter in range(day.first, day.end))
    ]


def _waiting(lines: Sequence[Line]) -> Waiting:
    ordered = sorted(lines, key=_urgency)
    return Waiting(
        sum(line.waiting for line in lines),
        sum(line.past_promise for line in lines),
        min((line.oldest_since_ms for line in lines if line.waiting), default=0),
        ordered[:LINES_MAX],
        sum(line.waiting for line in ordered[LINES_MAX:]),
    )


def _urgency(line: Line) -> tuple[bool, bool, int, int, str]:
    """Broken promises first, then whoever holds a line, then the longest wait; queues where nobody waits come last."""
    held = CHANNEL_ORDER.index(line.channel) if line.channel in CHANNEL_ORDER else len(CHANNEL_ORDER)
    return (
        not line.waiting,
        not line.past_promise,
        held if line.waiting else 0,
        line.oldest_since_ms,
        line.queue,
    )


def _agents(states: Mapping[str, int]) -> list[Agents]:
    known = [Agents(state, states.get(state, 0)) for state in AGENT_STATES]
    return known + [Agents(state, states[state]) for state in sorted(set(states) - set(AGENT_STATES))]


def _curve(quarters: Mapping[int, Counts], today: Day, now: int, earlier: Sequence[Day]) -> Curve:
    """A day of 23 hours has no counts in its last slots; the mean of a slot is over the days that have it."""
    usual = []
    for slot in range(today.slots if earlier else 0):
        counts = [quarters.get(day.first + slot, {}) for day in earlier if slot < day.slots]
        arrived = sum(count.get("arrived", 0) for count in counts)
        usual.append(round(arrived / len(counts), 2) if counts else 0.0)
    return Curve(
        today.slots,
        [quarters.get(quarter, {}).get("arrived", 0) for quarter in range(today.first, now + 1)],
        usual,
    )
