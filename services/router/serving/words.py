"""What customers wrote, from the facts: read where somebody needs it, with what came along (docs/decisions/0062).

Facts stand beside one another, and so do those of the contacts that are offered next. So an answer of the log is kept
with all that is in it, within a bound, and who asks for a fact that a read under way may bring along waits for that first.
Everything else is read at once; the log bounds how much at a time.
"""

from __future__ import annotations

import asyncio
from bisect import bisect_left, bisect_right
from collections import OrderedDict
from typing import NamedTuple

from services.contract.codec import Undecodable, decode_fact
from services.contract.facts import ContactArrived, MentionSeen
from services.contract.topics import FACTS
from services.runtime.log import ALONG_MAX, Log, LogError, PositionLost

BYTES_MAX = 8_000_000
"""Of facts kept."""
ENTRY_BYTES = 300
"""What keeping a fact takes beside its own bytes, about."""
KEPT_SECONDS_MAX = 3_600.0
"""So that what the log has forgotten is not remembered here for long."""
AWAY_SECONDS = 1.0
"""An error that takes longer is the log's, which is away; one that comes sooner may be that fact's alone."""
AWAY = -1


class _Kept(NamedTuple):
    """A fact's bytes; empty for one that is gone."""

    value: bytes
    until: float
    """By the loop's time."""


class Words:
    """Reads facts of contacts by their places; one per replica."""

    def __init__(self, source: Log) -> None:
        self._source = source
        self._kept: OrderedDict[tuple[int, int], _Kept] = OrderedDict()
        """By partition and offset, the one read longest ago first."""
        self._bytes, self._bytes_max = 0, BYTES_MAX
        self._timer: asyncio.TimerHandle | None = None
        """While something is kept."""
        self._begun: dict[int, list[int]] = {}
        """Where reads of a partition that are under way begin, in order."""
        self._reads: dict[tuple[int, int], asyncio.Future[int]] = {}
        """The same by partition and offset; each tells how many places its answer spans, 0 where there was none, AWAY where the
        log was."""

    async def of(self, partition: int, offset: int) -> ContactArrived | None:
        """The contact as it arrived; None when the fact is gone or unreadable, and while the log is away."""
        place = (partition, offset)
        near = ALONG_MAX
        while (kept := self._kept.get(place)) is None:
            first = self._begins(partition, offset)
            if first is None or offset - first >= near:
                value = await self._read(partition, offset)
                return None if value is None else _arrived(value)
            span = await asyncio.shield(self._reads[partition, first])  # it is not only this caller's
            if span == AWAY or (not span and first == offset):  # a later card may have its words
                return None
            # Others' short answers and errors are soon waited for no more.
            near = max(min(near // 2, span), 1)
        return _arrived(kept.value)

    def close(self) -> None:
        """Nothing is kept from now on."""
        self._bytes_max = 0
        self._forget()

    def _begins(self, partition: int, offset: int) -> int | None:
        """Where the read under way begins that is nearest before the offset, or at it."""
        begun = self._begun.get(partition, ())
        index = bisect_right(begun, offset)
        return begun[index - 1] if index else None

    async def _read(self, partition: int, offset: int) -> bytes | None:
        """The fact's bytes, empty when it is gone; None when the log cannot say."""
        loop = asyncio.get_running_loop()
        read = self._reads[partition, offset] = loop.create_future()
        begun = self._begun.setdefault(partition, [])
        begun.insert(bisect_left(begun, offset), offset)
        span, asked_at = ALONG_MAX, loop.time()  # where this caller goes away nothing is known
        try:
            records = await self._source.read_along(FACTS, partition, offset)
            span = records[-1].offset + 1 - offset
            self._keep(partition, [(record.offset, record.value) for record in records])
            return records[0].value
        except PositionLost:  # for good
            span = 1
            self._keep(partition, [(offset, b"")])
            return b""
        except LogError:
            span = AWAY if loop.time() - asked_at > AWAY_SECONDS else 0
            return None
        finally:
            del begun[bisect_left(begun, offset)]
            if not begun:
                del self._begun[partition]
            del self._reads[partition, offset]
            read.set_result(span)

    def _keep(self, partition: int, facts: list[tuple[int, bytes]]) -> None:
        until = asyncio.get_running_loop().time() + KEPT_SECONDS_MAX
        for offset, value in facts:
            if (partition, offset) not in self._kept:
                self._kept[partition, offset] = _Kept(value, until)
                self._bytes += len(value) + ENTRY_BYTES
        self._forget()

    def _forget(self) -> None:
        """Down to the bound, and what has been kept for long enough; sees to it that this is done again in time."""
        loop = asyncio.get_running_loop()
        now = loop.time()
        while self._kept and (self._bytes > self._bytes_max or self._oldest_until() <= now):
            _, (value, _) = self._kept.popitem(last=False)
            self._bytes -= len(value) + ENTRY_BYTES
        if self._timer is None and self._kept:
            self._timer = loop.call_later(self._oldest_until() - now, self._due)
        elif self._timer is not None and not self._kept:
            self._timer.cancel()
            self._timer = None

    def _oldest_until(self) -> float:
        return next(iter(self._kept.values())).until

    def _due(self) -> None:
        self._timer = None
        self._forget()


def _arrived(value: bytes) -> ContactArrived | None:
    try:
        body = decode_fact(value).body
    except Undecodable:
        return None
    arrived = body.contact if isinstance(body, MentionSeen) else body
    return arrived if isinstance(arrived, ContactArrived) else None
