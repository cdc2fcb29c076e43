"""Where in the decision log a contact stands, found without decoding what is not about it; and what finding it may cost.

The place found is a hint, for a rival's record that does not count may say the same as one that does. Whoever reads on
from it, some way back, by the chain, checks that what is met there opens the contact.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from services.contract.chain import Chain
from services.contract.codec import decode_decision, decode_outline
from services.contract.decisions import ContactOpened, Decision
from services.contract.topics import DECISIONS
from services.runtime.log import Log, Record, Tail

BACK_RECORDS = 200
"""How far before the place found reading begins."""
BLOCK_RECORDS = 10_000
"""Records that are looked through, from their first to their last, before those that stand before them."""
READ_RECORDS_MAX = 500
YIELD_EVERY_RECORDS = 100
"""The event loop gets a turn after so many records were decoded."""
RECORDS_MAX = 1_000_000
BYTES_MAX = 500_000_000
"""Most that one question may read of the log: some three seconds of a processor that also decides."""
DECODED_RECORDS = 10
"""To decode a record costs as much as to look through so many."""


class TooFarBack(Exception):
    """The answer takes more of the log than one question may read."""

    def __init__(self, records: int, bytes_: int) -> None:
        super().__init__(f"after {records} records of {bytes_} bytes")
        self.records, self.bytes = records, bytes_


@dataclass(slots=True)
class Effort:
    """What one question has read."""

    records: int = 0
    bytes: int = 0
    decoded: int = 0

    def count(self, read: Sequence[Record]) -> None:
        """Records were read; raises TooFarBack once it is too much."""
        self.records += len(read)
        self.bytes += sum([len(one.value) for one in read])
        self._check()

    def decode(self) -> None:
        """A record that may say something of it is to be decoded; raises TooFarBack once it is too much."""
        self.decoded += 1
        self._check()

    def _check(self) -> None:
        if self.records + DECODED_RECORDS * self.decoded > RECORDS_MAX or self.bytes > BYTES_MAX:
            raise TooFarBack(self.records, self.bytes)


def as_field(text: str) -> bytes:
    """A text as it stands in a record that has it as a field, its length before it; so that what is part of another
    text, as a short id may be, is not taken for it."""
    data = text.encode()
    length, prefix = len(data), bytearray()
    while length > 0x7F:
        prefix.append(length & 0x7F | 0x80)
        length >>= 7
    return bytes((*prefix, length)) + data


class Stretch(NamedTuple):
    """Where a contact's records may lie."""

    first: int
    """The newest one that opens the contact; where none does, the oldest about it that the log holds."""
    last: int
    opens: bool


def concerns(record: Decision) -> tuple[str, ...]:
    """Contacts that a record says something about, each once, in the order of its events."""
    named = dict.fromkeys([getattr(event, "contact_id", "") for event in record.events])
    named.pop("", None)
    return tuple(named)


def opens(record: Decision, contact_id: str) -> bool:
    """True where the contact begins."""
    return any(isinstance(event, ContactOpened) and event.contact_id == contact_id for event in record.events)


async def about_fact(source: Log, partition: int, fact_offset: int, *, end: int) -> int:
    """An offset not far before the record that decides a fact, among those before `end`; found by halving.

    Accepted records name facts that never fall; those of rivals between them may name others. Asks for one record at a
    time, twenty of a million. Raises what the log raises.
    """
    low = await source.start_offset(DECISIONS, partition)
    begin, high = low, end
    while low < high:
        middle = (low + high) // 2
        record = decode_decision((await source.read_at(DECISIONS, partition, middle)).value)
        if record.fact_offset < fact_offset:
            low = middle + 1
        else:
            high = middle
    return max(begin, low - BACK_RECORDS)


async def look_back(
    source: Log, partition: int, desk_id: str, contact_id: str, *, begin: int = 0, end: int, effort: Effort
) -> Stretch | None:
    """Where a contact of which nothing else is known stands from `begin` on, before `end`: back in blocks, as far as the
    newest record that opens it. None when no record there is about it.

    An id says nothing of its time, so no place is ruled out; but only records in which it stands as a field are decoded, a
    tenth of the work. Raises what the log raises, and TooFarBack.
    """
    start, named = max(begin, await source.start_offset(DECISIONS, partition)), as_field(contact_id)
    if end <= start:
        return None
    first = last = -1
    tail = await source.tail(DECISIONS, {partition: end - 1})
    try:
        while end > start:
            block = max(start, end - BLOCK_RECORDS)
            hits = reversed(await _naming(tail, partition, block, end, named, effort))
            for number, read in enumerate(hits, 1):
                if number % YIELD_EVERY_RECORDS == 0:
                    await asyncio.sleep(0)
                effort.decode()
                record = decode_decision(read.value)
                if record.desk_id != desk_id or contact_id not in concerns(record):
                    continue
                first, last = read.offset, max(last, read.offset)
                if opens(record, contact_id):
                    return Stretch(first, last, opens=True)
            end = block
    finally:
        await tail.close()
    return Stretch(first, last, opens=False) if last >= 0 else None


async def _naming(
    tail: Tail, partition: int, begin: int, end: int, named: bytes, effort: Effort
) -> list[Record]:
    """Records from `begin` on, before `end`, in which these bytes stand."""
    tail.seek(partition, begin)
    found: list[Record] = []
    while begin < end:
        records = await tail.read(records_max=min(READ_RECORDS_MAX, end - begin), wait_ms=200)
        effort.count(records)
        begin += len(records)
        found += [read for read in records if named in read.value]
        await asyncio.sleep(0)
    return found


async def counted(
    source: Log,
    partition: int,
    chain: Chain,
    *,
    at: int,
    begin: int,
    end: int,
    naming: Sequence[bytes] = (b"",),
    effort: Effort | None = None,
) -> AsyncGenerator[tuple[int, Chain, Decision]]:
    """Accepted records from `begin` on, before `end`, each with what the chain is before it; read from `at` on, where it
    is `chain`.

    Those in which none of `naming` stands come without their events. Holds READ_RECORDS_MAX at a time.
    """
    tail = await source.tail(DECISIONS, {partition: at})
    try:
        while at < end:
            records = await tail.read(records_max=min(READ_RECORDS_MAX, end - at), wait_ms=200)
            if effort is not None:
                effort.count(records)
            for number, read in enumerate(records, 1):
                if number % YIELD_EVERY_RECORDS == 0:
                    await asyncio.sleep(0)
                at = read.offset + 1
                whole = read.offset >= begin and any(one in read.value for one in naming)
                if whole and effort is not None:
                    effort.decode()
                record = decode_decision(read.value) if whole else decode_outline(read.value)
                if chain.accepts(record):
                    if read.offset >= begin:
                        yield read.offset, chain, record
                    chain = chain.after(record)
            await asyncio.sleep(0)
    finally:
        await tail.close()
