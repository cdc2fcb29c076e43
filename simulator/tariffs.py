"""Prices while a day is played: production's own program over the desk's state, put in force by facts.

Production computes each minute; a simulated day does so every few minutes, for a program costs milliseconds. The
forecast is either what the desk counts itself or the world's true rates, hour by hour, as a company that knows its
days would send them.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from services.contract.facts import ForecastRow, ForecastSet, GroupPrice, PricesSet, PricesSource
from services.router.model import DeskState
from services.router.pricing import compute
from simulator.day import rate_per_second
from simulator.desk import LANGUAGE, topic_id
from simulator.pool import Pool
from simulator.worlds import DAY_SECONDS, World

EVERY_SECONDS = 300.0
HOUR_SECONDS = 3600.0


@dataclass
class Pricer:
    """Answers the tariff to put in force; remembers the last program's duals, where the next one starts."""

    duals: dict[str, float] = field(default_factory=dict)

    def prices(self, desk: DeskState, now_ms: int) -> PricesSet:
        found = compute(desk, now_ms, self.duals or None)
        self.duals = found.duals
        return PricesSet(
            epoch=desk.prices.epoch + 1,
            prices=tuple(GroupPrice(group=key, price=price) for key, price in sorted(found.prices.items())),
            source=PricesSource.PROGRAM,
            forecast_digest=found.digest,
            status=found.solution.status.value,
            computed_at_ms=now_ms,
        )


def true_forecast(world: World, pool: Pool, epoch_ms: int) -> ForecastSet:
    """First contacts per hour of the world's true rate, of every topic."""
    rows = []
    for hour in range(round(DAY_SECONDS / HOUR_SECONDS)):
        minutes = hour * HOUR_SECONDS + np.arange(0.0, HOUR_SECONDS, 60.0)
        per_hour = float(rate_per_second(world, pool, minutes).mean()) * HOUR_SECONDS
        from_ms = epoch_ms + round(hour * HOUR_SECONDS * 1000)
        rows += [
            ForecastRow(
                topic_id=topic_id(topic),
                language=LANGUAGE,
                from_at_ms=from_ms,
                until_at_ms=from_ms + round(HOUR_SECONDS * 1000),
                contacts_per_hour=round(per_hour * float(pool.popularity[topic]), 6),
            )
            for topic in range(pool.topics)
        ]
    return ForecastSet(rows=tuple(rows))
