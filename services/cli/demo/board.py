"""What people see of the morning: a live table on a terminal, one line an outcome elsewhere.

It is fed by WatchDecisions, so it shows what the log says, not what the demonstration believes.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from services.contract import decisions as d
from services.contract.facts import Outcome
from services.router.explain import describe

ROWS_SHOWN = 20
STATE_STYLE = {
    "waiting": "yellow",
    "offered": "cyan",
    "with": "green",
    "help": "magenta",
    "done": "dim",
    "lost": "red",
}


@dataclass
class Row:
    """One contact as shown."""

    name: str
    need: str = ""
    who: str = ""
    why: str = ""
    wait_seconds: float | None = None
    outcome: str = ""
    state: str = "waiting"


class Board:
    """Folds decisions into rows; prints or draws them."""

    def __init__(self, console: Console, names: dict[str, str], expected: int) -> None:
        self._console, self._names, self._expected = console, names, expected
        self.rows: dict[str, Row] = {}
        self._now_ms = 0
        self._live: Live | None = None

    def __enter__(self) -> Board:
        if self._console.is_terminal:
            self._live = Live(self._draw(), console=self._console, refresh_per_second=8, transient=False)
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._live is not None:
            self._live.update(self._draw())
            self._live.stop()

    def take(self, decision: d.Decision) -> None:
        """Shows one accepted decision."""
        self._now_ms = max(self._now_ms, decision.decided_at_ms)
        for event in decision.events:
            self._event(event)
        if self._live is not None:
            self._live.update(self._draw())

    def _event(self, event: d.Event) -> None:
        match event:
            case d.ContactOpened():
                name = self._names.get(event.contact_id, event.contact_id[:8])
                self.rows[event.contact_id] = Row(name, need=need_words(event))
                return
            case d.ContactQueued():
                self._change(
                    event.contact_id, state="waiting", why=f"waits: {event.reason.label.replace('_', ' ')}"
                )
            case d.Offered():
                self._change(
                    event.contact_id,
                    state="offered",
                    who=event.agent_id,
                    why=describe(event).partition(": ")[2],
                )
            case d.Assigned():
                row = self.rows.get(event.contact_id)
                if row is not None and row.wait_seconds is None:
                    row.wait_seconds = event.wait_since_arrival_ms / 1000
                self._change(event.contact_id, state="with", who=event.agent_id)
            case d.ConsultStarted():
                row = self.rows.get(event.contact_id)
                if row is not None:
                    self._change(
                        event.contact_id, state="help", who=f"{row.who.split(' +')[0]} +{event.adviser_id}"
                    )
            case d.Resolved():
                self._done(event.contact_id, "resolved" + tally_words(event.tally))
            case d.Closed():
                self._done(event.contact_id, Outcome(event.outcome).label + tally_words(event.tally))
            case d.Abandoned():
                self._done(event.contact_id, "caller gave up", state="lost")

    def _change(self, contact_id: str, **values: str) -> None:
        row = self.rows.get(contact_id)
        if row is not None:
            for name, value in values.items():
                setattr(row, name, value)

    def _done(self, contact_id: str, outcome: str, state: str = "done") -> None:
        self._change(contact_id, outcome=outcome, state=state)
        row = self.rows.get(contact_id)
        if self._live is None and row is not None:
            wait = "-" if row.wait_seconds is None else f"{row.wait_seconds:.0f} s"
            self._console.print(
                f"{self._clock()}  {row.name:<26} {row.need:<34} {row.who:<14} wait {wait:<7} {outcome}",
                soft_wrap=True,
            )

    def _clock(self) -> str:
        return datetime.fromtimestamp(self._now_ms / 1000, UTC).strftime("%H:%M:%S")

    def _draw(self) -> Group:
        table = Table(expand=True, box=None, header_style="bold")
        for title, width in (("contact", 26), ("need", 30), ("who", 16), ("wait", 7), ("outcome", 22)):
            table.add_column(title, width=width, no_wrap=True)
        table.add_column("why", ratio=1, no_wrap=True)
        for row in list(self.rows.values())[-ROWS_SHOWN:]:
            wait = "" if row.wait_seconds is None else f"{row.wait_seconds:.0f} s"
            style = STATE_STYLE[row.state]
            table.add_row(row.name, row.need, row.who, wait, row.outcome or row.state, row.why, style=style)
        done = sum(row.state in {"done", "lost"} for row in self.rows.values())
        head = Table.grid(padding=(0, 2))
        words = Text(f"{self._clock()}   {done} of {self._expected} contacts done", style="bold")
        head.add_row(words, ProgressBar(total=self._expected, completed=done, width=60))
        return Group(head, Text(), table)


def need_words(event: d.ContactOpened) -> str:
    """What intake and router understood, in a few words."""
    need = event.need or d.Need()
    topic = need.topics[0].topic_id if need.topics else "topic unknown"
    amount = f" {need.amount_minor / 100:.0f} {need.currency}" if need.amount_minor else ""
    return f"{event.medium} {event.language or '?'}: {topic}{amount}"


def tally_words(tally: d.ContactTally | None) -> str:
    """Help and hand-overs that a contact took, in a few words."""
    if tally is None:
        return ""
    parts = [f"{tally.consults} consult"] if tally.consults else []
    parts += [f"{tally.transfers} transfer"] if tally.transfers else []
    return f" ({', '.join(parts)})" if parts else ""
