"""Promises of time to whoever waits: the target, the day by which everything but a call has an answer, a call-back,
and the next look at what waits longer still (routing.md 1.1, "queued"; 1.2, "promise"). Both clocks run from the
arrival. A call-back that will not be made in time is replaced: the new time is told before the old one passes.
"""

from __future__ import annotations

from services.contract.desk import DeskLimits
from services.router.evolve.work import kind_of
from services.router.model import Contact
from services.router.score import MISSED_CALLBACK
from services.router.urgency import target_ms
from services.router.waiting import CALL

TARGET, DUE, CALLBACK = "target", "due", MISSED_CALLBACK
CALLBACK_LEAD_MS = 120_000
"""A contact that is to be called back waits for an agent this long before its time (routing.md 1.1, "promised")."""
CALLBACK_TOLD_MS = 30_000
"""A new time is told this long before the old one passes."""
CALLBACK_AGAIN_MS = 15 * 60_000
"""A new time is at least this much later."""


def open_promises(limits: DeskLimits, contact: Contact) -> list[tuple[int, str]]:
    """(when, promise) of a contact that nobody had yet, those already missed left out, next one first.

    A person who answered it elsewhere (in the network's own inbox, on the phone) has kept what was promised. The times are
    those of its arrival, which its record tells; a desk that sets others promises them to who comes then. Older logs tell none.
    """
    if contact.epoch > 0 or "human" in contact.answered:
        return []
    opened = contact.opened
    kind = kind_of(opened.channel, opened.medium)
    promises = [(opened.target_at_ms or opened.arrived_at_ms + target_ms(limits, kind), TARGET)]
    if kind is not CALL:
        promises.append((opened.due_at_ms or opened.arrived_at_ms + limits.due_ms, DUE))
    if contact.missed:
        promises = [promise for promise in promises if promise[1] not in contact.missed]
    return sorted(promises)


def first_deadline_ms(limits: DeskLimits, contact: Contact, queued_at_ms: int, now_ms: int) -> int:
    """When to look at a waiting contact again: at its next promise, else at the end of patience."""
    if not contact.missed and not contact.promised_at_ms and not contact.epoch and not contact.answered:
        opened = contact.opened  # nothing kept, missed or put off: the first of its two promises
        if opened.target_at_ms:
            next_at_ms = opened.target_at_ms
            return max(now_ms, min(next_at_ms, opened.due_at_ms) if opened.due_at_ms else next_at_ms)
    ahead = [at_ms for at_ms, _ in open_promises(limits, contact)]
    if contact.promised_at_ms:
        ahead.append(contact.promised_at_ms - CALLBACK_TOLD_MS)
    return max(now_ms, min(ahead)) if ahead else last_deadline_ms(limits, contact, queued_at_ms, now_ms)


def new_time_due(contact: Contact, now_ms: int) -> bool:
    """True when the customer is to be told a new time for his call-back."""
    return 0 < contact.promised_at_ms <= now_ms + CALLBACK_TOLD_MS


def new_time_ms(contact: Contact, now_ms: int) -> int:
    """The new time: later by as long as he has waited for it already, so that a long wait is told seldom."""
    waited_ms = max(0, now_ms - contact.queued_at_ms)
    return max(now_ms, contact.promised_at_ms) + max(CALLBACK_AGAIN_MS, waited_ms)


def last_deadline_ms(limits: DeskLimits, contact: Contact, queued_at_ms: int, now_ms: int) -> int:
    """A line that rings for the time of a lease is dead; everything else is looked at once per due time."""
    if holds_a_line(contact):
        return max(now_ms, queued_at_ms + limits.lease_ms)
    return now_ms + limits.due_ms


def holds_a_line(contact: Contact) -> bool:
    """True for a call whose customer waits on the line; not for one who was promised a call-back."""
    return kind_of(contact.channel, contact.medium) is CALL and not contact.released
