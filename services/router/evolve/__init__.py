"""evolve: what the state is after an event. It decides nothing and cannot fail on what decide emits.

An event of a kind unknown here, or one that contradicts the state, raises CorruptLog and changes nothing: the
partition stops loudly instead of two readers going different ways (engine.md 1.4).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from services.contract import decisions as d
from services.router.evolve import (
    agents,
    arrivals,
    awaiting,
    cases,
    contacts,
    desks,
    helps,
    identities,
    mentions,
    offers,
    overload,
    prices,
)
from services.router.evolve.errors import CorruptLog
from services.router.evolve.learning import LEARN
from services.router.model import DeskState, PartitionState, changed

__all__ = ["CorruptLog", "evolve", "evolve_all", "evolve_desk", "remember"]

_EVOLVE: dict[type, Callable[[DeskState, Any, int], DeskState]] = {
    d.AgentPresenceChanged: agents.presence_changed,
    d.AgentMissedOffers: agents.missed_offers,
    d.CaseOpened: cases.opened,
    d.ContactOpened: contacts.opened,
    d.ContactContinued: contacts.continued,
    d.ContactQueued: contacts.queued,
    d.TargetMissed: contacts.target_missed,
    d.Offered: offers.offered,
    d.OfferEnded: offers.ended,
    d.Assigned: contacts.assigned,
    d.HelpRequested: helps.requested,
    d.ConsultStarted: helps.started,
    d.ConsultEnded: helps.ended,
    d.HelpPassedOn: helps.passed_on,
    d.OverloadBegan: overload.began,
    d.OverloadEnded: overload.ended,
    d.HandoverStarted: helps.handover_started,
    d.HandoverEnded: helps.handover_ended,
    d.Transferred: contacts.transferred,
    d.Escalated: contacts.escalated,
    d.ExceptionGranted: contacts.exception_granted,
    d.CallbackPromised: contacts.callback_promised,
    d.MessageDue: contacts.message_due,
    d.MessagesRefused: contacts.messages_refused,
    d.CustomerAwaited: awaiting.awaited,
    d.CustomerReturned: awaiting.returned,
    d.WrapUpStarted: contacts.wrap_up_started,
    d.Resolved: cases.contact_ended,
    d.Closed: cases.contact_ended,
    d.Abandoned: cases.contact_ended,
    d.Reopened: cases.reopened,
    d.ResolutionConfirmed: cases.confirmed,
    d.Answered: contacts.answered,
    d.DeadlineMoved: contacts.deadline_moved,
    d.Forgotten: cases.forgotten,
    d.EndedEarly: contacts.ended_early,
    d.MentionNoted: mentions.noted,
    d.MentionAnswered: mentions.answered,
    d.AnsweredEarly: contacts.answered_early,
    d.IdentitiesLinked: identities.linked,
    d.IdentitiesUnlinked: identities.unlinked,
    d.PricesApplied: prices.prices_applied,
    d.ForecastApplied: prices.forecast_applied,
}
_SAY_ONLY = frozenset(
    {
        d.NonContactNoted,
        d.Refused,
        d.DuplicateIgnored,
        d.FactRejected,
        d.OutboundNoted,
        d.SurveyNoted,
        d.ChangeNoted,
        d.HeartbeatPassed,
    }
)
"""Events that tell people something and change nothing."""


def evolve(state: PartitionState, desk_id: str, event: d.Event | None, at_ms: int) -> PartitionState:
    """The partition's state after one event of a desk."""
    before = state.desks.get(desk_id)
    after = evolve_desk(before, event, at_ms)
    if after is before or after is None:
        return state
    return changed(state, desks=state.desks.set(desk_id, after))


def evolve_desk(desk: DeskState | None, event: d.Event | None, at_ms: int) -> DeskState | None:
    """One desk after one event; None while it is not configured."""
    kind = type(event)
    step = _EVOLVE.get(kind)
    if step is not None and desk is not None:
        after = step(desk, event, at_ms)
        learn = LEARN.get(kind)
        return after if learn is None else learn(desk, after, event, at_ms)
    if isinstance(event, d.DeskApplied):
        return desks.applied(desk, event, at_ms)
    if kind in _SAY_ONLY:
        return desk
    if step is None:
        raise CorruptLog(f"an event of a kind unknown to this version ({kind.__name__}): upgrade first")
    raise CorruptLog(f"{kind.__name__} at a desk that was never configured")


def evolve_all(desk: DeskState | None, events: tuple[d.Event, ...], at_ms: int) -> DeskState | None:
    """One desk after the events of one record.

    Whoever decided a record has evolved its events already; folding the very same ones again answers what was
    remembered then. A record read back from the log is another object and is always evolved anew.
    """
    for before, remembered, remembered_at_ms, after in _LAST:
        if before is desk and remembered is events and remembered_at_ms == at_ms:
            return after
    done = 0
    if desk is not None and len(events) > 1:
        desk, done = arrivals.first_of(desk, events, at_ms)
    for event in events[done:]:
        desk = evolve_desk(desk, event, at_ms)
    return desk


def remember(
    before: DeskState | None, events: tuple[d.Event, ...], at_ms: int, after: DeskState | None
) -> None:
    """Keeps what deciding evolved, for the fold that follows at once; only the last decision is kept."""
    _LAST[:] = [(before, events, at_ms, after)]


_LAST: list[tuple[DeskState | None, tuple[d.Event, ...], int, DeskState | None]] = []
