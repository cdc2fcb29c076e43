"""Compiled code writes the bytes that protobuf writes and reads the records that protobuf reads, whatever stands in them."""

from __future__ import annotations

import gc
import sys
from typing import Any

import pytest
from google.protobuf.message import DecodeError
from hypothesis import given, settings
from hypothesis import strategies as st

from services.contract import codec, decisions, facts, kernels
from services.contract.codec import Undecodable, decode_by_protobuf, encode_by_protobuf
from services.contract.plans import make
from services.contract.wire import DECIDED, WIRE, planned
from tests.contract.test_round_trip import MESSAGES, instances
from tests.unit.router.test_golden_log import records

STRANGERS = st.lists(
    st.sampled_from(
        [b"\xf8\x3f\x07", b"\xf9\x3f" + b"12345678", b"\xfa\x3f\x03abc", b"\xfd\x3f" + b"1234"]  # field 1023
    ),
    max_size=3,
).map(b"".join)


@pytest.fixture(autouse=True)
def compiled() -> None:
    assert kernels.COMPILED, kernels.WHY_NOT
    assert WIRE is not None


def read_by(read: Any, *arguments: object) -> object:
    """The record, or that it is none."""
    try:
        return read(*arguments)
    except Undecodable:
        return Undecodable


def by_both(data: bytes, kind: type) -> tuple[object, object]:
    """What compiled code makes of bytes (None where it leaves them to protobuf), and what protobuf does."""
    assert WIRE is not None
    return WIRE.decode(kind, data), read_by(decode_by_protobuf, data, kind)


@pytest.mark.parametrize("kind", MESSAGES, ids=lambda kind: kind.__name__)
def test_every_message_of_the_contract_is_known_to_it(kind: type) -> None:
    assert planned(kind) is not None
    assert WIRE is not None
    assert WIRE.decode(kind, b"") == make_empty(kind)


def make_empty(kind: type) -> object:
    return codec.from_message(make(kind)(), kind)


@pytest.mark.parametrize("kind", MESSAGES, ids=lambda kind: kind.__name__)
@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_both_write_the_same_bytes_and_read_them_alike(kind: type, data: st.DataObject) -> None:
    value = data.draw(instances(kind))
    wire = encode_by_protobuf(value)
    assert WIRE is not None
    assert WIRE.encode(value) == wire
    found = WIRE.decode(kind, wire)
    assert found == value
    assert_alike(found, decode_by_protobuf(wire, kind))


def assert_alike(one: Any, other: Any) -> None:
    """Equal, and of the same types all through: 1 equals True and 1.0."""
    assert type(one) is type(other)
    if isinstance(one, tuple):
        assert len(one) == len(other)
        for left, right in zip(one, other, strict=True):
            assert_alike(left, right)
    elif hasattr(one, "__dataclass_fields__"):
        for name in one.__dataclass_fields__:
            assert_alike(getattr(one, name), getattr(other, name))
    else:
        assert repr(one) == repr(other)


@pytest.mark.parametrize("kind", [facts.Fact, decisions.Decision], ids=lambda kind: kind.__name__)
@settings(max_examples=100, deadline=None)
@given(data=st.data())
def test_bytes_that_are_cut_changed_or_strange_are_read_as_protobuf_does_or_left_to_it(
    kind: type, data: st.DataObject
) -> None:
    wire = bytearray(encode_by_protobuf(data.draw(instances(kind))))
    for _ in range(data.draw(st.integers(0, 3))):
        if wire:
            wire[data.draw(st.integers(0, len(wire) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(wire)))
    told = bytes(wire[:cut]) + data.draw(STRANGERS) + bytes(wire[data.draw(st.integers(0, len(wire))) :])
    found, wanted = by_both(told, kind)
    if found is not None:
        assert_alike(found, wanted)


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=60))
def test_noise_is_read_as_protobuf_does_or_left_to_it(noise: bytes) -> None:
    for kind in (facts.Fact, decisions.Decision, facts.ContactArrived):
        found, wanted = by_both(noise, kind)
        if found is not None:
            assert_alike(found, wanted)


@pytest.mark.parametrize("form", [1, 11])
def test_the_records_of_old_logs_are_read_and_written_by_it(form: int) -> None:
    assert WIRE is not None
    for record in records(form):
        assert_alike(codec.decode_outline(record), codec.outline_by_protobuf(record))
        found = WIRE.decode(decisions.Decision, record)
        assert found is not None
        assert_alike(found, decode_by_protobuf(record, decisions.Decision))
        assert WIRE.encode(found) == encode_by_protobuf(found)


FACT = facts.Fact(fact_id="f", desk_id="acme", received_at_ms=1_700_000_000_123)


