"""The static policies that a routing policy is compared with (routing.md 6.4), each also with the owner rule."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from simulator.baselines.filtered import Bullseye, SkillsAndPriority
from simulator.baselines.plain import LongestIdle, Random, RoundRobin
from simulator.baselines.quality import ResolvingRate, ResolvingRateHard
from simulator.policy import Policy

BASELINES: Mapping[str, Callable[[], Policy]] = {
    "random": Random,
    "round-robin": RoundRobin,
    "longest-idle": LongestIdle,
    "skills + priority": SkillsAndPriority,
    "bullseye": Bullseye,
    "p mu": ResolvingRate,
    "p mu + hard authority": ResolvingRateHard,
}
"""A new instance runs one day."""
