"""The owner's loop: facts in, decision records out, verdicts from the tail (engine.md 1.5).

Owning a partition gives liveness only. The owner decides on a speculative state (*ahead*), appends without
waiting, and lets the tail say what counted: its own record at the head of *pending* was accepted, fine;
anything else, and all that was built on it is dropped and decided again from the folded state. Which partitions
those are, and how each is taken: owning/holdings.py.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Mapping
from functools import partial
from time import perf_counter

import structlog

from services.contract.codec import encode_decision
from services.contract.decisions import Decision
from services.contract.facts import Fact
from services.contract.topics import DECISIONS, FACTS
from services.router.decide import decide_timer
from services.router.measures import OwnerMeasures
from services.router.model import PartitionState
from services.router.owning.foreseen import Appended
from services.router.owning.held import Held
from services.router.owning.holdings import Holdings
from services.router.owning.letters import RejectionLetters
from services.router.owning.making import Made, Maker, fact_of, folded
from services.router.owning.parting import PART_SECONDS_MAX
from services.router.owning.sources import Sources
from services.router.tail import DecisionTail
from services.router.timers import Timer
from services.router.verdict import Verdict
from services.runtime.clock import Clock
from services.runtime.log import RECORD_BYTES_MAX, BufferFull, Log, Membership, Ownership, Record
from services.runtime.observe import frames_of

GROUP = "frontdesk-router"
HINT_EVERY_SECONDS = 1.0
TIMERS_PER_TURN_MAX = 200
"""Deadlines fired before facts get their turn again."""
PUT_ASIDE_MS = 60_000
"""A timer that could not be decided is left alone for this long."""
LETTERS_SECONDS_MAX = 1.0
"""How long a stop waits for the dead letters that are still to be written."""
LEAVE_SECONDS_MAX = 15.0
"""How long a stop waits until others decide: longer than it takes to leave and then to part (owning/parting.py)."""

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
        self._name, self._pending_max = name, pending_max
        self._letters, self._measures = letters, measures
        self._maker = Maker(clock=clock, new_id=new_id, name=name)
        self._holdings = Holdings(
            source,
            tail,
            self._maker,
            clock=clock,
            generation=generation,
            pending_max=pending_max,
            measures=measures,
        )
        self._sources = Sources(
            self._holdings.parting,
            records_max=pending_max,
            patience_ms=self._holdings.patience_ms,
            takes=self._holdings.takes,
        )
        self._left = asyncio.Event()

    @property
    def owned_ready(self) -> frozenset[int]:
        """Partitions that the group gave to this process and that it decides right now."""
        return self._holdings.ready

    @property
    def owned(self) -> frozenset[int]:
        """Partitions that the group gave to this process, ready or not, and those that it still decides."""
        return frozenset(self._holdings.held)

    @property
    def membership(self) -> Membership | None:
        """How the process stands with the group; None before it joins and after it left."""
        return self._holdings.membership

    def oldest_append_seconds(self) -> float:
        """How long the oldest append has been without an answer; 0 when none is."""
        return self._holdings.oldest_append_seconds()

    async def leave(self) -> None:
        """Leaves the group, and decides on until others do or nothing comes; what was appended still counts.

        Callers who wait are answered meanwhile: whoever owns now, this replica's tail tells them.
        """
        self._holdings.leaving = True
        if self._holdings.group is not None:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LEAVE_SECONDS_MAX):
                    await self._left.wait()

    async def run(self) -> None:
        """Decides until cancelled or told to leave; raises when a partition cannot be decided any more."""
        holdings = self._holdings
        stop_listening = self._tail.listen(self._on_verdict)
        holdings.in_group = True
        group = holdings.group = await self._source.own(FACTS, GROUP, holdings)
        hinted_at = asyncio.get_running_loop().time()
        hinting: asyncio.Future[None] | None = None
        letters = asyncio.ensure_future(self._letters.run())
        try:
            while not holdings.leaving:
                await self._turn(group)
                if letters.done():  # never by itself: a router that writes no dead letters any more ends
                    letters.result()
                now = asyncio.get_running_loop().time()
                if now - hinted_at > HINT_EVERY_SECONDS and (hinting is None or hinting.done()):
                    hinted_at = now
                    hinting = asyncio.ensure_future(self._hint(group))
            await self._part(group)
            await self._letters.written(LETTERS_SECONDS_MAX)
        finally:
            holdings.in_group = False
            stop_listening()
            for task in (hinting, letters):
                if task is not None:
                    task.cancel()
            holdings.let_go(tuple(holdings.held))
            self._sources.close()
            holdings.parting.end()  # its reader ends while the group is left
            await group.close()
            await holdings.parting.close()
            holdings.group = None
            self._left.set()

    async def _turn(self, group: Ownership) -> None:
        holdings = self._holdings
        self._on_facts(await self._sources.read(group if holdings.in_group else None))
        self._fire_timers()
        if holdings.broken is not None:
            raise holdings.broken
        if holdings.parting.holding:
            holdings.let_go_in_time()
        elif not holdings.leaving:
            holdings.parting.stand_by()
        await asyncio.sleep(0)

    async def _part(self, group: Ownership) -> None:
        """Leaves the group; each partition is decided here until a record of another's is seen in it (owning/parting.py)."""
        holdings = self._holdings
        held, parting = holdings.held, holdings.parting
        decided = [partition for partition, one in held.items() if one.goes_on]
        if not decided:
            return
        parting.cover(decided)
        while parting.opening:
            await self._turn(group)
        if parting.facts is None:
            log.warning("facts_not_opened", partitions=decided)
            return
        holdings.let_go([partition for partition, one in held.items() if not one.goes_on])
        holdings.go_alone(tuple(held), PART_SECONDS_MAX)
        holdings.in_group = False
        leaving = asyncio.ensure_future(group.close())
        try:
            while held:
                await self._turn(group)
        finally:
            await leaving

    async def _hint(self, group: Ownership) -> None:
        """For lag graphs only, so its failure is no failure."""
        for partition, held in tuple(self._holdings.held.items()):
            decided = self._tail.state(partition).last_fact
            if held.ready and decided > held.hinted:
                held.hinted = decided
                await group.hint(partition, decided + 1)

    # --- facts and deadlines become appended decisions -----------------------------------------------------

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
        held = self._holdings.held.get(partition)
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
            self._holdings.seek(record.partition, ahead.last_fact + 1)
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
        holds = self._holdings.held  # a full buffer lets go of one while parting
        for partition, held in tuple(holds.items()):
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
            self._holdings.drop(partition, held, "buffer_full")
            return
        self._tail.foreseen.append(partition, Appended(value, held.ahead, decision, after))
        held.ahead = after
        held.timers.note(after, decision)
        held.pending.append(decision.decision_id)
        held.in_flight[future] = asyncio.get_running_loop().time()
        future.add_done_callback(partial(self._on_ack, partition, held))
        self._measures.decided_by[cause].inc()
        if len(held.pending) >= self._pending_max and not held.paused:
            self._holdings.pause(partition, held)

    def _on_ack(self, partition: int, held: Held, done: asyncio.Future[int]) -> None:
        held.in_flight.pop(done, None)
        if (
            not done.cancelled()
            and (error := done.exception()) is not None
            and self._holdings.held.get(partition) is held
        ):
            log.warning("append_failed", partition=partition, error=type(error).__name__, detail=str(error))
            self._holdings.drop(partition, held, "append_failed")

    # --- verdicts ------------------------------------------------------------------------------------------

    def _on_verdict(self, verdict: Verdict) -> None:
        held = self._holdings.held.get(verdict.partition)
        if held is None:
            return
        own = verdict.record.decision_id
        if own in held.dropped:
            held.dropped.discard(own)
            if verdict.accepted:
                self._letters.told(verdict)
                self._holdings.drop(verdict.partition, held, "own_rejected")
            return
        if not held.ready:
            held.others += verdict.accepted
            return
        if verdict.accepted and held.pending and held.pending[0] == own:
            held.pending.popleft()
            self._letters.told(verdict)
            if held.paused and len(held.pending) <= self._pending_max // 2:
                self._holdings.resume(verdict.partition, held)
        elif own in held.pending:  # the ones before it were lost, or landed behind it
            self._holdings.drop(verdict.partition, held, "own_rejected")
        elif verdict.accepted or held.alone:
            self._holdings.drop(verdict.partition, held, "foreign_record")
