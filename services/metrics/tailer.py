"""Reads the embedded log's decisions from the start into the board: exact after a restart by folding again.

Nothing is stored, so nothing can be torn: a start costs the time to fold the log (see benchmarks/metrics_fold.py).
"""

from __future__ import annotations

import asyncio

from services.contract.topics import DECISIONS
from services.metrics.folding import fold
from services.metrics.ledger import Ledger
from services.metrics.store import Board
from services.runtime.log import Log, Tail

BATCH_RECORDS = 500


class Tailer:
    """Owns all partitions of an embedded log; run it once."""

    def __init__(self, log: Log, board: Board, *, keep_quarters: int, publish_ms: int) -> None:
        self._log, self._board = log, board
        self._keep_quarters, self._publish_seconds = keep_quarters, publish_ms / 1000
        self._ready = asyncio.Event()

    async def ready(self) -> None:
        """Returns once everything that was in the log at the start is folded and exported."""
        await self._ready.wait()

    async def run(self) -> None:
        """Folds until cancelled. Raises MetricsError, UnknownCause or LogError: then nothing may go on."""
        board, partitions = self._board, range(self._board.partitions)
        for partition in partitions:
            target = await self._log.end_offset(DECISIONS, partition)
            board.own(Ledger(partition, keep_quarters=self._keep_quarters), target=target)
        self._publish()
        tail = await self._log.tail(DECISIONS, dict.fromkeys(partitions, 0))
        try:
            await self._follow(tail)
        finally:
            for partition in partitions:
                board.drop(partition)
            await tail.close()

    async def _follow(self, tail: Tail) -> None:
        published = 0.0
        loop = asyncio.get_running_loop()
        while True:
            records = await tail.read(records_max=BATCH_RECORDS)
            for record in records:
                fold(self._board, record.partition, record.offset, record.value)
            if len(records) < BATCH_RECORDS or loop.time() - published >= self._publish_seconds:
                self._publish()
                published = loop.time()

    def _publish(self) -> None:
        self._board.publish()
        if self._board.caught_up():
            self._ready.set()
