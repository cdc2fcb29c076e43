"""Facts: what happened outside. Past tense, immutable, idempotent by fact_id.

Generated from protos/frontdesk/v1/facts.proto by `make proto`; change it there.
"""

from __future__ import annotations

from dataclasses import dataclass

from services.contract.desk import Desk
from services.contract.openenum import OpenEnum
from services.contract.record import quick_record


class Channel(OpenEnum):
    """The medium family by which a contact came."""

    UNSPECIFIED = 0
    """Not said."""
    PHONE = 1
    """Calls and text messages to a phone number."""
    EMAIL = 2
    """E-mail."""
    SOCIAL = 3
    """Social networks and messengers."""


class LinkStrength(OpenEnum):
    """How far two identities are known to be one customer's."""

    UNSPECIFIED = 0
    """Not said."""
    WEAK = 1
    """Evidence: shown to the agent, joins nothing by itself."""
    STRONG = 2
    """The provider's own statement, the customer's proof, or an agent's decision: joins the histories."""


class Presence(OpenEnum):
    """Whether an agent takes work."""

    UNSPECIFIED = 0
    """Not said."""
    OFFLINE = 1
    """Not at work."""
    AVAILABLE = 2
    """Takes work."""
    BREAK = 3
    """On a planned break."""
    NOT_READY = 4
    """At work but not taking contacts."""
    ENDING = 5
    """Finishes what is there, takes nothing new."""


class OfferAnswer(OpenEnum):
    """What an agent said to an offer."""

    UNSPECIFIED = 0
    """Not said."""
    ACCEPT = 1
    """Takes it."""
    DECLINE = 2
    """Does not take it."""


class HelpKind(OpenEnum):
    """What kind of help is asked for."""

    UNSPECIFIED = 0
    """Not said."""
    EXPERT = 1
    """Advice of somebody who knows the topic better."""
    APPROVAL = 2
    """A decision that the owner may not make."""


class HelpResult(OpenEnum):
    """How a request for help ended."""

    UNSPECIFIED = 0
    """Not said."""
    GRANTED = 1
    """Approved."""
    REFUSED = 2
    """Not approved."""
    ADVICE = 3
    """Advice was given."""
    EXPIRED = 4
    """Nobody answered in time."""
    CANCELLED = 5
    """The owner or the customer no longer needs it."""


class TransferReason(OpenEnum):
    """Why an owner asks to pass a contact on."""

    UNSPECIFIED = 0
    """Not said."""
    LACKS_AUTHORITY = 1
    """The owner may not decide what is needed."""
    WRONG_TOPIC = 2
    """It is about something else."""
    STUCK = 3
    """The owner does not get further."""
    CUSTOMER_WANTS_MANAGER = 4
    """The customer insists on a manager."""


class Outcome(OpenEnum):
    """How a contact ended."""

    UNSPECIFIED = 0
    """Not said."""
    RESOLVED = 1
    """The customer's issue is settled."""
    UNRESOLVED = 2
    """It is not settled."""
    UNSTATED = 3
    """Wrap-up ended without a word."""
    ABANDONED = 4
    """The customer left before an agent had it."""
    SPAM = 5
    """Unwanted or senseless."""
    DUPLICATE = 6
    """The same matter is handled in another contact."""
    CUSTOMER_SILENT = 7
    """The customer does not answer any more."""


class PricesSource(OpenEnum):
    """Where prices come from."""

    UNSPECIFIED = 0
    """Not said."""
    PROGRAM = 1
    """The price program."""
    FALLBACK = 2
    """The rule without a solver: prices follow how busy each group is."""


@quick_record
@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One thing that happened outside. Personal data may stand in facts, for facts expire."""

    fact_id: str = ""
    """Derived from the source's own id (UUID version 5), so that a redelivery meets itself."""
    desk_id: str = ""
    """The desk it belongs to."""
    occurred_at_ms: int = 0
    """When it happened, by the source's clock; not to be trusted for waits."""
    received_at_ms: int = 0
    """When Frontdesk received it; waits start here."""
    source: str = ""
    """Who told: "twilio", "postmark", "smtp", "meta", "grpc", "agent" ..."""
    body: (
        ContactArrived
        | CallerHungUp
        | AgentSignedIn
        | AgentStateChanged
        | OfferAnswered
        | HelpAsked
        | HelpAnswered
        | TransferAsked
        | AuthorityUsed
        | ConversationEnded
        | ContactResolved
        | MessageSent
        | NonContactSeen
        | DeskConfigured
        | MentionSeen
        | IdentityLinked
        | IdentityUnlinked
        | PricesSet
        | ForecastSet
        | CallbackAsked
        | CustomerAsked
        | SurveyAnswered
        | ChangeMarked
        | Heartbeat
        | None
    ) = None
    """What happened."""


