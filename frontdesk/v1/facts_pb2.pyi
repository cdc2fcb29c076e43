import datetime

from frontdesk.v1 import desk_pb2 as _desk_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Channel(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    CHANNEL_UNSPECIFIED: _ClassVar[Channel]
    CHANNEL_PHONE: _ClassVar[Channel]
    CHANNEL_EMAIL: _ClassVar[Channel]
    CHANNEL_SOCIAL: _ClassVar[Channel]

class LinkStrength(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    LINK_STRENGTH_UNSPECIFIED: _ClassVar[LinkStrength]
    LINK_STRENGTH_WEAK: _ClassVar[LinkStrength]
    LINK_STRENGTH_STRONG: _ClassVar[LinkStrength]

class Presence(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    PRESENCE_UNSPECIFIED: _ClassVar[Presence]
    PRESENCE_OFFLINE: _ClassVar[Presence]
    PRESENCE_AVAILABLE: _ClassVar[Presence]
    PRESENCE_BREAK: _ClassVar[Presence]
    PRESENCE_NOT_READY: _ClassVar[Presence]
    PRESENCE_ENDING: _ClassVar[Presence]

class OfferAnswer(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    OFFER_ANSWER_UNSPECIFIED: _ClassVar[OfferAnswer]
    OFFER_ANSWER_ACCEPT: _ClassVar[OfferAnswer]
    OFFER_ANSWER_DECLINE: _ClassVar[OfferAnswer]

class HelpKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    HELP_KIND_UNSPECIFIED: _ClassVar[HelpKind]
    HELP_KIND_EXPERT: _ClassVar[HelpKind]
    HELP_KIND_APPROVAL: _ClassVar[HelpKind]

class HelpResult(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    HELP_RESULT_UNSPECIFIED: _ClassVar[HelpResult]
    HELP_RESULT_GRANTED: _ClassVar[HelpResult]
    HELP_RESULT_REFUSED: _ClassVar[HelpResult]
    HELP_RESULT_ADVICE: _ClassVar[HelpResult]
    HELP_RESULT_EXPIRED: _ClassVar[HelpResult]
    HELP_RESULT_CANCELLED: _ClassVar[HelpResult]

class TransferReason(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    TRANSFER_REASON_UNSPECIFIED: _ClassVar[TransferReason]
    TRANSFER_REASON_LACKS_AUTHORITY: _ClassVar[TransferReason]
    TRANSFER_REASON_WRONG_TOPIC: _ClassVar[TransferReason]
    TRANSFER_REASON_STUCK: _ClassVar[TransferReason]
    TRANSFER_REASON_CUSTOMER_WANTS_MANAGER: _ClassVar[TransferReason]

class Outcome(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    OUTCOME_UNSPECIFIED: _ClassVar[Outcome]
    OUTCOME_RESOLVED: _ClassVar[Outcome]
    OUTCOME_UNRESOLVED: _ClassVar[Outcome]
    OUTCOME_UNSTATED: _ClassVar[Outcome]
    OUTCOME_ABANDONED: _ClassVar[Outcome]
    OUTCOME_SPAM: _ClassVar[Outcome]
    OUTCOME_DUPLICATE: _ClassVar[Outcome]
    OUTCOME_CUSTOMER_SILENT: _ClassVar[Outcome]

class PricesSource(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    PRICES_SOURCE_UNSPECIFIED: _ClassVar[PricesSource]
    PRICES_SOURCE_PROGRAM: _ClassVar[PricesSource]
    PRICES_SOURCE_FALLBACK: _ClassVar[PricesSource]
CHANNEL_UNSPECIFIED: Channel
CHANNEL_PHONE: Channel
CHANNEL_EMAIL: Channel
CHANNEL_SOCIAL: Channel
LINK_STRENGTH_UNSPECIFIED: LinkStrength
LINK_STRENGTH_WEAK: LinkStrength
LINK_STRENGTH_STRONG: LinkStrength
PRESENCE_UNSPECIFIED: Presence
PRESENCE_OFFLINE: Presence
PRESENCE_AVAILABLE: Presence
PRESENCE_BREAK: Presence
PRESENCE_NOT_READY: Presence
PRESENCE_ENDING: Presence
OFFER_ANSWER_UNSPECIFIED: OfferAnswer
OFFER_ANSWER_ACCEPT: OfferAnswer
OFFER_ANSWER_DECLINE: OfferAnswer
HELP_KIND_UNSPECIFIED: HelpKind
HELP_KIND_EXPERT: HelpKind
HELP_KIND_APPROVAL: HelpKind
HELP_RESULT_UNSPECIFIED: HelpResult
HELP_RESULT_GRANTED: HelpResult
HELP_RESULT_REFUSED: HelpResult
HELP_RESULT_ADVICE: HelpResult
HELP_RESULT_EXPIRED: HelpResult
HELP_RESULT_CANCELLED: HelpResult
TRANSFER_REASON_UNSPECIFIED: TransferReason
TRANSFER_REASON_LACKS_AUTHORITY: TransferReason
TRANSFER_REASON_WRONG_TOPIC: TransferReason
TRANSFER_REASON_STUCK: TransferReason
TRANSFER_REASON_CUSTOMER_WANTS_MANAGER: TransferReason
OUTCOME_UNSPECIFIED: Outcome
OUTCOME_RESOLVED: Outcome
OUTCOME_UNRESOLVED: Outcome
OUTCOME_UNSTATED: Outcome
OUTCOME_ABANDONED: Outcome
OUTCOME_SPAM: Outcome
OUTCOME_DUPLICATE: Outcome
OUTCOME_CUSTOMER_SILENT: Outcome
PRICES_SOURCE_UNSPECIFIED: PricesSource
PRICES_SOURCE_PROGRAM: PricesSource
PRICES_SOURCE_FALLBACK: PricesSource

class Fact(_message.Message):
    __slots__ = ("fact_id", "desk_id", "occurred_at", "received_at", "source", "contact_arrived", "caller_hung_up", "agent_signed_in", "agent_state_changed", "offer_answered", "help_asked", "help_answered", "transfer_asked", "authority_used", "conversation_ended", "contact_resolved", "message_sent", "non_contact_seen", "desk_configured", "mention_seen", "identity_linked", "identity_unlinked", "prices_set", "forecast_set", "callback_asked", "customer_asked", "survey_answered", "change_marked", "heartbeat")
    FACT_ID_FIELD_NUMBER: _ClassVar[int]
    DESK_ID_FIELD_NUMBER: _ClassVar[int]
    OCCURRED_AT_FIELD_NUMBER: _ClassVar[int]
    RECEIVED_AT_FIELD_NUMBER: _ClassVar[int]
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    CONTACT_ARRIVED_FIELD_NUMBER: _ClassVar[int]
    CALLER_HUNG_UP_FIELD_NUMBER: _ClassVar[int]
    AGENT_SIGNED_IN_FIELD_NUMBER: _ClassVar[int]
    AGENT_STATE_CHANGED_FIELD_NUMBER: _ClassVar[int]
    OFFER_ANSWERED_FIELD_NUMBER: _ClassVar[int]
    HELP_ASKED_FIELD_NUMBER: _ClassVar[int]
    HELP_ANSWERED_FIELD_NUMBER: _ClassVar[int]
    TRANSFER_ASKED_FIELD_NUMBER: _ClassVar[int]
    AUTHORITY_USED_FIELD_NUMBER: _ClassVar[int]
    CONVERSATION_ENDED_FIELD_NUMBER: _ClassVar[int]
    CONTACT_RESOLVED_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_SENT_FIELD_NUMBER: _ClassVar[int]
    NON_CONTACT_SEEN_FIELD_NUMBER: _ClassVar[int]
    DESK_CONFIGURED_FIELD_NUMBER: _ClassVar[int]
    MENTION_SEEN_FIELD_NUMBER: _ClassVar[int]
    IDENTITY_LINKED_FIELD_NUMBER: _ClassVar[int]
    IDENTITY_UNLINKED_FIELD_NUMBER: _ClassVar[int]
    PRICES_SET_FIELD_NUMBER: _ClassVar[int]
    FORECAST_SET_FIELD_NUMBER: _ClassVar[int]
    CALLBACK_ASKED_FIELD_NUMBER: _ClassVar[int]
    CUSTOMER_ASKED_FIELD_NUMBER: _ClassVar[int]
    SURVEY_ANSWERED_FIELD_NUMBER: _ClassVar[int]
    CHANGE_MARKED_FIELD_NUMBER: _ClassVar[int]
    HEARTBEAT_FIELD_NUMBER: _ClassVar[int]
    fact_id: str
    desk_id: str
    occurred_at: _timestamp_pb2.Timestamp
    received_at: _timestamp_pb2.Timestamp
    source: str
    contact_arrived: ContactArrived
    caller_hung_up: CallerHungUp
    agent_signed_in: AgentSignedIn
    agent_state_changed: AgentStateChanged
    offer_answered: OfferAnswered
    help_asked: HelpAsked
    help_answered: HelpAnswered
    transfer_asked: TransferAsked
    authority_used: AuthorityUsed
    conversation_ended: ConversationEnded
    contact_resolved: ContactResolved
    message_sent: MessageSent
    non_contact_seen: NonContactSeen
    desk_configured: DeskConfigured
    mention_seen: MentionSeen
    identity_linked: IdentityLinked
    identity_unlinked: IdentityUnlinked
    prices_set: PricesSet
    forecast_set: ForecastSet
    callback_asked: CallbackAsked
    customer_asked: CustomerAsked
    survey_answered: SurveyAnswered
    change_marked: ChangeMarked
    heartbeat: Heartbeat
    def __init__(self, fact_id: _Optional[str] = ..., desk_id: _Optional[str] = ..., occurred_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., received_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., source: _Optional[str] = ..., contact_arrived: _Optional[_Union[ContactArrived, _Mapping]] = ..., caller_hung_up: _Optional[_Union[CallerHungUp, _Mapping]] = ..., agent_signed_in: _Optional[_Union[AgentSignedIn, _Mapping]] = ..., agent_state_changed: _Optional[_Union[AgentStateChanged, _Mapping]] = ..., offer_answered: _Optional[_Union[OfferAnswered, _Mapping]] = ..., help_asked: _Optional[_Union[HelpAsked, _Mapping]] = ..., help_answered: _Optional[_Union[HelpAnswered, _Mapping]] = ..., transfer_asked: _Optional[_Union[TransferAsked, _Mapping]] = ..., authority_used: _Optional[_Union[AuthorityUsed, _Mapping]] = ..., conversation_ended: _Optional[_Union[ConversationEnded, _Mapping]] = ..., contact_resolved: _Optional[_Union[ContactResolved, _Mapping]] = ..., message_sent: _Optional[_Union[MessageSent, _Mapping]] = ..., non_contact_seen: _Optional[_Union[NonContactSeen, _Mapping]] = ..., desk_configured: _Optional[_Union[DeskConfigured, _Mapping]] = ..., mention_seen: _Optional[_Union[MentionSeen, _Mapping]] = ..., identity_linked: _Optional[_Union[IdentityLinked, _Mapping]] = ..., identity_unlinked: _Optional[_Union[IdentityUnlinked, _Mapping]] = ..., prices_set: _Optional[_Union[PricesSet, _Mapping]] = ..., forecast_set: _Optional[_Union[ForecastSet, _Mapping]] = ..., callback_asked: _Optional[_Union[CallbackAsked, _Mapping]] = ..., customer_asked: _Optional[_Union[CustomerAsked, _Mapping]] = ..., survey_answered: _Optional[_Union[SurveyAnswered, _Mapping]] = ..., change_marked: _Optional[_Union[ChangeMarked, _Mapping]] = ..., heartbeat: _Optional[_Union[Heartbeat, _Mapping]] = ...) -> None: ...

class CustomerRef(_message.Message):
    __slots__ = ("type", "value", "name", "key", "absent_reason", "scoped_id", "verified", "handle", "tier")
    TYPE_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    KEY_FIELD_NUMBER: _ClassVar[int]
    ABSENT_REASON_FIELD_NUMBER: _ClassVar[int]
    SCOPED_ID_FIELD_NUMBER: _ClassVar[int]
    VERIFIED_FIELD_NUMBER: _ClassVar[int]
    HANDLE_FIELD_NUMBER: _ClassVar[int]
    TIER_FIELD_NUMBER: _ClassVar[int]
    type: str
    value: str
    name: str
    key: str
    absent_reason: str
    scoped_id: str
    verified: bool
    handle: str
    tier: str
    def __init__(self, type: _Optional[str] = ..., value: _Optional[str] = ..., name: _Optional[str] = ..., key: _Optional[str] = ..., absent_reason: _Optional[str] = ..., scoped_id: _Optional[str] = ..., verified: _Optional[bool] = ..., handle: _Optional[str] = ..., tier: _Optional[str] = ...) -> None: ...

class LanguageGuess(_message.Message):
    __slots__ = ("code", "script", "confidence", "source", "variant")
    CODE_FIELD_NUMBER: _ClassVar[int]
    SCRIPT_FIELD_NUMBER: _ClassVar[int]
    CONFIDENCE_FIELD_NUMBER: _ClassVar[int]
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    VARIANT_FIELD_NUMBER: _ClassVar[int]
    code: str
    script: str
    confidence: float
    source: str
    variant: str
    def __init__(self, code: _Optional[str] = ..., script: _Optional[str] = ..., confidence: _Optional[float] = ..., source: _Optional[str] = ..., variant: _Optional[str] = ...) -> None: ...

class TopicWeight(_message.Message):
    __slots__ = ("topic_id", "weight")
    TOPIC_ID_FIELD_NUMBER: _ClassVar[int]
    WEIGHT_FIELD_NUMBER: _ClassVar[int]
    topic_id: str
    weight: float
    def __init__(self, topic_id: _Optional[str] = ..., weight: _Optional[float] = ...) -> None: ...

class DecisionWanted(_message.Message):
    __slots__ = ("decision_type", "amount_minor", "currency", "stated")
    DECISION_TYPE_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_MINOR_FIELD_NUMBER: _ClassVar[int]
    CURRENCY_FIELD_NUMBER: _ClassVar[int]
    STATED_FIELD_NUMBER: _ClassVar[int]
    decision_type: str
    amount_minor: int
    currency: str
    stated: bool
    def __init__(self, decision_type: _Optional[str] = ..., amount_minor: _Optional[int] = ..., currency: _Optional[str] = ..., stated: _Optional[bool] = ...) -> None: ...

class DecisionWeight(_message.Message):
    __slots__ = ("decision", "weight")
    DECISION_FIELD_NUMBER: _ClassVar[int]
    WEIGHT_FIELD_NUMBER: _ClassVar[int]
    decision: DecisionWanted
    weight: float
    def __init__(self, decision: _Optional[_Union[DecisionWanted, _Mapping]] = ..., weight: _Optional[float] = ...) -> None: ...

class Rating(_message.Message):
    __slots__ = ("value", "scale")
    VALUE_FIELD_NUMBER: _ClassVar[int]
    SCALE_FIELD_NUMBER: _ClassVar[int]
    value: float
    scale: int
    def __init__(self, value: _Optional[float] = ..., scale: _Optional[int] = ...) -> None: ...

class ContactArrived(_message.Message):
    __slots__ = ("contact_id", "channel", "medium", "account", "provider_event_id", "customer", "thread_id", "thread_key", "in_reply_to", "subject", "text", "language", "topics", "decision_wanted", "complaint", "public", "urgent", "opted_out", "reference", "signature_scheme", "attachment_count", "preferred_agent_id", "rating", "decisions_needed", "question_id", "question", "topic_model")
    CONTACT_ID_FIELD_NUMBER: _ClassVar[int]
    CHANNEL_FIELD_NUMBER: _ClassVar[int]
    MEDIUM_FIELD_NUMBER: _ClassVar[int]
    ACCOUNT_FIELD_NUMBER: _ClassVar[int]
    PROVIDER_EVENT_ID_FIELD_NUMBER: _ClassVar[int]
    CUSTOMER_FIELD_NUMBER: _ClassVar[int]
    THREAD_ID_FIELD_NUMBER: _ClassVar[int]
    THREAD_KEY_FIELD_NUMBER: _ClassVar[int]
    IN_REPLY_TO_FIELD_NUMBER: _ClassVar[int]
    SUBJECT_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    LANGUAGE_FIELD_NUMBER: _ClassVar[int]
    TOPICS_FIELD_NUMBER: _ClassVar[int]
    DECISION_WANTED_FIELD_NUMBER: _ClassVar[int]
    COMPLAINT_FIELD_NUMBER: _ClassVar[int]
    PUBLIC_FIELD_NUMBER: _ClassVar[int]
    URGENT_FIELD_NUMBER: _ClassVar[int]
    OPTED_OUT_FIELD_NUMBER: _ClassVar[int]
    REFERENCE_FIELD_NUMBER: _ClassVar[int]
    SIGNATURE_SCHEME_FIELD_NUMBER: _ClassVar[int]
    ATTACHMENT_COUNT_FIELD_NUMBER: _ClassVar[int]
    PREFERRED_AGENT_ID_FIELD_NUMBER: _ClassVar[int]
    RATING_FIELD_NUMBER: _ClassVar[int]
    DECISIONS_NEEDED_FIELD_NUMBER: _ClassVar[int]
    QUESTION_ID_FIELD_NUMBER: _ClassVar[int]
    QUESTION_FIELD_NUMBER: _ClassVar[int]
    TOPIC_MODEL_FIELD_NUMBER: _ClassVar[int]
    contact_id: str
    channel: Channel
    medium: str
    account: str
    provider_event_id: str
    customer: CustomerRef
    thread_id: str
    thread_key: str
    in_reply_to: str
    subject: str
    text: str
    language: LanguageGuess
    topics: _containers.RepeatedCompositeFieldContainer[TopicWeight]
    decision_wanted: DecisionWanted
    complaint: bool
    public: bool
    urgent: bool
    opted_out: bool
    reference: str
    signature_scheme: str
    attachment_count: int
    preferred_agent_id: str
    rating: Rating
    decisions_needed: _containers.RepeatedCompositeFieldContainer[DecisionWeight]
    question_id: str
    question: str
    topic_model: str
    def __init__(self, contact_id: _Optional[str] = ..., channel: _Optional[_Union[Channel, str]] = ..., medium: _Optional[str] = ..., account: _Optional[str] = ..., provider_event_id: _Optional[str] = ..., customer: _Optional[_Union[CustomerRef, _Mapping]] = ..., thread_id: _Optional[str] = ..., thread_key: _Optional[str] = ..., in_reply_to: _Optional[str] = ..., subject: _Optional[str] = ..., text: _Optional[str] = ..., language: _Optional[_Union[LanguageGuess, _Mapping]] = ..., topics: _Optional[_Iterable[_Union[TopicWeight, _Mapping]]] = ..., decision_wanted: _Optional[_Union[DecisionWanted, _Mapping]] = ..., complaint: _Optional[bool] = ..., public: _Optional[bool] = ..., urgent: _Optional[bool] = ..., opted_out: _Optional[bool] = ..., reference: _Optional[str] = ..., signature_scheme: _Optional[str] = ..., attachment_count: _Optional[int] = ..., preferred_agent_id: _Optional[str] = ..., rating: _Optional[_Union[Rating, _Mapping]] = ..., decisions_needed: _Optional[_Iterable[_Union[DecisionWeight, _Mapping]]] = ..., question_id: _Optional[str] = ..., question: _Optional[str] = ..., topic_model: _Optional[str] = ...) -> None: ...

class MentionSeen(_message.Message):
    __slots__ = ("kind", "contact", "positive")
    KIND_FIELD_NUMBER: _ClassVar[int]
    CONTACT_FIELD_NUMBER: _ClassVar[int]
    POSITIVE_FIELD_NUMBER: _ClassVar[int]
    kind: str
    contact: ContactArrived
    positive: bool
    def __init__(self, kind: _Optional[str] = ..., contact: _Optional[_Union[ContactArrived, _Mapping]] = ..., positive: _Optional[bool] = ...) -> None: ...

class IdentityLinked(_message.Message):
    __slots__ = ("link_id", "one", "other", "strength", "statement")
    LINK_ID_FIELD_NUMBER: _ClassVar[int]
    ONE_FIELD_NUMBER: _ClassVar[int]
    OTHER_FIELD_NUMBER: _ClassVar[int]
    STRENGTH_FIELD_NUMBER: _ClassVar[int]
    STATEMENT_FIELD_NUMBER: _ClassVar[int]
    link_id: str
    one: CustomerRef
    other: CustomerRef
    strength: LinkStrength
    statement: str
    def __init__(self, link_id: _Optional[str] = ..., one: _Optional[_Union[CustomerRef, _Mapping]] = ..., other: _Optional[_Union[CustomerRef, _Mapping]] = ..., strength: _Optional[_Union[LinkStrength, str]] = ..., statement: _Optional[str] = ...) -> None: ...

class IdentityUnlinked(_message.Message):
    __slots__ = ("link_id", "agent_id")
    LINK_ID_FIELD_NUMBER: _ClassVar[int]
    AGENT_ID_FIELD_NUMBER: _ClassVar[int]
    link_id: str
    agent_id: str
    def __init__(self, link_id: _Optional[str] = ..., agent_id: _Optional[str] = ...) -> None: ...

class CallerHungUp(_message.Message):
    __slots__ = ("contact_id", "duration_seconds", "status", "wait_ms")
    CONTACT_ID_FIELD_NUMBER: _ClassVar[int]
    DURATION_SECONDS_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    WAIT_MS_FIELD_NUMBER: _ClassVar[int]
    contact_id: str
    duration_seconds: int
    status: str
    wait_ms: int
    def __init__(self, contact_id: _Optional[str] = ..., duration_seconds: _Optional[int] = ..., status: _Optional[str] = ..., wait_ms: _Optional[int] = ...) -> None: ...

class CallbackAsked(_message.Message):
    __slots__ = ("contact_id",)
    CONTACT_ID_FIELD_NUMBER: _ClassVar[int]
    contact_id: str
    def __init__(self, contact_id: _Optional[str] = ...) -> None: ...

class AgentSignedIn(_message.Message):
    __slots__ = ("agent_id", "shift_ends_at")
    AGENT_ID_FIELD_NUMBER: _ClassVar[int]
    SHIFT_ENDS_AT_FIELD_NUMBER: _ClassVar[int]
    agent_id: str
    shift_ends_at: _timestamp_pb2.Timestamp
    def __init__(self, agent_id: _Optional[str] = ..., shift_ends_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class AgentStateChanged(_message.Message):
    __slots__ = ("agent_id", "presence", "reason")
    AGENT_ID_FIELD_NUMBER: _ClassVar[int]
    PRESENCE_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    agent_id: str
    presence: Presence
    reason: str
    def __init__(self, agent_id: _Optional[str] = ..., presence: _Optional[_Union[Presence, str]] = ..., reason: _Optional[str] = ...) -> None: ...

class OfferAnswered(_message.Message):
    __slots__ = ("offer_id", "agent_id", "answer", "reason")
    OFFER_ID_FIELD_NUMBER: _ClassVar[int]
    AGENT_ID_FIELD_NUMBER: _ClassVar[int]
    ANSWER_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    offer_id: str
    agent_id: str
    answer: OfferAnswer
    reason: str
    def __init__(self, offer_id: _Optional[str] = ..., agent_id: _Optional[str] = ..., answer: _Optional[_Union[OfferAnswer, str]] = ..., reason: _Optional[str] = ...) -> None: ...

class HelpAsked(_message.Message):
    __slots__ = ("contact_id", "agent_id", "epoch", "kind", "decision_wanted", "topic_id")
    CONTACT_ID_FIELD_NUMBER: _ClassVar[int]
    AGENT_ID_FIELD_NUMBER: _ClassVar[int]
    EPOCH_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    DECISION_WANTED_FIELD_NUMBER: _ClassVar[int]
    TOPIC_ID_FIELD_NUMBER: _ClassVar[int]
    contact_id: str
    agent_id: str
    epoch: int
    kind: HelpKind
    decision_wanted: DecisionWanted
    topic_id: str
    def __init__(self, contact_id: _Optional[str] = ..., agent_id: _Optional[str] = ..., epoch: _Optional[int] = ..., kind: _Optional[_Union[HelpKind, str]] = ..., decision_wanted: _Optional[_Union[DecisionWanted, _Mapping]] = ..., topic_id: _Optional[str] = ...) -> None: ...

class HelpAnswered(_message.Message):
    __slots__ = ("help_id", "agent_id", "result")
    HELP_ID_FIELD_NUMBER: _ClassVar[int]
    AGENT_ID_FIELD_NUMBER: _ClassVar[int]
    RESULT_FIELD_NUMBER: _ClassVar[int]
    help_id: str
    agent_id: str
    result: HelpResult
    def __init__(self, help_id: _Optional[str] = ..., agent_id: _Optional[str] = ..., result: _Optional[_Union[HelpResult, str]] = ...) -> None: ...

class TransferAsked(_message.Message):
    __slots__ = ("contact_id", "agent_id", "epoch", "reason", "topic_id", "decision_wanted")
    CONTACT_ID_FIELD_NUMBER: _ClassVar[int]
    AGENT_ID_FIELD_NUMBER: _ClassVar[int]
    EPOCH_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    TOPIC_ID_FIELD_NUMBER: _ClassVar[int]
    DECISION_WANTED_FIELD_NUMBER: _ClassVar[int]
    contact_id: str
    agent_id: str
    epoch: int
    reason: TransferReason
    topic_id: str
    decision_wanted: DecisionWanted
    def __init__(self, contact_id: _Optional[str] = ..., agent_id: _Optional[str] = ..., epoch: _Optional[int] = ..., reason: _Optional[_Union[TransferReason, str]] = ..., topic_id: _Optional[str] = ..., decision_wanted: _Optional[_Union[DecisionWanted, _Mapping]] = ...) -> None: ...

class AuthorityUsed(_message.Message):
    __slots__ = ("contact_id", "agent_id", "epoch", "decision")
    CONTACT_ID_FIELD_NUMBER: _ClassVar[int]
    AGENT_ID_FIELD_NUMBER: _ClassVar[int]
    EPOCH_FIELD_NUMBER: _ClassVar[int]
    DECISION_FIELD_NUMBER: _ClassVar[int]
    contact_id: str
    agent_id: str
    epoch: int
    decision: DecisionWanted
    def __init__(self, contact_id: _Optional[str] = ..., agent_id: _Optional[str] = ..., epoch: _Optional[int] = ..., decision: _Optional[_Union[DecisionWanted, _Mapping]] = ...) -> None: ...

class ConversationEnded(_message.Message):
    __slots__ = ("contact_id", "agent_id", "epoch")
    CONTACT_ID_FIELD_NUMBER: _ClassVar[int]
    AGENT_ID_FIELD_NUMBER: _ClassVar[int]
    EPOCH_FIELD_NUMBER: _ClassVar[int]
    contact_id: str
    agent_id: str
    epoch: int
    def __init__(self, contact_id: _Optional[str] = ..., agent_id: _Optional[str] = ..., epoch: _Optional[int] = ...) -> None: ...

class CustomerAsked(_message.Message):
    __slots__ = ("contact_id", "agent_id", "epoch")
    CONTACT_ID_FIELD_NUMBER: _ClassVar[int]
    AGENT_ID_FIELD_NUMBER: _ClassVar[int]
    EPOCH_FIELD_NUMBER: _ClassVar[int]
    contact_id: str
    agent_id: str
    epoch: int
    def __init__(self, contact_id: _Optional[str] = ..., agent_id: _Optional[str] = ..., epoch: _Optional[int] = ...) -> None: ...

class ContactResolved(_message.Message):
    __slots__ = ("contact_id", "agent_id", "epoch", "outcome", "topic_id")
    CONTACT_ID_FIELD_NUMBER: _ClassVar[int]
    AGENT_ID_FIELD_NUMBER: _ClassVar[int]
    EPOCH_FIELD_NUMBER: _ClassVar[int]
    OUTCOME_FIELD_NUMBER: _ClassVar[int]
    TOPIC_ID_FIELD_NUMBER: _ClassVar[int]
    contact_id: str
    agent_id: str
    epoch: int
    outcome: Outcome
    topic_id: str
    def __init__(self, contact_id: _Optional[str] = ..., agent_id: _Optional[str] = ..., epoch: _Optional[int] = ..., outcome: _Optional[_Union[Outcome, str]] = ..., topic_id: _Optional[str] = ...) -> None: ...

class MessageSent(_message.Message):
    __slots__ = ("contact_id", "thread_key", "kind", "medium", "account")
    CONTACT_ID_FIELD_NUMBER: _ClassVar[int]
    THREAD_KEY_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    MEDIUM_FIELD_NUMBER: _ClassVar[int]
    ACCOUNT_FIELD_NUMBER: _ClassVar[int]
    contact_id: str
    thread_key: str
    kind: str
    medium: str
    account: str
    def __init__(self, contact_id: _Optional[str] = ..., thread_key: _Optional[str] = ..., kind: _Optional[str] = ..., medium: _Optional[str] = ..., account: _Optional[str] = ...) -> None: ...

class NonContactSeen(_message.Message):
    __slots__ = ("kind", "channel", "medium", "account", "provider_event_id", "thread_key", "contact_id", "call_state", "wait_ms", "reports", "about_id")
    KIND_FIELD_NUMBER: _ClassVar[int]
    CHANNEL_FIELD_NUMBER: _ClassVar[int]
    MEDIUM_FIELD_NUMBER: _ClassVar[int]
    ACCOUNT_FIELD_NUMBER: _ClassVar[int]
    PROVIDER_EVENT_ID_FIELD_NUMBER: _ClassVar[int]
    THREAD_KEY_FIELD_NUMBER: _ClassVar[int]
    CONTACT_ID_FIELD_NUMBER: _ClassVar[int]
    CALL_STATE_FIELD_NUMBER: _ClassVar[int]
    WAIT_MS_FIELD_NUMBER: _ClassVar[int]
    REPORTS_FIELD_NUMBER: _ClassVar[int]
    ABOUT_ID_FIELD_NUMBER: _ClassVar[int]
    kind: str
    channel: Channel
    medium: str
    account: str
    provider_event_id: str
    thread_key: str
    contact_id: str
    call_state: str
    wait_ms: int
    reports: _containers.RepeatedCompositeFieldContainer[DeliveryReport]
    about_id: str
    def __init__(self, kind: _Optional[str] = ..., channel: _Optional[_Union[Channel, str]] = ..., medium: _Optional[str] = ..., account: _Optional[str] = ..., provider_event_id: _Optional[str] = ..., thread_key: _Optional[str] = ..., contact_id: _Optional[str] = ..., call_state: _Optional[str] = ..., wait_ms: _Optional[int] = ..., reports: _Optional[_Iterable[_Union[DeliveryReport, _Mapping]]] = ..., about_id: _Optional[str] = ...) -> None: ...

class DeliveryReport(_message.Message):
    __slots__ = ("recipient", "recipient_key", "action", "status")
    RECIPIENT_FIELD_NUMBER: _ClassVar[int]
    RECIPIENT_KEY_FIELD_NUMBER: _ClassVar[int]
    ACTION_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    recipient: str
    recipient_key: str
    action: str
    status: str
    def __init__(self, recipient: _Optional[str] = ..., recipient_key: _Optional[str] = ..., action: _Optional[str] = ..., status: _Optional[str] = ...) -> None: ...

class DeskConfigured(_message.Message):
    __slots__ = ("desk",)
    DESK_FIELD_NUMBER: _ClassVar[int]
    desk: _desk_pb2.Desk
    def __init__(self, desk: _Optional[_Union[_desk_pb2.Desk, _Mapping]] = ...) -> None: ...

class GroupPrice(_message.Message):
    __slots__ = ("group", "price")
    GROUP_FIELD_NUMBER: _ClassVar[int]
    PRICE_FIELD_NUMBER: _ClassVar[int]
    group: str
    price: float
    def __init__(self, group: _Optional[str] = ..., price: _Optional[float] = ...) -> None: ...

class PricesSet(_message.Message):
    __slots__ = ("epoch", "prices", "source", "forecast_digest", "status", "computed_at")
    EPOCH_FIELD_NUMBER: _ClassVar[int]
    PRICES_FIELD_NUMBER: _ClassVar[int]
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    FORECAST_DIGEST_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    COMPUTED_AT_FIELD_NUMBER: _ClassVar[int]
    epoch: int
    prices: _containers.RepeatedCompositeFieldContainer[GroupPrice]
    source: PricesSource
    forecast_digest: str
    status: str
    computed_at: _timestamp_pb2.Timestamp
    def __init__(self, epoch: _Optional[int] = ..., prices: _Optional[_Iterable[_Union[GroupPrice, _Mapping]]] = ..., source: _Optional[_Union[PricesSource, str]] = ..., forecast_digest: _Optional[str] = ..., status: _Optional[str] = ..., computed_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class ForecastRow(_message.Message):
    __slots__ = ("topic_id", "language", "from_at", "until_at", "contacts_per_hour")
    TOPIC_ID_FIELD_NUMBER: _ClassVar[int]
    LANGUAGE_FIELD_NUMBER: _ClassVar[int]
    FROM_AT_FIELD_NUMBER: _ClassVar[int]
    UNTIL_AT_FIELD_NUMBER: _ClassVar[int]
    CONTACTS_PER_HOUR_FIELD_NUMBER: _ClassVar[int]
    topic_id: str
    language: str
    from_at: _timestamp_pb2.Timestamp
    until_at: _timestamp_pb2.Timestamp
    contacts_per_hour: float
    def __init__(self, topic_id: _Optional[str] = ..., language: _Optional[str] = ..., from_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., until_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., contacts_per_hour: _Optional[float] = ...) -> None: ...

class ForecastSet(_message.Message):
    __slots__ = ("rows",)
    ROWS_FIELD_NUMBER: _ClassVar[int]
    rows: _containers.RepeatedCompositeFieldContainer[ForecastRow]
    def __init__(self, rows: _Optional[_Iterable[_Union[ForecastRow, _Mapping]]] = ...) -> None: ...

class SurveyAnswered(_message.Message):
    __slots__ = ("contact_id", "score", "channel")
    CONTACT_ID_FIELD_NUMBER: _ClassVar[int]
    SCORE_FIELD_NUMBER: _ClassVar[int]
    CHANNEL_FIELD_NUMBER: _ClassVar[int]
    contact_id: str
    score: int
    channel: Channel
    def __init__(self, contact_id: _Optional[str] = ..., score: _Optional[int] = ..., channel: _Optional[_Union[Channel, str]] = ...) -> None: ...

class ChangeMarked(_message.Message):
    __slots__ = ("change", "effective_at")
    CHANGE_FIELD_NUMBER: _ClassVar[int]
    EFFECTIVE_AT_FIELD_NUMBER: _ClassVar[int]
    change: str
    effective_at: _timestamp_pb2.Timestamp
    def __init__(self, change: _Optional[str] = ..., effective_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class Heartbeat(_message.Message):
    __slots__ = ("born_at",)
    BORN_AT_FIELD_NUMBER: _ClassVar[int]
    born_at: _timestamp_pb2.Timestamp
    def __init__(self, born_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...
