"""What a call log says of its callers and agents: patience, presence, who takes what, and how long each talks.

Patience is the product-limit estimate (Kaplan & Meier 1958) of those who waited: who was answered would have waited longer.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from simulator.calls.log import Call, CallLog
from simulator.pool import Bools, Floats

TAIL_SECONDS = 300.0
"""Who outlasts the longest wait seen leaves after an exponential time of this mean."""
SERVED_MIN = 5
"""An agent takes the kinds of calls of which it took so many."""
PSEUDO_CALLS = 20
"""At the kind's mean, so that few calls say little of an agent's pace."""


@dataclass(frozen=True, eq=False, slots=True)
class Stays:
    """S: the share that waits longer than each time; steps."""

    seconds: Floats
    """At which somebody left; rising."""
    stays: Floats
    """S from there on."""

    def gone(self, seconds: float) -> float:
        """Share that has left within so long."""
        at = int(np.searchsorted(self.seconds, seconds, side="right"))
        return 1.0 - float(self.stays[at - 1]) if at else 0.0

    @property
    def median_seconds(self) -> float:
        """inf where half of them were never seen to leave."""
        at = np.flatnonzero(self.stays <= 0.5)
        return float(self.seconds[at[0]]) if at.size else math.inf

    def drawn(self, uniform: Floats, tail: Floats) -> Floats:
        """Patience by inversion; past the last step as long as `tail` (unit exponentials) says."""
        if not self.seconds.size:
            return TAIL_SECONDS * tail
        at = np.searchsorted(-self.stays, -uniform, side="left")
        last = len(self.seconds) - 1
        beyond = self.seconds[last] + TAIL_SECONDS * tail
        return np.where(at > last, beyond, self.seconds[np.minimum(at, last)])


def stays(calls: Iterable[Call]) -> Stays:
    """Of the calls that waited; those who left and were answered at the same second count as at risk together."""
    waits = [(call.waited_seconds, call.left) for call in calls if call.waited_seconds > 0]
    left = Counter(seconds for seconds, gone in waits if gone)
    ended = Counter(seconds for seconds, _ in waits)
    at_risk, share = len(waits), 1.0
    times, shares = [], []
    for seconds in sorted(ended):
        if left[seconds]:
            share *= 1.0 - left[seconds] / at_risk
            times.append(float(seconds))
            shares.append(share)
        at_risk -= ended[seconds]
    return Stays(np.array(times), np.array(shares))


@dataclass(frozen=True, eq=False, slots=True)
class Past:
    """All that a replay takes from the log, but the calls themselves."""

    kinds: tuple[str, ...]
    agents: tuple[str, ...]
    takes: Bools
    """[agents, kinds]"""
    talk_seconds: Floats
    """[agents, kinds] Mean, `PSEUDO_CALLS` included."""
    kind_seconds: Floats
    """[kinds]"""
    stays: Mapping[str, Stays]
    """By kind."""


def past_of(log: CallLog) -> Past:
    kinds = tuple(sorted({call.kind for call in log.calls}))
    agents = tuple(sorted({call.agent for call in log.calls if call.agent}))
    column = {kind: at for at, kind in enumerate(kinds)}
    row = {agent: at for at, agent in enumerate(agents)}
    count, total = np.zeros((len(agents), len(kinds))), np.zeros((len(agents), len(kinds)))
    for call in log.calls:
        if call.agent:
            count[row[call.agent], column[call.kind]] += 1
            total[row[call.agent], column[call.kind]] += call.talk_seconds
    overall = float(total.sum() / count.sum())
    of_kind = count.sum(axis=0)
    kind_seconds = np.where(of_kind > 0, total.sum(axis=0) / np.maximum(of_kind, 1), overall)
    by_kind: dict[str, list[Call]] = defaultdict(list)
    for call in log.calls:
        by_kind[call.kind].append(call)
    return Past(
        kinds=kinds,
        agents=agents,
        takes=count >= SERVED_MIN,
        talk_seconds=(total + PSEUDO_CALLS * kind_seconds) / (count + PSEUDO_CALLS),
        kind_seconds=kind_seconds,
        stays={kind: stays(calls) for kind, calls in by_kind.items()},
    )


Span = tuple[float, float]


def spells(calls: Sequence[Call], gap_seconds: float) -> dict[str, list[Span]]:
    """When each agent was there on a day: while its calls lasted, and between two that lie no further apart."""
    found: dict[str, list[Span]] = {}
    for call in sorted(calls, key=lambda one: one.begun_seconds):
        if not call.agent:
            continue
        begun, ended = float(call.begun_seconds), float(call.begun_seconds + call.talk_seconds)
        merged = found.setdefault(call.agent, [])
        if merged and begun - merged[-1][1] <= gap_seconds:
            merged[-1] = merged[-1][0], max(merged[-1][1], ended)
        else:
            merged.append((begun, ended))
    return found


def absences(there: Sequence[Span], until_seconds: float) -> list[Span]:
    """The rest of [0, until)."""
    found, at = [], 0.0
    for begun, ended in there:
        if begun > at:
            found.append((at, begun))
        at = max(at, ended)
    if at < until_seconds:
        found.append((at, until_seconds))
    return found
