"""The state of a partition as frames of bytes, and back: equal in every field, so that folding goes on as if it had
never stopped (engine.md 1.6).

A record whose fields hold maps is a *tree*: one frame for its other fields, then each branch in its order; a map is its
size and then frames of a few entries each, so that whoever writes can pause anywhere. What follows from the rest (who
is signed in, groups, columns) is made anew; what cannot be made anew exactly, such as the board of learned counts as it
was last published, is written though it is derived.

The memory of facts is large, and most of it never changes: its runs and older buckets are *parts*, known by name and
kept beside the snapshots, so that each is written once (docs/decisions/0050-snapshots.md).
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, is_dataclass
from functools import cache
from hashlib import blake2b
from operator import attrgetter
from typing import Any, get_args, get_origin

import immutables
import numpy as np

from services.router.crew import Crew
from services.router.groups import Groups
from services.router.log.canonical import STATE_FORM
from services.router.log.seen import Bucket, Replies, Run, Seen, run_of
from services.router.log.shapes import (
    Misfit,
    columns,
    decoder,
    described,
    encode,
    fresh,
    packed,
    row,
    rows,
    shape_of,
)
from services.router.model import AgentState, DeskState, PartitionState
from services.router.roster import Roster
from services.router.waiting import Trace
from services.router.workforce import Workforce

Map = immutables.Map
FORMAT = 1
"""Of frames and parts; raise it with every change of this module."""
ENTRIES_PER_FRAME = 64
_LENGTH = struct.Struct(">I")
_REMADE: dict[type, frozenset[str]] = {
    DeskState: frozenset({"trace", "groups", "crew"}),
    PartitionState: frozenset({"seen", "digesting"}),
}
"""Fields that are not written here; what digest is under way stands in the manifest."""

Part = Run | Bucket
Read = Callable[[bytes | memoryview], Any]


def part_name(part: Part) -> str:
    """Equal parts have one name, and others another one: marks are sums of 64-bit hashes of what is inside."""
    if isinstance(part, Run):
        return f"run-{part.day}-{part.count}-{part.mark:016x}"
    return f"bucket-{part.day}-{len(part.replies)}-{part.mark:016x}"


def parts_of(state: PartitionState) -> tuple[Part, ...]:
    """What is kept beside the frames: runs, and all buckets but the newest, which still grows."""
    return (*state.seen.runs, *state.seen.buckets[1:])


def part_bytes(part: Part) -> bytes:
    """A part's content; `part_from` reads it with its name."""
    if isinstance(part, Run):
        return bytes(part.sorted)
    return packed(shape_of(Bucket), part)


def part_from(name: str, data: bytes) -> Part:
    """The part of a name; raises Misfit when the bytes are not its own."""
    if name.startswith("run-"):
        if len(data) % 8:
            raise Misfit(f"{name} has {len(data)} bytes")
        found: Part = run_of(int(name.split("-")[1]), np.frombuffer(data, dtype=np.uint64).copy())
    else:
        found = decoder(shape_of(Bucket))(data)
    if part_name(found) != name:
        raise Misfit(f"{name} holds {part_name(found)}")
    return found


def frames(state: PartitionState) -> Iterator[bytes]:
    """The state without its parts, a little at a time; each frame takes well under a millisecond."""
    yield from _written(state, PartitionState)
    seen = state.seen
    newest = seen.buckets[0] if seen.buckets else Bucket(0)
    runs = tuple([part_name(run) for run in seen.runs])
    older = tuple([part_name(bucket) for bucket in seen.buckets[1:]])
    yield _framed(encode((runs, older, seen.dropped, bool(seen.buckets), newest.day, newest.mark)))
    yield from _map_written(newest.replies, Replies.STANDS_FOR)


