"""How packed maps are kept: entries one behind the other in *buckets* of about BUCKET_ENTRIES, each one `bytes`.

    key's hash -> bucket:  | length | key | row | length | key | row | ...

The buckets stand in a tree of tuples, WIDTH in each: to change one copies a few short tuples, a third of what
`immutables.Map` has to.

This is what is meant, and what runs where nothing was compiled; services/contract/kernels/buckets.pyx does the same in a fifth of the time.
What is written is alike to the last byte.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, ClassVar, Self
from zlib import crc32

from services.contract import kernels

BUCKET_ENTRIES = 24
"""On average. More of them save little (101 bytes a bucket) and take longer to walk through."""
WIDTH_BITS = 3
WIDTH = 1 << WIDTH_BITS
_LONG = 255
"""Stands for a length of more than this, which four bytes behind it say."""
_BYTE = [bytes((number,)) for number in range(256)]
_MISSING: Any = object()


class BucketsInPython:
    """The part of a packed map that every record needs; what keys and rows are is said by the kind of map."""

    __slots__ = ("_count", "_mask", "_root", "_size")
    ENTRIES: ClassVar[int] = BUCKET_ENTRIES
    _root: tuple[Any, ...]
    _count: int
    """Buckets; the number follows the number of entries, one bucket at a time."""
    _mask: int
    _size: int

    @staticmethod
    def mark(key: Any) -> bytes:
        """The key's bytes, which are never the beginning of another's."""
        raise NotImplementedError

    @staticmethod
    def key(data: bytes) -> Any:
        """The key of these bytes."""
        raise NotImplementedError

    @staticmethod
    def key_end(data: bytes, at: int) -> int:
        """Where the key ends that begins here."""
        raise NotImplementedError

    @staticmethod
    def row(value: Any) -> bytes:
        """The value's bytes."""
        raise NotImplementedError

    @staticmethod
    def value(key: Any, row: bytes) -> Any:
        """The reverse."""
        raise NotImplementedError

    def row_of(self, key: Any) -> bytes | None:
        """The row of a key, for who needs little of it; None when the key is not there."""
        mark = self.mark(key)
        bucket = self._bucket(self._place(mark))
        begin, end = found(bucket, mark)
        return bucket[begin + len(mark) : end] if end else None

    def get(self, key: Any, default: Any = None) -> Any:
        row = self.row_of(key)
        return default if row is None else self.value(key, row)

    def __contains__(self, key: object) -> bool:
        mark = self.mark(key)
        return found(self._bucket(self._place(mark)), mark)[1] > 0

    def set(self, key: Any, value: Any) -> Self:
        """With this entry, in place of another one of the key."""
        mark = self.mark(key)
        made = entry(mark, self.row(value))
        place = self._place(mark)
        bucket = self._bucket(place)
        begin, end = found(bucket, mark)
        if end:
            bucket = bucket[: begin - _head(begin, end)] + made + bucket[end:]
            return self._with(place, bucket, self._size)
        size = self._size + 1
        after = self._with(place, bucket + made, size)
        return after._split() if size > self._count * self.ENTRIES else after

    def _taken(self, key: Any) -> tuple[bytes | None, Self]:
        mark = self.mark(key)
        place = self._place(mark)
        bucket = self._bucket(place)
        begin, end = found(bucket, mark)
        if not end:
            return None, self
        row = bucket[begin + len(mark) : end]
        left = bucket[: begin - _head(begin, end)] + bucket[end:]
        made = self._with(place, left, self._size - 1)
        return row, made._joined() if 2 * made._size < (made._count - 1) * self.ENTRIES else made

    def _place(self, mark: bytes) -> int:
        place = crc32(mark) & self._mask
        return place if place < self._count else place & (self._mask >> 1)

    def _bucket(self, place: int) -> bytes:
        node: Any = self._root
        for level in range(depth_of(self._count), -1, -1):
            node = node[place >> WIDTH_BITS * level & WIDTH - 1]
        return node  # type: ignore[no-any-return]

    def _with(self, place: int, bucket: bytes, size: int) -> Self:
        """With another bucket at this place, and so many entries."""
        root = replaced(self._root, depth_of(self._count), place, bucket)
        return self._made(root, self._count, self._mask, size)

    def _made(self, root: tuple[Any, ...], count: int, mask: int, size: int) -> Self:
        made = object.__new__(type(self))
        made._root, made._count, made._mask, made._size = root, count, mask, size
        return made

    def _parted(self, bucket: bytes, new: int, mask: int) -> tuple[bytes, bytes] | None:  # noqa: ARG002 - as its compiled kin
        """`parted_by_python` by compiled code; None where it is left to that."""
        return None

    def _split(self) -> Self:
        raise NotImplementedError

    def _joined(self) -> Self:
        raise NotImplementedError


