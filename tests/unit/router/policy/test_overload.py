"""Overload: every price at its bound, or 5 % of those who wait past their target (routing.md 2.9)."""

from __future__ import annotations

import numpy as np
import pytest

from services.router.policy.overload import overloaded
from services.router.policy.settings import DEFAULTS


@pytest.mark.parametrize(
    ("prices", "waiting", "past", "expected"),
    [
        ([], 0, 0, False),
        ([0.0, 20.0], 0, 0, False),  # who costs nothing has time
        ([20.0, 20.0], 0, 0, True),
        ([0.0], 100, 4, False),
        ([0.0], 100, 5, True),
        ([], 1, 1, True),
        ([19.999], 0, 0, False),
    ],
)
def test_overload(prices: list[float], waiting: int, past: int, *, expected: bool) -> None:
    assert overloaded(np.array(prices), waiting, past, DEFAULTS) is expected
