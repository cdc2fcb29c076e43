"""Decisions: what the router made of one fact or one timer. The truth about who has what. No field here ever carries personal data: ids, keyed hashes and pointers to facts only.

Generated from protos/frontdesk/v1/decisions.proto by `make proto`; change it there.
"""

from __future__ import annotations

from dataclasses import dataclass

from services.contract.desk import Desk
from services.contract.facts import (
    Channel,
    DecisionWanted,
    ForecastRow,
    GroupPrice,
    HelpKind,
    HelpResult,
    LinkStrength,
    Outcome,
    Presence,
    PricesSource,
    TopicWeight,
    TransferReason,
)
from services.contract.openenum import OpenEnum
from services.contract.record import quick_record


class WaitingReason(OpenEnum):
    """Why a contact waits."""

    UNSPECIFIED = 0
    """Not said."""
    NONE_LOGGED_IN = 1
    """No agent is signed in."""
    NO_LANGUAGE = 2
    """No signed-in agent speaks the language."""
    NONE_CERTIFIED = 3
    """None of those is certified for the topic."""
    NONE_WITH_AUTHORITY = 4
    """None of those may decide what is needed."""
    ALL_BUSY = 5
    """All of those are busy."""
    HELD_FOR_BETTER = 6
    """A better agent is about to be free."""
    KEPT_IN_RESERVE = 7
    """The free agents are kept for live contacts."""
    SHIFT_ENDING = 8
    """The free agents' shifts end too soon."""
    ALL_EXCLUDED = 9
    """Everyone who could has had it or declined it."""


class AuthorityCover(OpenEnum):
    """Whether the offered agent's authority covers the need, as estimated then."""

    UNSPECIFIED = 0
    """Not said."""
    COVERS = 1
    """It covers."""
    SHORT = 2
    """It falls short."""
    UNKNOWN = 3
    """The need is unknown."""


class ApproverFound(OpenEnum):
    """Whether somebody who may decide what is needed was free when asked."""

    UNSPECIFIED = 0
    """Not asked for."""
    FREE = 1
    """Somebody was free."""
    NOBODY_FREE = 2
    """Nobody was free."""


class OfferResult(OpenEnum):
    """How an offer ended."""

    UNSPECIFIED = 0
    """Not said."""
    ACCEPTED = 1
    """Accepted; told by Assigned, never by OfferEnded."""
    DECLINED = 2
    """Declined."""
    EXPIRED = 3
    """Not answered in time."""
    RESCINDED = 4
    """Taken back: the customer left or the agent is gone."""


@quick_record
@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """One atomic step, a link of the chain that a decision partition is."""

    decision_id: int = 0
    """64 random bits, not 0, new for each attempt."""
    prev_id: int = 0
    """decision_id of the record this one was built on; 0 only in genesis."""
    fact_offset: int = 0
    """Offset of the decided fact; for a timer, that of the last decided fact."""
    fact_id: str = ""
    """The fact's own id; empty for timers."""
    desk_id: str = ""
    """The desk; empty in genesis and close."""
    cause: FactCause | TimerCause | GenesisCause | CloseCause | None = None
    """What it was decided for."""
    decided_at_ms: int = 0
    """max(previous decided_at, the owner's clock); the only "now" that events and measures use."""
    events: tuple[Event, ...] = ()
    """What follows, in order."""
    reply: Reply | None = None
    """Answer to whoever sent the fact as a command."""
    owner: str = ""
    """Instance that wrote it, for people; fold never reads it."""
    digest: bytes = b""
    """Hash of a part of the state, on records where the state asks for it; else empty. The first byte says of which state: that before this record, or the one before the record that carried a digest last."""


@quick_record
@dataclass(frozen=True, slots=True, kw_only=True)
class FactCause:
    """Decided for the fact at fact_offset."""


@quick_record
@dataclass(frozen=True, slots=True, kw_only=True)
class TimerCause:
    """Decided because a deadline passed."""

    timer_id: str = ""
    """What the deadline belongs to: "contact/ID", "case/ID"."""
    deadline_at_ms: int = 0
    """The deadline."""


@quick_record
@dataclass(frozen=True, slots=True, kw_only=True)
class GenesisCause:
    """First record of a partition; every process compares it with its settings."""

    log_generation: int = 0
    """Generation of the log."""
    partitions: int = 0
    """Number of partitions of facts and of decisions."""
    partition_hash: str = ""
    """Name and version of the hash from desk to partition."""
    first_fact_offset: int = 0
    """Offset of the first fact of this generation."""
    format: int = 0
    """Version of this record format."""
    carried_from: int = 0
    """Generation whose desks this one goes on with; 0 when it began with nothing. Its decisions are kept for ever, for the state that this partition starts from is what they fold to, put together anew by the hash."""
    carried_digest: bytes = b""
    """Digest of that state; empty when it began with nothing."""


@quick_record
@dataclass(frozen=True, slots=True, kw_only=True)
class CloseCause:
    """Last record of a partition; fold rejects all that follows."""


