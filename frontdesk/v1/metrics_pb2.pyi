import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class KpiDimension(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    KPI_DIMENSION_UNSPECIFIED: _ClassVar[KpiDimension]
    KPI_DIMENSION_CHANNEL: _ClassVar[KpiDimension]
    KPI_DIMENSION_QUEUE: _ClassVar[KpiDimension]
    KPI_DIMENSION_DESK: _ClassVar[KpiDimension]
KPI_DIMENSION_UNSPECIFIED: KpiDimension
KPI_DIMENSION_CHANNEL: KpiDimension
KPI_DIMENSION_QUEUE: KpiDimension
KPI_DIMENSION_DESK: KpiDimension

class GetKpisRequest(_message.Message):
    __slots__ = ("from_at", "to_at", "group_by", "desk_id", "service_level_seconds")
    FROM_AT_FIELD_NUMBER: _ClassVar[int]
    TO_AT_FIELD_NUMBER: _ClassVar[int]
    GROUP_BY_FIELD_NUMBER: _ClassVar[int]
    DESK_ID_FIELD_NUMBER: _ClassVar[int]
    SERVICE_LEVEL_SECONDS_FIELD_NUMBER: _ClassVar[int]
    from_at: _timestamp_pb2.Timestamp
    to_at: _timestamp_pb2.Timestamp
    group_by: _containers.RepeatedScalarFieldContainer[KpiDimension]
    desk_id: str
    service_level_seconds: int
    def __init__(self, from_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., to_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., group_by: _Optional[_Iterable[_Union[KpiDimension, str]]] = ..., desk_id: _Optional[str] = ..., service_level_seconds: _Optional[int] = ...) -> None: ...

class GetKpisResponse(_message.Message):
    __slots__ = ("rows", "watermark_at", "decisions")
    ROWS_FIELD_NUMBER: _ClassVar[int]
    WATERMARK_AT_FIELD_NUMBER: _ClassVar[int]
    DECISIONS_FIELD_NUMBER: _ClassVar[int]
    rows: _containers.RepeatedCompositeFieldContainer[KpiRow]
    watermark_at: _timestamp_pb2.Timestamp
    decisions: int
    def __init__(self, rows: _Optional[_Iterable[_Union[KpiRow, _Mapping]]] = ..., watermark_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., decisions: _Optional[int] = ...) -> None: ...

class KpiRow(_message.Message):
    __slots__ = ("group", "arrived", "offered", "answered", "abandoned", "abandoned_short", "handled", "fcr_provisional_closed", "fcr_provisional_resolved", "fcr_matured", "fcr_resolved", "escalated", "consults", "transfers", "chains", "wait_since_arrival_seconds_sum", "wait_since_queue_seconds_sum", "answered_legs", "promises_kept", "promises_broken", "offers", "offers_authority_short", "repeats", "fcr_provisional", "abandonment", "escalation", "transfers_per_contact", "average_speed_of_answer_seconds", "mentions", "mentions_addressed", "mentions_answered", "promises_void", "queued", "called_back", "flowed_out", "first_responses_ack", "first_responses_human", "first_response_human_seconds_sum", "reattempts", "answers_due_kept", "answers_due_broken", "callbacks_kept", "callbacks_broken", "promises_revised", "promises_early", "promises_late", "early_seconds_sum", "late_seconds_sum", "fcr_revised", "escalations", "handle_seconds_sum", "handle_times", "authority_shortfalls", "exceptions_granted", "transferred_contacts", "surveys_sent", "survey_responses", "satisfied", "complaints", "complaints_public", "complaint_responses", "complaint_response_seconds_sum", "updates_due", "updates_on_time", "followups", "agents_contact_seconds_sum", "agents_wrapup_seconds_sum", "agents_idle_seconds_sum", "agents_ringing_seconds_sum", "overloads", "changes", "within_target", "fcr", "consult_instead", "authority_gap", "chains_per_contact", "abandonment_not_short", "satisfaction", "response_rate", "repeat_rate", "occupancy", "updates_on_time_rate", "wait_variation", "mean_handle_seconds", "mentions_answered_rate", "service_levels", "topics", "outbound", "fcr_revised_up", "followups_due", "followups_sent", "followup_rate", "survey_delays", "survey_delay_seconds_sum", "mean_survey_delay_seconds")
    class ServiceLevelsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: float
        def __init__(self, key: _Optional[str] = ..., value: _Optional[float] = ...) -> None: ...
    class TopicsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: int
        def __init__(self, key: _Optional[str] = ..., value: _Optional[int] = ...) -> None: ...
    class OutboundEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: int
        def __init__(self, key: _Optional[str] = ..., value: _Optional[int] = ...) -> None: ...
    GROUP_FIELD_NUMBER: _ClassVar[int]
    ARRIVED_FIELD_NUMBER: _ClassVar[int]
    OFFERED_FIELD_NUMBER: _ClassVar[int]
    ANSWERED_FIELD_NUMBER: _ClassVar[int]
    ABANDONED_FIELD_NUMBER: _ClassVar[int]
    ABANDONED_SHORT_FIELD_NUMBER: _ClassVar[int]
    HANDLED_FIELD_NUMBER: _ClassVar[int]
    FCR_PROVISIONAL_CLOSED_FIELD_NUMBER: _ClassVar[int]
    FCR_PROVISIONAL_RESOLVED_FIELD_NUMBER: _ClassVar[int]
    FCR_MATURED_FIELD_NUMBER: _ClassVar[int]
    FCR_RESOLVED_FIELD_NUMBER: _ClassVar[int]
    ESCALATED_FIELD_NUMBER: _ClassVar[int]
    CONSULTS_FIELD_NUMBER: _ClassVar[int]
    TRANSFERS_FIELD_NUMBER: _ClassVar[int]
    CHAINS_FIELD_NUMBER: _ClassVar[int]
    WAIT_SINCE_ARRIVAL_SECONDS_SUM_FIELD_NUMBER: _ClassVar[int]
    WAIT_SINCE_QUEUE_SECONDS_SUM_FIELD_NUMBER: _ClassVar[int]
    ANSWERED_LEGS_FIELD_NUMBER: _ClassVar[int]
    PROMISES_KEPT_FIELD_NUMBER: _ClassVar[int]
    PROMISES_BROKEN_FIELD_NUMBER: _ClassVar[int]
    OFFERS_FIELD_NUMBER: _ClassVar[int]
    OFFERS_AUTHORITY_SHORT_FIELD_NUMBER: _ClassVar[int]
    REPEATS_FIELD_NUMBER: _ClassVar[int]
    FCR_PROVISIONAL_FIELD_NUMBER: _ClassVar[int]
    ABANDONMENT_FIELD_NUMBER: _ClassVar[int]
    ESCALATION_FIELD_NUMBER: _ClassVar[int]
    TRANSFERS_PER_CONTACT_FIELD_NUMBER: _ClassVar[int]
    AVERAGE_SPEED_OF_ANSWER_SECONDS_FIELD_NUMBER: _ClassVar[int]
    MENTIONS_FIELD_NUMBER: _ClassVar[int]
    MENTIONS_ADDRESSED_FIELD_NUMBER: _ClassVar[int]
    MENTIONS_ANSWERED_FIELD_NUMBER: _ClassVar[int]
    PROMISES_VOID_FIELD_NUMBER: _ClassVar[int]
    QUEUED_FIELD_NUMBER: _ClassVar[int]
    CALLED_BACK_FIELD_NUMBER: _ClassVar[int]
    FLOWED_OUT_FIELD_NUMBER: _ClassVar[int]
    FIRST_RESPONSES_ACK_FIELD_NUMBER: _ClassVar[int]
    FIRST_RESPONSES_HUMAN_FIELD_NUMBER: _ClassVar[int]
    FIRST_RESPONSE_HUMAN_SECONDS_SUM_FIELD_NUMBER: _ClassVar[int]
    REATTEMPTS_FIELD_NUMBER: _ClassVar[int]
    ANSWERS_DUE_KEPT_FIELD_NUMBER: _ClassVar[int]
    ANSWERS_DUE_BROKEN_FIELD_NUMBER: _ClassVar[int]
    CALLBACKS_KEPT_FIELD_NUMBER: _ClassVar[int]
    CALLBACKS_BROKEN_FIELD_NUMBER: _ClassVar[int]
    PROMISES_REVISED_FIELD_NUMBER: _ClassVar[int]
    PROMISES_EARLY_FIELD_NUMBER: _ClassVar[int]
    PROMISES_LATE_FIELD_NUMBER: _ClassVar[int]
    EARLY_SECONDS_SUM_FIELD_NUMBER: _ClassVar[int]
    LATE_SECONDS_SUM_FIELD_NUMBER: _ClassVar[int]
    FCR_REVISED_FIELD_NUMBER: _ClassVar[int]
    ESCALATIONS_FIELD_NUMBER: _ClassVar[int]
    HANDLE_SECONDS_SUM_FIELD_NUMBER: _ClassVar[int]
    HANDLE_TIMES_FIELD_NUMBER: _ClassVar[int]
    AUTHORITY_SHORTFALLS_FIELD_NUMBER: _ClassVar[int]
    EXCEPTIONS_GRANTED_FIELD_NUMBER: _ClassVar[int]
    TRANSFERRED_CONTACTS_FIELD_NUMBER: _ClassVar[int]
    SURVEYS_SENT_FIELD_NUMBER: _ClassVar[int]
    SURVEY_RESPONSES_FIELD_NUMBER: _ClassVar[int]
    SATISFIED_FIELD_NUMBER: _ClassVar[int]
    COMPLAINTS_FIELD_NUMBER: _ClassVar[int]
    COMPLAINTS_PUBLIC_FIELD_NUMBER: _ClassVar[int]
    COMPLAINT_RESPONSES_FIELD_NUMBER: _ClassVar[int]
    COMPLAINT_RESPONSE_SECONDS_SUM_FIELD_NUMBER: _ClassVar[int]
    UPDATES_DUE_FIELD_NUMBER: _ClassVar[int]
    UPDATES_ON_TIME_FIELD_NUMBER: _ClassVar[int]
    FOLLOWUPS_FIELD_NUMBER: _ClassVar[int]
    AGENTS_CONTACT_SECONDS_SUM_FIELD_NUMBER: _ClassVar[int]
    AGENTS_WRAPUP_SECONDS_SUM_FIELD_NUMBER: _ClassVar[int]
    AGENTS_IDLE_SECONDS_SUM_FIELD_NUMBER: _ClassVar[int]
    AGENTS_RINGING_SECONDS_SUM_FIELD_NUMBER: _ClassVar[int]
    OVERLOADS_FIELD_NUMBER: _ClassVar[int]
    CHANGES_FIELD_NUMBER: _ClassVar[int]
    WITHIN_TARGET_FIELD_NUMBER: _ClassVar[int]
    FCR_FIELD_NUMBER: _ClassVar[int]
    CONSULT_INSTEAD_FIELD_NUMBER: _ClassVar[int]
    AUTHORITY_GAP_FIELD_NUMBER: _ClassVar[int]
    CHAINS_PER_CONTACT_FIELD_NUMBER: _ClassVar[int]
    ABANDONMENT_NOT_SHORT_FIELD_NUMBER: _ClassVar[int]
    SATISFACTION_FIELD_NUMBER: _ClassVar[int]
    RESPONSE_RATE_FIELD_NUMBER: _ClassVar[int]
    REPEAT_RATE_FIELD_NUMBER: _ClassVar[int]
    OCCUPANCY_FIELD_NUMBER: _ClassVar[int]
    UPDATES_ON_TIME_RATE_FIELD_NUMBER: _ClassVar[int]
    WAIT_VARIATION_FIELD_NUMBER: _ClassVar[int]
    MEAN_HANDLE_SECONDS_FIELD_NUMBER: _ClassVar[int]
    MENTIONS_ANSWERED_RATE_FIELD_NUMBER: _ClassVar[int]
    SERVICE_LEVELS_FIELD_NUMBER: _ClassVar[int]
    TOPICS_FIELD_NUMBER: _ClassVar[int]
    OUTBOUND_FIELD_NUMBER: _ClassVar[int]
    FCR_REVISED_UP_FIELD_NUMBER: _ClassVar[int]
    FOLLOWUPS_DUE_FIELD_NUMBER: _ClassVar[int]
    FOLLOWUPS_SENT_FIELD_NUMBER: _ClassVar[int]
    FOLLOWUP_RATE_FIELD_NUMBER: _ClassVar[int]
    SURVEY_DELAYS_FIELD_NUMBER: _ClassVar[int]
    SURVEY_DELAY_SECONDS_SUM_FIELD_NUMBER: _ClassVar[int]
    MEAN_SURVEY_DELAY_SECONDS_FIELD_NUMBER: _ClassVar[int]
    group: _containers.RepeatedScalarFieldContainer[str]
    arrived: int
    offered: int
    answered: int
    abandoned: int
    abandoned_short: int
    handled: int
    fcr_provisional_closed: int
    fcr_provisional_resolved: int
    fcr_matured: int
    fcr_resolved: int
    escalated: int
    consults: int
    transfers: int
    chains: int
    wait_since_arrival_seconds_sum: float
    wait_since_queue_seconds_sum: float
    answered_legs: int
    promises_kept: int
    promises_broken: int
    offers: int
    offers_authority_short: int
    repeats: int
    fcr_provisional: float
    abandonment: float
    escalation: float
    transfers_per_contact: float
    average_speed_of_answer_seconds: float
    mentions: int
    mentions_addressed: int
    mentions_answered: int
    promises_void: int
    queued: int
    called_back: int
    flowed_out: int
    first_responses_ack: int
    first_responses_human: int
    first_response_human_seconds_sum: float
    reattempts: int
    answers_due_kept: int
    answers_due_broken: int
    callbacks_kept: int
    callbacks_broken: int
    promises_revised: int
    promises_early: int
    promises_late: int
    early_seconds_sum: float
    late_seconds_sum: float
    fcr_revised: int
    escalations: int
    handle_seconds_sum: float
    handle_times: int
    authority_shortfalls: int
    exceptions_granted: int
    transferred_contacts: int
    surveys_sent: int
    survey_responses: int
    satisfied: int
    complaints: int
    complaints_public: int
    complaint_responses: int
    complaint_response_seconds_sum: float
    updates_due: int
    updates_on_time: int
    followups: int
    agents_contact_seconds_sum: float
    agents_wrapup_seconds_sum: float
    agents_idle_seconds_sum: float
    agents_ringing_seconds_sum: float
    overloads: int
    changes: int
    within_target: float
    fcr: float
    consult_instead: float
    authority_gap: float
    chains_per_contact: float
    abandonment_not_short: float
    satisfaction: float
    response_rate: float
    repeat_rate: float
    occupancy: float
    updates_on_time_rate: float
    wait_variation: float
    mean_handle_seconds: float
    mentions_answered_rate: float
    service_levels: _containers.ScalarMap[str, float]
    topics: _containers.ScalarMap[str, int]
    outbound: _containers.ScalarMap[str, int]
    fcr_revised_up: int
    followups_due: int
    followups_sent: int
    followup_rate: float
    survey_delays: int
    survey_delay_seconds_sum: float
    mean_survey_delay_seconds: float
    def __init__(self, group: _Optional[_Iterable[str]] = ..., arrived: _Optional[int] = ..., offered: _Optional[int] = ..., answered: _Optional[int] = ..., abandoned: _Optional[int] = ..., abandoned_short: _Optional[int] = ..., handled: _Optional[int] = ..., fcr_provisional_closed: _Optional[int] = ..., fcr_provisional_resolved: _Optional[int] = ..., fcr_matured: _Optional[int] = ..., fcr_resolved: _Optional[int] = ..., escalated: _Optional[int] = ..., consults: _Optional[int] = ..., transfers: _Optional[int] = ..., chains: _Optional[int] = ..., wait_since_arrival_seconds_sum: _Optional[float] = ..., wait_since_queue_seconds_sum: _Optional[float] = ..., answered_legs: _Optional[int] = ..., promises_kept: _Optional[int] = ..., promises_broken: _Optional[int] = ..., offers: _Optional[int] = ..., offers_authority_short: _Optional[int] = ..., repeats: _Optional[int] = ..., fcr_provisional: _Optional[float] = ..., abandonment: _Optional[float] = ..., escalation: _Optional[float] = ..., transfers_per_contact: _Optional[float] = ..., average_speed_of_answer_seconds: _Optional[float] = ..., mentions: _Optional[int] = ..., mentions_addressed: _Optional[int] = ..., mentions_answered: _Optional[int] = ..., promises_void: _Optional[int] = ..., queued: _Optional[int] = ..., called_back: _Optional[int] = ..., flowed_out: _Optional[int] = ..., first_responses_ack: _Optional[int] = ..., first_responses_human: _Optional[int] = ..., first_response_human_seconds_sum: _Optional[float] = ..., reattempts: _Optional[int] = ..., answers_due_kept: _Optional[int] = ..., answers_due_broken: _Optional[int] = ..., callbacks_kept: _Optional[int] = ..., callbacks_broken: _Optional[int] = ..., promises_revised: _Optional[int] = ..., promises_early: _Optional[int] = ..., promises_late: _Optional[int] = ..., early_seconds_sum: _Optional[float] = ..., late_seconds_sum: _Optional[float] = ..., fcr_revised: _Optional[int] = ..., escalations: _Optional[int] = ..., handle_seconds_sum: _Optional[float] = ..., handle_times: _Optional[int] = ..., authority_shortfalls: _Optional[int] = ..., exceptions_granted: _Optional[int] = ..., transferred_contacts: _Optional[int] = ..., surveys_sent: _Optional[int] = ..., survey_responses: _Optional[int] = ..., satisfied: _Optional[int] = ..., complaints: _Optional[int] = ..., complaints_public: _Optional[int] = ..., complaint_responses: _Optional[int] = ..., complaint_response_seconds_sum: _Optional[float] = ..., updates_due: _Optional[int] = ..., updates_on_time: _Optional[int] = ..., followups: _Optional[int] = ..., agents_contact_seconds_sum: _Optional[float] = ..., agents_wrapup_seconds_sum: _Optional[float] = ..., agents_idle_seconds_sum: _Optional[float] = ..., agents_ringing_seconds_sum: _Optional[float] = ..., overloads: _Optional[int] = ..., changes: _Optional[int] = ..., within_target: _Optional[float] = ..., fcr: _Optional[float] = ..., consult_instead: _Optional[float] = ..., authority_gap: _Optional[float] = ..., chains_per_contact: _Optional[float] = ..., abandonment_not_short: _Optional[float] = ..., satisfaction: _Optional[float] = ..., response_rate: _Optional[float] = ..., repeat_rate: _Optional[float] = ..., occupancy: _Optional[float] = ..., updates_on_time_rate: _Optional[float] = ..., wait_variation: _Optional[float] = ..., mean_handle_seconds: _Optional[float] = ..., mentions_answered_rate: _Optional[float] = ..., service_levels: _Optional[_Mapping[str, float]] = ..., topics: _Optional[_Mapping[str, int]] = ..., outbound: _Optional[_Mapping[str, int]] = ..., fcr_revised_up: _Optional[int] = ..., followups_due: _Optional[int] = ..., followups_sent: _Optional[int] = ..., followup_rate: _Optional[float] = ..., survey_delays: _Optional[int] = ..., survey_delay_seconds_sum: _Optional[float] = ..., mean_survey_delay_seconds: _Optional[float] = ...) -> None: ...

class WatchKpisRequest(_message.Message):
    __slots__ = ("query", "interval_ms")
    QUERY_FIELD_NUMBER: _ClassVar[int]
    INTERVAL_MS_FIELD_NUMBER: _ClassVar[int]
    query: GetKpisRequest
    interval_ms: int
    def __init__(self, query: _Optional[_Union[GetKpisRequest, _Mapping]] = ..., interval_ms: _Optional[int] = ...) -> None: ...

class WatchKpisResponse(_message.Message):
    __slots__ = ("kpis",)
    KPIS_FIELD_NUMBER: _ClassVar[int]
    kpis: GetKpisResponse
    def __init__(self, kpis: _Optional[_Union[GetKpisResponse, _Mapping]] = ...) -> None: ...

class CompareWithBaselineRequest(_message.Message):
    __slots__ = ("query", "weeks")
    QUERY_FIELD_NUMBER: _ClassVar[int]
    WEEKS_FIELD_NUMBER: _ClassVar[int]
    query: GetKpisRequest
    weeks: int
    def __init__(self, query: _Optional[_Union[GetKpisRequest, _Mapping]] = ..., weeks: _Optional[int] = ...) -> None: ...

class CompareWithBaselineResponse(_message.Message):
    __slots__ = ("rows", "weeks", "changes", "watermark_at")
    ROWS_FIELD_NUMBER: _ClassVar[int]
    WEEKS_FIELD_NUMBER: _ClassVar[int]
    CHANGES_FIELD_NUMBER: _ClassVar[int]
    WATERMARK_AT_FIELD_NUMBER: _ClassVar[int]
    rows: _containers.RepeatedCompositeFieldContainer[BaselineRow]
    weeks: int
    changes: _containers.RepeatedCompositeFieldContainer[ChangeMark]
    watermark_at: _timestamp_pb2.Timestamp
    def __init__(self, rows: _Optional[_Iterable[_Union[BaselineRow, _Mapping]]] = ..., weeks: _Optional[int] = ..., changes: _Optional[_Iterable[_Union[ChangeMark, _Mapping]]] = ..., watermark_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class BaselineRow(_message.Message):
    __slots__ = ("group", "now", "baseline", "deviations")
    GROUP_FIELD_NUMBER: _ClassVar[int]
    NOW_FIELD_NUMBER: _ClassVar[int]
    BASELINE_FIELD_NUMBER: _ClassVar[int]
    DEVIATIONS_FIELD_NUMBER: _ClassVar[int]
    group: _containers.RepeatedScalarFieldContainer[str]
    now: KpiRow
    baseline: KpiRow
    deviations: _containers.RepeatedCompositeFieldContainer[Deviation]
    def __init__(self, group: _Optional[_Iterable[str]] = ..., now: _Optional[_Union[KpiRow, _Mapping]] = ..., baseline: _Optional[_Union[KpiRow, _Mapping]] = ..., deviations: _Optional[_Iterable[_Union[Deviation, _Mapping]]] = ...) -> None: ...

class Deviation(_message.Message):
    __slots__ = ("ratio", "now", "baseline", "n", "z")
    RATIO_FIELD_NUMBER: _ClassVar[int]
    NOW_FIELD_NUMBER: _ClassVar[int]
    BASELINE_FIELD_NUMBER: _ClassVar[int]
    N_FIELD_NUMBER: _ClassVar[int]
    Z_FIELD_NUMBER: _ClassVar[int]
    ratio: str
    now: float
    baseline: float
    n: int
    z: float
    def __init__(self, ratio: _Optional[str] = ..., now: _Optional[float] = ..., baseline: _Optional[float] = ..., n: _Optional[int] = ..., z: _Optional[float] = ...) -> None: ...

class ChangeMark(_message.Message):
    __slots__ = ("change", "desk_id", "effective_at")
    CHANGE_FIELD_NUMBER: _ClassVar[int]
    DESK_ID_FIELD_NUMBER: _ClassVar[int]
    EFFECTIVE_AT_FIELD_NUMBER: _ClassVar[int]
    change: str
    desk_id: str
    effective_at: _timestamp_pb2.Timestamp
    def __init__(self, change: _Optional[str] = ..., desk_id: _Optional[str] = ..., effective_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class MarkChangeRequest(_message.Message):
    __slots__ = ("desk_id", "request_id", "change", "effective_at")
    DESK_ID_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    CHANGE_FIELD_NUMBER: _ClassVar[int]
    EFFECTIVE_AT_FIELD_NUMBER: _ClassVar[int]
    desk_id: str
    request_id: str
    change: str
    effective_at: _timestamp_pb2.Timestamp
    def __init__(self, desk_id: _Optional[str] = ..., request_id: _Optional[str] = ..., change: _Optional[str] = ..., effective_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class MarkChangeResponse(_message.Message):
    __slots__ = ("mark", "newly_marked")
    MARK_FIELD_NUMBER: _ClassVar[int]
    NEWLY_MARKED_FIELD_NUMBER: _ClassVar[int]
    mark: ChangeMark
    newly_marked: bool
    def __init__(self, mark: _Optional[_Union[ChangeMark, _Mapping]] = ..., newly_marked: _Optional[bool] = ...) -> None: ...
