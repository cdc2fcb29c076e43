"""Waits on both clocks, offered, answered and abandoned, promises, first responses (operations.md 1.2).

The clock since arrival ends once per contact, at its first assignment or at an end without one; the clock since
the queue entry ends once per leg. Both durations stand in the events, so a replay gives the same numbers.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from services.contract.decisions import (
    Abandoned,
    Answered,
    Assigned,
    Closed,
    ContactOpened,
    TargetMissed,
)
from services.metrics.catalogue import (
    ABANDONED,
    ARRIVED,
    CONTACT_WAIT,
    CONTACT_WAIT_SQUARES,
    FIRST_RESPONSE,
    OFFERED,
    PROMISES,
    QUEUE_WAIT,
    SHORT_ABANDON_MS,
)
from services.metrics.folds.scene import Scene
from services.metrics.folds.totals import Move, Series, channel_label, count, observe, total, total_sum


def opened(event: ContactOpened, scene: Scene) -> Iterator[Move]:
    yield count(ARRIVED, channel_label(event.channel.label), scene.queue_of(event.contact_id))


def assigned(event: Assigned, scene: Scene) -> Iterator[Move]:
    channel, queue = channel_label(event.channel.label), scene.desk.queue(event.queue_id)
    if event.first:
        wait_ms = max(0, event.wait_since_arrival_ms)
        yield count(OFFERED, channel, queue)
        yield from observe(CONTACT_WAIT, channel, queue, "answered", value=wait_ms)
        yield count(CONTACT_WAIT_SQUARES, channel, queue, amount=wait_ms * wait_ms)
        if event.within_target:
            yield count(PROMISES, channel, queue, "kept", "target")
    if not scene.handed_over(event.contact_id):
        yield from observe(QUEUE_WAIT, channel, queue, "answered", value=event.wait_since_queue_ms)


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
    tally = event.tally
    if tally is not None and not tally.handled:
        queue = scene.desk.queue(tally.first_queue_id)
        yield from observe(
            CONTACT_WAIT, channel_label(tally.channel.label), queue, "cancelled", value=tally.open_ms
        )


def target_missed(event: TargetMissed, scene: Scene) -> Iterator[Move]:
    """Broken at the moment the deadline passes, so that a queue which nobody leaves cannot look kept."""
    channel, queue = channel_label(event.channel.label), scene.desk.queue(event.queue_id)
    yield count(PROMISES, channel, queue, "broken", event.promise)


def answered(event: Answered, scene: Scene) -> Iterator[Move]:
    channel, queue = channel_label(event.channel.label), scene.desk.queue(event.queue_id)
    yield from observe(FIRST_RESPONSE, channel, queue, event.kind, value=event.after_ms)


def result(totals: Mapping[Series, int]) -> dict[str, int]:
    """The parts of GetKpis that speak of waits; durations in milliseconds."""
    short = total(totals, ABANDONED, short="true")
    return {
        "arrived": total(totals, ARRIVED),
        "offered": total(totals, OFFERED),
        "answered": total(totals, CONTACT_WAIT, outcome="answered"),
        "abandoned": short + total(totals, ABANDONED, short="false"),
        "abandoned_short": short,
        "wait_since_arrival_ms": total_sum(totals, CONTACT_WAIT, outcome="answered"),
        "wait_since_queue_ms": total_sum(totals, QUEUE_WAIT, outcome="answered"),
        "answered_legs": total(totals, QUEUE_WAIT, outcome="answered"),
        "promises_kept": total(totals, PROMISES, result="kept", promise="target"),
        "promises_broken": total(totals, PROMISES, result="broken", promise="target"),
    }
