"""More work than time: the desk says so instead of letting people wait in silence (routing.md 2.9).

Overload begins when the price of everybody available is at its bound or enough of those who wait are past their target; it
ends when neither is so any more by half, and not before a minute, so that it does not flicker. While it lasts: who comes
and finds nobody free is acknowledged at once, a caller is offered a call-back that keeps the place; deferrable work is not given out
(picking.py), and e-mail becomes urgent after twice the time (urgency.py).
"""

from __future__ import annotations

import numpy as np

from services.contract.decisions import CallbackPromised, OverloadBegan, OverloadEnded
from services.contract.facts import CallbackAsked
from services.router.decide.messages import tell
from services.router.decide.refusal import Refuse
from services.router.decide.step import Step
from services.router.eligibility import AVAILABLE
from services.router.model import Contact, ContactState
from services.router.policy.overload import overloaded
from services.router.promises import CALLBACK_TOLD_MS, TARGET, holds_a_line

ACKNOWLEDGEMENT, CALLBACK_OFFER = "acknowledgement", "callback_offer"
LATE_MIN = 5
"""So many must be past their target: a handful at a small desk is no overload."""
OVERLOAD_MS_MIN = 60_000
_FREE = np.zeros(1)
"""The price of somebody while nobody is dear."""
CALM_SHARE = 0.5
"""Of the share from which a desk is overloaded, below which it is calm again."""


def settle(step: Step) -> None:
    """Says whether overload began or ended by what this step did; two comparisons where nothing is near it."""
    desk = step.desk
    settings, tariff, since_ms = desk.crew.settings, desk.crew.tariff, desk.overload_since_ms
    late = desk.waiting_late if desk.waiting_late >= LATE_MIN else 0
    dear = len(tariff.of_agent) > 0 and tariff.highest >= settings.price_max > 0.0
    if not since_ms and not late and not dear:
        return
    prices = tariff.of_agent[desk.crew.presences == AVAILABLE] if dear else _FREE
    share = CALM_SHARE if since_ms else 1.0
    over = overloaded(prices, desk.waiting_count, late, settings, of_share=share)
    if over and not since_ms:
        step.emit(
            OverloadBegan(
                waiting=desk.waiting_count,
                past_target=desk.waiting_late,
                prices_at_bound=len(prices) > 0 and float(prices.min()) >= settings.price_max,
            )
        )
    elif since_ms and not over and step.at_ms - since_ms >= OVERLOAD_MS_MIN:
        step.emit(OverloadEnded(after_ms=step.at_ms - since_ms))


def told_to_wait(step: Step, contact: Contact) -> None:
    """A contact that came while the desk is overloaded and waits: the customer is told at once."""
    if step.desk.overload_since_ms and contact.state is ContactState.QUEUED:
        tell(step, contact, CALLBACK_OFFER if holds_a_line(contact) else ACKNOWLEDGEMENT)


def offer_callback(step: Step, contact_id: str) -> None:
    """A caller who waits on past the target is offered a call-back, once (routing.md 1.1, "queued")."""
    contact = step.contact(contact_id)
    waits = contact.state is ContactState.QUEUED and TARGET in contact.missed and holds_a_line(contact)
    if waits and CALLBACK_OFFER not in contact.told:
        tell(step, contact, CALLBACK_OFFER)


def callback_asked(step: Step, body: CallbackAsked) -> None:
    """The caller need not hold the line: the contact waits on at its place, and whoever gets it calls back."""
    contact = step.desk.contacts.get(body.contact_id)
    if contact is None:
        raise Refuse("unknown", "no such contact at this desk, or it was closed long ago")
    if contact.state is not ContactState.QUEUED or not holds_a_line(contact):
        raise Refuse("wrong_state", "only a caller who waits on the line can choose to be called back")
    due_at_ms = step.at_ms + step.limits.callback_ms
    step.emit(
        CallbackPromised(
            contact_id=contact.contact_id,
            due_at_ms=due_at_ms,
            channel=contact.channel,
            queue_id=contact.queue_id,
            queue_at_ms=max(step.at_ms + 1, min(contact.deadline_at_ms, due_at_ms - CALLBACK_TOLD_MS)),
        )
    )
    step.accept(contact.contact_id)
