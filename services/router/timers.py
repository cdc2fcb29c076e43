"""Timers: a deadline is state; this index only finds the next one (engine.md 1.8).

A heap of deadlines, checked against the state when they come up: an entry whose object has gone, or has another
deadline by now, is dropped. So nothing has to be removed when a deadline moves, and the index can be thrown away
and rebuilt from the state at any time.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from dataclasses import dataclass, fields, is_dataclass

from services.contract.decisions import AgentPresenceChanged, Decision
from services.contract.record import quick_record
from services.router.model import DeskState, PartitionState

ASIDE_MAX = 1_000
"""Timers put aside at once; with more, those put aside first come up again at once."""
CONTACT, CASE, AGENT = "contact/", "case/", "agent/"


@quick_record
@dataclass(frozen=True, slots=True)
class Timer:
    """A deadline of one object. `timer_id` is "contact/ID", "case/ID" or "agent/ID"."""

    timer_id: str
    desk_id: str
    deadline_at_ms: int


def timers_of(desk_id: str, desk: DeskState) -> Iterator[Timer]:
    """Every timer of a desk, in no order: one per contact, per case without an open contact, per agent not ready."""
    for contact in desk.contacts.values():
        yield Timer(CONTACT + contact.contact_id, desk_id, contact.deadline_at_ms)
    for case in desk.cases.values():
        if case.deadline_at_ms:
            yield Timer(CASE + case.case_id, desk_id, case.deadline_at_ms)
    for agent in desk.agents.values():
        if agent.deadline_at_ms:
            yield Timer(AGENT + agent.agent_id, desk_id, agent.deadline_at_ms)


def deadline_of(state: PartitionState, desk_id: str, timer_id: str) -> int | None:
    """The deadline that the object has now; None when it has none."""
    desk = state.desks.get(desk_id)
    if desk is None:
        return None
    if timer_id.startswith(CONTACT):
        contact = desk.contacts.get(timer_id[len(CONTACT) :])
        return contact.deadline_at_ms if contact is not None else None
    if timer_id.startswith(AGENT):
        agent = desk.agents.get(timer_id[len(AGENT) :])
        return agent.deadline_at_ms or None if agent is not None else None
    case = desk.cases.get(timer_id[len(CASE) :])
    return case.deadline_at_ms or None if case is not None else None


class _Touched(dict[type, tuple[bool, bool, bool]]):
    """By kind of event: whether it names a contact, a case, an agent whose deadline it may move."""

    def __missing__(self, kind: type) -> tuple[bool, bool, bool]:
        names = {part.name for part in fields(kind)} if is_dataclass(kind) else set()
        found = ("contact_id" in names, "case_id" in names, kind is AgentPresenceChanged)
        return self.setdefault(kind, found)


_TOUCHED = _Touched()


class TimerIndex:
    """Finds due timers; tell it of every folded record with `note`, or of a whole state with `rebuild`."""

    def __init__(self) -> None:
        self._heap: list[tuple[int, str, str]] = []
        self._aside: dict[tuple[int, str, str], int] = {}
        """Until when, in the order in which they were put aside."""

    def note(self, state: PartitionState, record: Decision) -> None:
        """Takes in the deadlines of whatever the record touched; `state` is the state after it."""
        desk_id = record.desk_id
        desk = state.desks.get(desk_id)
        if desk is None:
            return
        contacts: dict[str, None] = {}
        cases: dict[str, None] = {}
        for event in record.events:
            of_contact, of_case, of_agent = _TOUCHED[type(event)]
            if of_contact:
                contacts[event.contact_id] = None  # type: ignore[union-attr] # it has one
            if of_case:
                cases[event.case_id] = None  # type: ignore[union-attr]
            if of_agent:
                agent = desk.agents.get(event.agent_id)  # type: ignore[union-attr]
                if agent is not None and agent.deadline_at_ms:
                    heapq.heappush(self._heap, (agent.deadline_at_ms, desk_id, AGENT + agent.agent_id))
        for contact_id in contacts:
            contact = desk.contacts.get(contact_id)
            if contact is not None and contact.deadline_at_ms:
                heapq.heappush(self._heap, (contact.deadline_at_ms, desk_id, CONTACT + contact_id))
        for case_id in cases:
            case = desk.cases.get(case_id)
            if case is not None and case.deadline_at_ms:
                heapq.heappush(self._heap, (case.deadline_at_ms, desk_id, CASE + case_id))

    def rebuild(self, state: PartitionState) -> None:
        """Starts anew from a state."""
        self._heap = [
            (timer.deadline_at_ms, timer.desk_id, timer.timer_id)
            for desk_id, desk in state.desks.items()
            for timer in timers_of(desk_id, desk)
        ]
        heapq.heapify(self._heap)
        self._aside.clear()

    def put_aside(self, timer: Timer, until_ms: int) -> None:
        """Does not find the timer before `until_ms`, unless its deadline moves or all is rebuilt."""
        self._aside[(timer.deadline_at_ms, timer.desk_id, timer.timer_id)] = until_ms
        if len(self._aside) > ASIDE_MAX:
            self._take_back(next(iter(self._aside)))

    def due(self, state: PartitionState, now_ms: int) -> Timer | None:
        """The timer that is due longest, or None; ask again after its decision is folded."""
        for entry in [entry for entry, until_ms in self._aside.items() if until_ms <= now_ms]:
            self._take_back(entry)
        head = self._valid_head(state)
        if head is None or head[0] > now_ms:
            return None
        return Timer(head[2], head[1], head[0])

    def next_at_ms(self, state: PartitionState) -> int | None:
        """When the next timer is due; None when there is none."""
        head = self._valid_head(state)
        return min((*(head[:1] if head is not None else ()), *self._aside.values()), default=None)

    def _take_back(self, entry: tuple[int, str, str]) -> None:
        del self._aside[entry]
        heapq.heappush(self._heap, entry)

    def _valid_head(self, state: PartitionState) -> tuple[int, str, str] | None:
        heap = self._heap
        while heap and (
            deadline_of(state, heap[0][1], heap[0][2]) != heap[0][0]
            or (self._aside and heap[0] in self._aside)
        ):
            heapq.heappop(heap)
        return heap[0] if heap else None
