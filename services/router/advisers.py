"""Who may advise or approve: the least that suffices, so that the scarce stay free (routing.md 2.8, rule 1).

An approval goes to the lowest level that covers the need, advice to somebody certified who resolves the topic
about as well as the owner or better; equals are told apart by their ids. The owner keeps the customer, so an
adviser needs neither the language nor to be new to the contact.
"""

from __future__ import annotations

from services.contract.decisions import WaitingReason
from services.contract.facts import HelpKind, Presence
from services.router.authority import covers
from services.router.model import Contact, DeskState, Help
from services.router.need import top_topic

SKILL_SLACK = 0.02
"""How much worse than the owner an adviser may be, so that an equal counts."""


def may_advise(desk: DeskState, contact: Contact, request: Help, agent_id: str) -> bool:
    """True when the agent is able to answer the request, free or busy."""
    roster = desk.crew.roster
    if agent_id == request.owner_id:
        return False
    if request.kind is HelpKind.APPROVAL:
        wanted = request.decision_wanted
        if wanted is not None and wanted.decision_type:
            return covers(roster.desk, roster.agents[agent_id], wanted)
        levels = roster.levels(contact.need.decision_type, contact.need.currency)
        return levels[agent_id] >= request.level
    topic = request.topic_id or top_topic(contact.need)
    if not topic:
        return roster.levels("", "")[agent_id] >= roster.levels("", "").get(request.owner_id, 0)
    if topic not in roster.certified[agent_id]:
        return False
    owner_skill = roster.resolution(request.owner_id, topic) if request.owner_id in roster.agents else 0.0
    return roster.resolution(agent_id, topic) >= owner_skill - SKILL_SLACK


def adviser_for(desk: DeskState, contact: Contact, request: Help) -> str | None:
    """The free agent who should join: lowest level, then lowest id."""
    found = [
        (level_of(desk, request, agent_id), agent_id)
        for agent_id in desk.crew.available
        if has_room(desk, agent_id, contact.units) and may_advise(desk, contact, request, agent_id)
    ]
    return min(found)[1] if found else None


def has_room(desk: DeskState, agent_id: str, units: int) -> bool:
    """True when the agent is available and the units fit beside what it holds."""
    agent = desk.agents[agent_id]
    capacity = desk.crew.roster.agents[agent_id].capacity_units
    return agent.presence is Presence.AVAILABLE and agent.used_units + units <= capacity


def level_of(desk: DeskState, request: Help, agent_id: str) -> int:
    """The agent's level for what is to be decided; its highest one where nothing is named."""
    wanted = request.decision_wanted
    kind, currency = (wanted.decision_type, wanted.currency) if wanted is not None else ("", "")
    return desk.crew.roster.levels(kind, currency)[agent_id]


def why_nobody(desk: DeskState, contact: Contact, request: Help) -> WaitingReason:
    """Why nobody joined at once."""
    others = [agent_id for agent_id in desk.crew.signed_in if agent_id != request.owner_id]
    if not others:
        return WaitingReason.NONE_LOGGED_IN
    if any(may_advise(desk, contact, request, agent_id) for agent_id in others):
        return WaitingReason.ALL_BUSY
    if request.kind is HelpKind.APPROVAL:
        return WaitingReason.NONE_WITH_AUTHORITY
    return WaitingReason.NONE_CERTIFIED
