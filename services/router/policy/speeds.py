"""How long work takes: each topic's mean, and each agent's factor v over it (routing.md 3, "Speed").

    v_j = exp( (sum (ln t - mean ln t of the topic) + 20 ln v0_j) / (n_j + 20) )       v0: configured, else 1

Logarithms, for handle times are close to lognormal (Brown et al. 2005): one endless call must not make a slow agent.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import exp, log
from typing import NamedTuple

import immutables

from services.router.policy.memory import NOTHING, VALUE_BITS, Sums, in_units

Map = immutables.Map

HANDLE_SECONDS_MIN, HANDLE_SECONDS_MAX = 10.0, 14_400.0
"""Shorter ones are wrong numbers and slips, and are dropped; longer ones count as this."""
SPEED_STRENGTH = 20.0
"""Pseudo-handles of an agent's configured speed, and of a topic's configured mean."""
LOG_BELOW_MEAN = 0.36
"""Mean of ln t below the ln of the mean: half the variance .85^2 of a usual handle time."""
SPEED_MIN, SPEED_MAX = 0.25, 4.0
DIGITS = 9


class TopicTimes(NamedTuple):
    """Weighted sums over the handles of a topic."""

    n: int = 0
    logs: int = 0
    """Of weight x ln seconds."""
    seconds: int = 0
    """Of weight x seconds."""


NO_TIMES = TopicTimes()


@dataclass(frozen=True, slots=True)
class Speeds:
    """All that handle times say."""

    agents: Map[str, Sums] = field(default_factory=Map)
    topics: Map[str, TopicTimes] = field(default_factory=Map)

    def mean_log(self, topic_id: str, configured_seconds: float, today: int) -> float:
        """Mean ln t of the topic."""
        times = self.topics.get(topic_id, NO_TIMES)
        prior = SPEED_STRENGTH * (log(configured_seconds) - LOG_BELOW_MEAN)
        return (times.logs / (today << VALUE_BITS) + prior) / (times.n / today + SPEED_STRENGTH)

    def handle_seconds(self, topic_id: str, configured_seconds: float, today: int) -> float:
        """Mean handle time of the topic, rounded."""
        times = self.topics.get(topic_id, NO_TIMES)
        seen = times.seconds / (today << VALUE_BITS)
        mean = (seen + SPEED_STRENGTH * configured_seconds) / (times.n / today + SPEED_STRENGTH)
        return round(mean, DIGITS)

    def factor(self, agent_id: str, configured: float, today: int) -> float:
        """v of the agent, rounded."""
        sums = self.agents.get(agent_id, NOTHING)
        mean = (sums.excess(today) + SPEED_STRENGTH * log(configured)) / (sums.worth(today) + SPEED_STRENGTH)
        return round(min(SPEED_MAX, max(SPEED_MIN, exp(mean))), DIGITS)

    def after(
        self, agent_id: str, topic_id: str, seconds: float, configured_seconds: float, today: int
    ) -> Speeds:
        """Once the agent has handled a contact of the topic in this time."""
        if seconds < HANDLE_SECONDS_MIN:
            return self
        seconds = min(seconds, HANDLE_SECONDS_MAX)
        seen = in_units(log(seconds))
        expected = in_units(self.mean_log(topic_id, configured_seconds, today))
        times = self.topics.get(topic_id, NO_TIMES)
        times = TopicTimes(
            times.n + today, times.logs + today * seen, times.seconds + today * in_units(seconds)
        )
        agent = self.agents.get(agent_id, NOTHING).plus(today, seen, expected)
        return Speeds(self.agents.set(agent_id, agent), self.topics.set(topic_id, times))
