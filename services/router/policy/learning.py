"""What results say of people and topics: a hierarchical beta-binomial model (routing.md 3).

    m_k  = (S_k + 10 prior_k) / (N_k + 10)                                 a topic's mean
    g_j  = sum of (y - expected) / (n_j + S_a)                             an agent's effect on residuals, shrunk
    p_jk = (S_c clip(m_k + d_jk + g_j, .05, .97) + s_jk) / (S_c + n_jk)    a cell

d_jk is the distance between the configured chance of j for k and the topic's prior. Sums hold y less d and less what
the case's stratum (level, complaint, repeat; shrunk) differs from its topic, so that nobody is blamed for getting the
harder cases: chances are those of an average mix of cases. When a topic has moved (drift.py) a new period begins: m_k is
learned anew, and what cells knew stays as distances from the old m_k.

A result enters with its value of the moment and is corrected when more is known (labels.py): sums are whole numbers
(memory.py), so a correction takes out exactly what was put in. O(1) per result.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple, TypeVar

import immutables

from services.contract.record import quick_record
from services.router.policy.drift import RECENT, SETTLED_COUNT, Watch
from services.router.policy.memory import NOTHING, VALUE, VALUE_BITS, Sums, in_units

T = TypeVar("T")
Map = immutables.Map

TOPIC_STRENGTH = 10.0
"""Pseudo-results of a topic's prior."""
STRATUM_STRENGTH = 50.0
"""Pseudo-results that say a stratum is like any other."""
EVERY = -1
EXPECTED_MIN, EXPECTED_MAX = 0.05, 0.97
CHANCE_MIN, CHANCE_MAX = 0.02, 0.99
DIGITS = 9
LEVELS_MAX = 7
PERIODS_MAX = 64
"""Ended periods of a topic that are remembered, the newest."""


class Key(NamedTuple):
    """Whose result, in what, in which kind of case."""

    agent_id: str
    topic_id: str
    stratum: int


class Result(NamedTuple):
    """A result as it entered the sums, in their units, so that it can be taken out again."""

    key: Key
    period: int
    """Of the topic."""
    weight: int
    value: int
    """Seen, or thought of it for now."""
    offset: int
    """What the agent's configuration and the stratum differ from the topic; signed."""
    expected: int
    """Of an average certified agent with this configuration, in this stratum."""
    own: int
    """What the agent was thought to differ from that; signed."""
    of_stratum: int
    """What the stratum differs from the topic; signed."""

    @property
    def surprise(self) -> float:
        """Seen minus all that was expected, the agent's own effect included."""
        return (self.value - self.expected - self.own) / VALUE


class Cell(NamedTuple):
    """Results of one agent in one topic: those of the topic's period `period`, and those of periods before it."""

    period: int = 0
    n: int = 0
    """Weights."""
    a: int = 0
    """Weight x (value - offset)."""
    old_n: int = 0
    old_a: int = 0
    """Weight x (value - offset - mean of the topic when its period ended); signed."""

    def in_period(self, topic: TopicSums) -> Cell:
        """The same results, once the topic's newest period has begun."""
        if self.period == topic.period:
            return self
        old_a = self.old_a + self.a - self.n * topic.ended_mean(self.period)
        return Cell(topic.period, 0, 0, self.old_n + self.n, old_a)

    def plus(self, topic: TopicSums, period: int, weight: int, distance: int) -> Cell:
        """With more results of a period: their weights, and the sum of weight x (value - offset)."""
        cell = self if self.period == topic.period else self.in_period(topic)
        if period == topic.period:
            return Cell(period, cell.n + weight, cell.a + distance, cell.old_n, cell.old_a)
        old_a = cell.old_a + distance - weight * topic.ended_mean(period)
        return Cell(cell.period, cell.n, cell.a, cell.old_n + weight, old_a)


