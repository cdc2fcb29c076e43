"""The accept rule: which records of a decision partition are true (engine.md 1.4).

Two owners may write to one partition at the same time; each record names the record that it was built on, and
every reader drops the same ones, from the log alone. The verdict needs two values, the id of the newest accepted
record and the offset of the newest decided fact, so a reader downstream needs none of the router's state.

    chain = Chain()
    for record in partition:            # in order, from offset 0 or from where `chain` was kept
        if chain.accepts(record):
            chain = chain.after(record)
"""

from __future__ import annotations

from dataclasses import dataclass

from services.contract.decisions import CloseCause, Decision, FactCause, GenesisCause, TimerCause
from services.contract.record import quick_record


class UnknownCause(ValueError):
    """A record that continues the chain has a cause unknown to this version: stop, never skip, and upgrade."""


@quick_record
@dataclass(frozen=True, slots=True)
class Chain:
    """Where the accepted records of one partition stand; `Chain()` is the empty partition."""

    head: int = 0
    """decision_id of the newest accepted record; 0 before the genesis record."""
    last_fact: int = -1
    """Offset of the newest decided fact; -1 when the first fact's offset is 0 and none is decided."""
    closed: bool = False
    """A close record was accepted; all that follows is rejected."""
    started: bool = False
    """A genesis record was accepted."""

    def accepts(self, record: Decision) -> bool:
        """True when the record is the next link.

        An empty chain takes only a genesis record, a started one never takes a second. A fact must be the one
        after `last_fact`; a timer or close repeats `last_fact`. Ids of 0 are refused, for 0 means "nothing".
        Raises UnknownCause when the record continues the chain and its cause cannot be judged.
        """
        if self.closed or record.decision_id == 0 or record.prev_id != self.head:
            return False
        match record.cause:
            case GenesisCause():
                return not self.started
            case FactCause():
                return self.started and record.fact_offset == self.last_fact + 1
            case TimerCause() | CloseCause():
                return self.started and record.fact_offset == self.last_fact
            case _:
                raise UnknownCause(f"decision {record.decision_id:016x} has a cause unknown to this version")

    def after(self, record: Decision) -> Chain:
        """The chain with an accepted record as its head; call it for accepted records only."""
        last_fact = record.fact_offset
        if isinstance(record.cause, GenesisCause):
            last_fact = record.cause.first_fact_offset - 1
        return Chain(record.decision_id, last_fact, isinstance(record.cause, CloseCause), True)
