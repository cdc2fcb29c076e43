"""What a contact costs at each agent of a pool: equations (1) to (3) of routing.md 2.2, in customer-seconds (cs).

    A = P(need <= level)      q = p [A + (1 - A) phi]      T = v AHT
    talk               T w                                         price   T lambda
    authority_missing  (1 - A) [t_c (w + lambda + lambda_max) + e w]
    not_resolved       (1 - q) F                                   F = F0 w

p and AHT are mixed over the topics that the contact may be about. Costs are whole micro-cs, so that terms sum to the
total exactly, in any order and on any machine. Sources of the shape: de Vericourt & Zhou 2005; Shumsky & Pinker 2003.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from services.contract.record import quick_record
from services.router.policy.settings import PolicySettings

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
MICRO = 1_000_000
"""Micro-cs in a customer-second."""
NANO = 1_000_000_000
"""Nano-hertz in a hertz: rates of serving are whole nano-hertz, so that their sums are exact."""
TERMS = ("talk", "price", "authority_missing", "not_resolved")


@quick_record
@dataclass(frozen=True, eq=False, slots=True)
class Costs:
    """One contact at each agent of a pool; in micro-cs where nothing else is said."""

    talk_seconds: Floats
    """T."""
    covers: Floats
    """A."""
    skill: Floats
    """p, mixed over the topics."""
    resolves: Floats
    """q."""
    terms: Ints
    """A row for each of TERMS."""
    total: Ints
    """C, the sum of the terms."""


def mixed(parts: Sequence[tuple[float, Floats]]) -> Floats:
    """A weighted sum of columns, in the order given: the same bits everywhere."""
    if len(parts) == 1 and parts[0][0] == 1.0:
        return parts[0][1]
    total = parts[0][0] * parts[0][1]
    for weight, column in parts[1:]:
        total = total + weight * column
    return total


def covered(levels: Sequence[tuple[int, float]], highest: int) -> Floats:
    """A by level: chance that level 0 ... `highest` covers the need; 1 where no level is named. Levels rise."""
    if not levels:
        return np.ones(highest + 1)
    total, found, above = 0.0, [], iter([*levels, (highest + 1, 0.0)])
    level, chance = next(above)
    for at in range(highest + 1):
        while level <= at:
            total += chance
            level, chance = next(above)
        found.append(min(1.0, total))
    return np.array(found)


def weighed(
    by_level: Floats,
    skill: Floats,
    seconds: Floats,
    weight: float | Floats,
    price: float | Floats,
    price_max: float,
    approver_free: float,
    settings: PolicySettings,
) -> Costs:
    """The terms, element by element: of one contact at many agents, or of many contacts at one agent.

    A, p and T of each; the same numbers give the same costs to the last digit, whichever way they are asked.
    """
    consult, failure = penalties(weight, price_max, settings)
    return weighed_with(by_level, skill, seconds, weight, price, approver_free, consult, failure, settings)


def penalties(
    weight: float | Floats, price_max: float, settings: PolicySettings
) -> tuple[float | Floats, float | Floats]:
    """What calling in authority costs before the agent's own price, and what a failure costs: they follow from w."""
    consult = settings.consult_seconds * (weight + price_max) + settings.authority_call_cs * weight
    return consult, settings.not_resolved_cs * weight


def weighed_with(
    by_level: Floats,
    skill: Floats,
    seconds: Floats,
    weight: float | Floats,
    price: float | Floats,
    approver_free: float,
    consult: float | Floats,
    failure: float | Floats,
    settings: PolicySettings,
) -> Costs:
    """`weighed`, for whoever knows the penalties already."""
    missing = 1.0 - by_level
    resolves = skill * (by_level + missing * approver_free)
    terms = np.empty((len(TERMS), len(skill)))
    np.multiply(seconds, weight, out=terms[0])
    np.multiply(seconds, price, out=terms[1])
    np.multiply(missing, consult + settings.consult_seconds * price, out=terms[2])
    np.multiply(1.0 - resolves, failure, out=terms[3])
    np.multiply(terms, MICRO, out=terms)
    whole: Ints = np.rint(terms, out=terms).astype(np.int64)
    return Costs(seconds, by_level, skill, resolves, whole, np.add.reduce(whole))


def rates(speed: Floats, mean_handle_seconds: float) -> Ints:
    """mu of each agent: contacts a second, in nano-hertz."""
    found: Ints = np.rint(NANO / (speed * mean_handle_seconds)).astype(np.int64)
    return found
