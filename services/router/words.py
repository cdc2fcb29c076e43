"""What customers wrote, from the facts: read where somebody needs it, with what came along (docs/decisions/0062).

Facts stand beside one another, and so do those of the contacts that are offered next. So an answer of the log is kept
with all that is in it, within a bound, and who asks while a partition is being read waits for that answer first.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from typing import NamedTuple

from services.contract.codec import Undecodable, decode_fact
from services.contract.facts import ContactArrived, MentionSeen
from services.contract.topics import FACTS
from services.runtime.log import Log, LogError, PositionLost

BYTES_MAX = 8_000_000
"""Of facts kept."""
ENTRY_BYTES = 300
"""What keeping a fact takes beside its own bytes, about."""
KEPT_SECONDS_MAX = 3_600.0
"""So that what the log has forgotten is not remembered here for long."""


class _Kept(NamedTuple):
    """A fact's bytes; empty for one that is gone."""

    value: bytes
    read_at: float


class Words:
    """Reads facts of contacts by their places; one per replica."""

    def __init__(self, source: Log) -> None:
        self._source = source
        self._kept: OrderedDict[tuple[int, int], _Kept] = OrderedDict()
        """By partition and offset, the one read longest ago first."""
        self._bytes = 0
        self._reading: dict[int, asyncio.Future[bool]] = {}
        """By partition; says whether the log answered."""

    async def of(self, partition: int, offset: int) -> ContactArrived | None:
        """The contact as it arrived; None when the fact is gone or unreadable, and while the log is away."""
        place = (partition, offset)
        self._forget()
        while (kept := self._kept.get(place)) is None:
            reading = self._reading.get(partition)
            if reading is None:
                answered = await self._read(partition, offset)
            else:
                answered = await asyncio.shield(reading)  # it is not only this caller's
            if not answered:  # a later card may have its words
                return None
        return _arrived(kept.value)

    async def _read(self, partition: int, offset: int) -> bool:
        reading = self._reading[partition] = asyncio.get_running_loop().create_future()
        answered = True  # also where this caller goes away: whoever waits asks then
        try:
            for record in await self._source.read_along(FACTS, partition, offset):
                self._keep(partition, record.offset, record.value)
        except PositionLost:  # for good
            self._keep(partition, offset, b"")
        except LogError:
            answered = False
        finally:
            del self._reading[partition]
            reading.set_result(answered)
        return answered

    def _keep(self, partition: int, offset: int, value: bytes) -> None:
        place = (partition, offset)
        if place not in self._kept:
            self._kept[place] = _Kept(value, asyncio.get_running_loop().time())
            self._bytes += len(value) + ENTRY_BYTES

    def _forget(self) -> None:
        since = asyncio.get_running_loop().time() - KEPT_SECONDS_MAX
        while self._kept and (self._bytes > BYTES_MAX or next(iter(self._kept.values())).read_at < since):
            _, (value, _) = self._kept.popitem(last=False)
            self._bytes -= len(value) + ENTRY_BYTES


def _arrived(value: bytes) -> ContactArrived | None:
    try:
        body = decode_fact(value).body
    except Undecodable:
        return None
    arrived = body.contact if isinstance(body, MentionSeen) else body
    return arrived if isinstance(arrived, ContactArrived) else None
