"""Who takes a contact best: the score of routing.md 2.2 without prices, in customer-seconds, lower is better.

    talk               T w                      the customer's time with the agent
    authority_missing  (1 - A) (75 + 120) w     calling somebody in: 75 s of a consult, 120 to keep it an exception
    not_resolved       (1 - q) 1200 w           a second contact
    idle               - 0.3 x idle seconds     fairness among agents
    continuity         - 36 w                   the agent who was asked for by name, or had it before

with A = P(need <= the agent's level), q = sum over topics of pi p [A + (1 - A) 0.6], T = v sum of pi AHT.
Sources: de Vericourt & Zhou 2005, Shumsky & Pinker 2003, Armony & Ward 2010, cited in routing.md.
"""

from __future__ import annotations

from collections.abc import Sequence

from services.contract.decisions import Candidate, Need, ScoreTerm
from services.router.model import AgentState, Contact, DeskState
from services.router.need import weights
from services.router.policy.settings import PolicySettings
from services.router.roster import Roster

NOT_RESOLVED_CS = 1200.0
CONSULT_SECONDS = 75.0
AUTHORITY_CALL_CS = 120.0
APPROVER_FREE = 0.6
"""phi: chance that an approver is free when asked."""
IDLE_CS = 0.3
"""kappa: per idle second of the agent."""
CONTINUITY_SHARE = 0.03
RUNNERS_UP = 2
DIGITS = 6


def customer_weight(contact: Contact, settings: PolicySettings) -> float:
    """w of routing.md 2.0: the factors of a loyal tier, a complaint and a repeat, multiplied up to a bound."""
    weight = settings.weight_loyal if contact.tier in settings.loyal_tiers else 1.0
    weight *= settings.weight_complaint if contact.complaint else 1.0
    weight *= settings.weight_repeat if contact.repeat else 1.0
    return round(min(settings.weight_max, weight), DIGITS)


def authority_covers(levels: dict[str, int], need: Need, agent_id: str) -> float:
    """A: chance that the agent's level covers the need."""
    reached = levels[agent_id]
    return sum(part.weight for part in need.levels if part.level <= reached) if need.levels else 1.0


def resolves(roster: Roster, need: Need, agent_id: str, covers: float) -> float:
    """q: expected chance that the agent resolves it, where a missing right is no failure if an approver is free."""
    skill = sum(weight * roster.resolution(agent_id, topic) for topic, weight in weights(roster, need))
    return skill * (covers + (1.0 - covers) * APPROVER_FREE)


def rank(desk: DeskState, contact: Contact, candidates: Sequence[str], now_ms: int) -> list[Candidate]:
    """The best first, with at most two runners-up; terms sum to the score.

    Ties: earlier idle_since, then agent id. An empty list for no candidates.
    """
    roster, need = desk.crew.roster, contact.need
    levels = roster.levels(need.decision_type, need.currency)
    parts, w = weights(roster, need), customer_weight(contact, desk.crew.settings)
    seconds = sum(weight * roster.handle_seconds(topic) for topic, weight in parts)
    scored = []
    for agent_id in candidates:
        agent = desk.agents[agent_id]
        covers = authority_covers(levels, need, agent_id)
        skill = sum(weight * roster.resolution(agent_id, topic) for topic, weight in parts)
        q = skill * (covers + (1.0 - covers) * APPROVER_FREE)
        talk = (roster.agents[agent_id].speed_factor or 1.0) * seconds
        terms = _terms(contact, agent, w, talk, covers, q, now_ms)
        score = round(sum(terms), DIGITS)
        scored.append((score, agent.idle_since_ms, agent_id, terms, q, covers, talk))
    scored.sort()
    return [_candidate(row) for row in scored[: 1 + RUNNERS_UP]]


def _terms(
    contact: Contact, agent: AgentState, w: float, talk: float, covers: float, q: float, now_ms: int
) -> tuple[float, ...]:
    """The terms, each rounded, in the order of _NAMES."""
    idle_seconds = max(0, now_ms - agent.idle_since_ms) / 1000 if agent.used_units == 0 else 0.0
    preferred = agent.agent_id in (contact.opened.preferred_agent_id, contact.last_owner_id)
    return (
        round(talk * w, DIGITS),
        round((1.0 - covers) * (CONSULT_SECONDS + AUTHORITY_CALL_CS) * w, DIGITS),
        round((1.0 - q) * NOT_RESOLVED_CS * w, DIGITS),
        round(-IDLE_CS * idle_seconds, DIGITS),
        round(-CONTINUITY_SHARE * NOT_RESOLVED_CS * w, DIGITS) if preferred else 0.0,
    )


_NAMES = ("talk", "authority_missing", "not_resolved", "idle", "continuity")
_Row = tuple[float, int, str, tuple[float, ...], float, float, float]


def _candidate(row: _Row) -> Candidate:
    score, _, agent_id, terms, q, covers, talk = row
    return Candidate(
        agent_id=agent_id,
        score=score,
        terms=tuple(
            [ScoreTerm(name=name, value=value) for name, value in zip(_NAMES, terms, strict=True) if value]
        ),
        resolves=round(q, DIGITS),
        authority_covers=round(covers, DIGITS),
        talk_seconds=round(talk, DIGITS),
    )
