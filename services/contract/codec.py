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
Convert = Callable[[Any], Any]

_MODULES = (desk, facts, decisions)
_PB2 = {file.DESCRIPTOR.name: file for file in (desk_pb2, facts_pb2, decisions_pb2)}
_TIMESTAMP = "google.protobuf.Timestamp"


class Undecodable(ValueError):
    """The bytes are not a record of this contract; the text says which kind was expected, never a value."""


def encode_fact(fact: Fact) -> bytes:
    """Bytes of one fact, the same for equal facts."""
    return bytes(to_message(fact).SerializeToString(deterministic=True))


def decode_fact(data: bytes) -> Fact:
    """The fact in these bytes. A body of a kind unknown here decodes to None. Raises Undecodable."""
    return from_message(_parse(facts_pb2.Fact(), data), Fact)


def encode_decision(decision: Decision) -> bytes:
    """Bytes of one decision record, the same for equal records."""
    return bytes(to_message(decision).SerializeToString(deterministic=True))


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
Step = tuple[str, str, Convert]
"""Name to write, name to read, and what happens to the value between."""


def _encoder(message: Descriptor) -> Encoder:
    make = getattr(_PB2[message.file.name], message.name)
    plain: list[str] = []
    steps: list[Step] = []
    oneofs: dict[str, dict[type, str]] = {}
    for field in message.fields:
        name = field.name
        oneof = _real_oneof(field)
        if oneof is not None:
            oneofs.setdefault(oneof.name, {})[_dataclass_of(_name(field))] = name
        elif field.message_type is None:
            plain.append(name)
        elif field.message_type.full_name == _TIMESTAMP:
            steps.append((name, f"{name}_ms", _timestamp))
        elif _is_union(field.message_type):
            steps.append((name, name, _union_wrapper(field.message_type)))
        else:
            steps.append((name, name, _encode_all if field.is_repeated else _encode_optional))

    def encode(value: Any) -> Message:
        parts = {name: getattr(value, name) for name in plain}
        for target, source, convert in steps:
            parts[target] = convert(getattr(value, source))
        for name, names in oneofs.items():
            part = getattr(value, name)
            if part is not None:
                parts[names[type(part)]] = to_message(part)
        return make(**parts)  # type: ignore[no-any-return] # found by name

    return encode


def _decoder(message: Descriptor) -> Decoder:
    kind = _dataclass_of(message.name)
    plain: list[str] = []
    steps: list[Step] = []
    scalars: list[str] = []
    optionals: list[str] = []
    oneofs: set[str] = set()
    for field in message.fields:
        name = field.name
        oneof = _real_oneof(field)
        if oneof is not None:
            oneofs.add(oneof.name)
        elif field.enum_type is not None:
            steps.append((name, name, _dataclass_of(field.enum_type.name)))
        elif field.message_type is None and field.containing_oneof is not None:
            scalars.append(name)
        elif field.message_type is None and not field.is_repeated:
            plain.append(name)
        elif field.message_type is None:
            steps.append((name, name, tuple))
        elif field.message_type.full_name == _TIMESTAMP:
            steps.append((f"{name}_ms", name, _epoch_ms))
        elif _is_union(field.message_type):
            steps.append((name, name, _union_unwrapper(field.message_type)))
        elif field.is_repeated:
            steps.append((name, name, _decode_all))
        else:
            optionals.append(name)

    def decode(m: Any) -> Any:
        parts = {name: getattr(m, name) for name in plain}
        for target, source, convert in steps:
            parts[target] = convert(getattr(m, source))
        for name in scalars:
            parts[name] = getattr(m, name) if m.HasField(name) else None
        for name in optionals:
            parts[name] = _decode(getattr(m, name)) if m.HasField(name) else None
        for name in oneofs:
            parts[name] = _part(m, name)
        return kind(**parts)

    return decode


def _timestamp(epoch_ms: int) -> Timestamp | None:
    if not epoch_ms:
        return None
    return Timestamp(seconds=epoch_ms // 1000, nanos=epoch_ms % 1000 * 1_000_000)


def _epoch_ms(stamp: Timestamp) -> int:
    return stamp.seconds * 1000 + stamp.nanos // 1_000_000


def _encode_optional(value: object) -> Any:
    return None if value is None else to_message(value)


def _encode_all(values: Any) -> list[Any]:
    return [to_message(value) for value in values]


def _decode(message: Any) -> Any:
    return _DECODERS[message.DESCRIPTOR.full_name](message)


def _decode_all(messages: Any) -> tuple[Any, ...]:
    return tuple(_decode(message) for message in messages)


def _part(message: Any, oneof: str) -> Any:
    """The part of a oneof that is set; None when none is, or one that this version does not know."""
    name = message.WhichOneof(oneof)
    return None if name is None else _decode(getattr(message, name))


def _union_wrapper(union: Descriptor) -> Convert:
    """For a repeated union (Decision.events): each part goes into its one-field message."""
    wrapper = getattr(_PB2[union.file.name], union.name)
    names = {_dataclass_of(_name(part)): part.name for part in union.fields}
    return lambda values: [wrapper(**{names[type(part)]: to_message(part)}) for part in values]


def _union_unwrapper(union: Descriptor) -> Convert:
    name = union.oneofs[0].name
    return lambda messages: tuple(_part(message, name) for message in messages)


def _dataclass_of(name: str) -> Any:
    return next(getattr(module, name) for module in _MODULES if hasattr(module, name))


def _name(field: FieldDescriptor) -> str:
    """Name of the message type of a field; only asked of fields that have one."""
    return field.message_type.name if field.message_type is not None else ""


def _is_union(message: Descriptor) -> bool:
    """True for a message that is nothing but one oneof; it has no dataclass of its own."""
    return len(message.oneofs) == 1 and len(message.fields) == len(message.oneofs[0].fields) > 0


def _real_oneof(field: FieldDescriptor) -> Any:
    """The oneof that the contract wrote; protobuf's own one of an optional field starts with _."""
    oneof = field.containing_oneof
    return oneof if oneof is not None and not oneof.name.startswith("_") else None


for _file in (desk_pb2, facts_pb2, decisions_pb2):
    for _message in _file.DESCRIPTOR.message_types_by_name.values():
        if not _is_union(_message):
            _ENCODERS[_dataclass_of(_message.name)] = _encoder(_message)
            _DECODERS[_message.full_name] = _decoder(_message)
