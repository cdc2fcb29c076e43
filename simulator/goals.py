"""The goals of routing.md 7.1 as data, each with how it is measured from runs; `judge` says what was reached.

Figures are shares, seconds, or cs, as in Metrics. A goal is met when its mean is; the interval says how sure that is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import inf, isnan

from simulator.report import estimates
from simulator.report.estimates import Runs
from simulator.statistics import Estimate

PRODUCTION, CLAIRVOYANT, FIRST_DAY = "production", "clairvoyant", "first day"
LEARNING, KNOWING = "learning", "knowing"
"""Several days: learning from nothing, and knowing everybody's chances."""
LONGEST_IDLE = "longest-idle"
STATIC = ("longest-idle + owner", "bullseye + owner", "skills + priority + owner")
CHECKS = "checks"
"""Its figures are those of the outside checks, in a world of that name."""

Measured = tuple[Estimate, str]
"""And against what, where the runs decide that."""
Measure = Callable[[Runs, str], Measured | None]


@dataclass(frozen=True, slots=True)
class Goal:
    """What is to be reached, and in which worlds."""

    goal_id: str
    kind: str
    text: str
    bounds: Mapping[str, tuple[float, float]]
    """Per world, the least and the most that meets it."""
    measure: Measure
    unit: str = ""
    """"%" and "points" are of shares and shown times 100; "s", "h", "cs" and "" as they are."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """Of one goal in one world."""

    goal: Goal
    world: str
    found: Estimate | None
    """None: nothing was run that tells it."""
    against: str = ""

    @property
    def bounds(self) -> tuple[float, float]:
        return self.goal.bounds[self.world]

    @property
    def margin(self) -> float:
        """How far inside its bounds the mean lies; negative by how much it is missed."""
        if self.found is None or isnan(self.found.mean):
            return float("nan")
        low, high = self.bounds
        return min(self.found.mean - low, high - self.found.mean)

    @property
    def met(self) -> bool | None:
        return None if isnan(self.margin) else self.margin >= -1e-12

    @property
    def sure(self) -> bool:
        """The whole interval is on the same side of the bounds as the mean."""
        if self.found is None or self.met is None or isnan(self.found.half_width):
            return False
        return abs(self.margin) >= self.found.half_width


def judge(runs: Runs) -> list[Verdict]:
    """Every goal in every world that it names, in the order of GOALS."""
    return [_verdict(goal, world, runs) for goal in GOALS for world in goal.bounds]


def _verdict(goal: Goal, world: str, runs: Runs) -> Verdict:
    measured = goal.measure(runs, world)
    return Verdict(goal, world, None) if measured is None else Verdict(goal, world, *measured)


# How things are measured.


def _level(name: str, policy: str = PRODUCTION) -> Measure:
    def measure(runs: Runs, world: str) -> Measured | None:
        found = estimates.level(runs, world, policy, name)
        return None if found is None else (found, "")

    return measure


def _extreme(name: str, of: Callable[[Sequence[float]], float]) -> Measure:
    """The highest or lowest of the replications, where the goal is that it happens in none."""

    def measure(runs: Runs, world: str) -> Measured | None:
        (found,) = estimates.values(runs, world, [PRODUCTION], name)
        return (Estimate(of(found), 0.0), "") if found else None

    return measure


def _above(name: str, other: str, policy: str = PRODUCTION) -> Measure:
    def measure(runs: Runs, world: str) -> Measured | None:
        found = estimates.difference(runs, world, policy, other, name)
        return None if found is None else (found, "")

    return measure


def _above_best_static(name: str, *, low: bool = False) -> Measure:
    """`low`: the lower end of the difference's interval instead of its mean."""

    def measure(runs: Runs, world: str) -> Measured | None:
        other = estimates.best(runs, world, STATIC, name)
        found = estimates.difference(runs, world, PRODUCTION, other, name) if other else None
        if found is None or other is None:
            return None
        return (Estimate(found.low, 0.0) if low else found), other

    return measure


