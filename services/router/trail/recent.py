"""What the decisions said lately: records to resume from, and where each contact was decided.

Both are caches of the log, bounded; what fell out is read from the log itself.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict, deque
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import NamedTuple

from services.contract.codec import decode_decision
from services.contract.decisions import Decision
from services.contract.topics import DECISIONS
from services.router.tail import DecisionTail
from services.router.trail.anchors import Anchor, Anchors
from services.router.trail.search import (
    BACK_RECORDS,
    Effort,
    Stretch,
    TooFarBack,
    about_fact,
    as_field,
    concerns,
    counted,
    look_back,
    opens,
)
from services.router.verdict import Verdict
from services.runtime.log import Log

RECENT_RECORDS = 2_000
"""Accepted records kept per partition for resuming watchers."""
CONTACTS_MAX = 50_000
"""Contacts whose decisions can be found without reading the log."""
OFFSETS_PER_CONTACT_MAX = 500
"""Decisions about one contact that are remembered; with more, the log is read."""
LOOKED_MAX = 10_000
"""Contacts remembered whose beginning was looked for in vain, so that nobody who asks again has it all read again."""
_NEW: list[int] = []
"""Stands for a contact that is not known yet."""


class _Looked(NamedTuple):
    """A contact's beginning is not among the records before `end`."""

    end: int = 0
    too_far: tuple[int, int] | None = None
    """Records and bytes read until that was given up; None where nothing is about it at all."""


