"""Who is to be told of a decision: the sessions of the agents whom it concerns, and those who watch the desk.

One listener for all of them. A record is looked at once, whatever the number of sessions: it names its agents and
contacts, and the states before and after say whose those are. So 10,000 sessions cost what is told to them, not what
is decided. What concerned an agent lately is kept, within a bound, so that a session which went on elsewhere is told
what it missed without reading everybody's records (engine.md 1.7).
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from operator import attrgetter
from typing import NamedTuple, TypeVar

import grpc

from services.contract import decisions as d
from services.contract.record import quick_record
from services.router.model import Contact, ContactState, DeskState, PartitionState
from services.router.tail import DecisionTail
from services.router.verdict import Verdict
from services.runtime.rpc import Refusal

T = TypeVar("T")
RECORDS_REMEMBERED = 2_000
"""Accepted records kept per partition, by the agents whom they concern."""
RETRY_SLOW_MS = 1_000
_OF_A_HELP = (d.ConsultStarted, d.ConsultEnded, d.HelpPassedOn)
"""Events that do not name who asked."""
_ABOUT = frozenset({d.HelpRequested, d.ContactContinued, *_OF_A_HELP})
_APPLIED = frozenset({d.DeskApplied})
_AGENT_FIELDS = ("agent_id", "adviser_id", "owner_id", "from_agent_id", "to_agent_id")
_Names = tuple[Callable[[d.Event], str] | None, tuple[Callable[[d.Event], str], ...]]
"""What tells the contact that an event names, and the agents."""
_NAMES: dict[type[d.Event], _Names] = {}


class Lost(NamedTuple):
    """A contact that an agent has no more."""

    contact_id: str
    closed: bool
    """It is over; else somebody else may get it."""

    @property
    def reason(self) -> str:
        """As it is told where no event says why."""
        return "closed" if self.closed else "agent_lost"


class Gained(NamedTuple):
    """A contact that an agent has and had not."""

    contact_id: str
    epoch: int


@quick_record
@dataclass(frozen=True, slots=True)
class Told:
    """An accepted record that concerns somebody, and what each agent lost and gained with it."""

    offset: int
    record: d.Decision
    lost: Mapping[str, tuple[Lost, ...]]
    """Agent to the contacts that were its own before the record and are not after it, sorted."""
    about: Mapping[str, str]
    """Whom an event that does not name them is about, as it was then: a help's id to who asked for it, and a
    contact's id to its owner, where its customer wrote again."""
    gained: Mapping[str, tuple[Gained, ...]]
    """Agent to the contacts that are its own after the record and were not before it, sorted; `Assigned` or not."""


class Feed:
    """What one reader has not taken yet, within a bound; ended by a refusal."""

    def __init__(self, records_max: int) -> None:
        self._records_max = records_max
        self._waiting: deque[tuple[Told, PartitionState]] = deque()
        self._changed = asyncio.Event()
        self.ended: Refusal | None = None
        """Why nothing more comes."""
        self.on_end: Callable[[Refusal], None] = lambda _: None
        """Told at once, for a reader that is not waiting here."""

    def offer(self, told: Told, state: PartitionState) -> None:
        """Keeps a record, with the state after it; a reader who is too far behind is ended and what it left freed."""
        if self.ended is not None:
            return
        if len(self._waiting) >= self._records_max:
            self.end(too_slow(f"over {self._records_max} decisions behind"))
            return
        self._waiting.append((told, state))
        self._changed.set()

    def end(self, refusal: Refusal) -> None:
        """Nothing more is told: the reader gets this refusal."""
        if self.ended is None:
            self.ended = refusal
            self._waiting.clear()
            self._changed.set()
            self.on_end(refusal)

    async def next(self) -> tuple[Told, PartitionState]:
        """The next record; raises the refusal that ended the feed."""
        while not self._waiting:
            if self.ended is not None:
                raise self.ended
            self._changed.clear()
            await self._changed.wait()
        return self._waiting.popleft()


def too_slow(what: str) -> Refusal:
    """For a reader that leaves too much unread; it loses nothing by opening its stream again."""
    return Refusal(
        grpc.StatusCode.RESOURCE_EXHAUSTED,
        "TOO_SLOW",
        f"{what}; open it again with resume_after",
        retry_after_ms=RETRY_SLOW_MS,
    )


