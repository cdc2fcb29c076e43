"""A desk is configured: checked whole, then in force for everything that follows; nothing is half applied."""

from __future__ import annotations

from services.contract.decisions import AgentPresenceChanged, DeskApplied, FactRejected
from services.contract.desk import Desk
from services.contract.facts import DeskConfigured, Presence
from services.router.decide.agents import release
from services.router.decide.placing import place, serve
from services.router.decide.step import Step
from services.router.desks.config import faults
from services.router.model import ContactState
from services.router.need import measured


def configured(step: Step, body: DeskConfigured, desk_id: str, *, known: bool) -> None:
    """Puts the configuration in force, or says everything that is wrong with it."""
    desk = body.desk
    found = ["desk is required"] if desk is None else [str(fault) for fault in faults(desk)]
    if desk is not None and desk.desk_id and desk.desk_id != desk_id:
        found.append("desk_id: must be the desk that the fact is sent to")
    if desk is None or found:
        reject(step, found)
        return
    if known:
        _send_home(step, {agent.agent_id for agent in desk.agents})
    step.emit(DeskApplied(desk=desk, needs_measured=known and _levels_move(step, desk)))
    step.accept(desk.desk_id)
    if known:
        _place_again(step)


def _levels_move(step: Step, desk: Desk) -> bool:
    """True when the new matrix gives what an open contact is known to need another level."""
    before = step.desk.desk
    return before.authority != desk.authority and any(
        contact.state is not ContactState.CLOSED and measured(contact.need, before, desk) is not contact.need
        for contact in step.desk.contacts.values()
    )


def reject(step: Step, found: list[str]) -> None:
    """Nothing is applied; the whole list of faults goes back to who sent it."""
    detail = "; ".join(found)[:DETAIL_LENGTH_MAX]
    step.emit(FactRejected(reason="invalid", detail=detail))
    step.refuse("malformed", detail)


DETAIL_LENGTH_MAX = 2_000


def _send_home(step: Step, named: set[str]) -> None:
    """People whom the new configuration no longer names give everything back first."""
    for agent_id in sorted(step.desk.agents):
        if agent_id not in named and step.agent(agent_id).presence is not Presence.OFFLINE:
            step.emit(
                AgentPresenceChanged(agent_id=agent_id, presence=Presence.OFFLINE, reason="not_configured")
            )
            release(step, agent_id, gone=True)


def _place_again(step: Step) -> None:
    """What waited under the old rules may be taken under the new ones."""
    for agent_id in step.crew.available:
        serve(step, agent_id)
    for contact_id in sorted(contact.contact_id for contact in step.desk.waiting_contacts()):
        if step.contact(contact_id).state is ContactState.QUEUED:
            place(step, contact_id)
