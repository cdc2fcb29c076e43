"""The speed figures of metrics against their goals: python -m tests.monitoring.speed

Each is measured once by the benchmarks that `make bench` has. A goal that is missed is told as missed, and no more: the machine
may be slow or shared. Below half of a goal it is no machine's fault any more, and the command fails.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import uvloop

from benchmarks import metrics, wallboard
from benchmarks.__main__ import started_broker
from benchmarks.measure import Figure

FACTOR = 2.0
"""A figure so many times worse than its goal fails the command."""


@dataclass(frozen=True)
class Goal:
    """What a figure must reach: at least the bound, or at most."""

    figure: str
    bound: float
    at_least: bool = True

    def missed_by(self, value: float) -> float:
        """How many times the goal is missed; at most 1 when it is reached. What is not above 0 was not measured: infinite."""
        if not value > 0:
            return float("inf")
        return self.bound / value if self.at_least else value / self.bound


GOALS = (
    Goal(metrics.FOLDED, 4_000),
    Goal(metrics.RECOVERED, 9_000),
    Goal(metrics.VISIBLE, 1_000, at_least=False),
    Goal(metrics.SCRAPED, 50, at_least=False),
    Goal(wallboard.CROWD, 10, at_least=False),
)


def main(argv: Sequence[str]) -> int:
    """0 unless a figure is worse than half of its goal."""
    parser = argparse.ArgumentParser(prog="python -m tests.monitoring.speed", description=__doc__)
    parser.add_argument("--table", type=Path, help="write the table there as well")
    options = parser.parse_args(argv)
    with started_broker() as bootstrap:
        figures = uvloop.run(metrics.run(bootstrap)) + uvloop.run(wallboard.run(bootstrap))
    text = "\n".join([*table(figures), ""])
    sys.stdout.write(text)
    if options.table is not None:
        options.table.write_text(text, encoding="utf-8")
    return 1 if hopeless(figures) else 0


def hopeless(figures: Sequence[Figure]) -> list[str]:
    """Names of figures that miss their goal by more than FACTOR. Raises KeyError when a goal has no figure."""
    found = {figure.name: figure.value for figure in figures}
    return [goal.figure for goal in GOALS if goal.missed_by(found[goal.figure]) > FACTOR]


def table(figures: Sequence[Figure]) -> list[str]:
    """A line a figure, with its goal where there is one."""
    goals = {goal.figure: goal for goal in GOALS}
    lines = [f"{'speed':<58} {'measured':>12} {'':<14} {'goal':>10}"]
    for figure in figures:
        goal = goals.get(figure.name)
        words = ""
        if goal is not None:
            verdict = "reached" if goal.missed_by(figure.value) <= 1 else "MISSED"
            words = f"{'>=' if goal.at_least else '<='} {goal.bound:>7,.0f}  {verdict}"
        lines.append(f"{figure.name:<58} {figure.value:>12,.2f} {figure.unit:<14} {words}".rstrip())
    return lines


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