@dataclass(slots=True)
class _Recent:
    """The newest records of one partition."""

    from_offset: int | None = None
    """All accepted records from here on that concern somebody are remembered; None before the first record."""
    agents: deque[tuple[int, tuple[tuple[str, str], ...]]] = field(default_factory=deque)
    """Offset of each, and the (desk, agent) pairs that it concerns, oldest first."""


class Switchboard:
    """Tells each accepted record to those whom it concerns."""

    def __init__(self, tail: DecisionTail) -> None:
        self._recent = {p: _Recent() for p in range(tail.partitions)}
        self._missed: dict[tuple[str, str], deque[Told]] = {}
        self._agents: dict[str, dict[str, list[Feed]]] = {}
        self._watchers: dict[str, list[Feed]] = {}
        self._leaving: Refusal | None = None
        tail.listen(self._on_verdict)

    @property
    def sessions(self) -> int:
        """Agents' feeds that are open."""
        return sum(len(feeds) for agents in self._agents.values() for feeds in agents.values())

    @contextmanager
    def agent(self, desk_id: str, agent_id: str, *, records_max: int) -> Iterator[Feed]:
        """What concerns one agent from now on."""
        agents = self._agents.setdefault(desk_id, {})
        feeds = agents.setdefault(agent_id, [])
        try:
            with self._listed(feeds, records_max) as feed:
                yield feed
        finally:
            if not feeds and agents.get(agent_id) is feeds:
                del agents[agent_id]

    @contextmanager
    def desk(self, desk_id: str, *, records_max: int) -> Iterator[Feed]:
        """Every accepted record of a desk from now on."""
        feeds = self._watchers.setdefault(desk_id, [])
        try:
            with self._listed(feeds, records_max) as feed:
                yield feed
        finally:
            if not feeds and self._watchers.get(desk_id) is feeds:
                del self._watchers[desk_id]

    def missed(self, partition: int, desk_id: str, agent_id: str, offset: int) -> list[Told] | None:
        """What concerned the agent after `offset`, oldest first; None when it is not all remembered."""
        first = self._recent[partition].from_offset
        if first is None or offset + 1 < first:
            return None
        return [told for told in self._missed.get((desk_id, agent_id), ()) if told.offset > offset]

    def remembered(self, partition: int, desk_id: str, agent_id: str) -> tuple[int | None, list[Told]]:
        """What concerned the agent lately, oldest first, and the offset after which nothing of it is forgotten; None
        before the first record."""
        first = self._recent[partition].from_offset
        return None if first is None else first - 1, list(self._missed.get((desk_id, agent_id), ()))

    def leave(self) -> None:
        """This process stops: every stream ends and asks its reader to go on at another replica."""
        self._leaving = Refusal(
            grpc.StatusCode.UNAVAILABLE,
            "GOING_AWAY",
            "this replica stops; go on at another one with resume_after",
            retry_after_ms=0,
        )
        for agents in self._agents.values():
            for feeds in agents.values():
                for feed in feeds:
                    feed.end(self._leaving)
        for feeds in self._watchers.values():
            for feed in feeds:
                feed.end(self._leaving)

    @contextmanager
    def _listed(self, feeds: list[Feed], records_max: int) -> Iterator[Feed]:
        feed = Feed(records_max)
        if self._leaving is not None:
            feed.end(self._leaving)
        feeds.append(feed)
        try:
            yield feed
        finally:
            feeds.remove(feed)

    def _on_verdict(self, verdict: Verdict) -> None:
        partition, record = verdict.partition, verdict.record
        recent, before = self._recent[partition], verdict.before
        if recent.from_offset is None:  # before the first one nothing is known but that the log was empty
            recent.from_offset = verdict.offset + (verdict.offset > 0)
        if not verdict.accepted or not record.desk_id:
            return
        desk = verdict.state.desks.get(record.desk_id)
        found = affected(before.desks.get(record.desk_id), desk, record)
        concerned = found.agents
        told = Told(verdict.offset, record, found.lost, found.about, found.gained)
        self._remember(recent, told, concerned)
        for feed in self._watchers.get(record.desk_id, ()):
            feed.offer(told, verdict.state)
        here = self._agents.get(record.desk_id)
        if not here:
            return
        everybody = not _APPLIED.isdisjoint(map(type, record.events))
        for agent_id in tuple(here) if everybody else concerned & here.keys():
            for feed in here[agent_id]:
                feed.offer(told, verdict.state)

    def _remember(self, recent: _Recent, told: Told, concerned: set[str]) -> None:
        """Forgets the oldest record beyond the bound; records that concern nobody take no place."""
        if not concerned:
            return
        pairs = tuple([(told.record.desk_id, agent_id) for agent_id in concerned])
        for pair in pairs:
            known = self._missed.get(pair)
            if known is None:
                known = self._missed[pair] = deque()
            known.append(told)
        recent.agents.append((told.offset, pairs))
        if len(recent.agents) <= RECORDS_REMEMBERED:
            return
        offset, pairs = recent.agents.popleft()
        recent.from_offset = offset + 1
        for pair in pairs:
            known = self._missed[pair]
            known.popleft()
            if not known:
                del self._missed[pair]


