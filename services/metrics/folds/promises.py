"""Promises of time: kept, broken, void, and by how much they were exceeded (operations.md 1.2; requirement S1.1).

The target wait is kept at the first assignment; the day by which everything but a call is answered, at the first
assignment or the first answer by a person; a call-back when the customer is called. Broken is counted at the moment
the deadline passes, so that a queue which nobody leaves cannot look kept. A call-back's yardstick is the time that was
promised first, whatever was promised later.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from services.contract.decisions import (
    Abandoned,
    Answered,
    Assigned,
    CallbackPromised,
    Closed,
    TargetMissed,
)
from services.metrics.contact_measures import PROMISE_MARGIN, PROMISES, PROMISES_REVISED
from services.metrics.folds.scene import Scene
from services.metrics.folds.totals import Move, Series, channel_label, count, observe, total, total_sum
from services.metrics.live import LiveContact


def assigned(event: Assigned, scene: Scene) -> Iterator[Move]:
    channel, queue = channel_label(event.channel.label), scene.desk.queue(event.queue_id)
    contact = scene.contact(event.contact_id)
    if event.first and event.within_target:
        yield count(PROMISES, channel, queue, "kept", "target")
    if contact is None:
        return
    if event.first and not contact.answered:
        if contact.target_ms:
            yield from _margin(contact.target_ms, "target", channel, queue, scene.at_ms)
        yield from _due(contact, channel, queue, scene.at_ms)
    if contact.promised_ms:
        if not contact.has_missed("callback"):
            yield count(PROMISES, channel, queue, "kept", "callback")
        yield from _margin(contact.promised_ms, "callback", channel, queue, scene.at_ms)


def answered(event: Answered, scene: Scene) -> Iterator[Move]:
    """A person who answered it elsewhere has kept what was promised, as far as nobody had it before."""
    contact = scene.contact(event.contact_id)
    if event.kind == "human" and contact is not None and not (contact.answered or contact.had):
        yield from _due(contact, contact.channel, scene.desk.queue(event.queue_id), scene.at_ms)


def missed(event: TargetMissed, scene: Scene) -> Iterator[Move]:
    channel, queue = channel_label(event.channel.label), scene.desk.queue(event.queue_id)
    yield count(PROMISES, channel, queue, "broken", event.promise)


def callback_promised(event: CallbackPromised, scene: Scene) -> Iterator[Move]:
    if event.replaces_at_ms:
        yield count(PROMISES_REVISED, channel_label(event.channel.label), scene.desk.queue(event.queue_id))


def left(event: Abandoned | Closed, scene: Scene) -> Iterator[Move]:
    """What was promised for later than the customer stayed is neither kept nor broken."""
    contact = scene.contact(event.contact_id)
    if contact is None:
        return
    open_promises = {
        "target": not (contact.had or contact.answered) and contact.target_ms > 0,
        "due": not (contact.had or contact.answered) and contact.due_ms > 0,
        "callback": contact.promised_ms > 0,
    }
    for promise, is_open in open_promises.items():
        if is_open and not contact.has_missed(promise):
            yield count(PROMISES, *scene.place_of(event.contact_id), "void", promise)


def _due(contact: LiveContact, channel: str, queue: str, at_ms: int) -> Iterator[Move]:
    if contact.due_ms:
        if not contact.has_missed("due"):
            yield count(PROMISES, channel, queue, "kept", "due")
        yield from _margin(contact.due_ms, "due", channel, queue, at_ms)


def _margin(promised_ms: int, promise: str, channel: str, queue: str, at_ms: int) -> Iterator[Move]:
    side = "early" if at_ms <= promised_ms else "late"
    yield from observe(PROMISE_MARGIN, channel, queue, side, promise, value=abs(promised_ms - at_ms))


def result(totals: Mapping[Series, int]) -> dict[str, int]:
    """The parts of GetKpis that speak of promises; durations in milliseconds."""
    return {
        "promises_kept": total(totals, PROMISES, result="kept", promise="target"),
        "promises_broken": total(totals, PROMISES, result="broken", promise="target"),
        "promises_void": total(totals, PROMISES, result="void", promise="target"),
        "answers_due_kept": total(totals, PROMISES, result="kept", promise="due"),
        "answers_due_broken": total(totals, PROMISES, result="broken", promise="due"),
        "callbacks_kept": total(totals, PROMISES, result="kept", promise="callback"),
        "callbacks_broken": total(totals, PROMISES, result="broken", promise="callback"),
        "promises_revised": total(totals, PROMISES_REVISED),
        "promises_early": total(totals, PROMISE_MARGIN, side="early"),
        "promises_late": total(totals, PROMISE_MARGIN, side="late"),
        "early_ms": total_sum(totals, PROMISE_MARGIN, side="early"),
        "late_ms": total_sum(totals, PROMISE_MARGIN, side="late"),
    }
