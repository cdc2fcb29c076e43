"""Which level of authority contacts really need, and how well intake's words tell it (routing.md 3, "Needs").

    P(a) ~ prior(a | topic, complaint) x P(signal | a)

Both are Dirichlet: pseudo-counts of the configuration and of two documented guesses, plus what was really needed.

A contact settled in silence shows level 0 only at a desk that records what authority it uses; elsewhere it shows no
more than that the owner's own level was enough. So everything is counted, and the counts are believed while the
contacts that showed a level above 0 are at least half as many as was expected when they came.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import immutables

Map = immutables.Map

LEVELS_MAX = 8
"""Levels counted; higher ones count as the last."""
PRIOR_STRENGTH = 40.0
"""Pseudo-contacts of a topic's configured chances of levels."""
SIGNAL_STRENGTH = 50.0
"""Pseudo-contacts, per level, of the guess how often intake's words tell the level."""
SIGNAL_RIGHT = 0.80
"""That guess; the other levels share the rest alike."""
SHOWN_MIN = 20.0
"""Contacts that showed a level above 0, before counts are believed."""
SHOWN_SHARE_MIN = 0.5
"""Of those that were expected to take more than level 0."""
LEVEL_CHANCE_MIN = 0.001
"""Of a level that intake's words point at, whatever the configuration says."""


@dataclass(frozen=True)
class Levels:
    """Counts of what was needed, as weights (memory.py)."""

    needed: Map[tuple[str, bool], tuple[int, ...]] = field(default_factory=Map)
    """By topic and complaint: weights per level."""
    told: Map[int, tuple[int, ...]] = field(default_factory=Map)
    """By level needed: weights per level that intake's words pointed at."""
    expected: int = 0
    """Of the contacts counted: weight x the chance, when they came, that they take more than level 0."""
    shown: int = 0
    """Weights of those that showed that they do."""

    def believed(self, today: int) -> bool:
        """Whether the desk records authority well enough for silence to mean that none was used."""
        return self.shown >= SHOWN_MIN * today and self.shown >= SHOWN_SHARE_MIN * self.expected

    def prior(
        self, topic_id: str, configured: Sequence[float], today: int, *, complaint: bool
    ) -> tuple[float, ...]:
        """Chance of each level in the topic before intake's words are looked at; sums to 1.

        `configured`: the chances before anything is learned, of such a topic and complaint.
        """
        counts = self.needed.get((topic_id, complaint), ()) if self.believed(today) else ()
        size = max(len(configured), len(counts))
        mixed = [
            PRIOR_STRENGTH * _at(configured, level) + _at(counts, level) / today for level in range(size)
        ]
        total = sum(mixed)
        return tuple([part / total for part in mixed])

    def signal_chance(self, signal: int, level: int, size: int, today: int) -> float:
        """P(intake's words point at `signal` | `level` is needed), among `size` levels."""
        guess = SIGNAL_RIGHT if signal == level else (1.0 - SIGNAL_RIGHT) / max(1, size - 1)
        counts = self.told.get(level, ()) if self.believed(today) else ()
        seen = _at(counts, signal) / today
        return (SIGNAL_STRENGTH * guess + seen) / (SIGNAL_STRENGTH + sum(counts) / today)

    def after(
        self, topic_id: str, level: int, signal: int | None, today: int, *, complaint: bool, expected: float
    ) -> Levels:
        """Once a contact has shown which level it needed, by words or by silence.

        `expected`: chance, when it came, that it would take more than level 0.
        """
        level, key = min(level, LEVELS_MAX - 1), (topic_id, complaint)
        needed = self.needed.set(key, _counted(self.needed.get(key, ()), level, today))
        told = self.told
        if signal is not None:
            signal = min(signal, LEVELS_MAX - 1)
            told = told.set(level, _counted(told.get(level, ()), signal, today))
        return Levels(
            needed, told, self.expected + round(today * expected), self.shown + (today if level else 0)
        )


def posterior(mixed: Sequence[float], levels: Levels, signal: int | None, today: int) -> tuple[float, ...]:
    """Chance of each level once intake's words are looked at; None when they say nothing of it. Sums to 1."""
    if signal is None:
        return tuple(mixed)
    size = max(len(mixed), signal + 1)
    parts = [
        max(_at(mixed, level), LEVEL_CHANCE_MIN if level == signal else 0.0)
        * levels.signal_chance(signal, level, size, today)
        for level in range(size)
    ]
    total = sum(parts)
    return tuple([part / total for part in parts])


def _at(values: Sequence[float], index: int) -> float:
    return values[index] if index < len(values) else 0.0


def _counted(counts: tuple[int, ...], level: int, today: int) -> tuple[int, ...]:
    longer = [*counts, *[0] * (level + 1 - len(counts))]
    longer[level] += today
    return tuple(longer)
