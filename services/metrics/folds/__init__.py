"""The folds: what each event adds to which series.

Each module holds one idea as pure functions in the shape initialize / agg / result: `totals.initialize` and
`totals.agg` are shared, a module's functions say what an event moves, its `result` reads the sums back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from services.contract import decisions as d
from services.metrics.folds import (
    escalation,
    mentions,
    offers,
    people,
    promises,
    resolution,
    satisfaction,
    telling,
    waits,
)
from services.metrics.folds.scene import Scene
from services.metrics.folds.totals import Move, Series
from services.metrics.live_steps import apply

Fold = Callable[[Any, Scene], Iterable[Move]]

FOLDS: dict[type, tuple[Fold, ...]] = {
    d.ContactOpened: (waits.opened, satisfaction.opened),
    d.ContactQueued: (waits.queued,),
    d.Assigned: (waits.assigned, promises.assigned, offers.accepted, escalation.hopped),
    d.Abandoned: (waits.abandoned, promises.left),
    d.TargetMissed: (promises.missed,),
    d.CallbackPromised: (waits.callback_promised, promises.callback_promised, telling.new_time),
    d.Answered: (
        waits.answered,
        promises.answered,
        mentions.answered,
        satisfaction.answered,
        telling.answered,
    ),
    d.MentionNoted: (mentions.noted,),
    d.MentionAnswered: (mentions.mention_answered,),
    d.Offered: (waits.offered, offers.offered),
    d.OfferEnded: (offers.ended, escalation.offer_ended),
    d.HelpRequested: (escalation.right_missing,),
    d.HandoverStarted: (escalation.right_missing,),
    d.HandoverEnded: (escalation.handover_ended,),
    d.ExceptionGranted: (escalation.granted,),
    d.Escalated: (escalation.escalated,),
    d.ConsultEnded: (escalation.consult_ended,),
    d.Transferred: (escalation.transferred,),
    d.Resolved: (resolution.resolved, escalation.ended, people.ended, telling.resolved),
    d.Closed: (waits.closed, promises.left, resolution.closed, escalation.ended, people.ended),
    d.Reopened: (resolution.reopened,),
    d.ResolutionConfirmed: (resolution.confirmed,),
    d.MessageDue: (telling.due,),
    d.OutboundNoted: (telling.sent, satisfaction.sent),
    d.SurveyNoted: (satisfaction.surveyed,),
    d.OverloadBegan: (people.overloaded,),
    d.ChangeNoted: (people.changed,),
}
"""Event type to folds; what is not here moves nothing."""


def moves(scene: Scene) -> list[Move]:
    """Everything that one accepted record moves; an event kind unknown here (None) moves nothing.

    `scene.live` is moved on by each event, so that the next one finds the desk as it was left.
    """
    found: list[Move] = []
    live, at_ms, queue = scene.live, scene.at_ms, scene.desk.queue
    for event in scene.record.events:
        for fold in FOLDS.get(type(event), ()):
            found += fold(event, scene)
        apply(live, event, at_ms, queue)
    return found


def result(totals: Mapping[Series, int]) -> dict[str, int]:
    """The parts of a KPI row; counts, and durations in milliseconds."""
    return {
        **waits.result(totals),
        **promises.result(totals),
        **resolution.result(totals),
        **escalation.result(totals),
        **offers.result(totals),
        **mentions.result(totals),
        **satisfaction.result(totals),
        **telling.result(totals),
        **people.result(totals),
    }
