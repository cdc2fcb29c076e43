"""The scenarios of routing.md 6.7, as changes of a pool, a day and what happens in it.

Each leaves the draws of the day that it starts from as they are, and takes its own from a generator of its own, so that
a stressed day pairs with its calm one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace

import numpy as np

from simulator.day import DRAWS, Day, draw_day
from simulator.pool import Pool
from simulator.strain import CAPACITY_UNITS, CHAT_UNITS, NONE, Absence, Ignores, Languages, Strain
from simulator.worlds import World

TOPIC = 2
"""The topic that surges or falls: neither the commonest nor a rare one."""
OUTAGE_FROM_SECONDS, OUTAGE_SECONDS = 10_800.0, 600.0
SHIFT_SECONDS, SHIFT_SPREAD_SECONDS, SHIFT_GAP_SECONDS = 14_400.0, 300.0, 600.0
SURGE_FROM_SECONDS, SURGE_TO_SECONDS, SURGE_FACTOR = 7200.0, 14_400.0, 3
SURGE_DAY = 1000
"""Further arrivals are those of days numbered from here."""
LANGUAGE_SPEAKERS, LANGUAGE_ISSUES = 0.08, 0.05
FALL = 0.2
IGNORING_AGENTS, IGNORED_OFFERS = 0.10, 0.5
CHAT_SHARE = 0.4
WEEK_SECONDS = 7 * 86_400.0


@dataclass(frozen=True, eq=False, slots=True)
class Stressed:
    """A day to play: Flow(pool, day, policy, strain=strain)."""

    pool: Pool
    day: Day
    strain: Strain = NONE


Scenario = Callable[[World, Pool, Day, int], Stressed]
"""Of a world, its pool and day, and the replication."""


def _own_generator(replication: int, scenario: int) -> np.random.Generator:
    return np.random.default_rng((replication, scenario, 99))


def calm(world: World, pool: Pool, day: Day, replication: int) -> Stressed:
    return Stressed(pool, day)


def outage(world: World, pool: Pool, day: Day, replication: int) -> Stressed:
    """Nobody takes anything for ten minutes."""
    until = OUTAGE_FROM_SECONDS + OUTAGE_SECONDS
    away = tuple(Absence(agent, OUTAGE_FROM_SECONDS, until) for agent in range(pool.agents))
    return Stressed(pool, day, Strain(absences=away))


def shift_change(world: World, pool: Pool, day: Day, replication: int) -> Stressed:
    """Half of the seats change hands around noon, each empty for ten minutes."""
    rng = _own_generator(replication, 1)
    starts = SHIFT_SECONDS + rng.uniform(-SHIFT_SPREAD_SECONDS, SHIFT_SPREAD_SECONDS, size=pool.agents)
    away = tuple(
        Absence(agent, float(starts[agent]), float(starts[agent]) + SHIFT_GAP_SECONDS)
        for agent in range(0, pool.agents, 2)
    )
    return Stressed(pool, day, Strain(absences=away))


def topic_surge(world: World, pool: Pool, day: Day, replication: int) -> Stressed:
    """One topic's arrivals are three times as many for two hours."""
    parts = [day]
    for extra in range(SURGE_FACTOR - 1):
        other = draw_day(world, pool, replication, SURGE_DAY + extra)
        inside = (other.arrival_seconds >= SURGE_FROM_SECONDS) & (other.arrival_seconds < SURGE_TO_SECONDS)
        parts.append(_rows(other, np.flatnonzero(inside & (other.topic == TOPIC))))
    joined = Day(
        **{name.name: np.concatenate([getattr(part, name.name) for part in parts]) for name in fields(Day)}
    )
    return Stressed(pool, _rows(joined, np.argsort(joined.arrival_seconds, kind="stable")))


def scarce_language(world: World, pool: Pool, day: Day, replication: int) -> Stressed:
    """One issue in twenty is in a language that one agent in twelve speaks, two at least; they speak the other too."""
    rng = _own_generator(replication, 3)
    speaks = np.ones((pool.agents, 2), dtype=bool)
    speaks[:, 1] = rng.random(pool.agents) < LANGUAGE_SPEAKERS
    speaks[rng.choice(pool.agents, size=2, replace=False), 1] = True
    of_issue = (rng.random(len(day)) < LANGUAGE_ISSUES).astype(np.int64)
    return Stressed(pool, day, Strain(languages=Languages(speaks, of_issue)))


def topic_falls(world: World, pool: Pool, day: Day, replication: int) -> Stressed:
    """Overnight everybody's chance to resolve one topic falls by .2, and policies do not know it."""
    resolves = pool.resolves.copy()
    resolves[:, TOPIC] = np.maximum(resolves[:, TOPIC] - FALL, 0.05)
    return Stressed(replace(pool, resolves=resolves), day, Strain(believed=pool))


def ignoring_agents(world: World, pool: Pool, day: Day, replication: int) -> Stressed:
    """One agent in ten lets every second offer ring until it expires."""
    rng = _own_generator(replication, 5)
    chance = np.where(rng.random(pool.agents) < IGNORING_AGENTS, IGNORED_OFFERS, 0.0)
    return Stressed(pool, day, Strain(ignores=Ignores(chance, rng.random((len(day), DRAWS)))))


def chats(world: World, pool: Pool, day: Day, replication: int) -> Stressed:
    """Two issues in five that are no e-mail are chats; an agent holds two at once, and no call beside one."""
    rng = _own_generator(replication, 6)
    chat = (rng.random(len(day)) < CHAT_SHARE) & ~day.email
    return Stressed(pool, day, Strain(units=np.where(chat, CHAT_UNITS, CAPACITY_UNITS)))


def late_outcomes(world: World, pool: Pool, day: Day, replication: int) -> Stressed:
    """How a contact ended is seen a week later."""
    return Stressed(pool, day, Strain(outcomes_late_seconds=WEEK_SECONDS))


SCENARIOS: Mapping[str, Scenario] = {
    "calm": calm,
    "outage": outage,
    "shift change": shift_change,
    "topic surge": topic_surge,
    "scarce language": scarce_language,
    "topic falls": topic_falls,
    "ignoring agents": ignoring_agents,
    "chats": chats,
    "late outcomes": late_outcomes,
}


def _rows(day: Day, rows: np.ndarray[tuple[int], np.dtype[np.int64]]) -> Day:
    return Day(**{field.name: getattr(day, field.name)[rows] for field in fields(Day)})
