"""Records to bytes and back without a message in between, where there is compiled code for it (kernels/wire.pyx).

What the compiled code needs to know of a message is read from its descriptor, by the rules of `plans.py`. Whatever it does
not do itself - bytes that are no record, a value of another type, a field that comes twice - it answers with None.
"""

from __future__ import annotations

from typing import Any

from google.protobuf.descriptor import Descriptor, FieldDescriptor

from services.contract import kernels
from services.contract.decisions import Decision
from services.contract.plans import LABELS, TIMESTAMP, dataclass_of, is_union, message_of, real_oneof

_TYPES = {
    FieldDescriptor.TYPE_STRING: 1,
    FieldDescriptor.TYPE_BYTES: 2,
    FieldDescriptor.TYPE_BOOL: 3,
    FieldDescriptor.TYPE_INT32: 4,
    FieldDescriptor.TYPE_INT64: 5,
    FieldDescriptor.TYPE_FIXED64: 6,
    FieldDescriptor.TYPE_DOUBLE: 7,
    FieldDescriptor.TYPE_ENUM: 8,
}
_MESSAGE, _TIMESTAMP, _UNION, _SKIPPED = 9, 10, 11, 12
_EMPTY: dict[int, object] = {1: "", 2: b"", 3: False, 4: 0, 5: 0, 6: 0, 7: 0.0, _TIMESTAMP: 0}
"""What a field is that the wire does not carry."""

DECIDED = ("events", "reply")
"""Fields of a decision that its outline leaves empty."""
Planned = tuple[int, int, str, bool, bool, bool, bool, object, object]
"""Number, type, attribute; whether it is repeated, optional, a label, a part of a oneof; what it is unless it is there; what of."""


def planned(kind: type[Any]) -> list[Planned] | None:
    """The fields of a dataclass of the contract by rising number; None where one is of a type that is not known here."""
    message = message_of(kind)
    if message is None:
        return None
    found = [_planned(field) for field in sorted(message.fields, key=lambda one: one.number)]
    return [one for one in found if one is not None] if None not in found else None


def outlined(kind: type[Any]) -> list[Planned] | None:
    """The same, of a decision without what was decided."""
    found = planned(kind)
    if kind is not Decision or found is None:
        return found
    return [(one[0], _SKIPPED, *one[2:]) if one[2] in DECIDED else one for one in found]


def _planned(field: FieldDescriptor) -> Planned | None:
    inner, oneof = field.message_type, real_oneof(field)
    many, name = bool(field.is_repeated), field.name
    if oneof is not None:
        if inner is None:
            return None
        return field.number, _MESSAGE, oneof.name, False, False, False, True, None, dataclass_of(inner.name)
    if inner is None:
        return _plain(field, many=many)
    if inner.full_name == TIMESTAMP:
        return None if many else (field.number, _TIMESTAMP, f"{name}_ms", False, False, False, False, 0, None)
    if is_union(inner):
        parts = _parts(inner)
        return (field.number, _UNION, name, True, False, False, False, (), parts) if many and parts else None
    empty = () if many else None
    return field.number, _MESSAGE, name, many, False, False, False, empty, dataclass_of(inner.name)


def _plain(field: FieldDescriptor, *, many: bool) -> Planned | None:
    type_, extra, optional = _TYPES.get(field.type), None, field.containing_oneof is not None
    if type_ is None:
        return None
    empty = _EMPTY.get(type_)
    if field.enum_type is not None:
        kind = dataclass_of(field.enum_type.name)
        extra, empty = (dict(kind._value2member_map_), kind), kind(0)
    if many or optional:
        empty = () if many else None
    label = field.name in LABELS and not many and not optional
    return field.number, type_, field.name, many, optional, label, False, empty, extra


def _parts(union: Descriptor) -> tuple[tuple[int, type[Any]], ...]:
    """Number and class of each; empty where one is no message."""
    if any(part.message_type is None for part in union.fields):
        return ()
    return tuple([(part.number, dataclass_of(part.message_type.name)) for part in union.fields])  # type: ignore[union-attr] # none is None


WIRE = kernels.wire.Wire(planned) if kernels.COMPILED else None
OUTLINES = kernels.wire.Wire(outlined) if kernels.COMPILED else None
