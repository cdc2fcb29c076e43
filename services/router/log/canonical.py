"""Canonical bytes of state: equal states give equal bytes on any machine, in any process.

The digest of engine.md 1.3 is taken over them. Maps are written in the order of their sorted keys, for their own
iteration order depends on the process's hash salt; dataclasses as their fields, those marked `derived` left out
(they are recomputed from the rest). Numbers and strings are written by `repr`, exact and alike everywhere.
"""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from hashlib import blake2b
from operator import attrgetter
from typing import Any

import immutables

DIGEST_BYTES = 16
_LAST: list[tuple[object, bytes]] = []
_GETTERS: dict[type, Any] = {}


def canonical(value: object) -> bytes:
    """The bytes; floats must be finite, and keys of one map of one type."""
    return repr(_plain(value)).encode()


def digest(value: object) -> bytes:
    """BLAKE2b-128 of the canonical bytes; remembered for the last value, which decide and fold ask for in turn."""
    if _LAST and _LAST[0][0] is value:
        return _LAST[0][1]
    found = blake2b(canonical(value), digest_size=DIGEST_BYTES).digest()
    _LAST[:] = [(value, found)]
    return found


def _plain(value: Any) -> Any:
    """The value as nested tuples of numbers, strings, bytes and None."""
    kind = type(value)
    if kind is str or kind is int or value is None or kind is bool or kind is float or kind is bytes:
        return value
    if kind is tuple:
        return tuple([_plain(part) for part in value])
    if kind is immutables.Map:
        return tuple([(_plain(key), _plain(value[key])) for key in sorted(value)])
    getter = _GETTERS.get(kind)
    if getter is not None:
        return tuple([_plain(part) for part in getter(value)])
    if isinstance(value, int):
        return int(value)
    if isinstance(value, tuple):
        return tuple([_plain(part) for part in value])
    if is_dataclass(kind):
        _GETTERS[kind] = _getter(kind)
        return _plain(value)
    raise TypeError(f"{kind.__name__} has no canonical form")


def _getter(kind: type) -> Any:
    names = [field.name for field in fields(kind) if not field.metadata.get("derived")]
    if len(names) == 1:
        return lambda value, name=names[0]: (getattr(value, name),)
    return attrgetter(*names)
