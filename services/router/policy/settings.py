"""What a desk may set of the routing policy, with the defaults of routing.md 2.0; cs are customer-seconds."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PolicySettings:
    """The policy in force at a desk. Symbols in brackets are those of routing.md."""

    not_resolved_cs: float = 1200.0
    """[F0] Cost of a contact that is not resolved, for a customer of weight 1."""
    weight_loyal: float = 1.3
    weight_complaint: float = 1.3
    weight_repeat: float = 1.3
    weight_max: float = 2.0
    """[w] The weights of a contact multiply, up to this."""
    consult_seconds: float = 75.0
    """[t_c] Planned length of a consult."""
    authority_call_cs: float = 120.0
    """[e] Keeps calling in authority an exception."""
    idle_cs: float = 0.3
    """[kappa] Fairness: per second that an agent has been idle."""
    continuity_share: float = 0.03
    """[bonus] For the preferred agent, as a share of F0 w."""
    hold_phone_ms: int = 20_000
    """Longest deliberate wait of a call for a better agent; 0 never holds."""
    hold_message_ms: int = 30_000
    """The same for live chat and social messages."""
    hold_again_ms: int = 10_000
    """A held contact, and an agent left idle, are decided again after this at the latest."""
    capacity_share: float = 0.93
    """[rho_max] Share of a group's time that the price program may fill."""
    left_out_cs: float = 2500.0
    """Cost of a contact that the price program leaves out."""
    price_max: float = 5.0
    """Highest price of an agent's second, in cs."""
    price_smoothing: float = 0.5
    """Share of a new price; the rest is the price before it. 1 takes new prices as they are."""
    price_every_ms: int = 60_000
    repeats_share: float = 0.12
    """Repeats expected on top of the forecast."""
    backlog_seconds: float = 300.0
    """Waiting contacts count as arrivals spread over this time."""
    price_step: float = 0.02
    """Of the fallback without a solver, per second."""
    topic_weight_min: float = 0.15
    """[pi_min] Chance of a topic from which a certificate for it counts."""
    approver_free_first: float = 0.6
    approver_free_step: float = 0.01
    """[phi] Learned chance that an approver is free when asked: where it starts, and its step."""
    reserve_agents: int = 2
    """[R] Colleagues of at least its authority that each topic of an agent keeps, before it gets deferrable work."""
    reserve_idle_count: int = 1
    reserve_idle_share: float = 0.03
    """More idle agents than this count, plus this share of all, before deferrable work is given out."""
    hop_gain: float = 0.10
    """Least rise of q at a hop."""
    patience_shape: int = 3
    patience_scale_seconds: float = 56.0 / 3.0
    """Of the gamma distribution of a caller's patience, until the desk's own is known."""
    preferred_phone_ms: int = 15_000
    preferred_message_ms: int = 4 * 3_600_000
    """Longest expected wait for the preferred agent."""
    guard_targets: float = 3.0
    """Waiting over this many targets goes first, oldest first."""
    urgent_share: float = 0.5
    """Of its target, after which deferrable work competes with live work."""
    deferrable_cs: float = 0.01
    deferrable_late_cs: float = 0.03
    """Waiting cost of deferrable work per second, and its rise per hour after the first."""
    shift_end_factor: float = 1.5
    """An agent gets what takes at most its shift's rest divided by this."""
    strength_agent: float = 60.0
    strength_cell: float = 60.0
    """[S_a, S_c] Pseudo-contacts of the priors of an agent's effect, and of a cell agent x topic."""
    decay_half_life_days: float = 30.0
    exploration: float = 0.0
    """Share of the posterior's standard deviation that is added to p as noise; 0 adds none."""
    overload_share: float = 0.05
    """Of the waiting contacts past their target, from which a desk is overloaded (routing.md 2.9)."""


DEFAULTS = PolicySettings()
