"""Figures of several days on end through production (learning_run.py), for the goals of routing.md 7.1."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from services.contract.desk import DeskPolicy
from simulator.learning_run import Learned, days_of, recovered_days
from simulator.report.measures import Run
from simulator.stress import TOPIC
from simulator.worlds import DAY_SECONDS, World

FALL_AFTER_DAYS = 10
FROM_DAY, CORRELATED_DAY = 6, 8
"""Counted from 1."""


def play_days(
    world: World,
    replication: int,
    *,
    policy: DeskPolicy,
    known: bool,
    days: int,
    day_seconds: float = DAY_SECONDS,
) -> Run:
    """`day_seconds`: arrivals later in a day are left out, for a short trial."""
    run = days_of(
        world,
        replication,
        days=days,
        known=known,
        policy=policy,
        falls_after=FALL_AFTER_DAYS if days > FALL_AFTER_DAYS else None,
        day_seconds=day_seconds,
    )
    return run_of(list(run.evenings()))


def run_of(evenings: Sequence[Learned]) -> Run:
    """The figures of goals, and the curves."""
    fcr = [one.metrics.fcr for one in evenings]
    correlation = [one.correlation for one in evenings]
    fell = len(evenings) > FALL_AFTER_DAYS
    figures = {
        "fcr_from_day_6": float(np.mean(fcr[FROM_DAY - 1 : FALL_AFTER_DAYS] or [np.nan])),
        "correlation_day_8": correlation[CORRELATED_DAY - 1] if len(evenings) >= CORRELATED_DAY else np.nan,
        "fall_recovered_days": recovered_days(evenings, FALL_AFTER_DAYS) if fell else np.nan,
    }
    curves = {
        "fcr": fcr,
        "correlation": correlation,
        "rmse": [one.rmse for one in evenings],
        "topic_off": [abs(one.topic_bias[TOPIC]) for one in evenings],
    }
    return Run(figures, curves)
