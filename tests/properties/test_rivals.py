"""Owners who each believe that they own the partition: the chain takes one story, and every reader the same one.

Stale prefixes, crashes, clocks that differ, appends that are lost, doubled or land long after their owner forgot
them (engine.md 1.4, 2, 7). A fence that compares counts instead of links is kept as a witness: the same simulation
breaks it, so the simulation bites.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from services.contract import facts as f
from services.contract.decisions import CloseCause, Decision, FactCause
from services.contract.topics import PARTITION_HASH
from services.router.decide import decide_fact, decide_genesis, decide_rejected, decide_timer
from services.router.evolve import CorruptLog
from services.router.log.fold import Folded, fold
from services.router.model import PartitionState, canonical
from services.router.timers import TimerIndex
from tests.properties.adversary import AGENTS, BUSY, big_desk
from tests.properties.invariants import check_history, check_state, check_time
from tests.properties.test_core import RUNS
from tests.unit.router.world import DESK, START_MS, World

OWNERS = 3
TURNS = 2_500
BACKLOG_MAX = 8
"""Facts that callers send ahead of the log: they act on what they see."""
LOST, DOUBLED, DELAYED = 0.05, 0.05, 0.1
DIFFERENT = 0.1
"""Of its facts, an owner decides otherwise than the others would."""
Judge = Callable[[PartitionState, Decision], Folded]


class Client(World):
    """Acts on what the log says, as real callers do: its facts are appended, decided by whoever owns."""

    def __init__(self) -> None:
        self.state = PartitionState.empty()
        self.now_ms = START_MS
        self.facts: list[f.Fact] = []
        self.records = []
        self.timers = TimerIndex()

    def tell(
        self,
        body: Any,
        *,
        fact_id: str | None = None,
        desk_id: str = DESK,
        received_ms: int = 0,
        occurred_ms: int = 0,
    ) -> Any:
        name = fact_id or f"fact-{len(self.facts)}"
        at_ms = received_ms or self.now_ms
        self.facts.append(
            f.Fact(
                fact_id=name,
                desk_id=desk_id,
                occurred_at_ms=occurred_ms,
                received_at_ms=at_ms,
                body=body,
            )
        )

    def wait(self, milliseconds: int) -> list[Any]:
        self.now_ms += milliseconds
        return []

    def fire(self) -> None:
        return None


@dataclass
class Owner:
    """One believer: what it thinks stands in the log, and its own clock."""

    skew_ms: int
    ahead: PartitionState = field(default_factory=PartitionState.empty)
    timers: TimerIndex = field(default_factory=TimerIndex)


class Rivalry:
    """One partition's log and all who write to it; `judge` is the accept rule under test."""

    def __init__(self, seed: int, judge: Judge) -> None:
        self.rng = random.Random(seed)
        self.judge = judge
        self.log: list[Decision] = []
        self.accepted: list[Decision] = []
        self.client = Client()
        self.folded = PartitionState.empty()
        self.late: list[Decision] = []
        self.built_on: dict[int, int] = {}
        self.states = [self.folded]
        self.owners = [Owner(self.rng.randrange(-5_000, 5_000)) for _ in range(OWNERS)]

    def run(self, turns: int) -> None:
        """Everybody at once; then one quiet owner decides what is left."""
        self.client.tell(f.DeskConfigured(desk=big_desk()))
        self.client.sign_in(*AGENTS)
        for _ in range(turns):
            self._turn()
        for record in self.late:
            self._land(record)
        self._drain()

    def _turn(self) -> None:
        chance = self.rng.random()
        owner = self.rng.choice(self.owners)
        backlog = len(self.client.facts) - self.folded.last_fact
        if chance < 0.3 and DESK in self.folded.desks and backlog < BACKLOG_MAX:
            self.client.state = self.folded
            self.rng.choice(BUSY)(self.client, self.rng.randrange(8), self.rng.randrange(8))
        elif chance < 0.52:
            self._read(owner, len(self.log))
        elif chance < 0.55:
            self._read(owner, max(0, len(self.log) - self.rng.randrange(40)))
        elif chance < 0.56:
            self._read(owner, 0)  # killed and started again
        elif chance < 0.6 and self.late:
            self._land(self.late.pop(self.rng.randrange(len(self.late))))
        else:
            self._decide(owner)

    def _read(self, owner: Owner, to: int) -> None:
        """Drops the speculation for a prefix of the log, not always all of it."""
        owner.ahead = self.states[to]
        owner.timers.rebuild(owner.ahead)

    def _decide(self, owner: Owner) -> None:
        """Decides the next thing on what it believes, and appends it without waiting."""
        record = self._next(owner)
        if record is None:
            return
        self.built_on[record.decision_id] = owner.ahead.count
        owner.ahead = fold(owner.ahead, record).state
        owner.timers.note(owner.ahead, record)
        fate = self.rng.random()
        if fate < LOST:
            return
        if fate < LOST + DELAYED:
            self.late.append(record)
            return
        self._land(record)
        if fate > 1 - DOUBLED:
            self.late.append(record)

    def _next(self, owner: Owner) -> Decision | None:
        state, now_ms, new_id = owner.ahead, self.client.now_ms + owner.skew_ms, self.rng.getrandbits(64) or 1
        if state.count == 0:
            return decide_genesis(
                generation=1,
                partitions=1,
                partition_hash=PARTITION_HASH,
                first_fact_offset=0,
                now_ms=now_ms,
                decision_id=new_id,
                owner="rival",
            )
        timer = owner.timers.due(state, now_ms)
        if timer is not None and self.rng.random() < 0.5:
            return decide_timer(state, timer, now_ms=now_ms, decision_id=new_id, owner="rival")
        offset = state.last_fact + 1
        if offset >= len(self.client.facts):
            return None
        fact = self.client.facts[offset]
        if self.rng.random() < DIFFERENT:
            return decide_rejected(
                state,
                offset=offset,
                reason="decide_failed",
                detail="this owner chooses differently",
                fact_id=fact.fact_id,
                desk_id=fact.desk_id,
                now_ms=now_ms,
                decision_id=new_id,
                owner="rival",
            )
        return decide_fact(state, fact, offset=offset, now_ms=now_ms, decision_id=new_id, owner="rival")

    def _land(self, record: Decision) -> None:
        """The record reaches the log; the reader that matters folds it."""
        self.log.append(record)
        folded = self.judge(self.folded, record)
        if folded.accepted:
            check_state(folded.state)
            self.accepted.append(record)
        else:
            assert folded.state is self.folded
        self.folded = folded.state
        self.states.append(folded.state)

    def _drain(self) -> None:
        owner = Owner(0)
        self._read(owner, len(self.log))
        while (record := self._next(owner)) is not None:
            self.built_on[record.decision_id] = owner.ahead.count
            owner.ahead = fold(owner.ahead, record).state
            owner.timers.note(owner.ahead, record)
            self._land(record)


