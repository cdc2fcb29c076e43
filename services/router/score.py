"""Who takes a contact best: the score of routing.md 2.2, in customer-seconds, lower is better.

    talk               T w                        the customer's time with the agent
    price              T lambda                   the agent's time, for the next contact
    authority_missing  (1 - A) [t_c (w + lambda + lambda_max) + e w]
    not_resolved       (1 - q) F0 w               a second contact
    idle               - kappa x idle seconds     fairness among agents
    continuity         - 3 % of F0 w              the agent who was asked for by name, or had it before
    exploration        - dp [A + (1 - A) phi] F0 w    noise dp on p, so that beliefs go on being tested (policy/noise.py)

The first four are the cost C (policy/cost.py), which the hold test and a freed agent compare; all of them are the score
S, which ranks free agents only.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import numpy as np

from services.contract.decisions import Candidate, Need, ScoreTerm
from services.router.crew import Crew
from services.router.eligibility import Index
from services.router.model import Contact, DeskState
from services.router.need import weights
from services.router.policy.cost import MICRO, TERMS, Costs
from services.router.policy.settings import PolicySettings
from services.router.preferred import preferred_agents
from services.router.roster import Roster

RUNNERS_UP = 2
DIGITS = 6
TOLD_MAX = 64
"""Agents of whom each cost remembers what is said."""


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
    return skill * (covers + (1.0 - covers) * roster.settings.approver_free_first)


@dataclass(frozen=True, eq=False, slots=True)
class Slate:
    """One contact at some agents: where they stand, and what it costs there."""

    at: Index
    """Positions in the roster, rising."""
    places: Index
    """Of each, its row in the costs."""
    costs: Costs


def rank(desk: DeskState, contact: Contact, at: Index, now_ms: int) -> list[Candidate]:
    """The best of the agents at these places first, with at most two runners-up; an empty list for none."""
    crew = desk.crew
    weight = customer_weight(contact, crew.settings)
    costs = crew.ledger.costs_at(at, contact.need, weight)
    return ranked(desk, contact, Slate(at, np.arange(len(at)), costs), weight, now_ms)


def ranked(
    desk: DeskState, contact: Contact, slate: Slate, weight: float, now_ms: int, *, noise_seed: int = 0
) -> list[Candidate]:
    """The best of a slate first, with at most two runners-up; terms sum to the score.

    Ties: earlier idle_since, then agent id. `noise_seed` of 0 explores nothing.
    """
    at, places = slate.at, slate.places
    if not len(at):
        return []
    crew, agents = desk.crew, desk.agents
    score = slate.costs.total[places]
    since = agents.idle_since[at]
    kappa = round(crew.settings.idle_cs * 1000)  # micro-cs per ms
    idle = np.where(agents.units[at] == 0, np.maximum(now_ms - since, 0), 0) * kappa
    score = score - idle
    bonus = round(crew.settings.continuity_share * crew.settings.not_resolved_cs * weight * MICRO)
    liked = _liked(crew, contact, at) if bonus else []
    for row in liked:
        score[row] -= bonus
    extra = _exploration(desk.crew, contact.need, slate, weight, noise_seed) if noise_seed else None
    if extra is not None:
        score = score + extra
    rows = _least(score)
    rows.sort(key=lambda row: (int(score[row]), int(since[row]), row))
    return [
        _candidate(
            crew,
            slate,
            row,
            int(score[row]),
            int(idle[row]),
            bonus if row in liked else 0,
            int(extra[row]) if extra is not None else 0,
        )
        for row in rows[: 1 + RUNNERS_UP]
    ]


def _exploration(crew: Crew, need: Need, slate: Slate, weight: float, seed: int) -> Index:
    """What noise on p changes of the cost of a failure, in micro-cs; the skill that is told stays what is believed."""
    costs, places = slate.costs, slate.places
    covers = costs.covers[places]
    added = crew.ledger.explored(slate.at, need, costs.skill[places], seed)
    added = added * (covers + (1.0 - covers) * crew.beliefs.approver_free)
    found: Index = np.rint(-added * (crew.settings.not_resolved_cs * weight * MICRO)).astype(np.int64)
    return found


def busy_candidate(crew: Crew, slate: Slate, place: int, at: int, free_in_seconds: float) -> Candidate:
    """A busy agent as the hold test weighed it."""
    cost = int(slate.costs.total[place])
    one = Slate(np.array([at]), np.array([place]), slate.costs)
    return _candidate(crew, one, 0, cost, 0, 0, busy=True, free_in_seconds=round(free_in_seconds, DIGITS))


def _liked(crew: Crew, contact: Contact, at: Index) -> list[int]:
    """Rows of the agents whom the customer had or asked for."""
    index, rows = crew.roster.seats.index, []
    for agent_id in preferred_agents(contact):
        position = index.get(agent_id, -1)
        row = int(np.searchsorted(at, position)) if position >= 0 else len(at)
        if row < len(at) and at[row] == position:
            rows.append(row)
    return rows


def _least(score: Index) -> list[int]:
    """Rows of the three least scores and of all that equal the third."""
    if len(score) <= 1 + RUNNERS_UP:
        return list(range(len(score)))
    third = np.partition(score, RUNNERS_UP)[RUNNERS_UP]
    found: list[int] = np.flatnonzero(score <= third).tolist()
    return found


def _candidate(
    crew: Crew,
    slate: Slate,
    row: int,
    score: int,
    idle: int,
    bonus: int,
    explored: int = 0,
    *,
    busy: bool = False,
    free_in_seconds: float = 0.0,
) -> Candidate:
    at, place, costs = int(slate.at[row]), int(slate.places[row]), slate.costs
    told = costs.told.get(place)
    if told is None:
        if len(costs.told) >= TOLD_MAX:
            costs.told.clear()
        told = costs.told[place] = _told(costs, place)
    terms, q, covers, talk, skill = cast(_Told, told)
    if idle:
        terms = (*terms, ScoreTerm(name="idle", value=-idle / MICRO))
    if bonus:
        terms = (*terms, ScoreTerm(name="continuity", value=-bonus / MICRO))
    if explored:
        terms = (*terms, ScoreTerm(name="exploration", value=explored / MICRO))
    return Candidate(
        agent_id=crew.roster.agent_ids[at],
        score=score / MICRO,
        terms=terms,
        resolves=q,
        authority_covers=covers,
        talk_seconds=talk,
        price=round(float(crew.tariff.of_agent[at]), DIGITS),
        busy=busy,
        free_in_seconds=free_in_seconds,
        skill=skill,
    )


_Told = tuple[tuple[ScoreTerm, ...], float, float, float, float]


def _told(costs: Costs, place: int) -> _Told:
    """What is said of one agent's cost, whatever the time: terms, q, A, T, p."""
    values = [int(term[place]) for term in costs.terms]
    return (
        tuple(
            [
                ScoreTerm(name=name, value=value / MICRO)
                for name, value in zip(TERMS, values, strict=True)
                if value
            ]
        ),
        round(float(costs.resolves[place]), DIGITS),
        round(float(costs.covers[place]), DIGITS),
        round(float(costs.talk_seconds[place]), DIGITS),
        round(float(costs.skill[place]), DIGITS),
    )
