"""Which facts were decided: their ids as fingerprints for eight days, their replies for a shorter while.

A provider repeats itself for up to a week, and a repeat must meet itself whatever was restarted in between. At 100
facts a second that is 69 million ids, so an id is kept as 64 bits of BLAKE2b, in sorted *runs* of a day each:

    newest bucket (ids of now, with replies)  --4,096-->  run  --as large as its neighbour-->  one run of both

Runs are values that nobody changes, so a state that is speculated upon shares them with the one it was copied from;
and a second reader of the same log in one process is given the very same runs instead of equal ones. Some 8.4 bytes a
fact; each is merged as often as a run can double, some ten times.

Two ids with one fingerprint would make the later fact a repeat: n / 2^64 for each fact among n ids, 4e-12 at 69 million.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import blake2b
from typing import Any, ClassVar
from weakref import WeakValueDictionary

import immutables
import numpy as np

from services.contract.decisions import Reply
from services.contract.record import quick_record
from services.router.packed import AgedMap, OfNumber
from services.router.rows import encode, lengthened, reader, shortened

Map = immutables.Map
DAYS = 8
"""Days that a fact's id is remembered at the least; the longest retry of a provider, and a day more."""
BUCKET_FACTS_MAX = 4_096
"""Ids in the newest bucket before they become a run."""
REPLY_BUCKETS_MAX = 50
"""Buckets whose replies are kept: those of the newest 200,000 facts."""
RUN_FACTS_MAX = 1 << 21
"""Ids in one run: 16 MiB, merged in some 30 ms."""
CELL_FACTS = 16
"""Ids that share their highest bits, about; a cell costs 4 bytes."""
RUNS_PER_BOUND = 8
"""A run holds at most this part of the bound, so that no more is dropped at once."""
MARKS = 1 << 64
Numbers = np.ndarray[Any, np.dtype[np.uint64]]


@lru_cache(maxsize=64)
def fingerprint(fact_id: str) -> int:
    """64 bits that stand for the id."""
    return int.from_bytes(blake2b(fact_id.encode(), digest_size=8).digest(), "big")


class ReplyRows(OfNumber[Reply | None]):
    """Replies as rows; one of no bytes for None."""

    __slots__ = ()

    @staticmethod
    def row(value: Reply | None) -> bytes:
        if value is None:
            return b""
        return encode((value.accepted, value.reason, value.detail, shortened(value.subject_id), value.epoch))

    @staticmethod
    def value(key: int, row: bytes) -> Reply | None:  # noqa: ARG004 - as its kind of map has it
        if not row:
            return None
        accepted, reason, detail, subject_id, epoch = _READ(row)
        return Reply(
            accepted=accepted, reason=reason, detail=detail, subject_id=lengthened(subject_id), epoch=epoch
        )


class Replies(AgedMap[int, Reply | None]):
    """What facts were answered, by their fingerprints; None for those that were not, which are no commands."""

    __slots__ = ()
    STANDS_FOR: ClassVar[Any] = Map[int, Reply | None]
    PACKED = ReplyRows


_READ = reader(tuple[bool, str, str, Any, int])


@quick_record
@dataclass(frozen=True, slots=True)
class Bucket:
    """Facts decided lately on one day; once it is a run, only those that were answered."""

    day: int
    replies: Replies = field(default_factory=Replies, metadata={"derived": True})
    mark: int = 0
    """Sum of hashes of all that was in `replies`, which stands for it in digests: many ids need no walk."""


@dataclass(frozen=True, eq=False)
class Run:
    """Fingerprints of facts decided on one day, sorted. `mark`, their sum, stands for them in digests."""

    day: int
    count: int
    mark: int
    sorted: memoryview = field(metadata={"derived": True})
    cells: memoryview = field(metadata={"derived": True})
    """Where in `sorted` each value of the highest bits begins; so a look-up reads a few neighbours only."""
    shift: int = field(metadata={"derived": True})
    """The lower bits, which `cells` says nothing about."""

    def __contains__(self, wanted: int) -> bool:
        cell = wanted >> self.shift
        end = self.cells[cell + 1]
        at = bisect_left(self.sorted, wanted, self.cells[cell], end)
        return at < end and self.sorted[at] == wanted


@quick_record
@dataclass(frozen=True, slots=True)
class Seen:
    """The memory of a partition; a value."""

    buckets: tuple[Bucket, ...] = ()
    """Newest first; all but the first are runs too, and kept for their replies."""
    runs: tuple[Run, ...] = ()
    """Oldest first."""
    dropped: int = 0
    """Ids given up for the bound before their days were over, ever."""

    def __contains__(self, fact_id: str) -> bool:
        if not fact_id or not self.buckets:
            return False
        wanted = fingerprint(fact_id)
        if wanted in self.buckets[0].replies:
            return True
        for run in self.runs:  # a loop in full, for every fact goes through it  # noqa: SIM110
            if wanted in run:
                return True
        return False

    def reply(self, fact_id: str) -> Reply | None:
        """The reply that the fact got; None when it got none, or when that is no longer kept."""
        wanted = fingerprint(fact_id)
        return next((one.replies[wanted] for one in self.buckets if wanted in one.replies), None)

    @property
    def count(self) -> int:
        """Ids remembered."""
        newest = len(self.buckets[0].replies) if self.buckets else 0
        return newest + sum(run.count for run in self.runs)