def test_rivals_agree_on_one_story() -> None:
    """Every fact is decided once, in order; nobody is assigned twice; all readers come to the same state."""
    rejected = 0
    for seed in range(RUNS):
        rivalry = Rivalry(seed, fold)
        rivalry.run(TURNS)
        decided = [r.fact_offset for r in rivalry.accepted if isinstance(r.cause, FactCause)]
        assert decided == list(range(len(rivalry.client.facts)))
        check_history(rivalry.accepted)
        check_time(rivalry.accepted)
        again = PartitionState.empty()
        for record in rivalry.log:
            again = fold(again, record).state
        assert canonical(again) == canonical(rivalry.folded)
        rejected += len(rivalry.log) - len(rivalry.accepted)
    assert rejected > RUNS  # they did fight


def test_a_fence_that_counts_is_broken_by_the_same_simulation() -> None:
    """Two owners with different histories can stand at the same count (engine.md 1.4)."""

    def by_count(rivalry: Rivalry) -> Judge:
        def judge(state: PartitionState, record: Decision) -> Folded:
            if state.count and rivalry.built_on[record.decision_id] == state.count:
                record = replace(record, prev_id=state.head)
                at_ms = max(state.decided_at_ms, record.decided_at_ms)
                return fold(state, replace(record, decided_at_ms=at_ms))
            return fold(state, record) if not state.count else Folded(state, False, "count")

        return judge

    for seed in range(max(RUNS, 60)):
        rivalry = Rivalry(seed, fold)
        rivalry.judge = by_count(rivalry)
        try:
            rivalry.run(TURNS)
            check_history(rivalry.accepted)
        except (CorruptLog, AssertionError):
            return
    pytest.fail("the broken fence was not caught: the simulation does not bite")


def test_nothing_follows_a_close() -> None:
    """A closed partition rejects every later record, so that a new generation can start from it (engine.md 1.11)."""
    world = World(big_desk())
    close = Decision(
        decision_id=world.new_id(),
        prev_id=world.state.head,
        fact_offset=world.state.last_fact,
        cause=CloseCause(),
        decided_at_ms=world.now_ms,
    )
    closed = fold(world.state, close).state
    after = decide_fact(
        closed, f.Fact(fact_id="x", desk_id=DESK), offset=1, now_ms=world.now_ms, decision_id=99, owner="test"
    )

    assert closed.closed
    assert fold(closed, after) == Folded(closed, False, "closed")