@quick_record
@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerRef:
    """Who a provider says the customer is. Personal data."""

    type: str = ""
    """Kind of identifier: "phone", "email", "psid" ...; empty when withheld."""
    value: str = ""
    """The identifier in its canonical form (E.164, lower-case domain ...)."""
    name: str = ""
    """Display name as the provider gave it."""
    key: str = ""
    """Keyed hash (HMAC-SHA256, hex) of desk, type and value; the only part that decisions carry."""
    absent_reason: str = ""
    """Why there is no identifier: "anonymous", "short_code", "invalid"."""
    scoped_id: str = ""
    """Business-scoped id beside a phone number, where the provider gives both."""
    verified: bool = False
    """The provider vouches for the identifier within a delivery that it signed."""
    handle: str = ""
    """Name in the network ("OtherUser"); a label that changes owners, never an identity."""
    tier: str = ""
    """What the customer is to the desk: "new", "regular", "loyal", or a word of the desk's own; empty when unknown."""


@quick_record
@dataclass(frozen=True, slots=True, kw_only=True)
class LanguageGuess:
    """A guess at a text's language."""

    code: str = ""
    """ISO 639-1 code of the macro-language; empty when abstained."""
    script: str = ""
    """ISO 15924 code of the script, for example "Cyrl"; empty when there are no letters."""
    confidence: float = 0.0
    """Confidence in [0, 1]."""
    source: str = ""
    """Where it comes from: "script", "text", "words", "hint", "account"."""
    variant: str = ""
    """Regional standard where the macro-language has several: "sr", "hr" or "bs", by country, account or hint; empty when unknown."""


@quick_record
@dataclass(frozen=True, slots=True, kw_only=True)
class TopicWeight:
    """A topic and how likely it is."""

    topic_id: str = ""
    """Name of the topic."""
    weight: float = 0.0
    """Probability in (0, 1]."""


@quick_record
@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionWanted:
    """A decision that the customer asks for."""

    decision_type: str = ""
    """Kind of decision, for example "refund"."""
    amount_minor: int = 0
    """Amount in minor units; 0 when none was stated."""
    currency: str = ""
    """ISO 4217 code; empty when none was stated."""
    stated: bool = False
    """True when the words state the decision and the amount, so that it may be relied on."""


@quick_record
@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionWeight:
    """A decision that the customer may need, and how likely it is."""

    decision: DecisionWanted | None = None
    """The decision, with its amount where one is meant."""
    weight: float = 0.0
    """Probability in (0, 1]; what is missing to 1 is the probability that no decision is needed."""


@quick_record
@dataclass(frozen=True, slots=True, kw_only=True)
class Rating:
    """What a reviewer gave."""

    value: float = 0.0
    """Stars given."""
    scale: int = 0
    """Stars there are, for example 5."""


