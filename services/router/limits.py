"""A desk's time limits, with the defaults of routing.md 1 where a configuration says nothing."""

from __future__ import annotations

from dataclasses import fields

from services.contract.desk import DeskLimits

SECOND_MS = 1_000
MINUTE_MS = 60 * SECOND_MS
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS

DEFAULTS = DeskLimits(
    offer_phone_ms=15 * SECOND_MS,
    offer_other_ms=60 * SECOND_MS,
    wrap_up_phone_ms=60 * SECOND_MS,
    wrap_up_other_ms=120 * SECOND_MS,
    target_phone_ms=40 * SECOND_MS,
    target_social_ms=HOUR_MS,
    target_email_ms=4 * HOUR_MS,
    due_ms=DAY_MS,
    consult_unfilled_ms=120 * SECOND_MS,
    consult_joined_ms=300 * SECOND_MS,
    handover_ms=60 * SECOND_MS,
    callback_ms=4 * HOUR_MS,
    repeat_window_ms=7 * DAY_MS,
    lease_ms=4 * HOUR_MS,
    missed_offers_max=2,
    retention_ms=DAY_MS,
    facts_remembered_max=8_000_000,
    customer_silent_ms=300 * SECOND_MS,
    customer_gone_ms=900 * SECOND_MS,
    customer_reminder_ms=72 * HOUR_MS,
    customer_gone_email_ms=7 * DAY_MS,
)


def with_defaults(limits: DeskLimits | None) -> DeskLimits:
    """The limits with every zero replaced by its default."""
    if limits is None:
        return DEFAULTS
    return DeskLimits(
        **{part.name: getattr(limits, part.name) or getattr(DEFAULTS, part.name) for part in fields(DEFAULTS)}
    )