def _below(name: str, other: str) -> Measure:
    def measure(runs: Runs, world: str) -> Measured | None:
        found = estimates.share_below(runs, world, PRODUCTION, other, name)
        return None if found is None else (found, "")

    return measure


def _below_best_static(name: str) -> Measure:
    def measure(runs: Runs, world: str) -> Measured | None:
        other = estimates.best(runs, world, STATIC, name, least=True)
        found = estimates.share_below(runs, world, PRODUCTION, other, name) if other else None
        return None if found is None or other is None else (found, other)

    return measure


def _gap_closed(runs: Runs, world: str) -> Measured | None:
    found = estimates.gap_closed(runs, world, PRODUCTION, LONGEST_IDLE, CLAIRVOYANT)
    return None if found is None else (found, "")


def _learning(name: str) -> Measure:
    """A figure that runs over several days tell (days.py)."""
    return _level(name, LEARNING)


def _behind_known(runs: Runs, world: str) -> Measured | None:
    found = estimates.difference(runs, world, KNOWING, LEARNING, "fcr_from_day_6")
    return None if found is None else (found, "")


def _at_least(a: float, b: float | None = None, c: float | None = None) -> dict[str, tuple[float, float]]:
    return {world: (bound, inf) for world, bound in zip("ABC", (a, b, c), strict=True) if bound is not None}


def _at_most(a: float, b: float | None = None, c: float | None = None) -> dict[str, tuple[float, float]]:
    return {world: (-inf, bound) for world, bound in zip("ABC", (a, b, c), strict=True) if bound is not None}


def _in(low: float, high: float, worlds: str = "ABC") -> dict[str, tuple[float, float]]:
    return dict.fromkeys(worlds, (low, high))


def _check(goal_id: str, text: str, most: float, check: str, name: str, unit: str = "") -> Goal:
    """`check` is one of report/outside.py, which stands where policies do."""
    return Goal(goal_id, "checks", text, {CHECKS: (-inf, most)}, _level(name, check), unit)


