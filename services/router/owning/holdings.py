"""The partitions that an owner has: what the group gives it and takes away, and how it takes each one (engine.md 1.5).

To take one is to bring *ahead* to the end of the log before any fact is decided; the same is done again whenever what was
speculated is dropped. What the group takes away is decided on, without the group, until another one goes on deciding there,
or the group gives it back (parting.py): so a rebalance makes no gap, however long it takes.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence

import structlog

from services.router.measures import OwnerMeasures
from services.router.owning.genesis import check_genesis, write_genesis
from services.router.owning.held import Held, due_at, due_within, patience_ms
from services.router.owning.making import Maker
from services.router.owning.parting import HOLD_SECONDS_MAX, Parting, left_undecided
from services.router.tail import DecisionTail
from services.runtime.clock import Clock
from services.runtime.log import Log, LogError, Membership, Ownership

TAKE_SECONDS_MAX = 60.0
"""A partition that cannot be taken for that long ends the process."""
NEARER_SECONDS_MAX = 8.0
"""How long who takes a partition reads on behind what was in it when it looked first: what comes meanwhile is decided by
who holds on to it, for longer than this (parting.py)."""

log = structlog.get_logger()


class Holdings:
    """Implements `OwnershipListener`; positions come from the folded state, never from the group."""

    def __init__(
        self,
        source: Log,
        tail: DecisionTail,
        maker: Maker,
        *,
        clock: Clock,
        generation: int,
        pending_max: int,
        measures: OwnerMeasures,
    ) -> None:
        self._source, self._tail, self._maker, self._clock = source, tail, maker, clock
        self._generation, self._pending_max, self._measures = generation, pending_max, measures
        self.held: dict[int, Held] = {}
        self.parting = Parting(source, tail.partitions, self.next_fact)
        self.group: Ownership | None = None
        """From when it was joined until it has been left."""
        self.in_group = False
        """This process wants the group's partitions."""
        self.leaving = False
        """Nothing is taken any more."""
        self.broken: BaseException | None = None
        """Why a partition can't be taken; it ends the process."""

    def assigned(self, partitions: Sequence[int]) -> Mapping[int, int]:
        for partition in partitions if not self.leaving else ():
            held = self.held.get(partition)
            self.parting.forget(partition)
            if held is not None and held.alone and held.ready:  # given back: nothing is to be taken
                held.alone = False
                continue
            if held is not None and held.taking is not None:
                held.taking.cancel()
            if held is None or held.ready or not held.goes_on:
                held = self.held[partition] = Held(self._tail.state(partition))
            held.alone = False
            held.taking = asyncio.ensure_future(self._take(partition, held))
        self._count_owned()
        return {partition: self.next_fact(partition) for partition in partitions}

    def revoked(self, partitions: Sequence[int]) -> None:
        held = {p: self.held[p] for p in partitions if p in self.held and not self.held[p].alone}
        self.go_alone([p for p, one in held.items() if one.goes_on and self.in_group], HOLD_SECONDS_MAX)
        self.let_go([p for p, one in held.items() if not one.alone])

    def go_alone(self, partitions: Sequence[int], seconds_max: float) -> None:
        """Decides them without the group from now on, for so long at the most."""
        if not partitions:
            return
        log.info("deciding_without_group", partitions=sorted(partitions), seconds_max=seconds_max)
        for partition in partitions:
            self.held[partition].alone = True
        self.parting.cover(partitions)
        self.parting.hold({p: self.held[p].ahead.count for p in partitions}, seconds_max)
        self._count_owned()

    def let_go(self, partitions: Iterable[int]) -> None:
        """Does not decide them any more."""
        for partition in partitions:
            self._tail.foreseen.forget(partition)
            self.parting.forget(partition)
            held = self.held.pop(partition, None)
            if held is None:
                continue
            if held.decided:
                log.info("partition_left", partition=partition, without_group=held.alone)
            held.ready = False  # whoever is appending for it stops
            if held.taking is not None:
                held.taking.cancel()
        self._count_owned()

    def let_go_in_time(self) -> None:
        """Lets go of what need not be decided without the group any more."""
        decided = {p: held.ahead.count for p, held in self.held.items() if held.ready}
        self.let_go(self.parting.over(decided, due_at(self.held, self._clock)))

    def drop(self, partition: int, held: Held, reason: str) -> None:
        """Drops the speculation; a task takes the partition again from the folded state."""
        if not held.ready:
            return
        if held.alone and reason not in ("foreign_record", "own_rejected"):
            self.let_go([partition])
            return
        log.info("speculation_dropped", partition=partition, reason=reason, pending=len(held.pending))
        self._measures.reset.labels(reason).inc()
        held.ready = False
        self._tail.foreseen.forget(partition)
        if len(held.dropped) > self._pending_max:  # those that were lost never come
            held.dropped.clear()
        held.dropped.update(held.pending)
        held.others = 0
        held.pending.clear()
        stands_back = held.alone and reason == "foreign_record"
        taken = self._stood_back(partition, held) if stands_back else self._take(partition, held)
        held.taking = asyncio.ensure_future(taken)

    # --- what is asked of them -----------------------------------------------------------------------------

    @property
    def ready(self) -> frozenset[int]:
        """Partitions that the group gave to this process and that it decides right now."""
        return frozenset(p for p, held in self.held.items() if held.ready and not held.alone)

    @property
    def membership(self) -> Membership | None:
        """How the process stands with the group; None before it joins and after it left."""
        return self.group.membership if self.group is not None and self.in_group else None

    def takes(self, partition: int) -> bool:
        """Facts of it are decided now; while too much is on its way, they would be read again."""
        held = self.held.get(partition)
        return held is not None and held.ready and not held.paused

    def next_fact(self, partition: int) -> int:
        """Offset of the first fact that is not decided, as far as is known here."""
        held = self.held.get(partition)
        state = held.ahead if held is not None and held.ready else self._tail.state(partition)
        return max(0, state.last_fact + 1)

    def patience_ms(self) -> int:
        """How long to wait for facts."""
        return patience_ms(self.held, self._clock)

    def oldest_append_seconds(self) -> float:
        """How long the oldest append has been without an answer; 0 when none is."""
        sent_at = [next(iter(held.in_flight.values())) for held in self.held.values() if held.in_flight]
        return asyncio.get_running_loop().time() - min(sent_at) if sent_at else 0.0

    def _count_owned(self) -> None:
        self._measures.owned.set(sum(not held.alone for held in self.held.values()))

    # --- whose facts are read, and from where --------------------------------------------------------------

    def seek(self, partition: int, offset: int) -> None:
        """Its facts are read from there on."""
        if self.held[partition].alone:
            self.parting.seek(partition, offset)
        elif self.group is not None and partition in self.group.owned:
            self.group.seek(partition, offset)

    def pause(self, partition: int, held: Held) -> None:
        """Too much of it is on its way."""
        if self.group is not None:
            held.paused = True
            self.group.pause(partition)

    def resume(self, partition: int, held: Held) -> None:
        """There is room again."""
        if self.group is not None:
            held.paused = False
            self.seek(partition, held.ahead.last_fact + 1)  # what was read while paused was let go
            self.group.resume(partition)

    # --- how one is taken ----------------------------------------------------------------------------------

    async def _stood_back(self, partition: int, held: Held) -> None:
        """Leaves it to whoever decides there too, unless that one does not go on."""
        try:
            goes_on = await left_undecided(
                self._source,
                partition,
                caught_up=lambda: self._tail.near_end([partition], seconds_max=NEARER_SECONDS_MAX),
                state=lambda: self._tail.state(partition),
                others=lambda: held.others,
                due=lambda now: due_within(held, now, self._clock, self.parting.seconds_left(partition)),
            )
        except Exception as error:  # told to run(), which ends the process
            self.broken = error
            return
        if goes_on:
            await self._take(partition, held)
        else:
            self.let_go([partition])

    async def _take(self, partition: int, held: Held) -> None:
        """Brings *ahead* to the end of the log, then lets facts flow; gives up after TAKE_SECONDS_MAX."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        ends_at = began + TAKE_SECONDS_MAX
        try:
            while True:
                if self.group is not None and partition in self.group.owned:
                    self.group.pause(partition)
                try:
                    await self._catch_up(partition, held)
                    log.info("partition_taken", partition=partition, seconds=round(loop.time() - began, 3))
                    break
                except LogError as error:
                    log.warning("take_over_failed", partition=partition, error=str(error))
                    if loop.time() > ends_at:
                        raise
                    await asyncio.sleep(1.0)
        except asyncio.CancelledError:
            raise
        except Exception as error:  # told to run(), which ends the process
            self.broken = error

    async def _catch_up(self, partition: int, held: Held) -> None:
        if held.in_flight:
            await asyncio.wait(tuple(held.in_flight))  # bounded by the log's own deadline of an append
        await asyncio.sleep(0)  # the log's other writers get their turn
        await self._tail.near_end([partition], seconds_max=NEARER_SECONDS_MAX)
        if self._tail.state(partition).count == 0:
            await write_genesis(self._source, self._tail, partition, self._generation, self._maker)
            self._measures.decided_by["genesis"].inc()
        if self.held.get(partition) is not held:
            return
        held.ahead = self._tail.state(partition)
        check_genesis(partition, held.ahead, self._generation, self._tail.partitions)
        held.timers.rebuild(held.ahead)
        held.ready, held.paused, held.decided = True, False, True
        self.seek(partition, held.ahead.last_fact + 1)
        if self.group is not None and partition in self.group.owned:
            self.group.resume(partition)
