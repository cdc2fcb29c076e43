"""Agents: presence, and the units that offers, contacts and consults hold.

Units in use never exceed an agent's capacity (routing.md 1, invariant 2): an event that would is impossible.
"""

# ruff: noqa: ARG001 - every event is evolved by a function of one signature

from __future__ import annotations

from services.contract.decisions import AgentMissedOffers, AgentPresenceChanged
from services.contract.facts import Presence
from services.router.evolve.errors import CorruptLog
from services.router.model import AgentState, DeskState, changed
from services.router.waiting import Kind
from services.router.workforce import Workforce

ASKED = "asked"
"""Reason of a presence that did not change: the agent is asked whether it is meant so."""
NOT_READY_MS = 120_000
"""Not ready for so long, an agent is asked (routing.md 1.2)."""


def presence_changed(desk: DeskState, event: AgentPresenceChanged, at_ms: int) -> DeskState:
    """Who comes and goes stands behind the others, and keeps the offers that it missed until it answers one or is not
    ready."""
    agent = agent_of(desk, event.agent_id)
    shift_ends_at_ms = event.shift_ends_at_ms
    if event.presence is agent.presence:  # only the end of the shift is news
        deadline_at_ms = 0 if event.reason == ASKED else agent.deadline_at_ms
        state = changed(agent, shift_ends_at_ms=shift_ends_at_ms, deadline_at_ms=deadline_at_ms)
        return changed(desk, agents=desk.agents.set(event.agent_id, state))
    state = changed(
        agent,
        presence=event.presence,
        missed_offers=0 if agent.presence is Presence.NOT_READY else agent.missed_offers,
        deadline_at_ms=at_ms + NOT_READY_MS if event.presence is Presence.NOT_READY else 0,
        idle_since_ms=at_ms if agent.used_units == 0 else agent.idle_since_ms,
        shift_ends_at_ms=shift_ends_at_ms,
    )
    crew = desk.crew.with_presence(event.agent_id, event.presence)
    return changed(desk, agents=desk.agents.set(event.agent_id, state), crew=crew)


def missed_offers(desk: DeskState, event: AgentMissedOffers, at_ms: int) -> DeskState:
    """The presence that follows is an event of its own."""
    agent_of(desk, event.agent_id)
    return desk


def agent_of(desk: DeskState, agent_id: str) -> AgentState:
    agent = desk.agents.get(agent_id)
    if agent is None:
        raise CorruptLog(f"no agent {agent_id}")
    return agent


def reserved(
    desk: DeskState, agent_id: str, units: int, *, kind: Kind | None = None, **lists: tuple[str, ...]
) -> Workforce:
    """The agents with units taken at one of them, for work of a kind; a call may come on top of e-mail."""
    agent = agent_of(desk, agent_id)
    used, soft = agent.used_units + units, agent.soft_units
    if kind is Kind.EMAIL:
        soft += units
    beside = soft if kind is Kind.CALL else 0
    if used - beside > desk.crew.roster.agents[agent_id].capacity_units:
        raise CorruptLog(f"agent {agent_id} would hold {used} units, more than its capacity")
    return desk.agents.set(agent_id, changed(agent, used_units=used, soft_units=soft, **lists))


def freed(
    agents: Workforce,
    agent_id: str,
    units: int,
    at_ms: int,
    *,
    kind: Kind | None = None,
    missed_offers: int | None = None,
    **lists: object,
) -> Workforce:
    """The agents with units given back by one of them; idle time starts when the last unit is back."""
    agent = agents[agent_id]
    used = agent.used_units - units
    soft = agent.soft_units - (units if kind is Kind.EMAIL else 0)
    if used < 0 or soft < 0:
        raise CorruptLog(f"agent {agent_id} would give back more units than it holds")
    return agents.set(
        agent_id,
        changed(
            agent,
            used_units=used,
            soft_units=soft,
            idle_since_ms=at_ms if used == 0 else agent.idle_since_ms,
            missed_offers=agent.missed_offers if missed_offers is None else missed_offers,
            **lists,
        ),
    )


def without(ids: tuple[str, ...], gone: str) -> tuple[str, ...]:
    """The ids without one that must be there."""
    if gone not in ids:
        raise CorruptLog(f"{gone} is not where it should be")
    return tuple([one for one in ids if one != gone])
