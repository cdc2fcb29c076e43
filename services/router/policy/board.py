"""The learned counts as arrays, from which beliefs are published.

A publication looks at every agent and topic; walking the maps of counts would take a second at 10,000 agents. So the
board keeps them as arrays in the roster's order, brings up to date what results have touched since the last
publication, and computes the rest as a whole. Everything here follows from the counts and the configuration; a board
made anew says the same. Arrays are never written to once they are shared: a change copies those it touches.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

import immutables
import numpy as np
import numpy.typing as npt

from services.router.policy.beliefs import Beliefs
from services.router.policy.learning import (
    CHANCE_MAX,
    CHANCE_MIN,
    DIGITS,
    EXPECTED_MAX,
    EXPECTED_MIN,
    NO_CELL,
    NO_TOPIC,
    Before,
    Cell,
    Skills,
    Strengths,
)
from services.router.policy.memory import NOTHING, VALUE, Sums
from services.router.policy.speeds import SPEED_MAX, SPEED_MIN, SPEED_STRENGTH, Speeds

Map = immutables.Map
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Configured:
    """What the configuration says, in the roster's order; the priors' means."""

    agent_ids: tuple[str, ...]
    topic_ids: tuple[str, ...]
    priors: tuple[float, ...]
    """Per topic: the mean chance of its certified agents."""
    offsets: tuple[Floats, ...]
    """Per topic: each agent's chance less the prior."""
    speeds: Floats
    handle_seconds: tuple[float, ...]


@dataclass(frozen=True, eq=False)
class Board:
    """Counts as floats in units of weight (memory.py); five rows a topic and four for the agents."""

    configured: Configured
    row_of: dict[str, int]
    topic_of: dict[str, int]
    periods: tuple[int, ...]
    cells: tuple[Floats, ...]
    """Per topic, of shape (4, agents): n, a, old_n, old_a of each cell."""
    agents: Floats
    """Of shape (4, agents): n and excess of results, n and excess of logarithms of handle times."""

    @classmethod
    def of(cls, configured: Configured, skills: Skills, speeds: Speeds) -> Board:
        """The board of these counts, made anew."""
        size = len(configured.agent_ids)
        blank = cls(
            configured,
            {agent_id: row for row, agent_id in enumerate(configured.agent_ids)},
            {topic_id: row for row, topic_id in enumerate(configured.topic_ids)},
            (-1,) * len(configured.topic_ids),
            tuple([np.zeros((4, size)) for _ in configured.topic_ids]),
            np.zeros((4, size)),
        )
        return blank.brought_up(skills, speeds, sorted(skills.cells), sorted(speeds.agents))

    def before(self, agent_id: str, topic_id: str) -> Before | None:
        """The configuration of an agent in a topic; None for one that is no longer there."""
        row, topic = self.row_of.get(agent_id), self.topic_of.get(topic_id)
        if row is None or topic is None:
            return None
        return Before(self.configured.priors[topic], float(self.configured.offsets[topic][row]))

    def prior(self, topic_id: str) -> float:
        """The topic's prior; of one that is no longer there, any."""
        topic = self.topic_of.get(topic_id)
        return self.configured.priors[topic] if topic is not None else 0.7

    def brought_up(
        self, skills: Skills, speeds: Speeds, cells: Collection[tuple[str, str]], timed: Collection[str]
    ) -> Board:
        """With the cells touched, the agents whose results they are, and those whose handle times came."""
        agents, rows, periods = self.agents.copy(), dict[int, Floats](), list(self.periods)
        for at, topic_id in enumerate(self.configured.topic_ids):
            period = skills.topics.get(topic_id, NO_TOPIC).period
            if period != periods[at]:
                periods[at], rows[at] = period, self._row(skills, topic_id)
        touched: dict[int, list[tuple[int, Cell]]] = {}
        for agent_id, topic_id in cells:
            row, topic = self.row_of.get(agent_id), self.topic_of.get(topic_id)
            if row is not None and topic is not None:
                cell = skills.cells.get((agent_id, topic_id), NO_CELL)
                cell = cell.in_period(skills.topics.get(topic_id, NO_TOPIC))
                touched.setdefault(topic, []).append((row, cell))
        for topic, found in touched.items():
            rows[topic] = rows.get(topic, self.cells[topic].copy())
            rows[topic][:, [row for row, _ in found]] = np.array([cell[1:] for _, cell in found], float).T
        _write(agents[:2], self.row_of, {agent_id for agent_id, _ in cells}, skills.agents)
        _write(agents[2:], self.row_of, timed, speeds.agents)
        kept = [rows.get(topic, old) for topic, old in enumerate(self.cells)]
        return replace(self, periods=tuple(periods), cells=tuple(kept), agents=agents)

    def _row(self, skills: Skills, topic_id: str) -> Floats:
        """A topic's cells made anew: it has begun a period, which changes them all."""
        row, topic = np.zeros((4, len(self.configured.agent_ids))), skills.topics.get(topic_id, NO_TOPIC)
        for at, agent_id in enumerate(self.configured.agent_ids):
            cell = skills.cells.get((agent_id, topic_id))
            if cell is not None:
                row[:, at] = cell.in_period(topic)[1:]
        return row

    def beliefs(
        self,
        skills: Skills,
        speeds: Speeds,
        strengths: Strengths,
        today: int,
        *,
        version: int,
        approver_free: float,
    ) -> Beliefs:
        """What is believed today; the formulas of learning.py and speeds.py over all agents at once."""
        known, unit = self.configured, float(today * VALUE)
        effect = (self.agents[1] / unit) / (self.agents[0] / today + strengths.agent)
        logs = self.agents[3] / unit + SPEED_STRENGTH * np.log(known.speeds)
        speed = np.exp(logs / (self.agents[2] / today + SPEED_STRENGTH))
        chances, spreads = [], []
        for topic, topic_id in enumerate(known.topic_ids):
            mean = skills.topic_mean(topic_id, known.priors[topic], today)
            p, spread = _chances(self.cells[topic], known.offsets[topic], effect, mean, strengths.cell, today)
            chances.append(p)
            spreads.append(spread)
        seconds = [
            speeds.handle_seconds(topic_id, configured, today)
            for topic_id, configured in zip(known.topic_ids, known.handle_seconds, strict=True)
        ]
        return Beliefs(
            version=version,
            resolves=tuple(chances),
            spread=tuple(spreads),
            speed=np.round(np.clip(speed, SPEED_MIN, SPEED_MAX), DIGITS),
            handle_seconds=np.array(seconds, dtype=np.float64),
            approver_free=approver_free,
        )

    def counts_and_excess(self, skills: Skills, today: int) -> tuple[Floats, Floats]:
        """Results of today, and seen minus expected by the topic's mean, of shape (agents, topics)."""
        counts, excess, unit = [], [], float(today * VALUE)
        for topic, topic_id in enumerate(self.configured.topic_ids):
            n, a, old_n, old_a = self.cells[topic]
            mean = skills.topic_mean(topic_id, self.configured.priors[topic], today)
            counts.append((n + old_n) / today)
            excess.append((a + old_a) / unit - mean * n / today)
        return np.array(counts).T, np.array(excess).T


