"""What an agent has in hand, by what the router told; so that nothing is told twice, whatever a reconnect repeats."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from frontdesk.v1 import decisions_pb2, router_pb2

Notice = router_pb2.AgentSessionResponse


@dataclass
class Hands:
    """Offers, contacts and requests for help, each by its id, as told last."""

    offers: dict[str, router_pb2.OfferNotice] = field(default_factory=dict)
    contacts: dict[str, router_pb2.AssignmentNotice] = field(default_factory=dict)
    helps: dict[str, router_pb2.HelpNotice] = field(default_factory=dict)
    agent_id: str = ""
    """Whose hands; the adviser of every request that they hold."""
    _standing: set[tuple[str, str]] = field(default_factory=set)
    """Told since the session was opened, before it is ready."""

    def opened(self) -> None:
        """A session is opened; what it tells before it is ready may be all that stands."""
        self._standing.clear()

    def take(self, notice: Notice) -> list[Notice]:
        """What is news to whoever follows: nothing that is in hand already; at `ready`, ends of what is so no more."""
        match notice.WhichOneof("message"):
            case "offer":
                return self._news(notice, "offer", self.offers, notice.offer.offer_id, notice.offer)
            case "assigned":
                assigned = notice.assigned
                self.offers = {
                    key: offer
                    for key, offer in self.offers.items()
                    if offer.contact.contact_id != assigned.contact.contact_id
                }
                return self._news(notice, "assigned", self.contacts, assigned.contact.contact_id, assigned)
            case "help":
                return self._news(notice, "help", self.helps, notice.help.help_id, notice.help)
            case "offer_ended":
                self.offers.pop(notice.offer_ended.offer_id, None)
            case "released":
                self.contacts.pop(notice.released.contact_id, None)
            case "help_ended":
                self.helps.pop(notice.help_ended.help_id, None)
            case "ready":
                return [*self._ends(), notice] if notice.ready.told_whole else [notice]
        return [notice]

    def _news(self, notice: Notice, kind: str, known: dict[str, Any], key: str, value: Any) -> list[Notice]:
        self._standing.add((kind, key))
        before = known.get(key)
        known[key] = value
        if before is None:
            return [notice]
        return [notice] if kind == "assigned" and before.epoch != value.epoch else []

    def _ends(self) -> list[Notice]:
        """All that stands was told: what was in hand and is not among it has ended meanwhile."""
        ends: list[Notice] = []
        for offer_id, offer in tuple(self.offers.items()):
            if ("offer", offer_id) not in self._standing:
                del self.offers[offer_id]
                ended = decisions_pb2.OfferEnded(offer_id=offer_id, contact_id=offer.contact.contact_id)
                ends.append(Notice(offer_ended=ended))
        for contact_id in tuple(self.contacts):
            if ("assigned", contact_id) not in self._standing:
                del self.contacts[contact_id]
                gone = router_pb2.ReleasedNotice(contact_id=contact_id, reason="agent_lost")
                ends.append(Notice(released=gone))
        for help_id, request in tuple(self.helps.items()):
            if ("help", help_id) not in self._standing:
                del self.helps[help_id]
                over = decisions_pb2.ConsultEnded(
                    help_id=help_id, contact_id=request.contact.contact_id, adviser_id=self.agent_id
                )
                ends.append(Notice(help_ended=over))
        return ends