@quick_record
@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """Answer to a command."""

    accepted: bool = False
    """True when the command took effect, or had taken effect before."""
    reason: str = ""
    """Reason of a refusal: "unknown", "wrong_state", "stale_epoch", "over_capacity", "not_eligible", "hop_budget_spent", "prior_owner", "limit_exceeded", "expired", "duplicate", "malformed"; of links also "withheld", "same_identity", "different_verified", "too_many", "taken_back"."""
    detail: str = ""
    """What to do about a refusal, in plain words."""
    subject_id: str = ""
    """Id of what the command made or touched: a contact, an offer, a request for help."""
    epoch: int = 0
    """Fencing number of the assignment that a command began, else 0."""


@quick_record
@dataclass(frozen=True, slots=True, kw_only=True)
class DeskApplied:
    """A configuration is in force from here on."""

    desk: Desk | None = None
    """The whole configuration."""
    needs_measured: bool = False
    """Its authority matrix gives the known need of an open contact another level, so all open ones are measured by it; false in older records."""


@quick_record
@dataclass(frozen=True, slots=True, kw_only=True)
class AgentPresenceChanged:
    """An agent's presence changed."""

    agent_id: str = ""
    """The agent."""
    presence: Presence = Presence.UNSPECIFIED
    """What it is now."""
    reason: str = ""
    """Why."""
    shift_ends_at_ms: int = 0
    """When its shift ends, as known from here on; absent when it is not known."""


@quick_record
@dataclass(frozen=True, slots=True, kw_only=True)
class AgentMissedOffers:
    """An agent left several offers in a row unanswered."""

    agent_id: str = ""
    """The agent."""
    missed: int = 0
    """How many in a row."""


@quick_record
@dataclass(frozen=True, slots=True, kw_only=True)
class CaseOpened:
    """An issue was opened."""

    case_id: str = ""
    """The case."""
    customer_key: str = ""
    """Keyed hash of the customer's identity; empty when withheld."""
    topic_id: str = ""
    """Topic it was opened under; empty when unknown."""


@quick_record
@dataclass(frozen=True, slots=True, kw_only=True)
class NeedWeight:
    """Chance that a needed authority level is the true one."""

    level: int = 0
    """Authority level; 0 needs none."""
    weight: float = 0.0
    """Probability in (0, 1]."""


@quick_record
@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """What a contact needs of an agent."""

    topics: tuple[TopicWeight, ...] = ()
    """Topics, most likely first; empty when unknown."""
    levels: tuple[NeedWeight, ...] = ()
    """Authority levels; sums to 1."""
    least_level: int = 0
    """Least level that is still possible; a hard bound."""
    decision_type: str = ""
    """Kind of decision that the levels are of; empty when none."""
    amount_minor: int = 0
    """Amount in minor units; 0 when unknown."""
    currency: str = ""
    """ISO 4217 code; empty when unknown."""
    known: bool = False
    """True when the need is known, not estimated."""
    signal_level: int = 0
    """Level that the customer's words point at without stating it, plus 1; 0 when they point at none."""


@quick_record
@dataclass(frozen=True, slots=True, kw_only=True)
class ContactOpened:
    """A contact exists."""

    contact_id: str = ""
    """The contact."""
    case_id: str = ""
    """Its case."""
    channel: Channel = Channel.UNSPECIFIED
    """Medium family."""
    medium: str = ""
    """Medium."""
    language: str = ""
    """Language code; empty when unknown."""
    need: Need | None = None
    """What it needs."""
    customer_key: str = ""
    """Keyed hash of the customer's identity; empty when withheld."""
    thread_key: str = ""
    """Keyed hash of the conversation."""
    complaint: bool = False
    """The customer complains."""
    public: bool = False
    """Everybody can read it."""
    urgent: bool = False
    """It cannot wait."""
    repeat: bool = False
    """It is about a case that was thought settled or is open already."""
    first_in_case: bool = False
    """It is its case's first contact."""
    units: int = 0
    """Units of capacity that it takes."""
    arrived_at_ms: int = 0
    """When it arrived; never reset."""
    preferred_agent_id: str = ""
    """Agent asked for by name; empty when none."""
    fact_offset: int = 0
    """Offset of the fact that holds its words, in the same partition of the facts."""
    customer_type: str = ""
    """Kind of the customer's identifier: "phone", "email", "psid" ...; empty when withheld."""
    customer_verified: bool = False
    """The provider vouches for the customer's identifier."""
    mention: str = ""
    """"mention" or "review" when a rule of the desk made a contact of one; empty for who wrote to us."""
    occurred_at_ms: int = 0
    """When it happened by the source's clock, never after arrived_at; tells which own answers follow it."""
    tier: str = ""
    """What the customer is to the desk: "new", "regular", "loyal", or a word of the desk's own; empty when unknown."""
    familiar_agent_id: str = ""
    """Agent who has or had the case, else who last settled something for the customer; empty when none is known."""
    target_at_ms: int = 0
    """When its target wait is over; absent in older logs."""
    due_at_ms: int = 0
    """By when it is to be answered; absent for calls, and in older logs."""


