"""The facts that an owner is to decide: of the group's partitions, and of those that it decides without the group.

Both are read at once; whatever comes first is decided, and nothing of one waits for the other.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import structlog

from services.router.owning.parting import Parting
from services.router.tail import AWAY_RETRY_SECONDS, AWAY_SECONDS_MAX
from services.runtime.log import LogError, LogUnavailable, Ownership, Record, Tail

AGAIN_SECONDS = 0.005
"""Nothing is read while nothing can be decided; then it is looked again."""

log = structlog.get_logger()


class Sources:
    """Reads that are under way. One that nobody waits for any more is cancelled; what it had found is read again, for an
    owner that sees a hole seeks."""

    def __init__(
        self,
        parting: Parting,
        *,
        records_max: int,
        patience_ms: Callable[[], int],
        takes: Callable[[int], bool],
    ) -> None:
        """`patience_ms` answers how long a read may wait for facts, `takes` whether those of a partition are decided now."""
        self._parting, self._records_max, self._patience_ms = parting, records_max, patience_ms
        self._takes = takes
        self._reads: dict[Ownership | Tail, asyncio.Future[list[Record]]] = {}
        self._away_since: float | None = None

    async def read(self, group: Ownership | None) -> list[Record]:
        """What the first to answer has, with what the other has by then."""
        alone = self._parting.facts
        for source in self._reads.keys() - {group, alone}:
            self._reads.pop(source).cancel()
        if group is not None and not self._parting.holding and not self._reads:
            return await self._of_group(group)
        if group is not None and group not in self._reads:
            self._reads[group] = asyncio.ensure_future(self._of_group(group))
        full = alone is not None and not any(map(self._takes, self._parting.held))
        if alone is not None and alone not in self._reads and not full:
            self._reads[alone] = asyncio.ensure_future(self._without_group(alone))
        waiting: list[asyncio.Future[Any]] = [*self._reads.values(), *self._parting.opening]
        if not waiting:
            await asyncio.sleep(AGAIN_SECONDS)
            return []
        patience = AGAIN_SECONDS if full else None
        await asyncio.wait(waiting, timeout=patience, return_when=asyncio.FIRST_COMPLETED)
        done = [source for source, reading in self._reads.items() if reading.done()]
        return [record for source in done for record in self._reads.pop(source).result()]

    def close(self) -> None:
        """Nothing is read any more."""
        for reading in self._reads.values():
            reading.cancel()
        self._reads.clear()

    async def _of_group(self, group: Ownership) -> list[Record]:
        """A log that is away is waited for up to AWAY_SECONDS_MAX, then LogUnavailable is raised."""
        loop = asyncio.get_running_loop()
        try:
            records = await group.read(records_max=self._records_max, wait_ms=self._patience_ms())
        except LogUnavailable as error:
            self._away_since = self._away_since or loop.time()
            if loop.time() - self._away_since > AWAY_SECONDS_MAX:
                raise
            log.warning("facts_not_read", error=str(error))
            await asyncio.sleep(AWAY_RETRY_SECONDS)
            return []
        self._away_since = None
        return records

    async def _without_group(self, facts: Tail) -> list[Record]:
        """Without a log nobody decides, so no partition is held on to."""
        try:
            records = await facts.read(records_max=self._records_max, wait_ms=self._patience_ms())
        except LogError as error:
            log.warning("facts_not_read", error=str(error))
            self._parting.give_up(facts)
            return []
        self._parting.looked({record.partition for record in records})
        return [
            record
            for record in records
            if self._parting.holds(record.partition) and self._takes(record.partition)
        ]
