"""What the watchdog is told of a router: whether anything that should move stands still (engine.md 1.10)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from services.contract.topics import DECISIONS, FACTS
from services.router.tail import DecisionTail
from services.runtime.log import Log, LogError, Membership
from services.runtime.watchdog import BLOCKED, Watchdog

BEAT_SECONDS = 1.0
LOOK_SECONDS = 5.0
"""Ends of partitions are asked for this often."""
REBALANCING = "rebalancing"
NO_MEMBER = "no_member_of_the_group"
NOT_DECIDED = "facts_not_decided"
NOT_FOLDED = "decisions_not_folded"
APPEND = "append_without_an_answer"


@dataclass(frozen=True)
class Limits:
    """How long each may last, in seconds."""

    still_seconds: float = 30.0
    """A blocked loop, no membership, facts that nobody decides, decisions that are not folded, an append."""
    rebalance_seconds: float = 60.0

    def by_condition(self) -> dict[str, float]:
        still = (BLOCKED, NO_MEMBER, NOT_DECIDED, NOT_FOLDED, APPEND)
        return {REBALANCING: self.rebalance_seconds, **dict.fromkeys(still, self.still_seconds)}


class Deciding(Protocol):
    """What is asked of the owner."""

    @property
    def membership(self) -> Membership | None: ...

    @property
    def owned(self) -> frozenset[int]: ...

    def oldest_append_seconds(self) -> float: ...


class Vitals:
    """Looks at a router from its own loop and tells the watchdog; `run` until cancelled."""

    def __init__(
        self, source: Log, tail: DecisionTail, owner: Deciding, watchdog: Watchdog, clock: Callable[[], float]
    ) -> None:
        """`clock` is the watchdog's."""
        self._source, self._tail, self._owner = source, tail, owner
        self._watchdog, self._clock = watchdog, clock
        self._decided: dict[int, _Progress] = {}
        self._folded: dict[int, _Progress] = {}

    async def run(self) -> None:
        """Beats; while it is cancelled the thread ends too, for then the process is ending by itself."""
        self._watchdog.start()
        looking: asyncio.Task[None] | None = None
        try:
            looking = asyncio.create_task(self._look_often(), name="vitals")
            while not looking.done():
                self._watchdog.beat()
                self.look_at_owner()
                self.look_at_progress()
                await asyncio.wait([looking], timeout=BEAT_SECONDS)
            looking.result()
        finally:
            self._watchdog.stop()
            if looking is not None:
                looking.cancel()

    def look_at_owner(self) -> None:
        """Membership and appends, as far as they are known here."""
        stands = self._watchdog.stands
        membership = self._owner.membership
        stands(REBALANCING, bad=membership is Membership.JOINING)
        stands(NO_MEMBER, bad=membership is Membership.LOST)
        oldest = self._owner.oldest_append_seconds()
        stands(APPEND, bad=oldest > 0, since=self._clock() - oldest)

    def look_at_progress(self) -> None:
        """Which partitions have moved since, asking nobody: a busy log may take long to say where they all end."""
        self._forget_what_is_not_owned()
        for condition, known, at in (
            (NOT_FOLDED, self._folded, self._tail.next_offset),
            (NOT_DECIDED, self._decided, self._next_fact),
        ):
            for partition, before in known.items():
                here = at(partition)
                if here != before.at:
                    known[partition] = _Progress(here, before.end, self._clock())
            self._tell(condition, known)

    async def _look_often(self) -> None:
        while True:
            await self.look_at_partitions()
            await asyncio.sleep(LOOK_SECONDS)

    async def look_at_partitions(self) -> None:
        """Compares where each partition stands with its end; a log that does not answer moves nothing."""
        if self._tail.starting:
            return
        await self._look(
            NOT_FOLDED, DECISIONS, range(self._tail.partitions), self._folded, self._tail.next_offset
        )
        self._forget_what_is_not_owned()
        await self._look(NOT_DECIDED, FACTS, sorted(self._owner.owned), self._decided, self._next_fact)

    async def _look(
        self,
        condition: str,
        topic: str,
        partitions: range | list[int],
        known: dict[int, _Progress],
        at: Callable[[int], int],
    ) -> None:
        """The condition has lasted as long as the partition stands that stands longest with something to do."""
        for partition in partitions:
            end = await self._end(topic, partition)
            before, here = known.get(partition), at(partition)
            if end is None:
                end = before.end if before is not None else 0
            moved = before is None or before.at != here or before.at >= before.end
            since = self._clock() if moved or before is None else before.since
            known[partition] = _Progress(here, end, since)
        self._tell(condition, known)

    def _forget_what_is_not_owned(self) -> None:
        for partition in self._decided.keys() - self._owner.owned:
            del self._decided[partition]

    def _tell(self, condition: str, known: dict[int, _Progress]) -> None:
        behind = [one.since for one in known.values() if one.at < one.end]
        self._watchdog.stands(condition, bad=bool(behind), since=min(behind, default=None))

    async def _end(self, topic: str, partition: int) -> int | None:
        """None where the log does not say."""
        try:
            return await self._source.end_offset(topic, partition)
        except LogError:
            return None

    def _next_fact(self, partition: int) -> int:
        return self._tail.state(partition).last_fact + 1


@dataclass(frozen=True, slots=True)
class _Progress:
    """Where a partition stood when it was looked at, and since when it stands there with something to do."""

    at: int
    end: int
    since: float
