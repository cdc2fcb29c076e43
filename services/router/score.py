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
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from services.contract.decisions import Candidate, Need, ScoreTerm
from services.contract.record import quick_record
from services.router.crew import Crew
from services.router.eligibility import Index
from services.router.model import Contact, DeskState
from services.router.need import weights
from services.router.policy.cost import MICRO, TERMS, Costs
from services.router.policy.settings import PolicySettings
from services.router.preferred import preferred_agents
from services.router.roster import Roster

if TYPE_CHECKING:
    from services.router.kernels.arrival import Choice, Row

RUNNERS_UP = 2
DIGITS = 6
SORTED_MAX = 24
"""So many scores are sorted sooner than the three least are looked for."""
MISSED_CALLBACK = "callback"
"""Promise of a call-back, as contacts remember that it was missed."""


def customer_weight(contact: Contact, settings: PolicySettings) -> float:
    """w of routing.md 2.0: the factors of a loyal tier, a complaint and a repeat, multiplied up to a bound.

    Whom we did not call back in the time that we told counts like who comes back.
    """
    return weight_of(
        settings,
        loyal=contact.tier in settings.loyal_tiers,
        complaint=contact.complaint,
        repeat=contact.repeat or MISSED_CALLBACK in contact.missed,
    )


def weight_of(settings: PolicySettings, *, loyal: bool, complaint: bool, repeat: bool) -> float:
    """The same, once it is known which factors count."""
    weight = settings.weight_loyal if loyal else 1.0
    weight *= settings.weight_complaint if complaint else 1.0
    weight *= settings.weight_repeat if repeat else 1.0
    return round(min(settings.weight_max, weight), DIGITS)


def authority_covers(levels: dict[str, int], need: Need, agent_id: str) -> float:
    """A: chance that the agent's level covers the need."""
    reached = levels[agent_id]
    return sum(part.weight for part in need.levels if part.level <= reached) if need.levels else 1.0


def resolves(roster: Roster, need: Need, agent_id: str, covers: float) -> float:
    """q: expected chance that the agent resolves it, where a missing right is no failure if an approver is free."""
    skill = sum(weight * roster.resolution(agent_id, topic) for topic, weight in weights(roster, need))
    return skill * (covers + (1.0 - covers) * roster.settings.approver_free_first)


@quick_record
@dataclass(frozen=True, eq=False, slots=True)
class Slate:
    """One contact at some agents: where they stand, and what it costs there."""

    at: Index
    """Positions in the roster, rising."""
    costs: Costs
    """A row for each."""


@quick_record
@dataclass(frozen=True, eq=False, slots=True)
class Ranking:
    """The best of a slate, before it is told; in micro-cs."""

    slate: Slate
    score: Index
    """S of each."""
    since: Index
    """Since when each holds nothing."""
    best: int
    """Row of the slate."""
    idle: Index
    bonus: int
    liked: list[int]
    """Rows that get the bonus."""
    explored: Index | None

    @property
    def at(self) -> Index:
        """Places in the roster of those who were weighed."""
        return self.slate.at

    @property
    def weighed(self) -> int:
        """How many they are."""
        return len(self.slate.at)


def rank(desk: DeskState, contact: Contact, at: Index, now_ms: int) -> list[Candidate]:
    """The best of the agents at these places first, with at most two runners-up; an empty list for none."""
    crew = desk.crew
    if not len(at):
        return []
    weight = customer_weight(contact, crew.settings)
    slate = Slate(at, crew.ledger.costs_at(at, contact.need, weight))
    return candidates_of(crew, ranking_of(desk, contact, slate, weight, now_ms))


def ranking_of(
    desk: DeskState, contact: Contact, slate: Slate, weight: float, now_ms: int, *, noise_seed: int = 0
) -> Ranking:
    """Who of a slate, which is not empty, takes it best: by S, then earlier idle_since, then agent id.

    `noise_seed` of 0 explores nothing.
    """
    crew, agents, at = desk.crew, desk.agents, slate.at
    settings = crew.settings
    since = agents.idle_since[at]
    idle = np.maximum(now_ms - since, 0)
    idle *= (agents.units[at] == 0) * round(settings.idle_cs * 1000)  # micro-cs per ms
    score = slate.costs.total - idle
    bonus = round(settings.continuity_share * settings.not_resolved_cs * weight * MICRO)
    liked = _liked(crew, contact, at) if bonus else []
    for row in liked:
        score[row] -= bonus
    explored = _exploration(crew, contact.need, slate, weight, noise_seed) if noise_seed else None
    if explored is not None:
        score += explored
    return Ranking(slate, score, since, _best(score, since), idle, bonus, liked, explored)


