"""Packets of AMI become events of calls. Pure but for what it remembers of open calls, which is bounded.

QueueCallerJoin                     call_queued
AgentConnect                        call_connected, with the wait (HoldTime)
AgentComplete                       call_ended, unless the agent passed the call on (Reason transfer)
QueueCallerAbandon                  call_ended, abandoned; the QueueCallerLeave after it says nothing new
Hangup                              call_ended of a call that left its queue unserved, or was passed on
QueueEntry                          call_queued of a caller who joined while we were away

A call that is dialled without a queue is told by Newchannel, DialEnd and Hangup, if its dialplan context is among
`contexts`. Everything else of the hundreds of events is none of ours.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from services.intake.asterisk import calls
from services.intake.asterisk.ami import Packet
from services.intake.asterisk.calls import CONNECTED, JOINED, Call
from services.intake.canonical import Collector, Known
from services.intake.values import ident, seconds

LEFT = "left"
_CAUSES = {"17": "busy", "18": "no-answer", "19": "no-answer", "21": "declined"}
"""Q.850 causes of Hangup; others are "failed" or, unsaid, "hangup"."""


@dataclass
class AmiCalls:
    """The open calls of one Asterisk."""

    known: Known
    contexts: frozenset[str] = frozenset()
    calls: dict[str, Call] = field(default_factory=dict, repr=False)
    _alive: set[str] | None = field(default=None, repr=False)
    _asked_at_ms: int = 0

    def read(self, packet: Packet, received_at_ms: int, found: Collector) -> None:
        """What one packet says; `received_at_ms` counts where it has no Timestamp."""
        handler = self._handlers.get(packet.event)
        if handler is None:
            return
        if not _channel(packet) and packet.event != "coreshowchannelscomplete":
            found.dropped.append("no_uniqueid")
            return
        handler(self, packet, _at_ms(packet) or received_at_ms, found)

    def ask_again(self, now_ms: int) -> None:
        """After a connection: until CoreShowChannelsComplete, channels are counted that are still there."""
        self._alive, self._asked_at_ms = set(), now_ms

    def _joined(self, packet: Packet, at_ms: int, found: Collector) -> None:
        call_id = _channel(packet)
        waited = seconds(packet.one("Wait")) if packet.event == "queueentry" else None
        began_ms = at_ms - 1000 * (waited or 0)
        queue = packet.one("Queue")
        known = self.calls.pop(call_id, None)
        call = Call(call_id, queue, ident(packet.one("Linkedid")), since_ms=began_ms)
        call.customer = calls.customer(
            packet.one("CallerIDNum", "CallerID"), packet.one("CallerIDName"), queue, self.known
        )
        if known is not None and not call.customer.type:
            call.customer = known.customer
        calls.remember(self.calls, call)
        found.events.append(calls.queued(call, "QueueCallerJoin", began_ms))

    def _left(self, packet: Packet, at_ms: int, found: Collector) -> None:
        """Before AgentConnect, after QueueCallerAbandon, or into the dialplan: by itself it tells nothing."""
        del at_ms
        call = self.calls.get(_channel(packet))
        if call is not None and call.state == JOINED:
            call.state = LEFT
        found.dropped.append("queue_leave")

    def _abandoned(self, packet: Packet, at_ms: int, found: Collector) -> None:
        call = self._take(packet)
        wait = seconds(packet.one("HoldTime"))
        if wait is None and call.since_ms and at_ms >= call.since_ms:
            wait = (at_ms - call.since_ms) // 1000
        extras = {"wait_s": wait, "status": "abandoned", "abandoned": True}
        found.events.append(calls.ended(call, "QueueCallerAbandon", at_ms, extras))

    def _connected(self, packet: Packet, at_ms: int, found: Collector) -> None:
        call = self._take(packet)
        call.state, call.transferred = CONNECTED, False
        calls.remember(self.calls, call)
        extras = {
            "wait_s": seconds(packet.one("HoldTime")),
            "agent": packet.one("Interface", "Member", "MemberName", "DestChannel", "Channel"),
        }
        found.events.append(calls.connected(call, "AgentConnect", at_ms, extras))

    def _completed(self, packet: Packet, at_ms: int, found: Collector) -> None:
        call = self._take(packet)
        if packet.one("Reason").lower() == "transfer":
            call.state, call.transferred = CONNECTED, True
            calls.remember(self.calls, call)
            found.dropped.append("transfer")
            return
        extras = {"duration_s": seconds(packet.one("TalkTime")), "status": "completed"}
        found.events.append(calls.ended(call, "AgentComplete", at_ms, extras))

    def _hung_up(self, packet: Packet, at_ms: int, found: Collector) -> None:
        """Of an answered call AgentComplete tells more, and comes before or after."""
        call = self.calls.get(_channel(packet))
        if call is None or (call.state == CONNECTED and call.queue and not call.transferred):
            return
        del self.calls[call.call_id]
        cause = packet.one("Cause")
        talked = call.state == CONNECTED
        status = "completed" if talked else _CAUSES.get(cause, "hangup")
        found.events.append(calls.ended(call, "Hangup", at_ms, {"status": status}))

    def _new(self, packet: Packet, at_ms: int, found: Collector) -> None:
        """A caller's own channel in one of the contexts; the legs to agents have another Linkedid."""
        call_id, linked = _channel(packet), packet.one("Linkedid")
        if packet.one("Context") not in self.contexts or (linked and linked != call_id):
            return
        line = packet.one("Exten")
        call = Call(call_id, "", call_id, line=line, since_ms=at_ms)
        call.customer = calls.customer(
            packet.one("CallerIDNum"), packet.one("CallerIDName"), line, self.known
        )
        calls.remember(self.calls, call)
        found.events.append(calls.started(call, "Newchannel", at_ms))

    def _dialled(self, packet: Packet, at_ms: int, found: Collector) -> None:
        call = self.calls.get(packet.one("Uniqueid"))
        if call is None or call.queue or packet.one("DialStatus").upper() != "ANSWER":
            return
        call.state = CONNECTED
        extras = {
            "wait_s": max(0, at_ms - call.since_ms) // 1000,
            "agent": packet.one("DestChannel").rpartition("-")[0],
        }
        found.events.append(calls.connected(call, "DialEnd", at_ms, extras))

    def _there(self, packet: Packet, at_ms: int, found: Collector) -> None:
        del at_ms, found
        if self._alive is not None and len(self._alive) < 10 * calls.CALLS_MAX:
            self._alive.add(_channel(packet))

    def _all_there(self, packet: Packet, at_ms: int, found: Collector) -> None:
        """Calls from before the break whose channel is gone have ended meanwhile."""
        del packet
        alive, self._alive = self._alive, None
        if alive is None:
            return
        gone = [
            call
            for call in self.calls.values()
            if call.call_id not in alive and call.since_ms < self._asked_at_ms
        ]
        for call in gone:
            del self.calls[call.call_id]
            found.events.append(calls.ended(call, "Lost", at_ms, {"status": "lost"}))

    def _take(self, packet: Packet) -> Call:
        """The call, out of memory; made up from the packet when it began before us."""
        call_id, queue = _channel(packet), packet.one("Queue")
        call = self.calls.pop(call_id, None) or Call(call_id, queue, ident(packet.one("Linkedid")))
        call.queue = queue or call.queue
        told = calls.customer(packet.one("CallerIDNum"), packet.one("CallerIDName"), call.queue, self.known)
        if told.type or not call.customer.type:
            call.customer = told if packet.one("CallerIDNum") else call.customer
        return call

    _handlers: ClassVar[Mapping[str, Callable[[AmiCalls, Packet, int, Collector], None]]] = {
        "queuecallerjoin": _joined,
        "join": _joined,
        "queueentry": _joined,
        "queuecallerleave": _left,
        "leave": _left,
        "queuecallerabandon": _abandoned,
        "agentconnect": _connected,
        "agentcomplete": _completed,
        "hangup": _hung_up,
        "newchannel": _new,
        "dialend": _dialled,
        "coreshowchannel": _there,
        "coreshowchannelscomplete": _all_there,
    }


def _channel(packet: Packet) -> str:
    """The caller's channel id; of AgentConnect the caller's too, the agent's is DestUniqueid."""
    return ident(packet.one("Uniqueid"))


def _at_ms(packet: Packet) -> int:
    """Timestamp (only with timestampevents=yes), epoch seconds with a fraction; 0 without."""
    whole, _, fraction = packet.one("Timestamp").partition(".")
    if not (whole.isascii() and whole.isdecimal() and 9 <= len(whole) <= 11):
        return 0
    millis = fraction[:3].ljust(3, "0")
    return int(whole) * 1000 + (int(millis) if millis.isascii() and millis.isdecimal() else 0)
