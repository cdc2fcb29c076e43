"""What a desk is: its topics, queues, authority matrix, agents and time limits.

Generated from protos/frontdesk/v1/desk.proto by `make proto`; change it there.
"""

from __future__ import annotations

from dataclasses import dataclass

from services.contract.record import quick_record


@quick_record
@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """A desk: agents, queues and rules that share capacity (a brand, a region, a team)."""

    desk_id: str = ""
    """Name of the desk, stable for ever; the key of its facts and decisions."""
    version: str = ""
    """Version of this configuration, chosen by whoever writes it; shown in explanations."""
    topics: tuple[Topic, ...] = ()
    """Topics that contacts of this desk are about."""
    queues: tuple[Queue, ...] = ()
    """Queues in order; a contact waits in the first one that takes it."""
    authority: tuple[AuthorityRule, ...] = ()
    """Decisions that need authority, each with the limit of every level."""
    agents: tuple[Agent, ...] = ()
    """People who take contacts."""
    limits: DeskLimits | None = None
    """Time limits and bounds."""
    mention_rules: tuple[MentionRule, ...] = ()
    """Which mentions and reviews become contacts; none without a rule."""
    policy: DeskPolicy | None = None
    """What differs from the routing policy's defaults."""


@quick_record
@dataclass(frozen=True, slots=True, kw_only=True)
class MentionRule:
    """When a mention or review becomes a contact: when every condition that is given holds. A desk with several rules takes what any of them takes."""

    kinds: tuple[str, ...] = ()
    """"mention", "review"; empty takes both."""
    media: tuple[str, ...] = ()
    """Media, for example "trustpilot", "facebook"; empty takes every medium."""
    languages: tuple[str, ...] = ()
    """Languages, ISO 639-1; empty takes every language."""
    topic_ids: tuple[str, ...] = ()
    """Topics, of which the likeliest must be one; empty takes every topic."""
    complaint: bool = False
    """The words complain."""
    asks: bool = False
    """The words ask: a question mark stands in them, or a decision is asked for."""
    stars_at_most: float = 0.0
    """Stars are given, at most this many of five; other scales are brought to five. 0 means no condition."""


@quick_record
@dataclass(frozen=True, slots=True, kw_only=True)
class Topic:
    """A subject that an agent can be certified for."""

    topic_id: str = ""
    """Name of the topic, for example "billing"."""
    resolution_prior: float = 0.0
    """Chance in [0, 1] that a certified agent resolves it at first contact, before anything is learned."""
    handle_seconds: float = 0.0
    """Mean time an agent needs for it, in seconds."""
    level_priors: tuple[float, ...] = ()
    """Chance of each needed authority level 0, 1, 2 ... when the customer does not state it; sums to 1."""
    decision_type: str = ""
    """Decision that this topic usually asks for, empty when none, for example "refund"."""
    falls_back_to: str = ""
    """Topic that it falls back to: when nobody certified is left, certificates for that one count; empty when none."""
    complaint_level_priors: tuple[float, ...] = ()
    """The same as level_priors for complaints; empty: a share of every level's chance moves one level up."""


@quick_record
@dataclass(frozen=True, slots=True, kw_only=True)
class Queue:
    """A line in which contacts wait; a name for people and for measures, not a pool of agents."""

    queue_id: str = ""
    """Name of the queue, a measure's label."""
    topic_ids: tuple[str, ...] = ()
    """Topics it takes; empty takes every topic."""
    channels: tuple[str, ...] = ()
    """Channels it takes ("phone", "email", "social"); empty takes every channel."""


@quick_record
@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorityRule:
    """Limits of each authority level for one kind of decision in one currency."""

    decision_type: str = ""
    """Kind of decision, for example "refund"."""
    currency: str = ""
    """ISO 4217 code of the limits."""
    limits_minor: tuple[int, ...] = ()
    """Largest amount, in minor units, that level 0, 1, 2 ... may decide; rising."""


@quick_record
@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """What one agent may grant."""

    decision_type: str = ""
    """Kind of decision, for example "refund"."""
    limit_minor: int = 0
    """Largest amount in minor units; ignored when unlimited."""
    currency: str = ""
    """ISO 4217 code of the limit."""
    unlimited: bool = False
    """True when there is no limit; said explicitly, never by a missing number."""


