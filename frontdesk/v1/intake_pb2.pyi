import datetime

from frontdesk.v1 import facts_pb2 as _facts_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class SubmitRequest(_message.Message):
    __slots__ = ("request_id", "fact")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    FACT_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    fact: _facts_pb2.Fact
    def __init__(self, request_id: _Optional[str] = ..., fact: _Optional[_Union[_facts_pb2.Fact, _Mapping]] = ...) -> None: ...

class ReadAgainRequest(_message.Message):
    __slots__ = ("path", "scheme", "headers", "body", "received_at")
    class HeadersEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    PATH_FIELD_NUMBER: _ClassVar[int]
    SCHEME_FIELD_NUMBER: _ClassVar[int]
    HEADERS_FIELD_NUMBER: _ClassVar[int]
    BODY_FIELD_NUMBER: _ClassVar[int]
    RECEIVED_AT_FIELD_NUMBER: _ClassVar[int]
    path: str
    scheme: str
    headers: _containers.ScalarMap[str, str]
    body: bytes
    received_at: _timestamp_pb2.Timestamp
    def __init__(self, path: _Optional[str] = ..., scheme: _Optional[str] = ..., headers: _Optional[_Mapping[str, str]] = ..., body: _Optional[bytes] = ..., received_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class ReadAgainResponse(_message.Message):
    __slots__ = ("fact_ids", "contact_ids", "problems")
    FACT_IDS_FIELD_NUMBER: _ClassVar[int]
    CONTACT_IDS_FIELD_NUMBER: _ClassVar[int]
    PROBLEMS_FIELD_NUMBER: _ClassVar[int]
    fact_ids: _containers.RepeatedScalarFieldContainer[str]
    contact_ids: _containers.RepeatedScalarFieldContainer[str]
    problems: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, fact_ids: _Optional[_Iterable[str]] = ..., contact_ids: _Optional[_Iterable[str]] = ..., problems: _Optional[_Iterable[str]] = ...) -> None: ...

class SubmitResponse(_message.Message):
    __slots__ = ("fact_id", "contact_id", "partition", "offset")
    FACT_ID_FIELD_NUMBER: _ClassVar[int]
    CONTACT_ID_FIELD_NUMBER: _ClassVar[int]
    PARTITION_FIELD_NUMBER: _ClassVar[int]
    OFFSET_FIELD_NUMBER: _ClassVar[int]
    fact_id: str
    contact_id: str
    partition: int
    offset: int
    def __init__(self, fact_id: _Optional[str] = ..., contact_id: _Optional[str] = ..., partition: _Optional[int] = ..., offset: _Optional[int] = ...) -> None: ...

class SubmitStreamRequest(_message.Message):
    __slots__ = ("request_id", "fact", "batch")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    FACT_FIELD_NUMBER: _ClassVar[int]
    BATCH_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    fact: _facts_pb2.Fact
    batch: _containers.RepeatedCompositeFieldContainer[SubmitRequest]
    def __init__(self, request_id: _Optional[str] = ..., fact: _Optional[_Union[_facts_pb2.Fact, _Mapping]] = ..., batch: _Optional[_Iterable[_Union[SubmitRequest, _Mapping]]] = ...) -> None: ...

class RefusedFact(_message.Message):
    __slots__ = ("index", "request_id", "field", "description")
    INDEX_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    FIELD_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    index: int
    request_id: str
    field: str
    description: str
    def __init__(self, index: _Optional[int] = ..., request_id: _Optional[str] = ..., field: _Optional[str] = ..., description: _Optional[str] = ...) -> None: ...

class SubmitStreamResponse(_message.Message):
    __slots__ = ("accepted", "refused", "refusals")
    ACCEPTED_FIELD_NUMBER: _ClassVar[int]
    REFUSED_FIELD_NUMBER: _ClassVar[int]
    REFUSALS_FIELD_NUMBER: _ClassVar[int]
    accepted: int
    refused: int
    refusals: _containers.RepeatedCompositeFieldContainer[RefusedFact]
    def __init__(self, accepted: _Optional[int] = ..., refused: _Optional[int] = ..., refusals: _Optional[_Iterable[_Union[RefusedFact, _Mapping]]] = ...) -> None: ...