class TopicSums(NamedTuple):
    """A topic in its newest period."""

    period: int = 0
    n: int = 0
    a: int = 0
    """Weight x (value - offset)."""
    prior: int = 0
    """Mean that a new period starts from; of the first one the configuration says it."""
    ended: tuple[int, ...] = ()
    """Means of the periods that ended, the newest last, in units of values."""
    watch: Watch = Watch()

    def ended_mean(self, period: int) -> int:
        """Mean when a period ended; of one that is no longer remembered, the oldest that is."""
        return self.ended[max(0, len(self.ended) - self.period + period)]

    def mean(self, configured: float, today: int) -> float:
        prior, strength = (self.prior / VALUE, RECENT) if self.period else (configured, TOPIC_STRENGTH)
        seen = self.a / (today << VALUE_BITS)
        return (seen + strength * prior) / (self.n / today + strength)


NO_CELL, NO_TOPIC = Cell(), TopicSums()


class Strengths(NamedTuple):
    """Pseudo-results: how alike agents, and an agent's topics, are before anything is seen."""

    agent: float = 60.0
    cell: float = 60.0


class Before(NamedTuple):
    """What the configuration says of a topic, and of an agent in it."""

    topic: float
    """The topic's prior: the mean of its certified agents."""
    offset: float = 0.0
    """d_jk."""


@quick_record
@dataclass(frozen=True, slots=True)
class Skills:
    """All that results say."""

    cells: Map[tuple[str, str], Cell] = field(default_factory=Map)
    """By agent and topic."""
    agents: Map[str, Sums] = field(default_factory=Map)
    topics: Map[str, TopicSums] = field(default_factory=Map)
    strata: Map[int, Sums] = field(default_factory=Map)
    """By stratum, over all topics; under EVERY of all strata together."""

    def topic_mean(self, topic_id: str, configured: float, today: int) -> float:
        """m_k: what the certified agents resolve of the topic."""
        return self.topics.get(topic_id, NO_TOPIC).mean(configured, today)

    def agent_effect(self, agent_id: str, strengths: Strengths, today: int) -> float:
        """g_j: how much better the agent is than expected, over all topics."""
        sums = self.agents.get(agent_id, NOTHING)
        return sums.excess(today) / (sums.worth(today) + strengths.agent)

    def chance(
        self, agent_id: str, topic_id: str, before: Before, strengths: Strengths, today: int
    ) -> tuple[float, float]:
        """p_jk and its standard deviation, rounded."""
        topic = self.topics.get(topic_id, NO_TOPIC)
        mean = topic.mean(before.topic, today)
        p, spread = self._chance(topic, mean, agent_id, topic_id, before, strengths, today)
        return round(p, DIGITS), round(spread, DIGITS)

    def _chance(
        self,
        topic: TopicSums,
        mean: float,
        agent_id: str,
        topic_id: str,
        before: Before,
        strengths: Strengths,
        today: int,
    ) -> tuple[float, float]:
        cell = self.cells.get((agent_id, topic_id), NO_CELL).in_period(topic)
        effect, unit = self.agent_effect(agent_id, strengths, today), today << VALUE_BITS
        now, old = (cell.n / today, cell.a / unit), (cell.old_n / today, cell.old_a / unit)
        return cell_chance(mean, before.offset, effect, now, old, strengths.cell)

    def stratum_effect(self, stratum: int, today: int) -> float:
        """How much oftener cases of this stratum are resolved than others of their topic."""
        sums, every = self.strata.get(stratum, NOTHING), self.strata.get(EVERY, NOTHING)
        usual = every.excess(today) / max(every.worth(today), 1.0)
        count = sums.worth(today)
        return (sums.excess(today) - count * usual) / (count + STRATUM_STRENGTH)

    def result(self, key: Key, value: float, before: Before, strengths: Strengths, today: int) -> Result:
        """A result as it would enter now."""
        topic = self.topics.get(key.topic_id, NO_TOPIC)
        mean = topic.mean(before.topic, today)
        stratum = self.stratum_effect(key.stratum, today)
        own = self._chance(topic, mean, key.agent_id, key.topic_id, before, strengths, today)[0]
        return Result(
            key,
            topic.period,
            today,
            in_units(value),
            in_units(before.offset + stratum),
            in_units(_within(mean + before.offset + stratum)),
            in_units(own - mean - before.offset),
            in_units(stratum),
        )

    def entered(self, result: Result, configured: float) -> Skills:
        """With the result; the topic may turn out to have moved."""
        seen = result.weight * result.value
        return self._summed(result, result.weight, seen, result.surprise, configured)

    def withdrawn(self, result: Result) -> Skills:
        """Without a result that was entered: the sums are what they would be had it never come."""
        return self._summed(result, -result.weight, -result.weight * result.value)

    def corrected(self, result: Result, value: float, configured: float) -> tuple[Skills, Result]:
        """With another value for a result that was entered."""
        better = in_units(value)
        if better == result.value:
            return self, result
        by = better - result.value
        after = self._summed(result, 0, result.weight * by, by / VALUE, configured)
        return after, result._replace(value=better)

    def _summed(
        self, result: Result, weight: int, seen: int, distance: float = 0.0, configured: float = 0.0
    ) -> Skills:
        """With this much more weight and weight x value of a result; by `distance` its topic surprises."""
        key = result.key
        cell_key, off = (key.agent_id, key.topic_id), seen - weight * result.offset
        topic = self.topics.get(key.topic_id, NO_TOPIC)
        cell = self.cells.get(cell_key, NO_CELL).plus(topic, result.period, weight, off)
        if result.period == topic.period:
            topic = _watched(topic, weight, off, distance, configured, result.weight)
        plain = weight * (result.expected - result.of_stratum)
        strata = _put(self.strata, key.stratum, weight, seen, plain)
        return Skills(
            self.cells.set(cell_key, cell) if cell.n or cell.old_n else self.cells.delete(cell_key),
            _put(self.agents, key.agent_id, weight, seen, weight * result.expected),
            self.topics.set(key.topic_id, topic),
            _put(strata, EVERY, weight, seen, plain),
        )


