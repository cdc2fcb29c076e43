"""A simulated day through production's router: its very `decide` and `fold`, fact by fact and timer by timer.

The world plays customers and agents as in routing.md 6.2: agents accept at once, work as long as the issue's draws
say, ask for help or for a transfer when they lack a right, the topic or an idea, and customers leave or come back.
Who gets what, who is consulted and who keeps the customer is decided by the router alone. So where production
differs from 6.2 (a hand-over waits at most a minute, then the owner keeps the customer; a consult that nobody joins
ends in a call-back), production is what is measured.

This file has the agents; customers are customers.py's, the router and the clock routed.py's.
"""

from __future__ import annotations

from collections.abc import Callable

from services.contract import decisions as d
from services.contract import facts as f
from services.router.model import ContactState
from simulator.customers import Customers, Run
from simulator.day import DRAWS
from simulator.desk import DESK_ID, agent_id, topic_id, wanted

CONSULT_SECONDS = 75.0
BACK_AFTER_FAILURE, BACK_AFTER_FAILURE_SECONDS = 0.80, 2_700.0
WRONG_TOPIC_SHARE, NO_AUTHORITY_SHARE, AFTER_CONSULT_SHARE, STUCK_CONSULT_SHARE = 0.3, 0.5, 0.5, 0.35
HOP_SECONDS, HOP_SHARE = 30.0, 0.9
STUCK_SHARE, EXPERT_SHARE = 0.35, 0.7


class Drive(Customers):
    """One day of one replication, whole: `play` it."""

    def _heard(self, record: d.Decision) -> None:
        """What the decision sets off in the world."""
        for event in record.events:
            seen = _SEEN.get(type(event))
            if seen is not None:
                self._todo.append((seen, (self, event)))

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
        work = self.full_seconds(agent, run.issue, draw)
        run.work = HOP_SECONDS + HOP_SHARE * work if run.hops else work
        if not self.pool.certified[agent, topic]:
            self._at(at + WRONG_TOPIC_SHARE * run.work, self._wrong_topic, event.contact_id, run.epoch)
        elif self.pool.level[agent] < day.need[run.issue]:
            self._at(at + NO_AUTHORITY_SHARE * run.work, self._lacks_right, event.contact_id, run.epoch)
        else:
            self._at(at + run.work, self._worked, event.contact_id, run.epoch)

    def full_seconds(self, agent: int, issue: int, draw: int) -> float:
        """X: what the whole issue takes the agent; `draw` is the index of its luck."""
        mean = float(self.pool.handle_seconds[self.day.topic[issue]])
        return mean * float(self.pool.speed[agent]) * float(self.day.work[issue, draw])

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

    def _holds(self, contact_id: str, epoch: int) -> Run | None:
        """The run while this very assignment stands."""
        run = self._runs[contact_id]
        return run if run.epoch == epoch and run.agent >= 0 else None


_SEEN: dict[type, Callable[..., None]] = {
    d.Offered: lambda at, drive, event: drive._offered(at, event),
    d.Transferred: lambda at, drive, event: drive._transferred(at, event),
    d.HandoverStarted: lambda at, drive, event: drive._handed(at, event),
    d.HandoverEnded: lambda at, drive, event: drive._keeps(at, event),
    d.Assigned: lambda at, drive, event: drive._assigned(at, event),
    d.ConsultStarted: lambda at, drive, event: drive._joined(at, event),
    d.CallbackPromised: lambda at, drive, event: drive._promised(at, event),
}