@quick_record
@dataclass(frozen=True, slots=True, kw_only=True)
class ContactArrived:
    """A customer contacted the desk."""

    contact_id: str = ""
    """Derived id; states of one call share it, a redelivery meets itself."""
    channel: Channel = Channel.UNSPECIFIED
    """Medium family."""
    medium: str = ""
    """Medium: "voice", "sms", "whatsapp", "messenger", "email" ..."""
    account: str = ""
    """Our number, address or page that was contacted."""
    provider_event_id: str = ""
    """The provider's own id of the event."""
    customer: CustomerRef | None = None
    """Who the customer is."""
    thread_id: str = ""
    """The conversation it belongs to, as the provider names it. Personal data."""
    thread_key: str = ""
    """Keyed hash of the account and the thread; what decisions carry."""
    in_reply_to: str = ""
    """Message that it answers, as the provider names it."""
    subject: str = ""
    """Subject line."""
    text: str = ""
    """Newest words only, quotes and signature stripped."""
    language: LanguageGuess | None = None
    """Language of the text, or of the account where there is no text."""
    topics: tuple[TopicWeight, ...] = ()
    """What it is about, most likely first; empty when intake abstains."""
    decision_wanted: DecisionWanted | None = None
    """Decision that the customer asks for, when one was recognised."""
    complaint: bool = False
    """The customer complains."""
    public: bool = False
    """Everybody can read it."""
    urgent: bool = False
    """It cannot wait."""
    opted_out: bool = False
    """The customer refuses further messages; nothing is ever answered automatically."""
    reference: str = ""
    """Order or ticket number that the provider knows."""
    signature_scheme: str = ""
    """Verification that its delivery passed: "twilio", "meta", "basic", "none" ..."""
    attachment_count: int = 0
    """Number of files that came with it."""
    preferred_agent_id: str = ""
    """Agent asked for by name (id); empty when none."""
    rating: Rating | None = None
    """Stars, for reviews."""
    decisions_needed: tuple[DecisionWeight, ...] = ()
    """Decisions that the customer may need, likeliest first; empty when none was recognised."""
    question_id: str = ""
    """Which question would make the need clear: "what_about", "order_number" ...; empty when the need is clear."""
    question: str = ""
    """That question in the customer's language, to be asked by whoever answers first."""
    topic_model: str = ""
    """Version of the model that gave the topics: "rules/1", or "trained/" and a hash of the model."""


@quick_record
@dataclass(frozen=True, slots=True, kw_only=True)
class MentionSeen:
    """Somebody spoke about us, or rated us, without writing to us. No contact until the desk's rule makes it one."""

    kind: str = ""
    """"mention" or "review"."""
    contact: ContactArrived | None = None
    """The contact that it becomes when the desk's rule says so."""
    positive: bool = False
    """The words or the stars are friendly."""


@quick_record
@dataclass(frozen=True, slots=True, kw_only=True)
class IdentityLinked:
    """Two identities were said to be one customer's. The identities stay as they are; the link can be taken back."""

    link_id: str = ""
    """Derived id of the link: the same two identities and the same statement give the same one."""
    one: CustomerRef | None = None
    """One identity."""
    other: CustomerRef | None = None
    """The other identity."""
    strength: LinkStrength = LinkStrength.UNSPECIFIED
    """How far it is known."""
    statement: str = ""
    """What says so: "number_changed", "scoped_id", "same_value", "order_reference", "agent", "crm" ..."""


@quick_record
@dataclass(frozen=True, slots=True, kw_only=True)
class IdentityUnlinked:
    """A link between identities was taken back: each history goes back to its own identity."""

    link_id: str = ""
    """The link."""
    agent_id: str = ""
    """Agent who decided it; empty when the provider did."""


@quick_record
@dataclass(frozen=True, slots=True, kw_only=True)
class CallerHungUp:
    """A call ended at the customer's end or at the provider."""

    contact_id: str = ""
    """The contact that the call is."""
    duration_seconds: int = 0
    """Length of the call in seconds, where the provider tells it; else 0."""
    status: str = ""
    """The provider's word for it: "completed", "no-answer", "canceled" ..."""
    wait_ms: int = 0
    """Wait in the provider's own queue in milliseconds, where it tells; else 0."""


@quick_record
@dataclass(frozen=True, slots=True, kw_only=True)
class CallbackAsked:
    """A waiting caller chose to be called back; the contact keeps its place, and the line may end."""

    contact_id: str = ""
    """The contact that the call is."""


@quick_record
@dataclass(frozen=True, slots=True, kw_only=True)
class AgentSignedIn:
    """An agent began to work; presence becomes available."""

    agent_id: str = ""
    """The agent."""
    shift_ends_at_ms: int = 0
    """When its shift ends; absent when it has no fixed end, or passed already."""


@quick_record
@dataclass(frozen=True, slots=True, kw_only=True)
class AgentStateChanged:
    """An agent's presence changed."""

    agent_id: str = ""
    """The agent."""
    presence: Presence = Presence.UNSPECIFIED
    """What it is now."""
    reason: str = ""
    """Why, from the desk's own list."""


