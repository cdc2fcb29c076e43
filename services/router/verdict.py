"""What folding a record came to: whether it counted, and the state before and after it."""

from __future__ import annotations

from dataclasses import dataclass

from services.contract.decisions import Decision
from services.contract.record import quick_record
from services.router.model import PartitionState


@quick_record
@dataclass(frozen=True, slots=True)
class Verdict:
    """One record as folded. `state` is the partition's state after it (unchanged when rejected)."""

    partition: int
    offset: int
    record: Decision
    accepted: bool
    state: PartitionState
    before: PartitionState
    """The state before it."""
