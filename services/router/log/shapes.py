"""Values as bytes and back, exactly: what a snapshot of the state is made of (engine.md 1.6).

The bytes are MessagePack, and say nothing of types: those are the state's own annotations, from which a *shape* is
made once for each type. A dataclass or named tuple is its fields in their order, a map its pairs; numbers, strings and
bytes are what they are, so that 1, 1.0 and True stay three values, and whole numbers may have any size. Reading makes
nothing but the types that the state is declared with, and what does not fit them is refused (`Misfit`).

`described` says what a type is down to its last field. A snapshot carries it, so that bytes of other types are known
and never mis-read.
"""

from __future__ import annotations

import types
import typing
from collections.abc import Callable
from dataclasses import dataclass, fields, is_dataclass
from enum import Enum
from functools import cache, lru_cache
from operator import attrgetter
from typing import Any, Union

import immutables
import msgspec
import numpy as np

from services.contract.decisions import Need
from services.router.rows import encode as encode
from services.router.rows import reader
from services.router.waiting import Slope, Work

Map = immutables.Map
SHARED: tuple[type, ...] = (Work, Slope, Need)
"""Values of these that are equal become one object, as most of them were: contacts of a class share it."""
SHARED_MAX = 16_384
_SCALARS = frozenset({str, int, float, bool, bytes, type(None)})


class Misfit(ValueError):
    """Bytes that are not what the type says; they are of another version, or damaged."""


@dataclass(frozen=True, slots=True)
class Shape:
    """How values of one type are written; `None` where a value is written and read as it is."""

    wire: Any
    """What it is on the wire, as a type for msgspec."""
    plain: Callable[[Any], Any] | None = None
    """The value in wire types."""
    build: Callable[[Any], Any] | None = None
    """The reverse."""


RAW = Shape(Any)


def packed(shape: Shape, value: Any) -> bytes:
    """A value as bytes."""
    return encode(value if shape.plain is None else shape.plain(value))


def decoder(shape: Shape) -> Callable[[bytes | memoryview], Any]:
    """Reads values of the shape; raises Misfit."""
    read = reader(shape.wire)

    def decode(data: bytes | memoryview) -> Any:
        try:
            wire = read(data)
            return wire if shape.build is None else shape.build(wire)
        except (msgspec.MsgspecError, ValueError, TypeError) as error:
            raise Misfit(f"a snapshot's bytes are not what they should be: {error}") from error

    return decode


@cache
def shape_of(kind: Any) -> Shape:
    """The shape of a type, by its annotation; raises TypeError for one that has none."""
    if kind in _SCALARS or kind is Any:
        return RAW
    if isinstance(kind, type) and issubclass(kind, Enum):
        return Shape(kind)
    origin, parts = typing.get_origin(kind), typing.get_args(kind)
    if origin in (Union, types.UnionType):
        return _optional(parts)
    if origin is tuple:
        return _sequence(parts[0]) if parts[1:] == (Ellipsis,) else _fixed(parts)
    if origin in (Map, dict):
        return _pairs(origin, *parts)
    if origin is np.ndarray:
        return Shape(tuple[Any, tuple[int, ...], bytes], _array_plain, _array)
    if kind in SHARED:
        return _shared(kind)
    if (stands_for := getattr(kind, "STANDS_FOR", None)) is not None:
        return _pairs(kind, *typing.get_args(stands_for))
    if isinstance(kind, type) and (is_dataclass(kind) or issubclass(kind, tuple)):
        return _record(kind)
    raise TypeError(f"{kind} has no shape")


def row(*kinds: Any) -> Any:
    """The type of a tuple of exactly these, made at run time."""
    return types.GenericAlias(tuple, kinds)


def rows(*kinds: Any) -> Any:
    """The type of a tuple of any number of such tuples."""
    return types.GenericAlias(tuple, (row(*kinds), ...))


def columns(kind: type) -> dict[str, Any]:
    """The fields of a dataclass or named tuple with their types, in order."""
    hints = typing.get_type_hints(kind)
    names = [part.name for part in fields(kind)] if is_dataclass(kind) else list(kind._fields)  # type: ignore[attr-defined]
    return {name: hints[name] for name in names}


def fresh(kind: type, values: dict[str, Any]) -> Any:
    """A dataclass with these fields and no others, as quickly as can be."""
    if hasattr(kind, "__slots__"):
        return kind(**values)
    made: Any = object.__new__(kind)
    object.__setattr__(made, "__dict__", values)
    return made


