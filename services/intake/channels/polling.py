"""Providers that tell us nothing by themselves: what to ask, how often, and how to go on. Declarations only.

A poller is pure: from where it stands (a cursor, "" at the start) it says what to fetch, and reads what came. The
shell (services/intake/poll.py) fetches, publishes and only then moves the cursor. Cursors live in memory: after a
restart a poller begins at "" and reads its newest pages again; of these, what is older than START_DAYS_MAX is left
out, and of the rest the facts' ids make it harmless.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from services.intake.canonical import Collector, Known, Wanted

PAGES_MAX = 50
"""Pages of one round; the next round goes on where it stopped."""
START_DAYS_MAX = 7
"""How far back a start reads. The router remembers facts for eight days (services/router/log/seen.py): what is older
would count once more at each restart."""


@dataclass(frozen=True, slots=True)
class Page:
    """What a page leads to: the next one of this round, and the cursor once the round is over.

    The round's cursor is that of its last page.
    """

    more: Wanted | None = None
    cursor: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Poller:
    """One list of a provider that is asked for news.

    `first` gives the first page of a round from a cursor; None when the provider is not configured. `read` puts
    the page's events into the collector; it is given the cursor that the round began with, on every page, and may
    raise Unreadable. Cursors only ever move forward.
    """

    source: str
    name: str
    seconds: int
    """Between two rounds."""
    first: Callable[[Known, str], Wanted | None]
    read: Callable[[bytes, Wanted, Known, str, Collector], Page]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stream:
    """Server-sent events of a provider (WHATWG HTML 9.2). A stream has no memory: after each connection the
    poller of the same provider reads what was missed.

    `open` gives the stream's address, None when not configured; `read` takes one event's name and data.
    """

    source: str
    name: str
    open: Callable[[Known], Wanted | None]
    read: Callable[[str, bytes, Known, Collector], None]
    missed: Poller
    silent_seconds_max: int = 90
    """A stream without a byte for that long is dead; servers send a comment more often."""