def state_from(data: memoryview, parts: Mapping[str, Part]) -> PartitionState:
    """The state that the frames were made of; raises Misfit."""
    source = _Frames(data)
    values = _values(source, PartitionState)
    runs, older, dropped, has_newest, day, mark = source.take(_SEEN)
    replies = _packed_read(source, Replies)
    if not source.at_end:
        raise Misfit("a snapshot goes on after its end")
    try:
        kept = tuple([parts[name] for name in older])
        found = tuple([parts[name] for name in runs])
    except KeyError as error:
        raise Misfit(f"a snapshot lacks its part {error}") from error
    newest = (Bucket(day, replies, mark),) if has_newest else ()
    values["seen"] = Seen((*newest, *kept), found, dropped)  # type: ignore[arg-type] # checked by their names
    found_state: PartitionState = fresh(PartitionState, values)
    return found_state


@cache
def state_types() -> bytes:
    """Stands for the types of the state, down to the last field, and for how they are written."""
    kinds = [PartitionState, DeskState, Workforce, AgentState, Bucket]
    words = [f"{FORMAT} {STATE_FORM} {ENTRIES_PER_FRAME}"]
    for kind in kinds:
        names = {name: one for name, one in _types(kind).items() if name not in _REMADE.get(kind, ())}
        seen: set[Any] = set(kinds)
        words += [f"{kind.__name__}.{name}: {described(one, seen)}" for name, one in names.items()]
    return blake2b("\n".join(words).encode(), digest_size=16).digest()


# --- trees -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Tree:
    """How a record with maps inside is written."""

    leaves: tuple[str, ...]
    take: Callable[[Any], Any]
    plain: Callable[[Any], Any]
    read: Read
    branches: tuple[tuple[str, Any], ...]
    """Names and types of the fields with maps."""


class _Frames:
    """Frames behind one another."""

    def __init__(self, data: memoryview) -> None:
        self._data, self._at = data, 0

    @property
    def at_end(self) -> bool:
        return self._at == len(self._data)

    def take(self, read: Read) -> Any:
        at = self._at + _LENGTH.size
        if at > len(self._data):
            raise Misfit("a snapshot ends too soon")
        (length,) = _LENGTH.unpack_from(self._data, self._at)
        self._at = at + length
        if self._at > len(self._data):
            raise Misfit("a snapshot ends too soon")
        return read(self._data[at : self._at])


def _framed(data: bytes) -> bytes:
    return _LENGTH.pack(len(data)) + data


def _written(value: Any, kind: Any) -> Iterator[bytes]:
    if kind is Workforce:
        yield from _map_written(value.by_id, Map[str, AgentState])
    elif _is_map(kind):
        yield from _map_written(value, getattr(kind, "STANDS_FOR", kind))
    else:
        tree = _tree(kind)
        yield _framed(encode(tree.plain(tree.take(value))))
        for name, branch in tree.branches:
            yield from _written(getattr(value, name), branch)


def _map_written(value: Any, kind: Any) -> Iterator[bytes]:
    key, item = get_args(kind)
    if _is_tree(item):
        yield _framed(encode(len(value)))
        for name, one in value.items():
            yield _framed(packed(shape_of(key), name))
            yield from _written(one, item)
        return
    entries = shape_of(rows(key, item))
    yield _framed(encode(len(value)))
    batch: list[Any] = []
    for pair in value.items():
        batch.append(pair)
        if len(batch) == ENTRIES_PER_FRAME:
            yield _framed(packed(entries, tuple(batch)))
            batch = []
    if batch:
        yield _framed(packed(entries, tuple(batch)))


def _read(source: _Frames, kind: Any) -> Any:
    if kind is Workforce:
        return _map_read(source, Map[str, AgentState])
    if get_origin(kind) is Map:
        return _map_read(source, kind)
    if hasattr(kind, "STANDS_FOR"):
        return _packed_read(source, kind)
    values = _values(source, kind)
    return _desk(values) if kind is DeskState else fresh(kind, dict(values))


def _values(source: _Frames, kind: Any) -> dict[str, Any]:
    tree = _tree(kind)
    found = dict(zip(tree.leaves, source.take(tree.read), strict=True))
    for name, branch in tree.branches:
        found[name] = _read(source, branch)
    return {name: found[name] for name in columns(kind) if name in found} if kind is not DeskState else found


