"""Reads what a desk lived through from the embedded log, which may be in use meanwhile; nothing is written."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from services.contract import decisions as d
from services.contract import facts as f
from services.contract.chain import Chain
from services.contract.codec import decode_decision, decode_fact
from services.contract.topics import DECISIONS, FACTS, partition_of
from services.router.log.fold import fold
from services.router.model import Map, PartitionState, changed
from services.runtime.log import LogError
from services.runtime.sqlite_schema import OFFSET_BITS, connect

DAY_MS = 86_400_000


class NoPast(Exception):
    """The log holds nothing to play again; the message says why."""


@dataclass(frozen=True)
class PastLog:
    """A span of one desk's log."""

    desk_id: str
    from_ms: int
    until_ms: int
    """The last fact's time."""
    before: PartitionState
    """What the desk was and knew at the beginning; other desks of its partition are left out."""
    facts: tuple[f.Fact, ...]
    """In their order, as they were received."""
    decisions: tuple[d.Decision, ...]
    """Those in force of the same span, the facts' and the timers'."""


def read(path: Path, desk_id: str, from_ms: int | None = None, until_ms: int | None = None) -> PastLog:
    """Without a beginning: the last 24 hours that the log holds. Raises NoPast."""
    if not path.exists():
        raise NoPast(
            f"{path} is not there; name the file of an embedded log (FRONTDESK_DATA, .state/frontdesk.db)"
        )
    try:
        with closing(connect(path, writing=False)) as connection:
            partition = partition_of(desk_id, _partitions(connection))
            facts = [
                fact
                for fact in map(decode_fact, _values(connection, FACTS, partition))
                if fact.desk_id == desk_id and (until_ms is None or fact.received_at_ms < until_ms)
            ]
            if not facts:
                raise NoPast(_nothing(connection, desk_id))
            last_ms = max(fact.received_at_ms for fact in facts)
            begins_ms = last_ms - DAY_MS if from_ms is None else from_ms
            told = tuple(fact for fact in facts if fact.received_at_ms >= begins_ms)
            if not any(isinstance(fact.body, f.ContactArrived) for fact in told):
                raise NoPast(f"no contact of desk {desk_id} in that time; facts are kept for 7 days")
            begins_ms = max(begins_ms, told[0].received_at_ms)
            before, decided = _split(
                map(decode_decision, _values(connection, DECISIONS, partition)), begins_ms
            )
    except (LogError, sqlite3.Error) as error:
        raise NoPast(f"{path} cannot be read: {error}") from error
    desk = before.desks.get(desk_id)
    return PastLog(
        desk_id=desk_id,
        from_ms=begins_ms,
        until_ms=last_ms,
        before=changed(before, desks=Map() if desk is None else Map({desk_id: desk})),
        facts=told,
        decisions=tuple(
            one
            for one in decided
            if one.desk_id == desk_id and (until_ms is None or one.decided_at_ms < until_ms)
        ),
    )


def _split(records: Iterator[d.Decision], begins_ms: int) -> tuple[PartitionState, list[d.Decision]]:
    """The state before the span, and the records in force after; at least the genesis record is before it."""
    state, chain = PartitionState.empty(), Chain()
    after: list[d.Decision] = []
    for record in records:
        if after or (chain.started and record.decided_at_ms >= begins_ms):
            if chain.accepts(record):
                chain = chain.after(record)
                after.append(record)
        elif (folded := fold(state, record)).accepted:
            state = folded.state
            chain = state.chain
    return state, after


def _partitions(connection: sqlite3.Connection) -> int:
    row = connection.execute("SELECT partitions FROM topics WHERE topic = ?", (FACTS,)).fetchone()
    if row is None:
        raise NoPast("the log has no facts")
    return int(row[0])


def _values(connection: sqlite3.Connection, topic: str, partition: int) -> Iterator[bytes]:
    row = connection.execute(
        "SELECT stream FROM streams WHERE topic = ? AND partition = ?", (topic, partition)
    ).fetchone()
    if row is None:
        return
    first = int(row[0]) << OFFSET_BITS
    rows = connection.execute(
        "SELECT value FROM records WHERE id >= ? AND id < ? ORDER BY id", (first, first + (1 << OFFSET_BITS))
    )
    for (value,) in rows:
        yield value


def _nothing(connection: sqlite3.Connection, desk_id: str) -> str:
    keys = connection.execute(
        "SELECT DISTINCT key FROM records WHERE id >> ? IN (SELECT stream FROM streams WHERE topic = ?) LIMIT 20",
        (OFFSET_BITS, FACTS),
    ).fetchall()
    there = ", ".join(sorted(bytes(key).decode(errors="replace") for (key,) in keys))
    return f"no facts of desk {desk_id!r} in the log" + (f"; it has those of {there}" if there else "")