@quick_record
@dataclass(frozen=True, slots=True, kw_only=True)
class ContactContinued:
    """The customer wrote again in an open contact."""

    contact_id: str = ""
    """The contact."""
    fact_offset: int = 0
    """Offset of the fact that holds the words."""
    occurred_at_ms: int = 0
    """When it was said by the source's clock; the newest words are shown, whatever order they come in."""


@quick_record
@dataclass(frozen=True, slots=True, kw_only=True)
class ContactQueued:
    """A contact waits."""

    contact_id: str = ""
    """The contact."""
    queue_id: str = ""
    """The queue, a measure's label."""
    reason: WaitingReason = WaitingReason.UNSPECIFIED
    """Why nobody got it at once."""
    queued_at_ms: int = 0
    """When this queue entry began; kept when an offer fails."""
    deadline_at_ms: int = 0
    """When the wait passes its target, or its next deadline."""
    ahead: bool = False
    """Stands before others of its class (its agent was lost)."""
    explanation: Explanation | None = None
    """What was weighed; absent when nothing was."""
    channel: Channel = Channel.UNSPECIFIED
    """Medium family, a measure's label."""
    owner_kept: bool = False
    """Its owner is at work and may have it back; whoever takes it instead takes it by a hop."""


@quick_record
@dataclass(frozen=True, slots=True, kw_only=True)
class TargetMissed:
    """A waiting contact passed its target wait."""

    contact_id: str = ""
    """The contact."""
    queue_id: str = ""
    """The queue."""
    channel: Channel = Channel.UNSPECIFIED
    """Medium family."""
    promise: str = ""
    """"target" or "due"."""
    deadline_at_ms: int = 0
    """Its next deadline."""


@quick_record
@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreTerm:
    """Part of a score."""

    name: str = ""
    """"talk", "authority_missing", "not_resolved", "idle", "continuity"; another name is shown as it is."""
    value: float = 0.0
    """Its share, in customer-seconds."""


@quick_record
@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """One agent as weighed; terms sum to the score."""

    agent_id: str = ""
    """The agent."""
    score: float = 0.0
    """Score in customer-seconds; lower is better."""
    terms: tuple[ScoreTerm, ...] = ()
    """What it is made of."""
    resolves: float = 0.0
    """Expected chance of resolving the contact at this agent."""
    authority_covers: float = 0.0
    """Chance that the agent's authority covers the need."""
    talk_seconds: float = 0.0
    """Expected talk in seconds."""
    price: float = 0.0
    """Price of the agent's time in force, in customer-seconds a second."""
    busy: bool = False
    """The agent was busy and could not be offered it at once; only the hold test weighs busy agents."""
    free_in_seconds: float = 0.0
    """Expected time until a busy agent is free, in seconds."""
    skill: float = 0.0
    """Expected chance of resolving it if authority were no question: the topics' chances, each by its probability."""


@quick_record
@dataclass(frozen=True, slots=True, kw_only=True)
class HoldTest:
    """Whether it pays to wait on purpose for a better agent who is busy (routing.md 2.4)."""

    held: bool = False
    """The contact waits for a better agent."""
    best_cost: float = 0.0
    """Cost of the best free agent, in customer-seconds, without idle time and continuity."""
    hold_cost: float = 0.0
    """Least cost of waiting: the mean cost of those waited for, and the waiting itself."""
    expected_wait_seconds: float = 0.0
    """Expected wait for the first of them, in seconds."""
    waited_seconds: float = 0.0
    """Waited so far, in all queue entries, in seconds."""
    cap_seconds: float = 0.0
    """Longest deliberate wait, in seconds."""
    agents: int = 0
    """How many busy agents are waited for."""
    waiting_cost: float = 0.0
    """The part of hold_cost that is the waiting itself."""


@quick_record
@dataclass(frozen=True, slots=True, kw_only=True)
class Exclusion:
    """How many agents one rule excluded."""

    rule: str = ""
    """"language", "certificate", "authority", "presence", "had_it", "declined_it", "capacity", "shift_end", "reserve", "newcomer"."""
    agents: int = 0
    """Agents of the desk that it excluded, each counted at the first rule only."""


@quick_record
@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """Why a contact went where it went."""

    policy_version: str = ""
    """Version of the policy that decided."""
    candidates: tuple[Candidate, ...] = ()
    """The chosen agent first, then at most two runners-up; after them the busy agent whom waiting would be for."""
    exclusions: tuple[Exclusion, ...] = ()
    """Whom the rules excluded."""
    relaxations: tuple[str, ...] = ()
    """Rules that were relaxed, in order."""
    weighed: int = 0
    """Eligible and free agents that were weighed."""
    need: Need | None = None
    """Need as it was understood."""
    language: str = ""
    """Language that was asked for; empty when any would do."""
    hold: HoldTest | None = None
    """Whether to wait for a better agent; absent when nobody better was busy."""
    price_epoch: int = 0
    """Which prices were in force; 0 before the first."""
    noise_seed: int = 0
    """Seed of the noise that exploration adds, 0 when it adds none."""
    propensity: float = 0.0
    """Chance that the chosen agent was chosen, over the noise; 0 or 1 when there was none."""
    expected_wait_seconds: float = 0.0
    """Expected wait of a contact that was not offered, in seconds; 0 when it is not known."""
    approver_free: float = 0.0
    """Chance that an approver is free when asked, as believed then."""


