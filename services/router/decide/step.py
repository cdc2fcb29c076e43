"""A step: the events of one decision as they come up, each evolved at once, so that what follows sees its effect.

An agent freed by one event can be offered the next contact by another, in the same record.
"""

from __future__ import annotations

from services.contract.decisions import CaseOpened, ContactOpened, ContactQueued, Event, Reply
from services.contract.desk import DeskLimits
from services.router.crew import Crew
from services.router.evolve import evolve_desk, remember
from services.router.evolve.arrivals import Arrival, arrived
from services.router.model import AgentState, Contact, DeskState
from services.router.need import Seen


class Step:
    """One decision in the making; `desk` is the desk after the events so far."""

    __slots__ = ("_desk", "at_ms", "events", "number", "occurred_at_ms", "offset", "received_at_ms", "reply")

    def __init__(
        self,
        desk: DeskState | None,
        *,
        at_ms: int,
        number: int,
        offset: int,
        received_at_ms: int = 0,
        occurred_at_ms: int = 0,
    ) -> None:
        self._desk = desk
        self.at_ms = at_ms
        """The decision's own now."""
        self.number = number
        """Position of the decision among the accepted ones; new ids are made of it."""
        self.offset = offset
        """Offset of the fact; that of the last fact for a timer."""
        self.received_at_ms = received_at_ms
        """When Frontdesk received the fact; 0 where nobody says."""
        self.occurred_at_ms = occurred_at_ms
        """When it happened by the source's clock; 0 where nobody says. Orders messages of one conversation only."""
        self.events: list[Event] = []
        self.reply: Reply | None = None

    @property
    def desk(self) -> DeskState:
        if self._desk is None:
            raise LookupError("the desk is not configured")
        return self._desk

    @property
    def crew(self) -> Crew:
        return self.desk.crew

    @property
    def limits(self) -> DeskLimits:
        return self.desk.limits

    @property
    def needs_seen(self) -> Seen:
        """What the desk has learned of needs."""
        return Seen(self.desk.learned.levels, self.desk.learned.today(self.at_ms))

    @property
    def received_ms(self) -> int:
        """When the fact was received, but not after now."""
        return min(self.received_at_ms or self.at_ms, self.at_ms)

    @property
    def occurred_ms(self) -> int:
        """When it happened by the source's clock, but not after it was received."""
        return min(self.occurred_at_ms or self.received_ms, self.received_ms)

    def emit(self, event: Event) -> None:
        """Adds an event and evolves the local state by it."""
        self._desk = evolve_desk(self._desk, event, self.at_ms)
        self.events.append(event)

    def take_in(
        self, arrival: Arrival, cased: CaseOpened, opened: ContactOpened, queued: ContactQueued | None
    ) -> None:
        """Adds the events of a contact that comes with a case of its own, evolved as one step."""
        self._desk = arrived(self.desk, arrival, queued, self.at_ms)
        self.events += (cased, opened) if queued is None else (cased, opened, queued)

    def contact(self, contact_id: str) -> Contact:
        return self.desk.contacts[contact_id]

    def agent(self, agent_id: str) -> AgentState:
        return self.desk.agents[agent_id]

    def new_id(self, contact_id: str, letter: str) -> str:
        """An id derived from the contact and the decision's number (routing.md 4)."""
        return f"{contact_id}-{letter}{self.number}.{len(self.events)}"

    def done(self, before: DeskState | None) -> tuple[Event, ...]:
        """The events of a step that began at `before`; the fold that follows need not evolve them again."""
        events = tuple(self.events)
        remember(before, events, self.at_ms, self._desk)
        return events

    def refuse(self, reason: str, detail: str) -> None:
        """Answers the command: it changed nothing."""
        self.reply = Reply(accepted=False, reason=reason, detail=detail)

    def accept(self, subject_id: str = "", *, epoch: int = 0, detail: str = "") -> None:
        """Answers the command: it took effect."""
        self.reply = Reply(accepted=True, subject_id=subject_id, epoch=epoch, detail=detail)
