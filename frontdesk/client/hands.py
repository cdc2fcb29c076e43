"""What an agent has in hand, by what the router told; so that nothing is told twice, whatever a reconnect repeats."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from frontdesk.v1 import decisions_pb2, router_pb2

Notice = router_pb2.AgentSessionResponse


@dataclass
class Hands:
    """Offers, contacts and requests, each by its id, as told last."""

    offers: dict[str, router_pb2.OfferNotice] = field(default_factory=dict)
    contacts: dict[str, router_pb2.AssignmentNotice] = field(default_factory=dict)
    helps: dict[str, router_pb2.HelpNotice] = field(default_factory=dict)
    """What others ask of this agent."""
    requests: dict[str, router_pb2.RequestNotice] = field(default_factory=dict)
    """What this agent asked for and is open: help by its help_id, to pass a contact on by its contact_id."""
    agent_id: str = ""
    """Whose hands; the adviser of every request that they hold."""
    _standing: set[tuple[str, str]] = field(default_factory=set)
    """Told since the session was opened, before it is ready."""
    _ended: set[tuple[str, str, int]] = field(default_factory=set)
    """Ends that were told before a session was ready; one that breaks before that tells them again. A contact may be
    handed over more than once: its next deadline, set anew as each one ends, tells those ends apart."""

    def opened(self) -> None:
        """A session is opened; what it tells before it is ready may be all that stands."""
        self._standing.clear()

    def asked(self) -> tuple[list[str], list[str]]:
        """Open requests of this agent: for help by help_id, to pass a contact on by contact_id; the newest first."""
        newest = tuple(reversed(self.requests.items()))
        helps = [key for key, asked in newest if asked.help_id]
        return helps, [key for key, asked in newest if not asked.help_id]

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
            case "request":
                asked = notice.request
                return self._news(notice, "request", self.requests, asked.help_id or asked.contact_id, asked)
            case "handover_ended":
                ended = notice.handover_ended
                end = (ended.contact_id, ended.reason, ended.deadline_at.ToMilliseconds())
                return self._end(notice, ended.contact_id, end)
            case "offer_ended":
                self.offers.pop(notice.offer_ended.offer_id, None)
            case "released":
                contact_id = notice.released.contact_id
                self.requests.pop(contact_id, None)
                had = self.contacts.pop(contact_id, None) is not None
                return [notice] if had or notice.HasField("position") else []
            case "help_ended":
                self.helps.pop(notice.help_ended.help_id, None)
                help_id = notice.help_ended.help_id
                return self._end(notice, help_id, (help_id, "", 0))
            case "ready":
                ends = self._ends() if notice.ready.told_whole else []
                self._ended.clear()
                return [*ends, notice]
        return [notice]

    def _end(self, notice: Notice, key: str, end: tuple[str, str, int]) -> list[Notice]:
        """The end of a request; without a position it is of before the session, and may come with each attempt at one."""
        self.requests.pop(key, None)
        if notice.HasField("position"):
            return [notice]
        news = end not in self._ended
        self._ended.add(end)
        return [notice] if news else []

    def _news(self, notice: Notice, kind: str, known: dict[str, Any], key: str, value: Any) -> list[Notice]:
        self._standing.add((kind, key))
        before = known.get(key)
        known[key] = value
        if before is None or (kind == "request" and before != value):
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
        for key, asked in tuple(self.requests.items()):
            if ("request", key) not in self._standing:
                del self.requests[key]
                ends += self._end_unknown(asked)
        return ends

    def _end_unknown(self, asked: router_pb2.RequestNotice) -> list[Notice]:
        """A request that ended longer ago than the replica remembers: how it ended is not known (no result, no reason).

        One to pass a contact on that is no longer in hand has ended with the contact's release.
        """
        if asked.help_id:
            over = decisions_pb2.ConsultEnded(
                help_id=asked.help_id, contact_id=asked.contact_id, kind=asked.kind
            )
            return [Notice(help_ended=over)]
        if asked.contact_id not in self.contacts:
            return []
        kept = decisions_pb2.HandoverEnded(contact_id=asked.contact_id, agent_id=self.agent_id)
        return [Notice(handover_ended=kept)]
