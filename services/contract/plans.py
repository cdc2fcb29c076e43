"""How each message of the contract is written and read, as straight code made from its descriptor.

The translation follows the rules of scripts/generate_protos.py. A plan is made when its message is first met: one
function that fills a message from a dataclass and leaves out what has its default, which the wire does not carry
anyway, and one that makes the dataclass of a message. No loop over fields, no look-up by name per record:

    def fill(m, v):                                     def read(m):
        x = v.contact_id                                    return ContactOpened(
        if x: m.contact_id = x                                  contact_id=m.contact_id,
        x = v.need                                              need=_need(m.need) if m.HasField('need') else None,
        if x is not None: p = m.need; ...                       ...)

A double is always written, for the wire tells -0.0 from 0.0.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import Any

from google.protobuf.descriptor import Descriptor, FieldDescriptor

from frontdesk.v1 import decisions_pb2, desk_pb2, facts_pb2
from services.contract import decisions, desk, facts

Fill = Callable[[Any, Any], None]
"""Writes a dataclass into an empty message."""
Read = Callable[[Any], Any]
"""Makes the dataclass of a message."""

_MODULES = (desk, facts, decisions)
_MESSAGES: dict[str, Descriptor] = {
    name: message
    for file in (desk_pb2, facts_pb2, decisions_pb2)
    for name, message in file.DESCRIPTOR.message_types_by_name.items()
}
TIMESTAMP = "google.protobuf.Timestamp"
LABELS = frozenset(
    {
        "agent_id",
        "currency",
        "customer_type",
        "decision_type",
        "desk_id",
        "language",
        "medium",
        "queue_id",
        "tier",
        "topic_id",
    }
)
"""Text of which there are few: read as one string each, however many records say it."""
_LENGTH_MAX = 100
"""Of a name of the contract; plans are made of nothing else."""


def make(kind: type) -> Any:
    """The class of messages of a dataclass."""
    message = _MESSAGES[kind.__name__]
    module = next(file for file in (desk_pb2, facts_pb2, decisions_pb2) if hasattr(file, message.name))
    return getattr(module, message.name)


def message_of(kind: type) -> Descriptor | None:
    """The message of a dataclass of the contract; None for what is none."""
    message = _MESSAGES.get(kind.__name__)
    return message if message is not None and dataclass_of(message.name) is kind else None


class _Fills(dict[type, Fill]):
    """By dataclass; made when first asked for. KeyError for what is no message of the contract."""

    def __missing__(self, kind: type) -> Fill:
        message = message_of(kind)
        if message is None:
            raise KeyError(kind)
        return self.setdefault(kind, _fill(message))


class _Reads(dict[str, Read]):
    """By full name of the message; made when first asked for."""

    def __missing__(self, full_name: str) -> Read:
        _, _, name = full_name.rpartition(".")
        message = _MESSAGES[name]
        if message.full_name != full_name or is_union(message):
            raise KeyError(full_name)
        return self.setdefault(full_name, _read(message))


FILLS, READS = _Fills(), _Reads()


def _fill(message: Descriptor) -> Fill:
    known: dict[str, Any] = {"fills": FILLS}
    lines: list[str] = []
    done: set[str] = set()
    for field in message.fields:
        name, oneof = _checked(field.name), real_oneof(field)
        if oneof is None:
            lines += _filled(field, name, known)
        elif oneof.name not in done:
            done.add(oneof.name)
            known[f"_{oneof.name}"] = {dataclass_of(_name(part)): part.name for part in oneof.fields}
            lines += [f"x = v.{_checked(oneof.name)}", "if x is not None:"]
            lines += _part_filled(f"_{oneof.name}", "m")
    return _compiled(message, "fill(m, v)", ["pass", *lines], known)


def _filled(field: FieldDescriptor, name: str, known: dict[str, Any]) -> list[str]:
    """One field that is no part of a oneof."""
    inner = field.message_type
    if inner is None:
        if field.is_repeated:
            return [f"x = v.{name}", f"if x: m.{name}.extend(x)"]
        if field.containing_oneof is not None:
            return [f"x = v.{name}", f"if x is not None: m.{name} = x"]
        if field.cpp_type in (FieldDescriptor.CPPTYPE_DOUBLE, FieldDescriptor.CPPTYPE_FLOAT):
            return [f"m.{name} = v.{name}"]
        return [f"x = v.{name}", f"if x: m.{name} = x"]
    if inner.full_name == TIMESTAMP:
        return [
            f"x = v.{name}_ms",
            f"if x: p = m.{name}; p.seconds = x // 1000; p.nanos = x % 1000 * 1000000",
        ]
    if is_union(inner):
        known[f"_{name}"] = {dataclass_of(_name(part)): part.name for part in inner.fields}
        return [f"for x in v.{name}:", f"    one = m.{name}.add()", *_part_filled(f"_{name}", "one")]
    known[f"_{name}"] = dataclass_of(inner.name)
    if field.is_repeated:
        return [f"for x in v.{name}: fills[_{name}](m.{name}.add(), x)"]
    return [f"x = v.{name}", f"if x is not None: p = m.{name}; p.SetInParent(); fills[_{name}](p, x)"]


def _part_filled(names: str, into: str) -> list[str]:
    """x into the part of a oneof that its type says."""
    return [
        "    kind = type(x)",
        f"    p = getattr({into}, {names}[kind])",
        "    p.SetInParent()",
        "    fills[kind](p, x)",
    ]


def _read(message: Descriptor) -> Read:
    known: dict[str, Any] = {"reads": READS, "kind": dataclass_of(message.name), "intern": sys.intern}
    lines: list[str] = []
    done: set[str] = set()
    for field in message.fields:
        name, oneof = _checked(field.name), real_oneof(field)
        if oneof is None:
            lines.append(_read_field(field, name, known))
        elif oneof.name not in done:
            done.add(oneof.name)
            known[f"_{oneof.name}"] = _part_reader(oneof.name, oneof.fields)
            lines.append(f"{_checked(oneof.name)}=_{oneof.name}(m)")
    return _compiled(message, "read(m)", ["return kind(", *[f"    {line}," for line in lines], ")"], known)


def _read_field(field: FieldDescriptor, name: str, known: dict[str, Any]) -> str:
    """The argument for one field that is no part of a oneof."""
    inner = field.message_type
    if field.enum_type is not None:
        kind: Any = dataclass_of(field.enum_type.name)
        known[f"_{name}"], known[f"_{name}_other"] = dict(kind._value2member_map_), kind
        return f"{name}=_{name}[x] if (x := m.{name}) in _{name} else _{name}_other(x)"
    if inner is None:
        if field.is_repeated:
            return f"{name}=tuple(m.{name})"
        if field.containing_oneof is not None:
            return f"{name}=m.{name} if m.HasField('{name}') else None"
        if name in LABELS:
            return f"{name}=intern(m.{name})"
        return f"{name}=m.{name}"
    if inner.full_name == TIMESTAMP:
        return f"{name}_ms=(x := m.{name}).seconds * 1000 + x.nanos // 1000000"
    if is_union(inner):
        known[f"_{name}"] = _part_reader(inner.oneofs[0].name, inner.fields)
        return f"{name}=tuple([_{name}(x) for x in m.{name}])"
    known[f"_{name}"] = inner.full_name
    if field.is_repeated:
        return f"{name}=tuple([reads[_{name}](x) for x in m.{name}])"
    return f"{name}=reads[_{name}](m.{name}) if m.HasField('{name}') else None"


def _part_reader(oneof: str, fields: Sequence[FieldDescriptor]) -> Read:
    """Makes the part of a oneof that is set; None when none is, or one that this version does not know."""
    full_names = {part.name: part.message_type.full_name for part in fields if part.message_type is not None}

    def part(message: Any) -> Any:
        name = message.WhichOneof(oneof)
        return None if name is None else READS[full_names[name]](getattr(message, name))

    return part


def _compiled(message: Descriptor, head: str, lines: list[str], known: dict[str, Any]) -> Callable[..., Any]:
    text = f"def {head}:\n" + "".join(f"    {line}\n" for line in lines)
    exec(compile(text, f"<plan of {message.name}>", "exec"), known)  # noqa: S102 - names of the contract only
    made: Callable[..., Any] = known[head.partition("(")[0]]
    return made


def _checked(name: str) -> str:
    if not name.isidentifier() or len(name) > _LENGTH_MAX:
        raise ValueError(f"{name!r} is no name of a field")
    return name


def dataclass_of(name: str) -> Any:
    return next(getattr(module, name) for module in _MODULES if hasattr(module, name))


def _name(field: FieldDescriptor) -> str:
    """Name of the message type of a field; only asked of fields that have one."""
    return field.message_type.name if field.message_type is not None else ""


def is_union(message: Descriptor) -> bool:
    """True for a message that is nothing but one oneof; it has no dataclass of its own."""
    return len(message.oneofs) == 1 and len(message.fields) == len(message.oneofs[0].fields) > 0


def real_oneof(field: FieldDescriptor) -> Any:
    """The oneof that the contract wrote; protobuf's own one of an optional field starts with _."""
    oneof = field.containing_oneof
    return oneof if oneof is not None and not oneof.name.startswith("_") else None
