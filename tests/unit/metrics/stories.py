"""What is known of a contact or an agent at a moment, by reading its story from the start: slow, and easy to believe.

A story is every event about a contact since it was opened, with its instant. Nothing is kept between two questions.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from services.contract import decisions as d
from services.contract.facts import Channel, HelpKind, Presence

CHANNEL = {Channel.PHONE: "phone", Channel.EMAIL: "email", Channel.SOCIAL: "social"}
QUEUES = {"calls", "post", "rest"}
"""Those of the tests' desks."""


def queue_label(queue_id: str) -> str:
    return queue_id if queue_id in QUEUES else "other"


@dataclass
class Story:
    """The events of one open contact."""

    opened: d.ContactOpened
    opened_at: int
    told: list[tuple[int, d.Event]] = field(default_factory=list)

    @property
    def channel(self) -> str:
        return CHANNEL.get(self.opened.channel, "other")

    @property
    def arrived(self) -> int:
        return self.opened.arrived_at_ms or self.opened_at

    def has(self, kind: type, /, **wanted: object) -> bool:
        return any(
            isinstance(event, kind) and all(getattr(event, k) == v for k, v in wanted.items())
            for _, event in self.told
        )

    @property
    def had(self) -> bool:
        return self.has(d.Assigned)

    @property
    def answered(self) -> bool:
        return self.has(d.Answered, kind="human")

    def state(self) -> str:
        state = "received"
        for _, event in self.told:
            match event:
                case d.ContactQueued():
                    state = "queued"
                case d.Offered() if state != "handing_over":
                    state = "offered"
                case d.OfferEnded() if state == "offered":
                    state = "received"
                case d.Assigned() | d.CustomerReturned() | d.HandoverEnded():
                    state = "assigned"
                case d.ConsultEnded() if state != "promised":
                    state = "assigned"
                case d.HelpRequested():
                    state = "awaiting_approval" if event.kind is HelpKind.APPROVAL else "consulting"
                case d.HandoverStarted():
                    state = "handing_over"
                case d.CallbackPromised() if state not in ("received", "queued", "offered"):
                    state = "promised"
                case d.CustomerAwaited():
                    state = "awaiting_customer"
                case d.WrapUpStarted():
                    state = "wrapping"
        return state

    def waits(self) -> bool:
        return self.state() in ("received", "queued", "offered")

    def queue(self) -> str:
        """The queue it is in, or was in last; a hand-over is offered out of none."""
        for index in range(len(self.told) - 1, -1, -1):
            event = self.told[index][1]
            if isinstance(event, d.ContactQueued | d.Assigned):
                return queue_label(event.queue_id)
            if isinstance(event, d.Offered) and self._before(index).state() != "handing_over":
                return queue_label(event.queue_id)
        return ""

    def deadline(self) -> int:
        at = 0
        for _, event in self.told:
            if isinstance(event, d.Offered):
                at = event.expires_at_ms
            elif isinstance(event, d.CallbackPromised):
                at = event.queue_at_ms or event.due_at_ms
            elif not isinstance(event, d.MessageDue) and hasattr(event, "deadline_at_ms"):
                at = event.deadline_at_ms
        return at

    def since_assigned(self) -> list[tuple[int, d.Event]]:
        """The part after it last went to an agent."""
        found: list[tuple[int, d.Event]] = []
        for at, event in self.told:
            found = [] if isinstance(event, d.Assigned) else [*found, (at, event)]
        return found

    def first_promise(self) -> d.CallbackPromised | None:
        """The call-back that is open, as promised first."""
        for _, event in self.since_assigned():
            if isinstance(event, d.CallbackPromised) and event.due_at_ms:
                return event
        return None

    def leg_began(self) -> int | None:
        """Since when it waits in its queue; None when no wait in a queue is going on."""
        for index in range(len(self.told) - 1, -1, -1):
            before, (at, event) = self._before(index), self.told[index]
            if isinstance(event, d.Assigned | d.CallbackPromised):
                return None
            if isinstance(event, d.ContactQueued):
                began = before.leg_began()
                if before.first_promise() is not None:
                    return began
                if began is None:
                    return event.queued_at_ms or at
                return began if before.queue() == queue_label(event.queue_id) else at
            if isinstance(event, d.Offered) and before.state() != "handing_over":
                began = before.leg_began()
                return at if began is None and before.first_promise() is None else began
        return None

    def missed(self, promise: str) -> bool:
        return self.has(d.TargetMissed, promise=promise)

    def holder(self) -> tuple[str, str]:
        """(agent, "talks" or "wraps") of who is taken by it; ("", "") when nobody is."""
        agent, hold = "", ""
        for _, event in self.told:
            match event:
                case d.Assigned() | d.CustomerReturned():
                    agent, hold = event.agent_id or agent, "talks"
                case d.WrapUpStarted():
                    agent, hold = event.agent_id or agent, "wraps"
                case d.HandoverEnded():
                    hold = "talks"
                case d.HandoverStarted() if event.units_freed:
                    hold = ""
                case d.ContactQueued() | d.CustomerAwaited():
                    hold = ""
            if isinstance(event, d.CallbackPromised) and not self._upto(event).waits():
                hold = ""
        return (agent, hold) if hold else ("", "")

    def offered_to(self) -> str:
        for _, event in reversed(self.told):
            if isinstance(event, d.OfferEnded | d.Assigned | d.ContactQueued):
                return ""
            if isinstance(event, d.Offered):
                return event.agent_id
        return ""

    def adviser(self) -> str:
        for _, event in reversed(self.told):
            if isinstance(event, d.ConsultEnded | d.HelpPassedOn | d.ContactQueued):
                return ""
            if isinstance(event, d.ConsultStarted):
                return event.adviser_id
        return ""

    def handled_ms(self, now: int) -> int:
        """Time during which somebody was taken by it."""
        summed = 0
        for index, (at, _) in enumerate(self.told):
            until = self.told[index + 1][0] if index + 1 < len(self.told) else now
            part = Story(self.opened, self.opened_at, self.told[: index + 1])
            if part.holder()[1]:
                summed += until - at
        return summed

    def _before(self, index: int) -> Story:
        return Story(self.opened, self.opened_at, self.told[:index])

    def _upto(self, wanted: d.Event) -> Story:
        index = next(i for i, (_, event) in enumerate(self.told) if event is wanted)
        return self._before(index)


