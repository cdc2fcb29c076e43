"""Dataclass to protobuf and back; beside the gRPC adapters and `plans.py` the only file that touches generated messages.

    encode_fact, decode_fact            bytes of frontdesk.facts.v1
    encode_decision, decode_decision    bytes of frontdesk.decisions.v1
    decode_link                         of such bytes, what the record is and what it follows, quickly
    decode_outline                      all but what was decided: what tells whether the record counts
    to_message, from_message            for the gRPC adapters, which hold messages

How each message is translated is in `plans.py`; compiled code does the same without a message in between (`wire.py`). Decoding raises `Undecodable`, with no value of the record in its text
(it may be personal data).
"""

from __future__ import annotations

from typing import Any, TypeVar

from google.protobuf.message import DecodeError, Message

from frontdesk.v1 import decisions_pb2
from services.contract.decisions import Decision
from services.contract.facts import Fact
from services.contract.plans import FILLS, READS, make
from services.contract.wire import DECIDED, OUTLINES, WIRE

T = TypeVar("T")


class Undecodable(ValueError):
    """The bytes are not a record of this contract; the text says which kind was expected, never a value."""


def encode_fact(fact: Fact) -> bytes:
    """Bytes of one fact, the same for equal facts."""
    return _encoded(fact)


def decode_fact(data: bytes) -> Fact:
    """The fact in these bytes. A body of a kind unknown here decodes to None. Raises Undecodable."""
    found = WIRE.decode(Fact, data) if WIRE is not None else None
    return decode_by_protobuf(data, Fact) if found is None else found


def encode_decision(decision: Decision) -> bytes:
    """Bytes of one decision record, the same for equal records."""
    return _encoded(decision)


def decode_decision(data: bytes) -> Decision:
    """The record in these bytes. An event kind unknown here decodes to None among the events, so that the
    reader can stop at it (engine.md 1.4). Raises Undecodable."""
    found = WIRE.decode(Decision, data) if WIRE is not None else None
    return decode_by_protobuf(data, Decision) if found is None else found


def encode_by_protobuf(value: object) -> bytes:
    """Bytes of a dataclass of the contract by way of its message."""
    message: bytes = to_message(value).SerializeToString(deterministic=True)
    return message


def decode_by_protobuf(data: bytes, kind: type[T]) -> T:
    """The dataclass in these bytes by way of its message; raises Undecodable."""
    return from_message(_parse(make(kind)(), data), kind)


def decode_link(data: bytes) -> tuple[int, int]:
    """Id and predecessor's id of the record in these bytes; a tenth of the work of decoding it. Raises Undecodable."""
    message = _parse(decisions_pb2.Decision(), data)
    return message.decision_id, message.prev_id


def decode_outline(data: bytes) -> Decision:
    """The record in these bytes without its events and its reply; a third of the work of decoding it. Raises Undecodable.

    What was decided is passed over unseen where code is compiled; protobuf refuses a record in which that is broken. For
    telling which records count (`trail/search.py`'s `counted`, its only caller) nothing of it is needed, and a router that cannot
    decode a record stops there for good (`tail.py`), so it decides nothing that continues it.
    """
    found = OUTLINES.decode(Decision, data) if OUTLINES is not None else None
    return outline_by_protobuf(data) if found is None else found


def outline_by_protobuf(data: bytes) -> Decision:
    """The same by way of its message."""
    message = _parse(decisions_pb2.Decision(), data)
    for name in DECIDED:
        message.ClearField(name)
    return from_message(message, Decision)


def to_message(value: object) -> Any:
    """The protobuf message of a contract dataclass."""
    kind = type(value)
    fill = FILLS[kind]
    message = make(kind)()
    fill(message, value)
    return message


def from_message(message: Message, kind: type[T]) -> T:
    """The contract dataclass of a protobuf message; raises Undecodable when its type is another."""
    value = READS[message.DESCRIPTOR.full_name](message)
    if not isinstance(value, kind):
        raise Undecodable(f"expected {kind.__name__}, got {message.DESCRIPTOR.name}")
    return value


def _encoded(value: object) -> bytes:
    found = WIRE.encode(value) if WIRE is not None else None
    return encode_by_protobuf(value) if found is None else found


def _parse(message: Any, data: bytes) -> Any:
    try:
        message.ParseFromString(data)
    except DecodeError as error:
        raise Undecodable(f"not a {message.DESCRIPTOR.name} record ({len(data)} bytes)") from error
    return message