@quick_record
@dataclass(frozen=True, slots=True, kw_only=True)
class Agent:
    """A person who takes contacts; known by an id, never by name."""

    agent_id: str = ""
    """Pseudonymous id, stable for ever."""
    topic_ids: tuple[str, ...] = ()
    """Topics the agent is certified for."""
    languages: tuple[str, ...] = ()
    """Languages spoken well enough to serve, ISO 639-1; "sr" covers Serbian, Croatian and Bosnian."""
    grants: tuple[Grant, ...] = ()
    """Decisions the agent may make."""
    capacity_units: int = 0
    """Capacity in units; a phone call takes 100."""
    speed_factor: float = 0.0
    """Handling time relative to the desk's mean; 1 is average, lower is faster."""
    skills: tuple[Skill, ...] = ()
    """Chance in [0, 1] of resolving at first contact per topic, where known; else the topic's prior."""


@quick_record
@dataclass(frozen=True, slots=True, kw_only=True)
class Skill:
    """What is known of one agent's success with one topic."""

    topic_id: str = ""
    """Name of the topic."""
    resolution: float = 0.0
    """Chance in [0, 1] of resolving it at first contact."""


@quick_record
@dataclass(frozen=True, slots=True, kw_only=True)
class DeskLimits:
    """Time limits in milliseconds, and bounds; zero means the documented default."""

    offer_phone_ms: int = 0
    """An offer of a phone call expires after this long."""
    offer_other_ms: int = 0
    """Any other offer expires after this long."""
    wrap_up_phone_ms: int = 0
    """Wrap-up after a phone call ends by itself after this long."""
    wrap_up_other_ms: int = 0
    """Any other wrap-up ends by itself after this long."""
    target_phone_ms: int = 0
    """Target wait of a phone call."""
    target_social_ms: int = 0
    """Target wait of live social messages."""
    target_email_ms: int = 0
    """Target wait of e-mail."""
    due_ms: int = 0
    """Everything but a call must have a human answer within this long."""
    consult_unfilled_ms: int = 0
    """A request for help that nobody takes ends after this long."""
    consult_joined_ms: int = 0
    """A consult that was joined ends after this long."""
    handover_ms: int = 0
    """A hand-over that nobody accepts ends after this long."""
    callback_ms: int = 0
    """The owner calls back this long after a promise."""
    repeat_window_ms: int = 0
    """A resolved case is confirmed after this long without a repeat."""
    lease_ms: int = 0
    """An assignment without news from its agent is looked at after this long."""
    missed_offers_max: int = 0
    """Offers in a row that an agent may leave unanswered before being set to not ready."""
    retention_ms: int = 0
    """A closed contact is kept in memory this long."""
    facts_remembered_max: int = 0
    """Facts whose ids the desk's partition remembers, this desk's share of the bound; 8 bytes each."""
    customer_silent_ms: int = 0
    """A message's customer who was asked something is silent after this long: his agent has room for others."""
    customer_gone_ms: int = 0
    """A message is closed this long after its customer was asked something and said nothing."""
    customer_reminder_ms: int = 0
    """Who was asked something by e-mail is reminded after this long."""
    customer_gone_email_ms: int = 0
    """An e-mail is closed this long after its customer was asked something and said nothing."""