def _write(into: Floats, row_of: dict[str, int], agent_ids: Collection[str], of: Map[str, Sums]) -> None:
    """n and excess of these agents."""
    rows = [row_of[agent_id] for agent_id in agent_ids if agent_id in row_of]
    found = [of.get(agent_id, NOTHING) for agent_id in agent_ids if agent_id in row_of]
    if rows:
        into[:, rows] = np.array([(sums.n, sums.s - sums.e) for sums in found], float).T


def _chances(
    cells: Floats, offset: Floats, effect: Floats, mean: float, strength: float, today: int
) -> tuple[Floats, Floats]:
    """p and its standard deviation of all agents in one topic: `cell_chance` of learning.py."""
    unit = float(today * VALUE)
    now, old = cells[0] / today, cells[2] / today
    count = strength + now + old
    seen = cells[1] / unit + now * offset + cells[3] / unit + old * (mean + offset)
    p = (strength * np.clip(mean + offset + effect, EXPECTED_MIN, EXPECTED_MAX) + seen) / count
    p = np.clip(p, CHANCE_MIN, CHANCE_MAX)
    return np.round(p, DIGITS), np.round(np.sqrt(p * (1.0 - p) / count), DIGITS)


def priors_of(chances: Sequence[Sequence[float]], fallbacks: Sequence[float]) -> tuple[float, ...]:
    """Per topic the mean of its certified agents' configured chances; the fallback where there are none."""
    return tuple(
        [
            round(sum(of_topic) / len(of_topic), DIGITS) if of_topic else fallback
            for of_topic, fallback in zip(chances, fallbacks, strict=True)
        ]
    )
