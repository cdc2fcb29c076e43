"""What keeping a contact until somebody helps costs, against passing it on (routing.md 2.8, rule 2); in cs.

A hop frees its sender at once and starts the talk nearly anew with somebody else; keeping it takes the owner's time
and the customer's until an approver is free, then two people for a consult, then the rest of the talk. The talk of a
hop is counted whole, as the score counts it (2.2), so that a hop must pay for what it repeats.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from services.router.policy.cost import Floats

REST_OF_TALK_AUTHORITY = 0.5
"""Share of the talk left when a right turns out to be missing (6.2, point 5)."""
REST_OF_TALK_STUCK = 0.35
"""The same after advice to somebody who was stuck."""


def wait_seconds(requests: int, rates: Sequence[float] | Floats) -> float:
    """Expected wait of the last of so many requests, when people free at these rates per second (2.4, D = N / mu).

    Infinite when nobody could ever free.
    """
    total = (
        float(np.cumsum(rates)[-1]) if len(rates) else 0.0
    )  # one after the other: the same bits everywhere
    return requests / total if total > 0.0 else math.inf


def hop_cs(
    *, talk_seconds: Floats, price: Floats, weight: float, resolves: Floats, failure_cs: float, wait: float
) -> Floats:
    """Each receiver's talk, the chance that it fails, and the customer's wait; C' + wait of rule 2."""
    return talk_seconds * (weight + price) + (1.0 - resolves) * failure_cs + _waiting(weight, wait)


def keep_cs(
    *,
    rest_seconds: float,
    price: float,
    consult_seconds: float,
    adviser_price: float,
    weight: float,
    resolves: float,
    failure_cs: float,
    wait: float,
) -> float:
    """Owner and customer wait together, consult, and finish the talk; infinite when nobody could ever help."""
    talk = (rest_seconds + consult_seconds) * (weight + price)
    consult = consult_seconds * adviser_price
    return talk + consult + (1.0 - resolves) * failure_cs + _waiting(weight + price, wait)


def _waiting(per_second: float, wait: float) -> float:
    return per_second * wait if wait > 0.0 else 0.0
