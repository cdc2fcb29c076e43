"""Who may advise or approve: the least that suffices, so that the scarce stay free (routing.md 2.8, rule 1).

Of those who are free and may, the one whose time is cheapest joins, then the one of the lowest level; equals are
told apart by their ids. An approval needs a level that covers the need; advice a certificate, and a chance of
resolving the topic about as good as the owner's or better. The owner keeps the customer, so an adviser needs neither
the language nor to be new to the contact.
"""

from __future__ import annotations

from bisect import bisect_left

from services.contract.decisions import WaitingReason
from services.contract.facts import HelpKind, Presence
from services.router.authority import covers
from services.router.crew import Crew
from services.router.model import Contact, DeskState, Help
from services.router.need import top_topic

SKILL_SLACK = 0.02
"""How much worse than the owner an adviser may be, so that an equal counts."""
DIGITS = 9
"""Of prices and beliefs before they are compared."""


def may_advise(desk: DeskState, contact: Contact, request: Help, agent_id: str) -> bool:
    """True when the agent is able to answer the request, free or busy."""
    roster = desk.crew.roster
    if agent_id == request.owner_id or agent_id in request.left_ids:
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
    owner_skill = believed(desk.crew, request.owner_id, topic) if request.owner_id in roster.agents else 0.0
    return believed(desk.crew, agent_id, topic) >= owner_skill - SKILL_SLACK


def believed(crew: Crew, agent_id: str, topic_id: str) -> float:
    """p in force: the chance that the agent resolves the topic, rounded so that last bits never matter."""
    at = topic_at(crew, topic_id)
    if at is None:
        return crew.roster.resolution(agent_id, topic_id)
    return round(float(crew.beliefs.resolves[at][agent_at(crew, agent_id)]), DIGITS)


def price_of(crew: Crew, agent_id: str) -> float:
    """lambda in force: what a second of the agent's time costs, in customer-seconds."""
    return round(float(crew.tariff.of_agent[agent_at(crew, agent_id)]), DIGITS)


def agent_at(crew: Crew, agent_id: str) -> int:
    """The agent's place in the arrays of beliefs and prices."""
    return bisect_left(crew.roster.agent_ids, agent_id)


def topic_at(crew: Crew, topic_id: str) -> int | None:
    """The topic's place in the beliefs; None for one that the desk does not know."""
    topics = crew.roster.desk.topics
    return next((at for at, topic in enumerate(topics) if topic.topic_id == topic_id), None)


def adviser_for(desk: DeskState, contact: Contact, request: Help) -> str | None:
    """The free agent who should join: lowest price, then lowest level, then lowest id."""
    found = [
        (price_of(desk.crew, agent_id), level_of(desk, request, agent_id), agent_id)
        for agent_id in desk.crew.available
        if has_room(desk, agent_id, contact.units) and may_advise(desk, contact, request, agent_id)
    ]
    return min(found)[2] if found else None


def has_room(desk: DeskState, agent_id: str, units: int) -> bool:
    """True when the agent is available and the units fit beside what it holds."""
    agent = desk.agents.get(agent_id)
    if agent is None:
        return False
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
