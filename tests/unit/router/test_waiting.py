"""Lanes: in order whatever comes and goes, in chunks of a bounded size."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.router.waiting import (
    CHUNK_MAX,
    NO_TRACE,
    TRACE_MAX,
    Entry,
    Lane,
    Trace,
    entries,
    joined,
    joined_by_python,
    left,
)

ENTRIES = st.lists(
    st.tuples(st.integers(0, 1), st.integers(0, 50), st.integers(0, 10**6).map(str)),
    unique=True,
    max_size=700,
)


@given(come=ENTRIES, data=st.data())
def test_a_lane_is_sorted_and_its_chunks_are_bounded_whatever_comes_and_goes(
    come: list[Entry], data: st.DataObject
) -> None:
    lane: Lane = ()
    for entry in come:
        lane = joined(lane, entry)
    assert list(entries(lane)) == sorted(come)
    assert all(0 < len(chunk) <= CHUNK_MAX for chunk in lane)
    gone = data.draw(st.sets(st.sampled_from(come), max_size=300)) if come else set()
    for entry in gone:
        lane = left(lane, entry)
    assert list(entries(lane)) == sorted(set(come) - gone)
    assert all(0 < len(chunk) <= CHUNK_MAX for chunk in lane)


@pytest.mark.skipif(joined is joined_by_python, reason="nothing is compiled here")
@pytest.mark.parametrize("seed", range(20))
def test_compiled_and_python_split_alike_in_long_lanes(seed: int) -> None:
    rng = random.Random(seed)
    one: Lane = ()
    other: Lane = ()
    ascending = rng.random() < 0.3
    for number in range(6 * CHUNK_MAX):
        entry = (
            rng.randrange(2) * (not ascending),
            number if ascending else rng.randrange(5_000),
            f"c{number}",
        )
        one, other = joined(one, entry), joined_by_python(other, entry)
        assert one == other
    assert len(one) >= 6


@pytest.mark.skipif(joined is joined_by_python, reason="nothing is compiled here")
@given(come=ENTRIES)
def test_compiled_and_python_join_alike(come: list[Entry]) -> None:
    one: Lane = ()
    other: Lane = ()
    for entry in come:
        one, other = joined(one, entry), joined_by_python(other, entry)
        assert one == other


def test_a_queue_that_grows_keeps_its_chunks_full() -> None:
    lane: Lane = ()
    for number in range(10 * CHUNK_MAX):
        lane = joined(lane, (1, number, "c"))
    assert len(lane) == 10


def test_who_follows_the_changes_closely_never_starts_anew() -> None:
    trace = NO_TRACE
    for _ in range(3 * TRACE_MAX):
        before, trace = trace, Trace(trace, None, ("", ""))
        assert trace.parent is before


def test_no_more_changes_are_remembered_than_the_bound() -> None:
    trace: Trace | None = NO_TRACE
    for _ in range(5 * TRACE_MAX):
        trace = Trace(trace, None, ("", ""))

    links = 0
    while trace is not None:
        trace, links = trace.parent, links + 1
    assert TRACE_MAX <= links <= 2 * TRACE_MAX
