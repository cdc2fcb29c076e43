"""Records that this process has appended and not read back yet, with what they fold to (docs/decisions/0060).

The tail alone says what counts. But where the very bytes that were appended come back, and the folded state is the
very one that they were decided on, the answer is known: decoding and evolving them again would make an equal record
and an equal state, at twice the time and twice the memory. Everything else is decoded and folded anew.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from services.contract.codec import decode_decision
from services.contract.decisions import Decision
from services.contract.record import quick_record
from services.router.evolve import CorruptLog
from services.router.model import PartitionState

COMPARED_EVERY = 16
"""Of so many records one is decoded all the same, and must be the record that was decided."""


@quick_record
@dataclass(frozen=True, slots=True)
class Appended:
    """One record on its way to the log."""

    value: bytes
    before: PartitionState
    decision: Decision
    after: PartitionState


class Foreseen:
    """Appended records of the owned partitions, oldest first; as many as the owner lets be pending."""

    def __init__(self) -> None:
        self._of: dict[int, deque[Appended]] = {}

    def append(self, partition: int, appended: Appended) -> None:
        self._of.setdefault(partition, deque()).append(appended)

    def forget(self, partition: int) -> None:
        """Nothing that was appended to the partition counts on any more."""
        self._of.pop(partition, None)

    def take(self, partition: int, offset: int, value: bytes, state: PartitionState) -> Appended | None:
        """What the record at the offset is known to be on this state; None where it must be decoded and folded.

        Raises CorruptLog where the record does not say what was decided: its readers would fold another state.
        """
        waiting = self._of.get(partition)
        if not waiting or waiting[0].before is not state or waiting[0].value != value:
            return None
        known = waiting.popleft()
        compared = offset % COMPARED_EVERY == 0 or known.decision.digest
        if compared and decode_decision(value) != known.decision:
            raise CorruptLog(f"record {offset} reads back as another one than was decided")
        return known
