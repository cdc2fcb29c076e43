"""Desks: a configuration comes in force, and states are kept for the people it still names."""

from __future__ import annotations

from services.contract.decisions import DeskApplied
from services.contract.desk import Desk
from services.router.evolve import learning
from services.router.evolve.contacts import with_contact
from services.router.evolve.errors import CorruptLog
from services.router.evolve.prices import regrouped
from services.router.evolve.work import into_lane, out_of_lane
from services.router.limits import with_defaults
from services.router.model import AgentState, ContactState, DeskState, changed
from services.router.need import measured
from services.router.roster import Roster
from services.router.workforce import Workforce


def applied(desk: DeskState | None, event: DeskApplied, at_ms: int) -> DeskState:
    """People who are no longer named must hold nothing any more."""
    if event.desk is None:
        raise CorruptLog("a configuration without a desk")
    roster = Roster(event.desk)
    limits = with_defaults(event.desk.limits)
    before = desk
    if desk is None:
        desk = DeskState(event.desk, limits)
    known = desk.agents
    states = {a: known.get(a) or AgentState(a, idle_since_ms=at_ms) for a in roster.agent_ids}
    for agent_id in sorted(desk.agents):
        if agent_id not in states and desk.agents[agent_id].used_units:
            raise CorruptLog(f"agent {agent_id} leaves the desk while holding contacts")
    presences = {agent_id: states[agent_id].presence for agent_id in roster.agent_ids}
    crew = type(desk.crew)(roster, presences)
    agents = Workforce.of(roster.seats, states)
    desk = changed(desk, desk=event.desk, limits=limits, agents=agents, crew=crew)
    desk = learning.applied(regrouped(desk, roster), before, at_ms)
    return _measured(desk, before.desk) if before is not None and event.needs_measured else desk


def _measured(desk: DeskState, before: Desk) -> DeskState:
    """Open contacts by the new authority matrix; who waits does so in the lane of the level that he needs now."""
    for contact_id in sorted(desk.contacts):
        contact = desk.contacts[contact_id]
        need = measured(contact.need, before, desk.desk)
        if contact.state is ContactState.CLOSED or need is contact.need:
            continue
        moved = changed(contact, need=need)
        if contact.lane is None:
            desk = with_contact(desk, moved)
            continue
        desk = changed(desk, **out_of_lane(desk, contact))
        moved = changed(moved, lane=desk.crew.ledger.lane_of(moved))
        desk = with_contact(desk, moved, **into_lane(desk, moved))
    return desk
