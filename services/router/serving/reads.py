"""What systems and people ask of the folded state. Every answer names the position that it reflects."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from typing import Any

import grpc

from frontdesk.v1 import router_pb2
from services.contract.codec import to_message
from services.contract.facts import Channel, Presence
from services.router.model import Case, Contact, DeskState
from services.router.replica import Replica
from services.router.serving import estimate, linking
from services.router.serving.cards import Cards
from services.router.serving.requests import Context, check_ids
from services.router.serving.sessions import Session
from services.runtime.rpc import Refusal, answer_seconds, invalid

PAGE_SIZE_DEFAULT, PAGE_SIZE_MAX = 100, 1_000
PAGE_BYTES_MAX = 1_000_000
"""Of agents with what they have in hand, so that an answer stays below what callers take (4 MiB)."""


class Reads:
    """One object as it stands, or the line."""

    def __init__(self, replica: Replica, cards: Cards) -> None:
        self._replica, self._cards = replica, cards

    async def contact(
        self, request: router_pb2.GetContactRequest, context: Context
    ) -> router_pb2.GetContactResponse:
        check_ids(desk_id=request.desk_id, contact_id=request.contact_id)
        desk, position = await self._reached(request, context)
        contact = _contact(desk, request.contact_id)
        response = router_pb2.GetContactResponse(
            contact_id=contact.contact_id,
            case_id=contact.case_id,
            state=int(contact.state),  # type: ignore[arg-type] # the same numbers, by a test
            owner_id=contact.owner_id,
            offered_to_id=contact.offered_to_id,
            prior_agent_ids=contact.prior_agent_ids,
            transfers=contact.hops,
            epoch=contact.epoch,
            outcome=int(contact.outcome),  # type: ignore[arg-type] # an open enum's number
            channel=int(contact.channel),  # type: ignore[arg-type] # an open enum's number
            queue_id=contact.queue_id,
            need=to_message(contact.need),
            position=position,
            customer_links=linking.customer_links(desk, contact.opened.customer_key),
        )
        response.arrived_at.FromMilliseconds(contact.arrived_at_ms)
        if contact.deadline_at_ms:
            response.deadline_at.FromMilliseconds(contact.deadline_at_ms)
        return response

    async def desk(self, request: router_pb2.GetDeskRequest, context: Context) -> router_pb2.GetDeskResponse:
        check_ids(desk_id=request.desk_id)
        desk, position = await self._reached(request, context)
        return router_pb2.GetDeskResponse(desk=to_message(desk.desk), position=position)

    async def case(self, request: router_pb2.GetCaseRequest, context: Context) -> router_pb2.GetCaseResponse:
        check_ids(desk_id=request.desk_id, case_id=request.case_id)
        desk, position = await self._reached(request, context)
        case: Case | None = desk.cases.get(request.case_id)
        if case is None:
            raise Refusal(
                grpc.StatusCode.NOT_FOUND,
                "CASE_NOT_FOUND",
                "no such case at this desk, or its repeat window is over and only the log has it",
            )
        response = router_pb2.GetCaseResponse(
            case_id=case.case_id,
            topic_id=case.topic_id,
            open_contact_ids=case.open_contact_ids,
            first_contact_id=case.first_contact_id,
            agent_id=case.agent_id,
            returned=case.returned,
            customer_links=linking.customer_links(desk, case.customer_key),
            position=position,
        )
        instants = (
            (response.opened_at, case.opened_at_ms),
            (response.resolved_at, case.resolved_at_ms),
            (response.closed_at, case.closed_at_ms),
            (response.repeat_window_ends_at, case.deadline_at_ms),
        )
        for field, at_ms in instants:
            if at_ms:
                field.FromMilliseconds(at_ms)
        return response

    async def agent(
        self, request: router_pb2.GetAgentRequest, context: Context
    ) -> router_pb2.GetAgentResponse:
        """What stands at the start of a session, in one answer."""
        check_ids(desk_id=request.desk_id, agent_id=request.agent_id)
        _, position = await self._reached(request, context)
        self._replica.agent_known(request.desk_id, request.agent_id)
        partition, state = self._replica.state(request.desk_id)
        session = Session(request.desk_id, request.agent_id, partition, state.generation, self._cards)
        response = router_pb2.GetAgentResponse(position=position)
        async for notice in session.standing(state):
            match notice.WhichOneof("message"):
                case "presence":
                    response.presence.CopyFrom(notice.presence)
                case "offer":
                    response.offers.append(notice.offer)
                case "assigned":
                    response.assigned.append(notice.assigned)
                case "help":
                    response.helps.append(notice.help)
                case "request":
                    response.requests.append(notice.request)
        return response

    async def wait(
        self, request: router_pb2.EstimateWaitRequest, context: Context
    ) -> router_pb2.EstimateWaitResponse:
        """NOT_WAITING for a contact that somebody has, or that is over."""
        check_ids(desk_id=request.desk_id)
        if request.contact_id:
            check_ids(contact_id=request.contact_id)
        elif not request.channel:
            raise invalid({"channel": "is required where no contact_id is given"})
        desk, position = await self._reached(request, context)
        if request.contact_id:
            found = estimate.of_contact(desk, _contact(desk, request.contact_id))
            if found is None:
                raise Refusal(
                    grpc.StatusCode.FAILED_PRECONDITION,
                    "NOT_WAITING",
                    "the contact does not wait for an agent",
                )
        else:
            work = estimate.possible_work(
                desk, Channel(request.channel), request.medium, request.topic_id, request.language
            )
            found = estimate.of_work(desk, work)
        response = router_pb2.EstimateWaitResponse(
            waiting_ahead=found.ahead,
            agents_available=found.available,
            agents_free=found.free,
            position=position,
        )
        if found.seconds is not None:
            response.expected_wait.FromMilliseconds(round(found.seconds * 1000))
        return response

    async def waiting(
        self, request: router_pb2.ListWaitingRequest, context: Context
    ) -> router_pb2.ListWaitingResponse:
        check_ids(desk_id=request.desk_id)
        size = _page_size(request.page_size)
        after = _after(request.page_token)
        desk, position = await self._reached(request, context)
        waiting = sorted(desk.waiting_contacts(), key=_place)
        start = 0 if after is None else sum(_place(contact) <= after for contact in waiting)
        page = waiting[start : start + size]
        response = router_pb2.ListWaitingResponse(total_size=len(waiting), position=position)
        for contact in page:
            row = response.contacts.add(
                contact_id=contact.contact_id,
                queue_id=contact.queue_id,
                channel=int(contact.channel),
                reason=int(contact.waiting_reason),
                language=contact.language,
            )
            row.arrived_at.FromMilliseconds(contact.arrived_at_ms)
        if page and start + size < len(waiting):
            response.next_page_token = f"{page[-1].arrived_at_ms}/{page[-1].contact_id}"
        return response

    async def agents(
        self, request: router_pb2.ListAgentsRequest, context: Context
    ) -> router_pb2.ListAgentsResponse:
        check_ids(desk_id=request.desk_id)
        size = _page_size(request.page_size)
        desk, position = await self._reached(request, context)
        ids: Sequence[str] = desk.crew.roster.agent_ids  # in order
        if request.at_work:
            ids = [one for one in ids if _presence(desk, one) is not Presence.OFFLINE]
        start = bisect_right(ids, request.page_token) if request.page_token else 0
        response = router_pb2.ListAgentsResponse(total_size=len(ids), position=position)
        left = PAGE_BYTES_MAX
        for one in ids[start : start + size]:
            row = _at_work(desk, one)
            left -= row.ByteSize()
            if left < 0 and response.agents:
                break
            response.agents.append(row)
        if response.agents and start + len(response.agents) < len(ids):
            response.next_page_token = response.agents[-1].agent_id
        return response

    async def _reached(self, request: Any, context: Context) -> tuple[DeskState, router_pb2.Position]:
        """The desk once the position that the request demands is folded, and the position that it stands at."""
        if request.HasField("min_position"):  # the desk may be configured on the way there
            await self._replica.reach(request.desk_id, request.min_position, seconds=answer_seconds(context))
        partition, _ = self._replica.state(request.desk_id)
        return self._replica.desk(request.desk_id), self._replica.now(partition)


def _page_size(asked: int) -> int:
    if asked < 0:
        raise invalid({"page_size": "must not be negative"})
    return min(asked or PAGE_SIZE_DEFAULT, PAGE_SIZE_MAX)


def _presence(desk: DeskState, agent_id: str) -> Presence:
    agent = desk.agents.get(agent_id)
    return Presence.OFFLINE if agent is None else agent.presence


def _at_work(desk: DeskState, agent_id: str) -> router_pb2.AgentAtWork:
    """Who never signed in has no state, and is offline."""
    capacity = desk.crew.roster.agents[agent_id].capacity_units
    row = router_pb2.AgentAtWork(
        agent_id=agent_id,
        presence=int(_presence(desk, agent_id)),  # type: ignore[arg-type] # an open enum's number
        capacity_units=capacity,
    )
    agent = desk.agents.get(agent_id)
    if agent is None:
        return row
    row.used_units, row.missed_offers = agent.used_units, agent.missed_offers
    row.contact_ids.extend(agent.contact_ids)
    row.offered_contact_ids.extend(desk.offers[one].contact_id for one in agent.offer_ids)
    row.helped_contact_ids.extend(desk.helps[one].contact_id for one in agent.help_ids)
    if agent.presence is not Presence.OFFLINE and not agent.used_units and agent.idle_since_ms:
        row.idle_since.FromMilliseconds(agent.idle_since_ms)
    if agent.shift_ends_at_ms:
        row.shift_ends_at.FromMilliseconds(agent.shift_ends_at_ms)
    return row


def _contact(desk: DeskState, contact_id: str) -> Contact:
    contact = desk.contacts.get(contact_id)
    if contact is None:
        raise Refusal(
            grpc.StatusCode.NOT_FOUND,
            "CONTACT_NOT_FOUND",
            "no such contact at this desk, or it was closed so long ago that only the log has it",
        )
    return contact


def _place(contact: Contact) -> tuple[int, str]:
    return contact.arrived_at_ms, contact.contact_id


def _after(page_token: str) -> tuple[int, str] | None:
    """The place of the last contact of the page before."""
    if not page_token:
        return None
    arrived, _, contact_id = page_token.partition("/")
    if not (arrived.isascii() and arrived.isdecimal() and len(arrived) <= 20):
        raise invalid({"page_token": "is not one that this method gave"})
    return int(arrived), contact_id
