"""Dataclass to protobuf and back; beside the gRPC adapters the only file that touches generated messages.

The translation follows the rules of scripts/generate_protos.py, so a plan per message type is built once from
the descriptors: a list of setters and a list of getters, no reflection per record.

    encode_fact, decode_fact            bytes of frontdesk.facts.v1
    encode_decision, decode_decision    bytes of frontdesk.decisions.v1
    to_message, from_message            for the gRPC adapters, which hold messages

Decoding raises `Undecodable`, with no value of the record in its text (it may be personal data).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import DecodeError, Message
from google.protobuf.timestamp_pb2 import Timestamp

from frontdesk.v1 import decisions_pb2, desk_pb2, facts_pb2
from services.contract import decisions, desk, facts
from services.contract.decisions import Decision
from services.contract.facts import Fact

T = TypeVar("T")
Encoder = Callable[[Any], Message]
Decoder = Callable[[Any], Any]

_MODULES = (desk, facts, decisions)
_TIMESTAMP = "google.protobuf.Timestamp"


class Undecodable(ValueError):
    """The bytes are not a record of this contract; the text says which kind was expected, never a value."""


def encode_fact(fact: Fact) -> bytes:
    """Bytes of one fact, the same for equal facts."""
    return to_message(fact).SerializeToString(deterministic=True)


def decode_fact(data: bytes) -> Fact:
    """The fact in these bytes. A body of a kind unknown here decodes to None. Raises Undecodable."""
    return from_message(_parse(facts_pb2.Fact(), data), Fact)


def encode_decision(decision: Decision) -> bytes:
    """Bytes of one decision record, the same for equal records."""
    return to_message(decision).SerializeToString(deterministic=True)


def decode_decision(data: bytes) -> Decision:
    """The record in these bytes. An event kind unknown here decodes to None among the events, so that the
    reader can stop at it (engine.md 1.4). Raises Undecodable."""
    return from_message(_parse(decisions_pb2.Decision(), data), Decision)


def to_message(value: object) -> Any:
    """The protobuf message of a contract dataclass."""
    return _ENCODERS[type(value)](value)


def from_message(message: Message, kind: type[T]) -> T:
    """The contract dataclass of a protobuf message; raises Undecodable when its type is another."""
    value = _DECODERS[message.DESCRIPTOR.full_name](message)
    if not isinstance(value, kind):
        raise Undecodable(f"expected {kind.__name__}, got {message.DESCRIPTOR.name}")
    return value


def _parse(message: Any, data: bytes) -> Any:
    try:
        message.ParseFromString(data)
    except DecodeError as error:
        raise Undecodable(f"not a {message.DESCRIPTOR.name} record ({len(data)} bytes)") from error
    return message


# --- plans, built once -------------------------------------------------------------------------------------

_ENCODERS: dict[type, Encoder] = {}
_DECODERS: dict[str, Decoder] = {}


def _dataclass_of(name: str) -> Any:
    return next(getattr(module, name) for module in _MODULES if hasattr(module, name))


def _is_union(message: Descriptor) -> bool:
    """True for a message that is nothing but one oneof; it has no dataclass of its own."""
    return len(message.oneofs) == 1 and len(message.fields) == len(message.oneofs[0].fields) > 0


def _real_oneof(field: FieldDescriptor) -> Any:
    oneof = field.containing_oneof
    return oneof if oneof is not None and not oneof.name.startswith("_") else None


def _encoder(message: Descriptor, kind: Any) -> Encoder:
    """Builds `kind`'s encoder; looks up other encoders at call time, for messages may nest."""
    make = getattr(
        {"frontdesk/v1/desk.proto": desk_pb2, "frontdesk/v1/facts.proto": facts_pb2}.get(
            message.file.name, decisions_pb2
        ),
        message.name,
    )
    plain: list[str] = []
    special: list[tuple[str, Callable[[Any], Any]]] = []
    oneofs: dict[str, dict[type, str]] = {}
    for field in message.fields:
        oneof = _real_oneof(field)
        if oneof is not None:
            oneofs.setdefault(oneof.name, {})[_dataclass_of(field.message_type.name)] = field.name
        elif field.message_type is None:
            plain.append(field.name)
        elif field.message_type.full_name == _TIMESTAMP:
            special.append(
                (field.name, lambda value, name=f"{field.name}_ms": _timestamp(getattr(value, name)))
            )
        elif _is_union(field.message_type):
            special.append((field.name, _union_list(field)))
        elif field.is_repeated:
            special.append(
                (field.name, lambda value, name=field.name: [to_message(x) for x in getattr(value, name)])
            )
        else:
            special.append((field.name, lambda value, name=field.name: _optional(getattr(value, name))))

    def encode(value: Any) -> Message:
        parts = {name: getattr(value, name) for name in plain}
        for name, get in special:
            parts[name] = get(value)
        for oneof_name, names in oneofs.items():
            part = getattr(value, oneof_name)
            if part is not None:
                parts[names[type(part)]] = to_message(part)
        return make(**parts)  # type: ignore[no-any-return]

    del kind
    return encode


