"""How production learns, evening by evening: `python -m simulator.learning_curve --replications 2 --days 8`.

Each replication is played twice, learning from nothing and knowing everybody's chances, on the same days with the same
luck; what the second resolves more is what not knowing costs. A day of world A takes some 10 s of one core, so the
defaults take 3 minutes on two idle cores. With `--reference` the router's learning runs under the reference policy
(learning_reference.py), which takes a tenth.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context

import numpy as np

from simulator.learning_reference import reference_days
from simulator.learning_run import Learned, days_of
from simulator.worlds import DAY_SECONDS, WORLDS, A, World


@dataclass(frozen=True, slots=True)
class Evening:
    """Means over the replications after one day, counted from 1."""

    number: int
    fcr: float
    behind_known: float
    """FCR that knowing everybody's chances would have given on this day, less `fcr`."""
    correlation: float
    """Of learned and true chances over the certified cells."""
    rmse: float
    bias: float


def learning_curve(
    replications: int = 2,
    days: int = 8,
    *,
    world: World = A,
    window_days: int = 1,
    reference: bool = False,
    processes: int | None = None,
    day_seconds: float = DAY_SECONDS,
) -> list[Evening]:
    """Day by day; in as many processes as there are cores, unless said otherwise.

    `reference`: whole days under the reference policy, where a window of 0 days knows results at once.
    """
    play = partial(_referred if reference else _played, day_seconds=day_seconds)
    cases = [
        (world, replication, days, known, window_days)
        for replication in range(replications)
        for known in (False, True)
    ]
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        runs = list(pool.map(play, cases))
    return [_mean([run[day] for run in runs[::2]], [run[day] for run in runs[1::2]]) for day in range(days)]


Case = tuple[World, int, int, bool, int]


def _referred(case: Case, day_seconds: float) -> list[Learned]:
    world, replication, days, known, window_days = case
    return list(reference_days(world, replication, days=days, known=known, window_days=window_days))


def _played(case: Case, day_seconds: float) -> list[Learned]:
    world, replication, days, known, window_days = case
    run = days_of(
        world, replication, days=days, known=known, window_days=window_days, day_seconds=day_seconds
    )
    return list(run.evenings())


def _mean(learning: Sequence[Learned], knowing: Sequence[Learned]) -> Evening:
    fcr = float(np.mean([one.metrics.fcr for one in learning]))
    return Evening(
        number=learning[0].number,
        fcr=fcr,
        behind_known=float(np.mean([one.metrics.fcr for one in knowing])) - fcr,
        correlation=float(np.mean([one.correlation for one in learning])),
        rmse=float(np.mean([one.rmse for one in learning])),
        bias=float(np.mean([one.bias for one in learning])),
    )


def main() -> None:
    """Prints the curve as a table."""
    parser = argparse.ArgumentParser(prog="python -m simulator.learning_curve", description=__doc__)
    parser.add_argument("--world", choices=sorted(WORLDS), default=A.name)
    parser.add_argument("--replications", type=int, default=2)
    parser.add_argument("--days", type=int, default=8)
    parser.add_argument("--window-days", type=int, default=1, help="repeat window: 1, or 7 as in production")
    parser.add_argument(
        "--reference", action="store_true", help="under the reference policy; a window of 0 knows at once"
    )
    asked = parser.parse_args()
    print("day    FCR  behind known p, points  corr   rmse   bias")
    curve = learning_curve(
        asked.replications,
        asked.days,
        world=WORLDS[asked.world],
        window_days=asked.window_days,
        reference=asked.reference,
    )
    for one in curve:
        print(
            f"{one.number:3d}  {one.fcr:.4f}  {100 * one.behind_known:+21.2f}"
            f"  {one.correlation:.3f}  {one.rmse:.4f}  {one.bias:+.3f}"
        )


if __name__ == "__main__":
    main()
