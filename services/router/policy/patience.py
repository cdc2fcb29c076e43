"""How long callers wait before they leave, as seen at the desk (routing.md 2.4, step 3: Kaplan & Meier 1958).

Whoever was answered would have waited longer; he was at risk of leaving until then. Waits are counted in bins of
BIN_SECONDS: d who left in a bin, c who were answered in it, n who had waited up to it. The product-limit estimate is
S = product of (1 - d / (n - c / 2)), for those answered in a bin were at risk for half of it on average. -ln S is kept
where bins end, read by straight lines between, and goes on at the rate of the last bins where too few are left.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
BIN_SECONDS = 5.0
BIN_MS = 5_000
BINS = 120
"""Ten minutes; longer waits share one more bin, open at its end."""
SHORTEST_MS = 1_000
"""Who waited for less did not wait: it says nothing of patience, however it ended."""
LEFT_MIN = 500
"""Fewer who left are not believed."""
LEFT_MAX = 20_000
"""Once so many left all counts are halved, so that what was long ago fades."""
AT_RISK_MIN = 30
"""A bin that fewer reached is not read."""
TAIL_BINS = 12
"""The last minute that is read says how it goes on."""
DIGITS = 9


class Waits(NamedTuple):
    """Ended waits, by bin."""

    gone: int = 0
    """Sum of `left`."""
    left: tuple[int, ...] = (0,) * (BINS + 1)
    answered: tuple[int, ...] = (0,) * (BINS + 1)

    def after(self, waited_ms: int, *, left: bool) -> Waits:
        """With one more: a caller who left, or was answered, after waiting so long."""
        if waited_ms < SHORTEST_MS:
            return self
        at = min(waited_ms // BIN_MS, BINS)
        if not left:
            return Waits(self.gone, self.left, _one_more(self.answered, at))
        found = Waits(self.gone + 1, _one_more(self.left, at), self.answered)
        return found if found.gone < LEFT_MAX else found._halved()

    def _halved(self) -> Waits:
        left = tuple([count // 2 for count in self.left])
        return Waits(sum(left), left, tuple([count // 2 for count in self.answered]))


NO_WAITS = Waits()


@dataclass(frozen=True, eq=False, slots=True)
class FittedPatience:
    """A `Patience` (hazard.py) read from a table; its arrays are never written to."""

    summed: Floats
    """-ln S at 0, BIN_SECONDS, ... up to the last bin that is read."""
    rate: Floats
    """Rate of leaving per second from there on, up to the next; the last one for ever."""

    def left_share_log(self, seconds: float) -> float:
        at = min(int(seconds / BIN_SECONDS), len(self.rate) - 1)
        return self.summed.item(at) + (seconds - at * BIN_SECONDS) * self.rate.item(at)

    def left_shares_log(self, seconds: Floats) -> Floats:
        at = np.minimum(seconds / BIN_SECONDS, len(self.rate) - 1).astype(np.int64)
        found: Floats = self.summed[at] + (seconds - at * BIN_SECONDS) * self.rate[at]
        return found


def fitted(
    waits: Waits, *, left_min: int = LEFT_MIN, at_risk_min: int = AT_RISK_MIN
) -> FittedPatience | None:
    """The estimate; None while fewer than `left_min` left, or where it says nothing of how it goes on."""
    if waits.gone < left_min:
        return None
    at_risk = sum(waits.left) + sum(waits.answered)
    summed = [0.0]
    for left, answered in zip(waits.left[:BINS], waits.answered[:BINS], strict=True):
        if at_risk < at_risk_min:
            break
        exposed = at_risk - answered / 2
        staying = max(exposed - left, 0.5)  # all who reached the bin left in it: the logarithm stays finite
        summed.append(round(summed[-1] + math.log(exposed / min(staying, exposed)), DIGITS))
        at_risk -= left + answered
    first = max(0, len(summed) - 1 - TAIL_BINS)
    seconds = BIN_SECONDS * (len(summed) - 1 - first)
    tail = (summed[-1] - summed[first]) / seconds if seconds else 0.0
    if tail <= 0.0:
        return None
    table = np.array(summed, dtype=np.float64)
    return FittedPatience(table, np.append(np.diff(table) / BIN_SECONDS, tail))


def _one_more(counts: tuple[int, ...], at: int) -> tuple[int, ...]:
    return (*counts[:at], counts[at] + 1, *counts[at + 1 :])
