"""When a snapshot is written: by the owner, of the folded state, after so many decisions or so much time (engine.md 1.6).

After as many decisions as the state has objects, where those are more: writing takes as long as there are objects, so it
costs a decision the same at any size, and what a restart folds takes a few times as long as reading what was kept.

One at a time, and beside the loop: deciding goes on meanwhile. A snapshot that cannot be written is no fault of the
router's; the one before it stays, and a restart folds more.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection

import structlog

from services.router.log import shelf
from services.router.measures import SnapshotMeasures
from services.router.tail import DecisionTail
from services.runtime.log import Log, LogError
from services.runtime.observe import frames_of

LOOK_SECONDS = 1.0
MEGABYTE = 1_000_000

log = structlog.get_logger()


class SnapshotWriter:
    """Keeps snapshots of the partitions that are decided here; `run` until cancelled."""

    def __init__(
        self,
        source: Log,
        tail: DecisionTail,
        decided: Callable[[], Collection[int]],
        measures: SnapshotMeasures,
        *,
        decisions: int,
        seconds: float,
        megabytes_max: int,
    ) -> None:
        """`decided` answers the partitions that are decided here right now."""
        self._source, self._tail, self._decided, self._measures = source, tail, decided, measures
        self._decisions, self._seconds, self._bytes_max = decisions, seconds, megabytes_max * MEGABYTE
        self._shelves: dict[int, shelf.Shelf] = {}
        self._kept: dict[int, tuple[int, float]] = {}
        """Per partition: decisions that its newest snapshot holds, and when it was looked at last."""

    async def run(self) -> None:
        while True:
            for partition in sorted(self._decided()):
                if self._is_due(partition):
                    await self.keep(partition)
            await asyncio.sleep(LOOK_SECONDS)

    async def keep(self, partition: int) -> bool:
        """Writes one now; False when that failed, which is counted and said."""
        loop = asyncio.get_running_loop()
        placed, began = self._tail.placed(partition), loop.time()
        self._kept[partition] = (placed.state.count, began)  # one that fails is tried again after as long
        result = "failed"
        try:
            known = self._shelves.get(partition) or await shelf.look(self._source, partition)
            known = await shelf.write(self._source, partition, placed, known, bytes_max=self._bytes_max)
            self._shelves[partition] = known
            result = "written"
        except shelf.TooLarge as error:
            result = "too_large"
            log.warning("snapshot_not_written", partition=partition, reason=str(error))
        except LogError as error:
            self._shelves.pop(partition, None)
            log.warning("snapshot_not_written", partition=partition, reason=str(error))
        except Exception as error:  # a fault in here must not stop the desks, which need no snapshot to go on
            self._shelves.pop(partition, None)
            log.error(
                "snapshot_failed", partition=partition, error=type(error).__name__, frames=frames_of(error)
            )
        finally:
            self._measures.written.labels(result).inc()
        if result == "written" and known.newest is not None:
            self._measures.bytes.labels(str(partition)).set(known.newest.size_bytes)
            self._measures.seconds.observe(loop.time() - began)
        return result == "written"

    def _is_due(self, partition: int) -> bool:
        state, now = self._tail.state(partition), asyncio.get_running_loop().time()
        begun = state.count if self._tail.begun_at(partition) else 0
        kept, at = self._kept.setdefault(partition, (begun, now))
        more = state.count - kept
        return more >= max(self._decisions, state.objects()) or (more > 0 and now - at >= self._seconds)