@quick_record
@dataclass(frozen=True, slots=True, kw_only=True)
class Offered:
    """A contact was offered to one agent, whose units are reserved."""

    offer_id: str = ""
    """The offer."""
    contact_id: str = ""
    """The contact."""
    agent_id: str = ""
    """The agent."""
    units: int = 0
    """Units reserved."""
    expires_at_ms: int = 0
    """When it expires."""
    authority: AuthorityCover = AuthorityCover.UNSPECIFIED
    """Whether the agent's authority covers the need."""
    explanation: Explanation | None = None
    """Why this agent."""
    channel: Channel = Channel.UNSPECIFIED
    """Medium family."""
    queue_id: str = ""
    """The queue."""


@quick_record
@dataclass(frozen=True, slots=True, kw_only=True)
class OfferEnded:
    """An offer ended without an assignment."""

    offer_id: str = ""
    """The offer."""
    contact_id: str = ""
    """The contact."""
    agent_id: str = ""
    """The agent."""
    result: OfferResult = OfferResult.UNSPECIFIED
    """How."""
    reason: str = ""
    """Why, where known."""
    channel: Channel = Channel.UNSPECIFIED
    """Medium family."""
    queue_id: str = ""
    """The queue."""


@quick_record
@dataclass(frozen=True, slots=True, kw_only=True)
class Assigned:
    """An agent has the contact."""

    contact_id: str = ""
    """The contact."""
    agent_id: str = ""
    """The agent, its owner from here on."""
    epoch: int = 0
    """Fencing number; rises at each assignment of the contact."""
    channel: Channel = Channel.UNSPECIFIED
    """Medium family."""
    queue_id: str = ""
    """The queue it came from."""
    wait_since_arrival_ms: int = 0
    """Wait since it arrived, in milliseconds."""
    wait_since_queue_ms: int = 0
    """Wait since this queue entry, in milliseconds."""
    first: bool = False
    """It is the contact's first assignment."""
    deadline_at_ms: int = 0
    """When the assignment is looked at if nothing is heard of it."""
    within_target: bool = False
    """The target wait was kept."""
    offer_id: str = ""
    """The offer that was accepted."""
    hop: int = 0
    """Number of the hop by which it leaves an owner who is at work; 0 where it is none, or one that Transferred told."""


@quick_record
@dataclass(frozen=True, slots=True, kw_only=True)
class HelpRequested:
    """Help was asked for and waits for an adviser."""

    help_id: str = ""
    """The request."""
    contact_id: str = ""
    """The contact."""
    owner_id: str = ""
    """The owner, who keeps the customer."""
    kind: HelpKind = HelpKind.UNSPECIFIED
    """Kind of help."""
    level: int = 0
    """Least authority level that the adviser needs."""
    topic_id: str = ""
    """Topic of the advice."""
    decision_wanted: DecisionWanted | None = None
    """What is to be decided; for approvals."""
    deadline_at_ms: int = 0
    """When the request ends if nobody takes it."""
    reason: WaitingReason = WaitingReason.UNSPECIFIED
    """Why nobody joined at once; unspecified when somebody did."""
    approver: ApproverFound = ApproverFound.UNSPECIFIED
    """Whether an approver was free at once; said where a right was missing, once per such request."""
    need: Need | None = None
    """What the contact needs, as known now; absent where nothing new is known."""
    ahead: bool = False
    """Stands at the head of the line of requests: the contact has no hop left."""


@quick_record
@dataclass(frozen=True, slots=True, kw_only=True)
class ConsultStarted:
    """An adviser is on it; the owner is unchanged."""

    help_id: str = ""
    """The request."""
    contact_id: str = ""
    """The contact."""
    adviser_id: str = ""
    """The adviser."""
    units: int = 0
    """Units reserved at the adviser."""
    deadline_at_ms: int = 0
    """When it ends if nobody says so."""


@quick_record
@dataclass(frozen=True, slots=True, kw_only=True)
class ConsultEnded:
    """A request for help ended."""

    help_id: str = ""
    """The request."""
    contact_id: str = ""
    """The contact."""
    adviser_id: str = ""
    """The adviser; empty when nobody joined."""
    result: HelpResult = HelpResult.UNSPECIFIED
    """How."""
    kind: HelpKind = HelpKind.UNSPECIFIED
    """Kind of help."""
    channel: Channel = Channel.UNSPECIFIED
    """Medium family."""
    queue_id: str = ""
    """Queue of the contact."""
    deadline_at_ms: int = 0
    """The contact's next deadline."""


