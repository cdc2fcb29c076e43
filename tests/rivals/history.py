"""One seeded history: three routers that each may believe to own the partition, their callers, and what must hold.

Checked while it goes: every record that is accepted leaves a state in which the rules hold (invariants.py); whatever a
process folds has the verdict that the log has. Checked at its end, after a calm time with one owner: every fact is
decided once, in order; the owners' stories are one; time never falls; every command has its answer and the answer is
what the log says; nothing that is due is left; a replay from the bytes gives the state.
"""

from __future__ import annotations

import asyncio
import random
from contextvars import copy_context
from dataclasses import dataclass
from typing import Any

from services.contract import facts as f
from services.contract.codec import decode_decision, encode_fact
from services.contract.decisions import Decision, DuplicateIgnored, FactCause
from services.contract.ids import command_fact_id
from services.contract.topics import DECISIONS, FACTS
from services.router.log.fold import fold
from services.router.model import PartitionState, canonical
from services.router.owner import Owner
from services.router.serving.commands import Answer
from services.router.timers import TimerIndex
from services.router.verdict import Verdict
from services.runtime.log import LogError, Record
from services.runtime.rpc import Refusal
from tests.properties.adversary import AGENTS, BUSY, big_desk
from tests.properties.invariants import check_history, check_state, check_time
from tests.rivals.replica import Make, Replica, SkewedClock, owned_tasks
from tests.rivals.shared import EMPTY, MORNINGS, Memo, Morning, morning, shared_fold
from tests.rivals.store import CALM, Store, View
from tests.rivals.virtual import play
from tests.unit.router.world import DESK, START_MS, World

REPLICAS = 3
TURNS = 45
FACTS_MAX = 40
BACKLOG_MAX = 8
"""Facts that callers send ahead of the log: they act on what they see."""
CALM_SECONDS_MAX = 120.0
FROM_NOTHING = 0.2
"""Histories that begin before the genesis record; the others begin with a desk at work."""
SKEW_MS_MAX = 60_000
COMMAND_SECONDS = 1.2


class Violated(AssertionError):
    """A rule that does not hold; the message says which, and the seed."""


@dataclass(frozen=True)
class Rules:
    """How the routers of a history are made: as they are, or with one rule broken."""

    make: Make = Owner
    counted_ids: bool = False
    """Records are named by how many there are: a fence that counts, instead of a chain."""
    any_offset: bool = False
    """The chain does not ask which fact a record decides."""


SOUND = Rules()


@dataclass
class Outcome:
    """What a history was."""

    facts: int = 0
    records: int = 0
    accepted: int = 0
    timers: int = 0
    duplicates: int = 0
    commands: int = 0
    kills: int = 0
    stops: int = 0
    leaves: int = 0
    changes_of_owner: int = 0


class Callers(World):
    """Who acts on what the log says: their facts are sent, and decided by whoever owns."""

    def __init__(self, history: History) -> None:
        self.state = PartitionState.empty()
        self.now_ms = START_MS
        self.records = []
        self.timers = TimerIndex()
        self._history = history

    def tell(self, body: Any, **named: Any) -> Any:
        self._history.say(body, **named)

    def wait(self, milliseconds: int) -> list[Any]:
        self.now_ms += milliseconds
        return []

    def fire(self) -> None:
        return None


