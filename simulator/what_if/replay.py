"""The span once more through production's `decide` and `fold`: arrivals and presence as they were, what follows anew.

Who met before meets the same: as long a talk, the same end. Who never met: as much work as the contact was, at this
agent's speed, and an end by the chance that the desk believes of them. What was never seen is drawn (a talk with a
customer who had left, how much longer somebody would have waited), by the contact and the number of the replication, so
that two replays draw alike.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

from scipy.stats import gamma

from services.contract import decisions as d
from services.contract import facts as f
from services.contract.topics import PARTITION_HASH
from services.router.authority import needed_level, reached_level
from services.router.decide import decide_fact, decide_genesis, decide_timer
from services.router.evolve.work import kind_of
from services.router.log.fold import fold
from services.router.model import Contact, ContactState, DeskState
from services.router.policy.beliefs import Beliefs
from services.router.timers import TimerIndex
from services.router.waiting import Kind
from simulator.tariffs import EVERY_SECONDS, Pricer
from simulator.what_if.changes import Changes, changed_desk
from simulator.what_if.history import HANDLE_MS_DEFAULT, History, Past
from simulator.what_if.log import PastLog

DRAIN_MS = 4 * 3_600_000
"""After the last fact, for what is under way to end."""
SHARE_BEFORE = {f.TransferReason.WRONG_TOPIC: 0.3, f.TransferReason.LACKS_AUTHORITY: 0.5}
"""Of the work, after which an agent notices; as in the synthetic worlds."""
RETOLD = (
    f.ContactArrived,
    f.MentionSeen,
    f.NonContactSeen,
    f.IdentityLinked,
    f.IdentityUnlinked,
    f.AgentSignedIn,
    f.AgentStateChanged,
    f.ForecastSet,
    f.DeskConfigured,
)
"""Facts that no routing brought about. What agents did with contacts is played anew; prices are computed anew."""
UNDER_WAY = (f.ContactResolved, f.ConversationEnded)
"""Told again of contacts that an agent had when the span began."""


@dataclass(slots=True)
class Run:
    """A contact in an agent's hands."""

    past: Past
    epoch: int
    agent_id: str
    left_ms: int
    """Work that is left after help has come."""


