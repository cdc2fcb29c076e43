"""Whom of those with room a contact passes over: who is kept free for live work, and newcomers who had their share.

An agent is spare for deferrable work while enough are idle, and colleagues stay in each of its topics (routing.md 2.6).
"""

from __future__ import annotations

import numpy as np

from services.router.eligibility import Index
from services.router.model import Contact, DeskState
from services.router.policy.reserve import enough_idle, may_leave, may_leave_each
from services.router.preferred import preferred_agents
from services.router.waiting import Kind, Work

RESERVE_AGENTS_MIN = 20
"""A desk with fewer agents available keeps none of them in reserve."""
LIVE_LATELY_MS = 3_600_000
"""Nothing is kept in reserve where no live contact came for this long."""


def needs_reserve(desk: DeskState, work: Work, now_ms: int) -> bool:
    """True for deferrable work that no call interrupts, at a desk that has live work now and then."""
    if work.kind is Kind.EMAIL and desk.crew.settings.interrupt_email:
        return False
    return bool(desk.live_at_ms) and now_ms - desk.live_at_ms <= LIVE_LATELY_MS


def is_spare(desk: DeskState, agent_id: str) -> bool:
    """True when the desk can do without this agent for a while (routing.md 2.6); never while it is overloaded (2.9)."""
    if desk.overload_since_ms:
        return False
    settings, agents = desk.crew.settings, desk.agents
    everybody = desk.crew.available_count
    if everybody < RESERVE_AGENTS_MIN:
        return True
    if not enough_idle(agents.idle, everybody, settings.reserve_idle_count, settings.reserve_idle_share):
        return False
    at = agents.seats.index[agent_id]
    rows, level = agents.seats.topics[at], agents.seats.level[at]
    return may_leave(agents.idle_counts, rows, level, settings.reserve_agents)


def spared(desk: DeskState, chosen: Index) -> Index:
    """The same of many agents with room, by their places in the roster: those of them who are spare."""
    settings, agents = desk.crew.settings, desk.agents
    everybody = desk.crew.available_count
    if desk.overload_since_ms:
        return chosen[:0]
    if everybody < RESERVE_AGENTS_MIN:
        return chosen
    idle = int(np.count_nonzero(agents.units[chosen] == 0))
    if not enough_idle(idle, everybody, settings.reserve_idle_count, settings.reserve_idle_share):
        return chosen[:0]
    seats = agents.seats
    found: Index = chosen[
        may_leave_each(
            agents.idle_counts, seats.topic_rows[chosen], seats.levels[chosen], settings.reserve_agents
        )
    ]
    return found


def resting_places(desk: DeskState, contact: Contact) -> list[int]:
    """Places in the roster of newcomers who have had their share for now; whom the customer asked for is none."""
    index, asked = desk.crew.roster.seats.index, preferred_agents(contact)
    return [index[one] for one in desk.learned.held_ids if one in index and one not in asked]
