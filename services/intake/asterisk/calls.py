"""A call in an Asterisk queue, and the events of its states; one form for AMI and queue_log.

The caller's channel (Uniqueid, callid) is the call in both, so both tell of one contact, and their states have the
same names: what one has told the other cannot tell twice.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from services.intake import identity
from services.intake.canonical import CanonicalEvent, Customer, Known
from services.intake.values import ident

SOURCE = "asterisk"
CALLS_MAX = 10_000
"""Calls remembered at once; the oldest is forgotten first."""
JOINED, CONNECTED, ENDED = "joined", "connected", "ended"


@dataclass
class Call:
    """What is known of a call that has not ended."""

    call_id: str
    queue: str
    thread_id: str = ""
    customer: Customer = field(default_factory=lambda: Customer(absent_reason="not_told"), repr=False)
    line: str = ""
    """The number that was dialled, where no queue is known."""
    state: str = JOINED
    since_ms: int = 0
    transferred: bool = False


def customer(number: str, name: str, account: str, known: Known) -> Customer:
    """The caller; Asterisk writes <unknown> for a name that it does not know."""
    region = known.regions.get(account.lower(), "")
    return identity.caller(number, region, "" if name.lower() in ("<unknown>", "anonymous") else name)


def queued(call: Call, name: str, at_ms: int) -> CanonicalEvent:
    """The caller waits in a queue; that is where the contact begins, for nothing before it is a queue's."""
    return _event(call, name, "call_queued", f"queued:{call.queue}", at_ms, opens=True)


def started(call: Call, name: str, at_ms: int) -> CanonicalEvent:
    return _event(call, name, "call_started", "started", at_ms)


def connected(call: Call, name: str, at_ms: int, extras: Mapping[str, Any]) -> CanonicalEvent:
    return _event(call, name, "call_connected", f"connected:{call.queue}", at_ms, extras)


def ended(call: Call, name: str, at_ms: int, extras: Mapping[str, Any]) -> CanonicalEvent:
    return _event(call, name, "call_ended", ENDED, at_ms, extras)


def remember(calls: dict[str, Call], call: Call) -> None:
    """Keeps the call, and forgets the oldest beyond the bound."""
    calls[call.call_id] = call
    while len(calls) > CALLS_MAX:
        del calls[next(iter(calls))]


def _event(
    call: Call,
    name: str,
    kind: str,
    state: str,
    at_ms: int,
    extras: Mapping[str, Any] | None = None,
    *,
    opens: bool = False,
) -> CanonicalEvent:
    return CanonicalEvent(
        channel="phone",
        medium="voice",
        account=ident(call.queue or call.line),
        id_scope=SOURCE,
        provider_event_id=ident(f"{call.call_id}:{name}"),
        kind=kind,
        state=state,
        opens=opens,
        contact_ref=ident(call.call_id),
        customer=call.customer,
        thread_id=ident(call.thread_id or call.call_id),
        occurred_at_ms=at_ms,
        extras={key: value for key, value in (extras or {}).items() if value not in (None, "")},
    )
