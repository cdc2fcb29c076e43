"""What a record tells of the state, so that two builds which fold one log to different states are found out (engine.md 1.3).

A digest takes long where there is much, and no record may wait for it. The state is a value, so it can be kept as it
was and digested a little with each record that follows:

    records      ...  D1  .  .  .  .  .  .  .  .  .  D2  ...
    the state at D1    |--a few steps a record--|     D2 tells its digest

The steps go by records and not by time, and what comes of them depends on the state alone, so it is the same for every
replica. Who does not know it, at the first digest of a log or from a snapshot of an earlier version, tells that of the
state before its record, as those versions did; the first byte says which (docs/decisions/0004-digest.md).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from services.router.log.canonical import (
    DIGEST_BYTES,
    STATE_FORM,
    Part,
    comparable,
    digest,
    digest_in_steps,
)

if TYPE_CHECKING:
    from services.router.model import PartitionState

DIGEST_EVERY_MIN = 1_000
"""Records between digests of a small state."""
DIGEST_PARTS_MAX = 8
"""Into so many parts a state is cut for digests at the most; each part is met every so many digests, on average."""
STEPS_PER_RECORD = 4
"""Some 50 us; at a large desk a part is done within a fortieth of the records that there are until its digest is due."""
EARLIER = 0x80
"""In the first byte: of the state before the digest record before. Versions that know no such digests compare none of another form."""


class Underway:
    """The digest of a part of a state, as far as it is; whoever holds it may go on with it, the outcome is the same.

    The state is held until it is done, and no longer.
    """

    __slots__ = ("_found", "_steps")

    def __init__(self, steps: Iterator[bytes] | None, found: bytes = b"") -> None:
        self._steps, self._found = steps, found

    @classmethod
    def known(cls, found: bytes) -> Underway:
        """One that is done."""
        return cls(None, found)

    @property
    def done(self) -> bool:
        return self._steps is None

    def go_on(self) -> None:
        """A few steps; nothing once it is done."""
        if self._steps is None:
            return
        for _ in range(STEPS_PER_RECORD):
            found = next(self._steps)
            if found:
                self._steps, self._found = None, found
                return

    def found(self) -> bytes:
        """The digest; the rest of it at once."""
        while not self.done:
            self.go_on()
        return self._found


def due(state: PartitionState) -> bool:
    """True when the next record must carry a digest."""
    return state.count == state.next_digest_at


def told_by(state: PartitionState) -> bytes:
    """What the record that is due on this state carries."""
    earlier = state.digesting
    if earlier is None:
        return digest_of(state)
    found = earlier.found()
    return bytes((found[0] | EARLIER,)) + found[1:]


def differs(state: PartitionState, written: bytes) -> bool:
    """True when this build folds to another state than the writer of the record that is due.

    What cannot be compared does not differ: another form of the state, or an earlier state that is not known here.
    """
    if not _is_earlier(written):
        return comparable(written) and written != digest_of(state)
    return state.digesting is not None and written != told_by(state)


def begun(state: PartitionState, written: bytes) -> Underway:
    """The digest of this state, which is told by the digest record after the one that is due now.

    Where that one told it, and was compared, nothing is left to do.
    """
    if comparable(written):
        return Underway.known(written)
    # Without the one before: where records of another form tell digests nobody finishes those, and each would hold the last.
    alone = replace(state, digesting=None)
    return Underway(digest_in_steps(alone, part_of(state)))


def digest_of(state: PartitionState) -> bytes:
    """The digest of the part that is drawn, at once."""
    return digest(state, part_of(state))


def part_of(state: PartitionState) -> Part:
    """Of a large state a part, drawn by the record before, so that digests cost the same per record at any size."""
    count = max(1, min(DIGEST_PARTS_MAX, state.objects() // DIGEST_EVERY_MIN))
    return state.head % count, count


def next_at(state: PartitionState) -> int:
    """After as many records as there are objects, for the same reason."""
    return state.count + max(DIGEST_EVERY_MIN, state.objects())


def _is_earlier(written: bytes) -> bool:
    return len(written) == DIGEST_BYTES + 1 and written[0] == STATE_FORM | EARLIER
