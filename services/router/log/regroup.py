"""Desks of one generation of the log, put together anew for the partitions of the next (engine.md 1.11).

Pure: the same closed partitions give the same starting states, so whoever has the older decisions can make them again.
The facts that hold the newest words of a desk's contacts move along: the n-th of `moved` becomes fact n of the new
partition, before the first that is decided.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from services.contract.topics import partition_of
from services.router.log.seen import REPLY_BUCKETS_MAX, Bucket, Map, Replies, Run, Seen, run_of
from services.router.model import DeskState, PartitionState, changed


@dataclass(frozen=True, slots=True)
class Regrouped:
    """What a new partition begins with, before its genesis record."""

    state: PartitionState
    moved: tuple[tuple[int, int], ...]
    """(partition, offset) of older facts, in their new order; a fact may be gone meanwhile, its place is kept."""


def regrouped(states: Sequence[PartitionState], partition: int, partitions: int) -> Regrouped:
    """The desks of the closed partitions `states` (in order) that belong to `partition` of `partitions`.

    Raises ValueError when one is still open: its desks may change yet.
    """
    if open_ones := [at for at, state in enumerate(states) if not state.closed]:
        raise ValueError(f"partitions {open_ones} are not closed")
    found: dict[str, DeskState] = {}
    moved: list[tuple[int, int]] = []
    sources = []
    for at, state in enumerate(states):
        here = [desk_id for desk_id in sorted(state.desks) if partition_of(desk_id, partitions) == partition]
        if here:
            sources.append(state.seen)
        for desk_id in here:
            found[desk_id] = _with_moved(state.desks[desk_id], at, moved)
    begun = changed(
        PartitionState.empty(),
        desks=Map(found),
        seen=_merged(sources),
        decided_at_ms=max((state.decided_at_ms for state in states), default=0),
    )
    return Regrouped(begun, tuple(moved))


def _with_moved(desk: DeskState, partition: int, moved: list[tuple[int, int]]) -> DeskState:
    """The desk whose contacts point at the facts where they will be."""
    contacts = desk.contacts
    for contact_id in sorted(contacts):
        contact = contacts[contact_id]
        contacts = contacts.set(contact_id, changed(contact, fact_offset=len(moved)))
        moved.append((partition, contact.fact_offset))
    return changed(desk, contacts=contacts)


def _merged(memories: list[Seen]) -> Seen:
    """All that any of them remembers: a partition's facts are not known by desk, so each desk brings all of them."""
    runs: list[Run] = []
    buckets: list[Bucket] = []
    for seen in memories:
        runs += seen.runs
        buckets += seen.buckets
        if seen.buckets and seen.buckets[0].replies:
            newest = seen.buckets[0]
            runs.append(run_of(newest.day, np.fromiter(sorted(newest.replies), dtype=np.uint64)))
    runs.sort(key=lambda run: (run.day, -run.count, run.mark))
    answered = [
        Bucket(one.day, Replies([pair for pair in one.replies.items() if pair[1] is not None]), one.mark)
        for one in buckets
    ]
    answered.sort(key=lambda bucket: (-bucket.day, bucket.mark))
    if not answered:
        return Seen()
    newest = Bucket(answered[0].day)
    return Seen((newest, *answered)[:REPLY_BUCKETS_MAX], tuple(runs), sum(seen.dropped for seen in memories))
