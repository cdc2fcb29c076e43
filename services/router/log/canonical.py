"""Canonical bytes of state: equal states give equal bytes on any machine, in any process.

The digest of engine.md 1.3 is taken over them; its first byte is the form of the state, for a state that has a new
field has other bytes, and a digest of another form says nothing. Maps are written in the order of their sorted keys, for their own
iteration order depends on the process's hash salt; dataclasses as their fields, those marked `derived` left out
(they are recomputed from the rest). Numbers and strings are written by `repr`, exact and alike everywhere; arrays of
floats as their bytes, little-endian.

A digest may be of a part: then maps give the entries only whose keys fall into it, and all the rest is whole.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import fields, is_dataclass
from functools import cache
from hashlib import blake2b
from heapq import merge
from itertools import chain, islice
from operator import attrgetter
from typing import Any
from weakref import ref
from zlib import crc32

import immutables
import numpy as np

from services.contract import kernels

DIGEST_BYTES = 16
Part = tuple[int, int]
"""Which one, counted from 0, and of how many."""
WHOLE: Part = (0, 1)
STATE_FORM = 12
"""Raise it with every change of the state's fields, or of their bytes: digests written before are then not compared. At most 127."""
ENTRIES_PER_STEP = 32
"""Entries of a map that are looked at, or elements of a long tuple that are written, in one step."""
ENTRIES_WRITTEN_PER_STEP = 8
"""Of a map: some 15 us where code is compiled."""
KEYS_SORTED_AT_ONCE = 4_096
_LAST: list[tuple[ref[Any], Part, bytes]] = []
_PLANS: dict[type, tuple[Any, tuple[int, ...]]] = {}
_SCALARS = frozenset({str, int, float, bool, bytes, type(None)})
_SCALAR_NAMES = frozenset({"str", "int", "float", "bool", "bytes", "int | None", "float | None"})
"""Annotations, as `from __future__ import annotations` leaves them; an optional number's 0 is not its absence."""


def canonical(value: object) -> bytes:
    """The bytes; floats must be finite, and keys of one map of one type."""
    return b"".join(_pieces(value))


def digest(value: object, part: Part = WHOLE) -> bytes:
    """The form of the state and BLAKE2b-128 of its canonical bytes, or of a part of them.

    Remembered for the last value, which decide and fold ask for in turn; it is not kept alive by that, for until the
    next digest it would hold the older version of whatever changes.
    """
    if _LAST and _LAST[0][0]() is value and _LAST[0][1] == part:
        return _LAST[0][2]
    for found in digest_in_steps(value, part):  # noqa: B007 - the last one counts
        pass
    _LAST[:] = [(ref(value), part, found)]
    return found


def digest_in_steps(value: object, part: Part = WHOLE) -> Iterator[bytes]:
    """The same in short steps, for whoever must not block; the last value is the digest."""
    sums = blake2b(digest_size=DIGEST_BYTES)
    for piece in _pieces(value, part):
        sums.update(piece)
        yield b""
    yield bytes((STATE_FORM,)) + sums.digest()


def comparable(written: bytes) -> bool:
    """False for a digest of another form of the state; form 1 had no byte that says so."""
    forms = {DIGEST_BYTES: 1, DIGEST_BYTES + 1: written[0] if written else 0}
    return forms.get(len(written), STATE_FORM) == STATE_FORM


def _pieces(value: Any, part: Part = WHOLE) -> Iterator[bytes]:
    """The bytes, a few objects of a map at a time: a whole partition as one nested tuple would wake the collector.

    Pieces may be empty, so that none takes long.
    """
    kind: Any = type(value)
    if _IS_MAP[kind]:
        yield b"{"
        found = yield from _entries_in(value, part)
        built = getattr(value, "built", None)
        keys = iter((yield from _in_order(found)))
        while some := list(islice(keys, ENTRIES_WRITTEN_PER_STEP)):
            pairs = [(key, found[key] if built is None else built(key, found[key])) for key in some]
            if any(_HAS_MAPS[type(one)] for _, one in pairs):
                for key, one in pairs:
                    yield text(key)
                    yield from _pieces(one, part)
            else:
                yield b"".join([entry(key, one) for key, one in pairs])
        yield b"}"
    elif names := _maps_inside(kind):
        for name in names:
            yield from _pieces(getattr(value, name), part)
    else:
        yield from _long(value) if is_dataclass(kind) else [text(value)]
        yield b";"


def _long(value: Any) -> Iterator[bytes]:
    """What `text` of the value is, a part of its long tuples at a time, for a desk has thousands of agents."""
    names, deep = _kept(type(value))
    between = b"("
    for at, name in enumerate(names):
        part = getattr(value, name)
        if isinstance(part, tuple) and len(part) > ENTRIES_PER_STEP:
            between += b"("
            for begin in range(0, len(part), ENTRIES_PER_STEP):
                yield between + b", ".join(map(text, part[begin : begin + ENTRIES_PER_STEP]))
                between = b", "
            between = b"), "
        else:
            empty = not isinstance(part, np.ndarray) and not part
            yield between + (text(None if empty else part) if at in deep else repr(part).encode())
            between = b", "
    yield between.removesuffix(b", ") + (b",)" if len(names) == 1 else b")")