@quick_record
@dataclass(frozen=True, slots=True, kw_only=True)
class OfferAnswered:
    """An agent answered an offer."""

    offer_id: str = ""
    """The offer."""
    agent_id: str = ""
    """The agent."""
    answer: OfferAnswer = OfferAnswer.UNSPECIFIED
    """What was said."""
    reason: str = ""
    """Why declined: "busy_elsewhere", "not_my_topic", "language", "lacks_authority", "conflict_of_interest", "technical" or "other"."""


@quick_record
@dataclass(frozen=True, slots=True, kw_only=True)
class HelpAsked:
    """An owner asked for help; the customer stays with the owner."""

    contact_id: str = ""
    """The contact."""
    agent_id: str = ""
    """Its owner, who asks."""
    epoch: int = 0
    """Fencing number of the assignment."""
    kind: HelpKind = HelpKind.UNSPECIFIED
    """Kind of help."""
    decision_wanted: DecisionWanted | None = None
    """Decision to approve, with its amount; for approvals."""
    topic_id: str = ""
    """Topic of the advice; empty means the contact's."""


@quick_record
@dataclass(frozen=True, slots=True, kw_only=True)
class HelpAnswered:
    """An adviser answered a request for help."""

    help_id: str = ""
    """The request."""
    agent_id: str = ""
    """The adviser."""
    result: HelpResult = HelpResult.UNSPECIFIED
    """What was answered."""


@quick_record
@dataclass(frozen=True, slots=True, kw_only=True)
class TransferAsked:
    """An owner asked to pass a contact on; the router decides whether, and to whom."""

    contact_id: str = ""
    """The contact."""
    agent_id: str = ""
    """Its owner, who asks."""
    epoch: int = 0
    """Fencing number of the assignment."""
    reason: TransferReason = TransferReason.UNSPECIFIED
    """Why."""
    topic_id: str = ""
    """The true topic, for a wrong one."""
    decision_wanted: DecisionWanted | None = None
    """The decision that is really needed, for a lack of authority."""


@quick_record
@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorityUsed:
    """An agent granted something that needs authority."""

    contact_id: str = ""
    """The contact."""
    agent_id: str = ""
    """The agent."""
    epoch: int = 0
    """Fencing number of the assignment."""
    decision: DecisionWanted | None = None
    """What was granted."""


@quick_record
@dataclass(frozen=True, slots=True, kw_only=True)
class ConversationEnded:
    """The talk is over, its result is not recorded yet."""

    contact_id: str = ""
    """The contact."""
    agent_id: str = ""
    """Its owner."""
    epoch: int = 0
    """Fencing number of the assignment."""


@quick_record
@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerAsked:
    """An owner asked the customer something; until he answers the clock stands still. Not for a caller on the line."""

    contact_id: str = ""
    """The contact."""
    agent_id: str = ""
    """Its owner."""
    epoch: int = 0
    """Fencing number of the assignment."""


@quick_record
@dataclass(frozen=True, slots=True, kw_only=True)
class ContactResolved:
    """An agent recorded how a contact ended."""

    contact_id: str = ""
    """The contact."""
    agent_id: str = ""
    """Its owner."""
    epoch: int = 0
    """Fencing number of the assignment."""
    outcome: Outcome = Outcome.UNSPECIFIED
    """How it ended."""
    topic_id: str = ""
    """True topic, when it was another than intake thought."""


@quick_record
@dataclass(frozen=True, slots=True, kw_only=True)
class MessageSent:
    """An answer went out to a customer."""

    contact_id: str = ""
    """The contact it answers; empty when only the thread is known."""
    thread_key: str = ""
    """Keyed hash of the account and the thread."""
    kind: str = ""
    """"human" for an answer in substance, "ack" for an acknowledgement; else what it was for: "update", "revised_time", "wait_notice", "reminder", "callback_offer", "followup", "thanks", "survey", "proactive", "goodwill"."""
    medium: str = ""
    """Medium by which it went."""
    account: str = ""
    """Our number, address or page it went from."""


