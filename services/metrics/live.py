"""What stands now at one desk: open contacts, agents at work, messages that are due. Moved by accepted events only.

It serves what single events do not say (live_steps.py moves it): how many wait, who is idle, whether a promise was kept,
how long a contact was in agents' hands. The same records give the same state; it is stored with the rows (live_rows.py).
An event about a contact or agent that is unknown here changes nothing, so a log older than this module folds as well.
"""

from __future__ import annotations

import msgspec

from services.contract.desk import Desk
from services.contract.facts import Presence
from services.metrics.measure import OTHER

CONTACTS_MAX = 200_000
"""Open contacts of a desk that are followed; later ones are counted by their events only."""
DUE_MAX, LEFT_MAX, REVISED_MAX, CHANGES_MAX = 4_000, 4_000, 4_000, 20
"""Messages due, customers who left, cases that came back, and change marks of a desk that are remembered, the oldest forgotten
first. So beyond 4,000 cases that came back and still have their window open, the oldest is confirmed without moving
fcr_revised up; beyond 4,000 of the others, a message counts as not due, and a new attempt as a new contact."""
LEFT_MS_MAX = 86_400_000
"""Who comes back within a day after leaving tries again."""
WAITING = frozenset({"received", "queued", "offered"})
"""States in which a customer waits; ringing belongs to the wait."""
TALK, WRAP = "talks", "wraps"
MISSED = {"target": 1, "due": 2, "callback": 4}
_AT_WORK = {
    Presence.AVAILABLE: "idle",
    Presence.BREAK: "break",
    Presence.NOT_READY: "not_ready",
    Presence.ENDING: "ending",
}


class LiveContact(msgspec.Struct, array_like=True):
    """An open contact. Instants are epoch milliseconds, 0 for none."""

    channel: str
    queue: str
    """Label of the queue it is in or was in last; empty before the first."""
    case_id: str
    arrived_ms: int
    state: str = "received"
    queued_ms: int = 0
    """Since when this leg in a queue; kept when an offer fails."""
    leg: bool = False
    """It is in a leg whose end counts: a customer who left the line for a call-back is in none."""
    deadline_ms: int = 0
    owner: str = ""
    """Who has it, or has it next after a hand-over that fails."""
    hold: str = ""
    """How its owner is taken by it: "talks", "wraps" or not at all."""
    held_since_ms: int = 0
    held_ms: int = 0
    offered_to: str = ""
    adviser: str = ""
    had: bool = False
    """An agent had it."""
    answered: bool = False
    """A person has answered it."""
    heard: bool = False
    """It was answered or acknowledged."""
    target_ms: int = 0
    due_ms: int = 0
    promised_ms: int = 0
    """The first time that its call-back was promised for."""
    missed: int = 0
    """Promises missed, as bits."""

    def has_missed(self, promise: str) -> bool:
        return bool(self.missed & MISSED.get(promise, 0))

    @property
    def waits(self) -> bool:
        return self.state in WAITING

    @property
    def called_back(self) -> bool:
        """It waits for a call-back instead of on the line."""
        return self.promised_ms > 0


class LiveAgent(msgspec.Struct, array_like=True):
    """An agent of the configuration in force."""

    presence: int = Presence.OFFLINE
    talks: int = 0
    wraps: int = 0
    offers: int = 0
    helps: int = 0

    @property
    def state(self) -> str:
        """The busiest thing it does; empty when it is not at work."""
        if self.talks or self.helps:
            return "contact"
        if self.wraps:
            return "wrapup"
        if self.offers:
            return "ringing"
        return _AT_WORK.get(Presence(self.presence), "")


class LiveDesk(msgspec.Struct):
    """See the module."""

    contacts: dict[str, LiveContact] = {}
    agents: dict[str, LiveAgent] = {}
    due: dict[str, int] = {}
    """"<kind> <contact>" to when it was due."""
    left: dict[str, int] = {}
    """Case to when its customer left before an agent had the contact."""
    changes: dict[str, int] = {}
    """Mark to when it took effect."""
    revised: dict[str, int] = {}
    """Case that its first contact had settled to when it came back after all, until its window is over."""
    overloaded: bool = False
    accrued_ms: int = 0
    """Up to when agents' time is counted."""
    at_work: dict[str, int] = {}
    """Agents by state; derived from `agents`."""

    # --- what folds ask ------------------------------------------------------------------------------------

    def contact(self, contact_id: str) -> LiveContact | None:
        return self.contacts.get(contact_id)

    def was_due(self, kind: str, contact_id: str) -> int:
        """When the message was due that is sent now; 0 when it was not."""
        return self.due.get(f"{kind} {contact_id}", 0)

    # --- what folds move -----------------------------------------------------------------------------------

    def configured(self, desk: Desk) -> None:
        """Agents are those of the configuration; who is no longer named holds nothing any more."""
        named = {agent.agent_id for agent in desk.agents}
        for agent_id in [one for one in self.agents if one not in named]:
            self._counted(self.agents.pop(agent_id).state, -1)
        for agent in desk.agents:
            self.agents.setdefault(agent.agent_id, LiveAgent())

    def recount(self) -> None:
        """`at_work` from the agents."""
        self.at_work = {}
        for agent in self.agents.values():
            self._counted(agent.state, 1)

    def _counted(self, state: str, step: int) -> None:
        if state:
            self.at_work[state] = self.at_work.get(state, 0) + step

    def agent(self, agent_id: str, field: str, step: int) -> None:
        """The agent has one more or one less of something; nothing for one that is not configured."""
        agent = self.agents.get(agent_id)
        if agent is not None:
            before = agent.state
            setattr(agent, field, max(0, getattr(agent, field) + step))
            self.restated(before, agent.state)

    def restated(self, before: str, after: str) -> None:
        """An agent's state has changed."""
        if before != after:
            self._counted(before, -1)
            self._counted(after, 1)

    def hold(self, contact: LiveContact, hold: str, at_ms: int, owner: str = "") -> None:
        """The owner is taken by the contact in another way, or not any more; another owner takes it over."""
        owner = owner or contact.owner
        if contact.hold:
            self.agent(contact.owner, contact.hold, -1)
            contact.held_ms += at_ms - contact.held_since_ms
        if hold:
            self.agent(owner, hold, 1)
        contact.owner, contact.hold, contact.held_since_ms = owner, hold, at_ms

    def release(self, contact: LiveContact, at_ms: int) -> None:
        """Nobody is taken by the contact."""
        self.no_offer(contact)
        self.no_adviser(contact)
        self.hold(contact, "", at_ms)

    def no_offer(self, contact: LiveContact) -> None:
        """The contact is offered to nobody."""
        if contact.offered_to:
            self.agent(contact.offered_to, "offers", -1)
            contact.offered_to = ""

    def no_adviser(self, contact: LiveContact) -> None:
        """Nobody helps with the contact."""
        if contact.adviser:
            self.agent(contact.adviser, "helps", -1)
            contact.adviser = ""

    def sent(self, kind: str, contact_id: str) -> None:
        """The message is due no more."""
        self.due.pop(f"{kind} {contact_id}", None)


def update_kind(kind: str) -> str:
    """The kind by which a message that is due is sent."""
    sent = {"acknowledgement": "ack"}.get(kind, kind)
    return sent if sent in ("ack", "callback_offer", "reminder", "update") else OTHER


def remember(memory: dict[str, int], key: str, at_ms: int, entries_max: int) -> None:
    """Keeps the first instant of a key; beyond the bound the oldest key goes."""
    memory.setdefault(key, at_ms)
    if len(memory) > entries_max:
        del memory[next(iter(memory))]
