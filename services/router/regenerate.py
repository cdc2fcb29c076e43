"""More partitions by a new generation of the log: close the old one, put its desks together anew (engine.md 1.11).

    drain       every fact of the old generation is decided (by the routers, which still run)
    close       the last record of each old partition; nothing after it is accepted
    begin       new topics; per partition the facts that open contacts point at, a genesis record, a snapshot
    carry over  facts that came after the close, to the partition where their desk is now

Each step finds what an interrupted one has done and goes on from there, so the whole may be repeated until it succeeds.
The old topics stay as they are: the new states are what they fold to, now and for ever.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from services.contract.codec import encode_decision
from services.contract.decisions import GenesisCause
from services.contract.topics import DECISIONS, FACTS, PARTITION_HASH, partition_of
from services.router.decide import decide_close, decide_genesis
from services.router.log import shelf
from services.router.log.canonical import comparable, digest
from services.router.log.fold import fold
from services.router.log.origin import Generations, Origins, genesis_of
from services.router.log.regroup import Regrouped
from services.router.log.shelf import Placed
from services.runtime.log import Log, LogError, PositionLost, UnknownTopic

OWNER = "regenerate"
LOOK_SECONDS = 0.2
CLOSES_MAX = 100
"""Attempts to close a partition; timers of a running router may come between."""
SNAPSHOT_BYTES_MAX = 4_000_000_000


@dataclass(frozen=True)
class Report:
    """What was done."""

    generation: int
    partitions: int
    desks: int
    contacts: int
    carried_over: int
    """Facts that came after the close."""


@dataclass(frozen=True)
class Regeneration:
    """One move from a generation to the next; `run` may be repeated."""

    generations: Generations
    older: int
    partitions: int
    """Of the next generation."""
    create_topics: Callable[[Log, int], object]
    new_id: Callable[[], int]
    now_ms: Callable[[], int]
    drain_seconds_max: float

    async def run(self) -> Report:
        """Raises LogError with what to do when the old generation is not drained, or is another one."""
        old, new = self.generations(self.older), self.generations(self.older + 1)
        count = await old.partitions(DECISIONS)
        origins = Origins(self.generations)
        closed = [await self._closed(old, origins, partition) for partition in range(count)]
        await self.create_topics(new, self.partitions)  # type: ignore[misc] # an awaitable
        desks = contacts = 0
        for partition in range(self.partitions):
            begun = await origins.carried(self.older, partition, self.partitions)
            await self._begin(old, new, partition, begun)
            desks += len(begun.state.desks)
            contacts += len(begun.moved)
        over = sum([await self._carry_over(old, new, at, placed) for at, placed in enumerate(closed)])
        return Report(self.older + 1, self.partitions, desks, contacts, over)

    async def _closed(self, old: Log, origins: Origins, partition: int) -> Placed:
        """The partition with its close record; waits for the routers to decide what is there."""
        loop, placed = asyncio.get_running_loop(), None
        until = loop.time() + self.drain_seconds_max
        for _ in range(CLOSES_MAX):
            placed = await origins.folded(self.older, partition, placed)
            state = placed.state
            if state.closed:
                return placed
            if state.count == 0 or state.generation != self.older:
                raise LogError(
                    f"decisions {partition} are of generation {state.generation}, not {self.older}: "
                    "start the routers once, and say which generation is to be ended"
                )
            left = await old.end_offset(FACTS, partition) - state.last_fact - 1
            while left > 0:
                if loop.time() > until:
                    raise LogError(
                        f"{left} facts of partition {partition} are not decided: stop intake, let the routers run "
                        "until they are, and repeat"
                    )
                await asyncio.sleep(LOOK_SECONDS)
                placed = await origins.folded(self.older, partition, placed)
                left = await old.end_offset(FACTS, partition) - placed.state.last_fact - 1
            close = decide_close(placed.state, now_ms=self.now_ms(), decision_id=self.new_id(), owner=OWNER)
            await old.append(DECISIONS, partition, b"", encode_decision(close))
        raise LogError(f"partition {partition} could not be closed: its router decides too quickly; repeat")

    async def _begin(self, old: Log, new: Log, partition: int, begun: Regrouped) -> None:
        known = await genesis_of(new, partition)
        if known is not None:
            _check(known.cause, begun, partition)
            return
        copied = await new.end_offset(FACTS, partition)
        if copied > len(begun.moved):
            raise LogError(
                f"partition {partition} of the new generation holds facts already: nobody may write there yet"
            )
        for older_partition, offset in begun.moved[copied:]:
            key, value = await _fact(old, older_partition, offset)
            await new.append(FACTS, partition, key, value)
        genesis = decide_genesis(
            generation=self.older + 1,
            partitions=self.partitions,
            partition_hash=PARTITION_HASH,
            first_fact_offset=len(begun.moved),
            now_ms=max(self.now_ms(), begun.state.decided_at_ms),
            decision_id=self.new_id(),
            owner=OWNER,
            carried_from=self.older,
            carried_digest=digest(begun.state),
        )
        offset = await new.append(DECISIONS, partition, b"", encode_decision(genesis))
        placed = Placed(fold(begun.state, genesis).state, offset, offset + 1)
        await shelf.write(new, partition, placed, shelf.Shelf(), bytes_max=SNAPSHOT_BYTES_MAX)

    async def _carry_over(self, old: Log, new: Log, partition: int, closed: Placed) -> int:
        """Facts behind the last decided one; their ids are known where they were carried over before."""
        at, end = closed.state.last_fact + 1, await old.end_offset(FACTS, partition)
        for offset in range(at, end):
            key, value = await _fact(old, partition, offset)
            if value:
                await new.append(FACTS, partition_of(key.decode(), self.partitions), key, value)
        return end - at


def _check(cause: object, begun: Regrouped, partition: int) -> None:
    """Whoever began the partition before began it with the same state."""
    same = isinstance(cause, GenesisCause) and cause.first_fact_offset == len(begun.moved)
    if same and isinstance(cause, GenesisCause) and comparable(cause.carried_digest):
        same = cause.carried_digest == digest(begun.state)
    if not same:
        raise LogError(
            f"partition {partition} of the new generation was begun with another state: a person decides"
        )


async def _fact(source: Log, partition: int, offset: int) -> tuple[bytes, bytes]:
    """Key and value; empty for one that is gone, whose place stays."""
    try:
        record = await source.read_at(FACTS, partition, offset)
    except PositionLost:
        return b"", b""
    return record.key, record.value


async def check_generation(generations: Generations, generation: int, partitions: int) -> None:
    """Raises LogError when a process is told another generation or count than the log has, with what to set."""
    later = await _genesis(generations(generation + 1))
    if later is not None:
        raise LogError(
            f"generation {generation} of the log was ended: set FRONTDESK_LOG_GENERATION={generation + 1} and "
            f"FRONTDESK_PARTITIONS={later.partitions}"
        )
    found = await _genesis(generations(generation))
    if found is None:
        if generation > 1:
            raise LogError(
                f"generation {generation} of the log was not begun: run `frontdesk regenerate`, or set "
                f"FRONTDESK_LOG_GENERATION={generation - 1}"
            )
        return
    theirs = (found.log_generation, found.partitions, found.partition_hash)
    if theirs != (generation, partitions, PARTITION_HASH):
        raise LogError(
            f"the log was begun with (generation, partitions, hash) {theirs}, this process has "
            f"{(generation, partitions, PARTITION_HASH)}: set FRONTDESK_PARTITIONS as the log was created"
        )


async def _genesis(source: Log) -> GenesisCause | None:
    """What the last partition was begun with, which is begun last; None where there is none."""
    try:
        genesis = await genesis_of(source, await source.partitions(DECISIONS) - 1)
    except UnknownTopic:
        return None
    cause = genesis.cause if genesis is not None else None
    return cause if isinstance(cause, GenesisCause) else None
