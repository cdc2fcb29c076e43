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

    def note(self, state: PartitionState, record: Decision) -> None:
        """Takes in the deadlines of whatever the record touched; `state` is the state after it."""
        desk_id = record.desk_id
        desk = state.desks.get(desk_id)
        if desk is None:
            return
        contacts: set[str] = set()
        cases: set[str] = set()
        for event in record.events:
            of_contact, of_case, of_agent = _TOUCHED[type(event)]
            if of_contact:
                contacts.add(event.contact_id)  # type: ignore[union-attr] # it has one
            if of_case:
                cases.add(event.case_id)  # type: ignore[union-attr]
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

    def due(self, state: PartitionState, now_ms: int) -> Timer | None:
        """The timer that is due longest, or None; ask again after its decision is folded."""
        head = self._valid_head(state)
        if head is None or head[0] > now_ms:
            return None
        return Timer(head[2], head[1], head[0])

    def next_at_ms(self, state: PartitionState) -> int | None:
        """When the next timer is due; None when there is none."""
        head = self._valid_head(state)
        return head[0] if head is not None else None

    def _valid_head(self, state: PartitionState) -> tuple[int, str, str] | None:
        heap = self._heap
        while heap and deadline_of(state, heap[0][1], heap[0][2]) != heap[0][0]:
            heapq.heappop(heap)
        return heap[0] if heap else None
