"""The configuration made quick to ask: who is certified, how likely each resolves, which level each reaches.

Built once per configuration; answers only, so states can share it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from weakref import ReferenceType

import numpy as np
import numpy.typing as npt

from services.contract.decisions import Need, NeedWeight
from services.contract.desk import Agent, Desk, Topic
from services.contract.facts import DecisionWanted
from services.router.authority import granted, level_zero_may, reached_level
from services.router.eligibility import Ground, GroundKey, Mask, ground_of
from services.router.policy.beliefs import Beliefs
from services.router.policy.noise import Keys, keys_of
from services.router.policy.settings import PolicySettings, from_desk
from services.router.policy.tariff import Tariff
from services.router.waiting import Work
from services.router.workforce import Seats

if TYPE_CHECKING:
    from services.router.board import Board

Levels = npt.NDArray[np.int8]
Amounts = npt.NDArray[np.int64]
UNCERTIFIED_SHARE = 0.5
"""Of a topic's prior, for an agent without a certificate for it (a neighbour topic, routing.md 2.1); a guess."""
RESOLUTION_DEFAULT = 0.7
HANDLE_SECONDS_DEFAULT = 300.0
REMEMBERED_MAX = 256
"""Kinds of decision and currencies of which levels are remembered."""
GROUNDS_REMEMBERED_MAX = 8_192
WORKS_REMEMBERED_MAX = 8_192
LEVELS_REMEMBERED_MAX = 4_096


