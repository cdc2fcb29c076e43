"""Waits on both clocks, who was offered, answered, abandoned, and first responses (operations.md 1.2).

The clock since arrival ends once per contact, at its first assignment or at an end without one; the clock since
the queue entry ends once per leg. Who accepts a call-back leaves the line: that leg ends there, and the contact's own
wait when he is called. Durations stand in the events or between two instants of them, so a replay gives the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from services.contract.decisions import (
    Abandoned,
    Answered,
    Assigned,
    CallbackPromised,
    Closed,
    ContactOpened,
    ContactQueued,
    Offered,
)
from services.metrics.contact_measures import (
    ABANDONED,
    ARRIVED,
    CONTACT_WAIT,
    CONTACT_WAIT_SQUARES,
    FIRST_RESPONSE,
    OFFERED,
    QUEUE_WAIT,
    QUEUED,
    REATTEMPTS,
)
from services.metrics.folds.scene import Scene
from services.metrics.folds.totals import Move, Series, channel_label, count, observe, total, total_sum
from services.metrics.live import LEFT_MS_MAX, LiveContact
from services.metrics.measure import SHORT_ABANDON_MS


def opened(event: ContactOpened, scene: Scene) -> Iterator[Move]:
    channel, queue = channel_label(event.channel.label), scene.queue_of(event.contact_id)
    yield count(ARRIVED, channel, queue)
    left_ms = scene.live.left.get(event.case_id)
    if left_ms is not None and scene.at_ms - left_ms <= LEFT_MS_MAX:
        yield count(REATTEMPTS, channel, queue)


def queued(event: ContactQueued, scene: Scene) -> Iterator[Move]:
    """A leg begins, unless the contact keeps its place; another queue ends the leg in the one before."""
    contact, queue = scene.contact(event.contact_id), scene.desk.queue(event.queue_id)
    if contact is None or contact.called_back:
        return
    if contact.leg and contact.queue != queue:
        yield count(OFFERED, contact.channel, contact.queue)
        yield from _leg_ended(contact, "flow_out", scene)
    if not contact.leg or contact.queue != queue:
        yield count(QUEUED, contact.channel, queue)


def offered(event: Offered, scene: Scene) -> Iterator[Move]:
    """An offer straight away begins a leg of the time that it rings."""
    contact = scene.contact(event.contact_id)
    if contact is not None and contact.waits and not (contact.leg or contact.called_back):
        yield count(QUEUED, contact.channel, scene.desk.queue(event.queue_id))


def assigned(event: Assigned, scene: Scene) -> Iterator[Move]:
    channel, queue = channel_label(event.channel.label), scene.desk.queue(event.queue_id)
    contact = scene.contact(event.contact_id)
    called_back = contact is not None and contact.called_back
    if event.first:
        wait_ms = max(0, event.wait_since_arrival_ms)
        if called_back:
            yield from observe(CONTACT_WAIT, channel, queue, "callback", value=wait_ms)
        else:
            yield count(OFFERED, channel, queue)
            yield from observe(CONTACT_WAIT, channel, queue, "answered", value=wait_ms)
            yield count(CONTACT_WAIT_SQUARES, channel, queue, amount=wait_ms * wait_ms)
    if not (called_back or scene.handed_over(event.contact_id)):
        yield from observe(QUEUE_WAIT, channel, queue, "answered", value=event.wait_since_queue_ms)


def callback_promised(event: CallbackPromised, scene: Scene) -> Iterator[Move]:
    contact = scene.contact(event.contact_id)
    if contact is not None and contact.leg:
        yield from _leg_ended(contact, "callback", scene)


def abandoned(event: Abandoned, scene: Scene) -> Iterator[Move]:
    channel = channel_label(event.tally.channel.label if event.tally else "")
    queue = scene.desk.queue(event.queue_id)
    short = event.wait_since_arrival_ms <= SHORT_ABANDON_MS
    outcome = "abandoned_short" if short else "abandoned"
    yield count(OFFERED, channel, queue)
    yield count(ABANDONED, channel, queue, "true" if short else "false")
    yield from observe(CONTACT_WAIT, channel, queue, outcome, value=event.wait_since_arrival_ms)
    yield from observe(QUEUE_WAIT, channel, queue, outcome, value=event.wait_since_queue_ms)


def closed(event: Closed, scene: Scene) -> Iterator[Move]:
    """A contact that ended without an agent and without the customer leaving was cancelled: offered to nobody."""
    tally, contact = event.tally, scene.contact(event.contact_id)
    if contact is not None and contact.leg:
        yield from _leg_ended(contact, "cancelled", scene)
    if tally is not None and not tally.handled:
        queue = scene.desk.queue(tally.first_queue_id)
        yield from observe(
            CONTACT_WAIT, channel_label(tally.channel.label), queue, "cancelled", value=tally.open_ms
        )


def answered(event: Answered, scene: Scene) -> Iterator[Move]:
    channel, queue = channel_label(event.channel.label), scene.desk.queue(event.queue_id)
    yield from observe(FIRST_RESPONSE, channel, queue, event.kind, value=event.after_ms)


def _leg_ended(contact: LiveContact, outcome: str, scene: Scene) -> Iterator[Move]:
    waited_ms = scene.at_ms - contact.queued_ms
    yield from observe(QUEUE_WAIT, contact.channel, contact.queue, outcome, value=waited_ms)


def result(totals: Mapping[Series, int]) -> dict[str, int]:
    """The parts of GetKpis that speak of waits; durations in milliseconds."""
    short = total(totals, ABANDONED, short="true")
    return {
        "arrived": total(totals, ARRIVED),
        "queued": total(totals, QUEUED),
        "offered": total(totals, OFFERED),
        "answered": total(totals, CONTACT_WAIT, outcome="answered"),
        "called_back": total(totals, CONTACT_WAIT, outcome="callback"),
        "flowed_out": total(totals, QUEUE_WAIT, outcome="flow_out"),
        "abandoned": short + total(totals, ABANDONED, short="false"),
        "abandoned_short": short,
        "wait_since_arrival_ms": total_sum(totals, CONTACT_WAIT, outcome="answered"),
        "wait_since_queue_ms": total_sum(totals, QUEUE_WAIT, outcome="answered"),
        "answered_legs": total(totals, QUEUE_WAIT, outcome="answered"),
        "first_responses_ack": total(totals, FIRST_RESPONSE, kind="ack"),
        "first_responses_human": total(totals, FIRST_RESPONSE, kind="human"),
        "first_response_human_ms": total_sum(totals, FIRST_RESPONSE, kind="human"),
        "reattempts": total(totals, REATTEMPTS),
    }
