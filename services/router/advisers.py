"""Who may advise or approve: the least that suffices, so that the scarce stay free (routing.md 2.8, rule 1).

Of those who are free and may, the one whose time is cheapest joins, then the one of the lowest level; equals are
told apart by their ids. An approval needs a level that covers the need; advice a certificate, and a chance of
resolving the topic about as good as the owner's or better. The owner keeps the customer, so an adviser needs neither
the language nor to be new to the contact.
"""

from __future__ import annotations

from bisect import bisect_left

import numpy as np

from services.contract.decisions import WaitingReason
from services.contract.facts import HelpKind, Presence
from services.router.authority import covers
from services.router.crew import Crew
from services.router.eligibility import ABSENT, AVAILABLE, OFFLINE, Index, Mask
from services.router.model import Contact, DeskState, Help
from services.router.need import top_topic
from services.router.policy.cost import Floats

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
    at = crew.roster.topic_rows.get(topic_id)
    if at is None:
        return crew.roster.resolution(agent_id, topic_id)
    return round(float(crew.beliefs.resolves[at][agent_at(crew, agent_id)]), DIGITS)


def believed_at(crew: Crew, at: Index, topic_id: str) -> Floats:
    """The same of many agents, by their places in the roster."""
    row = crew.roster.topic_rows.get(topic_id)
    if row is None:
        ids = crew.roster.agent_ids
        return np.array([crew.roster.resolution(ids[place], topic_id) for place in at.tolist()])
    found: Floats = np.round(crew.beliefs.resolves[row][at], DIGITS)
    return found


def price_of(crew: Crew, agent_id: str) -> float:
    """lambda in force: what a second of the agent's time costs, in customer-seconds."""
    return round(float(crew.tariff.of_agent[agent_at(crew, agent_id)]), DIGITS)


def prices_at(crew: Crew, at: Index) -> Floats:
    """The same of many agents, by their places in the roster."""
    found: Floats = np.round(crew.tariff.of_agent[at], DIGITS)
    return found


def agent_at(crew: Crew, agent_id: str) -> int:
    """The agent's place in the arrays of beliefs and prices."""
    return bisect_left(crew.roster.agent_ids, agent_id)


def advisers(desk: DeskState, contact: Contact, request: Help, *, least_presence: int = AVAILABLE) -> Index:
    """Places in the roster of all who are able to answer the request, free or busy, as `may_advise` says of one."""
    crew = desk.crew
    roster, index = crew.roster, crew.roster.seats.index
    able: Mask = crew.presences >= least_presence
    for agent_id in (request.owner_id, *request.left_ids):
        if agent_id in index:
            able[index[agent_id]] = False
    if request.kind is HelpKind.APPROVAL:
        wanted, need = request.decision_wanted, contact.need
        if wanted is not None and wanted.decision_type:
            return np.flatnonzero(able & roster.covering(wanted))
        return np.flatnonzero(
            able & (roster.level_column(need.decision_type, need.currency) >= request.level)
        )
    topic = request.topic_id or top_topic(contact.need)
    if not topic:
        own = roster.levels("", "").get(request.owner_id, 0)
        return np.flatnonzero(able & (roster.level_column("", "") >= own))
    at = np.flatnonzero(able & roster.certified_for((topic,)))
    owner_skill = believed(crew, request.owner_id, topic) if request.owner_id in index else 0.0
    found: Index = at[believed_at(crew, at, topic) >= owner_skill - SKILL_SLACK]
    return found


def adviser_for(desk: DeskState, contact: Contact, request: Help) -> str | None:
    """The free agent who should join: lowest price, then lowest level, then lowest id."""
    roster, wanted = desk.crew.roster, request.decision_wanted
    at = advisers(desk, contact, request)
    at = at[desk.agents.units[at] + contact.units <= roster.capacity[at]]
    if not len(at):
        return None
    price = prices_at(desk.crew, at)
    at = at[price == price.min()]
    kind, currency = (wanted.decision_type, wanted.currency) if wanted is not None else ("", "")
    return roster.agent_ids[int(at[roster.level_column(kind, currency)[at].argmin()])]


def has_room(desk: DeskState, agent_id: str, units: int) -> bool:
    """True when the agent is available and the units fit beside what it holds."""
    agent = desk.agents.get(agent_id)
    if agent is None:
        return False
    capacity = desk.crew.roster.agents[agent_id].capacity_units
    return agent.presence is Presence.AVAILABLE and agent.used_units + units <= capacity


def why_nobody(desk: DeskState, contact: Contact, request: Help) -> WaitingReason:
    """Why nobody joined at once."""
    signed_in = desk.crew.presences != OFFLINE
    owner = desk.crew.roster.seats.index.get(request.owner_id, -1)
    if np.count_nonzero(signed_in) <= (owner >= 0 and bool(signed_in[owner])):
        return WaitingReason.NONE_LOGGED_IN
    if len(advisers(desk, contact, request, least_presence=ABSENT)):
        return WaitingReason.ALL_BUSY
    if request.kind is HelpKind.APPROVAL:
        return WaitingReason.NONE_WITH_AUTHORITY
    return WaitingReason.NONE_CERTIFIED
