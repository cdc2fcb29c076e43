"""Dataclass to protobuf and back; beside the gRPC adapters and `plans.py` the only file that touches generated messages.

    encode_fact, decode_fact            bytes of frontdesk.facts.v1
    encode_decision, decode_decision    bytes of frontdesk.decisions.v1
    decode_link                         of such bytes, what the record is and what it follows, quickly
    decode_outline                      all but what was decided: what tells whether the record counts
    to_message, from_message            for the gRPC adapters, which hold messages

How each message is translated is in `plans.py`. Decoding raises `Undecodable`, with no value of the record in its text
(it may be personal data).
"""

from __future__ import annotations

from typing import Any, TypeVar

from google.protobuf.message import DecodeError, Message

from frontdesk.v1 import decisions_pb2, facts_pb2
from services.contract.decisions import Decision
from services.contract.facts import Fact
from services.contract.plans import FILLS, READS, make

T = TypeVar("T")


class Undecodable(ValueError):
    """The bytes are not a record of this contract; the text says which kind was expected, never a value."""


def encode_fact(fact: Fact) -> bytes:
    """Bytes of one fact, the same for equal facts."""
    message = facts_pb2.Fact()
    FILLS[Fact](message, fact)
    return message.SerializeToString(deterministic=True)


def decode_fact(data: bytes) -> Fact:
    """The fact in these bytes. A body of a kind unknown here decodes to None. Raises Undecodable."""
    return from_message(_parse(facts_pb2.Fact(), data), Fact)


def encode_decision(decision: Decision) -> bytes:
    """Bytes of one decision record, the same for equal records."""
    message = decisions_pb2.Decision()
    FILLS[Decision](message, decision)
    return message.SerializeToString(deterministic=True)


def decode_decision(data: bytes) -> Decision:
    """The record in these bytes. An event kind unknown here decodes to None among the events, so that the
    reader can stop at it (engine.md 1.4). Raises Undecodable."""
    return from_message(_parse(decisions_pb2.Decision(), data), Decision)


def decode_link(data: bytes) -> tuple[int, int]:
    """Id and predecessor's id of the record in these bytes; a tenth of the work of decoding it. Raises Undecodable."""
    message = _parse(decisions_pb2.Decision(), data)
    return message.decision_id, message.prev_id


def decode_outline(data: bytes) -> Decision:
    """The record in these bytes without its events and its reply; half of the work of decoding it. Raises Undecodable."""
    message = _parse(decisions_pb2.Decision(), data)
    message.ClearField("events")
    message.ClearField("reply")
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


def _parse(message: Any, data: bytes) -> Any:
    try:
        message.ParseFromString(data)
    except DecodeError as error:
        raise Undecodable(f"not a {message.DESCRIPTOR.name} record ({len(data)} bytes)") from error
    return message