class _AreMaps(dict[type, bool]):
    """Whether values of a type are maps, however those are kept (packed.py)."""

    def __missing__(self, kind: type) -> bool:
        return self.setdefault(kind, kind is immutables.Map or hasattr(kind, "STANDS_FOR"))


_IS_MAP = _AreMaps()


class _HaveMaps(dict[type, bool]):
    """Whether values of a type are maps, or have any."""

    def __missing__(self, kind: type) -> bool:
        return self.setdefault(kind, _IS_MAP[kind] or bool(_maps_inside(kind)))


_HAS_MAPS = _HaveMaps()


def _entries_in(value: Any, part: Part) -> Generator[bytes, None, dict[Any, Any]]:
    """The map's entries in a part of it; what has maps itself, such as a desk, is in each, for those have parts of their own.

    Of a packed map they are rows, of which the values are built one at a time.
    """
    which, count = part
    entries = iter(value.rows() if hasattr(value, "rows") else value.items())
    kind: Any = type(next(iter(value.values()), None))
    all_of_them = count == 1 or _maps_inside(kind)
    found: dict[Any, Any] = {}
    while some := list(islice(entries, ENTRIES_PER_STEP)):
        found.update(
            some
            if all_of_them
            else [(key, one) for key, one in some if crc32(_name(key).encode()) % count == which]
        )
        yield b""
    return found


def _in_order(found: dict[Any, Any]) -> Generator[bytes, None, Iterable[Any]]:
    """The keys, sorted."""
    keys, runs = list(found), []
    for at in range(0, len(keys), KEYS_SORTED_AT_ONCE):
        runs.append(sorted(keys[at : at + KEYS_SORTED_AT_ONCE]))
        yield b""
    return merge(*runs) if len(runs) > 1 else chain.from_iterable(runs)


def _name(key: Any) -> str:
    return key if type(key) is str else repr(_plain(key))


@cache
def _maps_inside(kind: type[Any]) -> tuple[str, ...]:
    """The fields of a dataclass that has maps; nothing for every other type."""
    kept = [part for part in fields(kind) if not part.metadata.get("derived")] if is_dataclass(kind) else []
    has_maps = any(str(part.type).startswith(("Map[", "Workforce")) for part in kept)
    return tuple([part.name for part in kept]) if has_maps else ()


def _plain(value: Any) -> Any:
    """The value as nested tuples of numbers, strings, bytes and None."""
    kind = type(value)
    plan = _PLANS.get(kind)
    if plan is not None:
        getter, deep = plan
        parts = list(getter(value))
        for at in deep:
            part = parts[at]
            parts[at] = _plain(part) if isinstance(part, np.ndarray) or part else None
        return tuple(parts)
    if kind in _SCALARS:
        return value
    if _IS_MAP[kind]:
        return tuple([(_plain(key), _plain(value[key])) for key in sorted(value)])
    if isinstance(value, tuple):
        return tuple([_plain(part) for part in value])
    if isinstance(value, int):
        return int(value)
    if isinstance(value, np.ndarray):
        return value.shape, value.astype("<f8").tobytes()
    if is_dataclass(kind):
        names, deep = _kept(kind)
        _PLANS[kind] = _getter(names), deep
        return _plain(value)
    raise TypeError(f"{kind.__name__} has no canonical form")


def _kept(kind: type[Any]) -> tuple[tuple[str, ...], tuple[int, ...]]:
    """The fields that are written, and which of them hold more than a number or a string.

    Empty ones of those (no owner, an empty tuple, an enum's 0) are written as None, whatever their type.
    """
    kept = [part for part in fields(kind) if not part.metadata.get("derived")]
    deep = tuple([at for at, part in enumerate(kept) if part.type not in _SCALAR_NAMES])
    return tuple([part.name for part in kept]), deep


def _getter(names: tuple[str, ...]) -> Callable[[Any], tuple[Any, ...]]:
    """Reads all fields at once."""
    if len(names) == 1:
        return lambda value, name=names[0]: (getattr(value, name),)  # type: ignore[misc] # the name is bound
    return attrgetter(*names)


def _planned(kind: type[Any]) -> tuple[tuple[str, ...], tuple[int, ...], Any] | None:
    if not is_dataclass(kind):
        return None
    names, deep = _kept(kind)
    return names, deep, _getter(names)


def text_by_python(value: Any) -> bytes:
    """The bytes of a value without maps of states."""
    return repr(_plain(value)).encode()


def entry_by_python(key: Any, value: Any) -> bytes:
    """Those of an entry of a map."""
    return f"{_plain(key)!r}{_plain(value)!r};".encode()


text, entry = text_by_python, entry_by_python
if kernels.COMPILED:
    _writer = kernels.plain.Writer(_plain, _IS_MAP, _planned, np.ndarray)
    text, entry = _writer.text, _writer.entry
