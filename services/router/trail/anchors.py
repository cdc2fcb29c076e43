"""Places of the decision log where the chain is known: from there accepted records are read on, exactly.

Only the chain tells which records count, so a reader cannot begin anywhere. What is known: the log's start, what is
folded now, and places kept while folding, at even distances. A position behind such a place is reached by reading on.
Where the nearest one is ahead (a replica that began at a snapshot folded nothing before it), the chain is walked back:
an accepted record names the accepted one before it by its id, so those before a known head lie on one path, whatever
a rival appended between them. Records are read in blocks for that, of which ids are kept and nothing else.
"""

from __future__ import annotations

import asyncio
from bisect import bisect_right
from collections import deque
from typing import NamedTuple

from services.contract.chain import Chain
from services.contract.codec import decode_decision, decode_link
from services.contract.topics import DECISIONS
from services.router.model import PartitionState
from services.router.tail import DecisionTail
from services.router.trail.search import READ_RECORDS_MAX, Effort
from services.runtime.log import Log, PositionLost, Tail

ANCHOR_EVERY_RECORDS = 1_000
"""Distance of the places kept while folding, until there are too many."""
ANCHORS_MAX = 256
"""Places kept per partition; with more, every other one is forgotten and the distance doubles."""
WALKED_MAX = 16
"""Places kept per partition that readers came to by walking back."""
BLOCK_RECORDS = 4_000
"""Records of which a walk keeps the ids at a time."""
SETTLE_RECORDS = 1_000
"""A walk goes on for so many records before the position. Of a record that was appended twice it may take the later
copy; read on from there, the first one counts again before the position is reached."""
BEYOND_RECORDS = 100
"""A walk reads so many records at a time where it only looks for the next accepted one."""


class Anchor(NamedTuple):
    """What the chain is before the record at an offset."""

    offset: int
    chain: Chain
    walked: bool = False
    """Found by walking back just now: worth remembering where the reader comes to from here."""


class Anchors:
    """Known places by partition, and the way to others."""

    def __init__(self, source: Log, tail: DecisionTail) -> None:
        self._source, self._tail = source, tail
        self._every = dict.fromkeys(range(tail.partitions), ANCHOR_EVERY_RECORDS)
        self._folded: dict[int, list[Anchor]] = {p: [] for p in range(tail.partitions)}
        """By offset, rising."""
        self._walked: dict[int, deque[Anchor]] = {p: deque(maxlen=WALKED_MAX) for p in range(tail.partitions)}
        self._walking: dict[int, asyncio.Lock] = {p: asyncio.Lock() for p in range(tail.partitions)}

    def fold(self, partition: int, offset: int, before: PartitionState) -> None:
        """The record at an offset is folded, onto this state."""
        if offset % self._every[partition]:
            return
        known = self._folded[partition]
        known.append(Anchor(offset, before.chain))
        if len(known) > ANCHORS_MAX:
            every = self._every[partition] = 2 * self._every[partition]
            self._folded[partition] = [anchor for anchor in known if anchor.offset % every == 0]

    def reached(self, partition: int, anchor: Anchor) -> None:
        """A reader came here from a place that a walk found."""
        self._walked[partition].append(anchor)

    async def before(self, partition: int, offset: int, effort: Effort | None = None) -> Anchor:
        """A place at or before an offset from which every accepted record from the offset on is met by reading on.

        Reads about twice as many records as lie between the offset and the nearest known place, at the most. One walk
        of a partition at a time: the next reader may find where that one came to. Raises PositionLost when the log
        does not hold the records that would tell (less than SETTLE_RECORDS behind a start that is not 0, unless a place
        is known there), TooFarBack when the effort has a bound, else what the log raises.
        """
        start = await self._source.start_offset(DECISIONS, partition)
        found = self._near(partition, offset, start)
        if found is not None:
            return found
        async with self._walking[partition]:
            found = self._near(partition, offset, start)
            return found or await self._walk(partition, offset, start, effort)

    def _near(self, partition: int, offset: int, start: int) -> Anchor | None:
        """The nearest place behind that the log still holds, unless the way back from ahead is shorter."""
        folded = self._folded[partition]
        at = bisect_right(folded, offset, key=_offset)
        known = (*self._walked[partition], *folded[max(0, at - 1) : at])
        behind = [anchor for anchor in known if start <= anchor.offset <= offset]
        if start == 0:
            behind.append(Anchor(0, Chain()))
        if not behind:
            return None
        nearest = max(behind, key=_offset)
        back = self._ahead(partition, offset).offset - offset + 2 * SETTLE_RECORDS
        return nearest if offset - nearest.offset <= back else None

    def _ahead(self, partition: int, offset: int) -> Anchor:
        """The nearest place that is known exactly and not before the offset."""
        folded = self._folded[partition]
        at = bisect_right(folded, offset, key=_offset)
        if at < len(folded):
            return folded[at]
        return Anchor(self._tail.next_offset(partition), self._tail.state(partition).chain)

    async def _walk(self, partition: int, offset: int, start: int, effort: Effort | None) -> Anchor:
        """Back over the accepted records from the place ahead, to the first one that is well before the offset."""
        ahead = self._ahead(partition, offset)
        goal, wanted, end = offset - SETTLE_RECORDS, ahead.chain.head, ahead.offset
        tail = await self._source.tail(DECISIONS, {partition: max(start, end - 1)})
        try:
            while wanted and end > start:
                begin = max(start, end - BLOCK_RECORDS, min(end, goal) - BEYOND_RECORDS)
                for at, decision_id, prev_id in reversed(await _links(tail, partition, begin, end, effort)):
                    if decision_id != wanted:
                        continue
                    if at < goal:
                        return await self._after(partition, at)
                    wanted = prev_id
                    if not wanted:
                        break
                end = begin
        finally:
            await tail.close()
        if start > 0:
            raise PositionLost(
                f"{DECISIONS} {partition} begins at {start}: nothing tells what counts from {offset} on"
            )
        return Anchor(0, Chain(), walked=True)

    async def _after(self, partition: int, at: int) -> Anchor:
        record = decode_decision((await self._source.read_at(DECISIONS, partition, at)).value)
        return Anchor(at + 1, Chain().after(record), walked=True)


async def _links(
    tail: Tail, partition: int, begin: int, end: int, effort: Effort | None
) -> list[tuple[int, int, int]]:
    """Offset, id and predecessor's id of the records from `begin` on, before `end`."""
    tail.seek(partition, begin)
    links: list[tuple[int, int, int]] = []
    while begin + len(links) < end:
        wanted = min(READ_RECORDS_MAX, end - begin - len(links))
        records = await tail.read(records_max=wanted, wait_ms=200)
        if effort is not None:
            effort.count(records)
        links += [(read.offset, *decode_link(read.value)) for read in records]
        await asyncio.sleep(0)
    return links


def _offset(anchor: Anchor) -> int:
    return anchor.offset
