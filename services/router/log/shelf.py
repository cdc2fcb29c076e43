"""Snapshots in the log: chunks, then the manifest that makes them one; and the newest that can be trusted (engine.md 1.6).

    key                    value
    <p>/<slot>/<i>         a chunk of frames
    <p>/part/<name>/<i>    a chunk of a part, written once and named by the snapshots that need it
    <p>/<slot>             the manifest: where the chunks are, what their hashes are, where in the log the state stands

The manifest comes last, so without it there is no snapshot, and one whose chunks are not all there is none either. Two
slots in turn: the topic is compacted to the newest value of a key, so the one before always stays. Every record points
at the manifest before it, so that a reader finds its way from the end of the topic and reads nothing else.

A snapshot is trusted only when the decision at its place in the log is the one it was made at, its types are those of
this build, and its state has the digest that it had. A process that is no owner any more may write one: it is true all
the same. Where two wrote at once, the hashes tell whose chunk it is.
"""

from __future__ import annotations

import asyncio
import contextlib
import zlib
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import TypeVar

import msgspec
import structlog

from services.contract.codec import Undecodable, decode_decision
from services.contract.topics import DECISIONS, SNAPSHOTS
from services.router.log.canonical import STATE_FORM, digest_in_steps
from services.router.log.digests import Underway
from services.router.log.shapes import Misfit
from services.router.log.snapshot import (
    FORMAT,
    Part,
    frames,
    part_bytes,
    part_from,
    part_name,
    parts_of,
    state_from,
    state_types,
)
from services.router.model import PartitionState, changed
from services.runtime.log import Log, PositionLost, Record

T = TypeVar("T")
CHUNK_BYTES = 400_000
"""Before compression; below the log's bound of a record, and small, for decisions use the same connection."""
STEP_SECONDS = 0.002
"""The event loop gets a turn after this."""
STEPS_BACK_MAX = 64
"""Records looked at from the end of the topic before all of it is read."""
TRIED_MAX = 8
READS_AT_ONCE = 8
SILENT_READS_MAX = 6
"""Reads without news after which the topic holds no more: its last records may be gone."""
_MAGIC = b"FDS1"

log = structlog.get_logger()


class TooLarge(Exception):
    """The state exceeds the bound of a snapshot; nothing was made of it."""


class Chunk(msgspec.Struct, array_like=True, frozen=True):
    """Where a piece is, and the hash of its bytes."""

    offset: int
    hash: bytes


class Stored(msgspec.Struct, array_like=True, frozen=True):
    """A part that is in the log."""

    name: str
    chunks: tuple[Chunk, ...]


class Manifest(msgspec.Struct, array_like=True, frozen=True):
    """What a snapshot is made of. Fields are only added, at the end."""

    format: int
    types: bytes
    state_form: int
    generation: int
    """Of the log."""
    slot: int
    head: int
    """decision_id of the newest accepted record."""
    head_offset: int
    """Where it stands in the decisions."""
    next_offset: int
    """Of the first record that was not folded; whoever loads the snapshot goes on behind its head all the same."""
    count: int
    """Accepted records."""
    digest: bytes
    """Of the state."""
    size_bytes: int
    chunks: tuple[Chunk, ...]
    parts: tuple[Stored, ...]
    digesting: bytes = b""
    """The digest that the next digest record tells, of an earlier state, and its seal; empty where it is not known."""


@dataclass(frozen=True, slots=True)
class Placed:
    """A folded state and where it stands in the log."""

    state: PartitionState
    head_offset: int
    next_offset: int


@dataclass
class Shelf:
    """The snapshots of one partition as its writer knows them."""

    manifest_offset: int = -1
    """Of the newest one; -1 when there is none."""
    end_offset: int = 0
    """Of the topic, as the writer left it; when it is another, somebody else wrote."""
    newest: Manifest | None = None
    older: Manifest | None = None
    parts: dict[str, Stored] = field(default_factory=dict)
    """Those of both."""