class Trail:
    """Listens to the tail and remembers, within bounds."""

    def __init__(self, source: Log, tail: DecisionTail) -> None:
        self._source, self._tail = source, tail
        self._recent: dict[int, deque[tuple[int, Decision]]] = {
            p: deque(maxlen=RECENT_RECORDS) for p in range(tail.partitions)
        }
        self._contacts: OrderedDict[tuple[str, str], list[int] | None] = OrderedDict()
        """Offsets by desk and contact, the longest unheard of first; None when they aren't all known."""
        self._forgot = False
        self._looked: OrderedDict[tuple[str, str], _Looked] = OrderedDict()
        """By desk and contact, the one looked for longest ago first."""
        self._anchors = Anchors(source, tail)
        self._searching = asyncio.Lock()
        tail.listen(self._on_verdict)

    def since(self, partition: int, offset: int) -> list[tuple[int, Decision]] | None:
        """Accepted records after `offset`, or None when they are not all remembered."""
        recent = self._recent[partition]
        if self._tail.next_offset(partition) <= offset + 1:
            return []
        first = recent[0][0] if len(recent) == RECENT_RECORDS else self._tail.begun_at(partition)
        if first > offset + 1:
            return None
        return [(at, record) for at, record in recent if at > offset]

    async def of_contact(self, partition: int, desk_id: str, contact_id: str) -> list[tuple[int, Decision]]:
        """Every accepted decision about a desk's contact, in order.

        Where too much was decided since, or before this replica's snapshot, the log is read: from the fact that brought
        a contact which is still known, else back to where it was opened (last, where it came again after its id was
        forgotten). One such question at a time; the caller bounds the wait. Raises TooFarBack.
        """
        contact = (desk_id, contact_id)
        offsets = self._offsets(partition, contact)
        if offsets is None:
            async with self._searching:
                offsets = self._offsets(partition, contact)
                if offsets is None:
                    end = self._tail.next_offset(partition)
                    found = await self._read_from_the_log(partition, desk_id, contact_id)
                    self._learn(partition, contact, [at for at, _ in found], end)
                    return found
        records = [await self._source.read_at(DECISIONS, partition, offset) for offset in tuple(offsets)]
        return [(record.offset, decode_decision(record.value)) for record in records]

    def _offsets(self, partition: int, contact: tuple[str, str]) -> list[int] | None:
        return self._contacts.get(contact, [] if self._knows_all(partition) else None)

    async def _read_from_the_log(
        self, partition: int, desk_id: str, contact_id: str
    ) -> list[tuple[int, Decision]]:
        effort, end = Effort(), self._tail.next_offset(partition)
        desk = self._tail.state(partition).desks.get(desk_id)
        known = desk.contacts.get(contact_id) if desk is not None else None
        if known is not None:
            begin = await about_fact(self._source, partition, known.opened.fact_offset, end=end)
            found = await self._about(partition, desk_id, contact_id, begin, end, effort)
            if begin == 0 or any(opens(record, contact_id) for _, record in found):
                return found
        now = end
        if not self._forgot and (desk_id, contact_id) not in self._contacts:
            end = self._tail.begun_at(partition)  # nothing that was folded here is about it
        found, last = [], -1
        while True:
            place = await self._look_back(partition, (desk_id, contact_id), end, now, effort)
            if place is None:
                if not found:
                    self._look_no_more((desk_id, contact_id), _Looked(now))
                return found
            begin, last = max(0, place.first - BACK_RECORDS), max(last, place.last)
            found = await self._about(partition, desk_id, contact_id, begin, last + 1, effort)
            if not place.opens or any(opens(record, contact_id) for _, record in found):
                return found
            end = place.first  # it was a rival's

    async def _look_back(
        self, partition: int, contact: tuple[str, str], end: int, now: int, effort: Effort
    ) -> Stretch | None:
        """Looks through what came since it was looked for in vain; what was too far then is too far now."""
        looked = self._looked.get(contact, _Looked())
        try:
            place = await look_back(
                self._source, partition, *contact, begin=looked.end, end=end, effort=effort
            )
            if looked.too_far is not None and (place is None or not place.opens):
                raise TooFarBack(*looked.too_far)
        except TooFarBack as error:
            self._look_no_more(contact, _Looked(now, (error.records, error.bytes)))
            raise
        return place

    def _look_no_more(self, contact: tuple[str, str], looked: _Looked) -> None:
        self._looked[contact] = looked
        self._looked.move_to_end(contact)
        if len(self._looked) > LOOKED_MAX:
            self._looked.popitem(last=False)

    async def _about(
        self, partition: int, desk_id: str, contact_id: str, begin: int, end: int, effort: Effort
    ) -> list[tuple[int, Decision]]:
        named = (as_field(contact_id),)
        return [
            (at, record)
            async for at, record in self._counted(partition, begin, end, naming=named, effort=effort)
            if record.desk_id == desk_id and contact_id in concerns(record)
        ]

    def _learn(self, partition: int, contact: tuple[str, str], offsets: list[int], end: int) -> None:
        """The next one who asks about the contact need not read the log."""
        later = self.since(partition, end - 1)
        if later is None or not offsets:
            return
        desk_id, contact_id = contact
        whole = dict.fromkeys(offsets)
        whole |= dict.fromkeys(
            at for at, record in later if record.desk_id == desk_id and contact_id in concerns(record)
        )
        if len(whole) <= OFFSETS_PER_CONTACT_MAX:
            self._contacts[contact] = list(whole)
            self._bound()

    async def accepted(
        self,
        partition: int,
        *,
        after: int = -1,
        end: int | None = None,
        naming: Sequence[bytes] = (b"",),
    ) -> AsyncGenerator[tuple[int, Decision]]:
        """Accepted records beyond an offset, up to what is folded now or before `end`, each once and in order; those in
        which none of `naming` stands without their events.

        Reads from the nearest place where the chain is known (anchors.py): what is read follows from how far the
        offset is from one, not from how long the log is.
        """
        end = self._tail.next_offset(partition) if end is None else end
        async with aclosing(self._counted(partition, after + 1, end, naming=naming)) as records:
            async for one in records:
                yield one

    async def _counted(
        self,
        partition: int,
        begin: int,
        end: int,
        *,
        naming: Sequence[bytes] = (b"",),
        effort: Effort | None = None,
    ) -> AsyncGenerator[tuple[int, Decision]]:
        if begin >= end:
            return
        at, chain, walked = await self._anchors.before(partition, begin, effort)
        reading = counted(
            self._source, partition, chain, at=at, begin=begin, end=end, naming=naming, effort=effort
        )
        async with aclosing(reading) as records:
            async for offset, before, record in records:
                if walked:
                    self._anchors.reached(partition, Anchor(begin, before))
                    walked = False
                yield offset, record

    def _on_verdict(self, verdict: Verdict) -> None:
        self._anchors.fold(verdict.partition, verdict.offset, verdict.before)
        if not verdict.accepted:
            return
        self._recent[verdict.partition].append((verdict.offset, verdict.record))
        for contact_id in concerns(verdict.record):
            self._remember(verdict, contact_id)
        self._bound()

    def _bound(self) -> None:
        while len(self._contacts) > CONTACTS_MAX:
            self._contacts.popitem(last=False)
            self._forgot = True

    def _knows_all(self, partition: int) -> bool:
        """Every decision of the partition was seen here, and nothing was forgotten."""
        return not self._forgot and self._tail.begun_at(partition) == 0

    def _remember(self, verdict: Verdict, contact_id: str) -> None:
        contact = (verdict.record.desk_id, contact_id)
        offsets = self._contacts.get(contact, _NEW)
        if offsets is _NEW:
            whole = self._knows_all(verdict.partition) or opens(verdict.record, contact_id)
            offsets = self._contacts[contact] = [] if whole else None
        else:
            self._contacts.move_to_end(contact)
        if offsets is None:
            return
        offsets.append(verdict.offset)
        if len(offsets) > OFFSETS_PER_CONTACT_MAX:
            self._contacts[contact] = None