def remember(
    seen: Seen, fact_id: str, reply: Reply | None, *, day: int, facts_max: Callable[[], int]
) -> Seen:
    """The memory with one more fact, of this day; at most `facts_max` ids are in runs (asked for seldom)."""
    newest = seen.buckets[0] if seen.buckets else None
    if newest is None or (newest.day == day and len(newest.replies) < BUCKET_FACTS_MAX):
        bucket = _with(newest or Bucket(day), fact_id, reply)
        return Seen((bucket, *seen.buckets[1:]), seen.runs, seen.dropped)
    most = facts_max()
    run = run_of(newest.day, np.fromiter(newest.replies, dtype=np.uint64))
    runs = _with_run(seen.runs, run, most, closing=day != newest.day)
    runs, dropped = _bounded(runs, day, most)
    kept = [bucket for bucket in (_answered(newest), *seen.buckets[1:]) if bucket.day >= day - DAYS]
    buckets = (_with(Bucket(day), fact_id, reply), *kept)[:REPLY_BUCKETS_MAX]
    return Seen(buckets, runs, seen.dropped + dropped)


def _with(bucket: Bucket, fact_id: str, reply: Reply | None) -> Bucket:
    """The bucket with one more fact; marks add up to the same sum in any order."""
    name = mark = fingerprint(fact_id)
    if reply is not None:
        said = f"{fact_id}\x1f{reply.accepted}{reply.reason}{reply.subject_id}{reply.epoch}"
        mark = fingerprint(said)
    return Bucket(bucket.day, bucket.replies.add(name, reply), (bucket.mark + mark) % MARKS)


def _answered(bucket: Bucket) -> Bucket:
    """The bucket with those facts only that got a reply."""
    answered = Replies([entry for entry in bucket.replies.items() if entry[1] is not None])
    return Bucket(bucket.day, answered, bucket.mark)


def _bounded(runs: tuple[Run, ...], day: int, facts_max: int) -> tuple[tuple[Run, ...], int]:
    """The runs whose days are not over, within the bound; and how many ids the bound cost."""
    kept = [run for run in runs if run.day >= day - DAYS]
    total, dropped = sum(run.count for run in kept), 0
    while len(kept) > 1 and total - dropped > facts_max:
        dropped += kept.pop(0).count
    return tuple(kept), dropped


# --- runs --------------------------------------------------------------------------------------------------


_KNOWN: WeakValueDictionary[tuple[int, int, int], Run] = WeakValueDictionary()
"""Runs that some state of this process holds: whoever makes an equal one takes that. Nothing depends on a hit."""


def _with_run(runs: tuple[Run, ...], run: Run, facts_max: int, *, closing: bool) -> tuple[Run, ...]:
    """One more run; neighbours of one day become one while the older is less than twice as large.

    With the last run of a day, `closing` it, all become one.
    """
    most = max(BUCKET_FACTS_MAX, min(RUN_FACTS_MAX, facts_max // RUNS_PER_BOUND))
    while runs and runs[-1].day == run.day:
        older = runs[-1]
        uneven = older.count >= 2 * run.count and not closing
        if uneven or older.count + run.count > most:
            break
        run, runs = _merged(older, run), runs[:-1]
    return (*runs, run)


def _merged(older: Run, newer: Run) -> Run:
    return run_of(older.day, np.concatenate((_numbers(older), _numbers(newer))))


def run_of(day: int, numbers: Numbers) -> Run:
    """The run of these fingerprints; the very one that another reader made already, where there is one."""
    numbers.sort(kind="stable")  # which merges parts that are sorted already
    numbers.flags.writeable = False
    mark = int(np.add.reduce(numbers, dtype=np.uint64))  # wraps at 2^64, as marks do
    name = (day, len(numbers), mark)
    known = _KNOWN.get(name)
    if known is not None and np.array_equal(_numbers(known), numbers):
        return known
    bits = max(1, (len(numbers) // CELL_FACTS).bit_length())
    edges = np.arange(1 << bits, dtype=np.uint64) << np.uint64(64 - bits)
    cells = np.append(np.searchsorted(numbers, edges), len(numbers)).astype(np.uint32)
    made = _KNOWN[name] = Run(*name, numbers.data, cells.data, 64 - bits)
    return made


def _numbers(run: Run) -> Numbers:
    return np.frombuffer(run.sorted, dtype=np.uint64)
