"""Every message of the contract survives the wire, whatever stands in it."""

from __future__ import annotations

import dataclasses
import types
import typing

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from frontdesk.v1 import decisions_pb2, desk_pb2, facts_pb2
from services.contract import codec, decisions, desk, facts
from services.contract.openenum import OpenEnum

MODULES = (desk, facts, decisions)
MESSAGES: list[type] = [
    kind
    for module in MODULES
    for kind in vars(module).values()
    if isinstance(kind, type) and dataclasses.is_dataclass(kind) and kind.__module__ == module.__name__
]
SCALARS: dict[object, st.SearchStrategy[object]] = {
    str: st.text(max_size=20),
    bytes: st.binary(max_size=20),
    bool: st.booleans(),
    float: st.floats(allow_nan=False),
}
INT32 = st.integers(-(2**31), 2**31 - 1)
EPOCH_MS = st.integers(1, 253_402_300_799_999)


def values(kind: object, name: str, width: str) -> st.SearchStrategy[typing.Any]:
    """Values of a field's type; ints within what the wire holds."""
    if kind is int:
        if name.endswith("_at_ms"):
            return st.just(0) | EPOCH_MS
        return {"fixed64": st.integers(0, 2**64 - 1), "int64": st.integers(-(2**63), 2**63 - 1)}.get(
            width, INT32
        )
    if kind in SCALARS:
        return SCALARS[kind]
    if isinstance(kind, type) and issubclass(kind, OpenEnum):
        return st.sampled_from(list(kind)) | st.integers(100, 200).map(kind)
    origin = typing.get_origin(kind)
    if origin is tuple:
        return st.lists(values(typing.get_args(kind)[0], name, width), max_size=3).map(tuple)
    if origin in (types.UnionType, typing.Union):
        return st.one_of(*(values(part, name, width) for part in typing.get_args(kind)))
    if kind is types.NoneType:
        return st.none()
    return instances(kind)


def instances(kind: typing.Any) -> st.SearchStrategy[typing.Any]:
    hints = typing.get_type_hints(kind)
    widths = {f.name: WIDTHS.get(f.type, "") for f in DESCRIPTORS[kind.__name__].fields}
    return st.builds(
        kind,
        **{name: st.deferred(lambda n=name: values(hints[n], n, widths.get(n, ""))) for name in hints},  # type: ignore[misc] # n is a default
    )


DESCRIPTORS = {
    name: message
    for module in (desk_pb2, facts_pb2, decisions_pb2)
    for name, message in module.DESCRIPTOR.message_types_by_name.items()
}
WIDTHS = {3: "int64", 6: "fixed64", 5: "int32"}


@pytest.mark.parametrize("kind", MESSAGES, ids=lambda kind: kind.__name__)
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_every_message_round_trips(kind: type, data: st.DataObject) -> None:
    value = data.draw(instances(kind))
    message = codec.to_message(value)
    wire = message.SerializeToString(deterministic=True)
    assert codec.from_message(type(message).FromString(wire), kind) == value


def test_every_message_of_the_protos_has_its_dataclass() -> None:
    unions = {"Event"}
    assert {kind.__name__ for kind in MESSAGES} == set(DESCRIPTORS) - unions


def test_bytes_that_are_no_record_are_refused_without_quoting_them() -> None:
    with pytest.raises(codec.Undecodable) as refused:
        codec.decode_fact(b"\xff\xff+4915112345678")
    assert "4915112345678" not in str(refused.value)


def test_an_unknown_body_of_a_fact_decodes_to_none() -> None:
    unknown = facts_pb2.Fact(fact_id="f").SerializeToString() + b"\xa2\x3e\x00"  # field 996, empty message
    assert codec.decode_fact(unknown).body is None


def test_an_unknown_event_decodes_to_none_in_its_place() -> None:
    record = decisions_pb2.Decision(decision_id=1)
    record.events.add().resolved.contact_id = "c"
    wire = record.SerializeToString() + b"\x5a\x03\xa2\x3e\x00"  # events += {field 996: {}}
    events: tuple[object, ...] = codec.decode_decision(wire).events
    assert events == (decisions.Resolved(contact_id="c"), None)


def test_an_unknown_enum_number_is_carried() -> None:
    value = facts.AgentStateChanged(agent_id="a", presence=facts.Presence(99))
    message = codec.to_message(value)
    assert codec.from_message(message, facts.AgentStateChanged).presence == 99
    assert facts.Presence(99).label == "other"
