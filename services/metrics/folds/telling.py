"""Messages that go out, and whether customers are told in time what they are to be told (requirements S2.7, S0.1, S0.5)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from services.contract.decisions import Answered, CallbackPromised, MessageDue, OutboundNoted, Resolved
from services.metrics.desk_measures import (
    FOLLOWUPS_DUE,
    FOLLOWUPS_SENT,
    OUTBOUND,
    UPDATE_MS_MAX,
    UPDATES_DUE,
    UPDATES_ON_TIME,
)
from services.metrics.folds.scene import Scene
from services.metrics.folds.totals import Move, Series, channel_label, count, total
from services.metrics.live import update_kind


def due(event: MessageDue, scene: Scene) -> Iterator[Move]:
    channel, queue = channel_label(event.channel.label), scene.desk.queue(event.queue_id)
    yield count(UPDATES_DUE, channel, queue, update_kind(event.kind))


def new_time(event: CallbackPromised, scene: Scene) -> Iterator[Move]:
    if event.replaces_at_ms:
        channel, queue = channel_label(event.channel.label), scene.desk.queue(event.queue_id)
        yield count(UPDATES_DUE, channel, queue, "revised_time")


def answered(event: Answered, scene: Scene) -> Iterator[Move]:
    channel, queue = channel_label(event.channel.label), scene.desk.queue(event.queue_id)
    kind = "answer" if event.kind == "human" else event.kind
    yield count(OUTBOUND, channel, queue, kind)
    yield from _in_time(kind, event.contact_id, channel, queue, scene)


def sent(event: OutboundNoted, scene: Scene) -> Iterator[Move]:
    """A follow-up counts where it was due, at the contact's first queue; a contact that the router forgot has none."""
    channel, queue = channel_label(event.channel.label), scene.desk.queue(event.queue_id)
    yield count(OUTBOUND, channel, queue, event.kind)
    if event.kind == "followup":
        first = scene.desk.queue(event.first_queue_id or event.queue_id)
        yield count(FOLLOWUPS_SENT, channel, first)
    yield from _in_time(event.kind, event.contact_id, channel, queue, scene)


def resolved(event: Resolved, scene: Scene) -> Iterator[Move]:
    """What is fixed is followed up, to check satisfaction (requirement S2.7)."""
    tally = event.tally
    if tally is not None and tally.handled:
        yield count(FOLLOWUPS_DUE, channel_label(tally.channel.label), scene.desk.queue(tally.first_queue_id))


def _in_time(kind: str, contact_id: str, channel: str, queue: str, scene: Scene) -> Iterator[Move]:
    due_ms = scene.live.was_due(kind, contact_id)
    if due_ms and scene.at_ms - due_ms <= UPDATE_MS_MAX:
        yield count(UPDATES_ON_TIME, channel, queue, kind)


def result(totals: Mapping[Series, int]) -> dict[str, int]:
    """The parts of GetKpis that speak of messages."""
    return {
        "updates_due": total(totals, UPDATES_DUE),
        "updates_on_time": total(totals, UPDATES_ON_TIME),
        "followups": total(totals, OUTBOUND, kind="followup"),
        "followups_due": total(totals, FOLLOWUPS_DUE),
        "followups_sent": total(totals, FOLLOWUPS_SENT),
    }
