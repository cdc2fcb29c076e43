"""How far a replay lies from what was measured, and whether that is near enough to believe the loop (routing.md 7.1)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from simulator.calls.replay import Sums

ASA_SHARE_MAX, LEFT_MAX = 0.12, 0.03
"""Within 12 % of the measured average speed of answer, and 3 points of who left."""


def off(was: Sums, draws: Sequence[Sums]) -> dict[str, float]:
    """`calls_asa_off` as a share, `calls_left_off` in 0..1; of the mean of the draws."""
    measured = was.figures()
    asa, left = (
        float(np.mean([sums.figures()[name] for sums in draws])) for name in ("asa_seconds", "abandoned")
    )
    return {
        "calls_asa_off": abs(asa / measured["asa_seconds"] - 1.0),
        "calls_left_off": abs(left - measured["abandoned"]),
    }
