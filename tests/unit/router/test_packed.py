"""Packed maps are maps: what went in comes out, whatever the ids, the sizes and the order of changes."""

from __future__ import annotations

import random
import sys
from dataclasses import fields
from typing import Any
from uuid import UUID as UuidOf
from uuid import uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.contract import kernels
from services.contract.decisions import Reply
from services.contract.facts import Channel
from services.router import rows
from services.router.buckets import BUCKET_ENTRIES, AgedInPython, BucketsInPython
from services.router.cases import Case, CaseRows, Cases, Customers, Threads
from services.router.log.canonical import canonical
from services.router.log.seen import Replies, ReplyRows
from services.router.log.shapes import described, shape_of
from services.router.model import Map
from services.router.packed import PackedMap
from services.router.policy.labels import Statement
from services.router.policy.learning import Key, Result
from services.router.policy.outcomes import NumberRows, OfCase, Open, OpenResults, OpenRows
from services.router.rows import lengthened, shortened
from tests.unit.router.world import DAY, HOUR, World, agent, call, desk

UUID = st.uuids().map(str)
HASH = st.binary(min_size=16, max_size=16).map(bytes.hex)
ID = st.one_of(
    UUID,
    HASH,
    HASH.map(str.upper),
    st.tuples(UUID, st.integers(0, 1 << 70)).map(lambda parts: f"{parts[0]}-c{parts[1]}"),
    st.tuples(UUID, st.text("-c0 1+_", max_size=8)).map("".join),
    st.text("-0af", min_size=32, max_size=38),
    st.text(max_size=40),
    st.text(min_size=230, max_size=300),
)
INSTANT = st.integers(0, 1 << 45)


@given(ID)
def test_every_id_comes_back_as_it_was(text: str) -> None:
    assert lengthened(shortened(text)) == text


@pytest.mark.parametrize(
    ("text", "size_bytes"),
    [("0f" * 16, 16), (str(uuid4()), 17), (f"{uuid4()}-c70000", 20), ("c1", 2)],
    ids=["key", "uuid", "uuid and number", "short"],
)
def test_ids_as_intake_and_router_make_them_take_a_third(text: str, size_bytes: int) -> None:
    assert len(shortened(text)) == size_bytes


@settings(max_examples=200)
@given(st.lists(st.tuples(st.booleans(), ID, ID), max_size=80))
def test_a_packed_map_has_what_a_dictionary_has(changes: list[tuple[bool, str, str]]) -> None:
    packed, plain = Threads(), dict[str, str]()
    for put, key, value in changes:
        if put:
            packed, plain[key] = packed.set(key, value), value
        elif key in plain:
            packed = packed.delete(key)
            del plain[key]
        assert packed.get(key) == plain.get(key) and (key in packed) == (key in plain)

    assert dict(packed.items()) == plain and len(packed) == len(plain) and set(packed) == set(plain)
    assert canonical(packed) == canonical(Map(plain)) and packed == Threads(plain.items())


def test_a_key_that_stands_in_another_entry_is_not_found_there() -> None:
    packed = Threads([("a", "b"), ("c", "\x01b\x01b"), ("dd", "\x03\x01b")])

    assert packed.get("b") is None and "b" not in packed
    with pytest.raises(KeyError):
        packed.delete("b")


@pytest.mark.parametrize("sizes", [range(1, 300), range(300, 600)])
def test_a_key_is_found_whatever_its_entry_begins_with(sizes: range) -> None:
    for size in sizes:
        for key in ("", "\x00", "\x01", "\x03", "\x01\x01", "a" * (size % 240)):
            packed = Threads([("b", "\0" * size), (key, "\0" * size), ("c", "")])

            assert packed[key] == "\0" * size and len(packed.delete(key)) == 2


