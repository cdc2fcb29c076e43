"""Entries of queue_log become events of calls. Pure but for what it remembers of open calls, which is bounded.

ENTERQUEUE                          call_queued
CONNECT                             call_connected, with the wait
COMPLETEAGENT, COMPLETECALLER       call_ended, with the length
ABANDON                             call_ended, abandoned, with the wait
EXITWITHTIMEOUT, -KEY, EXITEMPTY,
transfers                           call_ended, unless the caller enters a queue again within a few seconds
QUEUESTART                          call_ended of all that were open: Asterisk has started anew

Older Asterisks may miss the line of an exit: a call that is open for hours has ended as well.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from services.intake.asterisk import calls
from services.intake.asterisk.calls import CONNECTED, Call
from services.intake.asterisk.queue_log import COMPLETED, ENTERED, EXITS, TRANSFERS, Entry
from services.intake.canonical import CanonicalEvent, Collector, Known

REENTRY_SECONDS = 15
"""A caller who left a queue may be in the next one by then; announcements take their time."""
OPEN_SECONDS_MAX = 6 * 3600
_EXIT_STATUS = {"EXITWITHTIMEOUT": "timeout", "EXITWITHKEY": "key", "EXITEMPTY": "empty"}


@dataclass
class QueueCalls:
    """The open calls of one queue_log. Entries come in order (`queue_log.in_order`)."""

    known: Known
    calls: dict[str, Call] = field(default_factory=dict, repr=False)
    _leaving: dict[str, tuple[int, CanonicalEvent]] = field(default_factory=dict, repr=False)

    def read(self, entry: Entry, found: Collector) -> None:
        """What one entry says, after what its time says about earlier ones."""
        self.until(entry.at_seconds, found)
        if entry.event == "QUEUESTART":
            self._all_lost(entry.at_seconds, found)
        elif entry.of_call:
            self._of_call(entry, found)

    def until(self, now_seconds: int, found: Collector) -> None:
        """It is that late: who left and came into no other queue has ended, and so has who is open for hours."""
        while self._leaving:
            call_id, (left_at, event) = next(iter(self._leaving.items()))
            if left_at + REENTRY_SECONDS > now_seconds:
                break
            del self._leaving[call_id]
            self.calls.pop(call_id, None)
            found.events.append(event)
        while self.calls:
            call = next(iter(self.calls.values()))
            if call.since_ms > (now_seconds - OPEN_SECONDS_MAX) * 1000:
                break
            self._lost(call, now_seconds, found)

    def end(self, found: Collector) -> None:
        """The file is over: who left has ended."""
        for call_id, (_, event) in self._leaving.items():
            self.calls.pop(call_id, None)
            found.events.append(event)
        self._leaving.clear()

    def _of_call(self, entry: Entry, found: Collector) -> None:
        at_ms = entry.at_seconds * 1000
        if entry.event == ENTERED:
            self._entered(entry, found)
        elif entry.event == "CONNECT":
            call = self._take(entry)
            call.state = CONNECTED
            calls.remember(self.calls, call)
            extras: dict[str, Any] = {"wait_s": entry.number(0), "agent": entry.agent}
            found.events.append(calls.connected(call, "CONNECT", at_ms, extras))
        elif entry.event in COMPLETED:
            extras = {"duration_s": entry.number(1), "status": "completed", "agent": entry.agent}
            found.events.append(calls.ended(self._take(entry), entry.event, at_ms, extras))
        elif entry.event == "ABANDON":
            extras = {"wait_s": entry.number(2), "status": "abandoned", "abandoned": True}
            found.events.append(calls.ended(self._take(entry), entry.event, at_ms, extras))
        elif entry.event in EXITS:
            last = 3 if entry.event == "EXITWITHKEY" else 2
            extras = {"wait_s": entry.number(last), "status": _EXIT_STATUS[entry.event]}
            self._leaves(entry, extras)
        elif entry.event in TRANSFERS:
            extras = {"duration_s": entry.number(3), "status": "transferred", "agent": entry.agent}
            self._leaves(entry, extras)

    def _entered(self, entry: Entry, found: Collector) -> None:
        before = self.calls.pop(entry.call_id, None)
        self._leaving.pop(entry.call_id, None)
        call = Call(entry.call_id, entry.queue, since_ms=entry.at_seconds * 1000)
        call.customer = calls.customer(entry.text(1), "", entry.queue, self.known)
        if before is not None and not call.customer.type:
            call.customer = before.customer
        calls.remember(self.calls, call)
        found.events.append(calls.queued(call, ENTERED, call.since_ms))

    def _leaves(self, entry: Entry, extras: dict[str, Any]) -> None:
        call = self._take(entry)
        calls.remember(self.calls, call)
        event = calls.ended(call, entry.event, entry.at_seconds * 1000, extras)
        self._leaving.pop(entry.call_id, None)
        self._leaving[entry.call_id] = (entry.at_seconds, event)

    def _take(self, entry: Entry) -> Call:
        """The call, out of memory; made up from the entry when it began before the file."""
        self._leaving.pop(entry.call_id, None)
        call = self.calls.pop(entry.call_id, None) or Call(
            entry.call_id, entry.queue, since_ms=entry.at_seconds * 1000
        )
        call.queue = entry.queue
        return call

    def _all_lost(self, now_seconds: int, found: Collector) -> None:
        self.end(found)
        for call in list(self.calls.values()):
            self._lost(call, now_seconds, found)

    def _lost(self, call: Call, now_seconds: int, found: Collector) -> None:
        del self.calls[call.call_id]
        self._leaving.pop(call.call_id, None)
        found.events.append(calls.ended(call, "lost", now_seconds * 1000, {"status": "lost"}))