def _map_read(source: _Frames, kind: Any) -> Any:
    key, item = get_args(kind)
    size: int = source.take(_COUNT)
    found: dict[Any, Any] = {}
    if _is_tree(item):
        read = decoder(shape_of(key))
        for _ in range(size):
            name = source.take(read)
            found[name] = _read(source, item)
        return Map(found)
    return _whole(Map(dict(_entries_of(source, _entries(key, item), size))), size)


def _packed_read(source: _Frames, kind: Any) -> Any:
    """A map of a kind of its own, an entry at a time: there is no room for all as they are when they are not packed."""
    size: int = source.take(_COUNT)
    return _whole(kind(_entries_of(source, _entries(*get_args(kind.STANDS_FOR)), size)), size)


def _whole(found: Any, size: int) -> Any:
    if len(found) != size:
        raise Misfit("a snapshot's map has a key twice")
    return found


def _entries_of(source: _Frames, read: Read, size: int) -> Iterator[tuple[Any, Any]]:
    left = size
    while left > 0:
        entries = source.take(read)
        if not entries:
            raise Misfit("a snapshot's map is shorter than it says")
        yield from entries
        left -= len(entries)
    if left < 0:
        raise Misfit("a snapshot's map is longer than it says")


def _desk(values: dict[str, Any]) -> DeskState:
    """A desk with what follows from its configuration, from who is signed in, and from beliefs and prices in force."""
    agents, learned, prices = values["agents"], values["learned"], values["prices"]
    roster = Roster(values["desk"])
    groups = Groups(roster)
    values["groups"] = groups
    values["crew"] = Crew(
        roster,
        {agent_id: agent.presence for agent_id, agent in agents.items()},
        beliefs=learned.beliefs,
        tariff=groups.tariff(prices.epoch, dict(prices.of_group)),
    )
    values["agents"] = Workforce.of(roster.seats, dict(agents))
    values["trace"] = Trace(None, None, ("", ""))
    made: DeskState = fresh(DeskState, {name: values[name] for name in DeskState.__dataclass_fields__})
    return made


@cache
def _tree(kind: type) -> _Tree:
    named = {name: one for name, one in _types(kind).items() if name not in _REMADE.get(kind, ())}
    leaves = {name: one for name, one in named.items() if not _has_maps(one)}
    shape = shape_of(row(*leaves.values()))
    plain = shape.plain or (lambda value: value)
    names = tuple(leaves)
    take = (
        attrgetter(*names) if len(names) > 1 else lambda value: tuple([getattr(value, one) for one in names])
    )
    branches = tuple([(name, one) for name, one in named.items() if name not in leaves])
    return _Tree(names, take, plain, decoder(shape), branches)


@cache
def _types(kind: type) -> dict[str, Any]:
    """Fields with their types; the agents at work are a map by id, whose columns are made anew."""
    if kind is Workforce:
        return {"by_id": Map[str, AgentState]}
    return columns(kind)


def _has_maps(kind: Any) -> bool:
    return _is_map(kind) or _is_tree(kind)


def _is_map(kind: Any) -> bool:
    """A map, however it is kept (packed.py)."""
    return get_origin(kind) is Map or hasattr(kind, "STANDS_FOR")


@cache
def _is_tree(kind: Any) -> bool:
    """A record with maps in its fields, or in those of theirs."""
    if kind is Workforce:
        return True
    return (
        isinstance(kind, type)
        and get_origin(kind) is None
        and is_dataclass(kind)
        and any(_has_maps(one) for name, one in _types(kind).items() if name not in _REMADE.get(kind, ()))
    )


@cache
def _entries(key: Any, item: Any) -> Read:
    return decoder(shape_of(rows(key, item)))


_COUNT = decoder(shape_of(int))
_SEEN = decoder(shape_of(tuple[tuple[str, ...], tuple[str, ...], int, bool, int, int]))
