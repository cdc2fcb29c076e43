"""What an agent's desktop is told: notices made from accepted decisions.

A session starts with what stands now (presence, open offers, assignments, requests to it and of its own) or, with a resume
position, with all that was missed; then it follows the tail. Telling is the tail's work, so whoever is told
something can find it in the log (engine.md 1.7).
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass

import grpc

from frontdesk.v1 import router_pb2
from services.contract import decisions as d
from services.contract.codec import to_message
from services.contract.facts import Presence
from services.router.explain import describe
from services.router.model import Contact, DeskState, PartitionState
from services.router.serving import sessions_requests as requests
from services.router.serving.cards import Cards
from services.router.serving.past_ends import PastEnds
from services.router.serving.switchboard import Feed, Lost, Switchboard, Told, holder
from services.router.tail import DecisionTail
from services.runtime.rpc import Refusal

Notice = router_pb2.AgentSessionResponse


class Session:
    """One agent's feed of notices."""

    def __init__(self, desk_id: str, agent_id: str, partition: int, generation: int, cards: Cards) -> None:
        self._desk_id, self._agent_id = desk_id, agent_id
        self._partition, self._generation, self._cards = partition, generation, cards

    async def notices(
        self,
        tail: DecisionTail,
        switchboard: Switchboard,
        feed: Feed,
        resume_after: router_pb2.Position | None,
        past: PastEnds | None = None,
        asked: requests.Open = requests.NOTHING_OPEN,
    ) -> AsyncIterator[Notice]:
        """Notices, for ever; raises the Refusal that ends the feed. Its feed must be listed already, in the same turn
        of the loop, so that nothing falls between the state and what follows it.

        A position ahead of this replica is waited for: nothing up to it is told again, unless what was missed is
        not remembered, so that all that stands is told.
        """
        state, offset = tail.state(self._partition), tail.next_offset(self._partition) - 1
        seen = _Seen.of(resume_after)
        missed = (
            None
            if resume_after is None
            else switchboard.missed(self._partition, self._desk_id, self._agent_id, seen.offset)
        )
        ready = Notice(ready=router_pb2.SessionReady(told_whole=missed is None))
        if missed is None:  # what was told may be older than what was seen: all after it is news again
            ends, known_after = self._ends(state, switchboard, seen, goes_on=resume_after is not None)
            known_after = offset if known_after is None else known_after
            self._place(ready.ready.ends_known_after, known_after)
            if resume_after is not None and past is not None:
                for notice in await self._past_ends(past, state, asked, ends, seen.offset, known_after):
                    yield notice
            seen = _Seen()
            for notice in ends:
                yield notice
            async for notice in self.standing(state):
                yield notice
        else:
            for told in missed:
                for notice in await self.of_record(state, told):
                    if seen.is_before(notice.position):
                        yield notice
        if resume_after is not None and missed is not None and resume_after.offset > offset:
            ready.position.CopyFrom(resume_after)
        else:
            self._place(ready.position, max(0, offset))
        yield ready
        while True:
            told, state = await feed.next()
            if told.offset > offset:
                self._still_known(state)
                for notice in await self.of_record(state, told):
                    if seen.is_before(notice.position):
                        yield notice

    async def standing(self, state: PartitionState) -> AsyncIterator[Notice]:
        """What stands now, oldest first; without positions, since a session cannot resume inside it.

        A contact that was told as released is not among it, though its owner is to call back.
        """
        desk = state.desks.get(self._desk_id)
        if desk is None:
            return
        agent = desk.agents.get(self._agent_id)
        presence = agent.presence if agent is not None else Presence.OFFLINE
        ends_at_ms = agent.shift_ends_at_ms if agent is not None else 0
        standing = d.AgentPresenceChanged(
            agent_id=self._agent_id, presence=presence, shift_ends_at_ms=ends_at_ms
        )
        yield self._notice(presence=to_message(standing))
        for offer in sorted(desk.offers.values(), key=lambda offer: (offer.expires_at_ms, offer.offer_id)):
            if offer.agent_id == self._agent_id:
                notice = await self._offer(desk, offer.offer_id, offer.contact_id, offer.expires_at_ms, "")
                if notice is not None:
                    yield notice
        owned = [contact for contact in desk.contacts.values() if holder(contact) == self._agent_id]
        for contact in sorted(owned, key=lambda contact: (contact.arrived_at_ms, contact.contact_id)):
            yield await self._assigned(desk, contact)
        for help_id in sorted(desk.helps):
            request = desk.helps[help_id]
            if request.adviser_id == self._agent_id:
                yield await self._help(desk, help_id)
        for asked in requests.standing(desk, self._agent_id):
            yield self._notice(request=asked)

    async def of_record(self, state: PartitionState, told: Told) -> list[Notice]:
        """What a record is to this agent; a notice's index is its event's place, so that no state moves it.

        Of the contacts lost with the record, those of which no event says why come last.
        """
        desk = state.desks.get(self._desk_id)
        notices = [] if desk is None else [await self._one(desk, event, told) for event in told.record.events]
        named = {notice.released.contact_id for notice in notices if notice is not None}
        lost: tuple[Lost, ...] = told.lost.get(self._agent_id, ())
        notices += [
            requests.release(one.contact_id, one.reason) for one in lost if one.contact_id not in named
        ]
        for index, notice in enumerate(notices, 1):
            if notice is not None:
                self._place(notice.position, told.offset, index)
        return [notice for notice in notices if notice is not None]

    def _ends(
        self, state: PartitionState, switchboard: Switchboard, seen: _Seen, *, goes_on: bool
    ) -> tuple[list[Notice], int | None]:
        """How the agent's requests ended after what was seen, and the offset after which none of them is left out; None
        where nothing was told here yet."""
        known_after, lately = switchboard.remembered(self._partition, self._desk_id, self._agent_id)
        desk = state.desks.get(self._desk_id)
        if desk is None or known_after is None:
            return [], known_after
        lately = [told for told in lately if told.offset > seen.offset]
        ends, left_out = requests.ends_lately(desk, self._agent_id, lately, goes_on=goes_on)
        return ends, known_after if left_out is None else left_out

    async def _past_ends(
        self,
        past: PastEnds,
        state: PartitionState,
        asked: requests.Open,
        ends: list[Notice],
        after: int,
        until: int,
    ) -> list[Notice]:
        """How what the desktop holds as open ended before what is remembered."""
        desk = state.desks.get(self._desk_id)
        if desk is None:
            return []
        gone = asked.without(desk, self._agent_id, ends)
        found = await past.of(self._partition, self._desk_id, self._agent_id, gone, after=after, until=until)
        return [end for end in found if requests.matters(desk, self._agent_id, end, goes_on=True)]

    def _place(self, position: router_pb2.Position, offset: int, index: int = 0) -> None:
        position.generation, position.partition = self._generation, self._partition
        position.offset, position.index = offset, index

    def _still_known(self, state: PartitionState) -> None:
        """Raises NOT_FOUND once a configuration has no such agent any more."""
        desk = state.desks.get(self._desk_id)
        if desk is not None and self._agent_id not in desk.agents:
            raise Refusal(
                grpc.StatusCode.NOT_FOUND,
                "AGENT_NOT_FOUND",
                "the desk's configuration has this agent no more",
            )

    async def _one(self, desk: DeskState, event: d.Event, told: Told) -> Notice | None:
        """The notice that an event is to this agent, if it is one.

        `told.about` says whom it concerned then: the desk may be the one of much later.
        """
        me, about = self._agent_id, told.about
        gained = {one.contact_id: one.epoch for one in told.gained.get(me, ())}
        match event:
            case d.Offered(agent_id=agent_id) if agent_id == me:
                why = describe(event)
                return await self._offer(desk, event.offer_id, event.contact_id, event.expires_at_ms, why)
            case d.OfferEnded(agent_id=agent_id) if agent_id == me:
                return self._notice(offer_ended=to_message(event))
            case d.Assigned(agent_id=agent_id) if agent_id == me and event.contact_id in desk.contacts:
                return await self._assigned(desk, desk.contacts[event.contact_id], event.epoch)
            case d.ConsultStarted(adviser_id=adviser_id) if adviser_id == me and event.help_id in desk.helps:
                return await self._help(desk, event.help_id)
            case d.ConsultEnded() if me in (event.adviser_id, about.get(event.help_id)):
                return self._notice(help_ended=to_message(event))
            case d.HelpPassedOn(adviser_id=adviser_id) if adviser_id == me:
                ended = d.ConsultEnded(help_id=event.help_id, contact_id=event.contact_id, adviser_id=me)
                return self._notice(help_ended=to_message(ended))
            case d.HelpRequested() | d.ConsultStarted() | d.HelpPassedOn() if about.get(event.help_id) == me:
                return self._asked(desk, event)
            case d.HandoverStarted(from_agent_id=agent_id) if agent_id == me:
                return self._asked(desk, event)
            case d.HandoverEnded(agent_id=agent_id) if agent_id == me:
                return self._notice(handover_ended=to_message(event))
            case d.AgentPresenceChanged(agent_id=agent_id) if agent_id == me:
                return self._notice(presence=to_message(event))
            case d.CustomerReturned() if event.contact_id in gained and event.contact_id in desk.contacts:
                epoch = gained[event.contact_id]  # it was this agent's all the time, who had gone away
                return await self._assigned(desk, desk.contacts[event.contact_id], epoch)
            case d.ContactContinued() if about.get(event.contact_id) == me and event.contact_id not in gained:
                return self._notice(continued=to_message(event))
            case _ if (gone := requests.released(event, me)) is not None:
                return requests.release(*gone)
        return None

    async def _offer(
        self, desk: DeskState, offer_id: str, contact_id: str, expires_at_ms: int, why: str
    ) -> Notice | None:
        contact = desk.contacts.get(contact_id)
        if contact is None:  # missed so long ago that the contact is forgotten
            return None
        offer = router_pb2.OfferNotice(offer_id=offer_id, why=why)
        offer.contact.CopyFrom(await self._cards.card(self._partition, contact, desk))
        offer.expires_at.FromMilliseconds(expires_at_ms)
        return self._notice(offer=offer)

    async def _assigned(self, desk: DeskState, contact: Contact, epoch: int | None = None) -> Notice:
        card = await self._cards.card(self._partition, contact, desk)
        number = contact.epoch if epoch is None else epoch
        return self._notice(assigned=router_pb2.AssignmentNotice(contact=card, epoch=number))

    async def _help(self, desk: DeskState, help_id: str) -> Notice:
        request = desk.helps[help_id]
        contact = desk.contacts[request.contact_id]
        notice = router_pb2.HelpNotice(
            help_id=help_id,
            contact=await self._cards.card(self._partition, contact, desk),
            kind=int(request.kind),  # type: ignore[arg-type] # an open enum's number
            owner_id=contact.owner_id,
        )
        if request.decision_wanted is not None:
            notice.decision_wanted.CopyFrom(to_message(request.decision_wanted))
        return self._notice(help=notice)

    def _asked(self, desk: DeskState, event: d.Event) -> Notice | None:
        asked = requests.of_event(desk, event)
        return None if asked is None else self._notice(request=asked)

    @staticmethod
    def _notice(**part: object) -> Notice:
        return Notice(**part)  # type: ignore[arg-type] # one part of the oneof


@dataclass(frozen=True, slots=True)
class _Seen:
    """What a desktop has seen: everything up to `offset`, and of the next record the notices up to `index`."""

    offset: int = -1
    index: int = 0

    @classmethod
    def of(cls, position: router_pb2.Position | None) -> _Seen:
        if position is None:
            return cls()
        return cls(position.offset - 1, position.index) if position.index else cls(position.offset)

    def is_before(self, position: router_pb2.Position) -> bool:
        return (position.offset, position.index) > (self.offset + 1, self.index)