def _watched(
    topic: TopicSums, weight: int, off: int, distance: float, configured: float, today: int
) -> TopicSums:
    """The topic with a result of its newest period; one that still learns its mean is not watched."""
    period, n, a, prior, ended, watch = topic
    topic = TopicSums(period, n + weight, a + off, prior, ended, watch)
    if not distance or topic.n < SETTLED_COUNT * today:
        return topic
    watch = watch.after(distance)
    moved = watch.moved_by()
    if moved:
        return _moved(topic, topic.mean(configured, today), moved)
    return TopicSums(period, topic.n, topic.a, prior, ended, watch)


def _moved(topic: TopicSums, mean: float, by: float) -> TopicSums:
    """A new period of a topic, from a prior where the watch thinks that its mean is now."""
    ended = (*topic.ended, in_units(mean))[-PERIODS_MAX:]
    return TopicSums(topic.period + 1, prior=in_units(_within(mean + by)), ended=ended)


def _put(sums: Map[T, Sums], key: T, weight: int, seen: int, expected: int) -> Map[T, Sums]:
    n, s, e = sums.get(key, NOTHING)
    n += weight
    return sums.set(key, Sums(n, s + seen, e + expected)) if n else sums.delete(key)


def _within(chance: float) -> float:
    return min(EXPECTED_MAX, max(EXPECTED_MIN, chance))


def stratum_of(level: int, *, complaint: bool, repeat: bool) -> int:
    """Number of a kind of case."""
    return min(max(level, 0), LEVELS_MAX) << 2 | complaint << 1 | repeat


def cell_chance(
    mean: float,
    offset: float,
    effect: float,
    now: tuple[float, float],
    old: tuple[float, float],
    strength: float,
) -> tuple[float, float]:
    """p_jk and its standard deviation; `now` and `old` are (count, sum) of the cell, of `old` as distances."""
    count = strength + now[0] + old[0]
    seen = now[1] + now[0] * offset + old[1] + old[0] * (mean + offset)
    chance = (strength * _within(mean + offset + effect) + seen) / count
    chance = min(CHANCE_MAX, max(CHANCE_MIN, chance))
    return chance, (chance * (1.0 - chance) / count) ** 0.5
