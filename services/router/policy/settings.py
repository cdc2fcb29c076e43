"""What a desk may set of the routing policy: each setting with its default, its range and its meaning.

The defaults are those of routing.md 2.0; cs are customer-seconds. A desk's `[policy]` (DeskPolicy) has the same names.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, fields
from typing import Any

from services.contract.desk import Desk

DAY_MS = 86_400_000


@dataclass(frozen=True, slots=True)
class Setting:
    """What is said of one setting beside its default."""

    low: float
    high: float
    unit: str
    symbol: str
    """As in routing.md; empty when it has none."""
    meaning: str


def _set(default: Any, low: float, high: float, unit: str, meaning: str, symbol: str = "") -> Any:
    return field(
        default=default, metadata={"setting": Setting(low, high, unit, symbol=symbol, meaning=meaning)}
    )


@dataclass(frozen=True, slots=True)
class PolicySettings:
    """The policy in force at a desk."""

    not_resolved_cs: float = _set(
        1200.0, 0, 1e6, "cs", "cost of a contact that is not resolved, for a customer of weight 1", "F0"
    )
    weight_loyal: float = _set(
        1.3, 1, 10, "factor", "weight of a customer whose tier is one of loyal_tiers", "w"
    )
    weight_complaint: float = _set(1.3, 1, 10, "factor", "weight of a complaint", "w")
    weight_repeat: float = _set(1.3, 1, 10, "factor", "weight of a contact that comes back", "w")
    weight_max: float = _set(2.0, 1, 100, "factor", "weights multiply, up to this", "w")
    consult_seconds: float = _set(75.0, 0, 3600, "s", "planned length of a consult", "t_c")
    authority_call_cs: float = _set(120.0, 0, 1e6, "cs", "keeps calling in authority an exception", "e")
    idle_cs: float = _set(0.3, 0, 100, "cs/s", "fairness: per second that an agent has been idle", "kappa")
    continuity_share: float = _set(0.03, 0, 1, "share of F0 w", "bonus of the preferred agent", "bonus")
    hold_phone_ms: int = _set(
        20_000,
        0,
        DAY_MS,
        "ms",
        "longest deliberate wait of a call for a better agent; 0 never holds",
        "hold cap",
    )
    hold_message_ms: int = _set(
        30_000, 0, DAY_MS, "ms", "the same for live chat and social messages", "hold cap"
    )
    hold_again_ms: int = _set(
        10_000,
        1_000,
        DAY_MS,
        "ms",
        "a held contact, and an agent left idle, are decided again after this at the latest",
    )
    capacity_share: float = _set(
        0.93, 0.01, 1, "share", "share of a group's time that the price program may fill", "rho_max"
    )
    left_out_cs: float = _set(2500.0, 0, 1e6, "cs", "cost of a contact that the price program leaves out")
    price_max: float = _set(
        20.0, 0, 1000, "cs/s", "highest price of an agent's second; 0 routes without prices"
    )
    price_smoothing: float = _set(
        1.0,
        0,
        1,
        "share",
        "share of a new price, the rest is the price before it; 1 takes new prices as they are",
    )
    price_every_ms: int = _set(60_000, 1_000, DAY_MS, "ms", "prices are set anew after this")
    repeats_share: float = _set(0.12, 0, 10, "share", "repeats expected on top of the forecast")
    backlog_seconds: float = _set(
        300.0, 1, 86_400, "s", "waiting contacts count as arrivals spread over this time"
    )
    price_step: float = _set(0.02, 0, 10, "cs/s per s", "step of the prices when there is no solver")
    topic_weight_min: float = _set(
        0.15, 0, 1, "chance", "chance of a topic, from which a certificate for it counts", "pi_min"
    )
    approver_free_first: float = _set(
        0.6, 0, 1, "chance", "chance that an approver is free when asked, before anything is learned", "phi"
    )
    approver_free_step: float = _set(0.01, 0, 1, "share", "weight of each new observation of it", "phi")
    reserve_agents: int = _set(
        2,
        0,
        10_000,
        "agents",
        "colleagues of at least its authority that each topic of an agent keeps, before it gets deferrable work",
        "R",
    )
    reserve_idle_count: int = _set(
        1,
        0,
        10_000,
        "agents",
        "more idle agents than this, plus reserve_idle_share of all, before deferrable work is given out",
        "floor",
    )
    reserve_idle_share: float = _set(
        0.03, 0, 1, "share", "share of all agents, added to reserve_idle_count", "floor"
    )
    hop_gain: float = _set(0.10, 0, 1, "chance", "least rise of the expected resolution at a hop", "hop gain")
    patience_shape: int = _set(
        3, 1, 10, "", "shape of the gamma distribution of a caller's patience, until the desk's own is known"
    )
    patience_scale_seconds: float = _set(
        56.0 / 3.0, 0.1, 86_400, "s", "scale of that distribution; its mean is shape x scale", "s"
    )
    preferred_phone_ms: int = _set(
        15_000, 0, DAY_MS, "ms", "longest expected wait of a call for the preferred agent"
    )
    preferred_message_ms: int = _set(4 * 3_600_000, 0, 30 * DAY_MS, "ms", "the same for everything else")
    guard_targets: float = _set(
        3.0, 1, 1000, "targets", "who waits over this many targets goes first, oldest first"
    )
    urgent_share: float = _set(
        0.5, 0, 1, "share", "share of its target, after which deferrable work competes with live work"
    )
    deferrable_cs: float = _set(0.01, 0, 100, "cs/s", "waiting cost of deferrable work")
    deferrable_late_cs: float = _set(0.03, 0, 100, "cs/s per h", "rise of it per hour after the first")
    shift_end_factor: float = _set(
        1.5,
        0,
        100,
        "factor",
        "an agent gets what takes at most its shift's rest divided by this; 0 looks at no shift ends",
    )
    strength_agent: float = _set(
        60.0, 0.1, 1e6, "contacts", "strength of the prior of an agent's effect", "S_a"
    )
    strength_cell: float = _set(
        60.0, 0.1, 1e6, "contacts", "strength of the prior of an agent with a topic", "S_c"
    )
    decay_half_life_days: float = _set(30.0, 0.1, 36_500, "days", "a learned outcome counts half after this")
    exploration: float = _set(
        0.0,
        0,
        10,
        "share",
        "share of the posterior's standard deviation that is added to p as noise; 0 adds none",
    )
    overload_share: float = _set(
        0.05,
        0,
        1,
        "share",
        "share of the waiting contacts past their target, from which a desk is overloaded",
    )
    units_email: int = _set(50, 1, 100, "units", "capacity that an e-mail takes; a call takes 100")
    units_message: int = _set(20, 1, 100, "units", "capacity that a message takes")
    interrupt_email: int = _set(
        1, 0, 1, "0 or 1", "1 lets a call come on top of e-mail, which stands still meanwhile; 0 does not"
    )
    units_silent: int = _set(
        10, 1, 100, "units", "capacity that a message takes whose customer was asked something and is silent"
    )
    advised_share: float = _set(
        0.7,
        0.5,
        1,
        "share",
        "of the adviser's own chance to settle it: what is left to an owner who is stuck and gets advice",
    )
    own_price_agents: int = _set(
        1_000,
        0,
        1_200,
        "agents",
        "a desk of up to so many gives each agent a price of his own; a larger one prices agents alike as one",
    )
    loyal_tiers: tuple[str, ...] = ("loyal",)
    """Customers of these tiers weigh weight_loyal; words of the desk's own."""


DEFAULTS = PolicySettings()
SETTINGS: dict[str, Setting] = {
    part.name: part.metadata["setting"] for part in fields(PolicySettings) if "setting" in part.metadata
}
"""Every numeric setting, in the order in which they are documented."""


def from_desk(desk: Desk) -> PolicySettings:
    """The settings in force: the desk's, else the defaults.

    What a log holds was checked when it was sent (`desks/faults.py`); a value that bounds of today exclude is brought to
    the nearest bound, so that old logs fold for ever.
    """
    policy = desk.policy
    if policy is None:
        return DEFAULTS
    values: dict[str, Any] = {}
    for name, said in SETTINGS.items():
        value = getattr(policy, name)
        if value is not None and math.isfinite(value):
            values[name] = type(getattr(DEFAULTS, name))(min(max(value, said.low), said.high))
    if policy.loyal_tiers:
        values["loyal_tiers"] = policy.loyal_tiers
    return PolicySettings(**values)
