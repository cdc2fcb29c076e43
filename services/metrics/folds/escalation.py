"""Escalations, consults and transfers: who else was needed (operations.md 1.2; requirements S1.3, S3.5, S2.8).

Contacts are counted once, at their closing, over the contacts that an agent had; events are counted when they
happen. A consult is no hand-off: the owner keeps the customer, so it stays apart.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from services.contract.decisions import Closed, ConsultEnded, Escalated, Resolved, Transferred
from services.metrics.catalogue import (
    CONSULTS,
    CONTACTS_ESCALATED,
    ESCALATIONS,
    HANDLED,
    TRANSFERS,
    TRANSFERS_PER_CONTACT,
)
from services.metrics.folds.scene import Scene
from services.metrics.folds.totals import Move, Series, channel_label, count, matching, observe, total


def ended(event: Resolved | Closed, scene: Scene) -> Iterator[Move]:
    tally = event.tally
    if tally is None or not tally.handled:
        return
    channel, queue = channel_label(tally.channel.label), scene.desk.queue(tally.first_queue_id)
    yield count(HANDLED, channel, queue)
    if tally.escalated:
        yield count(CONTACTS_ESCALATED, channel, queue)
    yield from observe(TRANSFERS_PER_CONTACT, channel, queue, value=tally.transfers)


def escalated(event: Escalated, scene: Scene) -> Iterator[Move]:
    channel, queue = channel_label(event.channel.label), scene.desk.queue(event.queue_id)
    yield count(ESCALATIONS, channel, queue, event.reason)


def consult_ended(event: ConsultEnded, scene: Scene) -> Iterator[Move]:
    channel, queue = channel_label(event.channel.label), scene.desk.queue(event.queue_id)
    yield count(CONSULTS, channel, queue, event.result.label)


def transferred(event: Transferred, scene: Scene) -> Iterator[Move]:
    channel, queue = channel_label(event.channel.label), scene.desk.queue(event.queue_id)
    yield count(TRANSFERS, channel, queue, "agent", event.reason.label)


def result(totals: Mapping[Series, int]) -> dict[str, int]:
    """The parts of GetKpis that speak of others being needed; a chain is two hand-overs or more."""
    one_or_none = {"0", "1"}  # buckets of 0 and of 1 hand-over
    return {
        "handled": total(totals, HANDLED),
        "escalated": total(totals, CONTACTS_ESCALATED),
        "consults": total(totals, CONSULTS),
        "transfers": total(totals, TRANSFERS),
        "chains": sum(
            amount
            for series, amount in matching(totals, TRANSFERS_PER_CONTACT, {})
            if series[-1] not in one_or_none
        ),
    }