class Roster:
    """One desk's people and topics."""

    __slots__ = (
        "_certified",
        "_granted",
        "_grounds",
        "_level_columns",
        "_levels",
        "_need_levels",
        "_noise_keys",
        "_resolution",
        "_same_ground",
        "_same_levels",
        "_speaking",
        "agent_ids",
        "agents",
        "board",
        "capacity",
        "certified",
        "desk",
        "fallbacks",
        "levels_max",
        "needs",
        "seats",
        "settings",
        "speaks",
        "topic_rows",
        "topics",
        "works",
    )

    def __init__(self, desk: Desk, settings: PolicySettings | None = None) -> None:
        """Settings other than the desk's own are for a what-if."""
        self.desk = desk
        self.settings = settings or from_desk(desk)
        self.topics: dict[str, Topic] = {topic.topic_id: topic for topic in desk.topics}
        self.fallbacks = {topic.topic_id: topic.falls_back_to for topic in desk.topics if topic.falls_back_to}
        """Topic to the one whose certificates count when nobody certified for it is left; never a cycle."""
        self.agents: dict[str, Agent] = {agent.agent_id: agent for agent in desk.agents}
        self.agent_ids = tuple(sorted(self.agents))
        self.certified = {agent.agent_id: frozenset(agent.topic_ids) for agent in desk.agents}
        self.speaks = {agent.agent_id: frozenset(agent.languages) for agent in desk.agents}
        self._resolution = {agent.agent_id: self._chances(agent) for agent in desk.agents}
        self._levels: dict[tuple[str, str], dict[str, int]] = {}
        count = len(self.agent_ids)
        self.capacity = np.array([self.agents[a].capacity_units for a in self.agent_ids], dtype=np.int32)
        """Units that each agent can hold, in the order of `agent_ids`."""
        nobody = np.zeros(count, np.bool_)
        self._certified = {topic_id: nobody.copy() for topic_id in self.topics}
        self._speaking: dict[str, Mask] = {}
        for at, agent_id in enumerate(self.agent_ids):
            for topic_id in self.certified[agent_id] & self.topics.keys():
                self._certified[topic_id][at] = True
            for language in self.speaks[agent_id]:
                self._speaking.setdefault(language, nobody.copy())[at] = True
        self._level_columns: dict[tuple[str, str], Levels] = {}
        self._grounds: dict[GroundKey, Ground] = {}
        self._same_ground: dict[bytes, Ground] = {}
        """By who they are: most kinds of work differ in units or rights that leave out nobody more."""
        self._noise_keys: Keys | None = None
        self.board: ReferenceType[Board] | None = None
        """The columns of heads that were made last (board.py), for as long as somebody has them: the next ones begin there."""
        self.works: dict[Work, Work] = {}
        """Classes of work, each the one that all who ask share (`shared`)."""
        self._need_levels: dict[tuple[NeedWeight, ...], tuple[NeedWeight, ...]] = {}
        self._same_levels: dict[int, tuple[NeedWeight, ...]] = {}
        """The values of these by identity, for their hash is dear."""
        self.needs: dict[tuple[object, ...], Need] = {}
        """By what is told of the topics, before words or results say more (need.py)."""
        self.levels_max = max((len(rule.limits_minor) for rule in desk.authority), default=1)
        """No agent reaches a higher level."""
        self._granted: dict[tuple[str, str], Amounts] = {}
        rows = self.topic_rows = {topic_id: row for row, topic_id in enumerate(self.topics)}
        """Topic to its place in the desk's order, which is that of the beliefs."""
        highest = self.levels("", "")
        self.seats = Seats.of(
            index={agent_id: at for at, agent_id in enumerate(self.agent_ids)},
            topics=tuple([tuple([rows[t] for t in self._topics_of(a) if t in rows]) for a in self.agent_ids]),
            level=tuple([highest[agent_id] for agent_id in self.agent_ids]),
            count=len(rows),
            capacity=tuple(self.capacity.tolist()),
        )

    def resolution(self, agent_id: str, topic_id: str) -> float:
        """Chance p that the agent resolves the topic at first contact."""
        return self._resolution[agent_id].get(topic_id, RESOLUTION_DEFAULT)

    def handle_seconds(self, topic_id: str) -> float:
        """Mean time of the desk for the topic."""
        topic = self.topics.get(topic_id)
        return (topic.handle_seconds if topic is not None else 0.0) or HANDLE_SECONDS_DEFAULT

    def levels(self, decision_type: str, currency: str) -> dict[str, int]:
        """Level that each agent reaches; remembered, for the kinds and currencies of the matrix are few."""
        if not decision_type:
            currency = ""
        known = self._levels.get((decision_type, currency))
        if known is None:
            known = {
                agent_id: reached_level(self.desk, self.agents[agent_id], decision_type, currency)
                if decision_type
                else self._highest(agent_id)
                for agent_id in self.agent_ids
            }
            if len(self._levels) < REMEMBERED_MAX:  # what a fact names must not grow memory
                self._levels[decision_type, currency] = known
        return known

    def level_column(self, decision_type: str, currency: str) -> Levels:
        """The same as a column in the order of `agent_ids`."""
        if not decision_type:
            currency = ""
        known = self._level_columns.get((decision_type, currency))
        if known is None:
            levels = self.levels(decision_type, currency)
            known = np.array([levels[agent_id] for agent_id in self.agent_ids], dtype=np.int8)
            if len(self._level_columns) < REMEMBERED_MAX:
                self._level_columns[decision_type, currency] = known
        return known

    @property
    def noise_keys(self) -> Keys:
        """What tells the agents' exploration noise apart (policy/noise.py), in the order of `agent_ids`."""
        if self._noise_keys is None:
            self._noise_keys = keys_of(self.agent_ids)
        return self._noise_keys

    def covering(self, wanted: DecisionWanted) -> Mask:
        """Who may grant the decision alone (`authority.covers`), as a column."""
        key = (wanted.decision_type, wanted.currency)
        known = self._granted.get(key)
        if known is None:
            amounts = [granted(self.agents[agent_id], *key) for agent_id in self.agent_ids]
            known = np.array(amounts, dtype=np.int64)
            if len(self._granted) < REMEMBERED_MAX:
                self._granted[key] = known
        if level_zero_may(self.desk, wanted):
            return np.ones(len(known), np.bool_)
        found: Mask = known >= wanted.amount_minor
        return found

    def speaking(self, language: str) -> Mask:
        """Who speaks a language, as a column."""
        known = self._speaking.get(language)
        return np.zeros(len(self.agent_ids), np.bool_) if known is None else known

    def certified_for(self, topic_ids: tuple[str, ...]) -> Mask:
        """Who has a certificate for any of the topics, as a column."""
        found = np.zeros(len(self.agent_ids), np.bool_)
        for topic_id in topic_ids:
            if topic_id in self._certified:
                found = found | self._certified[topic_id]
        return found

    def ground(self, key: GroundKey) -> Ground:
        """Who may take such work, whoever is there; remembered."""
        known = self._grounds.get(key)
        if known is None:
            if len(self._grounds) >= GROUNDS_REMEMBERED_MAX:
                self._grounds.clear()
                self._same_ground.clear()
            known = self._grounds[key] = ground_of(self, key, self._same_ground)
        return known

    def shared(self, work: Work) -> Work:
        """An equal class of work, the same one for all who ask: contacts of a class hold one, not one each."""
        known = self.works.get(work)
        if known is None:
            if len(self.works) >= WORKS_REMEMBERED_MAX:
                self.works.clear()
            known = self.works[work] = work
        return known

    def shared_levels(self, levels: tuple[NeedWeight, ...]) -> tuple[NeedWeight, ...]:
        """Equal chances of levels, the same ones for all who ask: a stated need has one of few."""
        if id(levels) in self._same_levels:
            return levels
        known = self._need_levels.get(levels)
        if known is None:
            if len(self._need_levels) >= LEVELS_REMEMBERED_MAX:
                self._need_levels.clear()
                self._same_levels.clear()
            known = self._need_levels[levels] = self._same_levels[id(levels)] = levels
        return known

    def configured_beliefs(self) -> Beliefs:
        """What is believed before anything is learned: the configuration's skills, priors and speeds."""
        ids, topics = self.agent_ids, [topic.topic_id for topic in self.desk.topics]
        nothing = np.zeros(len(ids))
        return Beliefs(
            version=0,
            resolves=tuple(
                [np.array([self.resolution(a, t) for a in ids], dtype=np.float64) for t in topics]
            ),
            spread=tuple([nothing for _ in topics]),
            speed=np.array([self.agents[a].speed_factor or 1.0 for a in ids], dtype=np.float64),
            handle_seconds=np.array([self.handle_seconds(t) for t in topics], dtype=np.float64),
            approver_free=self.settings.approver_free_first,
        )

    def free_tariff(self) -> Tariff:
        """The prices before the first ones: an agent's time costs nothing."""
        return Tariff(epoch=0, of_agent=np.zeros(len(self.agent_ids)), highest=0.0)

    def _topics_of(self, agent_id: str) -> list[str]:
        return sorted(self.certified[agent_id])

    def _highest(self, agent_id: str) -> int:
        """The agent's highest level over all kinds: who counts as a manager when no kind is named."""
        agent = self.agents[agent_id]
        return max(
            (
                reached_level(self.desk, agent, rule.decision_type, rule.currency)
                for rule in self.desk.authority
            ),
            default=0,
        )

    def _chances(self, agent: Agent) -> dict[str, float]:
        known = {skill.topic_id: skill.resolution for skill in agent.skills}
        chances = {}
        for topic in self.desk.topics:
            prior = topic.resolution_prior or RESOLUTION_DEFAULT
            fallback = prior if topic.topic_id in agent.topic_ids else prior * UNCERTIFIED_SHARE
            chances[topic.topic_id] = known.get(topic.topic_id, fallback)
        return chances
