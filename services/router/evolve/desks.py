"""Desks: a configuration comes in force, and states are kept for the people it still names."""

from __future__ import annotations

from services.contract.decisions import DeskApplied
from services.router.evolve import learning
from services.router.evolve.errors import CorruptLog
from services.router.evolve.prices import regrouped
from services.router.limits import with_defaults
from services.router.model import AgentState, DeskState, changed
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
    return learning.applied(regrouped(desk, roster), before, at_ms)
