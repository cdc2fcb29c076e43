"""How dear a contact's waiting is: how long it has waited, until when it can wait, what a second more costs.

Live work: w (1 + W/tau) + F x hazard of leaving (routing.md 2.4); deferrable work: a small rate that rises after an
hour (2.6). W is the waiting over all its queue entries.
"""

from __future__ import annotations

from dataclasses import dataclass

from services.contract.desk import DeskLimits
from services.contract.record import quick_record
from services.router.model import Contact, DeskState
from services.router.policy.cost import Floats
from services.router.policy.hazard import PATIENT, Patience, summed_hazards
from services.router.policy.settings import PolicySettings
from services.router.policy.value import deferrable_waiting_cs, live_waiting_cs
from services.router.waiting import CALL, EMAIL, Kind, Work

SECOND_MS = 1_000
OVERLOAD_EMAIL_FACTOR = 2
"""By which the target of e-mail grows while the desk is overloaded (2.9); what customers are promised stays."""
DEFERRABLE_AGAIN_MS = 60 * SECOND_MS
"""Deferrable work that is held is decided again after this."""


def target_ms(limits: DeskLimits, kind: Kind) -> int:
    """Target wait tau."""
    if kind is CALL:
        return limits.target_phone_ms
    return limits.target_email_ms if kind is EMAIL else limits.target_social_ms


def waited_ms(contact: Contact, now_ms: int) -> int:
    """W: how long it has waited, over all its queue entries."""
    return contact.waited_before_ms + max(0, now_ms - contact.queued_at_ms)


@quick_record
@dataclass(frozen=True, slots=True)
class Urgency:
    """One contact's waiting, now."""

    settings: PolicySettings
    weight: float
    """w."""
    waited_ms: int
    """W."""
    target_ms: int
    """tau."""
    deferrable: bool
    """Comes after live work: it is no live work and not urgent yet."""
    patience: Patience | None
    """Of live work; None for what is deferrable by kind."""
    hold_ms: int
    """Longest deliberate wait; deferrable work may wait until it is urgent."""

    @property
    def waited_seconds(self) -> float:
        return self.waited_ms / SECOND_MS

    @property
    def guarded(self) -> bool:
        """It has waited so long that only its age counts."""
        return self.waited_ms > self.settings.guard_targets * self.target_ms

    @property
    def left_seconds(self) -> float:
        """What a deliberate wait may still take."""
        return (self.hold_ms - self.waited_ms) / SECOND_MS

    @property
    def again_ms(self) -> int:
        """A held contact is decided again after this at the latest."""
        return self.settings.hold_again_ms if self.patience is not None else DEFERRABLE_AGAIN_MS

    def waiting_cs(self, ahead_seconds: float) -> float:
        """h: what a second of waiting costs over the next seconds, in cs."""
        if self.patience is None:
            return deferrable_waiting_cs(self.weight, self.waited_seconds, self.settings)
        return live_waiting_cs(
            self.weight,
            self.waited_seconds,
            self.target_ms / SECOND_MS,
            ahead_seconds,
            self.patience,
            self.settings.not_resolved_cs * self.weight,
        )

    def waits_cs(self, ahead_seconds: Floats) -> Floats:
        """h D: what waiting so many seconds more costs, for many times ahead at once."""
        if self.patience is None:
            return ahead_seconds * deferrable_waiting_cs(self.weight, self.waited_seconds, self.settings)
        found = summed_hazards(self.patience, self.waited_seconds, ahead_seconds)
        found *= self.settings.not_resolved_cs * self.weight
        found += ahead_seconds * (self.weight * (1.0 + self.waited_ms / self.target_ms))
        return found


def urgency_of(desk: DeskState, contact: Contact, work: Work, now_ms: int) -> Urgency:
    """The urgency of a contact of a class of work."""
    settings, target = desk.crew.settings, target_ms(desk.limits, work.kind)
    if desk.overload_since_ms and work.kind is EMAIL:
        target *= OVERLOAD_EMAIL_FACTOR
    waited = waited_ms(contact, now_ms)
    by_kind = work.kind is not CALL and not work.urgent
    urgent_ms = round(settings.urgent_share * target)
    if by_kind:
        return Urgency(settings, work.weight, waited, target, waited <= urgent_ms, None, urgent_ms)
    patience: Patience = PATIENT
    hold_ms = settings.hold_message_ms
    if work.kind is CALL:
        patience = desk.crew.patience[contact.tier in settings.loyal_tiers]
        hold_ms = settings.hold_phone_ms
    return Urgency(settings, work.weight, waited, target, False, patience, hold_ms)
