"""What a contact's end is worth before its repeat window is over (routing.md 3, "Outcome").

y is 1 when nothing comes back on the same topic and case within the window. Until then a result counts with

    P(no repeat | none so far) = (1 - r) / (1 - r F(elapsed))

r: chance that such an end is followed by a repeat, by topic and by what the owner said; F: share of the repeats that
come within the time. Both start from a documented guess and are learned; r from the very labels that it makes, which
are corrected as time passes, so that early returns do not make it look as if everything came back.
"""

from __future__ import annotations

from enum import IntEnum
from itertools import pairwise

from services.router.policy.memory import NOTHING, VALUE_BITS, Sums

REPEATS_PRIOR = (0.15, 0.25)
"""r before anything is seen, by Statement."""
REPEATS_STRENGTH = 20.0
"""Pseudo-results of it."""
ELAPSED = (1 / 28, 1 / 14, 1 / 7, 2 / 7, 3 / 7, 5 / 7, 1.0)
"""Ends of the bins of return times, as shares of the window: 6 h, 12 h, 1, 2, 3, 5 and 7 days of a week."""
RETURNED_PRIOR = (0.25, 0.12, 0.16, 0.18, 0.11, 0.11, 0.07)
"""Share of the repeats that come in each bin; a first guess."""
RETURNED_STRENGTH = 50.0


class Statement(IntEnum):
    """How the owner ended a contact."""

    SETTLED = 0
    UNSTATED = 1
    """Without a word, or because the customer fell silent."""


def repeats(labels: Sums | None, statement: Statement, today: int) -> float:
    """r, from the sums over the labels of such ends."""
    sums = labels or NOTHING
    settled = sums.s / (today << VALUE_BITS)
    prior = REPEATS_STRENGTH * REPEATS_PRIOR[statement]
    return (sums.n / today - settled + prior) / (sums.n / today + REPEATS_STRENGTH)


def bin_of(share: float) -> int:
    """Which bin of ELAPSED a return after this share of the window falls into."""
    return next((at for at, end in enumerate(ELAPSED) if share <= end), len(ELAPSED) - 1)


def returned_by(share: float, counts: tuple[int, ...], today: int) -> float:
    """F: share of the repeats that come within this share of the window; `counts` per bin, as weights."""
    if share >= 1.0:
        return 1.0
    seen = [
        RETURNED_STRENGTH * prior + (counts[at] / today if counts else 0.0)
        for at, prior in enumerate(RETURNED_PRIOR)
    ]
    before = 0.0
    for (start, end), mass in zip(pairwise((0.0, *ELAPSED)), seen, strict=True):
        if share < end:
            return (before + mass * max(0.0, share - start) / (end - start)) / sum(seen)
        before += mass
    return 1.0


def no_repeat(r: float, returned: float) -> float:
    """P(no repeat in the window | none so far)."""
    return (1.0 - r) / (1.0 - r * returned) if returned < 1.0 else 1.0
