"""A topic's chance of being resolved has moved: a new product, a changed rule, a broken tool (routing.md 3, 6.7).

Two cumulative sums (Page 1954) watch the results' distance from what was expected of them. While nothing changes each
falls back to 0; a change of twice the slack or more makes one rise by half of it with each result until it passes
the bound. The topic's mean is then learned anew, from a prior of RECENT results at what the sum says it moved to; what
is known of people relative to the topic's old mean stays known, so all of them move with it.

With slack .06 and bound 14, results that vary with sd .4 raise one false alarm in some hundred thousand; a fall by .2
is seen after about 100 results, one by .1 after 350 (Siegmund 1985, approximation; measured in test_drift.py).
"""

from __future__ import annotations

from typing import NamedTuple

SLACK = 0.06
BOUND = 14.0
RECENT = 20.0
"""Pseudo-results of the prior of a topic that has moved."""
SETTLED_COUNT = 50.0
"""A topic with fewer results is still being learned: its distance from the prior is no change."""
DIGITS = 9


class Watch(NamedTuple):
    """The two sums, in results, and how many results each has risen for; all 0 while a topic stays as it is."""

    fallen: float = 0.0
    risen: float = 0.0
    fallen_for: int = 0
    risen_for: int = 0

    def after(self, distance: float) -> Watch:
        """Once a result came that differs by `distance` from what was expected."""
        fallen = round(max(0.0, self.fallen - distance - SLACK), DIGITS)
        risen = round(max(0.0, self.risen + distance - SLACK), DIGITS)
        return Watch(fallen, risen, self.fallen_for + 1 if fallen else 0, self.risen_for + 1 if risen else 0)

    def moved_by(self) -> float:
        """By how much the mean has moved, once this is certain; else 0 (Page's estimate since the sum left 0)."""
        if self.fallen > BOUND:
            return -round(SLACK + self.fallen / self.fallen_for, DIGITS)
        if self.risen > BOUND:
            return round(SLACK + self.risen / self.risen_for, DIGITS)
        return 0.0
