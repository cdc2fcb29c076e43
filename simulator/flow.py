"""The event loop of routing.md 6.2: a day of issues, their attempts, hand-overs and consults, under one policy.

Events run in order of (time, creation). Agents do one thing at a time and are all idle at 0; what lies past the horizon
is dropped. Every bit of luck is read from the day, so the loop itself draws nothing.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from simulator.contact import Contact
from simulator.day import DRAWS, Day, Tier
from simulator.floor import Floor
from simulator.policy import Ask, Outcome, Policy
from simulator.pool import LEVELS, Pool
from simulator.record import Record
from simulator.strain import CAPACITY_UNITS, NONE, Absence, Strain
from simulator.worlds import DAY_SECONDS

HORIZON_SECONDS = 2 * DAY_SECONDS
ATTEMPTS = 6
CONSULT_SECONDS = 75.0
RING_SECONDS = 15.0
STUCK_SHARE = 0.35
"""Of the contacts that an agent cannot resolve: the agent notices, instead of closing them."""
ADVICE_SHARE = 0.7
"""Of the adviser's p, by which a stuck contact is resolved after the advice."""
LEFT_BACK_SHARE, LEFT_BACK_SECONDS = 0.60, 900.0
UNRESOLVED_BACK_SHARE, UNRESOLVED_BACK_SECONDS = 0.80, 2700.0
READ_RIGHT_AGAIN = 0.5
NEED_STATED = 0.8
HOP_PATIENCE = 1.5
WEIGHT = 1.3


@dataclass(eq=False, slots=True)
class Work:
    """One agent on one contact."""

    contact: Contact
    agent: int
    draw: int
    full_seconds: float
    started_seconds: float
    advised: bool = False
    """A consult took place."""


@dataclass(eq=False, slots=True)
class Request:
    """An owner who waits with the customer for an adviser."""

    work: Work
    ask: Ask


