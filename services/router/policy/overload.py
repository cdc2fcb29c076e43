"""When a desk has more work than time, so that it should say so instead of letting people wait (routing.md 2.9)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from services.router.policy.settings import PolicySettings


def overloaded(
    prices: npt.NDArray[np.float64],
    waiting: int,
    past_target: int,
    settings: PolicySettings,
    *,
    of_share: float = 1.0,
) -> bool:
    """True when every price is at its bound, or enough of those who wait are past their target.

    `prices` are those of the agents who are available; with nobody there, only the waiting counts. Then: acknowledge
    at once, offer a call-back that keeps the place, stop deferrable work, double the target of e-mail. `of_share`: from
    which part of the desk's share of late contacts on.
    """
    if prices.size and (prices.item(0) if prices.size == 1 else float(prices.min())) >= settings.price_max:
        return True
    return past_target > 0 and past_target >= settings.overload_share * of_share * waiting