@quick_record
@dataclass(frozen=True, slots=True, kw_only=True)
class NonContactSeen:
    """Something came that is no customer contact."""

    kind: str = ""
    """"auto_reply", "bounce", "complaint", "reaction", "edit", "deletion", "call_state"."""
    channel: Channel = Channel.UNSPECIFIED
    """Medium family."""
    medium: str = ""
    """Medium."""
    account: str = ""
    """Our number, address or page."""
    provider_event_id: str = ""
    """The provider's own id of the event."""
    thread_key: str = ""
    """Keyed hash of the account and the thread."""
    contact_id: str = ""
    """The contact whose call changed its state; empty for all else."""
    call_state: str = ""
    """State of the call: "call_queued", "call_connected", "call_ended", "call_started"; empty for all else."""
    wait_ms: int = 0
    """Wait in the provider's own queue in milliseconds, where it tells; else 0."""
    reports: tuple[DeliveryReport, ...] = ()
    """What became of a mail of ours, by recipient; for bounces and complaints."""
    about_id: str = ""
    """Message that it is about, as the provider names it: what bounced, was reacted to, edited or deleted."""


@quick_record
@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryReport:
    """What became of a mail for one recipient (RFC 3464 2.3)."""

    recipient: str = ""
    """Final recipient, a mail address. Personal data."""
    recipient_key: str = ""
    """Keyed hash of the recipient as a customer's identity."""
    action: str = ""
    """"failed", "delayed", "delivered", "relayed" or "expanded"; empty when not told."""
    status: str = ""
    """Status code, for example "5.1.1"; empty when not told."""


@quick_record
@dataclass(frozen=True, slots=True, kw_only=True)
class DeskConfigured:
    """A desk was configured; the newest configuration is in force."""

    desk: Desk | None = None
    """The whole configuration."""


@quick_record
@dataclass(frozen=True, slots=True, kw_only=True)
class GroupPrice:
    """What a second of a group's time costs."""

    group: str = ""
    """Key of the group: agents of the same certificates, languages and rights."""
    price: float = 0.0
    """Customer-seconds per agent-second, from 0 to the desk's highest price."""


@quick_record
@dataclass(frozen=True, slots=True, kw_only=True)
class PricesSet:
    """Prices of agents' time were computed; the whole tariff, that takes the place of the one before."""

    epoch: int = 0
    """Rises with each tariff of a desk; one that does not is refused."""
    prices: tuple[GroupPrice, ...] = ()
    """Groups whose time is not free; of groups that the desk does not have nothing is kept."""
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
class ForecastRow:
    """Contacts that will come, of one topic and language in a span of time."""

    topic_id: str = ""
    """The topic."""
    language: str = ""
    """Language, ISO 639-1; empty for all languages together."""
    from_at_ms: int = 0
    """From when."""
    until_at_ms: int = 0
    """Until when, not included."""
    contacts_per_hour: float = 0.0
    """New contacts per hour, without repeats; five messages count as one call, two e-mails as one."""


@quick_record
@dataclass(frozen=True, slots=True, kw_only=True)
class ForecastSet:
    """How many contacts will come was forecast, by people or another system; takes the place of the forecast before. What it says nothing of is forecast from what came."""

    rows: tuple[ForecastRow, ...] = ()
    """Rows of one topic and language that overlap add up."""


@quick_record
@dataclass(frozen=True, slots=True, kw_only=True)
class SurveyAnswered:
    """A customer answered a survey. Free words stay where they were said: measures need the score only."""

    contact_id: str = ""
    """The contact that was asked about; empty for a periodic survey."""
    score: int = 0
    """From 1 (very unhappy) to 5 (very happy)."""
    channel: Channel = Channel.UNSPECIFIED
    """Medium family of the contact; taken from the contact itself while it is remembered."""


@quick_record
@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeMarked:
    """Something about the service was changed: a new shipping company, other hours, a release. Measures show its effect."""

    change: str = ""
    """Short name, a measure's label: lower-case letters, digits, "-" and "_", at most 60."""
    effective_at_ms: int = 0
    """When it took effect; absent means when it was told."""


@quick_record
@dataclass(frozen=True, slots=True, kw_only=True)
class Heartbeat:
    """A sign of life: intake writes one into each partition now and then, the router decides nothing about it, and each service tells the newest that it saw. Belongs to no desk."""

    born_at_ms: int = 0
    """When it was born, by the writer's clock."""