class Flow:
    """One run; `run` plays the day and answers what happened."""

    def __init__(
        self,
        pool: Pool,
        day: Day,
        policy: Policy,
        *,
        owner_keeps: bool = False,
        horizon_seconds: float = HORIZON_SECONDS,
        strain: Strain = NONE,
        clairvoyant: bool = False,
    ) -> None:
        self.pool, self.day, self.policy = pool, day, policy
        self.owner_keeps = owner_keeps
        """[rule 5] The owner asks an adviser instead of handing over."""
        self.clairvoyant = clairvoyant
        """Intake reads the true topic and the exact need."""
        self.horizon_seconds = horizon_seconds
        self.now = 0.0
        self.strain = strain
        self.believed = strain.believed or pool
        self.floor = Floor(self.believed, strain.speakers(pool.agents))
        self.record = Record(day, pool.agents)
        self._agenda: list[tuple[float, int, Callable[..., None], tuple[Any, ...]]] = []
        self._created = 0
        self._order = 0
        self._requests: list[Request] = []

    def run(self) -> Record:
        self.policy.begin(self.floor)
        for issue, at in enumerate(self.day.arrival_seconds.tolist()):
            self._at(at, self._attempt, issue, 0)
        for absence in self.strain.absences:
            self._at(absence.from_seconds, self._go_away, absence)
        while self._agenda:
            self.now, _, action, arguments = heapq.heappop(self._agenda)
            if self.now > self.horizon_seconds:
                break
            action(*arguments)
        return self.record

    def _at(self, seconds: float, action: Callable[..., None], *arguments: Any) -> None:
        self._created += 1
        heapq.heappush(self._agenda, (seconds, self._created, action, arguments))

    # A contact comes, waits and leaves.

    def _attempt(self, issue: int, attempt: int) -> None:
        day = self.day
        topic = int(day.observed_topic[issue])
        if attempt and day.luck_stated[issue, attempt] < READ_RIGHT_AGAIN:
            topic = int(day.topic[issue])
        complaint, signal, tier = bool(day.complaint[issue]), int(day.signal[issue]), int(day.tier[issue])
        contact = Contact(
            issue=issue,
            attempt=attempt,
            arrived_seconds=self.now,
            topic=topic,
            tier=tier,
            complaint=complaint,
            email=bool(day.email[issue]),
            signal=signal,
            weight=WEIGHT ** ((tier == Tier.LOYAL) + complaint + (attempt > 0)),
            need_chances=self.believed.need_posterior[topic, int(complaint), signal],
            draw=2 * attempt,
            language=0 if self.strain.languages is None else int(self.strain.languages.of_issue[issue]),
            units=CAPACITY_UNITS if self.strain.units is None else int(self.strain.units[issue]),
        )
        if self.clairvoyant:
            contact.topic, contact.topic_known = int(day.topic[issue]), True
            self._know_need(contact)
        self.record.contacts[issue] += 1
        self._enter(contact)

    def _enter(self, contact: Contact) -> None:
        self._order += 1
        contact.order = self._order
        contact.entry += 1
        contact.queued_seconds = self.now
        if not self._decide(contact) and not contact.email:
            draw = (2 * contact.attempt + contact.hops) % DRAWS
            patience = self.day.patience_seconds[contact.issue, draw] * (
                HOP_PATIENCE if contact.hops else 1.0
            )
            self._at(self.now + float(patience), self._leave, contact, contact.entry)

    def _decide(self, contact: Contact) -> bool:
        """Asks the policy about a contact that stands in no queue; it then works, rings or waits. Whether it works."""
        choice = self.policy.arrival(contact, self.now)
        if choice.agent is not None:
            return self._offer(contact, choice.agent)
        contact.waiting = True
        self.floor.queue(contact)
        if choice.again_seconds is not None:
            self._at(choice.again_seconds, self._again, contact, contact.entry)
        return False

    def _again(self, contact: Contact, entry: int) -> None:
        if not contact.waiting or contact.ringing >= 0 or contact.entry != entry:
            return
        choice = self.policy.arrival(contact, self.now)
        if choice.agent is not None:
            self.floor.unqueue(contact)
            self._offer(contact, choice.agent)
        elif choice.again_seconds is not None:
            self._at(choice.again_seconds, self._again, contact, entry)

    def _leave(self, contact: Contact, entry: int) -> None:
        if not contact.waiting or contact.entry != entry:
            return
        contact.waiting = False
        rung, contact.ringing = contact.ringing, -1
        if rung < 0:
            self.floor.unqueue(contact)
        self.policy.left(contact, self.now)
        self.record.left(contact, self.now)
        self._back(contact, LEFT_BACK_SHARE, LEFT_BACK_SECONDS)
        if rung >= 0:
            self._release(rung, contact.units)

    def _back(self, contact: Contact, share: float, mean_seconds: float) -> None:
        issue, attempt = contact.issue, contact.attempt
        if attempt + 1 < ATTEMPTS and self.day.luck_back[issue, attempt] < share:
            self._at(
                self.now + mean_seconds * self.day.delay[issue, attempt], self._attempt, issue, attempt + 1
            )

    # It is offered.

    def _offer(self, contact: Contact, agent: int) -> bool:
        """Whether the agent starts at once; else it rings, and the contact keeps waiting."""
        ignores = self.strain.ignores
        if ignores is not None:
            offer = len(contact.decliners) % DRAWS
            if ignores.luck[contact.issue, offer] < ignores.chance[agent]:
                contact.waiting, contact.ringing = True, agent
                self.floor.take(agent, contact.units)
                self._at(self.now + RING_SECONDS, self._unanswered, contact, agent, contact.entry)
                return False
        contact.waiting = False
        self._start(contact, agent)
        return True

    def _unanswered(self, contact: Contact, agent: int, entry: int) -> None:
        """Both clocks run on, and this agent is asked no more."""
        if contact.ringing != agent or contact.entry != entry:
            return
        contact.ringing = -1
        contact.decliners.append(agent)
        self._decide(contact)
        self._release(agent, contact.units)

    # An agent works on it.

    def _start(self, contact: Contact, agent: int) -> None:
        self.floor.take(agent, contact.units)
        self.record.started(contact, self.now)
        self.policy.started(contact, agent, self.now)
        issue, draw = contact.issue, contact.draw % DRAWS
        contact.draw += 1
        topic = self.day.topic[issue]
        full = self.full_seconds(agent, issue, draw)
        if contact.hops:
            full = 30.0 + 0.9 * full
        work = Work(contact, agent, draw, full, self.now)
        if not self.pool.certified[agent, topic]:
            self._at(self.now + 0.3 * work.full_seconds, self._wrong_topic, work)
        elif self.pool.level[agent] < self.day.need[issue]:
            self._at(self.now + 0.5 * work.full_seconds, self._authority, work)
        else:
            self._at(self.now + work.full_seconds, self._worked, work)

    def full_seconds(self, agent: int, issue: int, draw: int) -> float:
        """X: what the whole issue takes the agent; `draw` is the index of its luck."""
        work = self.day.work[issue, draw]
        return float(self.pool.handle_seconds[self.day.topic[issue]] * self.pool.speed[agent] * work)

    def _wrong_topic(self, work: Work) -> None:
        """The true topic's posterior starts anew: what was learned of the need is forgotten, the least level stays."""
        contact = work.contact
        contact.topic, contact.topic_known = int(self.day.topic[contact.issue]), True
        contact.need_known = False
        contact.need_chances = self.believed.need_posterior[
            contact.topic, int(contact.complaint), contact.signal
        ]
        self._hand_over(work, Outcome.WRONG_TOPIC)

    def _authority(self, work: Work) -> None:
        self.record.authority(work.contact)
        self._ask_or_hand_over(work, Ask.AUTHORITY)

    def _worked(self, work: Work) -> None:
        issue, topic = work.contact.issue, self.day.topic[work.contact.issue]
        if self.day.luck_resolved[issue, work.draw] < self.pool.resolves[work.agent, topic]:
            self._close(work, Outcome.RESOLVED)
        elif self.day.luck_stuck[issue, work.draw] >= STUCK_SHARE:
            self._close(work, Outcome.UNRESOLVED)
        elif work.advised:
            self._stuck_after_consult(work)
        else:
            self._ask_or_hand_over(work, Ask.STUCK)

    def _close(self, work: Work, outcome: Outcome) -> None:
        if outcome is Outcome.RESOLVED:
            self.record.resolved(work.contact)
        else:
            self._back(work.contact, UNRESOLVED_BACK_SHARE, UNRESOLVED_BACK_SECONDS)
        self._end(work, outcome)

    def _end(self, work: Work, outcome: Outcome) -> None:
        talk = self.now - work.started_seconds
        self.record.talked(work.contact, talk)
        self.policy.ended(work.contact, work.agent, outcome, talk, self.now)
        self._release(work.agent, work.contact.units, talk)

    # It changes hands, or its owner asks.

    def _ask_or_hand_over(self, work: Work, ask: Ask) -> None:
        if not self.owner_keeps:
            self._learn_and_hand_over(work, ask)
            return
        issue = work.contact.issue
        adviser = self.policy.adviser(
            work.contact, work.agent, int(self.day.need[issue]), ask, int(self.day.topic[issue])
        )
        if adviser is not None:
            self.floor.take(adviser, CAPACITY_UNITS)
            self._consult(work, adviser, ask)
        elif not work.contact.hops:
            self._learn_and_hand_over(work, ask)
        else:
            self._requests.append(Request(work, ask))

    def _consult(self, work: Work, adviser: int, ask: Ask) -> None:
        self._at(self.now + CONSULT_SECONDS, self._consulted, work, adviser, ask)

    def _consulted(self, work: Work, adviser: int, ask: Ask) -> None:
        work.advised = True
        topic = self.day.topic[work.contact.issue]
        if ask is Ask.AUTHORITY:
            self._at(self.now + 0.5 * work.full_seconds, self._worked, work)
        else:
            more = 0.35 * self.pool.handle_seconds[topic] * self.pool.speed[work.agent]
            self._at(self.now + float(more), self._worked_advised, work, adviser)
        self._release(adviser, CAPACITY_UNITS, CONSULT_SECONDS)

    def _worked_advised(self, work: Work, adviser: int) -> None:
        issue = work.contact.issue
        luck = self.day.luck_stated[issue, (work.draw + 7) % DRAWS]
        if luck < ADVICE_SHARE * self.pool.resolves[adviser, self.day.topic[issue]]:
            self._close(work, Outcome.RESOLVED)
        else:
            self._stuck_after_consult(work)

    def _stuck_after_consult(self, work: Work) -> None:
        """One hop at most, and then with the exact need known; else the contact closes."""
        contact = work.contact
        if contact.hops:
            self._close(work, Outcome.UNRESOLVED)
        else:
            self._know_need(contact)
            contact.least_level = 0
            self._hand_over(work, Outcome.STUCK)

    def _learn_and_hand_over(self, work: Work, ask: Ask) -> None:
        contact = work.contact
        if ask is Ask.AUTHORITY:
            contact.least_level = int(self.pool.level[work.agent]) + 1
            if self.day.luck_stated[contact.issue, work.draw] < NEED_STATED:
                self._know_need(contact)
            elif not contact.need_known:
                chances = contact.need_chances.copy()
                chances[: contact.least_level] = 0.0
                contact.need_chances = chances / chances.sum()
        self._hand_over(work, Outcome.AUTHORITY if ask is Ask.AUTHORITY else Outcome.STUCK)

    def _know_need(self, contact: Contact) -> None:
        contact.need_known = True
        contact.need_chances = np.eye(LEVELS)[self.day.need[contact.issue]]

    def _hand_over(self, work: Work, outcome: Outcome) -> None:
        """The sender takes its next contact before this one re-enters the queue."""
        contact = work.contact
        contact.hops += 1
        contact.last_agent = work.agent
        contact.prior_agents.append(work.agent)
        self.record.handed_over(contact)
        self._end(work, outcome)
        self._enter(contact)

    # Agents become free, go and come back.

    def _release(self, agent: int, units: int, worked_seconds: float = 0.0) -> None:
        self.record.busy_seconds[agent] += worked_seconds * units / CAPACITY_UNITS
        self.floor.free(agent, units, self.now)
        self._next(agent)

    def _next(self, agent: int) -> None:
        """Requests for advice first, then what the policy says, until it says no more or the agent is full."""
        if self.floor.idle[agent] and self._requests:
            request = self._oldest_request(agent)
            if request is not None:
                self._requests.remove(request)
                self.floor.take(agent, CAPACITY_UNITS)
                self._consult(request.work, agent, request.ask)
                return
        while self.floor.units_free[agent] > 0 and not self.floor.away[agent]:
            contact = self.policy.freed(agent, self.now)
            if contact is None:
                return
            self.floor.unqueue(contact)
            self._offer(contact, agent)

    def _go_away(self, absence: Absence) -> None:
        self.floor.leave(absence.agent)
        self._at(absence.to_seconds, self._come_back, absence.agent)

    def _come_back(self, agent: int) -> None:
        self.floor.come_back(agent, self.now)
        self._next(agent)

    def _oldest_request(self, agent: int) -> Request | None:
        for request in self._requests:
            issue = request.work.contact.issue
            if self.pool.level[agent] < self.day.need[issue]:
                continue
            if request.ask is Ask.AUTHORITY or self.pool.certified[agent, self.day.topic[issue]]:
                return request
        return None
