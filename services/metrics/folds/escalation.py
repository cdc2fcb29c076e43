"""Escalations, consults and transfers: who else was needed (operations.md 1.2; requirements S1.3, S3.5, S2.8).

Contacts are counted once, at their closing, over the contacts that an agent had; events are counted when they
happen. A consult is no hand-off: the owner keeps the customer, so it stays apart. A transfer is every hop that the
router counts: an accepted hand-over, and a contact that waited again while its owner at work had no room and that
somebody else took (`Assigned.hop`). So the transfers of a closed contact are those of its tally, by both measures.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from services.contract.decisions import (
    ApproverFound,
    Assigned,
    Closed,
    ConsultEnded,
    Escalated,
    ExceptionGranted,
    HandoverEnded,
    HandoverStarted,
    HelpRequested,
    OfferEnded,
    Resolved,
    Transferred,
)
from services.metrics.contact_measures import (
    AUTHORITY_SHORTFALLS,
    CONSULTS,
    CONTACTS_ESCALATED,
    ESCALATIONS,
    EXCEPTIONS_GRANTED,
    HANDLE_SQUARES,
    HANDLE_TIME,
    HANDLED,
    TRANSFER_OFFERS,
    TRANSFERS,
    TRANSFERS_PER_CONTACT,
)
from services.metrics.folds.scene import Scene
from services.metrics.folds.totals import (
    Move,
    Series,
    channel_label,
    count,
    matching,
    observe,
    total,
    total_sum,
)


def ended(event: Resolved | Closed, scene: Scene) -> Iterator[Move]:
    tally = event.tally
    if tally is None or not tally.handled:
        return
    channel, queue = channel_label(tally.channel.label), scene.desk.queue(tally.first_queue_id)
    yield count(HANDLED, channel, queue)
    if tally.escalated:
        yield count(CONTACTS_ESCALATED, channel, queue)
    yield from observe(TRANSFERS_PER_CONTACT, channel, queue, value=tally.transfers)
    contact = scene.contact(event.contact_id)
    if contact is not None:
        handled_ms = contact.held_ms + (scene.at_ms - contact.held_since_ms if contact.hold else 0)
        yield from observe(HANDLE_TIME, channel, queue, value=handled_ms)
        yield count(HANDLE_SQUARES, channel, queue, amount=handled_ms * handled_ms)


def escalated(event: Escalated, scene: Scene) -> Iterator[Move]:
    channel, queue = channel_label(event.channel.label), scene.desk.queue(event.queue_id)
    yield count(ESCALATIONS, channel, queue, event.reason)


def consult_ended(event: ConsultEnded, scene: Scene) -> Iterator[Move]:
    channel, queue = channel_label(event.channel.label), scene.desk.queue(event.queue_id)
    yield count(CONSULTS, channel, queue, event.result.label)


def transferred(event: Transferred, scene: Scene) -> Iterator[Move]:
    channel, queue = channel_label(event.channel.label), scene.desk.queue(event.queue_id)
    yield count(TRANSFERS, channel, queue, "agent", event.reason.label)


def hopped(event: Assigned, scene: Scene) -> Iterator[Move]:
    """A hop from the queue, and the acceptance of a contact that was handed over."""
    channel, queue = channel_label(event.channel.label), scene.desk.queue(event.queue_id)
    if event.hop:
        yield count(TRANSFERS, channel, queue, "queue", "owner_busy")
    if _is_handed_over(event.contact_id, scene):
        yield count(TRANSFER_OFFERS, channel, queue, "accepted")


def offer_ended(event: OfferEnded, scene: Scene) -> Iterator[Move]:
    channel, queue = channel_label(event.channel.label), scene.desk.queue(event.queue_id)
    if _is_handed_over(event.contact_id, scene):
        yield count(TRANSFER_OFFERS, channel, queue, event.result.label)
    if event.reason == "lacks_authority":
        yield count(AUTHORITY_SHORTFALLS, channel, queue, "offer")


def handover_ended(event: HandoverEnded, scene: Scene) -> Iterator[Move]:
    if event.reason == "unfilled":
        yield count(TRANSFER_OFFERS, *scene.place_of(event.contact_id), "unfilled")


def right_missing(event: HelpRequested | HandoverStarted, scene: Scene) -> Iterator[Move]:
    """Whether an approver was free is said where a right was missing, once per such request."""
    if event.approver is not ApproverFound.UNSPECIFIED:
        yield count(AUTHORITY_SHORTFALLS, *scene.place_of(event.contact_id), "contact")


def granted(event: ExceptionGranted, scene: Scene) -> Iterator[Move]:
    policy = "approved" if event.approver_id else "own_grant"
    yield count(EXCEPTIONS_GRANTED, *scene.place_of(event.contact_id), policy)


def _is_handed_over(contact_id: str, scene: Scene) -> bool:
    contact = scene.contact(contact_id)
    return contact is not None and contact.state == "handing_over"


def result(totals: Mapping[Series, int]) -> dict[str, int]:
    """The parts of GetKpis that speak of others being needed; a chain is two hand-overs or more."""
    one_or_none = {"0", "1"}  # buckets of 0 and of 1 hand-over
    return {
        "handled": total(totals, HANDLED),
        "escalated": total(totals, CONTACTS_ESCALATED),
        "consults": total(totals, CONSULTS),
        "transfers": total(totals, TRANSFERS),
        "escalations": total(totals, ESCALATIONS),
        "handle_ms": total_sum(totals, HANDLE_TIME),
        "handle_times": total(totals, HANDLE_TIME),
        "authority_shortfalls": total(totals, AUTHORITY_SHORTFALLS),
        "exceptions_granted": total(totals, EXCEPTIONS_GRANTED),
        "transferred_contacts": sum(
            amount for series, amount in matching(totals, TRANSFERS_PER_CONTACT, {}) if series[-1] != "0"
        ),
        "chains": sum(
            amount
            for series, amount in matching(totals, TRANSFERS_PER_CONTACT, {})
            if series[-1] not in one_or_none
        ),
    }