# --- writing -----------------------------------------------------------------------------------------------------


async def write(source: Log, partition: int, placed: Placed, shelf: Shelf, *, bytes_max: int) -> Shelf:
    """Writes a snapshot into the slot of the older one; answers the shelf with it.

    Runs beside the loop in steps of STEP_SECONDS. Raises TooLarge, and LogError when the log is away: what is there
    then is no snapshot, and the newest one stays.
    """
    state = placed.state
    if shelf.end_offset != await source.end_offset(SNAPSHOTS, partition):
        shelf = await look(source, partition)
    slot = 1 - shelf.newest.slot if shelf.newest is not None else 0
    writer = _Writer(source, partition, shelf.manifest_offset)
    pace = _Pace()
    found_digest = await _paced(digest_in_steps(state), pace)
    data = bytearray()
    for frame in frames(state):
        data += frame
        if len(data) > bytes_max:
            raise TooLarge(f"the state of partition {partition} takes more than {bytes_max} bytes")
        await pace.step()
    parts = await _parts(writer, state, shelf, pace)
    if (
        shelf.older is not None and shelf.older.slot == slot
    ):  # this slot's chunks that the new ones do not replace
        for at in range(_chunk_count(len(data)), len(shelf.older.chunks)):
            await writer.remove(f"{partition}/{slot}/{at}")
    chunks = await writer.chunks(f"{partition}/{slot}", memoryview(data))
    manifest = Manifest(
        FORMAT,
        state_types(),
        STATE_FORM,
        state.generation,
        slot,
        state.head,
        placed.head_offset,
        placed.next_offset,
        state.count,
        found_digest,
        len(data),
        chunks,
        parts,
        await _under_way(state, found_digest, pace),
    )
    for name in shelf.parts.keys() - {part.name for part in (*parts, *_parts_of(shelf.newest))}:
        for at in range(len(shelf.parts[name].chunks)):
            await writer.remove(f"{partition}/part/{name}/{at}")
    offset = await writer.put(f"{partition}/{slot}", b"m", msgspec.msgpack.encode(manifest))
    return _shelf(offset, offset + 1, manifest, shelf.newest)


async def _under_way(state: PartitionState, found_digest: bytes, pace: _Pace) -> bytes:
    if state.digesting is None:
        return b""
    while not state.digesting.done:
        state.digesting.go_on()
        await pace.step()
    return _sealed(state.digesting.found(), found_digest)


def _sealed(digesting: bytes, found_digest: bytes) -> bytes:
    """Nothing in the state tells whether it is right, so its bytes must, and whose it is."""
    return digesting + _hash(digesting + found_digest) if digesting else b""


def _shelf(offset: int, end_offset: int, newest: Manifest | None, older: Manifest | None) -> Shelf:
    parts = {part.name: part for part in (*_parts_of(older), *_parts_of(newest))}
    return Shelf(offset, end_offset, newest, older, parts)


def _parts_of(manifest: Manifest | None) -> tuple[Stored, ...]:
    return manifest.parts if manifest is not None else ()


async def _parts(writer: _Writer, state: PartitionState, shelf: Shelf, pace: _Pace) -> tuple[Stored, ...]:
    """The state's parts, of which only those are written that are not there."""
    found = []
    for part in parts_of(state):
        name = part_name(part)
        stored = shelf.parts.get(name)
        if stored is None:
            data = part_bytes(part)
            stored = Stored(name, await writer.chunks(f"{writer.partition}/part/{name}", memoryview(data)))
        found.append(stored)
        await pace.step()
    return tuple(found)


