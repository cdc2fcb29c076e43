"""Maps of much that is seldom looked at: a few bytes an entry instead of several Python objects.

A value that nobody changes, as `immutables.Map` is: `set` and `delete` answer another map, which shares with this one
what is alike. Entries stand in buckets (buckets.py), whose number follows the number of entries, one bucket at a time
(linear hashing: Litwin 1980), so no step takes long. An entry costs its bytes and four more.
Where an entry stands depends on the order of changes, so nothing may depend on the order of iteration.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Self, TypeVar, overload
from zlib import crc32

import immutables

from services.contract import kernels
from services.router.buckets import (
    BUCKET_ENTRIES,
    Aged,
    Buckets,
    entries,
    entry,
    tree_of,
    with_one_more,
    without_last,
)
from services.router.rows import lengthened, shortened

K = TypeVar("K")
V = TypeVar("V")
D = TypeVar("D")
Map = immutables.Map
_BYTE = [bytes((number,)) for number in range(256)]
_STRINGS_BELOW = 0xF0
"""A key's first byte: the length of a string, this for a long one, or above it the length of a shortened id."""
_SHORTENED = _STRINGS_BELOW + 1 - 16
_NOTHING: Any = Map()


class PackedMap(Buckets, Generic[K, V]):
    """What a kind of map says of itself are its keys and rows as bytes (`mark`, `key`, `key_end`, `row`, `value`)."""

    __slots__ = ()
    STANDS_FOR: ClassVar[Any]
    """The map that it is to digests and snapshots, which know nothing of how it is kept."""
    ENTRIES: ClassVar[int] = BUCKET_ENTRIES
    KEYS: ClassVar[int] = 0
    """By which compiled code knows how they are written; 0 where it does not."""

    def __init__(self, pairs: Iterable[tuple[K, V]] = ()) -> None:
        rows = {self.mark(key): self.row(one) for key, one in pairs}
        self._size = len(rows)
        self._count = max(1, -(-self._size // self.ENTRIES))
        self._mask = (1 << (self._count - 1).bit_length()) - 1
        buckets: list[list[bytes]] = [[] for _ in range(self._count)]
        for mark, row in rows.items():
            buckets[self._place(mark)].append(entry(mark, row))
        self._root = tree_of([b"".join(some) for some in buckets])

    if TYPE_CHECKING:  # what buckets.py has, with the types of this map

        @overload  # type: ignore[override] # of this map's types
        def get(self, key: K) -> V | None: ...
        @overload
        def get(self, key: K, default: V | D) -> V | D: ...
        def get(self, key: Any, default: Any = None) -> Any: ...

    def __getitem__(self, key: K) -> V:
        row = self.row_of(key)
        if row is None:
            raise KeyError(key)
        value: V = self.value(key, row)
        return value

    def delete(self, key: K) -> Self:
        """Without the key; raises KeyError when it is not there."""
        row, left = self._taken(key)
        if row is None:
            raise KeyError(key)
        return left

    def taken(self, key: K) -> tuple[V | None, Self]:
        """The value of a key and the map without it; None and the same map when it is not there."""
        row, left = self._taken(key)
        return (None if row is None else self.value(key, row)), left

    def __len__(self) -> int:
        return self._size

    def items(self) -> Iterator[tuple[K, V]]:
        """All entries, in no particular order, as all that follows."""
        for key, row in self.rows():
            yield key, self.value(key, row)

    def rows(self) -> Iterator[tuple[K, bytes]]:
        """All entries with their rows, of which `built` makes the values."""
        for bucket in self.buckets():
            for begin, end in entries(bucket):
                at = self.key_end(bucket, begin)
                yield self.key(bucket[begin:at]), bucket[at:end]

    def built(self, key: K, row: bytes) -> V:
        """The value of an entry from `rows`."""
        value: V = self.value(key, row)
        return value

    def __iter__(self) -> Iterator[K]:
        for bucket in self.buckets():
            for begin, _ in entries(bucket):
                yield self.key(bucket[begin : self.key_end(bucket, begin)])

    keys = __iter__

    def values(self) -> Iterator[V]:
        for _, value in self.items():
            yield value

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return self._size == other._size and (
            self._root == other._root or dict(self.items()) == dict(other.items())
        )

    __hash__ = None  # type: ignore[assignment] # as a dictionary's

    def __repr__(self) -> str:
        return f"{type(self).__name__}({dict(self.items())!r})"

    def buckets(self) -> Iterator[bytes]:
        """As they are kept."""
        return map(self._bucket, range(self._count))

    def _split(self) -> Self:
        """With one bucket more, which takes its part of the one that stood for it so far."""
        new, mask = self._count, (1 << self._count.bit_length()) - 1
        old = new & (mask >> 1)
        bucket = self._bucket(old)
        stays, moves = self._parted(bucket, new, mask) or self.parted_by_python(bucket, new, mask)
        left = self._with(old, stays, self._size)
        return self._made(with_one_more(left._root, new, moves), new + 1, mask, self._size)

    def parted_by_python(self, bucket: bytes, new: int, mask: int) -> tuple[bytes, bytes]:
        """The entries that stay in a bucket which is split, and those that move to the new one."""
        parts: tuple[list[bytes], list[bytes]] = ([], [])
        last = 0
        for begin, end in entries(bucket):
            hashed = crc32(bucket[begin : self.key_end(bucket, begin)])
            parts[hashed & mask == new].append(bucket[last:end])
            last = end
        stays, moves = (b"".join(part) for part in parts)
        return stays, moves

    def _joined(self) -> Self:
        """With one bucket less: the last one's entries go back to where they came from."""
        last = self._count - 1
        old = last & (self._mask >> 1)
        joined = self._with(old, self._bucket(old) + self._bucket(last), self._size)
        root = without_last(joined._root, self._count)
        return self._made(root, last, (1 << (last - 1).bit_length()) - 1, self._size)


class OfText(PackedMap[str, V]):
    """Keys are ids and keyed hashes."""

    __slots__ = ()
    KEYS = 1

    @staticmethod
    def mark(key: str) -> bytes:
        short = shortened(key)
        if isinstance(short, bytes):
            return _BYTE[_SHORTENED + len(short)] + short
        data = short.encode(errors="surrogatepass")
        if len(data) < _STRINGS_BELOW:
            return _BYTE[len(data)] + data
        return _BYTE[_STRINGS_BELOW] + len(data).to_bytes(4, "big") + data

    if kernels.COMPILED and not TYPE_CHECKING:
        mark_by_python, mark = mark, staticmethod(kernels.ids.mark_of_text)

    @staticmethod
    def key(data: bytes) -> str:
        first = data[0]
        if first > _STRINGS_BELOW:
            return lengthened(data[1:])
        return data[1 if first < _STRINGS_BELOW else 5 :].decode(errors="surrogatepass")

    @staticmethod
    def key_end(data: bytes, at: int) -> int:
        first = data[at]
        if first < _STRINGS_BELOW:
            return at + 1 + first
        if first > _STRINGS_BELOW:
            return at + 1 + first - _SHORTENED
        return at + 5 + int.from_bytes(data[at + 1 : at + 5], "big")


class OfNumber(PackedMap[int, V]):
    """Keys are whole numbers from 0 to 2^64 - 1."""

    __slots__ = ()
    KEYS = 2

    @staticmethod
    def mark(key: int) -> bytes:
        return key.to_bytes(8, "big")

    @staticmethod
    def key(data: bytes) -> int:
        return int.from_bytes(data, "big")

    @staticmethod
    def key_end(data: bytes, at: int) -> int:  # noqa: ARG004 - as its kind of map has it
        return at + 8


class AgedMap(Aged, Generic[K, V]):
    """A map whose older entries are packed: what is new is as quick as in any map, what is put away takes little room.

    An entry stays where it is until it is put away or deleted. Nothing that can be seen depends on where that is.
    """

    __slots__ = ()
    STANDS_FOR: ClassVar[Any]
    """The map that it is to digests and snapshots."""
    PACKED: ClassVar[type[PackedMap[Any, Any]]]

    def __init__(self, pairs: Iterable[tuple[K, V]] = ()) -> None:
        """All of them put away."""
        self.fresh = _NOTHING
        self.packed = self.PACKED(pairs)

    if TYPE_CHECKING:  # what buckets.py has, with the types of this map

        @overload  # type: ignore[override] # of this map's types
        def get(self, key: K) -> V | None: ...
        @overload
        def get(self, key: K, default: V | D) -> V | D: ...
        def get(self, key: Any, default: Any = None) -> Any: ...
        def __getitem__(self, key: K) -> V: ...

    def items(self) -> Iterator[tuple[K, V]]:
        """All entries, in no particular order, as all that follows."""
        yield from self.fresh.items()
        yield from self.packed.items()

    def rows(self) -> Iterator[tuple[K, V | bytes]]:
        """All entries as they are kept, of which `built` makes the values."""
        yield from self.fresh.items()
        yield from self.packed.rows()

    def built(self, key: K, kept: V | bytes) -> V:
        """The value of an entry from `rows`."""
        return self.packed.built(key, kept) if isinstance(kept, bytes) else kept

    def __iter__(self) -> Iterator[K]:
        yield from self.fresh
        yield from self.packed

    keys = __iter__

    def values(self) -> Iterator[V]:
        yield from self.fresh.values()
        yield from self.packed.values()

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return len(self) == len(other) and dict(self.items()) == dict(other.items())

    __hash__ = None  # type: ignore[assignment] # as a dictionary's

    def __repr__(self) -> str:
        return f"{type(self).__name__}({dict(self.items())!r})"