def candidates_of(crew: Crew, ranking: Ranking | Choice) -> list[Candidate]:
    """The ranking as it is told; terms sum to the score."""
    if not isinstance(ranking, Ranking):
        return ranking.candidates(crew.ledger.weigher, crew.roster.agent_ids)
    slate = ranking.slate
    return [
        _candidate(
            crew,
            slate,
            row,
            value,
            int(ranking.idle[row]),
            ranking.bonus if row in ranking.liked else 0,
            int(ranking.explored[row]) if ranking.explored is not None else 0,
        )
        for value, _, row in _least(ranking.score, ranking.since)
    ]


def _exploration(crew: Crew, need: Need, slate: Slate, weight: float, seed: int) -> Index:
    """What noise on p changes of the cost of a failure, in micro-cs; the skill that is told stays what is believed."""
    covers = slate.costs.covers
    added = crew.ledger.explored(slate.at, need, slate.costs.skill, seed)
    added = added * (covers + (1.0 - covers) * crew.beliefs.approver_free)
    found: Index = np.rint(-added * (crew.settings.not_resolved_cs * weight * MICRO)).astype(np.int64)
    return found


def busy_candidate(crew: Crew, busy: Slate | Row, row: int, free_in_seconds: float) -> Candidate:
    """A busy agent as the hold test weighed it."""
    if not isinstance(busy, Slate):
        return busy.waited_for(crew.ledger.weigher, crew.roster.agent_ids, free_in_seconds)
    seconds = round(free_in_seconds, DIGITS)
    cost = busy.costs.total.item(row)
    return _candidate(crew, busy, row, cost, busy=True, free_in_seconds=seconds)


def _liked(crew: Crew, contact: Contact, at: Index) -> list[int]:
    """Rows of the agents whom the customer had or asked for."""
    opened = contact.opened
    if not (contact.last_owner_id or opened.preferred_agent_id or opened.familiar_agent_id):
        return []
    index, rows = crew.roster.seats.index, []
    for agent_id in preferred_agents(contact):
        position = index.get(agent_id, -1)
        row = int(at.searchsorted(position)) if position >= 0 else len(at)
        if row < len(at) and at[row] == position:
            rows.append(row)
    return rows


def _best(score: Index, since: Index) -> int:
    """The row of the least score, of equals the one idle for longest, of those the first."""
    least = score.min()
    rows = (score == least).nonzero()[0]
    return int(rows[0] if len(rows) == 1 else rows[since[rows].argmin()])


def _least(score: Index, since: Index) -> list[tuple[int, int, int]]:
    """The three least as (score, since, row)."""
    if len(score) <= SORTED_MAX:
        return sorted(zip(score.tolist(), since.tolist(), range(len(score)), strict=True))[: 1 + RUNNERS_UP]
    least = score.copy()
    least.partition(RUNNERS_UP)
    rows = (score <= least[RUNNERS_UP]).nonzero()[0]
    found = zip(score[rows].tolist(), since[rows].tolist(), rows.tolist(), strict=True)
    return sorted(found)[: 1 + RUNNERS_UP]


def _candidate(
    crew: Crew,
    slate: Slate,
    row: int,
    score: int,
    idle: int = 0,
    bonus: int = 0,
    explored: int = 0,
    *,
    busy: bool = False,
    free_in_seconds: float = 0.0,
) -> Candidate:
    """One row of the slate."""
    costs = slate.costs
    values: list[int] = costs.terms[:, row].tolist()
    shares = _Shares(
        costs.talk_seconds.item(row), costs.covers.item(row), costs.skill.item(row), costs.resolves.item(row)
    )
    return _told(
        crew,
        slate.at.item(row),
        shares,
        values,
        score,
        idle,
        bonus,
        explored,
        busy=busy,
        free_in_seconds=free_in_seconds,
    )


class _Shares(NamedTuple):
    """T, A, p and q at one agent."""

    talk_seconds: float
    covers: float
    skill: float
    resolves: float


def _told(
    crew: Crew,
    at: int,
    shares: _Shares,
    values: list[int],
    score: int,
    idle: int = 0,
    bonus: int = 0,
    explored: int = 0,
    *,
    busy: bool = False,
    free_in_seconds: float = 0.0,
) -> Candidate:
    """An agent by its place in the roster; `values`: the terms of its cost, in micro-cs."""
    terms = [
        ScoreTerm(name=name, value=value / MICRO) for name, value in zip(TERMS, values, strict=True) if value
    ]
    if idle:
        terms.append(ScoreTerm(name="idle", value=-idle / MICRO))
    if bonus:
        terms.append(ScoreTerm(name="continuity", value=-bonus / MICRO))
    if explored:
        terms.append(ScoreTerm(name="exploration", value=explored / MICRO))
    return Candidate(
        agent_id=crew.roster.agent_ids[at],
        score=score / MICRO,
        terms=tuple(terms),
        resolves=round(shares.resolves, DIGITS),
        authority_covers=round(shares.covers, DIGITS),
        talk_seconds=round(shares.talk_seconds, DIGITS),
        price=round(crew.tariff.of_agent.item(at), DIGITS),
        busy=busy,
        free_in_seconds=free_in_seconds,
        skill=round(shares.skill, DIGITS),
    )