def test_a_map_that_grows_and_shrinks_keeps_its_buckets_of_a_size() -> None:
    rng, packed, plain = random.Random(7), Customers(), dict[str, tuple[str, ...]]()
    for number in range(3_000):
        packed = packed.set(f"k{number}", (f"c{number}",) * (number % 90))
        plain[f"k{number}"] = (f"c{number}",) * (number % 90)
    grown = packed._count
    for key in rng.sample(sorted(plain), 2_900):
        before, (value, packed) = packed, packed.taken(key)
        assert value == plain.pop(key) and key in before

    assert grown == 3_000 // BUCKET_ENTRIES
    assert packed._count < 3 * len(plain) / BUCKET_ENTRIES
    assert dict(packed.items()) == plain


CASES = st.builds(
    Case,
    case_id=ID,
    customer_key=ID,
    topic_id=st.text(max_size=9),
    opened_at_ms=INSTANT,
    open_contact_ids=st.lists(ID, max_size=2).map(tuple),
    thread_keys=st.lists(ID, max_size=3).map(tuple),
    deadline_at_ms=INSTANT,
    resolved_at_ms=INSTANT,
    closed_at_ms=INSTANT,
    returned=st.booleans(),
    first_contact_id=ID,
    first_channel=st.sampled_from(Channel),
    first_queue_id=ID,
    agent_id=ID,
    first_settled=st.booleans(),
    measured=st.booleans(),
)
RESULTS = st.builds(
    Open,
    ID,
    INSTANT,
    st.sampled_from(Statement),
    st.builds(Result, st.builds(Key, ID, ID, st.integers(0, 99)), *[st.integers(-(1 << 90), 1 << 90)] * 7),
)
REPLIES = st.none() | st.builds(
    Reply,
    accepted=st.booleans(),
    reason=st.text(max_size=9),
    detail=st.text(max_size=9),
    subject_id=ID,
    epoch=st.integers(0, 1 << 40),
)


def by_python(kind: type, base: type, **named: Any) -> Any:
    """The kind of map as it is where nothing was compiled."""
    names: dict[str, Any] = {}
    for part in reversed(kind.__mro__):
        if part.__module__ in (Threads.__module__, PackedMap.__module__):
            names |= vars(part)
    kept = {name: one for name, one in names.items() if name in OWN or not name.startswith("__")}
    return type(kind.__name__, (base,), kept | named | {"__slots__": ()})


AS_ANY: Any = Threads
OWN = {"__init__", "__getitem__", "__len__", "__iter__"}
CHANGES = st.lists(
    st.tuples(st.sampled_from(("set", "set", "delete", "put away")), st.integers(0, 60)), max_size=150
)


@pytest.mark.skipif(not kernels.COMPILED, reason="there is one way only")
@settings(max_examples=60)
@given(st.randoms(use_true_random=False), CHANGES)
def test_buckets_are_alike_by_compiled_code_and_by_python(
    rng: random.Random, changes: list[tuple[str, int]]
) -> None:
    """To the last byte, after every change."""
    forms = ("{0:032x}", "{1}", "{1}-c{0}", "{0}", "{0:0300}")
    ids = [rng.choice(forms).format(at, UuidOf(int=at)) for at in range(61)]
    plain = by_python(Threads, BucketsInPython, mark=staticmethod(AS_ANY.mark_by_python), ENTRIES=4)
    small = type("Threads", (Threads,), {"__slots__": (), "ENTRIES": 4})
    one, other = small(), plain()
    for what, at in changes:
        key = ids[at]
        if what == "set":
            one, other = one.set(key, f"{at}"), other.set(key, f"{at}")
        else:
            (found, one), (wanted, other) = one.taken(key), other.taken(key)
            assert found == wanted
        assert list(one.buckets()) == list(other.buckets()) and len(one) == len(other)
        assert (one.get(key), key in one) == (other.get(key), key in other)
    assert list(plain(one.items()).buckets()) == list(small(one.items()).buckets())


@pytest.mark.skipif(not kernels.COMPILED, reason="there is one way only")
@pytest.mark.parametrize(
    ("kind", "keys", "value"),
    [
        (OpenRows, st.integers(0, (1 << 64) - 1), RESULTS),
        (Threads, ID, ID),
        (NumberRows, ID, st.tuples(INSTANT)),
    ],
)
@given(data=st.data())
def test_a_bucket_is_parted_alike_by_compiled_code_and_by_python(
    kind: Any, keys: Any, value: Any, data: st.DataObject
) -> None:
    packed = kind(data.draw(st.dictionaries(keys, value, max_size=40)).items())
    for bucket in packed.buckets():
        for new, mask in ((0, 1), (1, 1), (2, 3), (5, 7)):
            assert packed._parted(bucket, new, mask) == packed.parted_by_python(bucket, new, mask)