class _Writer:
    """Appends one snapshot's records, each of which points at the manifest before it."""

    def __init__(self, source: Log, partition: int, manifest_offset: int) -> None:
        self._source, self.partition = source, partition
        self._before = manifest_offset.to_bytes(8, "big", signed=True)

    async def chunks(self, key: str, data: memoryview) -> tuple[Chunk, ...]:
        """The data in pieces, compressed beside the loop; one at a time, so that little is in flight."""
        found = []
        for at in range(_chunk_count(len(data))):
            piece = data[at * CHUNK_BYTES : (at + 1) * CHUNK_BYTES]
            packed, hashed = await asyncio.to_thread(_packed, piece)
            found.append(Chunk(await self.put(f"{key}/{at}", b"c", packed), hashed))
        return tuple(found)

    async def put(self, key: str, kind: bytes, body: bytes) -> int:
        value = b"".join((_MAGIC, kind, self._before, body))
        return await self._source.append(SNAPSHOTS, self.partition, key.encode(), value)

    async def remove(self, key: str) -> None:
        await self._source.append(SNAPSHOTS, self.partition, key.encode(), b"")


def _chunk_count(size_bytes: int) -> int:
    return -(-size_bytes // CHUNK_BYTES)


def _packed(piece: memoryview) -> tuple[bytes, bytes]:
    """The piece compressed, where that makes it smaller, and its hash."""
    squeezed = zlib.compress(piece, 1)
    packed = b"z" + squeezed if len(squeezed) < len(piece) else b"-" + bytes(piece)
    return packed, _hash(packed)


def _hash(data: bytes) -> bytes:
    return blake2b(data, digest_size=16).digest()


class _Pace:
    """Lets the event loop have its turn."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._until = self._loop.time() + STEP_SECONDS

    async def step(self) -> None:
        if self._loop.time() >= self._until:
            await asyncio.sleep(0)
            self._until = self._loop.time() + STEP_SECONDS


async def _paced(steps: Iterator[T], pace: _Pace) -> T:
    """The last value of an iterator whose steps are short."""
    for found in steps:  # noqa: B007 - the last one counts
        await pace.step()
    return found


# --- reading -----------------------------------------------------------------------------------------------------


async def look(source: Log, partition: int) -> Shelf:
    """What is on the shelf, manifests only."""
    end = await source.end_offset(SNAPSHOTS, partition)
    found = []
    async for offset, manifest in _manifests(source, partition, end):
        found.append((offset, manifest))
        if len(found) == 2:
            break
    if not found:
        return Shelf(end_offset=end)
    older = found[1][1] if len(found) > 1 else None
    return _shelf(found[0][0], end, found[0][1], older)


async def load(source: Log, partition: int) -> Placed | None:
    """The newest snapshot that can be trusted; None when the log must be folded from its start."""
    end = await source.end_offset(SNAPSHOTS, partition)
    tried = 0
    async for offset, manifest in _manifests(source, partition, end):
        tried += 1
        try:
            return await _loaded(source, partition, manifest)
        except (Misfit, PositionLost, Undecodable) as error:
            log.warning("snapshot_refused", partition=partition, offset=offset, reason=str(error))
        if tried == TRIED_MAX:
            break
    return None


async def _loaded(source: Log, partition: int, manifest: Manifest) -> Placed:
    if (manifest.format, manifest.state_form, manifest.types) != (FORMAT, STATE_FORM, state_types()):
        raise Misfit("it is of another version of the state")
    if manifest.next_offset > await source.end_offset(DECISIONS, partition):
        raise Misfit("it stands beyond the end of the decisions")
    at = await source.read_at(DECISIONS, partition, manifest.head_offset)
    if decode_decision(at.value).decision_id != manifest.head:
        raise Misfit("the decision at its place is another one")
    data = await _joined(source, partition, manifest.chunks)
    parts: dict[str, Part] = {}
    for stored in manifest.parts:
        parts[stored.name] = part_from(stored.name, await _joined(source, partition, stored.chunks))
    try:
        state = state_from(memoryview(data), parts)
    except (LookupError, TypeError, AttributeError) as error:
        raise Misfit(f"its state does not hold together: {type(error).__name__}") from error
    if (state.head, state.count) != (manifest.head, manifest.count):
        raise Misfit("its manifest is another one's")
    if await _paced(digest_in_steps(state), _Pace()) != manifest.digest:
        raise Misfit("its state has not the digest that it had")
    if manifest.digesting:
        known = manifest.digesting[: len(manifest.digest)]
        if manifest.digesting != _sealed(known, manifest.digest):
            raise Misfit("the digest under way is not its own")
        state = changed(state, digesting=Underway.known(known))
    # What was rejected behind the head is rejected again; in a log that was cut and written anew it is something else.
    return Placed(state, manifest.head_offset, manifest.head_offset + 1)


async def _joined(source: Log, partition: int, chunks: tuple[Chunk, ...]) -> bytes:
    """The pieces together; raises PositionLost or Misfit when one is no more, or is another's."""
    found = []
    for at in range(0, len(chunks), READS_AT_ONCE):
        some = chunks[at : at + READS_AT_ONCE]
        records = await asyncio.gather(
            *(source.read_at(SNAPSHOTS, partition, chunk.offset) for chunk in some), return_exceptions=True
        )
        for chunk, record in zip(some, records, strict=True):
            if isinstance(record, BaseException):
                raise record
            found.append(_unpacked(chunk, record))
    return b"".join(found)


def _unpacked(chunk: Chunk, record: Record) -> bytes:
    kind, _, body = _opened(record)
    if kind != b"c" or _hash(body) != chunk.hash:
        raise Misfit(f"the chunk at {chunk.offset} is not its own")
    try:
        return zlib.decompress(body[1:]) if body[:1] == b"z" else body[1:]
    except zlib.error as error:
        raise Misfit(f"the chunk at {chunk.offset} is damaged") from error


def _opened(record: Record) -> tuple[bytes, int, bytes]:
    """What it is (`m` or `c`), where the manifest before it stands, and its body."""
    value = record.value
    if not value.startswith(_MAGIC) or len(value) < len(_MAGIC) + 9:
        raise Misfit(f"record {record.offset} of {SNAPSHOTS} is no part of a snapshot of this version")
    at = len(_MAGIC)
    return value[at : at + 1], int.from_bytes(value[at + 1 : at + 9], "big", signed=True), value[at + 9 :]


async def _manifests(source: Log, partition: int, end: int) -> AsyncIterator[tuple[int, Manifest]]:
    """The manifests that are still there, newest first, each with its offset."""
    offset = await _newest_manifest(source, partition, end)
    while offset >= 0:
        try:
            kind, before, body = _opened(await source.read_at(SNAPSHOTS, partition, offset))
            manifest = _MANIFEST.decode(body)
        except (PositionLost, Misfit, msgspec.MsgspecError) as error:
            log.info("no_older_snapshot", partition=partition, offset=offset, reason=str(error))
            return
        if kind != b"m":
            return
        yield offset, manifest
        offset = before if before < offset else -1


async def _newest_manifest(source: Log, partition: int, end: int) -> int:
    """Its offset, by the last record that says so; -1 when there is none. Records may be gone, or tombstones."""
    start = await source.start_offset(SNAPSHOTS, partition)
    for offset in range(end - 1, max(start, end - STEPS_BACK_MAX) - 1, -1):
        with contextlib.suppress(PositionLost, Misfit):
            kind, before, _ = _opened(await source.read_at(SNAPSHOTS, partition, offset))
            return offset if kind == b"m" else before
    return await _scanned(source, partition, start, end) if end - start > STEPS_BACK_MAX else -1


async def _scanned(source: Log, partition: int, start: int, end: int) -> int:
    """The newest manifest, once all that compaction has left is read."""
    tail = await source.tail(SNAPSHOTS, {partition: start})
    found, at, silent = -1, start, 0
    try:
        while at < end and silent < SILENT_READS_MAX:
            records = await tail.read(records_max=100, wait_ms=500)
            silent = 0 if records else silent + 1
            for record in records:
                at = record.offset + 1
                with contextlib.suppress(Misfit):
                    if _opened(record)[0] == b"m":
                        found = record.offset
    finally:
        await tail.close()
    return found


_MANIFEST = msgspec.msgpack.Decoder(Manifest)
