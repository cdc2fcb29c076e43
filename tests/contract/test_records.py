"""Records that are made quickly are the dataclasses that they say they are; plans write what the wire can tell apart."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import FrozenInstanceError, dataclass, field

import pytest

from services.contract import decisions as d
from services.contract.codec import decode_decision, encode_decision, to_message
from services.contract.record import COPIERS, quick_record


@quick_record
@dataclass(frozen=True, slots=True)
class Sample:
    first: int
    second: str = "b"
    third: list[int] = field(default_factory=list)
    fourth: tuple[int, ...] = field(default=(), kw_only=True)


def test_a_record_takes_its_fields_as_any_dataclass_does() -> None:
    assert Sample(1) == Sample(first=1, second="b", third=[], fourth=())
    assert dataclasses.replace(Sample(1, "c"), fourth=(2,)) == Sample(1, "c", [], fourth=(2,))
    assert Sample(1).third is not Sample(1).third
    with pytest.raises(TypeError):
        Sample()  # type: ignore[call-arg] # first is required
    with pytest.raises(TypeError):
        Sample(1, "b", [], (2,))  # type: ignore[call-arg] # fourth is by name only


def test_a_field_may_have_any_name() -> None:
    """Names of fields are lower-case, what the constructor itself needs is not."""

    @quick_record
    @dataclass(frozen=True, slots=True)
    class Named:
        kind: str = "a"
        twin: str = "b"
        default: tuple[int, ...] = ()

    assert Named(kind="c") == Named("c", "b", ())


def test_a_copy_differs_where_it_is_told_to() -> None:
    made = d.ContactQueued(contact_id="c", queue_id="q")
    copy = COPIERS[d.ContactQueued]

    assert copy(made, {"queue_id": "r"}) == d.ContactQueued(contact_id="c", queue_id="r")
    assert type(copy(made, {})) is d.ContactQueued
    with pytest.raises(AttributeError):
        copy(made, {"queue": "r"})


def test_a_record_is_frozen_once_it_is_made() -> None:
    made = d.ContactQueued(contact_id="c")

    assert type(made) is d.ContactQueued
    with pytest.raises(FrozenInstanceError):
        made.contact_id = "other"  # type: ignore[misc]
    with pytest.raises((FrozenInstanceError, TypeError, AttributeError)):
        made.__class__ = d.ContactOpened  # type: ignore[assignment]


def test_a_part_that_holds_nothing_is_there_all_the_same() -> None:
    empty = d.Decision(cause=d.FactCause(), events=(d.DuplicateIgnored(),), reply=d.Reply())

    assert decode_decision(encode_decision(empty)) == empty
    assert decode_decision(encode_decision(d.Decision())) == d.Decision()


def test_minus_zero_is_not_lost() -> None:
    term = d.ScoreTerm(name="idle", value=-0.0)

    assert math.copysign(1.0, to_message(term).value) == -1.0