class Affected(NamedTuple):
    """Agents whom a record concerns, and what each of them is told with it (Told)."""

    agents: set[str]
    lost: dict[str, tuple[Lost, ...]]
    about: dict[str, str]
    gained: dict[str, tuple[Gained, ...]]


def affected(before: DeskState | None, after: DeskState | None, record: d.Decision) -> Affected:
    """Concerned are the agents that its events name, who asked for the helps that it ends, and the owners of its
    contacts, before and after.
    """
    agents: set[str] = set()
    contact_ids: dict[str, None] = {}
    for event in record.events:
        kind = type(event)
        contact_of, agents_of = _NAMES.get(kind) or _names_of(kind)
        if contact_of is not None and (value := contact_of(event)):
            contact_ids[value] = None
        for agent_of in agents_of:
            if value := agent_of(event):
                agents.add(value)
    lost: dict[str, list[Lost]] = {}
    gained: dict[str, list[Gained]] = {}
    for contact_id in contact_ids:
        was = before.contacts.get(contact_id) if before is not None else None
        now = after.contacts.get(contact_id) if after is not None else None
        for contact in (was, now):
            if contact is not None and contact.owner_id:
                agents.add(contact.owner_id)
        had, has = holder(was), holder(now)
        if now is not None and has and had != has:
            gained.setdefault(has, []).append(Gained(contact_id, now.epoch))
        if had and had != has:
            closed = now is None or now.state is ContactState.CLOSED
            lost.setdefault(had, []).append(Lost(contact_id, closed))
    about = _about(before, after, record) if not _ABOUT.isdisjoint(map(type, record.events)) else {}
    agents.update(about.values())
    return Affected(agents, _by_agent(lost), about, _by_agent(gained))


def _by_agent(found: dict[str, list[T]]) -> dict[str, tuple[T, ...]]:
    return {agent_id: tuple(sorted(ones)) for agent_id, ones in found.items()}  # type: ignore[type-var] # tuples


def _about(before: DeskState | None, after: DeskState | None, record: d.Decision) -> dict[str, str]:
    about: dict[str, str] = {}
    for event in record.events:
        if isinstance(event, d.HelpRequested):  # it may end in the same record
            about[event.help_id] = event.owner_id
        elif isinstance(event, _OF_A_HELP):
            request = before.helps.get(event.help_id) if before is not None else None
            if request is not None:
                about[event.help_id] = request.owner_id
        elif isinstance(event, d.ContactContinued):
            contact = after.contacts.get(event.contact_id) if after is not None else None
            if contact is not None and contact.owner_id:
                about[event.contact_id] = contact.owner_id
    return about


def holder(contact: Contact | None) -> str:
    """Whose it is: who holds its units, or passes it on and nobody has accepted it yet; empty for nobody's."""
    if contact is None or not (contact.held or contact.handover is not None):
        return ""
    return contact.owner_id


def _names_of(kind: type[d.Event]) -> _Names:
    """Made when an event of the kind is first met."""
    fields = getattr(kind, "__dataclass_fields__", {})
    contact_of = attrgetter("contact_id") if "contact_id" in fields else None
    agents_of = tuple([attrgetter(name) for name in _AGENT_FIELDS if name in fields])
    return _NAMES.setdefault(kind, (contact_of, agents_of))
