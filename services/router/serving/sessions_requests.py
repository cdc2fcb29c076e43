"""What an agent asked for: advice, an approval, or to pass a contact on; as it stands, and how it ended.

A session that goes on is told every step. One that starts with all that stands is told what is open, and before that
how requests ended, as far as this replica remembers; `SessionReady.ends_known_after` says how far that is. Those that the
desktop names as open are looked for in the log before that (`past_ends.py`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from frontdesk.v1 import router_pb2
from services.contract import decisions as d
from services.contract.codec import to_message
from services.router.model import DeskState, Help
from services.router.serving.switchboard import Told, holder

ENDS_TOLD_MAX = 100
"""Ends told at the start of a session, the newest."""
RequestNotice = router_pb2.RequestNotice
Notice = router_pb2.AgentSessionResponse


def standing(desk: DeskState, agent_id: str) -> Iterator[RequestNotice]:
    """An agent's open requests, in the order of their ids."""
    for help_id in sorted(desk.helps):
        if desk.helps[help_id].owner_id == agent_id:
            yield of_help(desk.helps[help_id])
    for contact_id in sorted(desk.handover_ids):
        contact = desk.contacts[contact_id]
        if contact.owner_id == agent_id and contact.handover is not None:
            reason = int(contact.handover.reason)
            yield RequestNotice(contact_id=contact_id, transfer_reason=reason)  # type: ignore[arg-type] # open enum


def of_help(request: Help | d.HelpRequested) -> RequestNotice:
    """A request for help as it stands, or as it was asked for."""
    notice = RequestNotice(
        help_id=request.help_id,
        contact_id=request.contact_id,
        kind=int(request.kind),  # type: ignore[arg-type] # an open enum's number
        adviser_id=request.adviser_id if isinstance(request, Help) else "",
    )
    if request.decision_wanted is not None:
        notice.decision_wanted.CopyFrom(to_message(request.decision_wanted))
    return notice


def of_event(desk: DeskState, event: d.Event) -> RequestNotice | None:
    """What an event makes of a request of whom it is about; None for one that is over since."""
    match event:
        case d.HelpRequested():
            return of_help(event)
        case d.ConsultStarted() | d.HelpPassedOn() if event.help_id in desk.helps:
            notice = of_help(desk.helps[event.help_id])
            notice.adviser_id = event.adviser_id if isinstance(event, d.ConsultStarted) else ""
            return notice
        case d.HandoverStarted():
            reason = int(event.reason)
            return RequestNotice(contact_id=event.contact_id, transfer_reason=reason)  # type: ignore[arg-type] # open enum
    return None


def released(event: d.Event, agent_id: str) -> tuple[str, str] | None:
    """The contact that an event takes from an agent, and the reason as it is told."""
    match event:
        case d.Transferred(from_agent_id=owner_id) if owner_id == agent_id:
            return event.contact_id, "transferred"
        case d.Resolved(agent_id=owner_id) | d.Closed(agent_id=owner_id) if owner_id == agent_id:
            return event.contact_id, "closed"
        case d.CallbackPromised(owner_id=owner_id) if owner_id == agent_id:
            return event.contact_id, "promised"
    return None


def ends_lately(
    desk: DeskState, agent_id: str, lately: Sequence[Told], *, goes_on: bool
) -> tuple[list[Notice], int | None]:
    """How an agent's requests ended with the records that concerned it, the newest ENDS_TOLD_MAX, without positions;
    and the offset of the newest record whose ends are too many, if there is one.

    Of a session that goes on, also why a contact is no longer its agent's; of a new one, which knows of nothing that
    is over, only ends about contacts that it has.
    """
    found: list[Notice] = []
    for told in reversed(lately):
        ends = [one for one in _ends(told, agent_id) if matters(desk, agent_id, one, goes_on=goes_on)]
        if len(found) + len(ends) > ENDS_TOLD_MAX:
            return found[::-1], told.offset
        found += reversed(ends)
    return found[::-1], None


def _ends(told: Told, agent_id: str) -> Iterator[Notice]:
    named = set()
    for event in told.record.events:
        match event:
            case d.ConsultEnded() if told.about.get(event.help_id) == agent_id != event.adviser_id:
                yield Notice(help_ended=to_message(event))
            case d.HandoverEnded(agent_id=owner_id) if owner_id == agent_id:
                yield Notice(handover_ended=to_message(event))
            case _ if (gone := released(event, agent_id)) is not None:
                named.add(gone[0])
                yield release(*gone)
    for lost in told.lost.get(agent_id, ()):
        if lost.contact_id not in named:
            yield release(lost.contact_id, lost.reason)


def release(contact_id: str, reason: str) -> Notice:
    return Notice(released=router_pb2.ReleasedNotice(contact_id=contact_id, reason=reason))


class Open(NamedTuple):
    """Requests that a desktop holds as open."""

    help_ids: frozenset[str] = frozenset()
    handover_ids: frozenset[str] = frozenset()
    """Contacts that it asked to pass on."""

    def without(self, desk: DeskState, agent_id: str, ends: Sequence[Notice]) -> Open:
        """Those that neither stand nor are among these ends."""
        stand = list(standing(desk, agent_id))
        helps = {asked.help_id for asked in stand} | {end.help_ended.help_id for end in ends}
        over = {end.handover_ended.contact_id for end in ends} | {end.released.contact_id for end in ends}
        on = {asked.contact_id for asked in stand if not asked.help_id} | over
        return Open(self.help_ids - helps, self.handover_ids - on)

    def end(self, event: d.Event, agent_id: str) -> Notice | None:
        """How an event ends one of them, an agent's; whose a request for help is only the desktop says."""
        match event:
            case d.ConsultEnded() if event.help_id in self.help_ids and event.adviser_id != agent_id:
                return Notice(help_ended=to_message(event))
            case d.HandoverEnded(agent_id=owner_id) if owner_id == agent_id:
                known = event.contact_id in self.handover_ids
                return Notice(handover_ended=to_message(event)) if known else None
        gone = released(event, agent_id)
        return release(*gone) if gone is not None and gone[0] in self.handover_ids else None


NOTHING_OPEN = Open()


def request_named(event: d.Event) -> str:
    """The id under which a desktop holds the request that an event may end; empty when it ends none."""
    return getattr(event, "help_id", "") or getattr(event, "contact_id", "")


def matters(desk: DeskState, agent_id: str, end: Notice, *, goes_on: bool) -> bool:
    """False for an end that says nothing to this agent's desktop, as what stands now."""
    kind = str(end.WhichOneof("message"))
    has_it = holder(desk.contacts.get(getattr(end, kind).contact_id)) == agent_id
    return goes_on and not has_it if kind == "released" else goes_on or has_it
