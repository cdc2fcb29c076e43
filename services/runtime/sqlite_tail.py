"""A reader of the embedded log at explicit positions; the part that a tail and a group member share."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from services.runtime.log import LogUnavailable, Record
from services.runtime.sqlite_reader import News, Reader, batch


class SqliteTail:
    """Reads partitions of one topic from where each stands; implements `Tail`."""

    def __init__(self, reader: Reader, news: News, topic: str, positions: Mapping[int, int]) -> None:
        self._reader = reader
        self._news = news
        self._topic = topic
        self._positions = dict(positions)
        self._paused: set[int] = set()
        self._closed = False

    async def read(self, *, records_max: int = 500, wait_ms: int = 200) -> list[Record]:
        loop = asyncio.get_running_loop()
        until = loop.time() + wait_ms / 1000
        while True:
            if self._closed:
                raise LogUnavailable(f"this reader of {self._topic} has been closed")
            mark = self._news.mark(self._topic)
            asked = {p: at for p, at in self._positions.items() if p not in self._paused}
            found = []
            if asked:
                found = await self._reader.run(
                    lambda connection, asked=asked: batch(connection, self._topic, asked, records_max)  # type: ignore[misc]
                )
            records = self._take(found, asked)
            left = until - loop.time()
            if records or left <= 0:
                return records
            await self._news.wait(self._topic, mark, left)

    def seek(self, partition: int, offset: int) -> None:
        self._positions[partition] = offset
        if partition in self._paused:
            self._paused.discard(partition)
            self._news.tell([self._topic])

    def rest(self, partition: int) -> None:
        self._paused.add(partition)

    async def close(self) -> None:
        self._closed = True
        self._news.tell([self._topic])

    def _take(self, found: list[Record], asked: Mapping[int, int]) -> list[Record]:
        """What of an answer still counts: a seek, pause or hand-over during the question voids its part."""
        if not found:
            return found
        valid = {p for p, at in asked.items() if self._positions.get(p) == at and p not in self._paused}
        records = [record for record in found if record.partition in valid]
        for record in records:
            self._positions[record.partition] = record.offset + 1
        if records:
            # The partition read last goes to the end of the line, so that a busy one does not starve others.
            last = records[-1].partition
            order = list(self._positions)
            turn = order.index(last) + 1
            self._positions = {p: self._positions[p] for p in order[turn:] + order[:turn]}
        return records