@dataclass
class Place:
    """One desk: open stories, presences, what is due and who left."""

    agent_ids: frozenset[str] = frozenset()
    stories: dict[str, Story] = field(default_factory=dict)
    presence: dict[str, Presence] = field(default_factory=dict)
    due: dict[tuple[str, str], int] = field(default_factory=dict)
    left: dict[str, int] = field(default_factory=dict)
    changes: dict[str, int] = field(default_factory=dict)
    revised: set[str] = field(default_factory=set)
    overloaded: bool = False

    def tell(self, event: d.Event | None, at: int) -> None:
        """The event has happened."""
        if isinstance(event, d.DeskApplied) and event.desk is not None:
            self.agent_ids = frozenset(agent.agent_id for agent in event.desk.agents)
        if isinstance(event, d.AgentPresenceChanged):
            self.presence[event.agent_id] = event.presence
        if isinstance(event, d.OverloadBegan | d.OverloadEnded):
            self.overloaded = isinstance(event, d.OverloadBegan)
        if isinstance(event, d.ChangeNoted):
            self.changes[event.change] = event.effective_at_ms or at
        if isinstance(event, d.Reopened) and event.first_contact:
            self.revised.add(event.case_id)
        if isinstance(event, d.ResolutionConfirmed):
            self.revised.discard(event.case_id)
        self._messages(event, at)
        contact_id = getattr(event, "contact_id", "")
        if isinstance(event, d.ContactOpened) and contact_id:
            self.left.pop(event.case_id, None)
            self.stories[contact_id] = Story(event, at)
        elif isinstance(event, d.Resolved | d.Closed | d.Abandoned):
            story = self.stories.pop(contact_id, None)
            if story is not None:
                self.due = {key: at for key, at in self.due.items() if key[1] != contact_id}
                if isinstance(event, d.Abandoned) and story.opened.case_id:
                    self.left[story.opened.case_id] = at
        elif contact_id in self.stories and event is not None:
            self.stories[contact_id].told.append((at, event))

    def _messages(self, event: d.Event | None, at: int) -> None:
        match event:
            case d.MessageDue():
                self.due.setdefault((update_kind(event.kind), event.contact_id), at)
            case d.CallbackPromised() if event.replaces_at_ms and event.contact_id in self.stories:
                self.due.setdefault(("revised_time", event.contact_id), at)
            case d.Answered() if event.kind == "ack":
                self.due.pop(("ack", event.contact_id), None)
            case d.OutboundNoted():
                self.due.pop((event.kind, event.contact_id), None)

    def agents(self) -> dict[str, int]:
        """How many agents are in each state."""
        found: dict[str, int] = {}
        talks = [story.holder() for story in self.stories.values()]
        offers = [story.offered_to() for story in self.stories.values()]
        advisers = [story.adviser() for story in self.stories.values()]
        idle = {
            Presence.AVAILABLE: "idle",
            Presence.BREAK: "break",
            Presence.NOT_READY: "not_ready",
            Presence.ENDING: "ending",
        }
        for agent_id in self.agent_ids:
            if (agent_id, "talks") in talks or agent_id in advisers:
                state = "contact"
            elif (agent_id, "wraps") in talks:
                state = "wrapup"
            elif agent_id in offers:
                state = "ringing"
            else:
                state = idle.get(self.presence.get(agent_id, Presence.OFFLINE), "")
            if state:
                found[state] = found.get(state, 0) + 1
        return found


def update_kind(kind: str) -> str:
    kind = "ack" if kind == "acknowledgement" else kind
    return kind if kind in ("ack", "callback_offer", "reminder", "update") else "other"


def open_stories(places: Iterable[Place]) -> list[Story]:
    return [story for place in places for story in place.stories.values()]