class History:
    """One run; `run` raises Violated, or whatever the routers broke with."""

    def __init__(self, seed: int, rules: Rules = SOUND, *, turns: int = TURNS, replay: bool = True) -> None:
        self.rng = random.Random(seed)
        self.rules, self._turns, self._replay = rules, turns, replay
        self.store = Store(self.rng)
        self.store.landed = self._landed
        self.memo = Memo()
        self.callers = Callers(self)
        self.verdicts: list[tuple[Decision, bool]] = []
        self.accepted: list[Decision] = []
        self.state = EMPTY
        self.answers: dict[str, Answer] = {}
        self.asked: set[str] = set()
        self.errands: set[asyncio.Task[None]] = set()
        self.leaving: set[asyncio.Task[None]] = set()
        self.said = 0
        self.replicas: list[Replica] = []
        self.outcome = Outcome()
        self.faults: list[BaseException] = []

    # --- who writes ----------------------------------------------------------------------------------------

    def say(self, body: Any, *, fact_id: str | None = None, desk_id: str = DESK, **named: Any) -> None:
        """A command goes through a router that an agent is connected to, all else is intake's."""
        self.said += 1
        name = fact_id or f"fact-{self.said}"
        errand = (
            self._command(name, desk_id, body)
            if isinstance(body, _COMMANDS) and fact_id is None
            else self._fact(name, desk_id, body, named.get("received_ms") or self.callers.now_ms)
        )
        task = asyncio.ensure_future(errand)
        self.errands.add(task)
        task.add_done_callback(self.errands.discard)

    async def _fact(self, name: str, desk_id: str, body: Any, at_ms: int) -> None:
        """Until it is acknowledged; so it may be there several times."""
        fact = f.Fact(fact_id=name, desk_id=desk_id, received_at_ms=at_ms, body=body)
        intake = View(self.store, self.callers_context)
        value = encode_fact(fact)
        while True:
            try:
                await intake.append(FACTS, 0, desk_id.encode(), value)
                return
            except LogError:
                await asyncio.sleep(0.05)

    async def _command(self, name: str, desk_id: str, body: Any) -> None:
        """Until it is answered, by any router, under the same id."""
        fact_id = command_fact_id(desk_id, name)
        self.asked.add(fact_id)
        while True:
            router = self.rng.choice(self.replicas)
            if not router.alive:
                await asyncio.sleep(0.05)
                continue
            try:
                answer = await router.send(desk_id, name, body, timeout_seconds=COMMAND_SECONDS)
            except Refusal:
                answer = None
            if answer is not None:
                self.answers[fact_id] = answer
                return
            await asyncio.sleep(0.05)

    # --- the log, and who reads it --------------------------------------------------------------------------

    def _landed(self, record: Record) -> None:
        if record.topic != DECISIONS:
            return
        decision = self.memo.decode(record.value)
        folded = self.memo.fold(self.state, decision)
        self.verdicts.append((decision, folded.accepted))
        if folded.accepted:
            self.state = folded.state
            self.accepted.append(decision)
            if self.replicas:  # what was there before they were is sound already
                check_state(folded.state)

    def _seen(self, name: str, verdict: Verdict) -> None:
        decision, accepted = self.verdicts[verdict.offset]
        if verdict.accepted != accepted or verdict.record.decision_id != decision.decision_id:
            raise Violated(f"{name} was told another verdict of record {verdict.offset} than the log has")

    # --- the course of it -----------------------------------------------------------------------------------

    async def run(self) -> Outcome:
        loop = asyncio.get_running_loop()
        loop.set_task_factory(owned_tasks)
        loop.set_exception_handler(self._broke)
        self.callers_context = copy_context()
        self._began = loop.time()
        self.replicas = [self._start(number) for number in range(REPLICAS)]
        if self.rng.random() < FROM_NOTHING:
            self.callers.tell(f.DeskConfigured(desk=big_desk()))
            self.callers.sign_in(*AGENTS)
        else:
            self._begin_at_work(morning(self.rng.randrange(MORNINGS)))
        self._change_owner()
        for _ in range(self._turns):
            await asyncio.sleep(self.rng.expovariate(1.0) * 0.03)
            self._turn()
            self._start_again()
        await self._calm()
        self._check()
        return self._counted()

    def _begin_at_work(self, known: Morning) -> None:
        self.callers.now_ms = known.now_ms
        self.memo.adopt(known.memo)
        for topic, values in ((FACTS, known.facts), (DECISIONS, known.decisions)):
            for value in values:
                self.store.land(topic, DESK.encode(), value)

    def _turn(self) -> None:
        chance, rng = self.rng.random(), self.rng
        backlog = len(self.store.records[FACTS]) - self.state.last_fact
        replica = rng.choice(self.replicas)
        if chance < 0.55:
            if DESK in self.state.desks and backlog < BACKLOG_MAX and self.said < FACTS_MAX:
                self.callers.state = self.state
                rng.choice(BUSY)(self.callers, rng.randrange(8), rng.randrange(8))
        elif chance < 0.65:
            self.callers.wait(rng.choice((8_000, 20_000, 60_000, 150_000)))
        elif chance < 0.75:
            self._change_owner()
        elif chance < 0.8:
            self.outcome.kills += 1
            replica.kill()
        elif chance < 0.86:
            self._stop(replica)
        elif chance < 0.9:
            replica.clock.skew_ms = rng.choice((-SKEW_MS_MAX, -2_000, 0, 2_000, 30_000))
        elif chance < 0.94:
            self.store.committed = max(0, self.store.committed + rng.randrange(-10, 10))
        elif chance < 0.97:
            self._leave(replica)
        elif replica.view.member is not None:
            replica.view.member.revoke()

    def _start(self, number: int) -> Replica:
        clock = SkewedClock(self._world_ms, self.rng.randrange(-5_000, 5_000))
        return Replica(
            f"router-{number}", self.store, clock, self._new_id, make=self.rules.make, seen=self._seen
        )

    def _broke(self, _: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """What went wrong in a callback, the checks of landed records among it; raised at the next turn."""
        error = context.get("exception")
        if error is not None and not isinstance(error, LogError | Refusal):
            self.faults.append(error)

    def _start_again(self) -> None:
        """The platform's part; who ended by anything but an absent log has broken a rule."""
        if self.faults:
            raise self.faults[0]
        for number, replica in enumerate(self.replicas):
            if not replica.alive:
                if replica.broken is not None:
                    raise replica.broken
                self.replicas[number] = self._start(number)

    def _new_id(self, replica: Replica) -> int:
        if not self.rules.counted_ids:
            return self.rng.getrandbits(64) or 1
        held = replica.owner._holdings.held.get(0)
        return (held.ahead if held is not None and held.ready else replica.tail.state(0)).count + 1

    def _world_ms(self) -> int:
        return self.callers.now_ms + int((asyncio.get_running_loop().time() - self._began) * 1000)

    def _change_owner(self) -> None:
        """Somebody is given the partition; those before hear of it later, or not for a long time."""
        self.outcome.changes_of_owner += 1
        loop, chosen = asyncio.get_running_loop(), self.rng.choice(self.replicas)
        for replica in self.replicas:
            member = replica.view.member
            if member is None or replica.view.stopped:
                continue
            if replica is chosen:
                loop.call_later(self.rng.random() * 0.05, member.assign)
            elif self.rng.random() < 0.6:
                loop.call_later(self.rng.random() * 0.3, member.revoke)

    def _stop(self, replica: Replica) -> None:
        self.outcome.stops += 1
        replica.view.stop()
        asyncio.get_running_loop().call_later(self.rng.random() * 1.2, replica.view.go_on)

    def _leave(self, replica: Replica) -> None:
        """SIGTERM: it decides on until others do, and ends."""
        if not replica.alive:
            return
        self.outcome.leaves += 1
        leave = replica.owner.leave()
        task = asyncio.get_running_loop().create_task(leave, context=replica.context)
        self.leaving.add(task)
        task.add_done_callback(lambda _: replica.kill())
        task.add_done_callback(self.leaving.discard)

    async def _calm(self) -> None:
        """No more faults; what is late lands, and one owner decides what is left."""
        self.store.weather = CALM
        await asyncio.sleep(1.3)
        for replica in self.replicas:
            replica.view.go_on()
        if self.leaving:
            await asyncio.wait(self.leaving)
        self._start_again()
        await asyncio.sleep(0.3)
        chosen = self.rng.choice(self.replicas)
        if not any(one.owner.owned_ready for one in self.replicas):
            if chosen.view.member is None:
                raise Violated("a router that was started does not join")
            chosen.view.member.assign()
        loop = asyncio.get_running_loop()
        ends_at = loop.time() + CALM_SECONDS_MAX
        while self.errands or self._left() or self._overdue():
            if loop.time() > ends_at:
                raise Violated(
                    f"undecided: {self._left()} facts, timers {self._overdue()}, "
                    f"commands {sorted(self.asked - set(self.answers))}"
                )
            await asyncio.sleep(0.25)
            self._start_again()
        await asyncio.sleep(0.1)
        for replica in self.replicas:
            replica.kill()
        await asyncio.sleep(0)

    def _left(self) -> int:
        return len(self.store.records[FACTS]) - 1 - self.state.last_fact

    def _overdue(self) -> str:
        """A timer that is due by every clock, if there is one."""
        due = TimerIndex()
        due.rebuild(self.state)
        late = due.due(self.state, self._world_ms() - SKEW_MS_MAX)
        return late.timer_id if late is not None else ""

    # --- what must hold --------------------------------------------------------------------------------------

    def _check(self) -> None:
        if self.faults:
            raise self.faults[0]
        for replica in self.replicas:
            if replica.broken is not None:
                raise replica.broken
        decided = [one.fact_offset for one in self.accepted if isinstance(one.cause, FactCause)]
        if decided != list(range(len(self.store.records[FACTS]))):
            raise Violated("not every fact is decided once, in order")
        self._check_ids()
        check_history(self.accepted)
        check_time(self.accepted)
        self._check_answers()
        if self._replay:
            again = EMPTY
            for record in self.store.records[DECISIONS]:
                again = fold(again, decode_decision(record.value)).state
            if canonical(again) != canonical(self.state):
                raise Violated("a replay gives another state")

    def _check_ids(self) -> None:
        """A fact that is in the log several times has one effect."""
        first: set[str] = set()
        for one in self.accepted:
            if not one.fact_id:
                continue
            again = bool(one.events) and isinstance(one.events[0], DuplicateIgnored)
            if again != (one.fact_id in first):
                raise Violated(f"{one.fact_id}: {'wrongly a repeat' if again else 'decided again'}")
            first.add(one.fact_id)

    def _check_answers(self) -> None:
        for fact_id in self.asked:
            answer = self.answers.get(fact_id)
            if answer is None:
                raise Violated("a command has no answer")
            decision, accepted = self.verdicts[answer.offset]
            if not accepted or decision.fact_id != fact_id:
                raise Violated("an answer names a record that does not count, or is another's")
            if decision.reply is not None and decision.reply != answer.reply:
                raise Violated("an answer differs from the log")

    def _counted(self) -> Outcome:
        found = self.outcome
        found.facts, found.records = len(self.store.records[FACTS]), len(self.verdicts)
        found.accepted, found.commands = len(self.accepted), len(self.asked)
        found.timers = sum(type(one.cause).__name__ == "TimerCause" for one in self.accepted)
        found.duplicates = sum(
            bool(one.events) and isinstance(one.events[0], DuplicateIgnored) for one in self.accepted
        )
        return found


_COMMANDS = (
    f.AgentSignedIn,
    f.AgentStateChanged,
    f.OfferAnswered,
    f.HelpAsked,
    f.HelpAnswered,
    f.TransferAsked,
    f.AuthorityUsed,
    f.ConversationEnded,
    f.ContactResolved,
    f.CustomerAsked,
)


def run(seed: int, rules: Rules = SOUND, *, turns: int = TURNS, replay: bool = True) -> Outcome:
    """Plays one history; raises Violated or what a router broke with, with the seed noted."""
    with shared_fold(any_offset=rules.any_offset) as memo:
        try:
            return play(_history(seed, rules, turns, replay, memo))
        except Exception as error:
            error.add_note(f"history {seed}: python -m tests.rivals --seed {seed} --histories 1")
            raise


async def _history(seed: int, rules: Rules, turns: int, replay: bool, memo: Memo) -> Outcome:
    history = History(seed, rules, turns=turns, replay=replay)
    history.memo = memo
    return await history.run()