def described(kind: Any, seen: set[Any] | None = None) -> str:
    """The type in words, with all that it is made of, each once."""
    seen = set() if seen is None else seen
    kind = getattr(kind, "STANDS_FOR", kind)
    origin, parts = typing.get_origin(kind), typing.get_args(kind)
    if origin is not None:
        name = getattr(origin, "__name__", str(origin))
        return f"{name}[{', '.join('...' if one is Ellipsis else described(one, seen) for one in parts)}]"
    name = getattr(kind, "__qualname__", str(kind))
    if kind in seen or kind in _SCALARS or not isinstance(kind, type):
        return name
    seen.add(kind)
    if is_dataclass(kind) or (issubclass(kind, tuple) and kind is not tuple):
        inside = [f"{name}: {described(one, seen)}" for name, one in columns(kind).items()]
        return f"{name}({', '.join(inside)})"
    return name


# --- kinds of shapes ---------------------------------------------------------------------------------------------


def _optional(parts: tuple[Any, ...]) -> Shape:
    rest = [part for part in parts if part is not type(None)]
    if all(part in _SCALARS for part in rest):
        return RAW
    if len(rest) != 1:
        raise TypeError(f"{parts} has no shape: one of several types")
    inner = shape_of(rest[0])
    if inner.wire is Any:
        return RAW
    plain, build = inner.plain, inner.build
    return Shape(
        inner.wire | None if inner.wire is not msgspec.Raw else inner.wire,
        plain and (lambda value: None if value is None else plain(value)),
        build
        if inner.wire is msgspec.Raw
        else build and (lambda wire: None if wire is None else build(wire)),
    )


def _sequence(part: Any) -> Shape:
    inner = shape_of(part)
    plain, build = inner.plain, inner.build
    return Shape(
        types.GenericAlias(tuple, (inner.wire, ...)),
        plain and (lambda value: tuple([plain(one) for one in value])),
        build and (lambda wire: tuple([build(one) for one in wire])),
    )


def _fixed(parts: tuple[Any, ...]) -> Shape:
    shapes = [shape_of(part) for part in parts]
    wire = row(*[one.wire for one in shapes])
    plain = _each([one.plain for one in shapes])
    build = _each([one.build for one in shapes])
    return Shape(wire, plain, build)


def _pairs(origin: Any, key: Any, value: Any) -> Shape:
    inner = _sequence(row(key, value))
    plain, build = inner.plain, inner.build

    def to_plain(found: Any) -> Any:
        pairs = tuple(found.items())
        return pairs if plain is None else plain(pairs)

    def to_map(wire: Any) -> Any:
        return origin(wire if build is None else build(wire))

    return Shape(inner.wire, to_plain, to_map)


def _record(kind: type) -> Shape:
    """A dataclass or a named tuple."""
    named = columns(kind)
    names = tuple(named)
    inner = _fixed(tuple(named.values()))
    take = attrgetter(*names) if len(names) > 1 else lambda value, name=names[0]: (getattr(value, name),)
    build, plain = inner.build, inner.plain
    if not is_dataclass(kind):
        make: Any = kind._make  # type: ignore[attr-defined]
        return Shape(inner.wire, plain, make if build is None else lambda wire: make(build(wire)))

    def to_plain(value: Any) -> Any:
        found = take(value)
        return found if plain is None else plain(found)

    return Shape(inner.wire, to_plain, _maker(kind, names, build))


def _maker(kind: Any, names: tuple[str, ...], build: Callable[[Any], Any] | None) -> Callable[[Any], Any]:
    """Makes a dataclass of its fields in their order; those without slots have a dictionary no larger than they need."""
    if not hasattr(kind, "__slots__"):
        return lambda wire: fresh(
            kind, dict(dict(zip(names, wire if build is None else build(wire), strict=True)))
        )
    if any(part.kw_only for part in fields(kind)):
        return lambda wire: kind(**dict(zip(names, wire if build is None else build(wire), strict=True)))
    return lambda wire: kind(*(wire if build is None else build(wire)))


def _shared(kind: type) -> Shape:
    """A record that is read once for all places where the same bytes stand; None where `nil` stands."""
    inner = _record(kind)
    read = decoder(inner)

    @lru_cache(maxsize=SHARED_MAX)
    def known(data: bytes) -> Any:
        return read(data)

    def build(raw: Any) -> Any:
        data = bytes(raw)
        return None if data == _NIL else known(data)

    return Shape(msgspec.Raw, inner.plain, build)


def _each(steps: list[Callable[[Any], Any] | None]) -> Callable[[Any], tuple[Any, ...]] | None:
    """Applies a step to each part that needs one."""
    deep = [(at, step) for at, step in enumerate(steps) if step is not None]
    if not deep:
        return None

    def all_parts(value: Any) -> tuple[Any, ...]:
        parts = list(value)
        for at, step in deep:
            parts[at] = step(parts[at])
        return tuple(parts)

    return all_parts


def _array_plain(value: Any) -> Any:
    return value.dtype.str, value.shape, value.tobytes()


def _array(wire: Any) -> Any:
    """Never written to, as all arrays of the state."""
    dtype, shape, data = wire
    return np.frombuffer(data, dtype=dtype).reshape(shape)


_NIL = b"\xc0"
