"""A simulated day through production's router: its very `decide` and `fold`, fact by fact and timer by timer.

The world plays customers and agents as in routing.md 6.2: agents accept at once, work as long as the issue's draws
say, ask for help or for a transfer when they lack a right, the topic or an idea, and customers leave or come back.
Who gets what, who is consulted and who keeps the customer is decided by the router alone. So where production
differs from 6.2 (a hand-over waits at most a minute, then the owner keeps the customer; a consult that nobody joins
ends in a call-back), production is what is measured.

Time in the world is seconds since the day began; the router gets milliseconds after EPOCH_MS.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from services.contract import decisions as d
from services.contract import facts as f
from services.contract.desk import Desk
from services.contract.topics import PARTITION_HASH
from services.router.decide import decide_fact, decide_genesis, decide_timer
from services.router.log.fold import fold
from services.router.model import ContactState, PartitionState
from services.router.timers import TimerIndex
from simulator.day import DRAWS, Day
from simulator.desk import DESK_ID, LANGUAGE, agent_id, topic_id, wanted
from simulator.pool import Pool
from simulator.record import Record
from simulator.tariffs import EVERY_SECONDS, Pricer
from simulator.worlds import DAY_SECONDS

EPOCH_MS = 1_775_548_800_000
END_SECONDS = 57_600.0
CONSULT_SECONDS = 75.0
ATTEMPTS_MAX = 6
BACK_AFTER_LEAVING, BACK_AFTER_LEAVING_SECONDS = 0.60, 900.0
BACK_AFTER_FAILURE, BACK_AFTER_FAILURE_SECONDS = 0.80, 2_700.0
PATIENCE_AFTER_HOP = 1.5
READ_AGAIN_RIGHT = 0.5
WRONG_TOPIC_SHARE, NO_AUTHORITY_SHARE, AFTER_CONSULT_SHARE, STUCK_CONSULT_SHARE = 0.3, 0.5, 0.5, 0.35
HOP_SECONDS, HOP_SHARE = 30.0, 0.9
STUCK_SHARE, EXPERT_SHARE = 0.35, 0.7


@dataclass(slots=True)
class Run:
    """One contact of one issue, as the world knows it."""

    issue: int
    attempt: int
    draw: int
    hops: int = 0
    entry: int = 0
    """Rises with every entry into a queue, so that an old patience is told from the running one."""
    queued_seconds: float = 0.0
    epoch: int = 0
    agent: int = -1
    began: float = 0.0
    work: float = 0.0
    """Full work X of who has it now, seconds."""
    resumed: Callable[[float], None] | None = None
    """What the owner does once the help that was asked for has come."""
    adviser: int = -1
    consulted: bool = False
    """An expert has been asked in vain."""


@dataclass
class Drive:
    """One day of one replication."""

    pool: Pool
    day: Day
    desk: Desk
    clairvoyant: bool = False
    """Contacts arrive with their true topic and exact need."""
    forecast: f.ForecastSet | None = None
    """Told at the start; without one the desk forecasts from what comes."""
    pricer: Pricer | None = None
    """Sets prices every few minutes; without one time is free."""
    end_seconds: float = END_SECONDS
    state: PartitionState = field(default_factory=PartitionState.empty)
    facts: int = 0
    timers_fired: int = 0
    offset: int = -1
    watch: Callable[[d.Decision], None] | None = None

    def __post_init__(self) -> None:
        self.record = Record(self.day, self.pool.agents)
        self._now_ms = EPOCH_MS
        self._heap: list[tuple[float, int, Callable[..., None], tuple[Any, ...]]] = []
        self._order = 0
        self._todo: deque[tuple[Callable[..., None], tuple[Any, ...]]] = deque()
        self._index = TimerIndex()
        self._runs: dict[str, Run] = {}
        self._agents = {agent_id(index): index for index in range(self.pool.agents)}
        self._records = 0

    def play(self) -> Record:
        """Plays the day to its end and answers what became of its issues and agents."""
        self._begin()
        heap = self._heap
        while True:
            at = heap[0][0] if heap else float("inf")
            due_ms = self._index.next_at_ms(self.state)
            due = (due_ms - EPOCH_MS) / 1000.0 if due_ms is not None else float("inf")
            if min(at, due) > self.end_seconds:
                return self.record
            if due < at:
                self._fire(due)
            else:
                _, _, action, args = heapq.heappop(heap)
                action(at, *args)
            while self._todo:
                action, args = self._todo.popleft()
                action(max(min(at, due), 0.0), *args)

    # --- the router's side

    def _begin(self) -> None:
        self._folded(
            decide_genesis(
                generation=1,
                partitions=1,
                partition_hash=PARTITION_HASH,
                first_fact_offset=0,
                now_ms=EPOCH_MS,
                decision_id=1,
                owner="simulator",
            )
        )
        self.tell(0.0, f.DeskConfigured(desk=self.desk))
        if self.forecast is not None:
            self.tell(0.0, self.forecast)
        for name in self._agents:
            self.tell(0.0, f.AgentSignedIn(agent_id=name))
        if self.pricer is not None:
            self._prices(0.0, self.pricer)
        for index, at in enumerate(self.day.arrival_seconds):
            self._at(float(at), self._arrives, index, 0)

    def tell(self, at: float, body: Any) -> d.Reply | None:
        """A fact for the router now; what it decides is played."""
        self.offset += 1
        self.facts += 1
        self._now_ms = max(self._now_ms, EPOCH_MS + round(at * 1000.0))
        fact = f.Fact(
            fact_id=f"f{self.offset}",
            desk_id=DESK_ID,
            occurred_at_ms=self._now_ms,
            received_at_ms=self._now_ms,
            body=body,
        )
        record = decide_fact(
            self.state,
            fact,
            offset=self.offset,
            now_ms=self._now_ms,
            decision_id=self._records + 1,
            owner="simulator",
        )
        self._folded(record)
        return record.reply

    def _fire(self, at: float) -> None:
        timer = self._index.due(self.state, EPOCH_MS + round(at * 1000.0))
        if timer is None:
            return
        self._now_ms = max(self._now_ms, timer.deadline_at_ms)
        self.timers_fired += 1
        self._folded(
            decide_timer(
                self.state, timer, now_ms=self._now_ms, decision_id=self._records + 1, owner="simulator"
            )
        )

    def _folded(self, record: d.Decision) -> None:
        folded = fold(self.state, record)
        if not folded.accepted:
            raise RuntimeError(f"the router rejects its own record: {folded.reason}")
        self.state = folded.state
        self._records += 1
        self._index.note(self.state, record)
        if self.watch is not None:
            self.watch(record)
        self._heard(record)

    def _heard(self, record: d.Decision) -> None:
        """What the decision sets off in the world."""
        for event in record.events:
            seen = _SEEN.get(type(event))
            if seen is not None:
                self._todo.append((seen, (self, event)))

    def _prices(self, at: float, pricer: Pricer) -> None:
        self.tell(at, pricer.prices(self.state.desks[DESK_ID], EPOCH_MS + round(at * 1000.0)))
        self._at(at + EVERY_SECONDS, self._prices, pricer)

    # --- customers

    def _arrives(self, at: float, issue: int, attempt: int) -> None:
        day = self.day
        name = f"i{issue}.{attempt}"
        topic = int(day.observed_topic[issue])
        if self.clairvoyant or (attempt > 0 and day.luck_stated[issue, attempt] < READ_AGAIN_RIGHT):
            topic = int(day.topic[issue])
        email = bool(day.email[issue])
        level = int(day.need[issue] if self.clairvoyant else day.signal[issue])
        self._runs[name] = Run(issue, attempt, draw=2 * attempt - 1, queued_seconds=at)
        self.record.contacts[issue] += 1
        self.tell(
            at,
            f.ContactArrived(
                contact_id=name,
                channel=f.Channel.EMAIL if email else f.Channel.PHONE,
                medium="email" if email else "voice",
                customer=f.CustomerRef(
                    type="opaque", value=f"c{issue}", key=f"k{issue}", tier=_TIERS[int(day.tier[issue])]
                ),
                language=f.LanguageGuess(code=LANGUAGE, confidence=1.0),
                topics=(f.TopicWeight(topic_id=topic_id(topic), weight=1.0),),
                decision_wanted=wanted(level, stated=self.clairvoyant),
                complaint=bool(day.complaint[issue]),
            ),
        )
        self._waits(at, name)

    def _waits(self, at: float, contact_id: str) -> None:
        """Enters a queue: who is on the phone leaves when patience ends."""
        run = self._runs[contact_id]
        run.queued_seconds = at
        run.entry += 1
        if self.day.email[run.issue]:
            return
        patience = float(self.day.patience_seconds[run.issue, (2 * run.attempt + run.hops) % DRAWS])
        if run.hops:
            patience *= PATIENCE_AFTER_HOP
        self._at(at + patience, self._leaves, contact_id, run.entry)

    def _leaves(self, at: float, contact_id: str, entry: int) -> None:
        run = self._runs[contact_id]
        contact = self.state.desks[DESK_ID].contacts.get(contact_id)
        waiting = (ContactState.QUEUED, ContactState.OFFERED, ContactState.HANDING_OVER)
        if run.entry != entry or contact is None or contact.state not in waiting or contact.released:
            return
        handed = contact.state is ContactState.HANDING_OVER
        self.tell(at, f.CallerHungUp(contact_id=contact_id))
        if handed:  # the talk is over for the sender, who records it
            self._ends(at, contact_id, f.Outcome.UNRESOLVED)
        run.hops += handed  # who leaves during a hand-over has had an agent
        self.record.left(run, at)
        self._comes_back(at, run, BACK_AFTER_LEAVING, BACK_AFTER_LEAVING_SECONDS)

    def _comes_back(self, at: float, run: Run, chance: float, seconds: float) -> None:
        if run.attempt + 1 >= ATTEMPTS_MAX or not self.day.luck_back[run.issue, run.attempt] < chance:
            return
        back_at = at + seconds * float(self.day.delay[run.issue, run.attempt])
        self._at(back_at, self._arrives, run.issue, run.attempt + 1)

    # --- agents

    def _offered(self, at: float, event: d.Offered) -> None:
        offer = self.state.desks[DESK_ID].offers.get(event.offer_id)
        if offer is not None:
            self.tell(
                at,
                f.OfferAnswered(
                    offer_id=event.offer_id, agent_id=event.agent_id, answer=f.OfferAnswer.ACCEPT
                ),
            )

    def _transferred(self, at: float, event: d.Transferred) -> None:
        run = self._runs[event.contact_id]
        run.hops += 1
        self.record.handed_over(run)

    def _handed(self, at: float, event: d.HandoverStarted) -> None:
        run = self._runs[event.contact_id]
        self._frees(at, run)
        run.hops += 1
        self._waits(at, event.contact_id)
        run.hops -= 1

    def _keeps(self, at: float, event: d.HandoverEnded) -> None:
        """Nobody took it: the owner is with the customer again."""
        run = self._runs[event.contact_id]
        self.record.customer_seconds[run.issue] += at - run.queued_seconds
        run.entry += 1
        run.agent, run.began = self._agents[event.agent_id], at

    def _assigned(self, at: float, event: d.Assigned) -> None:
        run, day = self._runs[event.contact_id], self.day
        if event.hop:  # taken from the queue while its owner was at work: a hop that no transfer told
            run.hops += 1
            self.record.handed_over(run)
        if event.first or run.hops:
            self.record.started(run, at)
        else:
            self.record.customer_seconds[run.issue] += at - run.queued_seconds
        run.entry += 1
        run.epoch, run.agent, run.began = event.epoch, self._agents[event.agent_id], at
        run.draw += 1
        run.resumed = None
        draw, agent = run.draw % DRAWS, run.agent
        topic = int(day.topic[run.issue])
        work = (
            float(self.pool.handle_seconds[topic])
            * float(self.pool.speed[agent])
            * float(day.work[run.issue, draw])
        )
        run.work = HOP_SECONDS + HOP_SHARE * work if run.hops else work
        if not self.pool.certified[agent, topic]:
            self._at(at + WRONG_TOPIC_SHARE * run.work, self._wrong_topic, event.contact_id, run.epoch)
        elif self.pool.level[agent] < day.need[run.issue]:
            self._at(at + NO_AUTHORITY_SHARE * run.work, self._lacks_right, event.contact_id, run.epoch)
        else:
            self._at(at + run.work, self._worked, event.contact_id, run.epoch)

    def _wrong_topic(self, at: float, contact_id: str, epoch: int) -> None:
        run = self._holds(contact_id, epoch)
        if run is None:
            return
        if run.resumed is None:
            run.resumed = lambda then: self._advised(then, contact_id, epoch)
        self._ask(at, contact_id, run, f.TransferReason.WRONG_TOPIC)

    def _lacks_right(self, at: float, contact_id: str, epoch: int) -> None:
        run = self._holds(contact_id, epoch)
        if run is None:
            return
        if self.state.desks[DESK_ID].contacts[contact_id].approvals:  # given before this call-back
            self._at(at + AFTER_CONSULT_SHARE * run.work, self._worked, contact_id, epoch)
            return
        self.record.authority(run)
        run.resumed = lambda then: self._at(
            then + AFTER_CONSULT_SHARE * run.work, self._worked, contact_id, epoch
        )
        self._ask(at, contact_id, run, f.TransferReason.LACKS_AUTHORITY)

    def _worked(self, at: float, contact_id: str, epoch: int) -> None:
        """All that this agent can do has been done."""
        run = self._holds(contact_id, epoch)
        if run is None:
            return
        draw, issue = run.draw % DRAWS, run.issue
        if self.day.luck_resolved[issue, draw] < self.pool.resolves[run.agent, int(self.day.topic[issue])]:
            self._resolves(at, contact_id, run)
        elif self.day.luck_stuck[issue, draw] < STUCK_SHARE:
            run.resumed = lambda then: self._advised(then, contact_id, epoch)
            self._ask(at, contact_id, run, f.TransferReason.STUCK)
        else:
            self._fails(at, contact_id, run)

    def _advised(self, at: float, contact_id: str, epoch: int) -> None:
        """An expert has said what he knows: the owner works on."""
        run = self._runs[contact_id]
        topic = int(self.day.topic[run.issue])
        more = float(self.pool.handle_seconds[topic]) * float(self.pool.speed[run.agent])
        self._at(at + STUCK_CONSULT_SHARE * more, self._tried_again, contact_id, epoch)

    def _tried_again(self, at: float, contact_id: str, epoch: int) -> None:
        run = self._holds(contact_id, epoch)
        if run is None:
            return
        topic = int(self.day.topic[run.issue])
        p = EXPERT_SHARE * float(self.pool.resolves[run.adviser, topic])
        if self.day.luck_stated[run.issue, (run.draw + 7) % DRAWS] < p:
            self._resolves(at, contact_id, run)
        elif run.hops == 0 and not run.consulted:
            run.consulted = True
            run.resumed = None
            self._ask(at, contact_id, run, f.TransferReason.STUCK)
        else:
            self._fails(at, contact_id, run)

    def _ask(self, at: float, contact_id: str, run: Run, reason: f.TransferReason) -> None:
        day = self.day
        true_topic = topic_id(int(day.topic[run.issue])) if reason is f.TransferReason.WRONG_TOPIC else ""
        decision = (
            wanted(int(day.need[run.issue]), stated=True)
            if reason is f.TransferReason.LACKS_AUTHORITY
            else None
        )
        reply = self.tell(
            at,
            f.TransferAsked(
                contact_id=contact_id,
                agent_id=agent_id(run.agent),
                epoch=run.epoch,
                reason=reason,
                topic_id=true_topic,
                decision_wanted=decision,
            ),
        )
        if reply is not None and reply.accepted:
            return
        if reason is f.TransferReason.WRONG_TOPIC:  # the topic was read right, and still this agent got it
            self._ask(at, contact_id, run, f.TransferReason.STUCK)
        else:
            self._fails(at, contact_id, run)

    def _joined(self, at: float, event: d.ConsultStarted) -> None:
        run = self._runs[event.contact_id]
        adviser = self._agents[event.adviser_id]
        self._at(
            at + CONSULT_SECONDS, self._consulted, event.help_id, event.contact_id, run.epoch, adviser, at
        )

    def _consulted(
        self, at: float, help_id: str, contact_id: str, epoch: int, adviser: int, began: float
    ) -> None:
        run = self._holds(contact_id, epoch)
        self._busy(adviser, began, at)
        contact = self.state.desks[DESK_ID].contacts.get(contact_id)
        if contact is None or contact.help_id != help_id:
            return
        approval = contact.state is not ContactState.CONSULTING
        resumed = run.resumed if run is not None else None
        if run is not None:
            run.adviser = adviser
        self.tell(
            at,
            f.HelpAnswered(
                help_id=help_id,
                agent_id=agent_id(adviser),
                result=f.HelpResult.GRANTED if approval else f.HelpResult.ADVICE,
            ),
        )
        if resumed is not None:
            resumed(at)
        elif run is not None:  # who will be called back gets the answer then
            self._fails(at, contact_id, run)

    def _promised(self, at: float, event: d.CallbackPromised) -> None:
        """The customer hangs up and waits to be called; who waits already, or is told a new time, waits on."""
        run = self._runs[event.contact_id]
        if run.agent >= 0:
            self._frees(at, run)
            run.queued_seconds = at
        run.entry += 1

    def _resolves(self, at: float, contact_id: str, run: Run) -> None:
        self.record.resolved(run)
        need = int(self.day.need[run.issue])
        if need:  # the exception that settled it is recorded, as agents do in production
            self.tell(
                at,
                f.AuthorityUsed(
                    contact_id=contact_id,
                    agent_id=agent_id(run.agent),
                    epoch=run.epoch,
                    decision=wanted(need, stated=True),
                ),
            )
        self._ends(at, contact_id, f.Outcome.RESOLVED)

    def _fails(self, at: float, contact_id: str, run: Run) -> None:
        self._ends(at, contact_id, f.Outcome.UNRESOLVED)
        self._comes_back(at, run, BACK_AFTER_FAILURE, BACK_AFTER_FAILURE_SECONDS)

    def _ends(self, at: float, contact_id: str, outcome: f.Outcome) -> None:
        run = self._runs[contact_id]
        self._frees(at, run)
        contact = self.state.desks[DESK_ID].contacts.get(contact_id)
        if contact is None or contact.state is ContactState.CLOSED:
            return
        owner = contact.owner_id
        self.tell(
            at,
            f.ContactResolved(
                contact_id=contact_id,
                agent_id=owner,
                epoch=contact.epoch,
                outcome=outcome,
                topic_id=topic_id(int(self.day.topic[run.issue])),
            ),
        )

    def _frees(self, at: float, run: Run) -> None:
        """The agent is with the customer no more."""
        if run.agent >= 0:
            self.record.talked(run, at - run.began)
            self._busy(run.agent, run.began, at)
        run.agent = -1

    def _busy(self, agent: int, began: float, ended: float) -> None:
        self.record.busy_seconds[agent] += max(0.0, min(ended, DAY_SECONDS) - began)

    def _holds(self, contact_id: str, epoch: int) -> Run | None:
        """The run while this very assignment stands."""
        run = self._runs[contact_id]
        return run if run.epoch == epoch and run.agent >= 0 else None

    def _at(self, at: float, action: Callable[..., None], *args: Any) -> None:
        self._order += 1
        heapq.heappush(self._heap, (at, self._order, action, args))


_TIERS = ("new", "regular", "loyal")
_SEEN: dict[type, Callable[..., None]] = {
    d.Offered: lambda at, drive, event: drive._offered(at, event),
    d.Transferred: lambda at, drive, event: drive._transferred(at, event),
    d.HandoverStarted: lambda at, drive, event: drive._handed(at, event),
    d.HandoverEnded: lambda at, drive, event: drive._keeps(at, event),
    d.Assigned: lambda at, drive, event: drive._assigned(at, event),
    d.ConsultStarted: lambda at, drive, event: drive._joined(at, event),
    d.CallbackPromised: lambda at, drive, event: drive._promised(at, event),
}