@quick_record
@dataclass(frozen=True, slots=True, kw_only=True)
class DeskPolicy:
    """What a desk sets of the routing policy; what is left out has the documented default, so 0 is a value. cs are customer-seconds; bounds and symbols stand in docs/desk.md."""

    not_resolved_cs: float | None = None
    """Cost of a contact that is not resolved, for a customer of weight 1; in cs."""
    weight_loyal: float | None = None
    """Weight of a customer whose tier is one of loyal_tiers."""
    weight_complaint: float | None = None
    """Weight of a complaint."""
    weight_repeat: float | None = None
    """Weight of a contact that comes back."""
    weight_max: float | None = None
    """Weights multiply, up to this."""
    consult_seconds: float | None = None
    """Planned length of a consult."""
    authority_call_cs: float | None = None
    """Keeps calling in authority an exception; in cs."""
    idle_cs: float | None = None
    """Fairness: per second that an agent has been idle; in cs/s."""
    continuity_share: float | None = None
    """Bonus of the preferred agent, as a share of F0 w."""
    hold_phone_ms: int | None = None
    """Longest deliberate wait of a call for a better agent; 0 never holds."""
    hold_message_ms: int | None = None
    """The same for live chat and social messages."""
    hold_again_ms: int | None = None
    """A held contact, and an agent left idle, are decided again after this at the latest."""
    capacity_share: float | None = None
    """Share of a group's time that the price program may fill."""
    left_out_cs: float | None = None
    """Cost of a contact that the price program leaves out; in cs."""
    price_max: float | None = None
    """Highest price of an agent's second; 0 routes without prices; in cs/s."""
    price_smoothing: float | None = None
    """Share of a new price, the rest is the price before it; 1 takes new prices as they are."""
    price_every_ms: int | None = None
    """Prices are set anew after this."""
    repeats_share: float | None = None
    """Repeats expected on top of the forecast; a share."""
    backlog_seconds: float | None = None
    """Waiting contacts count as arrivals spread over this time."""
    price_step: float | None = None
    """Step of the prices when there is no solver; in cs/s per s."""
    topic_weight_min: float | None = None
    """Chance of a topic, from which a certificate for it counts."""
    approver_free_first: float | None = None
    """Chance that an approver is free when asked, before anything is learned."""
    approver_free_step: float | None = None
    """Weight of each new observation of it; a share."""
    reserve_agents: int | None = None
    """Colleagues of at least its authority that each topic of an agent keeps, before it gets deferrable work."""
    reserve_idle_count: int | None = None
    """More idle agents than this, plus reserve_idle_share of all, before deferrable work is given out."""
    reserve_idle_share: float | None = None
    """Share of all agents, added to reserve_idle_count."""
    hop_gain: float | None = None
    """Least rise of the expected resolution at a hop; a chance."""
    patience_shape: int | None = None
    """Shape of the gamma distribution of a caller's patience, until the desk's own is known."""
    patience_scale_seconds: float | None = None
    """Scale of that distribution; its mean is shape x scale."""
    preferred_phone_ms: int | None = None
    """Longest expected wait of a call for the preferred agent."""
    preferred_message_ms: int | None = None
    """The same for everything else."""
    guard_targets: float | None = None
    """Who waits over this many targets goes first, oldest first."""
    urgent_share: float | None = None
    """Share of its target, after which deferrable work competes with live work."""
    deferrable_cs: float | None = None
    """Waiting cost of deferrable work; in cs/s."""
    deferrable_late_cs: float | None = None
    """Rise of it per hour after the first; in cs/s per h."""
    shift_end_factor: float | None = None
    """An agent gets what takes at most its shift's rest divided by this; 0 looks at no shift ends."""
    strength_agent: float | None = None
    """Strength of the prior of an agent's effect; in contacts."""
    strength_cell: float | None = None
    """Strength of the prior of an agent with a topic; in contacts."""
    decay_half_life_days: float | None = None
    """A learned outcome counts half after this many days."""
    exploration: float | None = None
    """Share of the posterior's standard deviation that is added to p as noise; 0 adds none."""
    overload_share: float | None = None
    """Share of the waiting contacts past their target, from which a desk is overloaded."""
    units_email: int | None = None
    """Capacity that an e-mail takes; a call takes 100."""
    units_message: int | None = None
    """Capacity that a message takes."""
    interrupt_email: int | None = None
    """1 lets a call come on top of e-mail, which stands still meanwhile; 0 does not."""
    units_silent: int | None = None
    """Capacity that a message takes whose customer was asked something and is silent."""
    advised_share: float | None = None
    """Of the adviser's own chance to settle it: what is left to an owner who is stuck and gets advice."""
    own_price_agents: int | None = None
    """A desk of up to so many agents gives each a price of his own; a larger one prices agents alike as one."""
    loyal_tiers: tuple[str, ...] = ()
    """Customers of these tiers are loyal; empty means "loyal"."""
