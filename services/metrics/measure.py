"""What a measure is: a counter or a histogram with closed labels (operations.md 1.1, 2.3)."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from enum import Enum

OTHER = "other"
"""Value of every closed label for what is not on its list."""
CHANNELS = ("phone", "email", "social", OTHER)
"""Values of the label `channel`."""
QUEUES_PER_DESK_MAX = 100
"""Queue names of one desk that become label values; later ones count under "other"."""
TOPICS_PER_DESK_MAX = 50
"""Topic names of one desk that become label values; later ones count under "other"."""
SHORT_ABANDON_MS = 5_000
"""A customer who left within this long hardly waited; a bound of the wait histograms."""

LIVE_BOUNDS = (5, 10, 20, 40, 56, 90, 180, 300, 600, 1200, 1800, 3600)
"""Seconds. 20 and 40 are promises, 56 an observed mean hold (operations.md 1.1)."""
RESPONSE_BOUNDS = (60, 300, 900, 1800, 3600, 7200, 14400, 28800, 43200, 86400, 172800)
"""Seconds. 86400 is the promise of an answer within a day."""
SURVEY_BOUNDS = (300, 900, 3600, 14400, 43200, 86400, 172800, 345600, 604800)
"""Seconds from a closing to the answer of a survey; the last is the week in which a case is watched."""
HANDLE_BOUNDS = (30, 60, 120, 180, 300, 450, 600, 900, 1200, 1800, 3600, 7200)
"""Seconds in the hands of agents."""
MARGIN_BOUNDS = (20, 60, 300, 900, 3600, 14400, 86400)
"""Seconds between a promise and its fulfilment (operations.md 1.2)."""
HOP_BOUNDS = (0, 1, 2, 3, 5)
"""Hand-overs. Above 2 is a broken invariant."""


class Kind(Enum):
    """How a measure is exposed."""

    COUNTER = "counter"
    HISTOGRAM = "histogram"


@dataclass(frozen=True, slots=True)
class Label:
    """A label with its closed list; `born` are the values that are exported as zeros from the start.

    A list that is empty is the desk's own (its topics): whoever counts closes it by the desk's configuration.
    """

    name: str
    values: tuple[str, ...]
    born: tuple[str, ...] = ()

    def closed(self, value: str) -> str:
        """The value if it is on the list, else "other" (or the last on a list without it)."""
        if not self.values:
            return value
        return value if value in self.values else (OTHER if OTHER in self.values else self.values[-1])


@dataclass(frozen=True, slots=True)
class Measure:
    """One measure. `name` is the family: `_total`, `_bucket`, `_sum` and `_count` are added at export."""

    name: str
    kind: Kind
    help: str
    """Meaning and unit, one line; Prometheus shows it."""
    moves: str
    """The event that moves it, and when."""
    used: str
    """The formula it is part of."""
    labels: tuple[Label, ...] = ()
    """Labels beside channel, queue and partition."""
    channels: tuple[str, ...] = CHANNELS[:3]
    """Channels that can have it at all; no other gets a zero."""
    bounds: tuple[int, ...] = ()
    """Upper bounds of a histogram's buckets, in the exported unit."""
    queued: bool = True
    """False for what happens before any queue: its label is "other", with zeros from the start there."""
    of_desk: bool = False
    """True for what belongs to a desk and to no queue: its labels are `desk` and its own, no channel."""
    scale: int = 1
    """Stored units in one exported unit: 1,000 for seconds kept as milliseconds."""

    def bucket(self, stored: int) -> int:
        """Index of the bucket that a stored value falls in; len(bounds) is +Inf."""
        return bisect_left(self.bounds, stored) if self.scale == 1 else self._scaled(stored)

    def _scaled(self, stored: int) -> int:
        return bisect_left(self.bounds, stored, key=lambda bound: bound * self.scale)


def counter(name: str, help: str, moves: str, used: str, *labels: Label, **more: object) -> Measure:
    return Measure(f"frontdesk_{name}", Kind.COUNTER, help, moves, used, labels, **more)  # type: ignore[arg-type]


def histogram(name: str, help: str, moves: str, used: str, *labels: Label, **more: object) -> Measure:
    return Measure(f"frontdesk_{name}", Kind.HISTOGRAM, help, moves, used, labels, **more)  # type: ignore[arg-type]