@quick_record
@dataclass(frozen=True, slots=True, kw_only=True)
class OverloadBegan:
    """The desk has more work than time: who comes is acknowledged at once, callers are offered a call-back that keeps their place, deferrable work stops, and the target of e-mail is doubled for the choice of what comes next."""

    waiting: int = 0
    """Contacts that wait."""
    past_target: int = 0
    """Those of them past their target wait."""
    prices_at_bound: bool = False
    """Every price of an agent's time is at its bound."""


@quick_record
@dataclass(frozen=True, slots=True, kw_only=True)
class OverloadEnded:
    """The desk has time for its work again."""

    after_ms: int = 0
    """How long it had none, in milliseconds."""


@quick_record
@dataclass(frozen=True, slots=True, kw_only=True)
class MessageDue:
    """A customer is to be told something; whoever sends messages renders and sends it."""

    contact_id: str = ""
    """The contact."""
    kind: str = ""
    """"acknowledgement"; "callback_offer": a call-back that keeps the place; "reminder" of a question of ours."""
    channel: Channel = Channel.UNSPECIFIED
    """Medium family."""
    queue_id: str = ""
    """The queue."""


@quick_record
@dataclass(frozen=True, slots=True, kw_only=True)
class MessagesRefused:
    """The customer refuses further messages ("STOP"): nothing is due to him automatically as long as the contact lasts."""

    contact_id: str = ""
    """The contact."""


@quick_record
@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerAwaited:
    """The customer was asked something: the clock stands still until he answers, or is silent for too long."""

    contact_id: str = ""
    """The contact."""
    agent_id: str = ""
    """Its owner, who asked."""
    stage: str = ""
    """"asked"; "silent": its owner's units fall; "reminded"; "agent_gone": its owner gives everything back."""
    units: int = 0
    """Units that it takes of its owner meanwhile."""
    deadline_at_ms: int = 0
    """When the next stage comes, or the contact is closed."""
    channel: Channel = Channel.UNSPECIFIED
    """Medium family."""
    queue_id: str = ""
    """Queue of the contact."""


@quick_record
@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerReturned:
    """The customer answered and the owner goes on; where he has no room or is gone, the contact waits instead."""

    contact_id: str = ""
    """The contact."""
    agent_id: str = ""
    """Its owner, as before."""
    units: int = 0
    """Units that it takes of its owner on top of those kept."""
    deadline_at_ms: int = 0
    """When the assignment is looked at."""
    after_ms: int = 0
    """How long the clock stood still, in milliseconds."""
    channel: Channel = Channel.UNSPECIFIED
    """Medium family."""
    queue_id: str = ""
    """Queue of the contact."""


@quick_record
@dataclass(frozen=True, slots=True, kw_only=True)
class HelpPassedOn:
    """An adviser left a request for help unanswered; the next one is asked and the owner is unchanged."""

    help_id: str = ""
    """The request."""
    contact_id: str = ""
    """The contact."""
    adviser_id: str = ""
    """Who left; not asked again for this request."""
    reason: str = ""
    """"declined", "expired" or "agent_gone"."""
    deadline_at_ms: int = 0
    """When the request ends if nobody takes it."""


@quick_record
@dataclass(frozen=True, slots=True, kw_only=True)
class HandoverStarted:
    """The owner passes the contact on and stays its owner until a receiver accepts."""

    contact_id: str = ""
    """The contact."""
    from_agent_id: str = ""
    """The owner."""
    reason: TransferReason = TransferReason.UNSPECIFIED
    """Why."""
    need: Need | None = None
    """What it needs, as known now."""
    deadline_at_ms: int = 0
    """When it ends if nobody accepts."""
    approver: ApproverFound = ApproverFound.UNSPECIFIED
    """Whether an approver was free at once; said where a right was missing, once per such request."""
    units_freed: bool = False
    """The owner's units are free from here on; he stays the owner until a receiver accepts."""


@quick_record
@dataclass(frozen=True, slots=True, kw_only=True)
class HandoverEnded:
    """A hand-over ended before anybody accepted it; the owner keeps the contact, unless the same record goes on with it."""

    contact_id: str = ""
    """The contact."""
    agent_id: str = ""
    """The owner."""
    reason: str = ""
    """"unfilled", "customer_left" or "agent_gone"."""
    deadline_at_ms: int = 0
    """The contact's next deadline."""
    units: int = 0
    """Units reserved at the owner again; 0 where he never gave them back."""


@quick_record
@dataclass(frozen=True, slots=True, kw_only=True)
class Transferred:
    """A receiver accepted a hand-over."""

    contact_id: str = ""
    """The contact."""
    from_agent_id: str = ""
    """Who had it."""
    to_agent_id: str = ""
    """Who has it."""
    reason: TransferReason = TransferReason.UNSPECIFIED
    """Why."""
    hop: int = 0
    """Which hop of the contact it is, 1 or 2."""
    channel: Channel = Channel.UNSPECIFIED
    """Medium family."""
    queue_id: str = ""
    """Queue of the contact."""


@quick_record
@dataclass(frozen=True, slots=True, kw_only=True)
class Escalated:
    """A transfer went to higher authority."""

    contact_id: str = ""
    """The contact."""
    from_agent_id: str = ""
    """Who had it."""
    to_agent_id: str = ""
    """Who has it."""
    reason: str = ""
    """"lacks_authority" or "customer_wants_manager"."""
    channel: Channel = Channel.UNSPECIFIED
    """Medium family."""
    queue_id: str = ""
    """Queue of the contact."""


