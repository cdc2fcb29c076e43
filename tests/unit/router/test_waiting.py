"""Lanes: in order whatever comes and goes, in chunks of a bounded size."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from services.router.waiting import CHUNK_MAX, Entry, Lane, entries, joined, left

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


def test_a_queue_that_grows_keeps_its_chunks_full() -> None:
    lane: Lane = ()
    for number in range(10 * CHUNK_MAX):
        lane = joined(lane, (1, number, "c"))
    assert len(lane) == 10
