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
    __slots__ = ("from_at", "to_at", "group_by", "desk_id")
    FROM_AT_FIELD_NUMBER: _ClassVar[int]
    TO_AT_FIELD_NUMBER: _ClassVar[int]
    GROUP_BY_FIELD_NUMBER: _ClassVar[int]
    DESK_ID_FIELD_NUMBER: _ClassVar[int]
    from_at: _timestamp_pb2.Timestamp
    to_at: _timestamp_pb2.Timestamp
    group_by: _containers.RepeatedScalarFieldContainer[KpiDimension]
    desk_id: str
    def __init__(self, from_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., to_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., group_by: _Optional[_Iterable[_Union[KpiDimension, str]]] = ..., desk_id: _Optional[str] = ...) -> None: ...

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
    __slots__ = ("group", "arrived", "offered", "answered", "abandoned", "abandoned_short", "handled", "fcr_provisional_closed", "fcr_provisional_resolved", "fcr_matured", "fcr_resolved", "escalated", "consults", "transfers", "chains", "wait_since_arrival_seconds_sum", "wait_since_queue_seconds_sum", "answered_legs", "promises_kept", "promises_broken", "offers", "offers_authority_short", "repeats", "fcr_provisional", "abandonment", "escalation", "transfers_per_contact", "average_speed_of_answer_seconds", "mentions", "mentions_addressed", "mentions_answered")
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
    def __init__(self, group: _Optional[_Iterable[str]] = ..., arrived: _Optional[int] = ..., offered: _Optional[int] = ..., answered: _Optional[int] = ..., abandoned: _Optional[int] = ..., abandoned_short: _Optional[int] = ..., handled: _Optional[int] = ..., fcr_provisional_closed: _Optional[int] = ..., fcr_provisional_resolved: _Optional[int] = ..., fcr_matured: _Optional[int] = ..., fcr_resolved: _Optional[int] = ..., escalated: _Optional[int] = ..., consults: _Optional[int] = ..., transfers: _Optional[int] = ..., chains: _Optional[int] = ..., wait_since_arrival_seconds_sum: _Optional[float] = ..., wait_since_queue_seconds_sum: _Optional[float] = ..., answered_legs: _Optional[int] = ..., promises_kept: _Optional[int] = ..., promises_broken: _Optional[int] = ..., offers: _Optional[int] = ..., offers_authority_short: _Optional[int] = ..., repeats: _Optional[int] = ..., fcr_provisional: _Optional[float] = ..., abandonment: _Optional[float] = ..., escalation: _Optional[float] = ..., transfers_per_contact: _Optional[float] = ..., average_speed_of_answer_seconds: _Optional[float] = ..., mentions: _Optional[int] = ..., mentions_addressed: _Optional[int] = ..., mentions_answered: _Optional[int] = ...) -> None: ...
