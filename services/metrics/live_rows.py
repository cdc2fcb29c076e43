"""What stands now, as stored rows: written whole at every flush, into the other of two sets, and named by the head.

A total may be ahead of the head, for its own row says so; what stands now may not, or totals folded again would be
counted against the wrong state. So a flush writes a set that the head of the flush before does not name; whatever is
cut, the head's own set is whole (engine.md 3.2).
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator, Mapping
from itertools import islice

import msgspec

from services.metrics.errors import RowTooLarge, Torn
from services.metrics.live import LiveDesk
from services.runtime.log import RECORD_BYTES_MAX

CONTACTS_PER_ROW = 4_000
ENTRIES_PER_ROW = 4_000
"""Agents, messages due and the like of several desks in one row; a desk with more has a row of its own."""


class StoredLive(msgspec.Struct, array_like=True, frozen=True):
    """One row: desks with everything but their contacts, or with some of these; the former come first in a set."""

    at: int
    """Offset of the flush that wrote it."""
    desks: dict[str, LiveDesk]


def live_rows(desks: Mapping[str, LiveDesk], at: int) -> list[bytes]:
    """All that stands, in as many rows as it takes; raises RowTooLarge."""
    rows, some, entries = [], dict[str, LiveDesk](), 0
    for desk_id, live in desks.items():
        some[desk_id] = LiveDesk(
            {},
            live.agents,
            live.due,
            live.left,
            live.changes,
            live.revised,
            live.overloaded,
            live.accrued_ms,
        )
        entries += 1 + len(live.agents) + len(live.due) + len(live.left) + len(live.revised)
        if entries >= ENTRIES_PER_ROW:
            rows.append(_pack(StoredLive(at, some)))
            some, entries = {}, 0
    if some or not rows:
        rows.append(_pack(StoredLive(at, some)))
    contacts = _contacts(desks)
    while part := list(islice(contacts, CONTACTS_PER_ROW)):
        some = {}
        for desk_id, contact_id in part:
            found = some.setdefault(desk_id, LiveDesk({}))
            found.contacts[contact_id] = desks[desk_id].contacts[contact_id]
        rows.append(_pack(StoredLive(at, some)))
    return rows


def restored(partition: int, read: Callable[[int], bytes | None], rows: int, at: int) -> dict[str, LiveDesk]:
    """What stood at offset `at`, from so many rows; raises Torn when one is missing or of another flush."""
    desks: dict[str, LiveDesk] = {}
    for index in range(rows):
        data = read(index)
        try:
            row = None if data is None else msgspec.msgpack.decode(zlib.decompress(data), type=StoredLive)
        except (msgspec.DecodeError, zlib.error) as error:
            raise Torn(partition, at, f"row {index} of what stands now cannot be read ({error})") from error
        if row is None or row.at != at:
            raise Torn(partition, at, f"row {index} of what stands now is missing or of another flush")
        for desk_id, part in row.desks.items():
            if desk_id in desks:
                desks[desk_id].contacts.update(part.contacts)
            else:
                desks[desk_id] = part
    for live in desks.values():
        live.recount()
    return desks


def _contacts(desks: Mapping[str, LiveDesk]) -> Iterator[tuple[str, str]]:
    for desk_id, live in desks.items():
        for contact_id in live.contacts:
            yield desk_id, contact_id


def _pack(row: StoredLive) -> bytes:
    data = zlib.compress(msgspec.msgpack.encode(row), 1)
    if len(data) > RECORD_BYTES_MAX:
        raise RowTooLarge(f"a row has {len(data)} bytes, at most {RECORD_BYTES_MAX} fit into the log")
    return data
