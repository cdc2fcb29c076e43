"""Offers: how often an agent was asked, with enough authority or not, and what came of it (operations.md 1.2).

The authority gap is judged with the estimate that was valid when the offer was made, never with one learned later.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from services.contract.decisions import Assigned, AuthorityCover, Offered, OfferEnded
from services.metrics.contact_measures import OFFERS, OFFERS_ENDED
from services.metrics.folds.scene import Scene
from services.metrics.folds.totals import Move, Series, channel_label, count, total

_COVER = {AuthorityCover.COVERS: "covers", AuthorityCover.SHORT: "short"}


def offered(event: Offered, scene: Scene) -> Iterator[Move]:
    """A missing estimate counts as unknown, never as covered."""
    channel, queue = channel_label(event.channel.label), scene.desk.queue(event.queue_id)
    yield count(OFFERS, channel, queue, _COVER.get(event.authority, "unknown"))


def accepted(event: Assigned, scene: Scene) -> Iterator[Move]:
    if event.offer_id:
        channel, queue = channel_label(event.channel.label), scene.desk.queue(event.queue_id)
        yield count(OFFERS_ENDED, channel, queue, "accepted")


def ended(event: OfferEnded, scene: Scene) -> Iterator[Move]:
    channel, queue = channel_label(event.channel.label), scene.desk.queue(event.queue_id)
    yield count(OFFERS_ENDED, channel, queue, event.result.label)


def result(totals: Mapping[Series, int]) -> dict[str, int]:
    """The parts of GetKpis that speak of offers."""
    return {
        "offers": total(totals, OFFERS),
        "offers_authority_short": total(totals, OFFERS, authority="short"),
    }
