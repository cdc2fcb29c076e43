"""How old results fade: each counts half as much as one that is a half-life younger (routing.md 3, "Decay").

Instead of shrinking every count on touch, a new result enters with a larger weight, 2^(age of the desk / half-life),
and whoever reads a sum divides it by the weight of today: forward decay (Cormode, Shkapenyuk, Srivastava & Xu 2009).
Weights and sums are whole numbers, so a result that is taken back leaves exactly what was there before, in any order
and on any machine. A sum of two years has some 80 bits.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple, TypeVar

T = TypeVar("T")
DAY_MS = 86_400_000
WEIGHT_BITS = 20
"""A result of the first day weighs 2^20."""
VALUE_BITS = 16
VALUE = 1 << VALUE_BITS
"""Values (chances, logarithms of seconds) enter sums in units of 2^-16."""


class Sums(NamedTuple):
    """Weighted sums over results; n is never negative, and s and e are of what was seen and of what was expected."""

    n: int = 0
    """Of weights."""
    s: int = 0
    """Of weight x value seen."""
    e: int = 0
    """Of weight x value expected when it was seen."""

    def plus(self, weight: int, seen: int, expected: int) -> Sums:
        """With one more result."""
        return Sums(self.n + weight, self.s + weight * seen, self.e + weight * expected)

    def worth(self, today: int) -> float:
        """How many results of today it is worth."""
        return self.n / today

    def excess(self, today: int) -> float:
        """Sum of seen minus expected, in results of today."""
        return (self.s - self.e) / (today << VALUE_BITS)


NOTHING = Sums()


@lru_cache(maxsize=256)
def weight_on(day: int, half_life_days: float) -> int:
    """Weight of a result on this day since the desk began; steady within a day, so a day's results count alike."""
    whole, part = divmod(max(0, day) / half_life_days, 1.0)
    first: int = round(2.0 ** (WEIGHT_BITS + part))
    return first << int(whole)


def in_units(value: float) -> int:
    """The value as sums hold it."""
    return round(value * VALUE)


def with_changes(record: T, **values: object) -> T:
    """The frozen record (a dataclass without slots) with some fields replaced; a third of the time of `replace`."""
    copy: T = object.__new__(type(record))
    copy.__dict__.update(record.__dict__, **values)
    return copy
