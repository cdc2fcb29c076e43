"""The folds: what each event adds to which series.

Each module holds one idea as pure functions in the shape initialize / agg / result: `totals.initialize` and
`totals.agg` are shared, a module's functions say what an event moves, its `result` reads the sums back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from services.contract import decisions as d
from services.metrics.folds import escalation, mentions, offers, resolution, waits
from services.metrics.folds.scene import Scene
from services.metrics.folds.totals import Move, Series

Fold = Callable[[Any, Scene], Iterable[Move]]

FOLDS: dict[type, tuple[Fold, ...]] = {
    d.ContactOpened: (waits.opened,),
    d.Assigned: (waits.assigned, offers.accepted),
    d.Abandoned: (waits.abandoned,),
    d.TargetMissed: (waits.target_missed,),
    d.Answered: (waits.answered, mentions.answered),
    d.MentionNoted: (mentions.noted,),
    d.MentionAnswered: (mentions.mention_answered,),
    d.Offered: (offers.offered,),
    d.OfferEnded: (offers.ended,),
    d.Escalated: (escalation.escalated,),
    d.ConsultEnded: (escalation.consult_ended,),
    d.Transferred: (escalation.transferred,),
    d.Resolved: (resolution.resolved, escalation.ended),
    d.Closed: (waits.closed, resolution.closed, escalation.ended),
    d.Reopened: (resolution.reopened,),
    d.ResolutionConfirmed: (resolution.confirmed,),
}
"""Event type to folds; what is not here moves nothing."""


def moves(scene: Scene) -> list[Move]:
    """Everything that one accepted record moves; an event kind unknown here (None) moves nothing."""
    return [
        move
        for event in scene.record.events
        for fold in FOLDS.get(type(event), ())
        for move in fold(event, scene)
    ]


def result(totals: Mapping[Series, int]) -> dict[str, int]:
    """The parts of a KPI row; counts, and durations in milliseconds."""
    return {
        **waits.result(totals),
        **resolution.result(totals),
        **escalation.result(totals),
        **offers.result(totals),
        **mentions.result(totals),
    }