class Replay:
    """One pass; `play` answers the records of the span, which measures.py reads as it reads the log's own."""

    def __init__(self, log: PastLog, history: History, changes: Changes, replication: int) -> None:
        self._log, self._history, self._changes = log, history, changes
        self._replication = replication
        self.state = log.before
        self.records: list[d.Decision] = []
        self.expected: dict[str, float] = {}
        """By contact: the chance that whoever ended it had settled it; 0 or 1 for those who met before."""
        self._copies: dict[str, list[str]] = {}
        self._heap: list[tuple[int, int, Callable[..., None], tuple[Any, ...]]] = []
        self._order = 0
        self._todo: deque[tuple[int, d.Event]] = deque()
        self._index = TimerIndex()
        self._runs: dict[str, Run] = {}
        self._now_ms = log.from_ms
        self._ids = self.state.head
        self._beliefs: Beliefs | None = None
        self._pricer = Pricer()
        desk = self.state.desks.get(log.desk_id)
        self._at_the_start = frozenset() if desk is None else frozenset(desk.contacts)

    def play(self) -> list[d.Decision]:
        self._begin()
        end_ms = self._log.until_ms + DRAIN_MS
        while True:
            at_ms = self._heap[0][0] if self._heap else end_ms + 1
            due_ms = self._index.next_at_ms(self.state)
            due_ms = end_ms + 1 if due_ms is None else due_ms
            if min(at_ms, due_ms) > end_ms:
                return self.records
            if due_ms < at_ms:
                self._fire(due_ms)
            else:
                _, _, action, arguments = heapq.heappop(self._heap)
                action(at_ms, *arguments)
            while self._todo:
                told_ms, event = self._todo.popleft()
                self._see(told_ms, event)

    # The router.

    def _begin(self) -> None:
        self._index.rebuild(self.state)
        if not self.state.count:
            self._fold(
                decide_genesis(
                    generation=1,
                    partitions=1,
                    partition_hash=PARTITION_HASH,
                    first_fact_offset=0,
                    now_ms=self._log.from_ms,
                    decision_id=self._next_id(),
                    owner="what-if",
                )
            )
        if self._desk is not None:
            self._configured(self._log.from_ms, "what-if/desk", f.DeskConfigured(desk=self._desk.desk))
            for original, copies in self._copies.items():
                agent = self._desk.agents.get(original)
                if agent is not None and agent.presence is not f.Presence.OFFLINE:
                    for copy in copies:
                        self.tell(self._log.from_ms, f"what-if/{copy}", f.AgentSignedIn(agent_id=copy))
        for fact in self._log.facts:
            under_way = isinstance(fact.body, UNDER_WAY) and fact.body.contact_id in self._at_the_start
            if isinstance(fact.body, RETOLD) or under_way:
                self._at(fact.received_at_ms, self._retell, fact)
        self._at(self._log.from_ms, self._prices)

    @property
    def _desk(self) -> DeskState | None:
        return self.state.desks.get(self._log.desk_id)

    def tell(self, at_ms: int, fact_id: str, body: Any, told: f.Fact | None = None) -> d.Reply | None:
        """A fact for the router now; `told` is the one in the log, if it was there."""
        self._now_ms = max(self._now_ms, at_ms)
        fact = f.Fact(
            fact_id=fact_id,
            desk_id=self._log.desk_id,
            occurred_at_ms=self._now_ms if told is None else told.occurred_at_ms,
            received_at_ms=self._now_ms,
            source="what-if" if told is None else told.source,
            body=body,
        )
        record = decide_fact(
            self.state,
            fact,
            offset=self.state.last_fact + 1,
            now_ms=self._now_ms,
            decision_id=self._next_id(),
            owner="what-if",
        )
        self._fold(record)
        return record.reply

    def _fire(self, due_ms: int) -> None:
        timer = self._index.due(self.state, due_ms)
        if timer is None:
            return
        self._now_ms = max(self._now_ms, timer.deadline_at_ms)
        self._fold(
            decide_timer(self.state, timer, now_ms=self._now_ms, decision_id=self._next_id(), owner="what-if")
        )

    def _fold(self, record: d.Decision) -> None:
        folded = fold(self.state, record)
        if not folded.accepted:
            raise RuntimeError(f"the router rejects its own record: {folded.reason}")
        self.state = folded.state
        self._index.note(self.state, record)
        self.records.append(record)
        self._todo.extend((self._now_ms, event) for event in record.events)

    def _next_id(self) -> int:
        self._ids += 1
        return self._ids

    def _at(self, at_ms: int, action: Callable[..., None], *arguments: Any) -> None:
        self._order += 1
        heapq.heappush(self._heap, (at_ms, self._order, action, arguments))

    # What was told then is told again.

    def _retell(self, at_ms: int, fact: f.Fact) -> None:
        body = fact.body
        if isinstance(body, f.DeskConfigured):
            self._configured(at_ms, fact.fact_id, body)
            return
        if isinstance(body, f.AgentSignedIn | f.AgentStateChanged):
            if body.agent_id in self._changes.without:
                return
            for copy in self._copies.get(body.agent_id, ()):
                again = (
                    f.AgentSignedIn(agent_id=copy, shift_ends_at_ms=body.shift_ends_at_ms)
                    if isinstance(body, f.AgentSignedIn)
                    else f.AgentStateChanged(agent_id=copy, presence=body.presence, reason=body.reason)
                )
                self.tell(at_ms, f"{fact.fact_id}/{copy}", again)
        self.tell(at_ms, fact.fact_id, body, fact)

    def _configured(self, at_ms: int, fact_id: str, body: f.DeskConfigured) -> None:
        """With what is to be different."""
        if body.desk is None:
            return
        desk, copies = changed_desk(body.desk, self._changes)
        self._copies = {}
        for copy, original in copies.items():
            self._copies.setdefault(original, []).append(copy)
        self.tell(at_ms, fact_id, f.DeskConfigured(desk=desk))
        if self._desk is not None:
            self._beliefs = self._desk.crew.beliefs

    def _prices(self, at_ms: int) -> None:
        if at_ms > self._log.until_ms:
            return
        if self._desk is not None and self._desk.crew.available_count:
            self.tell(at_ms, f"what-if/prices/{at_ms}", self._pricer.prices(self._desk, at_ms))
        self._at(at_ms + round(EVERY_SECONDS * 1000), self._prices)

    # What follows.

    def _see(self, at_ms: int, event: d.Event) -> None:
        match event:
            case d.ContactOpened():
                self._opened(at_ms, event)
            case d.Offered():
                accepts_ms = self._drawn(self._history.accepts_ms, event.contact_id, "accept")
                self._at(at_ms + accepts_ms, self._accepts, event.offer_id, event.agent_id)
            case d.Assigned():
                self._assigned(at_ms, event)
            case d.ConsultStarted():
                consult_ms = self._drawn(self._history.consults_ms, event.contact_id, "consult")
                self._at(at_ms + consult_ms, self._advises, event.help_id, event.adviser_id)
            case d.ConsultEnded() if event.result is f.HelpResult.EXPIRED:
                self._goes_on(at_ms, event.contact_id)

    def _opened(self, at_ms: int, event: d.ContactOpened) -> None:
        if kind_of(event.channel, event.medium) is Kind.CALL:
            past = self._past(event.contact_id)
            patience_ms = past.left_after_ms
            if patience_ms is None:
                patience_ms = self._longer(event.contact_id, past.waited_ms)
            self._at(at_ms + patience_ms, self._leaves, event.contact_id)

    def _longer(self, contact_id: str, waited_ms: int) -> int:
        """A patience that lasts beyond what was seen, by the desk's distribution."""
        desk = self.state.desks[self._log.desk_id]
        settings = desk.crew.settings
        patience = gamma(settings.patience_shape, scale=settings.patience_scale_seconds)
        beyond = float(patience.sf(waited_ms / 1000.0)) * self._draw(contact_id, "patience")
        return round(1000.0 * float(patience.isf(max(beyond, 1e-12))))

    def _leaves(self, at_ms: int, contact_id: str) -> None:
        contact = self._contact(contact_id)
        waits = (ContactState.QUEUED, ContactState.OFFERED)
        if contact is not None and contact.state in waits and not contact.released and not contact.epoch:
            self.tell(at_ms, f"what-if/{contact_id}/left", f.CallerHungUp(contact_id=contact_id))

    def _accepts(self, at_ms: int, offer_id: str, agent_id: str) -> None:
        if self._desk is not None and offer_id in self._desk.offers:
            answer = f.OfferAnswered(offer_id=offer_id, agent_id=agent_id, answer=f.OfferAnswer.ACCEPT)
            self.tell(at_ms, f"what-if/{offer_id}", answer)

    def _assigned(self, at_ms: int, event: d.Assigned) -> None:
        past = self._past(event.contact_id)
        work_ms = self._work_ms(event.contact_id, past, event.agent_id)
        lacks = self._lacks(past, event.agent_id)
        seen_ms = work_ms if lacks is None else round(work_ms * SHARE_BEFORE[lacks])
        self._runs[event.contact_id] = Run(past, event.epoch, event.agent_id, max(0, work_ms - seen_ms))
        if lacks is not None:
            self._at(at_ms + seen_ms, self._asks, event.contact_id, event.epoch, lacks)
        else:
            self._at(at_ms + seen_ms, self._ends, event.contact_id, event.epoch)

    def _lacks(self, past: Past, agent_id: str) -> f.TransferReason | None:
        """What this agent cannot do for the contact alone."""
        if self._desk is None:
            return None
        roster = self._desk.crew.roster
        agent = roster.agents.get(agent_id)
        if agent is None:
            return None
        certified = past.topic_id in agent.topic_ids or past.ended_by == agent_id
        if past.topic_id in roster.topics and not certified:
            return f.TransferReason.WRONG_TOPIC
        wanted = past.decision
        if wanted is None:
            return None
        need = needed_level(self._desk.desk, wanted.decision_type, wanted.currency, wanted.amount_minor)
        if reached_level(self._desk.desk, agent, wanted.decision_type, wanted.currency) < need:
            return f.TransferReason.LACKS_AUTHORITY
        return None

    def _asks(self, at_ms: int, contact_id: str, epoch: int, reason: f.TransferReason) -> None:
        run = self._running(contact_id, epoch)
        if run is None:
            return
        reply = self.tell(
            at_ms,
            f"what-if/{contact_id}/{epoch}/asks",
            f.TransferAsked(
                contact_id=contact_id,
                agent_id=run.agent_id,
                epoch=epoch,
                reason=reason,
                topic_id=run.past.topic_id if reason is f.TransferReason.WRONG_TOPIC else "",
                decision_wanted=run.past.decision if reason is f.TransferReason.LACKS_AUTHORITY else None,
            ),
        )
        if reply is None or not reply.accepted:
            self._at(at_ms + run.left_ms, self._ends, contact_id, epoch)

    def _advises(self, at_ms: int, help_id: str, adviser_id: str) -> None:
        desk = self._desk
        asked = None if desk is None else desk.helps.get(help_id)
        if asked is None:
            return
        approval = asked.kind is f.HelpKind.APPROVAL
        result = f.HelpResult.GRANTED if approval else f.HelpResult.ADVICE
        self.tell(
            at_ms,
            f"what-if/{help_id}",
            f.HelpAnswered(help_id=help_id, agent_id=adviser_id, result=result),
        )
        self._goes_on(at_ms, asked.contact_id)

    def _goes_on(self, at_ms: int, contact_id: str) -> None:
        """Help has come, or will not: the owner does what is left, if the contact is still theirs."""
        run = self._runs.get(contact_id)
        if run is not None:
            self._at(at_ms + run.left_ms, self._ends, contact_id, run.epoch)

    def _ends(self, at_ms: int, contact_id: str, epoch: int) -> None:
        run = self._running(contact_id, epoch)
        if run is None:
            return
        chance = self._chance(run)
        self.expected[contact_id] = chance
        good = self._draw(contact_id, "end") < chance
        self.tell(
            at_ms,
            f"what-if/{contact_id}/{epoch}/ends",
            f.ContactResolved(
                contact_id=contact_id,
                agent_id=run.agent_id,
                epoch=epoch,
                outcome=f.Outcome.RESOLVED if good else f.Outcome.UNRESOLVED,
                topic_id=run.past.topic_id if self._known(run.past.topic_id) else "",
            ),
        )

    def _chance(self, run: Run) -> float:
        past = run.past
        if past.ended_by == run.agent_id:
            return float(past.resolved)
        desk, beliefs = self._desk, self._beliefs
        if desk is None or beliefs is None or not self._known(past.topic_id):
            return float(past.resolved)
        roster = desk.crew.roster
        topic = [one.topic_id for one in desk.desk.topics].index(past.topic_id)
        return float(beliefs.resolves[topic][roster.agent_ids.index(run.agent_id)])

    def _known(self, topic_id: str) -> bool:
        return self._desk is not None and topic_id in self._desk.crew.roster.topics

    def _work_ms(self, contact_id: str, past: Past, agent_id: str) -> int:
        """What the talk takes with this agent."""
        if agent_id in past.talks_ms and agent_id == past.ended_by:
            return past.talks_ms[agent_id]
        if past.ended_by:
            return round(past.talks_ms[past.ended_by] * self._speed(agent_id) / self._speed(past.ended_by))
        talks = self._history.talks_ms.get(past.topic_id) or self._history.talks_ms.get("")
        if not talks:
            return HANDLE_MS_DEFAULT
        return round(self._drawn(talks, contact_id, "talk") * self._speed(agent_id))

    def _speed(self, agent_id: str) -> float:
        """1 for who is not at the desk any more."""
        if self._desk is None or self._beliefs is None or agent_id not in self._desk.crew.roster.agents:
            return 1.0
        return float(self._beliefs.speed[self._desk.crew.roster.agent_ids.index(agent_id)])

    def _past(self, contact_id: str) -> Past:
        return self._history.contacts.get(contact_id) or Past()

    def _contact(self, contact_id: str) -> Contact | None:
        return None if self._desk is None else self._desk.contacts.get(contact_id)

    def _running(self, contact_id: str, epoch: int) -> Run | None:
        """While this very assignment stands and nobody is waited for."""
        run, contact = self._runs.get(contact_id), self._contact(contact_id)
        if run is None or contact is None or run.epoch != epoch or contact.epoch != epoch:
            return None
        return run if contact.state is ContactState.ASSIGNED else None

    def _drawn(self, seen: tuple[int, ...], contact_id: str, what: str) -> int:
        """One of those that were seen."""
        return seen[int(self._draw(contact_id, what) * len(seen))]

    def _draw(self, contact_id: str, what: str) -> float:
        """In [0, 1), the same in every replay of this replication."""
        seed = f"{self._replication}/{contact_id}/{what}".encode()
        return int.from_bytes(blake2b(seed, digest_size=8).digest(), "big") / 2**64
