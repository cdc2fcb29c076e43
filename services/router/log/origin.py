"""Where folding a partition begins: at a snapshot, at what an older generation carried over, or at nothing."""

from __future__ import annotations

from collections.abc import Callable

import structlog

from services.contract.codec import decode_decision
from services.contract.decisions import Decision, GenesisCause
from services.contract.topics import DECISIONS
from services.router.log.canonical import comparable, digest
from services.router.log.fold import DigestMismatch, fold
from services.router.log.regroup import Regrouped, regrouped
from services.router.log.shelf import Placed, load
from services.router.model import PartitionState
from services.runtime.log import Log

Generations = Callable[[int], Log]
"""The log as a generation sees it."""

log = structlog.get_logger()


async def genesis_of(source: Log, partition: int) -> Decision | None:
    """The partition's first record; None while there is none."""
    if await source.end_offset(DECISIONS, partition) == 0:
        return None
    return decode_decision((await source.read_at(DECISIONS, partition, 0)).value)


class Origins:
    """Answers where partitions begin; older generations are folded once for all partitions, then `forget` them."""

    def __init__(self, generations: Generations) -> None:
        self._generations = generations
        self._older: dict[int, list[PartitionState]] = {}

    def forget(self) -> None:
        self._older.clear()

    async def start_of(self, generation: int, partition: int) -> Placed | None:
        """The newest snapshot that can be trusted; else what was carried over; else None: fold from nothing.

        Raises DigestMismatch when this build makes another state of the older generation than the one that carried it.
        """
        source = self._generations(generation)
        found = await load(source, partition)
        if found is not None:
            return found
        genesis = await genesis_of(source, partition)
        cause = genesis.cause if genesis is not None else None
        if not isinstance(cause, GenesisCause) or not cause.carried_from:
            return None
        log.info("folding_an_older_generation", partition=partition, generation=cause.carried_from)
        start = (await self.carried(cause.carried_from, partition, cause.partitions)).state
        if comparable(cause.carried_digest) and digest(start) != cause.carried_digest:
            raise DigestMismatch(
                f"partition {partition}: generation {cause.carried_from} folds to another state in this build"
            )
        return Placed(start, -1, 0)

    async def carried(self, generation: int, partition: int, partitions: int) -> Regrouped:
        """What a partition of the next generation begins with."""
        if generation not in self._older:
            count = await self._generations(generation).partitions(DECISIONS)
            self._older[generation] = [(await self.folded(generation, at)).state for at in range(count)]
        return regrouped(self._older[generation], partition, partitions)

    async def folded(self, generation: int, partition: int, start: Placed | None = None) -> Placed:
        """A partition folded to its present end, from `start` or from where `start_of` says."""
        source = self._generations(generation)
        start = start or await self.start_of(generation, partition) or Placed(PartitionState.empty(), -1, 0)
        state, head_offset, at = start.state, start.head_offset, start.next_offset
        end = await source.end_offset(DECISIONS, partition)
        tail = await source.tail(DECISIONS, {partition: at})
        try:
            while at < end:
                for record in await tail.read(wait_ms=200):
                    at = record.offset + 1
                    found = fold(state, decode_decision(record.value))
                    state = found.state
                    if found.accepted:
                        head_offset = record.offset
        finally:
            await tail.close()
        return Placed(state, head_offset, at)
