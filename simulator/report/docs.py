"""The report's figures in docs/routing.md, between two markers; everything else of that page is written by people."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from simulator import goals
from simulator.goals import ELSEWHERE, Verdict
from simulator.report import tables
from simulator.report.estimates import Runs
from simulator.report.page import ORDER, OTHERS
from simulator.worlds import WORLDS

PAGE = Path(__file__).resolve().parents[2] / "docs" / "routing.md"
BEGIN, END = "<!-- figures: written by `python -m simulator.report --write-docs` -->", "<!-- figures end -->"


def write(runs: Runs, verdicts: Sequence[Verdict], page: Path = PAGE) -> None:
    """Raises ValueError if the page has not both markers."""
    text = page.read_text(encoding="utf-8")
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"{page} has no {BEGIN} and {END}")
    page.write_text(f"{before}{BEGIN}\n{block(runs, verdicts)}\n{END}{after}", encoding="utf-8")


def block(runs: Runs, verdicts: Sequence[Verdict]) -> str:
    """The goal table, and the policies of each world; the same shape whatever the figures are."""
    most = max((len(some) for some in runs.values()), default=0)
    parts = [
        f"{tables.summary(verdicts)}; {most} paired replications, half-widths of 95 % intervals.",
        tables.markdown(tables.GOAL_HEADS, tables.goal_rows(verdicts)),
        "Goals that these runs do not tell:\n" + "\n".join(f"- {text}: {where}" for text, where in ELSEWHERE),
    ]
    for world in WORLDS:
        rows = tables.policy_rows(runs, world, ORDER)
        if rows:
            others = tables.difference_rows(runs, world, goals.PRODUCTION, OTHERS)
            parts += [f"### World {world}", tables.markdown(tables.POLICY_HEADS, [*rows, *others])]
    stress = tables.stress_rows(runs)
    if stress:
        parts += ["### Stress, world D", tables.markdown(tables.POLICY_HEADS, stress)]
    return "\n\n".join(parts)
