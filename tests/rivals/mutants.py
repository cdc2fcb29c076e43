"""Routers that break one rule each; the simulation has to find every one of them (`tests/properties/test_rivals.py`)."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from services.contract.decisions import Decision
from services.contract.facts import Fact
from services.router.owner import Owner
from services.router.owning.holdings import Holdings
from services.router.owning.making import Made, folded
from services.router.verdict import Verdict
from services.runtime.log import Record
from tests.rivals.history import Rules


class TellsFromAhead(Owner):
    """Answers a command as soon as it has decided it, from its speculation."""

    def _append(self, partition: int, held: Any, decision: Decision, *more: Any) -> None:
        super()._append(partition, held, decision, *more)
        _tell(self, partition, self._tail.next_offset(partition) + len(held.pending) - 1, decision)


class TellsAtTheAcknowledgement(Owner):
    """Answers a command once its record is in the log, whether or not it counts there."""

    def _append(self, partition: int, held: Any, decision: Decision, *more: Any) -> None:
        before = set(held.in_flight)
        super()._append(partition, held, decision, *more)

        def told(done: asyncio.Future[int]) -> None:
            if not done.cancelled() and done.exception() is None:
                _tell(self, partition, done.result(), decision)

        for sent in set(held.in_flight) - before:
            sent.add_done_callback(told)


class HeldFromTheGroupsOffset(Holdings):
    """Has facts read from where the group says."""

    def assigned(self, partitions: Sequence[int]) -> Mapping[int, int]:
        super().assigned(partitions)
        start: int = self._source.store.committed  # type: ignore[attr-defined] # the simulation's
        return dict.fromkeys(partitions, start)

    def seek(self, partition: int, offset: int) -> None:
        super().seek(partition, self._source.store.committed)  # type: ignore[attr-defined] # the simulation's


class StartsAtTheGroupsOffset(Owner):
    """Reads facts from where the group says, and decides what it reads, whatever the log has decided already."""

    def __init__(self, *parts: Any, **more: Any) -> None:
        super().__init__(*parts, **more)
        self._holdings.__class__ = HeldFromTheGroupsOffset

    def _on_fact(self, held: Any, record: Record, fact: Fact | Exception, made: list[Made]) -> None:
        ahead = made[-1].after if made else held.ahead
        decision = self._maker.decided(ahead, record, fact)
        made.append(Made(record, decision, folded(record.partition, ahead, decision), 0.0))


class NothingDropped(Holdings):
    """Keeps what was speculated when another's record was accepted."""

    def drop(self, partition: int, held: Any, reason: str) -> None:
        held.pending.clear()


class KeepsItsSpeculation(Owner):
    """Goes on upon what it believes when another's record was accepted."""

    def __init__(self, *parts: Any, **more: Any) -> None:
        super().__init__(*parts, **more)
        self._holdings.__class__ = NothingDropped


def _tell(owner: Owner, partition: int, offset: int, decision: Decision) -> None:
    commander = owner.replica.commander  # type: ignore[attr-defined] # the simulation's
    state = owner._tail.state(partition)
    commander._on_verdict(Verdict(partition, offset, decision, True, state, state))


MUTANTS = {
    "a fence that counts records instead of naming them": Rules(counted_ids=True),
    "telling from the speculation": Rules(make=TellsFromAhead),
    "telling at the acknowledgement": Rules(make=TellsAtTheAcknowledgement),
    "facts from the group's offset, and no density": Rules(make=StartsAtTheGroupsOffset, any_offset=True),
    "a speculation that outlives another's record": Rules(make=KeepsItsSpeculation),
}