@pytest.mark.parametrize(
    "value",
    [
        facts.Fact(fact_id="\ud800", desk_id="acme"),
        facts.Fact(fact_id=7, desk_id="acme"),  # type: ignore[arg-type] # that is the point
        facts.Fact(fact_id="f", received_at_ms=2**80),
        facts.Fact(fact_id="f", body=object()),  # type: ignore[arg-type] # that is the point
        decisions.Decision(decision_id=-1),
        decisions.Decision(decision_id=2**64),
        decisions.Decision(events=(None,)),  # type: ignore[arg-type] # that is the point
        facts.TopicWeight(topic_id="t", weight="much"),  # type: ignore[arg-type] # that is the point
        object(),
    ],
    ids=["surrogate", "number", "far", "object in a body", "negative", "wide", "none", "word", "object"],
)
def test_what_protobuf_refuses_is_left_to_it(value: object) -> None:
    assert WIRE is not None
    assert WIRE.encode(value) is None
    with pytest.raises((ValueError, TypeError, KeyError, OverflowError, AttributeError)):
        encode_by_protobuf(value)


@pytest.mark.parametrize("kind", MESSAGES, ids=lambda kind: kind.__name__)
def test_a_record_whose_fields_were_never_set_is_left_to_protobuf(kind: Any) -> None:
    assert WIRE is not None
    assert WIRE.encode(object.__new__(kind)) == (None if kind.__dataclass_fields__ else b"")


def varint(number: int, size: int) -> bytes:
    """In so many bytes, more than it needs."""
    return b"".join(bytes((number >> 7 * at & 127 | (128 if at < size - 1 else 0),)) for at in range(size))


@pytest.mark.parametrize("what", ["tag", "length"])
@pytest.mark.parametrize("where", ["fact_id", "received_at", "contact_arrived", "not known"])
@pytest.mark.parametrize("size", range(1, 12))
def test_tags_and_lengths_of_more_than_five_bytes_are_refused(what: str, where: str, size: int) -> None:
    found = make(facts.Fact)().DESCRIPTOR.fields_by_name.get(where)
    tag = (found.number if found is not None else 15) << 3 | 2
    data = varint(tag, size) + b"\0" if what == "tag" else varint(tag, 1) + varint(0, size)
    read, wanted = by_both(data, facts.Fact)
    assert (wanted is Undecodable) == (size > 5)
    if size > 5:
        assert read is None
    else:
        assert_alike(read, wanted)


def test_a_tag_of_more_than_32_bits_is_refused() -> None:
    for last, known in ((b"\x0f", True), (b"\x1f", False), (b"\x7f", False)):
        read, wanted = by_both(b"\xf8\xff\xff\xff" + last + b"\x01", facts.Fact)
        assert (read is not None) == known == (wanted is not Undecodable)


class Bytes(bytes):
    """Bytes of another type."""


@pytest.mark.parametrize("kind", [bytearray, memoryview, Bytes])
def test_bytes_of_other_types_are_left_to_protobuf(kind: Any) -> None:
    fact, record = kind(encode_by_protobuf(FACT)), records(11)[40]
    assert WIRE is not None
    assert WIRE.decode(facts.Fact, fact) is None
    assert codec.decode_fact(fact) == FACT
    assert codec.decode_decision(kind(record)) == codec.decode_decision(record)
    assert codec.decode_outline(kind(record)) == codec.decode_outline(record)


@pytest.mark.parametrize("name", DECIDED)
def test_an_outline_is_read_without_a_look_at_what_was_decided(name: str) -> None:
    """As codec.decode_outline says; that routers stop at such a record is held by test_trail_search.py."""
    record = encode_by_protobuf(decisions.Decision(decision_id=7, desk_id="acme"))
    number = make(decisions.Decision)().DESCRIPTOR.fields_by_name[name].number
    broken = record + varint(number << 3 | 2, 1) + b"\x01\xff"
    assert codec.decode_outline(broken) == codec.decode_outline(record)
    for read in (codec.outline_by_protobuf, codec.decode_decision):
        with pytest.raises(Undecodable):
            read(broken)


def test_a_field_that_comes_twice_is_merged_by_protobuf() -> None:
    wire = encode_by_protobuf(FACT)
    assert WIRE is not None
    assert WIRE.decode(facts.Fact, wire + wire) is None
    assert codec.decode_fact(wire + wire) == FACT


def test_bytes_that_are_no_record_are_refused_with_the_same_words() -> None:
    with pytest.raises(Undecodable, match=r"not a Decision record \(3 bytes\)"):
        codec.decode_decision(b"\xff\xff\xff")
    with pytest.raises(DecodeError):
        make(decisions.Decision)().ParseFromString(b"\xff\xff\xff")


def test_reading_and_writing_leave_no_reference_behind() -> None:
    assert WIRE is not None
    record = records(11)[40]
    value = WIRE.decode(decisions.Decision, record)
    broken = record[:-1] + b"\xff\xff"
    for _ in range(3):
        WIRE.decode(decisions.Decision, record), WIRE.encode(value), WIRE.decode(decisions.Decision, broken)
    gc.collect()
    blocks = sys.getallocatedblocks()
    for _ in range(2_000):
        WIRE.decode(decisions.Decision, record), WIRE.encode(value), WIRE.decode(decisions.Decision, broken)
    assert abs(sys.getallocatedblocks() - blocks) < 500