@quick_record
@dataclass(frozen=True, slots=True, kw_only=True)
class ExceptionGranted:
    """Something that needs authority was granted."""

    contact_id: str = ""
    """The contact."""
    agent_id: str = ""
    """Who granted it."""
    approver_id: str = ""
    """Who approved it; empty when within the agent's own grants."""
    decision: DecisionWanted | None = None
    """What was granted."""
    approval: DecisionWanted | None = None
    """Approval that is used up by it, as it was given; absent when it is the oldest of this approver's that is left."""


@quick_record
@dataclass(frozen=True, slots=True, kw_only=True)
class CallbackPromised:
    """The customer will be called back; place, clocks and owner are kept."""

    contact_id: str = ""
    """The contact."""
    owner_id: str = ""
    """Its owner, who calls; empty when whoever is free then calls."""
    due_at_ms: int = 0
    """When, at the latest."""
    channel: Channel = Channel.UNSPECIFIED
    """Medium family."""
    queue_id: str = ""
    """Queue of the contact."""
    queue_at_ms: int = 0
    """When the contact is looked at again, so that the time is kept or a new one is told; absent means at the due time."""
    replaces_at_ms: int = 0
    """The time promised before, that this one replaces; told before it passed. Absent for a first promise."""
    next_for_owner: bool = False
    """It is due, or what he waited for is there, and its owner has no room: he gets it before any other contact."""
    help_id: str = ""
    """The request for an approval that stays open until the call-back; empty for none."""


@quick_record
@dataclass(frozen=True, slots=True, kw_only=True)
class WrapUpStarted:
    """Talk over, the result is being recorded; the agent's units stay reserved."""

    contact_id: str = ""
    """The contact."""
    agent_id: str = ""
    """Its owner."""
    deadline_at_ms: int = 0
    """When it ends by itself."""


@quick_record
@dataclass(frozen=True, slots=True, kw_only=True)
class ContactTally:
    """What measures need to know of a contact that ended."""

    channel: Channel = Channel.UNSPECIFIED
    """Medium family."""
    first_queue_id: str = ""
    """The first queue that it waited in."""
    first_in_case: bool = False
    """It is its case's first contact."""
    handled: bool = False
    """An agent had it."""
    transfers: int = 0
    """Hand-overs accepted."""
    escalated: bool = False
    """At least one of them went to higher authority."""
    consults: int = 0
    """Requests for help that somebody joined."""
    open_ms: int = 0
    """From arrival to the end, in milliseconds."""
    unattributable: bool = False
    """The customer's identity was withheld, so that no repeat can be seen."""
    topic_id: str = ""
    """Topic as last known; empty when unknown."""


@quick_record
@dataclass(frozen=True, slots=True, kw_only=True)
class Resolved:
    """An agent closed the contact as settled."""

    contact_id: str = ""
    """The contact."""
    case_id: str = ""
    """Its case, settled provisionally."""
    agent_id: str = ""
    """Who settled it."""
    tally: ContactTally | None = None
    """What measures need."""
    confirm_at_ms: int = 0
    """When the case is confirmed."""


@quick_record
@dataclass(frozen=True, slots=True, kw_only=True)
class Closed:
    """The contact ended with an agent in any other way."""

    contact_id: str = ""
    """The contact."""
    case_id: str = ""
    """Its case."""
    agent_id: str = ""
    """Who had it; empty when nobody."""
    outcome: Outcome = Outcome.UNSPECIFIED
    """How it ended."""
    tally: ContactTally | None = None
    """What measures need."""


@quick_record
@dataclass(frozen=True, slots=True, kw_only=True)
class Abandoned:
    """The customer left before an agent had the contact."""

    contact_id: str = ""
    """The contact."""
    case_id: str = ""
    """Its case."""
    queue_id: str = ""
    """The queue it was left in."""
    wait_since_arrival_ms: int = 0
    """Wait since it arrived, in milliseconds."""
    wait_since_queue_ms: int = 0
    """Wait since this queue entry, in milliseconds."""
    tally: ContactTally | None = None
    """What measures need."""


@quick_record
@dataclass(frozen=True, slots=True, kw_only=True)
class Reopened:
    """A case came back that an agent had closed, settled or not."""

    case_id: str = ""
    """The case."""
    contact_id: str = ""
    """The contact that reopened it."""
    channel: Channel = Channel.UNSPECIFIED
    """Channel of the case's first contact."""
    queue_id: str = ""
    """First queue of the case's first contact."""
    first_contact: bool = False
    """The case had been settled by its first contact."""
    after_ms: int = 0
    """From the closing to the return, in milliseconds."""
    settled: bool = False
    """It had been thought settled."""