class AgedInPython:
    """A map of two parts; where an entry stands cannot be seen."""

    __slots__ = ("fresh", "packed")
    fresh: Any
    packed: Any

    def get(self, key: Any, default: Any = None) -> Any:
        known = self.fresh.get(key, _MISSING)
        if known is not _MISSING:
            return known
        return self.packed.get(key, default) if self.packed._size else default

    def __getitem__(self, key: Any) -> Any:
        known = self.fresh.get(key, _MISSING)
        return known if known is not _MISSING else self.packed[key]

    def __contains__(self, key: object) -> bool:
        return key in self.fresh or (self.packed._size > 0 and key in self.packed)

    def set(self, key: Any, value: Any) -> Self:
        """With this entry, in place of another one of the key; it stays where that was."""
        if self.packed._size and key not in self.fresh and key in self.packed:
            return self._made(self.fresh, self.packed.set(key, value))
        return self._made(self.fresh.set(key, value), self.packed)

    def add(self, key: Any, value: Any) -> Self:
        """With an entry of a key that is not there; quicker than `set`, which has to look."""
        return self._made(self.fresh.set(key, value), self.packed)

    def delete(self, key: Any) -> Self:
        """Without the key; raises KeyError when it is not there."""
        if key in self.fresh:
            return self._made(self.fresh.delete(key), self.packed)
        row, packed = self.packed._taken(key)
        if row is None:
            raise KeyError(key)
        return self._made(self.fresh, packed)

    def taken(self, key: Any) -> tuple[Any, Self]:
        """The value of a key and the map without it; None and the same map when it is not there."""
        value = self.fresh.get(key, _MISSING)
        if value is not _MISSING:
            return value, self._made(self.fresh.delete(key), self.packed)
        row, packed = self.packed._taken(key)
        return (None, self) if row is None else (self.packed.value(key, row), self._made(self.fresh, packed))

    def put_away(self, key: Any) -> Self:
        """With the entry packed; the same map when it is so already, or is not there."""
        value = self.fresh.get(key, _MISSING)
        if value is _MISSING:
            return self
        return self._made(self.fresh.delete(key), self.packed.set(key, value))

    def __len__(self) -> int:
        return len(self.fresh) + len(self.packed)

    def _made(self, fresh: Any, packed: Any) -> Self:
        made = object.__new__(type(self))
        made.fresh, made.packed = fresh, packed
        return made


if TYPE_CHECKING or not kernels.COMPILED:
    Buckets = BucketsInPython
    Aged = AgedInPython
else:
    Buckets, Aged = kernels.buckets.Buckets, kernels.buckets.Aged


def entry(mark: bytes, row: bytes) -> bytes:
    length = 1 + len(mark) + len(row)
    return b"".join(
        (_BYTE[length] if length < _LONG else _BYTE[_LONG] + (length + 4).to_bytes(4, "big"), mark, row)
    )


def entries(bucket: bytes) -> Iterator[tuple[int, int]]:
    """Where each entry's key begins, and where the entry ends."""
    at = 0
    while at < len(bucket):
        length = bucket[at]
        if length < _LONG:
            yield at + 1, at + length
            at += length
        else:
            length = int.from_bytes(bucket[at + 1 : at + 5], "big")
            yield at + 5, at + length
            at += length


def found(bucket: bytes, mark: bytes) -> tuple[int, int]:
    """Where a key stands, and where its entry ends; (0, 0) when it is not there.

    Its bytes may stand inside another entry too, or begin in its own length, so entries are walked through up to there.
    """
    place, at = bucket.find(mark), 0
    while place >= 0:
        length, begin = bucket[at], at + 1
        if length == _LONG:
            length, begin = int.from_bytes(bucket[at + 1 : at + 5], "big"), at + 5
        at += length
        if place < begin:
            place = bucket.find(mark, begin)
        if place == begin:
            return begin, at
        if place < at:
            place = bucket.find(mark, at)
    return 0, 0


def _head(begin: int, end: int) -> int:
    """Bytes of an entry's length in front of its key."""
    return 1 if end - begin + 1 < _LONG else 5


# --- the tree ----------------------------------------------------------------------------------------------------


def depth_of(count: int) -> int:
    """Levels above the one whose tuples have the buckets."""
    return max(0, ((count - 1).bit_length() - 1) // WIDTH_BITS)


def tree_of(buckets: list[bytes]) -> tuple[Any, ...]:
    """The tree of these, of which there is one at least."""
    nodes: list[Any] = buckets
    while True:
        nodes = [tuple(nodes[at : at + WIDTH]) for at in range(0, len(nodes), WIDTH)]
        if len(nodes) == 1:
            return nodes[0]  # type: ignore[no-any-return]


def replaced(node: tuple[Any, ...], level: int, place: int, bucket: bytes) -> tuple[Any, ...]:
    """With another bucket at a place; that behind the last one may be among them."""
    at = place >> WIDTH_BITS * level & WIDTH - 1
    inner = bucket if level == 0 else replaced(node[at] if at < len(node) else (), level - 1, place, bucket)
    return (*node[:at], inner, *node[at + 1 :])


def with_one_more(root: tuple[Any, ...], count: int, bucket: bytes) -> tuple[Any, ...]:
    """The tree of so many, and one bucket behind them."""
    depth = depth_of(count + 1)
    return replaced(root if depth == depth_of(count) else (root,), depth, count, bucket)


def without_last(root: tuple[Any, ...], count: int) -> tuple[Any, ...]:
    """The tree of so many without its last bucket; two at least."""
    depth, after = depth_of(count), depth_of(count - 1)
    root = _shortened(root, depth)
    return root if after == depth else root[0]


def _shortened(node: tuple[Any, ...], level: int) -> tuple[Any, ...]:
    inner = _shortened(node[-1], level - 1) if level else ()
    return (*node[:-1], inner) if inner else node[:-1]
