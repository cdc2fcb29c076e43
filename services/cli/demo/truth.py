"""What really happened, as the players saw it: the check that the measures agree with.

Nothing here is read from decisions or measures. Arrivals are what was posted, answers are assignments that an
agent was told of, endings are replies that agents got. So a contact that was lost, told twice or miscounted
shows as a difference.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from services.cli.demo.stories import Delivery


@dataclass
class Played:
    """One contact as the players saw it."""

    delivery: Delivery
    hung_up: bool = False
    assigned_to: list[str] = field(default_factory=list)
    epochs: set[int] = field(default_factory=set)
    outcome: str = ""
    escalated: bool = False


@dataclass
class Ledger:
    """Everything the players saw; one for the whole morning."""

    contacts: dict[str, Played] = field(default_factory=dict)
    mentions: int = 0
    """Posted, whether a rule makes contacts of them or not."""
    consults: int = 0
    transfers: Counter[str] = field(default_factory=Counter)
    doubles: list[str] = field(default_factory=list)

    def arrived(self, contact_id: str, delivery: Delivery) -> None:
        self.contacts.setdefault(contact_id, Played(delivery))

    def assigned(self, contact_id: str, agent_id: str, epoch: int) -> None:
        """An agent was told that a contact is theirs; the same epoch at two agents is a double."""
        played = self.contacts[contact_id]
        if epoch in played.epochs:
            if played.assigned_to[-1] != agent_id:
                self.doubles.append(
                    f"{played.delivery.name}: epoch {epoch} at {played.assigned_to[-1]} and {agent_id}"
                )
            return
        played.epochs.add(epoch)
        played.assigned_to.append(agent_id)

    def transferred(self, contact_id: str, *, escalated: bool) -> None:
        self.transfers[contact_id] += 1
        self.contacts[contact_id].escalated |= escalated

    def ended(self, contact_id: str, outcome: str) -> None:
        """An agent's word on how a contact ended was accepted."""
        self.contacts[contact_id].outcome = outcome

    def closed(self, contact_id: str) -> None:
        """An agent was told that a contact is over; its own word, if it was accepted, says how."""
        self.contacts[contact_id].outcome = self.contacts[contact_id].outcome or "unstated"

    @property
    def open(self) -> list[str]:
        """Names of contacts that neither an agent closed nor their caller left."""
        return [
            p.delivery.name
            for p in self.contacts.values()
            if not p.outcome and not (p.hung_up and not p.assigned_to)
        ]

    def expected(self) -> dict[str, int]:
        """Counts that the measures must show, by their name in GetKpis."""
        played = list(self.contacts.values())
        answered = [p for p in played if p.assigned_to]
        closed = [p for p in played if p.outcome]
        abandoned = [p for p in played if p.hung_up and not p.assigned_to]
        first_closed = [p for p in closed if not p.delivery.repeat_of]  # who gave up is counted as abandoned
        return {
            "arrived": len(played),
            "answered": len(answered),
            "abandoned": len(abandoned),
            "offered": len(answered) + len(abandoned),
            "handled": len(closed),
            "fcr_provisional_closed": len(first_closed),
            "fcr_provisional_resolved": sum(p.outcome == "resolved" for p in first_closed),
            "escalated": sum(p.escalated for p in closed),
            "consults": self.consults,
            "transfers": sum(self.transfers.values()),
            "repeats": sum(bool(p.delivery.repeat_of) for p in played),
            "mentions": self.mentions,
            "mentions_addressed": sum(p.delivery.mention for p in played),
        }