@quick_record
@dataclass(frozen=True, slots=True, kw_only=True)
class ResolutionConfirmed:
    """The repeat window of a case is over; speaks of the case's first contact."""

    case_id: str = ""
    """The case."""
    channel: Channel = Channel.UNSPECIFIED
    """Channel of the case's first contact."""
    queue_id: str = ""
    """First queue of the case's first contact."""
    first_contact: bool = False
    """The first contact settled it and nothing came back."""


@quick_record
@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """A customer got an answer for the first time in a contact."""

    contact_id: str = ""
    """The contact."""
    kind: str = ""
    """"human" or "ack"."""
    after_ms: int = 0
    """From arrival to the answer, in milliseconds."""
    channel: Channel = Channel.UNSPECIFIED
    """Medium family."""
    queue_id: str = ""
    """The queue."""
    mention: str = ""
    """"mention" or "review" when the contact was one; else empty."""
    complaint: bool = False
    """The customer complained."""
    public: bool = False
    """Everybody could read it."""


@quick_record
@dataclass(frozen=True, slots=True, kw_only=True)
class NonContactNoted:
    """Something that is no contact was noted."""

    kind: str = ""
    """Its kind."""
    channel: Channel = Channel.UNSPECIFIED
    """Medium family."""
    contact_id: str = ""
    """The contact whose call changed its state; empty for all else."""
    call_state: str = ""
    """State of the call: "call_queued", "call_connected" ...; empty for all else."""
    wait_ms: int = 0
    """Wait in the provider's own queue in milliseconds, where it tells; else 0."""


@quick_record
@dataclass(frozen=True, slots=True, kw_only=True)
class MentionNoted:
    """Somebody spoke about us or rated us without writing to us; a contact only where a rule of the desk says so."""

    contact_id: str = ""
    """The contact that it is, or would be."""
    channel: Channel = Channel.UNSPECIFIED
    """Medium family."""
    medium: str = ""
    """Medium."""
    kind: str = ""
    """"mention" or "review"."""
    sentiment: str = ""
    """"positive", "neutral" or "negative"."""
    complaint: bool = False
    """The words complain."""
    stars: float = 0.0
    """Stars, brought to a scale of five; 0 when none were given."""
    topic_id: str = ""
    """Likeliest topic; empty when unknown."""
    addressed: bool = False
    """A rule of the desk made a contact of it."""
    again: bool = False
    """It was noted before and is noted again because it was edited."""
    thread_key: str = ""
    """Keyed hash of the conversation, by which an answer finds it."""
    occurred_at_ms: int = 0
    """When it was said by the source's clock."""


@quick_record
@dataclass(frozen=True, slots=True, kw_only=True)
class MentionAnswered:
    """A person of ours answered a mention or review that no rule made a contact."""

    contact_id: str = ""
    """The contact that it would be."""
    channel: Channel = Channel.UNSPECIFIED
    """Medium family."""
    kind: str = ""
    """"mention" or "review"."""
    after_ms: int = 0
    """From the mention to the answer, in milliseconds, by the source's clock."""


@quick_record
@dataclass(frozen=True, slots=True, kw_only=True)
class IdentityKey:
    """An identity as decisions know it: no personal data."""

    type: str = ""
    """Kind of identifier: "phone", "email", "psid" ..."""
    key: str = ""
    """Keyed hash of desk, type and value."""
    verified: bool = False
    """The provider vouches for it, or the customer proved it."""


@quick_record
@dataclass(frozen=True, slots=True, kw_only=True)
class IdentitiesLinked:
    """Two identities are linked. A strong link joins their histories, a weak one is shown to whoever has a contact."""

    link_id: str = ""
    """The link."""
    one: IdentityKey | None = None
    """One identity."""
    other: IdentityKey | None = None
    """The other identity."""
    strength: LinkStrength = LinkStrength.UNSPECIFIED
    """How far it is known."""
    statement: str = ""
    """What says so: "number_changed", "scoped_id", "agent" ..."""
    occurred_at_ms: int = 0
    """When it was said, by the source's clock."""


@quick_record
@dataclass(frozen=True, slots=True, kw_only=True)
class IdentitiesUnlinked:
    """A link is taken back: each history goes back to its own identity."""

    link_id: str = ""
    """The link."""
    agent_id: str = ""
    """Agent who decided it; empty when the provider did."""
    occurred_at_ms: int = 0
    """When it was taken back, by the source's clock; the same link said before that stays ended."""


@quick_record
@dataclass(frozen=True, slots=True, kw_only=True)
class AnsweredEarly:
    """An own answer came before the message that it answers; kept until that arrives."""

    thread_key: str = ""
    """Keyed hash of the conversation."""
    kind: str = ""
    """"human" or "ack"."""
    occurred_at_ms: int = 0
    """When it was sent, by the source's clock."""


@quick_record
@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """A command was refused and changed nothing."""

    reason: str = ""
    """Reason, see Reply.reason."""
    command: str = ""
    """Kind of fact that was refused."""


@quick_record
@dataclass(frozen=True, slots=True, kw_only=True)
class DuplicateIgnored:
    """The fact was decided before; this record changes nothing."""

    fact_id: str = ""
    """Its id."""


