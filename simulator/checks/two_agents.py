"""Two agents and one queue, solved exactly: how good is the hold rule (routing.md 6.8)?

Poisson arrivals, exponential service; a contact that its agent does not resolve is back in the queue at once. The state
is (waiting, stronger busy, weaker busy), the cost the mean number in the system; relative value iteration of the
uniformised chain finds the least cost, or that of a given rule.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from services.router.policy.cost import MICRO, NANO
from services.router.policy.hold import hold_test
from simulator.pool import Floats

WAITING_MAX = 120
TOLERANCE = 1e-9
STEPS_MAX = 400_000
EITHER = (0, 1)


@dataclass(frozen=True, slots=True)
class Pair:
    """The stronger agent, of the higher p mu, comes first."""

    arrivals: float
    rate: tuple[float, float]
    """[mu] Contacts per unit of time."""
    resolves: tuple[float, float]
    """[p]"""


Decide = Callable[[Floats], Floats]
"""From the value after deciding, J[waiting, stronger busy, weaker busy], to the value before."""


def costs_of(pair: Pair) -> tuple[tuple[float, float], float]:
    """Expected time to resolution with each agent, and of each contact ahead: R = 1/(p mu) of the stronger,
    c = 1/mu + (1 - p) R."""
    a_resolution = 1.0 / (pair.resolves[0] * pair.rate[0])
    strong, weak = (
        1.0 / rate + (1.0 - chance) * a_resolution
        for rate, chance in zip(pair.rate, pair.resolves, strict=True)
    )
    return (strong, weak), a_resolution


def hold_from(pair: Pair) -> int:
    """k of the router's own hold test: the least number waiting at which it uses the weaker while the stronger is
    busy. Time is taken in units of 1,000 s, so that the test's margin of 1 cs does not matter."""
    (strong, weak), a_resolution = costs_of(pair)
    for waiting in range(1, WAITING_MAX):
        found = hold_test(
            np.array([0]),
            np.rint(np.array([strong, weak]) * 1000 * MICRO).astype(np.int64),
            np.array([NANO / (1000 * a_resolution), 0]).astype(np.int64),
            best_cost=round(weak * 1000 * MICRO),
            waiting=waiting,
            waiting_cs=np.copy,
            left_seconds=math.inf,
        )
        if found is None or not found.held:
            return waiting
    raise ArithmeticError(f"the weaker of {pair} is never used")


def weaker_from(k: int) -> Decide:
    """The stronger whenever it is idle; the weaker from k waiting contacts, the one to be served included."""

    def decide(after: Floats) -> Floats:
        before = after.copy()
        for weaker in EITHER:
            before[1:, 0, weaker] = after[:-1, 1, weaker]
        before[k:, 1, 0] = after[k - 1 : -1, 1, 1]
        if k == 1:
            before[2:, 0, 0] = after[:-2, 1, 1]
        else:
            before[k + 1 :, 0, 0] = after[k - 1 : -2, 1, 1]
        return before

    return decide


def faster_first(pair: Pair) -> Decide:
    """Never idle; the faster of two idle agents, whatever it resolves."""
    if pair.rate[0] >= pair.rate[1]:
        return weaker_from(1)

    def decide(after: Floats) -> Floats:
        before = weaker_from(1)(after)
        before[1, 0, 0] = after[0, 0, 1]
        return before

    return decide


def best(after: Floats) -> Floats:
    """Whatever costs least: nobody, either, or both."""
    before = after.copy()
    before[1:, 1, 0] = np.minimum(before[1:, 1, 0], after[:-1, 1, 1])
    before[1:, 0, 1] = np.minimum(before[1:, 0, 1], after[:-1, 1, 1])
    before[1:, 0, 0] = np.minimum(before[1:, 0, 0], np.minimum(after[:-1, 1, 0], after[:-1, 0, 1]))
    before[2:, 0, 0] = np.minimum(before[2:, 0, 0], after[:-2, 1, 1])
    return before


def mean_in_system(pair: Pair, decide: Decide) -> tuple[float, Floats]:
    """The mean number in the system under `decide`, and J. Waiting is cut at WAITING_MAX, where arrivals are lost."""
    (strong, weak), (strong_p, weak_p) = pair.rate, pair.resolves
    total = pair.arrivals + strong + weak
    waiting, stronger, weaker = np.indices((WAITING_MAX + 1, 2, 2))
    cost = (waiting + stronger + weaker).astype(np.float64)
    after = np.zeros_like(cost)
    for _ in range(STEPS_MAX):
        before = decide(after)
        one_more = np.concatenate([before[1:], before[-1:]])
        step = cost + pair.arrivals * one_more
        step[:, 0, :] += strong * before[:, 0, :]
        step[:, 1, :] += strong * (strong_p * before[:, 0, :] + (1 - strong_p) * one_more[:, 0, :])
        step[:, :, 0] += weak * before[:, :, 0]
        step[:, :, 1] += weak * (weak_p * before[:, :, 0] + (1 - weak_p) * one_more[:, :, 0])
        following = step / total
        change = following - after
        after = following - following[0, 0, 0]
        if change.max() - change.min() < TOLERANCE:
            break
    return float(change[0, 0, 0]) * total, after


def best_from(pair: Pair) -> int:
    """k of the optimum: where using the weaker starts to cost no more than leaving it idle."""
    _, after = mean_in_system(pair, best)
    return 1 + int(np.argmax(after[:-1, 1, 1] <= after[1:, 1, 0] + 1e-7))
