"""Mentions and reviews: how many speak of us without writing to us, and how many get an answer (operations.md S2.9).

Each counts once, whatever its edits; one that an edit makes a contact moves a series of its own. They happen before
any queue, so their queue is "other".
"""

# ruff: noqa: ARG001 - every event is folded by a function of one signature

from __future__ import annotations

from collections.abc import Iterator, Mapping

from services.contract.decisions import Answered, MentionAnswered, MentionNoted
from services.metrics.contact_measures import MENTIONS, MENTIONS_ANSWERED
from services.metrics.folds.scene import Scene
from services.metrics.folds.totals import Move, Series, channel_label, count, total
from services.metrics.measure import OTHER


def noted(event: MentionNoted, scene: Scene) -> Iterator[Move]:
    if event.again and not event.addressed:
        return  # an edit that changes nothing for us
    addressed = "later" if event.again else "true" if event.addressed else "false"
    yield count(MENTIONS, channel_label(event.channel.label), OTHER, event.kind, event.sentiment, addressed)


def answered(event: Answered, scene: Scene) -> Iterator[Move]:
    if event.mention and event.kind == "human":
        yield count(MENTIONS_ANSWERED, channel_label(event.channel.label), OTHER, event.mention)


def mention_answered(event: MentionAnswered, scene: Scene) -> Iterator[Move]:
    yield count(MENTIONS_ANSWERED, channel_label(event.channel.label), OTHER, event.kind)


def result(totals: Mapping[Series, int]) -> dict[str, int]:
    """The parts of GetKpis that speak of mentions."""
    at_once = total(totals, MENTIONS, addressed="true")
    return {
        "mentions": at_once + total(totals, MENTIONS, addressed="false"),
        "mentions_addressed": at_once + total(totals, MENTIONS, addressed="later"),
        "mentions_answered": total(totals, MENTIONS_ANSWERED),
    }