@quick_record
@dataclass(frozen=True, slots=True, kw_only=True)
class FactRejected:
    """The fact could not be read or used."""

    reason: str = ""
    """"undecodable", "unknown_kind", "desk_unknown", "wrong_partition", "invalid", "decide_failed"."""
    detail: str = ""
    """What, where and how to mend it; never a value from the fact."""


@quick_record
@dataclass(frozen=True, slots=True, kw_only=True)
class DeadlineMoved:
    """The contact's deadline moved."""

    contact_id: str = ""
    """The contact."""
    deadline_at_ms: int = 0
    """Its next deadline."""
    reason: str = ""
    """Why."""
    explanation: Explanation | None = None
    """What was weighed, when the contact is held on purpose."""


@quick_record
@dataclass(frozen=True, slots=True, kw_only=True)
class Forgotten:
    """The memory of something ended."""

    contact_id: str = ""
    """The contact; empty when it was a case."""
    case_id: str = ""
    """The case; empty when it was a contact."""


@quick_record
@dataclass(frozen=True, slots=True, kw_only=True)
class EndedEarly:
    """A call ended before its arrival was known; when the arrival comes, nobody is offered a dead line."""

    contact_id: str = ""
    """The contact that the call would be."""


@quick_record
@dataclass(frozen=True, slots=True, kw_only=True)
class PricesApplied:
    """Prices of agents' time are in force, until the next ones."""

    epoch: int = 0
    """Their epoch, named in explanations."""
    prices: tuple[GroupPrice, ...] = ()
    """Groups of the desk whose time is not free."""
    source: PricesSource = PricesSource.UNSPECIFIED
    """Where they come from."""
    forecast_digest: str = ""
    """Digest of the demand that they were computed from, hex; empty for prices without a forecast."""
    status: str = ""
    """How the program ended: "optimal" or "empty"; empty without one."""
    computed_at_ms: int = 0
    """When the state was read that they were computed from."""


@quick_record
@dataclass(frozen=True, slots=True, kw_only=True)
class ForecastApplied:
    """A forecast is in force, until the next one."""

    rows: tuple[ForecastRow, ...] = ()
    """The whole forecast."""


@quick_record
@dataclass(frozen=True, slots=True, kw_only=True)
class OutboundNoted:
    """A message that is no answer went out to a customer; answers are told by Answered."""

    contact_id: str = ""
    """The contact; empty when it is not known."""
    kind: str = ""
    """What it was for, see MessageSent.kind; "other" for a kind unknown to this version."""
    channel: Channel = Channel.UNSPECIFIED
    """Medium family."""
    queue_id: str = ""
    """Queue of the contact; empty when it is not known."""
    first_queue_id: str = ""
    """First queue of the contact; empty when it is not known, and in records written before this field was."""


@quick_record
@dataclass(frozen=True, slots=True, kw_only=True)
class SurveyNoted:
    """A customer said how satisfied they are."""

    contact_id: str = ""
    """The contact that was asked about; empty for a periodic survey."""
    score: int = 0
    """From 1 to 5."""
    channel: Channel = Channel.UNSPECIFIED
    """Medium family."""
    queue_id: str = ""
    """First queue of the contact; empty when it is not known."""
    after_ms: int = 0
    """From the closing of the contact's case to the answer, in milliseconds; 0 when it is not known."""


@quick_record
@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeNoted:
    """Something about the service was changed."""

    change: str = ""
    """Short name, a measure's label."""
    effective_at_ms: int = 0
    """When it took effect."""


@quick_record
@dataclass(frozen=True, slots=True, kw_only=True)
class HeartbeatPassed:
    """A sign of life passed by; it changed nothing."""

    born_at_ms: int = 0
    """When it was born, by its writer's clock."""
    received_at_ms: int = 0
    """When intake wrote it."""


Event = (
    DeskApplied
    | AgentPresenceChanged
    | CaseOpened
    | ContactOpened
    | ContactContinued
    | ContactQueued
    | TargetMissed
    | Offered
    | OfferEnded
    | Assigned
    | HelpRequested
    | ConsultStarted
    | ConsultEnded
    | HandoverStarted
    | HandoverEnded
    | Transferred
    | Escalated
    | ExceptionGranted
    | CallbackPromised
    | WrapUpStarted
    | Resolved
    | Closed
    | Abandoned
    | Reopened
    | ResolutionConfirmed
    | Answered
    | NonContactNoted
    | Refused
    | DuplicateIgnored
    | FactRejected
    | DeadlineMoved
    | Forgotten
    | AgentMissedOffers
    | EndedEarly
    | MentionNoted
    | IdentitiesLinked
    | IdentitiesUnlinked
    | AnsweredEarly
    | MentionAnswered
    | HelpPassedOn
    | OverloadBegan
    | OverloadEnded
    | MessageDue
    | CustomerAwaited
    | CustomerReturned
    | MessagesRefused
    | PricesApplied
    | ForecastApplied
    | OutboundNoted
    | SurveyNoted
    | ChangeNoted
    | HeartbeatPassed
)
"""One thing that follows from a fact or a timer."""
