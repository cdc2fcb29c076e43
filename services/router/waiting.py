"""Who waits, by class of work: only heads compete, so a pick costs by classes, not by contacts (routing.md 5).

A class holds everything that decides who may take a contact and how dear its waiting is, so that inside a class
only the waiting differs: whoever may take one may take its head, and nobody behind the head is dearer. A lane holds
one class. Lanes whose waiting grows dear alike share a *slope*; its *front* has their heads, oldest first, so that
the first head which an agent may take is the dearest one of that slope.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterator
from enum import IntEnum
from itertools import chain
from typing import NamedTuple

from services.contract import kernels

Entry = tuple[int, int, str]
"""(0 ahead, else 1; since when it waits; contact)."""
Lane = tuple[tuple[Entry, ...], ...]
"""Contacts of one class, next one first, in chunks of at most CHUNK_MAX and never an empty one: a change copies one
chunk and the list of chunks, so that ten thousand waiting cost little more than ten."""
CHUNK_MAX = 128


class Kind(IntEnum):
    """What kind of waiting it is."""

    CALL = 0
    """Somebody holds a line."""
    MESSAGE = 1
    """Social messages and text messages."""
    EMAIL = 2


CALL, MESSAGE, EMAIL = Kind.CALL, Kind.MESSAGE, Kind.EMAIL
"""The same, for what each fact asks: Python 3.11 takes ten times as long for a member of an enumeration as for a name."""


class Slope(NamedTuple):
    """How waiting grows dear: everything but the time since which it waits."""

    kind: Kind
    weight: float
    urgent: bool
    preferred: str

    @property
    def deferrable(self) -> bool:
        """Comes after live contacts (routing.md 2.6): e-mail, and messages that are not urgent."""
        return self.kind is not Kind.CALL and not self.urgent


class Fit(NamedTuple):
    """What decides who may take it (eligibility asks for nothing else)."""

    language: str
    """Empty takes any."""
    topics: tuple[str, ...]
    """Topics whose certificate counts, sorted; empty takes any."""
    decision_type: str
    currency: str
    least_level: int
    units: int
    had: tuple[str, ...] = ()
    """Agents who had it, sorted; those asked for by name and the last owner left out."""
    declined: tuple[str, ...] = ()
    """Agents who declined it or let it pass, sorted."""


class Work(NamedTuple):
    """A class of work."""

    kind: Kind
    fit: Fit
    weight: float
    """Customer weight w of routing.md 2.0."""
    urgent: bool
    preferred: str = ""
    """Who had it last, else the agent asked for by name; takes it before others when free."""

    @property
    def slope(self) -> Slope:
        return Slope(self.kind, self.weight, self.urgent, self.preferred)


Front = tuple[tuple[int, int, str, Work], ...]
"""Heads of the lanes of one slope with their classes, next one first."""


def entries(lane: Lane) -> Iterator[Entry]:
    """Its contacts, next one first."""
    return chain.from_iterable(lane)


def joined(lane: Lane, entry: Entry) -> Lane:
    """The lane with an entry at its place."""
    if not lane:
        return ((entry,),)
    at = len(lane) - 1
    while at and entry < lane[at][0]:
        at -= 1
    chunk = list(lane[at])
    insort(chunk, entry)
    if len(chunk) <= CHUNK_MAX:
        return (*lane[:at], tuple(chunk), *lane[at + 1 :])
    # At the end only the new entry moves on, so that a queue that grows keeps its chunks full.
    cut = CHUNK_MAX if at == len(lane) - 1 and chunk[-1] is entry else len(chunk) // 2
    return (*lane[:at], tuple(chunk[:cut]), tuple(chunk[cut:]), *lane[at + 1 :])


joined_by_python = joined
if kernels.COMPILED:
    joined = kernels.lanes.joined


def left(lane: Lane, entry: Entry) -> Lane:
    """The lane without an entry that is in it."""
    at = len(lane) - 1
    while at and entry < lane[at][0]:
        at -= 1
    chunk = tuple([one for one in lane[at] if one != entry])
    return (*lane[:at], *((chunk,) if chunk else ()), *lane[at + 1 :])


def refronted(front: Front, work: Work, before: Lane, after: Lane) -> Front:
    """The front once a lane of it has changed; either lane may be empty."""
    if before and after and before[0][0] == after[0][0]:
        return front
    heads = list(front)
    if before:
        del heads[bisect_left(heads, (*before[0][0], work))]
    if after:
        insort(heads, (*after[0][0], work))
    return tuple(heads)


class Trace:
    """Which lanes changed, newest first: by it what is derived of all lanes is brought up to date (board.py).

    A chain of bounded length; whoever does not find itself in it starts anew. It is cut in the middle, so that who
    followed it closely never has to.
    """

    __slots__ = ("key", "length", "parent", "work")

    def __init__(self, parent: Trace | None, work: Work | None, key: tuple[str, str]) -> None:
        self.parent, self.work, self.key = parent, work, key
        self.length: int = 0 if parent is None else parent.length + 1
        """Links since the chain began or was cut."""
        if self.length >= 2 * TRACE_MAX:
            self._cut()

    def _cut(self) -> None:
        last = self
        for _ in range(TRACE_MAX):
            assert last.parent is not None  # noqa: S101 - it is longer
            last = last.parent
        last.parent = None
        self.length = TRACE_MAX


TRACE_MAX = 512
"""Changes of lanes that are remembered at the least; at the most twice as many."""
NO_TRACE = Trace(None, None, ("", ""))
