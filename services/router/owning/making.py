"""What an owner makes of a fact before anything is appended: its decision, and the state that would follow.

A fact that cannot be read, or breaks deciding, must not stop its desk: it is decided as rejected, with the reason
(engine.md 2).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import structlog

from services.contract.codec import Undecodable, decode_fact
from services.contract.decisions import Decision
from services.contract.facts import Fact
from services.contract.topics import PARTITION_HASH
from services.router.decide import decide_fact, decide_genesis, decide_rejected
from services.router.log.fold import fold
from services.router.model import PartitionState
from services.runtime.clock import Clock
from services.runtime.log import Record
from services.runtime.observe import frames_of

log = structlog.get_logger()


class CannotDecide(RuntimeError):
    """This process must not decide a partition; the message says why, and what to set."""


class Made(NamedTuple):
    """A decision before it is encoded and appended."""

    record: Record
    decision: Decision
    after: PartitionState
    seconds: float
    """That deciding it took."""


class Maker:
    """Makes decisions in the name of one owner."""

    def __init__(self, *, clock: Clock, new_id: Callable[[], int], name: str) -> None:
        self._clock, self._new_id, self._name = clock, new_id, name

    def decided(self, ahead: PartitionState, record: Record, fact: Fact | Exception) -> Decision:
        """The decision of a fact, upon *ahead*; its rejection where it cannot be read or decided."""
        fact_id = ""
        try:
            if isinstance(fact, Exception):
                raise fact
            fact_id = fact.fact_id
            return decide_fact(
                ahead,
                fact,
                offset=record.offset,
                now_ms=self._clock.now_ms(),
                decision_id=self._new_id(),
                owner=self._name,
                partition=record.partition,
            )
        except Undecodable as error:
            return self.rejected(ahead, record, "undecodable", str(error), fact_id)
        except Exception as error:  # a fact that breaks deciding must not stop the desk (engine.md 2)
            log.error(
                "decide_failed",
                partition=record.partition,
                offset=record.offset,
                error=type(error).__name__,
                frames=frames_of(error),
            )
            detail = f"deciding raised {type(error).__name__}; the router's log has it"
            return self.rejected(ahead, record, "decide_failed", detail, fact_id)

    def rejected(
        self, ahead: PartitionState, record: Record, reason: str, detail: str, fact_id: str
    ) -> Decision:
        """In place of a decision: it says why the fact changes nothing."""
        return decide_rejected(
            ahead,
            offset=record.offset,
            reason=reason,
            detail=detail,
            fact_id=fact_id,
            desk_id=record.key.decode(errors="replace"),
            now_ms=self._clock.now_ms(),
            decision_id=self._new_id(),
            owner=self._name,
        )

    def genesis(self, *, generation: int, partitions: int, first_fact_offset: int) -> Decision:
        """A partition's first record."""
        return decide_genesis(
            generation=generation,
            partitions=partitions,
            partition_hash=PARTITION_HASH,
            first_fact_offset=first_fact_offset,
            now_ms=self._clock.now_ms(),
            decision_id=self._new_id(),
            owner=self._name,
        )


def folded(partition: int, ahead: PartitionState, decision: Decision) -> PartitionState:
    """*ahead* with an own decision; raises CannotDecide where fold does not take it."""
    found = fold(ahead, decision)
    if not found.accepted:
        raise CannotDecide(f"own record refused by fold on {partition}: {found.reason}")
    return found.state


def fact_of(value: bytes) -> Fact | Exception:
    """The fact, or why it cannot be read."""
    try:
        return decode_fact(value)
    except Exception as error:  # told where the fact is decided, so that order is kept
        return error