@pytest.mark.skipif(not kernels.COMPILED, reason="there is one way only")
@given(ID)
def test_ids_are_shortened_alike_by_compiled_code_and_by_python(text: str) -> None:
    short = shortened(text)

    assert short == rows.shortened_by_python(text)
    assert lengthened(short) == rows.lengthened_by_python(short) == text
    assert Threads.mark(text) == AS_ANY.mark_by_python(text)


@pytest.mark.skipif(not kernels.COMPILED, reason="there is one way only")
@given(st.lists(ID, max_size=17))
def test_rows_of_ids_are_alike_by_compiled_code_and_by_python(ids: list[str]) -> None:
    packed = kernels.ids.row_of_ids(tuple(ids))
    short = rows.encode(tuple([rows.shortened_by_python(one) for one in ids]))
    assert packed in (short, None)
    assert Customers.row(tuple(ids)) == short
    for one in ids:
        row = kernels.ids.row_of_id(one)
        assert row in (Threads.row(one), None)
        assert (row is not None) >= (one.isascii() and len(one) < 256)
        assert Threads.row(one) == rows.encode(rows.shortened_by_python(one))


@pytest.mark.skipif(not kernels.COMPILED, reason="nothing is compiled here")
@pytest.mark.parametrize("odd", [None, 7, b"id"])
def test_what_is_no_id_is_left_to_python(odd: object) -> None:
    assert kernels.ids.row_of_ids(("a", odd)) is None  # type: ignore[arg-type] # that is the point


@pytest.mark.skipif(not kernels.COMPILED, reason="there is one way only")
@settings(max_examples=200)
@given(CASES, RESULTS)
def test_rows_are_alike_by_compiled_code_and_by_python(case: Case, result: Open) -> None:
    kinds: list[tuple[Any, Any, Any]] = [(CaseRows, case.case_id, case), (OpenRows, 7, result)]
    for kind, key, value in kinds:
        row = kind.row(value)
        assert row == kind.row_by_python(value)
        assert repr(kind.value(key, row)) == repr(kind.value_by_python(key, row)) == repr(value)


@pytest.mark.skipif(not kernels.COMPILED, reason="there is one way only")
@settings(max_examples=60)
@given(CHANGES)
def test_aged_maps_are_alike_by_compiled_code_and_by_python(changes: list[tuple[str, int]]) -> None:
    plain = by_python(Cases, AgedInPython)
    one, other = Cases(), plain()
    for at, (what, key) in enumerate(changes):
        name = f"{key}"
        if what == "set":
            one, other = (each.set(name, Case(name, f"k{at}", "")) for each in (one, other))
        elif what == "put away":
            one, other = one.put_away(name), other.put_away(name)
        elif name in one:
            one, other = one.delete(name), other.delete(name)
        assert (one.fresh, set(one.packed)) == (other.fresh, set(other.packed))
        assert (one.get(name), name in one, len(one)) == (other.get(name), name in other, len(other))


@settings(max_examples=200)
@given(CASES, RESULTS, REPLIES)
def test_a_row_is_its_value_down_to_the_types(case: Case, result: Open, reply: Reply | None) -> None:
    kinds: list[tuple[Any, Any, Any]] = [
        (CaseRows, case.case_id, case),
        (OpenRows, 7, result),
        (ReplyRows, 7, reply),
    ]
    for kind, key, value in kinds:
        back = kind.value(key, kind.row(value))
        assert back == value and canonical(back) == canonical(value) and repr(back) == repr(value)


