"""What a desk has learned, as a part of its state: counts, open results, newcomers, and what was last published.

The mathematics is in policy/ (learning, outcomes, speeds, levels); evolve/learning.py feeds it. Agents and topics are
known by their ids, so a configuration that comes and goes loses nothing of them.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import immutables
import numpy as np

from services.router.policy.beliefs import Beliefs
from services.router.policy.board import Board, Configured, priors_of
from services.router.policy.learning import Skills, Strengths
from services.router.policy.levels import Levels
from services.router.policy.memory import DAY_MS, weight_on, with_changes
from services.router.policy.outcomes import Outcomes
from services.router.policy.patience import NO_WAITS, Waits
from services.router.policy.settings import PolicySettings
from services.router.policy.speeds import Speeds
from services.router.roster import RESOLUTION_DEFAULT, Roster

Map = immutables.Map

NEW_FOR_MS = 3 * DAY_MS
"""A newcomer gets at most NEW_SHARE of the mean load for this long (routing.md 3, "Cold start")."""
NEW_SHARE = 0.6
NEW_ALLOWANCE = 1.0
"""Contacts that a newcomer may always have beyond its share, so that it starts at all."""
NEW_CHANCE = -0.03
"""Of a newcomer over the topic's mean, where the configuration says nothing of its skill."""
NEW_SPEED = 1.15
HELD_EVERY_MS = 60_000
SHARE = 1_000_000
"""Loads are counted in millionths of a contact."""
DIGITS = 9
NOTHING_LEARNED_FROM = 1e6
"""A strength of cells that keeps to the configuration: nothing is learned of people and topics."""


@dataclass(frozen=True)
class Newcomer:
    """An agent who came to a desk that was there already; loads count while it is signed in."""

    since_ms: int
    taken: int = 0
    """Contacts that it got."""
    mean_load: int = 0
    """Millionths of a contact that an agent got on average while it was signed in, up to its last sign-out."""
    counted_from: int = -1
    """The desk's mean load when it signed in; -1 while it is signed out."""


@dataclass(frozen=True)
class Learned:
    """All that a desk has learned. Fields marked derived follow from the others and the configuration."""

    began_ms: int = 0
    """When the desk was first configured: its day 0."""
    half_life_days: float = 30.0
    """In force since then; weights of results are made of it."""
    skills: Skills = field(default_factory=Skills)
    outcomes: Outcomes = field(default_factory=Outcomes)
    speeds: Speeds = field(default_factory=Speeds)
    levels: Levels = field(default_factory=Levels)
    approver_free: float = 0.6
    waits: tuple[Waits, Waits] = (NO_WAITS, NO_WAITS)
    """Of callers whose tier is not loyal, and of those whose tier is."""
    strengths: Strengths = field(default_factory=Strengths)
    strengths_day: int = 0
    """When they were last measured."""
    newcomers: Map[str, Newcomer] = field(default_factory=Map)
    mean_load: int = 0
    """Millionths of a contact that an agent who was always signed in got on average; counted while there are newcomers."""
    held_ids: tuple[str, ...] = ()
    """Newcomers who had had their share when it was last looked at, sorted."""
    held_looked_ms: int = 0
    """When that was, of all of them."""
    cells_touched: Map[tuple[str, str], bool] = field(default_factory=Map)
    """Since the last publication."""
    agents_timed: Map[str, bool] = field(default_factory=Map)
    published_at_ms: int = 0
    beliefs: Beliefs | None = None
    """As last published; None before the first configuration."""
    board: Board | None = field(default=None, metadata={"derived": True})

    def day(self, at_ms: int) -> int:
        return max(0, at_ms - self.began_ms) // DAY_MS

    def today(self, at_ms: int) -> int:
        """Weight of a result of this instant."""
        return weight_on(self.day(at_ms), self.half_life_days)


def held_back(learned: Learned, at_ms: int) -> frozenset[str]:
    """Newcomers who have had their share for now: others go first, and who can only be served by them waits for none.

    A bound on loads, no rule of eligibility: with nobody else free they are offered what is there.
    """
    return frozenset(
        [agent_id for agent_id, one in learned.newcomers.items() if _has_share(learned, one, at_ms)]
    )


def with_held(learned: Learned, agent_id: str, at_ms: int) -> Learned:
    """Once an agent got a contact: looks whether that was its share, and once a minute who else has had his."""
    if at_ms - learned.held_looked_ms >= HELD_EVERY_MS:
        return with_changes(learned, held_ids=tuple(sorted(held_back(learned, at_ms))), held_looked_ms=at_ms)
    newcomer = learned.newcomers.get(agent_id)
    if newcomer is None or agent_id in learned.held_ids or not _has_share(learned, newcomer, at_ms):
        return learned
    return with_changes(learned, held_ids=tuple(sorted((*learned.held_ids, agent_id))))


def _has_share(learned: Learned, newcomer: Newcomer, at_ms: int) -> bool:
    share = NEW_ALLOWANCE + NEW_SHARE * load(learned, newcomer) / SHARE
    return at_ms - newcomer.since_ms < NEW_FOR_MS and newcomer.taken >= share


def load(learned: Learned, newcomer: Newcomer) -> int:
    """Millionths of a contact that an agent got on average while the newcomer was signed in."""
    running = learned.mean_load - newcomer.counted_from if newcomer.counted_from >= 0 else 0
    return newcomer.mean_load + running


def learns(settings: PolicySettings) -> bool:
    """False for a desk whose configuration is held to be the truth, as in what-ifs with known chances."""
    return settings.strength_cell < NOTHING_LEARNED_FROM


def configured_of(roster: Roster, newcomers: Map[str, Newcomer]) -> Configured:
    """The priors' means, in the roster's order."""
    ids, topics = roster.agent_ids, roster.desk.topics
    certified = [
        [roster.resolution(a, topic.topic_id) for a in ids if topic.topic_id in roster.certified[a]]
        for topic in topics
    ]
    priors = priors_of(certified, [topic.resolution_prior or RESOLUTION_DEFAULT for topic in topics])
    offsets = [
        np.array([roster.resolution(a, topic.topic_id) for a in ids], dtype=np.float64) - prior
        for topic, prior in zip(topics, priors, strict=True)
    ]
    for row, agent_id in enumerate(ids):
        if agent_id in newcomers:
            said = {skill.topic_id for skill in roster.agents[agent_id].skills}
            for topic, offset in zip(topics, offsets, strict=True):
                offset[row] += 0.0 if topic.topic_id in said else NEW_CHANCE
    usual = [NEW_SPEED if a in newcomers else 1.0 for a in ids]
    return Configured(
        ids,
        tuple([topic.topic_id for topic in topics]),
        priors,
        tuple([np.round(offset, DIGITS) for offset in offsets]),
        np.array(
            [roster.agents[a].speed_factor or v for a, v in zip(ids, usual, strict=True)], dtype=np.float64
        ),
        tuple([roster.handle_seconds(topic.topic_id) for topic in topics]),
    )
