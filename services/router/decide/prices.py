"""Prices and forecasts come as facts: checked whole, then in force for everything that follows (routing.md 2.3).

The router's shell computes prices off the path and appends them (pricing.py); whoever replays the log needs no solver.
"""

from __future__ import annotations

import math

from services.contract.decisions import ForecastApplied, PricesApplied
from services.contract.facts import ForecastRow, ForecastSet, PricesSet, PricesSource
from services.router.decide.refusal import Malformed, Refuse
from services.router.decide.step import Step
from services.router.decide.words import language, word

GROUPS_MAX = 20_000
"""Prices in one tariff; as many as a desk may have agents."""
ROWS_MAX = 5_000
"""Rows of a forecast: a day of quarter hours for 50 topics."""
CONTACTS_PER_HOUR_MAX = 1e6
_DIGEST_LENGTH_MAX = 64


def prices_set(step: Step, body: PricesSet) -> None:
    """Puts a tariff in force that is newer than the one that is; prices of groups unknown here are left out."""
    _check_prices(body, step.crew.settings.price_max)
    epoch = step.desk.prices.epoch
    if body.epoch <= epoch:
        raise Refuse(
            "stale_epoch", f"the prices in force have epoch {epoch}; compute anew from what stands now"
        )
    knows = step.desk.groups.knows
    step.emit(
        PricesApplied(
            epoch=body.epoch,
            prices=tuple(
                sorted(
                    [part for part in body.prices if knows(part.group) and part.price > 0.0],
                    key=lambda part: part.group,
                )
            ),
            source=PricesSource(body.source),
            forecast_digest=body.forecast_digest,
            status=word(body.status),
            computed_at_ms=min(body.computed_at_ms, step.at_ms),
        )
    )


def forecast_set(step: Step, body: ForecastSet) -> None:
    """Puts a forecast in force, or says everything that is wrong with it."""
    if len(body.rows) > ROWS_MAX:
        raise Malformed(f"forecast_set: at most {ROWS_MAX} rows")
    topics = step.crew.roster.topics
    faults = [
        fault
        for at, row in enumerate(body.rows)
        if (fault := _fault(row, known=row.topic_id in topics, at=at))
    ]
    if faults:
        raise Malformed("forecast_set: " + "; ".join(faults[:20]))
    step.emit(ForecastApplied(rows=body.rows))
    step.accept()


def _check_prices(body: PricesSet, price_max: float) -> None:
    if len(body.prices) > GROUPS_MAX:
        raise Malformed(f"prices_set: at most {GROUPS_MAX} prices")
    if any(not 0.0 <= part.price <= price_max for part in body.prices):  # also what is no number
        raise Malformed(f"prices_set: each price must be from 0 to {price_max:g}")
    if len({part.group for part in body.prices}) < len(body.prices):
        raise Malformed("prices_set: each group at most once")
    if not _is_digest(body.forecast_digest):
        raise Malformed(f"prices_set: forecast_digest must be at most {_DIGEST_LENGTH_MAX} hex digits")


def _is_digest(text: str) -> bool:
    return len(text) <= _DIGEST_LENGTH_MAX and all(letter in "0123456789abcdef" for letter in text)


def _fault(row: ForecastRow, *, known: bool, at: int) -> str:
    if not known:
        return f"rows[{at}]: topic_id must be one of the desk's topics"
    if row.language and not language(row.language):
        return f"rows[{at}]: language must be an ISO 639-1 code"
    if not row.from_at_ms < row.until_at_ms:
        return f"rows[{at}]: from_at must be before until_at"
    if not (math.isfinite(row.contacts_per_hour) and 0.0 <= row.contacts_per_hour <= CONTACTS_PER_HOUR_MAX):
        return f"rows[{at}]: contacts_per_hour must be from 0 to {CONTACTS_PER_HOUR_MAX:g}"
    return ""
