"""The owner's loop: facts in, decision records out, verdicts from the tail (engine.md 1.5).

Owning a partition gives liveness only. The owner decides on a speculative state (*ahead*), appends without
waiting, and lets the tail say what counted: its own record at the head of *pending* was accepted, fine;
anything else, and all that was built on it is dropped and decided again from the folded state.

What the group takes away is decided on, without the group, until another one goes on deciding there, or the group gives
it back (parting.py): so a rebalance makes no gap, however long it takes.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from time import perf_counter

import structlog

from services.contract.codec import encode_decision
from services.contract.decisions import Decision
from services.contract.facts import Fact
from services.contract.topics import DECISIONS, FACTS
from services.router.decide import decide_timer
from services.router.foreseen import Appended
from services.router.genesis import check_genesis, write_genesis
from services.router.held import Held, due_at, due_within, patience_ms
from services.router.letters import RejectionLetters
from services.router.making import Made, Maker, fact_of, folded
from services.router.measures import OwnerMeasures
from services.router.model import PartitionState
from services.router.parting import HOLD_SECONDS_MAX, PART_SECONDS_MAX, Parting, left_undecided
from services.router.sources import Sources
from services.router.tail import DecisionTail, Verdict
from services.router.timers import Timer
from services.runtime.clock import Clock
from services.runtime.log import (
    RECORD_BYTES_MAX,
    BufferFull,
    Log,
    LogError,
    Membership,
    Ownership,
    Record,
)
from services.runtime.observe import frames_of

GROUP = "frontdesk-router"
HINT_EVERY_SECONDS = 1.0
TIMERS_PER_TURN_MAX = 200
"""Deadlines fired before facts get their turn again."""
PUT_ASIDE_MS = 60_000
"""A timer that could not be decided is left alone for this long."""
TAKE_SECONDS_MAX = 60.0
"""A partition that cannot be taken for that long ends the process."""
NEARER_SECONDS_MAX = 8.0
"""How long who takes a partition reads on behind what was in it when it looked first: what comes meanwhile is decided by
who holds on to it, for longer than this (parting.py)."""
LEAVE_SECONDS_MAX = 15.0
"""How long a stop waits until others decide: longer than it takes to leave and then to part (parting.py)."""

log = structlog.get_logger()


class Owner:
    """Decides the facts of the partitions that the group gives it; `run` until cancelled or broken."""

    def __init__(
        self,
        source: Log,
        tail: DecisionTail,
        *,
        clock: Clock,
        new_id: Callable[[], int],
        name: str,
        generation: int,
        pending_max: int,
        letters: RejectionLetters,
        measures: OwnerMeasures,
    ) -> None:
        self._source, self._tail, self._clock, self._new_id = source, tail, clock, new_id
        self._name, self._pending_max, self._generation = name, pending_max, generation
        self._maker = Maker(clock=clock, new_id=new_id, name=name)
        self._measures = measures
        self._held: dict[int, Held] = {}
        self._ownership: Ownership | None = None
        self._broken: BaseException | None = None
        self._letters = letters
        self._leaving = False
        self._parting = Parting(source, tail.partitions, self._next_fact)
        self._sources = Sources(
            self._parting,
            records_max=pending_max,
            patience_ms=lambda: patience_ms(self._held, self._clock),
            takes=self._takes,
        )
        self._in_group = False
        self._left = asyncio.Event()

    # --- group membership: positions come from the folded state, never from the group ----------------------

    def assigned(self, partitions: Sequence[int]) -> Mapping[int, int]:
        for partition in partitions if not self._leaving else ():
            held = self._held.get(partition)
            self._parting.forget(partition)
            if held is not None and held.alone and held.ready:  # given back: nothing is to be taken
                held.alone = False
                continue
            if held is not None and held.taking is not None:
                held.taking.cancel()
            if held is None or held.ready or not held.goes_on:
                held = self._held[partition] = Held(self._tail.state(partition))
            held.alone = False
            held.taking = asyncio.ensure_future(self._take(partition, held))
        self._count_owned()
        return {partition: self._next_fact(partition) for partition in partitions}

    def revoked(self, partitions: Sequence[int]) -> None:
        held = {p: self._held[p] for p in partitions if p in self._held and not self._held[p].alone}
        self._go_alone([p for p, one in held.items() if one.goes_on and self._in_group], HOLD_SECONDS_MAX)
        self._let_go([p for p, one in held.items() if not one.alone])

    def _go_alone(self, partitions: Sequence[int], seconds_max: float) -> None:
        """Decides them without the group from now on, for so long at the most."""
        if not partitions:
            return
        log.info("deciding_without_group", partitions=sorted(partitions), seconds_max=seconds_max)
        for partition in partitions:
            self._held[partition].alone = True
        self._parting.cover(partitions)
        self._parting.hold({p: self._held[p].ahead.count for p in partitions}, seconds_max)
        self._count_owned()

    def _let_go(self, partitions: Iterable[int]) -> None:
        for partition in partitions:
            self._tail.foreseen.forget(partition)
            self._parting.forget(partition)
            held = self._held.pop(partition, None)
            if held is None:
                continue
            if held.decided:
                log.info("partition_left", partition=partition, without_group=held.alone)
            held.ready = False  # whoever is appending for it stops
            if held.taking is not None:
                held.taking.cancel()
        self._count_owned()

    def _count_owned(self) -> None:
        self._measures.owned.set(sum(not held.alone for held in self._held.values()))

    def _next_fact(self, partition: int) -> int:
        held = self._held.get(partition)
        state = held.ahead if held is not None and held.ready else self._tail.state(partition)
        return max(0, state.last_fact + 1)

    @property
    def owned_ready(self) -> frozenset[int]:
        """Partitions that the group gave to this process and that it decides right now."""
        return frozenset(p for p, held in self._held.items() if held.ready and not held.alone)

    @property
    def owned(self) -> frozenset[int]:
        """Partitions that the group gave to this process, ready or not, and those that it still decides."""
        return frozenset(self._held)

    @property
    def membership(self) -> Membership | None:
        """How the process stands with the group; None before it joins and after it left."""
        return self._ownership.membership if self._ownership is not None and self._in_group else None

    def oldest_append_seconds(self) -> float:
        """How long the oldest append has been without an answer; 0 when none is."""
        sent_at = [next(iter(held.in_flight.values())) for held in self._held.values() if held.in_flight]
        return asyncio.get_running_loop().time() - min(sent_at) if sent_at else 0.0

    async def leave(self) -> None:
        """Leaves the group, and decides on until others do or nothing comes; what was appended still counts.

        Callers who wait are answered meanwhile: whoever owns now, this replica's tail tells them.
        """
        self._leaving = True
        if self._ownership is not None:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LEAVE_SECONDS_MAX):
                    await self._left.wait()

    # --- the loop ------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Decides until cancelled or told to leave; raises when a partition cannot be decided any more."""
        stop_listening = self._tail.listen(self._on_verdict)
        self._in_group = True
        self._ownership = await self._source.own(FACTS, GROUP, self)
        hinted_at = asyncio.get_running_loop().time()
        hinting: asyncio.Future[None] | None = None
        letters = asyncio.ensure_future(self._letters.run())
        try:
            while not self._leaving:
                await self._turn(self._ownership)
                now = asyncio.get_running_loop().time()
                if now - hinted_at > HINT_EVERY_SECONDS and (hinting is None or hinting.done()):
                    hinted_at = now
                    hinting = asyncio.ensure_future(self._hint())
            await self._part(self._ownership)
        finally:
            self._in_group = False
            stop_listening()
            for task in (hinting, letters):
                if task is not None:
                    task.cancel()
            self._let_go(tuple(self._held))
            self._sources.close()
            self._parting.end()  # its reader ends while the group is left
            await self._ownership.close()
            await self._parting.close()
            self._ownership = None
            self._left.set()

    async def _turn(self, ownership: Ownership) -> None:
        self._on_facts(await self._sources.read(ownership if self._in_group else None))
        self._fire_timers()
        if self._broken is not None:
            raise self._broken
        if self._parting.holding:
            decided = {p: held.ahead.count for p, held in self._held.items() if held.ready}
            self._let_go(self._parting.over(decided, due_at(self._held, self._clock)))
        elif not self._leaving:
            self._parting.stand_by()
        await asyncio.sleep(0)

    async def _part(self, ownership: Ownership) -> None:
        """Leaves the group; each partition is decided here until a record of another's is seen in it (parting.py)."""
        decided = [partition for partition, held in self._held.items() if held.goes_on]
        if not decided:
            return
        self._parting.cover(decided)
        while self._parting.opening:
            await self._turn(ownership)
        if self._parting.facts is None:
            log.warning("facts_not_opened", partitions=decided)
            return
        self._let_go([partition for partition, held in self._held.items() if not held.goes_on])
        self._go_alone(tuple(self._held), PART_SECONDS_MAX)
        self._in_group = False
        leaving = asyncio.ensure_future(ownership.close())
        try:
            while self._held:
                await self._turn(ownership)
        finally:
            await leaving

    def _takes(self, partition: int) -> bool:
        """Facts of it are decided now; while too much is on its way, they would be read again."""
        held = self._held.get(partition)
        return held is not None and held.ready and not held.paused

    def _on_facts(self, records: list[Record]) -> None:
        """In three turns: all are read, then those of a partition decided, then the decisions encoded and appended. The
        same code a hundred times over is done in half the time. Nothing is awaited in between, so nobody else appends.
        """
        read = [fact_of(record.value) for record in records]
        at = 0
        while at < len(records):
            at = self._decide_run(records, read, at)

    def _decide_run(self, records: list[Record], read: list[Fact | Exception], at: int) -> int:
        """Decides the facts of one partition from here on; answers where the next run begins."""
        partition, made = records[at].partition, list[Made]()
        held = self._held.get(partition)
        deciding = held is not None and held.ready and not held.paused
        while at < len(records) and records[at].partition == partition:
            if held is not None and deciding:
                if made and len(held.pending) + len(made) >= self._pending_max:
                    break  # appending them pauses the partition
                self._on_fact(held, records[at], read[at], made)
            at += 1
        return at - (self._append_run(partition, held, made) if held is not None else 0)

    def _on_fact(self, held: Held, record: Record, fact: Fact | Exception, made: list[Made]) -> None:
        ahead = made[-1].after if made else held.ahead
        if record.offset <= ahead.last_fact:
            return
        if record.offset != ahead.last_fact + 1:  # a hole is never decided over
            self._seek(record.partition, ahead.last_fact + 1)
            return
        began = perf_counter()
        decision = self._maker.decided(ahead, record, fact)
        after = folded(record.partition, ahead, decision)
        made.append(Made(record, decision, after, perf_counter() - began))

    def _append_run(self, partition: int, held: Held, made: list[Made]) -> int:
        """Encodes and appends what was decided; answers how many at the end must be decided again."""
        if not made:
            return 0
        began = perf_counter()
        values = [encode_decision(one.decision) for one in made]
        encoding = (perf_counter() - began) / len(made)
        for index, (one, value) in enumerate(zip(made, values, strict=True), 1):
            self._measures.seconds.observe(one.seconds + encoding)
            if len(value) > RECORD_BYTES_MAX:
                self._append_too_large(held, one, len(value))
                return len(made) - index if held.ready else 0
            self._append(partition, held, one.decision, one.after, value, "fact")
            if not held.ready:  # the speculation was dropped, and these with it
                return 0
        return 0

    def _append_too_large(self, held: Held, made: Made, size: int) -> None:
        """In its place the record that says so: the log would refuse it, now and at every restart (engine.md 4.2)."""
        record = made.record
        detail = f"its decision takes {size} bytes, {RECORD_BYTES_MAX} are allowed; make it smaller"
        fact_id = made.decision.fact_id
        decision = self._maker.rejected(held.ahead, record, "decision_too_large", detail, fact_id)
        after = folded(record.partition, held.ahead, decision)
        self._append(record.partition, held, decision, after, encode_decision(decision), "fact")

    def _fire_timers(self) -> None:
        now_ms = self._clock.now_ms()
        for partition, held in tuple(self._held.items()):  # a full buffer lets go of one while parting
            for _ in range(TIMERS_PER_TURN_MAX):
                if not held.ready or held.paused:
                    break
                timer = held.timers.due(held.ahead, now_ms)
                if timer is None:
                    break
                try:
                    decision = decide_timer(
                        held.ahead, timer, now_ms=now_ms, decision_id=self._new_id(), owner=self._name
                    )
                    value = encode_decision(decision)
                except Exception as error:  # nor must a timer: every owner in turn would end at it
                    why = {"error": type(error).__name__, "frames": frames_of(error)}
                    self._put_aside(partition, held, timer, "decide_failed", why)
                    continue
                if len(value) > RECORD_BYTES_MAX:
                    self._put_aside(partition, held, timer, "decision_too_large", {"bytes": len(value)})
                    continue
                after = folded(partition, held.ahead, decision)
                self._append(partition, held, decision, after, value, "timer")

    def _put_aside(
        self, partition: int, held: Held, timer: Timer, reason: str, why: Mapping[str, object]
    ) -> None:
        """The other timers and facts go on; this one is tried again in a minute, or once its deadline moves."""
        kind = timer.timer_id.partition("/")[0]
        log.error("timer_put_aside", partition=partition, timer=kind, reason=reason, **why)
        self._measures.put_aside.labels(reason).inc()
        held.timers.put_aside(timer, self._clock.now_ms() + PUT_ASIDE_MS)

    def _append(
        self,
        partition: int,
        held: Held,
        decision: Decision,
        after: PartitionState,
        value: bytes,
        cause: str,
    ) -> None:
        """Appends what *ahead* becomes by, with no await since it was decided (engine.md 1.5)."""
        try:
            future = self._source.append(DECISIONS, partition, decision.desk_id.encode(), value)
        except BufferFull:  # nothing was sent: taken again once the log has room
            self._reset(partition, held, "buffer_full")
            return
        self._tail.foreseen.append(partition, Appended(value, held.ahead, decision, after))
        held.ahead = after
        held.timers.note(after, decision)
        held.pending.append(decision.decision_id)
        held.in_flight[future] = asyncio.get_running_loop().time()
        future.add_done_callback(partial(self._on_ack, partition, held))
        self._measures.decided_by[cause].inc()
        if len(held.pending) >= self._pending_max and not held.paused and self._ownership is not None:
            held.paused = True
            self._ownership.pause(partition)

    def _on_ack(self, partition: int, held: Held, done: asyncio.Future[int]) -> None:
        held.in_flight.pop(done, None)
        if (
            not done.cancelled()
            and (error := done.exception()) is not None
            and self._held.get(partition) is held
        ):
            log.warning("append_failed", partition=partition, error=type(error).__name__, detail=str(error))
            self._reset(partition, held, "append_failed")

    # --- verdicts ------------------------------------------------------------------------------------------

    def _on_verdict(self, verdict: Verdict) -> None:
        held = self._held.get(verdict.partition)
        if held is None:
            return
        own = verdict.record.decision_id
        if own in held.dropped:
            held.dropped.discard(own)
            if verdict.accepted:
                self._letters.told(verdict)
                self._reset(verdict.partition, held, "own_rejected")
            return
        if not held.ready:
            held.others += verdict.accepted
            return
        if verdict.accepted and held.pending and held.pending[0] == own:
            held.pending.popleft()
            self._letters.told(verdict)
            if held.paused and len(held.pending) <= self._pending_max // 2 and self._ownership is not None:
                held.paused = False
                # what was read while paused was let go
                self._seek(verdict.partition, held.ahead.last_fact + 1)
                self._ownership.resume(verdict.partition)
        elif own in held.pending:  # the ones before it were lost, or landed behind it
            self._reset(verdict.partition, held, "own_rejected")
        elif verdict.accepted or held.alone:
            self._reset(verdict.partition, held, "foreign_record")

    def _reset(self, partition: int, held: Held, reason: str) -> None:
        """Drops the speculation; a task takes the partition again from the folded state."""
        if not held.ready:
            return
        if held.alone and reason not in ("foreign_record", "own_rejected"):
            self._let_go([partition])
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

    async def _stood_back(self, partition: int, held: Held) -> None:
        """Leaves it to whoever decides there too, unless that one does not go on."""
        try:
            goes_on = await left_undecided(
                self._source,
                partition,
                caught_up=lambda: self._tail.near_end([partition], seconds_max=NEARER_SECONDS_MAX),
                state=lambda: self._tail.state(partition),
                others=lambda: held.others,
                due=lambda now: due_within(held, now, self._clock, self._parting.seconds_left(partition)),
            )
        except Exception as error:  # told to run(), which ends the process
            self._broken = error
            return
        if goes_on:
            await self._take(partition, held)
        else:
            self._let_go([partition])

    async def _take(self, partition: int, held: Held) -> None:
        """Brings *ahead* to the end of the log, then lets facts flow; gives up after TAKE_SECONDS_MAX."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        ends_at = began + TAKE_SECONDS_MAX
        try:
            while True:
                self._pause(partition)
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
            self._broken = error

    async def _catch_up(self, partition: int, held: Held) -> None:
        if held.in_flight:
            await asyncio.wait(tuple(held.in_flight))  # bounded by the log's own deadline of an append
        await asyncio.sleep(0)  # the log's other writers get their turn
        await self._tail.near_end([partition], seconds_max=NEARER_SECONDS_MAX)
        if self._tail.state(partition).count == 0:
            await write_genesis(self._source, self._tail, partition, self._generation, self._maker)
            self._measures.decided_by["genesis"].inc()
        if self._held.get(partition) is not held:
            return
        held.ahead = self._tail.state(partition)
        check_genesis(partition, held.ahead, self._generation, self._tail.partitions)
        held.timers.rebuild(held.ahead)
        held.ready, held.paused, held.decided = True, False, True
        self._seek(partition, held.ahead.last_fact + 1)
        if self._ownership is not None and partition in self._ownership.owned:
            self._ownership.resume(partition)

    # --- small helpers -------------------------------------------------------------------------------------

    def _seek(self, partition: int, offset: int) -> None:
        if self._held[partition].alone:
            self._parting.seek(partition, offset)
        elif self._ownership is not None and partition in self._ownership.owned:
            self._ownership.seek(partition, offset)

    def _pause(self, partition: int) -> None:
        if self._ownership is not None and partition in self._ownership.owned:
            self._ownership.pause(partition)

    async def _hint(self) -> None:
        """For lag graphs only, so its failure is no failure."""
        if self._ownership is None:
            return
        for partition, held in tuple(self._held.items()):
            decided = self._tail.state(partition).last_fact
            if held.ready and decided > held.hinted:
                held.hinted = decided
                await self._ownership.hint(partition, decided + 1)
