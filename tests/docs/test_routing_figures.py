"""The figures of docs/routing.md have the shape that the report writes; their values are the last run's."""

from __future__ import annotations

import re

from simulator.goals import GOALS, judge
from simulator.report import docs, tables


def written() -> str:
    return docs.PAGE.read_text(encoding="utf-8").partition(docs.BEGIN)[2].partition(docs.END)[0]


def test_the_page_has_a_place_for_the_figures() -> None:
    assert written().strip()


def test_a_goal_table_that_was_written_has_every_goal_in_every_world() -> None:
    rows = [line for line in written().splitlines() if line.startswith("|")]
    if not rows:
        assert written().strip() == "Not run yet."
        return
    expected = tables.markdown(tables.GOAL_HEADS, tables.goal_rows(judge({}))).splitlines()
    bounds_of = [[cell.strip() for cell in row.split("|")][1:5:1] for row in rows[: len(expected)]]
    assert [(cells[0], cells[1], cells[3]) for cells in bounds_of] == [
        (cells[0], cells[1], cells[3])
        for cells in ([cell.strip() for cell in row.split("|")][1:5] for row in expected)
    ]
    assert len(expected) == 2 + sum(len(goal.bounds) for goal in GOALS)


def test_the_page_names_every_world_and_policy_of_the_report() -> None:
    text = docs.PAGE.read_text(encoding="utf-8")
    for name in ("longest-idle", "bullseye", "clairvoyant", "first day"):
        assert re.search(re.escape(name), text)
