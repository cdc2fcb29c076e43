"""Prices and forecasts come in force, and arrivals are counted for the forecast of the desk's own.

A tariff is kept by the keys of groups; what each agent's time costs follows from it and the configuration.
"""

# ruff: noqa: ARG001 - every event is evolved by a function of one signature

from __future__ import annotations

from services.contract.decisions import ContactOpened, ForecastApplied, PricesApplied
from services.router.demand import class_of_opened
from services.router.evolve.errors import CorruptLog
from services.router.groups import Groups
from services.router.model import DeskState, PricesInForce, changed
from services.router.policy.forecast import Arrivals, counted
from services.router.roster import Roster


def with_one_more(arrivals: Arrivals, event: ContactOpened, at_ms: int) -> Arrivals:
    """What came, once a new contact is counted; repeats come on top of a forecast, so they are no part of it."""
    if event.repeat:
        return arrivals
    key, levels = class_of_opened(event)
    return counted(arrivals, key, levels, event.units, at_ms)


def prices_applied(desk: DeskState, event: PricesApplied, at_ms: int) -> DeskState:
    if event.epoch <= desk.prices.epoch:
        raise CorruptLog(f"prices of epoch {event.epoch} after {desk.prices.epoch}")
    prices = PricesInForce(
        epoch=event.epoch,
        of_group=tuple([(part.group, part.price) for part in event.prices]),
        source=event.source,
        computed_at_ms=event.computed_at_ms,
        applied_at_ms=at_ms,
    )
    return repriced(changed(desk, prices=prices))


def forecast_applied(desk: DeskState, event: ForecastApplied, at_ms: int) -> DeskState:
    return changed(desk, forecast=event.rows)


def regrouped(desk: DeskState, roster: Roster) -> DeskState:
    """The desk under another configuration: prices stay with the groups that it still has."""
    return repriced(changed(desk, groups=Groups(roster)))


def repriced(desk: DeskState) -> DeskState:
    """The desk whose crew knows the prices in force."""
    tariff = desk.groups.tariff(desk.prices.epoch, dict(desk.prices.of_group))
    return changed(desk, crew=desk.crew.with_tariff(tariff))