GOALS: tuple[Goal, ...] = (
    Goal("fcr", "quality", "FCR of offered", _at_least(0.875, 0.825, 0.873), _level("fcr"), "%"),
    Goal(
        "fcr-longest-idle",
        "quality",
        "FCR over longest-idle",
        _at_least(0.045, 0.080, 0.024),
        _above("fcr", LONGEST_IDLE),
        "points",
    ),
    Goal(
        "fcr-static",
        "quality",
        "FCR over the best static baseline with owner rule",
        _at_least(0.015, 0.015, 0.015),
        _above_best_static("fcr"),
        "points",
    ),
    Goal(
        "fcr-static-sure",
        "quality",
        "the same, lower confidence bound",
        _at_least(0.01, 0.01, 0.01),
        _above_best_static("fcr", low=True),
        "points",
    ),
    Goal(
        "gap",
        "quality",
        "gap from longest-idle to the clairvoyant closed",
        _at_least(0.70, 0.70, 0.70),
        _gap_closed,
        "%",
    ),
    Goal(
        "first-agent",
        "quality",
        "first-agent resolution",
        _at_least(0.78, 0.74, 0.78),
        _level("first_agent"),
        "%",
    ),
    Goal("transfers", "quality", "transfers per contact", _at_most(0.12, 0.16, 0.11), _level("transfers")),
    Goal("chains", "quality", "two or more transfers", _at_most(0.002, 0.002, 0.002), _level("chains"), "%"),
    Goal(
        "long-chains",
        "quality",
        "more than two, in any replication",
        _at_most(0.0, 0.0, 0.0),
        _extreme("chains_long", max),
        "%",
    ),
    Goal(
        "authority",
        "quality",
        "authority called",
        _at_most(0.09, 0.115, 0.13),
        _level("authority_calls"),
        "%",
    ),
    Goal(
        "service-level",
        "service",
        "answered within 40 s of offered",
        _at_least(0.985, 0.925, 0.985),
        _level("within_target"),
        "%",
    ),
    Goal("abandonment", "service", "abandoned", _at_most(0.011, 0.055, 0.011), _level("abandoned"), "%"),
    Goal("p90", "service", "P90 wait", _at_most(11.0, 23.0, 11.5), _level("p90_seconds"), "s"),
    Goal(
        "email-p95",
        "service",
        "e-mail, P95 of the first human answer",
        {"C": (-inf, 1.0)},
        _level("email_p95_hours"),
        "h",
    ),
    Goal(
        "email-24h",
        "service",
        "e-mail answered within 24 h, in every replication",
        {"C": (1.0, inf)},
        _extreme("email_within_24h", min),
        "%",
    ),
    Goal(
        "cost-longest-idle",
        "service",
        "customer cost below longest-idle",
        _at_least(0.19, 0.19, 0.19),
        _below("cost_cs", LONGEST_IDLE),
        "%",
    ),
    Goal(
        "cost-static",
        "service",
        "customer cost below the best static baseline",
        _at_least(0.06, 0.06, 0.06),
        _below_best_static("cost_cs"),
        "%",
    ),
    Goal("loyal", "care", "ASA of loyal over new customers", _in(0.75, 0.95), _level("asa_loyal_over_new")),
    Goal(
        "loyal-never",
        "care",
        "the same, lowest replication",
        _at_least(0.5, 0.5, 0.5),
        _extreme("asa_loyal_over_new", min),
    ),
    Goal(
        "complaints",
        "care",
        "first-agent resolution of complaints",
        _at_least(0.73, 0.73, 0.73),
        _level("first_agent_complaint"),
        "%",
    ),
    Goal(
        "classes",
        "care",
        "highest P99 wait of a class over that of all",
        _at_most(3.0, 3.0, 3.0),
        _level("class_p99_ratio"),
    ),
    Goal("occupancy", "care", "sd of the agents' occupancy", _at_most(0.17, 0.13), _level("occupancy_sd")),
    Goal(
        "first-day",
        "learning",
        "first day, p unknown: FCR over longest-idle",
        _at_least(0.03, 0.03),
        _above("fcr", LONGEST_IDLE, FIRST_DAY),
        "points",
    ),
    Goal(
        "day-6",
        "learning",
        "FCR behind known p on the same days, from day 6",
        _at_most(0.006),
        _behind_known,
        "points",
    ),
    Goal(
        "day-8",
        "learning",
        "correlation of learned and true p on day 8",
        _at_least(0.90),
        _learning("correlation_day_8"),
    ),
    Goal(
        "fall",
        "learning",
        "a topic's fall of .2: days until within .05 of the new p",
        _at_most(7.0),
        _learning("fall_recovered_days"),
    ),
    _check(
        "erlang-a",
        "abandonment of Erlang-A, 3.09 %: off the mean, in half-widths of its interval",
        1.0,
        "erlang-a",
        "erlang_a_off",
    ),
    _check(
        "hold-rule",
        "hold rule over the exact optimum, worst of seven cases",
        0.03,
        "hold-rule",
        "hold_rule_over",
        "%",
    ),
    _check(
        "explanations",
        "an explanation's terms off its score, worst of a day",
        1e-6,
        "explanations and replay",
        "terms_off",
        "cs",
    ),
    _check(
        "replay",
        "decisions that differ when a day is decided or folded again",
        0.0,
        "explanations and replay",
        "replay_differs",
    ),
)

ELSEWHERE: tuple[tuple[str, str], ...] = (
    (
        "acknowledged within 60 s",
        "intake answers a message before routing begins; its tests and `make bench`",
    ),
    ("no starvation under adversarial arrivals", "tests/properties, with hypothesis"),
    ("speed of routing.md section 5", "`make bench`"),
    (
        "replay of the Anonymous Bank's calls",
        "`frontdesk simulate calls --file FILE`; the calls are no part of the repository",
    ),
)
"""Goals that these runs do not tell, and what does."""
