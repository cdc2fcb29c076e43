"""The figures of a run, as routing.md 6.6 defines them."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from simulator.day import Tier
from simulator.pool import Bools, Floats
from simulator.record import Record
from simulator.worlds import DAY_SECONDS

NOT_RESOLVED_CS = 1200.0
TARGET_SECONDS = 40.0


@dataclass(frozen=True, slots=True)
class Metrics:
    """Of the issues counted; shares lie in 0..1, and a figure without any issue to measure is NaN."""

    asa_seconds: float
    """Average speed of answer: phone, first queue wait of the answered."""
    p90_seconds: float
    p99_seconds: float
    within_target: float
    """Phone, answered within 40 s, over offered."""
    abandoned: float
    """Phone, left before any agent, over offered."""
    fcr: float
    """First-contact resolution over offered."""
    fcr_answered: float
    first_agent: float
    """Resolved at the first contact without a hop, over answered."""
    transfers: float
    """Hops of the first contact, over answered."""
    chains: float
    """Share of the answered with two hops or more."""
    chains_long: float
    """The same with three or more."""
    authority_calls: float
    contacts: float
    """Per issue."""
    customer_seconds: float
    """Phone: waits and talk over all contacts of the issue."""
    cost_cs: float
    """Phone: the same and 1200 for each not resolved at first contact."""
    occupancy: float
    occupancy_sd: float
    """Over agents, of busy time over 8 h."""
    asa_new_seconds: float
    asa_regular_seconds: float
    asa_loyal_seconds: float
    abandoned_loyal: float
    fcr_loyal: float
    fcr_complaint: float
    first_agent_complaint: float
    email_p95_hours: float
    email_within_4h: float
    email_within_24h: float

    @property
    def asa_loyal_over_new(self) -> float:
        return self.asa_loyal_seconds / self.asa_new_seconds


NAMES = tuple(field.name for field in fields(Metrics))


def measure(record: Record) -> Metrics:
    day = record.day
    counted = day.counted
    phone = counted & ~day.email
    answered_issue = ~np.isnan(record.first_wait_seconds)
    answered = counted & answered_issue
    loyal, complaint = day.tier == Tier.LOYAL, day.complaint
    waits = record.first_wait_seconds[phone & answered_issue]
    unresolved = 1.0 - record.first_resolved
    first_agent = record.first_resolved & (record.first_hops == 0)
    email = record.answer_seconds[counted & day.email] / 3600.0
    email = np.where(np.isnan(email), np.inf, email)
    occupancy = record.busy_seconds / DAY_SECONDS
    return Metrics(
        asa_seconds=_mean(waits),
        p90_seconds=_quantile(waits, 0.90),
        p99_seconds=_quantile(waits, 0.99),
        within_target=_share(np.nan_to_num(record.first_wait_seconds, nan=np.inf) <= TARGET_SECONDS, phone),
        abandoned=_share(record.first_left, phone),
        fcr=_share(record.first_resolved, counted),
        fcr_answered=_share(record.first_resolved, answered),
        first_agent=_share(first_agent, answered),
        transfers=_mean(record.first_hops[answered].astype(np.float64)),
        chains=_share(record.first_hops >= 2, answered),
        chains_long=_share(record.first_hops >= 3, answered),
        authority_calls=_share(record.first_authority, answered),
        contacts=_mean(record.contacts[counted].astype(np.float64)),
        customer_seconds=_mean(record.customer_seconds[phone]),
        cost_cs=_mean((record.customer_seconds + NOT_RESOLVED_CS * unresolved)[phone]),
        occupancy=_mean(occupancy),
        occupancy_sd=float(occupancy.std()),
        asa_new_seconds=_mean(record.first_wait_seconds[phone & answered_issue & (day.tier == Tier.NEW)]),
        asa_regular_seconds=_mean(
            record.first_wait_seconds[phone & answered_issue & (day.tier == Tier.REGULAR)]
        ),
        asa_loyal_seconds=_mean(record.first_wait_seconds[phone & answered_issue & loyal]),
        abandoned_loyal=_share(record.first_left, phone & loyal),
        fcr_loyal=_share(record.first_resolved, counted & loyal),
        fcr_complaint=_share(record.first_resolved, counted & complaint),
        first_agent_complaint=_share(first_agent, answered & complaint),
        email_p95_hours=float(np.quantile(email, 0.95, method="higher")) if email.size else float("nan"),
        email_within_4h=_mean((email <= 4.0).astype(np.float64)),
        email_within_24h=_mean((email <= 24.0).astype(np.float64)),
    )


def _mean(values: Floats) -> float:
    return float(values.mean()) if values.size else float("nan")


def _quantile(values: Floats, share: float) -> float:
    return float(np.quantile(values, share)) if values.size else float("nan")


def _share(holds: Bools, among: Bools) -> float:
    return _mean(holds[among].astype(np.float64))
