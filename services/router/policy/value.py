"""What a contact is worth to an agent who has just become free (routing.md 2.5).

    V = h D + (mean C over the pool - C here)       D = N / (sum of the pool's rates)

What waiting for the next agent costs (generalised c-mu: Mandelbaum & Stolyar 2004; with abandonment: Atar, Giat &
Shimkin 2010), and how much better this agent is than the contact's average one. h grows without bound with the wait
and in proportion to the customer's weight: accumulating priority (Kleinrock 1964; Stanford, Taylor & Ziedins 2014).
"""

from __future__ import annotations

from services.router.policy.cost import MICRO, NANO
from services.router.policy.hazard import Patience, mean_hazard
from services.router.policy.settings import PolicySettings

HOUR_SECONDS = 3600.0


def live_waiting_cs(
    weight: float,
    waited_seconds: float,
    target_seconds: float,
    ahead_seconds: float,
    patience: Patience,
    failure_cs: float,
) -> float:
    """h of live work, cs per second: w (1 + W/tau) + F x mean hazard over the next D seconds."""
    pressing = weight * (1.0 + waited_seconds / target_seconds)
    return pressing + failure_cs * mean_hazard(patience, waited_seconds, ahead_seconds)


def deferrable_waiting_cs(weight: float, waited_seconds: float, settings: PolicySettings) -> float:
    """h of deferrable work, cs per second (routing.md 2.6): flat for an hour, then rising."""
    late_hours = max(0.0, waited_seconds - HOUR_SECONDS) / HOUR_SECONDS
    return weight * (settings.deferrable_cs + settings.deferrable_late_cs * late_hours)


def next_agent_seconds(waiting: int, rate_sum: int) -> float:
    """D: until one of the pool is free for it, busy or idle; rates in nano-hertz."""
    return waiting * NANO / max(1, rate_sum)


def value(waiting_cs: float, ahead_seconds: float, cost_mean: int, cost_here: int) -> int:
    """V in micro-cs; costs in micro-cs."""
    return round(waiting_cs * ahead_seconds * MICRO) + cost_mean - cost_here
