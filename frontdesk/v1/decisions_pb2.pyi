import datetime

from frontdesk.v1 import desk_pb2 as _desk_pb2
from frontdesk.v1 import facts_pb2 as _facts_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class WaitingReason(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    WAITING_REASON_UNSPECIFIED: _ClassVar[WaitingReason]
    WAITING_REASON_NONE_LOGGED_IN: _ClassVar[WaitingReason]
    WAITING_REASON_NO_LANGUAGE: _ClassVar[WaitingReason]
    WAITING_REASON_NONE_CERTIFIED: _ClassVar[WaitingReason]
    WAITING_REASON_NONE_WITH_AUTHORITY: _ClassVar[WaitingReason]
    WAITING_REASON_ALL_BUSY: _ClassVar[WaitingReason]
    WAITING_REASON_HELD_FOR_BETTER: _ClassVar[WaitingReason]
    WAITING_REASON_KEPT_IN_RESERVE: _ClassVar[WaitingReason]
    WAITING_REASON_SHIFT_ENDING: _ClassVar[WaitingReason]
    WAITING_REASON_ALL_EXCLUDED: _ClassVar[WaitingReason]

class AuthorityCover(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    AUTHORITY_COVER_UNSPECIFIED: _ClassVar[AuthorityCover]
    AUTHORITY_COVER_COVERS: _ClassVar[AuthorityCover]
    AUTHORITY_COVER_SHORT: _ClassVar[AuthorityCover]
    AUTHORITY_COVER_UNKNOWN: _ClassVar[AuthorityCover]

class ApproverFound(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    APPROVER_FOUND_UNSPECIFIED: _ClassVar[ApproverFound]
    APPROVER_FOUND_FREE: _ClassVar[ApproverFound]
    APPROVER_FOUND_NOBODY_FREE: _ClassVar[ApproverFound]

class OfferResult(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    OFFER_RESULT_UNSPECIFIED: _ClassVar[OfferResult]
    OFFER_RESULT_ACCEPTED: _ClassVar[OfferResult]
    OFFER_RESULT_DECLINED: _ClassVar[OfferResult]
    OFFER_RESULT_EXPIRED: _ClassVar[OfferResult]
    OFFER_RESULT_RESCINDED: _ClassVar[OfferResult]
WAITING_REASON_UNSPECIFIED: WaitingReason
WAITING_REASON_NONE_LOGGED_IN: WaitingReason
WAITING_REASON_NO_LANGUAGE: WaitingReason
WAITING_REASON_NONE_CERTIFIED: WaitingReason
WAITING_REASON_NONE_WITH_AUTHORITY: WaitingReason
WAITING_REASON_ALL_BUSY: WaitingReason
WAITING_REASON_HELD_FOR_BETTER: WaitingReason
WAITING_REASON_KEPT_IN_RESERVE: WaitingReason
WAITING_REASON_SHIFT_ENDING: WaitingReason
WAITING_REASON_ALL_EXCLUDED: WaitingReason
AUTHORITY_COVER_UNSPECIFIED: AuthorityCover
AUTHORITY_COVER_COVERS: AuthorityCover
AUTHORITY_COVER_SHORT: AuthorityCover
AUTHORITY_COVER_UNKNOWN: AuthorityCover
APPROVER_FOUND_UNSPECIFIED: ApproverFound
APPROVER_FOUND_FREE: ApproverFound
APPROVER_FOUND_NOBODY_FREE: ApproverFound
OFFER_RESULT_UNSPECIFIED: OfferResult
OFFER_RESULT_ACCEPTED: OfferResult
OFFER_RESULT_DECLINED: OfferResult
OFFER_RESULT_EXPIRED: OfferResult
OFFER_RESULT_RESCINDED: OfferResult

class Decision(_message.Message):
    __slots__ = ("decision_id", "prev_id", "fact_offset", "fact_id", "desk_id", "fact_cause", "timer_cause", "genesis_cause", "close_cause", "decided_at", "events", "reply", "owner", "digest")
    DECISION_ID_FIELD_NUMBER: _ClassVar[int]
    PREV_ID_FIELD_NUMBER: _ClassVar[int]
    FACT_OFFSET_FIELD_NUMBER: _ClassVar[int]
    FACT_ID_FIELD_NUMBER: _ClassVar[int]
    DESK_ID_FIELD_NUMBER: _ClassVar[int]
    FACT_CAUSE_FIELD_NUMBER: _ClassVar[int]
    TIMER_CAUSE_FIELD_NUMBER: _ClassVar[int]
    GENESIS_CAUSE_FIELD_NUMBER: _ClassVar[int]
    CLOSE_CAUSE_FIELD_NUMBER: _ClassVar[int]
    DECIDED_AT_FIELD_NUMBER: _ClassVar[int]
    EVENTS_FIELD_NUMBER: _ClassVar[int]
    REPLY_FIELD_NUMBER: _ClassVar[int]
    OWNER_FIELD_NUMBER: _ClassVar[int]
    DIGEST_FIELD_NUMBER: _ClassVar[int]
    decision_id: int
    prev_id: int
    fact_offset: int
    fact_id: str
    desk_id: str
    fact_cause: FactCause
    timer_cause: TimerCause
    genesis_cause: GenesisCause
    close_cause: CloseCause
    decided_at: _timestamp_pb2.Timestamp
    events: _containers.RepeatedCompositeFieldContainer[Event]
    reply: Reply
    owner: str
    digest: bytes
    def __init__(self, decision_id: _Optional[int] = ..., prev_id: _Optional[int] = ..., fact_offset: _Optional[int] = ..., fact_id: _Optional[str] = ..., desk_id: _Optional[str] = ..., fact_cause: _Optional[_Union[FactCause, _Mapping]] = ..., timer_cause: _Optional[_Union[TimerCause, _Mapping]] = ..., genesis_cause: _Optional[_Union[GenesisCause, _Mapping]] = ..., close_cause: _Optional[_Union[CloseCause, _Mapping]] = ..., decided_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., events: _Optional[_Iterable[_Union[Event, _Mapping]]] = ..., reply: _Optional[_Union[Reply, _Mapping]] = ..., owner: _Optional[str] = ..., digest: _Optional[bytes] = ...) -> None: ...

class FactCause(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class TimerCause(_message.Message):
    __slots__ = ("timer_id", "deadline_at")
    TIMER_ID_FIELD_NUMBER: _ClassVar[int]
    DEADLINE_AT_FIELD_NUMBER: _ClassVar[int]
    timer_id: str
    deadline_at: _timestamp_pb2.Timestamp
    def __init__(self, timer_id: _Optional[str] = ..., deadline_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class GenesisCause(_message.Message):
    __slots__ = ("log_generation", "partitions", "partition_hash", "first_fact_offset", "format", "carried_from", "carried_digest")
    LOG_GENERATION_FIELD_NUMBER: _ClassVar[int]
    PARTITIONS_FIELD_NUMBER: _ClassVar[int]
    PARTITION_HASH_FIELD_NUMBER: _ClassVar[int]
    FIRST_FACT_OFFSET_FIELD_NUMBER: _ClassVar[int]
    FORMAT_FIELD_NUMBER: _ClassVar[int]
    CARRIED_FROM_FIELD_NUMBER: _ClassVar[int]
    CARRIED_DIGEST_FIELD_NUMBER: _ClassVar[int]
    log_generation: int
    partitions: int
    partition_hash: str
    first_fact_offset: int
    format: int
    carried_from: int
    carried_digest: bytes
    def __init__(self, log_generation: _Optional[int] = ..., partitions: _Optional[int] = ..., partition_hash: _Optional[str] = ..., first_fact_offset: _Optional[int] = ..., format: _Optional[int] = ..., carried_from: _Optional[int] = ..., carried_digest: _Optional[bytes] = ...) -> None: ...

class CloseCause(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class Reply(_message.Message):
    __slots__ = ("accepted", "reason", "detail", "subject_id", "epoch")
    ACCEPTED_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    DETAIL_FIELD_NUMBER: _ClassVar[int]
    SUBJECT_ID_FIELD_NUMBER: _ClassVar[int]
    EPOCH_FIELD_NUMBER: _ClassVar[int]
    accepted: bool
    reason: str
    detail: str
    subject_id: str
    epoch: int
    def __init__(self, accepted: _Optional[bool] = ..., reason: _Optional[str] = ..., detail: _Optional[str] = ..., subject_id: _Optional[str] = ..., epoch: _Optional[int] = ...) -> None: ...

class Event(_message.Message):
    __slots__ = ("desk_applied", "agent_presence_changed", "case_opened", "contact_opened", "contact_continued", "contact_queued", "target_missed", "offered", "offer_ended", "assigned", "help_requested", "consult_started", "consult_ended", "handover_started", "handover_ended", "transferred", "escalated", "exception_granted", "callback_promised", "wrap_up_started", "resolved", "closed", "abandoned", "reopened", "resolution_confirmed", "answered", "non_contact_noted", "refused", "duplicate_ignored", "fact_rejected", "deadline_moved", "forgotten", "agent_missed_offers", "ended_early", "mention_noted", "identities_linked", "identities_unlinked", "answered_early", "mention_answered", "help_passed_on", "overload_began", "overload_ended", "message_due", "customer_awaited", "customer_returned", "messages_refused", "prices_applied", "forecast_applied", "outbound_noted", "survey_noted", "change_noted", "heartbeat_passed")
    DESK_APPLIED_FIELD_NUMBER: _ClassVar[int]
    AGENT_PRESENCE_CHANGED_FIELD_NUMBER: _ClassVar[int]
    CASE_OPENED_FIELD_NUMBER: _ClassVar[int]
    CONTACT_OPENED_FIELD_NUMBER: _ClassVar[int]
    CONTACT_CONTINUED_FIELD_NUMBER: _ClassVar[int]
    CONTACT_QUEUED_FIELD_NUMBER: _ClassVar[int]
    TARGET_MISSED_FIELD_NUMBER: _ClassVar[int]
    OFFERED_FIELD_NUMBER: _ClassVar[int]
    OFFER_ENDED_FIELD_NUMBER: _ClassVar[int]
    ASSIGNED_FIELD_NUMBER: _ClassVar[int]
    HELP_REQUESTED_FIELD_NUMBER: _ClassVar[int]
    CONSULT_STARTED_FIELD_NUMBER: _ClassVar[int]
    CONSULT_ENDED_FIELD_NUMBER: _ClassVar[int]
    HANDOVER_STARTED_FIELD_NUMBER: _ClassVar[int]
    HANDOVER_ENDED_FIELD_NUMBER: _ClassVar[int]
    TRANSFERRED_FIELD_NUMBER: _ClassVar[int]
    ESCALATED_FIELD_NUMBER: _ClassVar[int]
    EXCEPTION_GRANTED_FIELD_NUMBER: _ClassVar[int]
    CALLBACK_PROMISED_FIELD_NUMBER: _ClassVar[int]
    WRAP_UP_STARTED_FIELD_NUMBER: _ClassVar[int]
    RESOLVED_FIELD_NUMBER: _ClassVar[int]
    CLOSED_FIELD_NUMBER: _ClassVar[int]
    ABANDONED_FIELD_NUMBER: _ClassVar[int]
    REOPENED_FIELD_NUMBER: _ClassVar[int]
    RESOLUTION_CONFIRMED_FIELD_NUMBER: _ClassVar[int]
    ANSWERED_FIELD_NUMBER: _ClassVar[int]
    NON_CONTACT_NOTED_FIELD_NUMBER: _ClassVar[int]
    REFUSED_FIELD_NUMBER: _ClassVar[int]
    DUPLICATE_IGNORED_FIELD_NUMBER: _ClassVar[int]
    FACT_REJECTED_FIELD_NUMBER: _ClassVar[int]
    DEADLINE_MOVED_FIELD_NUMBER: _ClassVar[int]
    FORGOTTEN_FIELD_NUMBER: _ClassVar[int]
    AGENT_MISSED_OFFERS_FIELD_NUMBER: _ClassVar[int]
    ENDED_EARLY_FIELD_NUMBER: _ClassVar[int]
    MENTION_NOTED_FIELD_NUMBER: _ClassVar[int]
    IDENTITIES_LINKED_FIELD_NUMBER: _ClassVar[int]
    IDENTITIES_UNLINKED_FIELD_NUMBER: _ClassVar[int]
    ANSWERED_EARLY_FIELD_NUMBER: _ClassVar[int]
    MENTION_ANSWERED_FIELD_NUMBER: _ClassVar[int]
    HELP_PASSED_ON_FIELD_NUMBER: _ClassVar[int]
    OVERLOAD_BEGAN_FIELD_NUMBER: _ClassVar[int]
    OVERLOAD_ENDED_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_DUE_FIELD_NUMBER: _ClassVar[int]
    CUSTOMER_AWAITED_FIELD_NUMBER: _ClassVar[int]
    CUSTOMER_RETURNED_FIELD_NUMBER: _ClassVar[int]
    MESSAGES_REFUSED_FIELD_NUMBER: _ClassVar[int]
    PRICES_APPLIED_FIELD_NUMBER: _ClassVar[int]
    FORECAST_APPLIED_FIELD_NUMBER: _ClassVar[int]
    OUTBOUND_NOTED_FIELD_NUMBER: _ClassVar[int]
    SURVEY_NOTED_FIELD_NUMBER: _ClassVar[int]
    CHANGE_NOTED_FIELD_NUMBER: _ClassVar[int]
    HEARTBEAT_PASSED_FIELD_NUMBER: _ClassVar[int]
    desk_applied: DeskApplied
    agent_presence_changed: AgentPresenceChanged
    case_opened: CaseOpened
    contact_opened: ContactOpened
    contact_continued: ContactContinued
    contact_queued: ContactQueued
    target_missed: TargetMissed
    offered: Offered
    offer_ended: OfferEnded
    assigned: Assigned
    help_requested: HelpRequested
    consult_started: ConsultStarted
    consult_ended: ConsultEnded
    handover_started: HandoverStarted
    handover_ended: HandoverEnded
    transferred: Transferred
    escalated: Escalated
    exception_granted: ExceptionGranted
    callback_promised: CallbackPromised
    wrap_up_started: WrapUpStarted
    resolved: Resolved
    closed: Closed
    abandoned: Abandoned
    reopened: Reopened
    resolution_confirmed: ResolutionConfirmed
    answered: Answered
    non_contact_noted: NonContactNoted
    refused: Refused
    duplicate_ignored: DuplicateIgnored
    fact_rejected: FactRejected
    deadline_moved: DeadlineMoved
    forgotten: Forgotten
    agent_missed_offers: AgentMissedOffers
    ended_early: EndedEarly
    mention_noted: MentionNoted
    identities_linked: IdentitiesLinked
    identities_unlinked: IdentitiesUnlinked
    answered_early: AnsweredEarly
    mention_answered: MentionAnswered
    help_passed_on: HelpPassedOn
    overload_began: OverloadBegan
    overload_ended: OverloadEnded
    message_due: MessageDue
    customer_awaited: CustomerAwaited
    customer_returned: CustomerReturned
    messages_refused: MessagesRefused
    prices_applied: PricesApplied
    forecast_applied: ForecastApplied
    outbound_noted: OutboundNoted
    survey_noted: SurveyNoted
    change_noted: ChangeNoted
    heartbeat_passed: HeartbeatPassed
    def __init__(self, desk_applied: _Optional[_Union[DeskApplied, _Mapping]] = ..., agent_presence_changed: _Optional[_Union[AgentPresenceChanged, _Mapping]] = ..., case_opened: _Optional[_Union[CaseOpened, _Mapping]] = ..., contact_opened: _Optional[_Union[ContactOpened, _Mapping]] = ..., contact_continued: _Optional[_Union[ContactContinued, _Mapping]] = ..., contact_queued: _Optional[_Union[ContactQueued, _Mapping]] = ..., target_missed: _Optional[_Union[TargetMissed, _Mapping]] = ..., offered: _Optional[_Union[Offered, _Mapping]] = ..., offer_ended: _Optional[_Union[OfferEnded, _Mapping]] = ..., assigned: _Optional[_Union[Assigned, _Mapping]] = ..., help_requested: _Optional[_Union[HelpRequested, _Mapping]] = ..., consult_started: _Optional[_Union[ConsultStarted, _Mapping]] = ..., consult_ended: _Optional[_Union[ConsultEnded, _Mapping]] = ..., handover_started: _Optional[_Union[HandoverStarted, _Mapping]] = ..., handover_ended: _Optional[_Union[HandoverEnded, _Mapping]] = ..., transferred: _Optional[_Union[Transferred, _Mapping]] = ..., escalated: _Optional[_Union[Escalated, _Mapping]] = ..., exception_granted: _Optional[_Union[ExceptionGranted, _Mapping]] = ..., callback_promised: _Optional[_Union[CallbackPromised, _Mapping]] = ..., wrap_up_started: _Optional[_Union[WrapUpStarted, _Mapping]] = ..., resolved: _Optional[_Union[Resolved, _Mapping]] = ..., closed: _Optional[_Union[Closed, _Mapping]] = ..., abandoned: _Optional[_Union[Abandoned, _Mapping]] = ..., reopened: _Optional[_Union[Reopened, _Mapping]] = ..., resolution_confirmed: _Optional[_Union[ResolutionConfirmed, _Mapping]] = ..., answered: _Optional[_Union[Answered, _Mapping]] = ..., non_contact_noted: _Optional[_Union[NonContactNoted, _Mapping]] = ..., refused: _Optional[_Union[Refused, _Mapping]] = ..., duplicate_ignored: _Optional[_Union[DuplicateIgnored, _Mapping]] = ..., fact_rejected: _Optional[_Union[FactRejected, _Mapping]] = ..., deadline_moved: _Optional[_Union[DeadlineMoved, _Mapping]] = ..., forgotten: _Optional[_Union[Forgotten, _Mapping]] = ..., agent_missed_offers: _Optional[_Union[AgentMissedOffers, _Mapping]] = ..., ended_early: _Optional[_Union[EndedEarly, _Mapping]] = ..., mention_noted: _Optional[_Union[MentionNoted, _Mapping]] = ..., identities_linked: _Optional[_Union[IdentitiesLinked, _Mapping]] = ..., identities_unlinked: _Optional[_Union[IdentitiesUnlinked, _Mapping]] = ..., answered_early: _Optional[_Union[AnsweredEarly, _Mapping]] = ..., mention_answered: _Optional[_Union[MentionAnswered, _Mapping]] = ..., help_passed_on: _Optional[_Union[HelpPassedOn, _Mapping]] = ..., overload_began: _Optional[_Union[OverloadBegan, _Mapping]] = ..., overload_ended: _Optional[_Union[OverloadEnded, _Mapping]] = ..., message_due: _Optional[_Union[MessageDue, _Mapping]] = ..., customer_awaited: _Optional[_Union[CustomerAwaited, _Mapping]] = ..., customer_returned: _Optional[_Union[CustomerReturned, _Mapping]] = ..., messages_refused: _Optional[_Union[MessagesRefused, _Mapping]] = ..., prices_applied: _Optional[_Union[PricesApplied, _Mapping]] = ..., forecast_applied: _Optional[_Union[ForecastApplied, _Mapping]] = ..., outbound_noted: _Optional[_Union[OutboundNoted, _Mapping]] = ..., survey_noted: _Optional[_Union[SurveyNoted, _Mapping]] = ..., change_noted: _Optional[_Union[ChangeNoted, _Mapping]] = ..., heartbeat_passed: _Optional[_Union[HeartbeatPassed, _Mapping]] = ...) -> None: ...

class DeskApplied(_message.Message):
    __slots__ = ("desk", "needs_measured")
    DESK_FIELD_NUMBER: _ClassVar[int]
    NEEDS_MEASURED_FIELD_NUMBER: _ClassVar[int]
    desk: _desk_pb2.Desk
    needs_measured: bool
    def __init__(self, desk: _Optional[_Union[_desk_pb2.Desk, _Mapping]] = ..., needs_measured: _Optional[bool] = ...) -> None: ...

class AgentPresenceChanged(_message.Message):
    __slots__ = ("agent_id", "presence", "reason", "shift_ends_at")
    AGENT_ID_FIELD_NUMBER: _ClassVar[int]
    PRESENCE_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    SHIFT_ENDS_AT_FIELD_NUMBER: _ClassVar[int]
    agent_id: str
    presence: _facts_pb2.Presence
    reason: str
    shift_ends_at: _timestamp_pb2.Timestamp
    def __init__(self, agent_id: _Optional[str] = ..., presence: _Optional[_Union[_facts_pb2.Presence, str]] = ..., reason: _Optional[str] = ..., shift_ends_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class AgentMissedOffers(_message.Message):
    __slots__ = ("agent_id", "missed")
    AGENT_ID_FIELD_NUMBER: _ClassVar[int]
    MISSED_FIELD_NUMBER: _ClassVar[int]
    agent_id: str
    missed: int
    def __init__(self, agent_id: _Optional[str] = ..., missed: _Optional[int] = ...) -> None: ...

class CaseOpened(_message.Message):
    __slots__ = ("case_id", "customer_key", "topic_id")
    CASE_ID_FIELD_NUMBER: _ClassVar[int]
    CUSTOMER_KEY_FIELD_NUMBER: _ClassVar[int]
    TOPIC_ID_FIELD_NUMBER: _ClassVar[int]
    case_id: str
    customer_key: str
    topic_id: str
    def __init__(self, case_id: _Optional[str] = ..., customer_key: _Optional[str] = ..., topic_id: _Optional[str] = ...) -> None: ...

class NeedWeight(_message.Message):
    __slots__ = ("level", "weight")
    LEVEL_FIELD_NUMBER: _ClassVar[int]
    WEIGHT_FIELD_NUMBER: _ClassVar[int]
    level: int
    weight: float
    def __init__(self, level: _Optional[int] = ..., weight: _Optional[float] = ...) -> None: ...

class Need(_message.Message):
    __slots__ = ("topics", "levels", "least_level", "decision_type", "amount_minor", "currency", "known", "signal_level")
    TOPICS_FIELD_NUMBER: _ClassVar[int]
    LEVELS_FIELD_NUMBER: _ClassVar[int]
    LEAST_LEVEL_FIELD_NUMBER: _ClassVar[int]
    DECISION_TYPE_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_MINOR_FIELD_NUMBER: _ClassVar[int]
    CURRENCY_FIELD_NUMBER: _ClassVar[int]
    KNOWN_FIELD_NUMBER: _ClassVar[int]
    SIGNAL_LEVEL_FIELD_NUMBER: _ClassVar[int]
    topics: _containers.RepeatedCompositeFieldContainer[_facts_pb2.TopicWeight]
    levels: _containers.RepeatedCompositeFieldContainer[NeedWeight]
    least_level: int
    decision_type: str
    amount_minor: int
    currency: str
    known: bool
    signal_level: int
    def __init__(self, topics: _Optional[_Iterable[_Union[_facts_pb2.TopicWeight, _Mapping]]] = ..., levels: _Optional[_Iterable[_Union[NeedWeight, _Mapping]]] = ..., least_level: _Optional[int] = ..., decision_type: _Optional[str] = ..., amount_minor: _Optional[int] = ..., currency: _Optional[str] = ..., known: _Optional[bool] = ..., signal_level: _Optional[int] = ...) -> None: ...

class ContactOpened(_message.Message):
    __slots__ = ("contact_id", "case_id", "channel", "medium", "language", "need", "customer_key", "thread_key", "complaint", "public", "urgent", "repeat", "first_in_case", "units", "arrived_at", "preferred_agent_id", "fact_offset", "customer_type", "customer_verified", "mention", "occurred_at", "tier", "familiar_agent_id", "target_at", "due_at")
    CONTACT_ID_FIELD_NUMBER: _ClassVar[int]
    CASE_ID_FIELD_NUMBER: _ClassVar[int]
    CHANNEL_FIELD_NUMBER: _ClassVar[int]
    MEDIUM_FIELD_NUMBER: _ClassVar[int]
    LANGUAGE_FIELD_NUMBER: _ClassVar[int]
    NEED_FIELD_NUMBER: _ClassVar[int]
    CUSTOMER_KEY_FIELD_NUMBER: _ClassVar[int]
    THREAD_KEY_FIELD_NUMBER: _ClassVar[int]
    COMPLAINT_FIELD_NUMBER: _ClassVar[int]
    PUBLIC_FIELD_NUMBER: _ClassVar[int]
    URGENT_FIELD_NUMBER: _ClassVar[int]
    REPEAT_FIELD_NUMBER: _ClassVar[int]
    FIRST_IN_CASE_FIELD_NUMBER: _ClassVar[int]
    UNITS_FIELD_NUMBER: _ClassVar[int]
    ARRIVED_AT_FIELD_NUMBER: _ClassVar[int]
    PREFERRED_AGENT_ID_FIELD_NUMBER: _ClassVar[int]
    FACT_OFFSET_FIELD_NUMBER: _ClassVar[int]
    CUSTOMER_TYPE_FIELD_NUMBER: _ClassVar[int]
    CUSTOMER_VERIFIED_FIELD_NUMBER: _ClassVar[int]
    MENTION_FIELD_NUMBER: _ClassVar[int]
    OCCURRED_AT_FIELD_NUMBER: _ClassVar[int]
    TIER_FIELD_NUMBER: _ClassVar[int]
    FAMILIAR_AGENT_ID_FIELD_NUMBER: _ClassVar[int]
    TARGET_AT_FIELD_NUMBER: _ClassVar[int]
    DUE_AT_FIELD_NUMBER: _ClassVar[int]
    contact_id: str
    case_id: str
    channel: _facts_pb2.Channel
    medium: str
    language: str
    need: Need
    customer_key: str
    thread_key: str
    complaint: bool
    public: bool
    urgent: bool
    repeat: bool
    first_in_case: bool
    units: int
    arrived_at: _timestamp_pb2.Timestamp
    preferred_agent_id: str
    fact_offset: int
    customer_type: str
    customer_verified: bool
    mention: str
    occurred_at: _timestamp_pb2.Timestamp
    tier: str
    familiar_agent_id: str
    target_at: _timestamp_pb2.Timestamp
    due_at: _timestamp_pb2.Timestamp
    def __init__(self, contact_id: _Optional[str] = ..., case_id: _Optional[str] = ..., channel: _Optional[_Union[_facts_pb2.Channel, str]] = ..., medium: _Optional[str] = ..., language: _Optional[str] = ..., need: _Optional[_Union[Need, _Mapping]] = ..., customer_key: _Optional[str] = ..., thread_key: _Optional[str] = ..., complaint: _Optional[bool] = ..., public: _Optional[bool] = ..., urgent: _Optional[bool] = ..., repeat: _Optional[bool] = ..., first_in_case: _Optional[bool] = ..., units: _Optional[int] = ..., arrived_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., preferred_agent_id: _Optional[str] = ..., fact_offset: _Optional[int] = ..., customer_type: _Optional[str] = ..., customer_verified: _Optional[bool] = ..., mention: _Optional[str] = ..., occurred_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., tier: _Optional[str] = ..., familiar_agent_id: _Optional[str] = ..., target_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., due_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class ContactContinued(_message.Message):
    __slots__ = ("contact_id", "fact_offset", "occurred_at")
    CONTACT_ID_FIELD_NUMBER: _ClassVar[int]
    FACT_OFFSET_FIELD_NUMBER: _ClassVar[int]
    OCCURRED_AT_FIELD_NUMBER: _ClassVar[int]
    contact_id: str
    fact_offset: int
    occurred_at: _timestamp_pb2.Timestamp
    def __init__(self, contact_id: _Optional[str] = ..., fact_offset: _Optional[int] = ..., occurred_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class ContactQueued(_message.Message):
    __slots__ = ("contact_id", "queue_id", "reason", "queued_at", "deadline_at", "ahead", "explanation", "channel", "owner_kept")
    CONTACT_ID_FIELD_NUMBER: _ClassVar[int]
    QUEUE_ID_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    QUEUED_AT_FIELD_NUMBER: _ClassVar[int]
    DEADLINE_AT_FIELD_NUMBER: _ClassVar[int]
    AHEAD_FIELD_NUMBER: _ClassVar[int]
    EXPLANATION_FIELD_NUMBER: _ClassVar[int]
    CHANNEL_FIELD_NUMBER: _ClassVar[int]
    OWNER_KEPT_FIELD_NUMBER: _ClassVar[int]
    contact_id: str
    queue_id: str
    reason: WaitingReason
    queued_at: _timestamp_pb2.Timestamp
    deadline_at: _timestamp_pb2.Timestamp
    ahead: bool
    explanation: Explanation
    channel: _facts_pb2.Channel
    owner_kept: bool
    def __init__(self, contact_id: _Optional[str] = ..., queue_id: _Optional[str] = ..., reason: _Optional[_Union[WaitingReason, str]] = ..., queued_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., deadline_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., ahead: _Optional[bool] = ..., explanation: _Optional[_Union[Explanation, _Mapping]] = ..., channel: _Optional[_Union[_facts_pb2.Channel, str]] = ..., owner_kept: _Optional[bool] = ...) -> None: ...

class TargetMissed(_message.Message):
    __slots__ = ("contact_id", "queue_id", "channel", "promise", "deadline_at")
    CONTACT_ID_FIELD_NUMBER: _ClassVar[int]
    QUEUE_ID_FIELD_NUMBER: _ClassVar[int]
    CHANNEL_FIELD_NUMBER: _ClassVar[int]
    PROMISE_FIELD_NUMBER: _ClassVar[int]
    DEADLINE_AT_FIELD_NUMBER: _ClassVar[int]
    contact_id: str
    queue_id: str
    channel: _facts_pb2.Channel
    promise: str
    deadline_at: _timestamp_pb2.Timestamp
    def __init__(self, contact_id: _Optional[str] = ..., queue_id: _Optional[str] = ..., channel: _Optional[_Union[_facts_pb2.Channel, str]] = ..., promise: _Optional[str] = ..., deadline_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class ScoreTerm(_message.Message):
    __slots__ = ("name", "value")
    NAME_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    name: str
    value: float
    def __init__(self, name: _Optional[str] = ..., value: _Optional[float] = ...) -> None: ...

class Candidate(_message.Message):
    __slots__ = ("agent_id", "score", "terms", "resolves", "authority_covers", "talk_seconds", "price", "busy", "free_in_seconds", "skill")
    AGENT_ID_FIELD_NUMBER: _ClassVar[int]
    SCORE_FIELD_NUMBER: _ClassVar[int]
    TERMS_FIELD_NUMBER: _ClassVar[int]
    RESOLVES_FIELD_NUMBER: _ClassVar[int]
    AUTHORITY_COVERS_FIELD_NUMBER: _ClassVar[int]
    TALK_SECONDS_FIELD_NUMBER: _ClassVar[int]
    PRICE_FIELD_NUMBER: _ClassVar[int]
    BUSY_FIELD_NUMBER: _ClassVar[int]
    FREE_IN_SECONDS_FIELD_NUMBER: _ClassVar[int]
    SKILL_FIELD_NUMBER: _ClassVar[int]
    agent_id: str
    score: float
    terms: _containers.RepeatedCompositeFieldContainer[ScoreTerm]
    resolves: float
    authority_covers: float
    talk_seconds: float
    price: float
    busy: bool
    free_in_seconds: float
    skill: float
    def __init__(self, agent_id: _Optional[str] = ..., score: _Optional[float] = ..., terms: _Optional[_Iterable[_Union[ScoreTerm, _Mapping]]] = ..., resolves: _Optional[float] = ..., authority_covers: _Optional[float] = ..., talk_seconds: _Optional[float] = ..., price: _Optional[float] = ..., busy: _Optional[bool] = ..., free_in_seconds: _Optional[float] = ..., skill: _Optional[float] = ...) -> None: ...

class HoldTest(_message.Message):
    __slots__ = ("held", "best_cost", "hold_cost", "expected_wait_seconds", "waited_seconds", "cap_seconds", "agents", "waiting_cost")
    HELD_FIELD_NUMBER: _ClassVar[int]
    BEST_COST_FIELD_NUMBER: _ClassVar[int]
    HOLD_COST_FIELD_NUMBER: _ClassVar[int]
    EXPECTED_WAIT_SECONDS_FIELD_NUMBER: _ClassVar[int]
    WAITED_SECONDS_FIELD_NUMBER: _ClassVar[int]
    CAP_SECONDS_FIELD_NUMBER: _ClassVar[int]
    AGENTS_FIELD_NUMBER: _ClassVar[int]
    WAITING_COST_FIELD_NUMBER: _ClassVar[int]
    held: bool
    best_cost: float
    hold_cost: float
    expected_wait_seconds: float
    waited_seconds: float
    cap_seconds: float
    agents: int
    waiting_cost: float
    def __init__(self, held: _Optional[bool] = ..., best_cost: _Optional[float] = ..., hold_cost: _Optional[float] = ..., expected_wait_seconds: _Optional[float] = ..., waited_seconds: _Optional[float] = ..., cap_seconds: _Optional[float] = ..., agents: _Optional[int] = ..., waiting_cost: _Optional[float] = ...) -> None: ...

class Exclusion(_message.Message):
    __slots__ = ("rule", "agents")
    RULE_FIELD_NUMBER: _ClassVar[int]
    AGENTS_FIELD_NUMBER: _ClassVar[int]
    rule: str
    agents: int
    def __init__(self, rule: _Optional[str] = ..., agents: _Optional[int] = ...) -> None: ...

class Explanation(_message.Message):
    __slots__ = ("policy_version", "candidates", "exclusions", "relaxations", "weighed", "need", "language", "hold", "price_epoch", "noise_seed", "propensity", "expected_wait_seconds", "approver_free")
    POLICY_VERSION_FIELD_NUMBER: _ClassVar[int]
    CANDIDATES_FIELD_NUMBER: _ClassVar[int]
    EXCLUSIONS_FIELD_NUMBER: _ClassVar[int]
    RELAXATIONS_FIELD_NUMBER: _ClassVar[int]
    WEIGHED_FIELD_NUMBER: _ClassVar[int]
    NEED_FIELD_NUMBER: _ClassVar[int]
    LANGUAGE_FIELD_NUMBER: _ClassVar[int]
    HOLD_FIELD_NUMBER: _ClassVar[int]
    PRICE_EPOCH_FIELD_NUMBER: _ClassVar[int]
    NOISE_SEED_FIELD_NUMBER: _ClassVar[int]
    PROPENSITY_FIELD_NUMBER: _ClassVar[int]
    EXPECTED_WAIT_SECONDS_FIELD_NUMBER: _ClassVar[int]
    APPROVER_FREE_FIELD_NUMBER: _ClassVar[int]
    policy_version: str
    candidates: _containers.RepeatedCompositeFieldContainer[Candidate]
    exclusions: _containers.RepeatedCompositeFieldContainer[Exclusion]
    relaxations: _containers.RepeatedScalarFieldContainer[str]
    weighed: int
    need: Need
    language: str
    hold: HoldTest
    price_epoch: int
    noise_seed: int
    propensity: float
    expected_wait_seconds: float
    approver_free: float
    def __init__(self, policy_version: _Optional[str] = ..., candidates: _Optional[_Iterable[_Union[Candidate, _Mapping]]] = ..., exclusions: _Optional[_Iterable[_Union[Exclusion, _Mapping]]] = ..., relaxations: _Optional[_Iterable[str]] = ..., weighed: _Optional[int] = ..., need: _Optional[_Union[Need, _Mapping]] = ..., language: _Optional[str] = ..., hold: _Optional[_Union[HoldTest, _Mapping]] = ..., price_epoch: _Optional[int] = ..., noise_seed: _Optional[int] = ..., propensity: _Optional[float] = ..., expected_wait_seconds: _Optional[float] = ..., approver_free: _Optional[float] = ...) -> None: ...

class Offered(_message.Message):
    __slots__ = ("offer_id", "contact_id", "agent_id", "units", "expires_at", "authority", "explanation", "channel", "queue_id")
    OFFER_ID_FIELD_NUMBER: _ClassVar[int]
    CONTACT_ID_FIELD_NUMBER: _ClassVar[int]
    AGENT_ID_FIELD_NUMBER: _ClassVar[int]
    UNITS_FIELD_NUMBER: _ClassVar[int]
    EXPIRES_AT_FIELD_NUMBER: _ClassVar[int]
    AUTHORITY_FIELD_NUMBER: _ClassVar[int]
    EXPLANATION_FIELD_NUMBER: _ClassVar[int]
    CHANNEL_FIELD_NUMBER: _ClassVar[int]
    QUEUE_ID_FIELD_NUMBER: _ClassVar[int]
    offer_id: str
    contact_id: str
    agent_id: str
    units: int
    expires_at: _timestamp_pb2.Timestamp
    authority: AuthorityCover
    explanation: Explanation
    channel: _facts_pb2.Channel
    queue_id: str
    def __init__(self, offer_id: _Optional[str] = ..., contact_id: _Optional[str] = ..., agent_id: _Optional[str] = ..., units: _Optional[int] = ..., expires_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., authority: _Optional[_Union[AuthorityCover, str]] = ..., explanation: _Optional[_Union[Explanation, _Mapping]] = ..., channel: _Optional[_Union[_facts_pb2.Channel, str]] = ..., queue_id: _Optional[str] = ...) -> None: ...

class OfferEnded(_message.Message):
    __slots__ = ("offer_id", "contact_id", "agent_id", "result", "reason", "channel", "queue_id")
    OFFER_ID_FIELD_NUMBER: _ClassVar[int]
    CONTACT_ID_FIELD_NUMBER: _ClassVar[int]
    AGENT_ID_FIELD_NUMBER: _ClassVar[int]
    RESULT_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    CHANNEL_FIELD_NUMBER: _ClassVar[int]
    QUEUE_ID_FIELD_NUMBER: _ClassVar[int]
    offer_id: str
    contact_id: str
    agent_id: str
    result: OfferResult
    reason: str
    channel: _facts_pb2.Channel
    queue_id: str
    def __init__(self, offer_id: _Optional[str] = ..., contact_id: _Optional[str] = ..., agent_id: _Optional[str] = ..., result: _Optional[_Union[OfferResult, str]] = ..., reason: _Optional[str] = ..., channel: _Optional[_Union[_facts_pb2.Channel, str]] = ..., queue_id: _Optional[str] = ...) -> None: ...

class Assigned(_message.Message):
    __slots__ = ("contact_id", "agent_id", "epoch", "channel", "queue_id", "wait_since_arrival_ms", "wait_since_queue_ms", "first", "deadline_at", "within_target", "offer_id", "hop")
    CONTACT_ID_FIELD_NUMBER: _ClassVar[int]
    AGENT_ID_FIELD_NUMBER: _ClassVar[int]
    EPOCH_FIELD_NUMBER: _ClassVar[int]
    CHANNEL_FIELD_NUMBER: _ClassVar[int]
    QUEUE_ID_FIELD_NUMBER: _ClassVar[int]
    WAIT_SINCE_ARRIVAL_MS_FIELD_NUMBER: _ClassVar[int]
    WAIT_SINCE_QUEUE_MS_FIELD_NUMBER: _ClassVar[int]
    FIRST_FIELD_NUMBER: _ClassVar[int]
    DEADLINE_AT_FIELD_NUMBER: _ClassVar[int]
    WITHIN_TARGET_FIELD_NUMBER: _ClassVar[int]
    OFFER_ID_FIELD_NUMBER: _ClassVar[int]
    HOP_FIELD_NUMBER: _ClassVar[int]
    contact_id: str
    agent_id: str
    epoch: int
    channel: _facts_pb2.Channel
    queue_id: str
    wait_since_arrival_ms: int
    wait_since_queue_ms: int
    first: bool
    deadline_at: _timestamp_pb2.Timestamp
    within_target: bool
    offer_id: str
    hop: int
    def __init__(self, contact_id: _Optional[str] = ..., agent_id: _Optional[str] = ..., epoch: _Optional[int] = ..., channel: _Optional[_Union[_facts_pb2.Channel, str]] = ..., queue_id: _Optional[str] = ..., wait_since_arrival_ms: _Optional[int] = ..., wait_since_queue_ms: _Optional[int] = ..., first: _Optional[bool] = ..., deadline_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., within_target: _Optional[bool] = ..., offer_id: _Optional[str] = ..., hop: _Optional[int] = ...) -> None: ...

class HelpRequested(_message.Message):
    __slots__ = ("help_id", "contact_id", "owner_id", "kind", "level", "topic_id", "decision_wanted", "deadline_at", "reason", "approver", "need", "ahead")
    HELP_ID_FIELD_NUMBER: _ClassVar[int]
    CONTACT_ID_FIELD_NUMBER: _ClassVar[int]
    OWNER_ID_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    LEVEL_FIELD_NUMBER: _ClassVar[int]
    TOPIC_ID_FIELD_NUMBER: _ClassVar[int]
    DECISION_WANTED_FIELD_NUMBER: _ClassVar[int]
    DEADLINE_AT_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    APPROVER_FIELD_NUMBER: _ClassVar[int]
    NEED_FIELD_NUMBER: _ClassVar[int]
    AHEAD_FIELD_NUMBER: _ClassVar[int]
    help_id: str
    contact_id: str
    owner_id: str
    kind: _facts_pb2.HelpKind
    level: int
    topic_id: str
    decision_wanted: _facts_pb2.DecisionWanted
    deadline_at: _timestamp_pb2.Timestamp
    reason: WaitingReason
    approver: ApproverFound
    need: Need
    ahead: bool
    def __init__(self, help_id: _Optional[str] = ..., contact_id: _Optional[str] = ..., owner_id: _Optional[str] = ..., kind: _Optional[_Union[_facts_pb2.HelpKind, str]] = ..., level: _Optional[int] = ..., topic_id: _Optional[str] = ..., decision_wanted: _Optional[_Union[_facts_pb2.DecisionWanted, _Mapping]] = ..., deadline_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., reason: _Optional[_Union[WaitingReason, str]] = ..., approver: _Optional[_Union[ApproverFound, str]] = ..., need: _Optional[_Union[Need, _Mapping]] = ..., ahead: _Optional[bool] = ...) -> None: ...

class ConsultStarted(_message.Message):
    __slots__ = ("help_id", "contact_id", "adviser_id", "units", "deadline_at")
    HELP_ID_FIELD_NUMBER: _ClassVar[int]
    CONTACT_ID_FIELD_NUMBER: _ClassVar[int]
    ADVISER_ID_FIELD_NUMBER: _ClassVar[int]
    UNITS_FIELD_NUMBER: _ClassVar[int]
    DEADLINE_AT_FIELD_NUMBER: _ClassVar[int]
    help_id: str
    contact_id: str
    adviser_id: str
    units: int
    deadline_at: _timestamp_pb2.Timestamp
    def __init__(self, help_id: _Optional[str] = ..., contact_id: _Optional[str] = ..., adviser_id: _Optional[str] = ..., units: _Optional[int] = ..., deadline_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class ConsultEnded(_message.Message):
    __slots__ = ("help_id", "contact_id", "adviser_id", "result", "kind", "channel", "queue_id", "deadline_at")
    HELP_ID_FIELD_NUMBER: _ClassVar[int]
    CONTACT_ID_FIELD_NUMBER: _ClassVar[int]
    ADVISER_ID_FIELD_NUMBER: _ClassVar[int]
    RESULT_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    CHANNEL_FIELD_NUMBER: _ClassVar[int]
    QUEUE_ID_FIELD_NUMBER: _ClassVar[int]
    DEADLINE_AT_FIELD_NUMBER: _ClassVar[int]
    help_id: str
    contact_id: str
    adviser_id: str
    result: _facts_pb2.HelpResult
    kind: _facts_pb2.HelpKind
    channel: _facts_pb2.Channel
    queue_id: str
    deadline_at: _timestamp_pb2.Timestamp
    def __init__(self, help_id: _Optional[str] = ..., contact_id: _Optional[str] = ..., adviser_id: _Optional[str] = ..., result: _Optional[_Union[_facts_pb2.HelpResult, str]] = ..., kind: _Optional[_Union[_facts_pb2.HelpKind, str]] = ..., channel: _Optional[_Union[_facts_pb2.Channel, str]] = ..., queue_id: _Optional[str] = ..., deadline_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class OverloadBegan(_message.Message):
    __slots__ = ("waiting", "past_target", "prices_at_bound")
    WAITING_FIELD_NUMBER: _ClassVar[int]
    PAST_TARGET_FIELD_NUMBER: _ClassVar[int]
    PRICES_AT_BOUND_FIELD_NUMBER: _ClassVar[int]
    waiting: int
    past_target: int
    prices_at_bound: bool
    def __init__(self, waiting: _Optional[int] = ..., past_target: _Optional[int] = ..., prices_at_bound: _Optional[bool] = ...) -> None: ...

class OverloadEnded(_message.Message):
    __slots__ = ("after_ms",)
    AFTER_MS_FIELD_NUMBER: _ClassVar[int]
    after_ms: int
    def __init__(self, after_ms: _Optional[int] = ...) -> None: ...

class MessageDue(_message.Message):
    __slots__ = ("contact_id", "kind", "channel", "queue_id")
    CONTACT_ID_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    CHANNEL_FIELD_NUMBER: _ClassVar[int]
    QUEUE_ID_FIELD_NUMBER: _ClassVar[int]
    contact_id: str
    kind: str
    channel: _facts_pb2.Channel
    queue_id: str
    def __init__(self, contact_id: _Optional[str] = ..., kind: _Optional[str] = ..., channel: _Optional[_Union[_facts_pb2.Channel, str]] = ..., queue_id: _Optional[str] = ...) -> None: ...

class MessagesRefused(_message.Message):
    __slots__ = ("contact_id",)
    CONTACT_ID_FIELD_NUMBER: _ClassVar[int]
    contact_id: str
    def __init__(self, contact_id: _Optional[str] = ...) -> None: ...

class CustomerAwaited(_message.Message):
    __slots__ = ("contact_id", "agent_id", "stage", "units", "deadline_at", "channel", "queue_id")
    CONTACT_ID_FIELD_NUMBER: _ClassVar[int]
    AGENT_ID_FIELD_NUMBER: _ClassVar[int]
    STAGE_FIELD_NUMBER: _ClassVar[int]
    UNITS_FIELD_NUMBER: _ClassVar[int]
    DEADLINE_AT_FIELD_NUMBER: _ClassVar[int]
    CHANNEL_FIELD_NUMBER: _ClassVar[int]
    QUEUE_ID_FIELD_NUMBER: _ClassVar[int]
    contact_id: str
    agent_id: str
    stage: str
    units: int
    deadline_at: _timestamp_pb2.Timestamp
    channel: _facts_pb2.Channel
    queue_id: str
    def __init__(self, contact_id: _Optional[str] = ..., agent_id: _Optional[str] = ..., stage: _Optional[str] = ..., units: _Optional[int] = ..., deadline_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., channel: _Optional[_Union[_facts_pb2.Channel, str]] = ..., queue_id: _Optional[str] = ...) -> None: ...

class CustomerReturned(_message.Message):
    __slots__ = ("contact_id", "agent_id", "units", "deadline_at", "after_ms", "channel", "queue_id")
    CONTACT_ID_FIELD_NUMBER: _ClassVar[int]
    AGENT_ID_FIELD_NUMBER: _ClassVar[int]
    UNITS_FIELD_NUMBER: _ClassVar[int]
    DEADLINE_AT_FIELD_NUMBER: _ClassVar[int]
    AFTER_MS_FIELD_NUMBER: _ClassVar[int]
    CHANNEL_FIELD_NUMBER: _ClassVar[int]
    QUEUE_ID_FIELD_NUMBER: _ClassVar[int]
    contact_id: str
    agent_id: str
    units: int
    deadline_at: _timestamp_pb2.Timestamp
    after_ms: int
    channel: _facts_pb2.Channel
    queue_id: str
    def __init__(self, contact_id: _Optional[str] = ..., agent_id: _Optional[str] = ..., units: _Optional[int] = ..., deadline_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., after_ms: _Optional[int] = ..., channel: _Optional[_Union[_facts_pb2.Channel, str]] = ..., queue_id: _Optional[str] = ...) -> None: ...

class HelpPassedOn(_message.Message):
    __slots__ = ("help_id", "contact_id", "adviser_id", "reason", "deadline_at")
    HELP_ID_FIELD_NUMBER: _ClassVar[int]
    CONTACT_ID_FIELD_NUMBER: _ClassVar[int]
    ADVISER_ID_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    DEADLINE_AT_FIELD_NUMBER: _ClassVar[int]
    help_id: str
    contact_id: str
    adviser_id: str
    reason: str
    deadline_at: _timestamp_pb2.Timestamp
    def __init__(self, help_id: _Optional[str] = ..., contact_id: _Optional[str] = ..., adviser_id: _Optional[str] = ..., reason: _Optional[str] = ..., deadline_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class HandoverStarted(_message.Message):
    __slots__ = ("contact_id", "from_agent_id", "reason", "need", "deadline_at", "approver", "units_freed")
    CONTACT_ID_FIELD_NUMBER: _ClassVar[int]
    FROM_AGENT_ID_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    NEED_FIELD_NUMBER: _ClassVar[int]
    DEADLINE_AT_FIELD_NUMBER: _ClassVar[int]
    APPROVER_FIELD_NUMBER: _ClassVar[int]
    UNITS_FREED_FIELD_NUMBER: _ClassVar[int]
    contact_id: str
    from_agent_id: str
    reason: _facts_pb2.TransferReason
    need: Need
    deadline_at: _timestamp_pb2.Timestamp
    approver: ApproverFound
    units_freed: bool
    def __init__(self, contact_id: _Optional[str] = ..., from_agent_id: _Optional[str] = ..., reason: _Optional[_Union[_facts_pb2.TransferReason, str]] = ..., need: _Optional[_Union[Need, _Mapping]] = ..., deadline_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., approver: _Optional[_Union[ApproverFound, str]] = ..., units_freed: _Optional[bool] = ...) -> None: ...

class HandoverEnded(_message.Message):
    __slots__ = ("contact_id", "agent_id", "reason", "deadline_at", "units")
    CONTACT_ID_FIELD_NUMBER: _ClassVar[int]
    AGENT_ID_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    DEADLINE_AT_FIELD_NUMBER: _ClassVar[int]
    UNITS_FIELD_NUMBER: _ClassVar[int]
    contact_id: str
    agent_id: str
    reason: str
    deadline_at: _timestamp_pb2.Timestamp
    units: int
    def __init__(self, contact_id: _Optional[str] = ..., agent_id: _Optional[str] = ..., reason: _Optional[str] = ..., deadline_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., units: _Optional[int] = ...) -> None: ...

class Transferred(_message.Message):
    __slots__ = ("contact_id", "from_agent_id", "to_agent_id", "reason", "hop", "channel", "queue_id")
    CONTACT_ID_FIELD_NUMBER: _ClassVar[int]
    FROM_AGENT_ID_FIELD_NUMBER: _ClassVar[int]
    TO_AGENT_ID_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    HOP_FIELD_NUMBER: _ClassVar[int]
    CHANNEL_FIELD_NUMBER: _ClassVar[int]
    QUEUE_ID_FIELD_NUMBER: _ClassVar[int]
    contact_id: str
    from_agent_id: str
    to_agent_id: str
    reason: _facts_pb2.TransferReason
    hop: int
    channel: _facts_pb2.Channel
    queue_id: str
    def __init__(self, contact_id: _Optional[str] = ..., from_agent_id: _Optional[str] = ..., to_agent_id: _Optional[str] = ..., reason: _Optional[_Union[_facts_pb2.TransferReason, str]] = ..., hop: _Optional[int] = ..., channel: _Optional[_Union[_facts_pb2.Channel, str]] = ..., queue_id: _Optional[str] = ...) -> None: ...

class Escalated(_message.Message):
    __slots__ = ("contact_id", "from_agent_id", "to_agent_id", "reason", "channel", "queue_id")
    CONTACT_ID_FIELD_NUMBER: _ClassVar[int]
    FROM_AGENT_ID_FIELD_NUMBER: _ClassVar[int]
    TO_AGENT_ID_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    CHANNEL_FIELD_NUMBER: _ClassVar[int]
    QUEUE_ID_FIELD_NUMBER: _ClassVar[int]
    contact_id: str
    from_agent_id: str
    to_agent_id: str
    reason: str
    channel: _facts_pb2.Channel
    queue_id: str
    def __init__(self, contact_id: _Optional[str] = ..., from_agent_id: _Optional[str] = ..., to_agent_id: _Optional[str] = ..., reason: _Optional[str] = ..., channel: _Optional[_Union[_facts_pb2.Channel, str]] = ..., queue_id: _Optional[str] = ...) -> None: ...

class ExceptionGranted(_message.Message):
    __slots__ = ("contact_id", "agent_id", "approver_id", "decision", "approval")
    CONTACT_ID_FIELD_NUMBER: _ClassVar[int]
    AGENT_ID_FIELD_NUMBER: _ClassVar[int]
    APPROVER_ID_FIELD_NUMBER: _ClassVar[int]
    DECISION_FIELD_NUMBER: _ClassVar[int]
    APPROVAL_FIELD_NUMBER: _ClassVar[int]
    contact_id: str
    agent_id: str
    approver_id: str
    decision: _facts_pb2.DecisionWanted
    approval: _facts_pb2.DecisionWanted
    def __init__(self, contact_id: _Optional[str] = ..., agent_id: _Optional[str] = ..., approver_id: _Optional[str] = ..., decision: _Optional[_Union[_facts_pb2.DecisionWanted, _Mapping]] = ..., approval: _Optional[_Union[_facts_pb2.DecisionWanted, _Mapping]] = ...) -> None: ...

class CallbackPromised(_message.Message):
    __slots__ = ("contact_id", "owner_id", "due_at", "channel", "queue_id", "queue_at", "replaces_at", "next_for_owner", "help_id")
    CONTACT_ID_FIELD_NUMBER: _ClassVar[int]
    OWNER_ID_FIELD_NUMBER: _ClassVar[int]
    DUE_AT_FIELD_NUMBER: _ClassVar[int]
    CHANNEL_FIELD_NUMBER: _ClassVar[int]
    QUEUE_ID_FIELD_NUMBER: _ClassVar[int]
    QUEUE_AT_FIELD_NUMBER: _ClassVar[int]
    REPLACES_AT_FIELD_NUMBER: _ClassVar[int]
    NEXT_FOR_OWNER_FIELD_NUMBER: _ClassVar[int]
    HELP_ID_FIELD_NUMBER: _ClassVar[int]
    contact_id: str
    owner_id: str
    due_at: _timestamp_pb2.Timestamp
    channel: _facts_pb2.Channel
    queue_id: str
    queue_at: _timestamp_pb2.Timestamp
    replaces_at: _timestamp_pb2.Timestamp
    next_for_owner: bool
    help_id: str
    def __init__(self, contact_id: _Optional[str] = ..., owner_id: _Optional[str] = ..., due_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., channel: _Optional[_Union[_facts_pb2.Channel, str]] = ..., queue_id: _Optional[str] = ..., queue_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., replaces_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., next_for_owner: _Optional[bool] = ..., help_id: _Optional[str] = ...) -> None: ...

class WrapUpStarted(_message.Message):
    __slots__ = ("contact_id", "agent_id", "deadline_at")
    CONTACT_ID_FIELD_NUMBER: _ClassVar[int]
    AGENT_ID_FIELD_NUMBER: _ClassVar[int]
    DEADLINE_AT_FIELD_NUMBER: _ClassVar[int]
    contact_id: str
    agent_id: str
    deadline_at: _timestamp_pb2.Timestamp
    def __init__(self, contact_id: _Optional[str] = ..., agent_id: _Optional[str] = ..., deadline_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class ContactTally(_message.Message):
    __slots__ = ("channel", "first_queue_id", "first_in_case", "handled", "transfers", "escalated", "consults", "open_ms", "unattributable", "topic_id")
    CHANNEL_FIELD_NUMBER: _ClassVar[int]
    FIRST_QUEUE_ID_FIELD_NUMBER: _ClassVar[int]
    FIRST_IN_CASE_FIELD_NUMBER: _ClassVar[int]
    HANDLED_FIELD_NUMBER: _ClassVar[int]
    TRANSFERS_FIELD_NUMBER: _ClassVar[int]
    ESCALATED_FIELD_NUMBER: _ClassVar[int]
    CONSULTS_FIELD_NUMBER: _ClassVar[int]
    OPEN_MS_FIELD_NUMBER: _ClassVar[int]
    UNATTRIBUTABLE_FIELD_NUMBER: _ClassVar[int]
    TOPIC_ID_FIELD_NUMBER: _ClassVar[int]
    channel: _facts_pb2.Channel
    first_queue_id: str
    first_in_case: bool
    handled: bool
    transfers: int
    escalated: bool
    consults: int
    open_ms: int
    unattributable: bool
    topic_id: str
    def __init__(self, channel: _Optional[_Union[_facts_pb2.Channel, str]] = ..., first_queue_id: _Optional[str] = ..., first_in_case: _Optional[bool] = ..., handled: _Optional[bool] = ..., transfers: _Optional[int] = ..., escalated: _Optional[bool] = ..., consults: _Optional[int] = ..., open_ms: _Optional[int] = ..., unattributable: _Optional[bool] = ..., topic_id: _Optional[str] = ...) -> None: ...

class Resolved(_message.Message):
    __slots__ = ("contact_id", "case_id", "agent_id", "tally", "confirm_at")
    CONTACT_ID_FIELD_NUMBER: _ClassVar[int]
    CASE_ID_FIELD_NUMBER: _ClassVar[int]
    AGENT_ID_FIELD_NUMBER: _ClassVar[int]
    TALLY_FIELD_NUMBER: _ClassVar[int]
    CONFIRM_AT_FIELD_NUMBER: _ClassVar[int]
    contact_id: str
    case_id: str
    agent_id: str
    tally: ContactTally
    confirm_at: _timestamp_pb2.Timestamp
    def __init__(self, contact_id: _Optional[str] = ..., case_id: _Optional[str] = ..., agent_id: _Optional[str] = ..., tally: _Optional[_Union[ContactTally, _Mapping]] = ..., confirm_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class Closed(_message.Message):
    __slots__ = ("contact_id", "case_id", "agent_id", "outcome", "tally")
    CONTACT_ID_FIELD_NUMBER: _ClassVar[int]
    CASE_ID_FIELD_NUMBER: _ClassVar[int]
    AGENT_ID_FIELD_NUMBER: _ClassVar[int]
    OUTCOME_FIELD_NUMBER: _ClassVar[int]
    TALLY_FIELD_NUMBER: _ClassVar[int]
    contact_id: str
    case_id: str
    agent_id: str
    outcome: _facts_pb2.Outcome
    tally: ContactTally
    def __init__(self, contact_id: _Optional[str] = ..., case_id: _Optional[str] = ..., agent_id: _Optional[str] = ..., outcome: _Optional[_Union[_facts_pb2.Outcome, str]] = ..., tally: _Optional[_Union[ContactTally, _Mapping]] = ...) -> None: ...

class Abandoned(_message.Message):
    __slots__ = ("contact_id", "case_id", "queue_id", "wait_since_arrival_ms", "wait_since_queue_ms", "tally")
    CONTACT_ID_FIELD_NUMBER: _ClassVar[int]
    CASE_ID_FIELD_NUMBER: _ClassVar[int]
    QUEUE_ID_FIELD_NUMBER: _ClassVar[int]
    WAIT_SINCE_ARRIVAL_MS_FIELD_NUMBER: _ClassVar[int]
    WAIT_SINCE_QUEUE_MS_FIELD_NUMBER: _ClassVar[int]
    TALLY_FIELD_NUMBER: _ClassVar[int]
    contact_id: str
    case_id: str
    queue_id: str
    wait_since_arrival_ms: int
    wait_since_queue_ms: int
    tally: ContactTally
    def __init__(self, contact_id: _Optional[str] = ..., case_id: _Optional[str] = ..., queue_id: _Optional[str] = ..., wait_since_arrival_ms: _Optional[int] = ..., wait_since_queue_ms: _Optional[int] = ..., tally: _Optional[_Union[ContactTally, _Mapping]] = ...) -> None: ...

class Reopened(_message.Message):
    __slots__ = ("case_id", "contact_id", "channel", "queue_id", "first_contact", "after_ms", "settled")
    CASE_ID_FIELD_NUMBER: _ClassVar[int]
    CONTACT_ID_FIELD_NUMBER: _ClassVar[int]
    CHANNEL_FIELD_NUMBER: _ClassVar[int]
    QUEUE_ID_FIELD_NUMBER: _ClassVar[int]
    FIRST_CONTACT_FIELD_NUMBER: _ClassVar[int]
    AFTER_MS_FIELD_NUMBER: _ClassVar[int]
    SETTLED_FIELD_NUMBER: _ClassVar[int]
    case_id: str
    contact_id: str
    channel: _facts_pb2.Channel
    queue_id: str
    first_contact: bool
    after_ms: int
    settled: bool
    def __init__(self, case_id: _Optional[str] = ..., contact_id: _Optional[str] = ..., channel: _Optional[_Union[_facts_pb2.Channel, str]] = ..., queue_id: _Optional[str] = ..., first_contact: _Optional[bool] = ..., after_ms: _Optional[int] = ..., settled: _Optional[bool] = ...) -> None: ...

class ResolutionConfirmed(_message.Message):
    __slots__ = ("case_id", "channel", "queue_id", "first_contact")
    CASE_ID_FIELD_NUMBER: _ClassVar[int]
    CHANNEL_FIELD_NUMBER: _ClassVar[int]
    QUEUE_ID_FIELD_NUMBER: _ClassVar[int]
    FIRST_CONTACT_FIELD_NUMBER: _ClassVar[int]
    case_id: str
    channel: _facts_pb2.Channel
    queue_id: str
    first_contact: bool
    def __init__(self, case_id: _Optional[str] = ..., channel: _Optional[_Union[_facts_pb2.Channel, str]] = ..., queue_id: _Optional[str] = ..., first_contact: _Optional[bool] = ...) -> None: ...

class Answered(_message.Message):
    __slots__ = ("contact_id", "kind", "after_ms", "channel", "queue_id", "mention", "complaint", "public")
    CONTACT_ID_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    AFTER_MS_FIELD_NUMBER: _ClassVar[int]
    CHANNEL_FIELD_NUMBER: _ClassVar[int]
    QUEUE_ID_FIELD_NUMBER: _ClassVar[int]
    MENTION_FIELD_NUMBER: _ClassVar[int]
    COMPLAINT_FIELD_NUMBER: _ClassVar[int]
    PUBLIC_FIELD_NUMBER: _ClassVar[int]
    contact_id: str
    kind: str
    after_ms: int
    channel: _facts_pb2.Channel
    queue_id: str
    mention: str
    complaint: bool
    public: bool
    def __init__(self, contact_id: _Optional[str] = ..., kind: _Optional[str] = ..., after_ms: _Optional[int] = ..., channel: _Optional[_Union[_facts_pb2.Channel, str]] = ..., queue_id: _Optional[str] = ..., mention: _Optional[str] = ..., complaint: _Optional[bool] = ..., public: _Optional[bool] = ...) -> None: ...

class NonContactNoted(_message.Message):
    __slots__ = ("kind", "channel", "contact_id", "call_state", "wait_ms")
    KIND_FIELD_NUMBER: _ClassVar[int]
    CHANNEL_FIELD_NUMBER: _ClassVar[int]
    CONTACT_ID_FIELD_NUMBER: _ClassVar[int]
    CALL_STATE_FIELD_NUMBER: _ClassVar[int]
    WAIT_MS_FIELD_NUMBER: _ClassVar[int]
    kind: str
    channel: _facts_pb2.Channel
    contact_id: str
    call_state: str
    wait_ms: int
    def __init__(self, kind: _Optional[str] = ..., channel: _Optional[_Union[_facts_pb2.Channel, str]] = ..., contact_id: _Optional[str] = ..., call_state: _Optional[str] = ..., wait_ms: _Optional[int] = ...) -> None: ...

class MentionNoted(_message.Message):
    __slots__ = ("contact_id", "channel", "medium", "kind", "sentiment", "complaint", "stars", "topic_id", "addressed", "again", "thread_key", "occurred_at")
    CONTACT_ID_FIELD_NUMBER: _ClassVar[int]
    CHANNEL_FIELD_NUMBER: _ClassVar[int]
    MEDIUM_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    SENTIMENT_FIELD_NUMBER: _ClassVar[int]
    COMPLAINT_FIELD_NUMBER: _ClassVar[int]
    STARS_FIELD_NUMBER: _ClassVar[int]
    TOPIC_ID_FIELD_NUMBER: _ClassVar[int]
    ADDRESSED_FIELD_NUMBER: _ClassVar[int]
    AGAIN_FIELD_NUMBER: _ClassVar[int]
    THREAD_KEY_FIELD_NUMBER: _ClassVar[int]
    OCCURRED_AT_FIELD_NUMBER: _ClassVar[int]
    contact_id: str
    channel: _facts_pb2.Channel
    medium: str
    kind: str
    sentiment: str
    complaint: bool
    stars: float
    topic_id: str
    addressed: bool
    again: bool
    thread_key: str
    occurred_at: _timestamp_pb2.Timestamp
    def __init__(self, contact_id: _Optional[str] = ..., channel: _Optional[_Union[_facts_pb2.Channel, str]] = ..., medium: _Optional[str] = ..., kind: _Optional[str] = ..., sentiment: _Optional[str] = ..., complaint: _Optional[bool] = ..., stars: _Optional[float] = ..., topic_id: _Optional[str] = ..., addressed: _Optional[bool] = ..., again: _Optional[bool] = ..., thread_key: _Optional[str] = ..., occurred_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class MentionAnswered(_message.Message):
    __slots__ = ("contact_id", "channel", "kind", "after_ms")
    CONTACT_ID_FIELD_NUMBER: _ClassVar[int]
    CHANNEL_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    AFTER_MS_FIELD_NUMBER: _ClassVar[int]
    contact_id: str
    channel: _facts_pb2.Channel
    kind: str
    after_ms: int
    def __init__(self, contact_id: _Optional[str] = ..., channel: _Optional[_Union[_facts_pb2.Channel, str]] = ..., kind: _Optional[str] = ..., after_ms: _Optional[int] = ...) -> None: ...

class IdentityKey(_message.Message):
    __slots__ = ("type", "key", "verified")
    TYPE_FIELD_NUMBER: _ClassVar[int]
    KEY_FIELD_NUMBER: _ClassVar[int]
    VERIFIED_FIELD_NUMBER: _ClassVar[int]
    type: str
    key: str
    verified: bool
    def __init__(self, type: _Optional[str] = ..., key: _Optional[str] = ..., verified: _Optional[bool] = ...) -> None: ...

class IdentitiesLinked(_message.Message):
    __slots__ = ("link_id", "one", "other", "strength", "statement", "occurred_at")
    LINK_ID_FIELD_NUMBER: _ClassVar[int]
    ONE_FIELD_NUMBER: _ClassVar[int]
    OTHER_FIELD_NUMBER: _ClassVar[int]
    STRENGTH_FIELD_NUMBER: _ClassVar[int]
    STATEMENT_FIELD_NUMBER: _ClassVar[int]
    OCCURRED_AT_FIELD_NUMBER: _ClassVar[int]
    link_id: str
    one: IdentityKey
    other: IdentityKey
    strength: _facts_pb2.LinkStrength
    statement: str
    occurred_at: _timestamp_pb2.Timestamp
    def __init__(self, link_id: _Optional[str] = ..., one: _Optional[_Union[IdentityKey, _Mapping]] = ..., other: _Optional[_Union[IdentityKey, _Mapping]] = ..., strength: _Optional[_Union[_facts_pb2.LinkStrength, str]] = ..., statement: _Optional[str] = ..., occurred_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class IdentitiesUnlinked(_message.Message):
    __slots__ = ("link_id", "agent_id", "occurred_at")
    LINK_ID_FIELD_NUMBER: _ClassVar[int]
    AGENT_ID_FIELD_NUMBER: _ClassVar[int]
    OCCURRED_AT_FIELD_NUMBER: _ClassVar[int]
    link_id: str
    agent_id: str
    occurred_at: _timestamp_pb2.Timestamp
    def __init__(self, link_id: _Optional[str] = ..., agent_id: _Optional[str] = ..., occurred_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class AnsweredEarly(_message.Message):
    __slots__ = ("thread_key", "kind", "occurred_at")
    THREAD_KEY_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    OCCURRED_AT_FIELD_NUMBER: _ClassVar[int]
    thread_key: str
    kind: str
    occurred_at: _timestamp_pb2.Timestamp
    def __init__(self, thread_key: _Optional[str] = ..., kind: _Optional[str] = ..., occurred_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class Refused(_message.Message):
    __slots__ = ("reason", "command")
    REASON_FIELD_NUMBER: _ClassVar[int]
    COMMAND_FIELD_NUMBER: _ClassVar[int]
    reason: str
    command: str
    def __init__(self, reason: _Optional[str] = ..., command: _Optional[str] = ...) -> None: ...

class DuplicateIgnored(_message.Message):
    __slots__ = ("fact_id",)
    FACT_ID_FIELD_NUMBER: _ClassVar[int]
    fact_id: str
    def __init__(self, fact_id: _Optional[str] = ...) -> None: ...

class FactRejected(_message.Message):
    __slots__ = ("reason", "detail")
    REASON_FIELD_NUMBER: _ClassVar[int]
    DETAIL_FIELD_NUMBER: _ClassVar[int]
    reason: str
    detail: str
    def __init__(self, reason: _Optional[str] = ..., detail: _Optional[str] = ...) -> None: ...

class DeadlineMoved(_message.Message):
    __slots__ = ("contact_id", "deadline_at", "reason", "explanation")
    CONTACT_ID_FIELD_NUMBER: _ClassVar[int]
    DEADLINE_AT_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    EXPLANATION_FIELD_NUMBER: _ClassVar[int]
    contact_id: str
    deadline_at: _timestamp_pb2.Timestamp
    reason: str
    explanation: Explanation
    def __init__(self, contact_id: _Optional[str] = ..., deadline_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., reason: _Optional[str] = ..., explanation: _Optional[_Union[Explanation, _Mapping]] = ...) -> None: ...

class Forgotten(_message.Message):
    __slots__ = ("contact_id", "case_id")
    CONTACT_ID_FIELD_NUMBER: _ClassVar[int]
    CASE_ID_FIELD_NUMBER: _ClassVar[int]
    contact_id: str
    case_id: str
    def __init__(self, contact_id: _Optional[str] = ..., case_id: _Optional[str] = ...) -> None: ...

class EndedEarly(_message.Message):
    __slots__ = ("contact_id",)
    CONTACT_ID_FIELD_NUMBER: _ClassVar[int]
    contact_id: str
    def __init__(self, contact_id: _Optional[str] = ...) -> None: ...

class PricesApplied(_message.Message):
    __slots__ = ("epoch", "prices", "source", "forecast_digest", "status", "computed_at")
    EPOCH_FIELD_NUMBER: _ClassVar[int]
    PRICES_FIELD_NUMBER: _ClassVar[int]
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    FORECAST_DIGEST_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    COMPUTED_AT_FIELD_NUMBER: _ClassVar[int]
    epoch: int
    prices: _containers.RepeatedCompositeFieldContainer[_facts_pb2.GroupPrice]
    source: _facts_pb2.PricesSource
    forecast_digest: str
    status: str
    computed_at: _timestamp_pb2.Timestamp
    def __init__(self, epoch: _Optional[int] = ..., prices: _Optional[_Iterable[_Union[_facts_pb2.GroupPrice, _Mapping]]] = ..., source: _Optional[_Union[_facts_pb2.PricesSource, str]] = ..., forecast_digest: _Optional[str] = ..., status: _Optional[str] = ..., computed_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class ForecastApplied(_message.Message):
    __slots__ = ("rows",)
    ROWS_FIELD_NUMBER: _ClassVar[int]
    rows: _containers.RepeatedCompositeFieldContainer[_facts_pb2.ForecastRow]
    def __init__(self, rows: _Optional[_Iterable[_Union[_facts_pb2.ForecastRow, _Mapping]]] = ...) -> None: ...

class OutboundNoted(_message.Message):
    __slots__ = ("contact_id", "kind", "channel", "queue_id", "first_queue_id")
    CONTACT_ID_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    CHANNEL_FIELD_NUMBER: _ClassVar[int]
    QUEUE_ID_FIELD_NUMBER: _ClassVar[int]
    FIRST_QUEUE_ID_FIELD_NUMBER: _ClassVar[int]
    contact_id: str
    kind: str
    channel: _facts_pb2.Channel
    queue_id: str
    first_queue_id: str
    def __init__(self, contact_id: _Optional[str] = ..., kind: _Optional[str] = ..., channel: _Optional[_Union[_facts_pb2.Channel, str]] = ..., queue_id: _Optional[str] = ..., first_queue_id: _Optional[str] = ...) -> None: ...

class SurveyNoted(_message.Message):
    __slots__ = ("contact_id", "score", "channel", "queue_id", "after_ms")
    CONTACT_ID_FIELD_NUMBER: _ClassVar[int]
    SCORE_FIELD_NUMBER: _ClassVar[int]
    CHANNEL_FIELD_NUMBER: _ClassVar[int]
    QUEUE_ID_FIELD_NUMBER: _ClassVar[int]
    AFTER_MS_FIELD_NUMBER: _ClassVar[int]
    contact_id: str
    score: int
    channel: _facts_pb2.Channel
    queue_id: str
    after_ms: int
    def __init__(self, contact_id: _Optional[str] = ..., score: _Optional[int] = ..., channel: _Optional[_Union[_facts_pb2.Channel, str]] = ..., queue_id: _Optional[str] = ..., after_ms: _Optional[int] = ...) -> None: ...

class ChangeNoted(_message.Message):
    __slots__ = ("change", "effective_at")
    CHANGE_FIELD_NUMBER: _ClassVar[int]
    EFFECTIVE_AT_FIELD_NUMBER: _ClassVar[int]
    change: str
    effective_at: _timestamp_pb2.Timestamp
    def __init__(self, change: _Optional[str] = ..., effective_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class HeartbeatPassed(_message.Message):
    __slots__ = ("born_at", "received_at")
    BORN_AT_FIELD_NUMBER: _ClassVar[int]
    RECEIVED_AT_FIELD_NUMBER: _ClassVar[int]
    born_at: _timestamp_pb2.Timestamp
    received_at: _timestamp_pb2.Timestamp
    def __init__(self, born_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., received_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...
