"""fold: the verdict on one record, and the state after it (engine.md 1.3, 1.4).

Every reader of a partition folds the same records to the same state. A rejected record changes nothing. An
accepted one that cannot be evolved, or whose digest differs, stops the partition: it is never skipped.
"""

from __future__ import annotations

from dataclasses import dataclass

from services.contract.decisions import (
    CloseCause,
    Decision,
    DuplicateIgnored,
    FactCause,
    GenesisCause,
)
from services.contract.record import quick_record
from services.router.evolve import CorruptLog, evolve_all
from services.router.limits import DEFAULTS
from services.router.log import digests
from services.router.log.seen import Seen, remember
from services.router.model import DAY_MS, DeskState, Map, PartitionState, changed


class DigestMismatch(CorruptLog):
    """Two builds or machines reached different states from one log: evolve is not deterministic."""


@quick_record
@dataclass(frozen=True, slots=True)
class Folded:
    """The verdict. `reason` says why a record was rejected, empty for accepted ones."""

    state: PartitionState
    accepted: bool
    reason: str = ""


def fold(state: PartitionState, record: Decision) -> Folded:
    """Judges and applies one record.

    Raises CorruptLog or DigestMismatch (and `UnknownCause` of the chain); the state given stays as it was.
    """
    chain = state.chain
    if not chain.accepts(record):
        return Folded(state, False, _why_rejected(state, record))
    if record.decided_at_ms < state.decided_at_ms:
        raise CorruptLog(f"decision {record.decision_id:016x} goes back in time")
    asked = digests.due(state)
    if asked and digests.differs(state, record.digest):
        raise DigestMismatch(f"digest of record {state.count} differs: this build folds another state")
    if state.digesting is not None:
        state.digesting.go_on()
    after = chain.after(record)
    cause = record.cause
    genesis = (
        {
            "generation": cause.log_generation,
            "partitions": cause.partitions,
            "partition_hash": cause.partition_hash,
        }
        if isinstance(cause, GenesisCause)
        else {}
    )
    folded = changed(
        state,
        head=after.head,
        last_fact=after.last_fact,
        closed=after.closed,
        count=state.count + 1,
        decided_at_ms=record.decided_at_ms,
        desks=_evolved(state, record),
        seen=_remembered(state, record) if isinstance(cause, FactCause) else state.seen,
        next_digest_at=digests.next_at(state) if asked else state.next_digest_at,
        digesting=digests.begun(state, record.digest) if asked else state.digesting,
        **genesis,
    )
    return Folded(folded, True)


def _evolved(state: PartitionState, record: Decision) -> Map[str, DeskState]:
    if not record.events:
        return state.desks
    before = state.desks.get(record.desk_id)
    desk = evolve_all(before, record.events, record.decided_at_ms)
    if desk is before or desk is None:
        return state.desks
    return state.desks.set(record.desk_id, desk)


def _remembered(state: PartitionState, record: Decision) -> Seen:
    """The fact's id with its reply; a duplicate leaves the first one's memory as it is."""
    if not record.fact_id or (record.events and isinstance(record.events[0], DuplicateIgnored)):
        return state.seen
    return remember(
        state.seen,
        record.fact_id,
        record.reply,
        day=record.decided_at_ms // DAY_MS,
        facts_max=lambda: facts_remembered_max(state),
    )


def facts_remembered_max(state: PartitionState) -> int:
    """Ids of facts that the partition remembers: the shares of its desks."""
    shares = [desk.limits.facts_remembered_max for desk in state.desks.values()]
    return sum(shares) or DEFAULTS.facts_remembered_max


def _why_rejected(state: PartitionState, record: Decision) -> str:
    if state.closed:
        return "closed"
    if record.prev_id != state.head or record.decision_id == 0:
        return "not_the_next_link"
    if isinstance(record.cause, GenesisCause):
        return "second_genesis"
    if state.count == 0:
        return "before_genesis"
    if isinstance(record.cause, FactCause):
        return "hole_or_repeat_of_a_fact"
    return "wrong_fact_offset" if not isinstance(record.cause, CloseCause) else "close_at_wrong_offset"
