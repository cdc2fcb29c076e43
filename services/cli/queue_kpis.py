"""Calls of an existing Asterisk as the KPIs of Frontdesk: a queue_log and call records become events, and are folded.

The same folds count them as the router's decisions, so a figure means the same here and there; nothing is published.
What the files do not say has no value: whether a call was resolved, what it needed, what was promised. A caller's number
becomes a hash in memory, by which one who gave up and calls again is known.

    calls = QueueKpis()
    for entry in entries:  calls.add(entry)     # in order
    calls.add_records(records)                  # calls that no queue has told of
    rows = calls.kpis()                         # all, then each queue
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any

from services.contract import decisions as d
from services.contract.desk import Agent, Desk, Queue
from services.contract.facts import Channel, Outcome, Presence
from services.intake.asterisk.cdr import Record
from services.intake.asterisk.queue_log import COMPLETED, ENTERED, EXITS, TRANSFERS, Entry
from services.metrics.kpis import Dimension, Kpis, kpis
from services.metrics.ledger import Ledger
from services.metrics.rows import BASE

DESK = "asterisk"
AFTER_EXIT_MS = 5_000
"""A call that leaves a queue and enters another within this long has been passed on; else it has left."""
CALL_MS_MAX = 24 * 3_600_000
"""A call whose end is not in the log is given up after a day."""
AGENTS_MAX, PRUNED_EVERY = 10_000, 10_000
_COMES = frozenset({"ADDMEMBER", "AGENTLOGIN", "AGENTCALLBACKLOGIN", "UNPAUSE", "UNPAUSEALL"})
_GOES = frozenset({"REMOVEMEMBER", "AGENTLOGOFF", "AGENTCALLBACKLOGOFF"})
_PAUSES = frozenset({"PAUSE", "PAUSEALL"})


@dataclass(slots=True)
class _Call:
    """A call that is not over."""

    arrived_ms: int
    first_queue: str
    queue: str
    touched_ms: int
    agent: str = ""
    hops: int = 0
    left_ms: int = 0
    """When it left its queue without an agent, or was passed on; 0 while it is in one, or with an agent."""


@dataclass
class _Feed:
    """A ledger that is given events instead of decision records."""

    ledger: Ledger
    queues: set[str] = field(default_factory=set)
    agents: set[str] = field(default_factory=set)
    head: int = 0

    def begin(self, at_ms: int) -> None:
        self._record(d.GenesisCause(), 0, at_ms, ())

    def tell(self, at_ms: int, *events: d.Event) -> None:
        if self.head == 0:
            self.begin(at_ms)
        self._record(d.FactCause(), self.ledger.chain.last_fact + 1, at_ms, events)

    def know(self, at_ms: int, queue: str = "", agent: str = "") -> None:
        """Queues become labels, and members agents, when they are first named."""
        new_queue = bool(queue) and queue not in self.queues
        new_agent = bool(agent) and agent not in self.agents and len(self.agents) < AGENTS_MAX
        if new_queue or new_agent:
            self.queues |= {queue} if new_queue else set()
            self.agents |= {agent} if new_agent else set()
            self.tell(at_ms, d.DeskApplied(desk=self._desk()))

    def _desk(self) -> Desk:
        queues = tuple(Queue(queue_id=name, channels=("phone",)) for name in sorted(self.queues))
        return Desk(
            desk_id=DESK, queues=queues, agents=tuple(Agent(agent_id=one) for one in sorted(self.agents))
        )

    def _record(
        self, cause: d.GenesisCause | d.FactCause, fact_offset: int, at_ms: int, events: tuple[d.Event, ...]
    ) -> None:
        self.head += 1
        record = d.Decision(
            decision_id=self.head,
            prev_id=self.head - 1,
            fact_offset=fact_offset,
            desk_id=DESK,
            cause=cause,
            decided_at_ms=at_ms,
            events=events,
        )
        self.ledger.apply(self.ledger.last_offset + 1, record)


class QueueKpis:
    """See the module."""

    def __init__(self) -> None:
        self._feed = _Feed(Ledger(0))
        self._records = _Feed(Ledger(1))
        self._calls: dict[str, _Call] = {}
        self._due: list[tuple[int, int, tuple[d.Event, ...], str, str]] = []
        self._leaving: dict[str, int] = {}
        self._number = 0
        self._seen: set[int] = set()

    def add(self, entry: Entry) -> None:
        """The next line; one that came before (rotated copies overlap) counts once."""
        key = hash((entry.at_seconds, entry.call_id, entry.queue, entry.agent, entry.event, entry.data))
        if key in self._seen:
            return
        self._seen.add(key)
        at_ms = entry.at_seconds * 1000
        self._release(at_ms)
        if len(self._seen) % PRUNED_EVERY == 0:
            self._calls = {
                name: call for name, call in self._calls.items() if at_ms - call.touched_ms < CALL_MS_MAX
            }
        if entry.event in _COMES | _GOES | _PAUSES and entry.agent not in ("", "NONE"):
            self._member(entry, at_ms)
        elif entry.of_call:
            self._call(entry, at_ms)

    def add_records(self, records: Iterable[Record]) -> None:
        """Calls of call records, by beginning; those that the company made itself are none of its customers'."""
        told = [pair for one in records if one.began_at_ms for pair in self._record_events(one)]
        for at_ms, event in sorted(told, key=lambda pair: pair[0]):
            self._records.know(at_ms, queue="none")
            self._records.tell(at_ms, event)

    def kpis(self, *, service_level_seconds: int = 20) -> list[Kpis]:
        """All calls, then those of each queue."""
        self._release(None)
        rows = [row for feed in (self._feed, self._records) for row in feed.ledger.window(BASE, None)]
        everything = kpis(rows, (), service_level_seconds=service_level_seconds)
        return everything + kpis(rows, (Dimension.QUEUE,), service_level_seconds=service_level_seconds)

    # --- one line ------------------------------------------------------------------------------------------

    def _member(self, entry: Entry, at_ms: int) -> None:
        presence = Presence.AVAILABLE if entry.event in _COMES else Presence.OFFLINE
        if entry.event in _PAUSES:
            presence = Presence.BREAK
        self._tell(at_ms, d.AgentPresenceChanged(agent_id=entry.agent, presence=presence), agent=entry.agent)

    def _call(self, entry: Entry, at_ms: int) -> None:
        call = self._calls.get(entry.call_id)
        if entry.event == ENTERED:
            self._entered(entry, call, at_ms)
            return
        if call is None:
            return  # its beginning is in an older file
        call.touched_ms = at_ms
        place: dict[str, Any] = {
            "contact_id": entry.call_id,
            "channel": Channel.PHONE,
            "queue_id": call.queue,
        }
        if entry.event == "RINGNOANSWER":
            self._tell(
                at_ms,
                d.Offered(**place, agent_id=entry.agent),
                d.OfferEnded(**place, agent_id=entry.agent, result=d.OfferResult.EXPIRED),
                d.ContactQueued(**place, queued_at_ms=at_ms),
            )
        elif entry.event == "CONNECT":
            self._connected(entry, call, at_ms)
        elif entry.event == "ABANDON":
            self._abandoned(entry, call, at_ms)
        elif entry.event in COMPLETED:
            self._closed(entry.call_id, call, at_ms)
        elif entry.event in TRANSFERS and call.agent:
            call.hops += 1
            call.left_ms = at_ms
            self._tell(at_ms, d.Transferred(**place, from_agent_id=call.agent, hop=call.hops))
            self._leave(entry.call_id, at_ms)
        elif entry.event in EXITS:
            call.left_ms = at_ms
            self._leave(entry.call_id, at_ms)

    def _entered(self, entry: Entry, call: _Call | None, at_ms: int) -> None:
        if call is None:
            call = self._calls[entry.call_id] = _Call(at_ms, entry.queue, entry.queue, at_ms)
            case_id = blake2b(entry.text(1).encode(), digest_size=12).hexdigest()
            opened = d.ContactOpened(
                contact_id=entry.call_id,
                case_id=case_id if any(char.isdigit() for char in entry.text(1)) else entry.call_id,
                channel=Channel.PHONE,
                medium="voice",
                arrived_at_ms=at_ms,
            )
            self._tell(at_ms, opened, self._waits(entry.call_id, entry.queue, at_ms), queue=entry.queue)
            return
        call.queue, call.touched_ms, call.left_ms, call.agent = entry.queue, at_ms, 0, ""
        self._tell(at_ms, self._waits(entry.call_id, entry.queue, at_ms), queue=entry.queue)

    def _waits(self, call_id: str, queue: str, at_ms: int) -> d.ContactQueued:
        return d.ContactQueued(contact_id=call_id, channel=Channel.PHONE, queue_id=queue, queued_at_ms=at_ms)

    def _connected(self, entry: Entry, call: _Call, at_ms: int) -> None:
        first, call.agent = not call.agent and not call.hops, entry.agent
        place: dict[str, Any] = {
            "contact_id": entry.call_id,
            "channel": Channel.PHONE,
            "queue_id": call.queue,
        }
        self._tell(
            at_ms,
            d.Offered(**place, agent_id=entry.agent, offer_id="q"),
            d.Assigned(
                **place,
                agent_id=entry.agent,
                offer_id="q",
                first=first,
                wait_since_arrival_ms=at_ms - call.arrived_ms,
                wait_since_queue_ms=(entry.number(0) or 0) * 1000,
            ),
        )

    def _abandoned(self, entry: Entry, call: _Call, at_ms: int) -> None:
        if call.hops:  # somebody had it before
            self._closed(entry.call_id, call, at_ms)
            return
        del self._calls[entry.call_id]
        waited_ms = (entry.number(2) or 0) * 1000
        self._tell(
            at_ms,
            d.Abandoned(
                contact_id=entry.call_id,
                queue_id=call.queue,
                wait_since_arrival_ms=max(waited_ms, at_ms - call.arrived_ms),
                wait_since_queue_ms=waited_ms,
                tally=self._tally(call, at_ms),
            ),
        )

    def _closed(self, call_id: str, call: _Call, at_ms: int) -> None:
        self._calls.pop(call_id, None)
        closed = d.Closed(
            contact_id=call_id,
            agent_id=call.agent,
            outcome=Outcome.UNSTATED,
            tally=self._tally(call, at_ms),
        )
        self._tell(at_ms, closed)

    def _tally(self, call: _Call, at_ms: int) -> d.ContactTally:
        """A log of calls knows no cases, so nothing is said of their resolution."""
        return d.ContactTally(
            channel=Channel.PHONE,
            first_queue_id=call.first_queue,
            handled=bool(call.agent) or call.hops > 0,
            transfers=call.hops,
            open_ms=at_ms - call.arrived_ms,
            unattributable=True,
        )

    # --- what waits for a while ----------------------------------------------------------------------------

    def _tell(self, at_ms: int, *events: d.Event, queue: str = "", agent: str = "") -> None:
        """Events go out a little later, for a call that leaves a queue may enter another."""
        self._number += 1
        heapq.heappush(self._due, (at_ms, self._number, events, queue, agent))

    def _leave(self, call_id: str, at_ms: int) -> None:
        self._leaving[call_id] = at_ms

    def _release(self, now_ms: int | None) -> None:
        """Everything older than a call may take from one queue to the next; all that is left when the files end."""
        for call_id, at_ms in list(self._leaving.items()):
            call = self._calls.get(call_id)
            if call is None or not call.left_ms:
                del self._leaving[call_id]
            elif now_ms is None or now_ms - at_ms > AFTER_EXIT_MS:
                del self._leaving[call_id]
                self._closed(call_id, call, at_ms)
        while self._due and (now_ms is None or self._due[0][0] < now_ms - AFTER_EXIT_MS):
            at_ms, _, events, queue, agent = heapq.heappop(self._due)
            self._feed.know(at_ms, queue=queue, agent=agent)
            self._feed.tell(at_ms, *events)

    # --- call records --------------------------------------------------------------------------------------

    def _record_events(self, one: Record) -> list[tuple[int, d.Event]]:
        """One call that met no queue: answered by somebody, or given up; each event at its instant."""
        wait_ms, end_ms = one.wait_seconds * 1000, one.began_at_ms + one.duration_seconds * 1000
        place: dict[str, Any] = {"contact_id": one.uniqueid, "channel": Channel.PHONE}
        waited: dict[str, Any] = {"wait_since_arrival_ms": wait_ms, "wait_since_queue_ms": wait_ms}
        tally = d.ContactTally(
            channel=Channel.PHONE,
            handled=one.answered,
            open_ms=one.duration_seconds * 1000,
            unattributable=True,
        )
        opened = d.ContactOpened(**place, case_id=one.uniqueid, medium="voice", arrived_at_ms=one.began_at_ms)
        if not one.answered:
            left = d.Abandoned(contact_id=one.uniqueid, tally=tally, **waited)
            return [(one.began_at_ms, opened), (end_ms, left)]
        answered = d.Assigned(**place, agent_id=one.agent, first=True, **waited)
        closed = d.Closed(contact_id=one.uniqueid, agent_id=one.agent, outcome=Outcome.UNSTATED, tally=tally)
        return [(one.began_at_ms, opened), (one.began_at_ms + wait_ms, answered), (end_ms, closed)]