def test_the_rows_of_cases_leave_no_field_out() -> None:
    """A new field must be in the row too: every one of these differs from its default."""
    case = Case("x-c1", "k", "t", 1, ("o",), ("h",), 2, 3, 4, True, "f", Channel.EMAIL, "q", "a", True, True)

    assert all(part.default != getattr(case, part.name) for part in fields(Case))
    assert CaseRows.value(case.case_id, CaseRows.row(case)) == case


@settings(max_examples=40)
@given(
    st.lists(
        st.tuples(st.sampled_from(("set", "delete", "put away")), st.sampled_from("abcdef")), max_size=40
    )
)
def test_where_an_entry_is_kept_cannot_be_seen(changes: list[tuple[str, str]]) -> None:
    aged, plain = Cases(), dict[str, Case]()
    for at, (what, key) in enumerate(changes):
        if what == "set":
            plain[key] = Case(key, f"k{at}", "")
            aged = aged.set(key, plain[key])
        elif what == "put away":
            aged = aged.put_away(key)
        else:
            known, aged = aged.taken(key)
            assert known == plain.pop(key, None)

    assert dict(aged.items()) == plain and len(aged) == len(plain) and set(aged) == set(plain)
    assert all(aged[key] == case and key in aged for key, case in plain.items())
    assert aged == Cases(plain.items()) and canonical(aged) == canonical(Map(plain))


def test_a_case_is_packed_once_its_contact_is_forgotten_and_comes_back_whole() -> None:
    world = World(desk(agent("A")))
    world.sign_in("A")
    world.give(call("c", customer="k", thread="t"))
    world.resolve("c")
    (before,) = world.desk.cases.values()
    results = dict(world.desk.learned.outcomes.opened.items())

    world.wait(DAY)

    cases, outcomes = world.desk.cases, world.desk.learned.outcomes
    assert not cases.fresh and dict(cases.items()) == {before.case_id: before}
    assert not outcomes.opened.fresh and not outcomes.of_case.fresh and len(results) == 1
    assert [entry.case_id for entry in outcomes.opened.values()] == [before.case_id]
    world.give(call("c2", customer="k", thread="t"))
    assert world.desk.cases[before.case_id].open_contact_ids == ("c2",)


def test_a_case_with_an_open_contact_is_not_packed() -> None:
    world = World(desk(agent("A")))
    world.sign_in("A")
    world.give(call("c", customer="k", thread="t"))
    world.resolve("c")
    world.wait(DAY - HOUR)
    world.give(call("c2", customer="k", thread="t"))

    world.wait(HOUR)

    assert "c" not in world.desk.contacts
    assert [case.open_contact_ids for case in world.desk.cases.fresh.values()] == [("c2",)]


@pytest.mark.parametrize("kind", [Cases, Threads, Customers, OpenResults, OfCase, Replies])
def test_snapshots_and_digests_know_nothing_of_it(kind: Any) -> None:
    """To both it is the map that it stands for, so a snapshot from before there were packed maps is read."""
    assert described(kind) == described(kind.STANDS_FOR)
    assert shape_of(kind).wire == shape_of(kind.STANDS_FOR).wire


def test_what_a_case_that_came_back_was_settled_with_is_packed_again() -> None:
    """Its first contact was forgotten, and its results packed, before it came back."""
    world = World(desk(agent("A")))
    world.sign_in("A")
    world.give(call("c", customer="k", thread="t"))
    world.resolve("c")
    world.wait(DAY + HOUR)
    assert not world.desk.learned.outcomes.opened.fresh
    world.give(call("c2", customer="k", thread="t"))
    world.resolve("c2")
    assert len(world.desk.learned.outcomes.opened.fresh) == 1

    world.wait(DAY + HOUR)

    assert "c2" not in world.desk.contacts
    assert not world.desk.learned.outcomes.opened.fresh
    assert len(world.desk.learned.outcomes.opened) >= 1


def test_the_ways_to_a_case_take_few_bytes() -> None:
    ids = [(f"{number:032x}", f"{uuid4()}-c{number}") for number in range(2_000)]
    for packed in (Threads(ids), Customers((key, (case_id,)) for key, case_id in ids)):
        held = sum(map(sys.getsizeof, packed.buckets())) / len(ids)

        assert len(packed) == len(ids) and held < 50