def _timestamp(epoch_ms: int) -> Timestamp | None:
    if not epoch_ms:
        return None
    return Timestamp(seconds=epoch_ms // 1000, nanos=epoch_ms % 1000 * 1_000_000)


def _optional(value: object) -> Any:
    return None if value is None else to_message(value)


def _union_list(field: FieldDescriptor) -> Callable[[Any], Any]:
    """A repeated union (Decision.events): each part is wrapped in its one-field message."""
    union = field.message_type
    wrapper = getattr(decisions_pb2, union.name)
    names = {_dataclass_of(part.message_type.name): part.name for part in union.fields}
    name = field.name

    def get(value: Any) -> list[Any]:
        return [wrapper(**{names[type(part)]: to_message(part)}) for part in getattr(value, name)]

    return get


def _decoder(message: Descriptor, kind: Any) -> Decoder:
    plain: list[str] = []
    special: list[tuple[str, Callable[[Any], Any]]] = []
    oneofs: set[str] = set()
    for field in message.fields:
        name = field.name
        oneof = _real_oneof(field)
        if oneof is not None:
            oneofs.add(oneof.name)
        elif field.enum_type is not None:
            enum = _dataclass_of(field.enum_type.name)
            special.append((name, lambda m, name=name, enum=enum: enum(getattr(m, name))))
        elif field.message_type is None:
            if field.is_repeated:
                special.append((name, lambda m, name=name: tuple(getattr(m, name))))
            else:
                plain.append(name)
        elif field.message_type.full_name == _TIMESTAMP:
            special.append((f"{name}_ms", lambda m, name=name: _epoch_ms(getattr(m, name))))
        elif _is_union(field.message_type):
            one = field.message_type.oneofs[0].name
            special.append(
                (name, lambda m, name=name, one=one: tuple(_part(x, one) for x in getattr(m, name)))
            )
        elif field.is_repeated:
            special.append((name, lambda m, name=name: tuple(_decode(x) for x in getattr(m, name))))
        else:
            special.append(
                (name, lambda m, name=name: _decode(getattr(m, name)) if m.HasField(name) else None)
            )

    def decode(m: Any) -> Any:
        parts = {name: getattr(m, name) for name in plain}
        for name, get in special:
            parts[name] = get(m)
        for one in oneofs:
            parts[one] = _part(m, one)
        return kind(**parts)

    return decode


def _decode(message: Any) -> Any:
    return _DECODERS[message.DESCRIPTOR.full_name](message)


def _part(message: Any, oneof: str) -> Any:
    """The part of a oneof that is set; None when none is, or one that this version does not know."""
    name = message.WhichOneof(oneof)
    return None if name is None else _decode(getattr(message, name))


def _epoch_ms(stamp: Timestamp) -> int:
    return stamp.seconds * 1000 + stamp.nanos // 1_000_000


def _build() -> None:
    for module in (desk_pb2, facts_pb2, decisions_pb2):
        for message in module.DESCRIPTOR.message_types_by_name.values():
            if not _is_union(message):
                kind = _dataclass_of(message.name)
                _ENCODERS[kind] = _encoder(message, kind)
                _DECODERS[message.full_name] = _decoder(message, kind)


_build()
