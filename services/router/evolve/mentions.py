"""Mentions that no rule made a contact: known while they are among the newest, so that an edit or an answer finds them."""

# ruff: noqa: ARG001 - every event is evolved by a function of one signature

from __future__ import annotations

from services.contract.decisions import MentionAnswered, MentionNoted
from services.router.model import DeskState, KeptMention, changed

KEPT_MAX = 1_024
"""Mentions of a desk that are remembered; an edit of an older one counts as a new mention."""


def noted(desk: DeskState, event: MentionNoted, at_ms: int) -> DeskState:
    """Remembered while it is no contact, the newest state last."""
    before = next((one for one in desk.kept_mentions if one.contact_id == event.contact_id), None)
    rest = desk.kept_mentions
    if before is not None:
        rest = tuple([one for one in rest if one is not before])
    if event.addressed:
        return changed(desk, kept_mentions=rest)
    kept = KeptMention(
        event.contact_id,
        event.kind,
        event.channel,
        event.thread_key,
        event.occurred_at_ms,
        before is not None and before.answered,
    )
    return changed(desk, kept_mentions=(*rest, kept)[-KEPT_MAX:])


def answered(desk: DeskState, event: MentionAnswered, at_ms: int) -> DeskState:
    return changed(
        desk,
        kept_mentions=tuple(
            [
                changed(one, answered=True) if one.contact_id == event.contact_id else one
                for one in desk.kept_mentions
            ]
        ),
    )
