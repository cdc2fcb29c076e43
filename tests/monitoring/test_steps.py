"""make monitoring itself: a step that failed, hung or was skipped says so; a missed speed goal is told, and fails only by half."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.measure import Figure
from tests.monitoring.speed import GOALS, hopeless
from tests.monitoring.speed import table as speed_table
from tests.monitoring.steps import ROOT, STEPS, Step, chosen, run, table, verdict

REPORT = '<testsuites><testsuite tests="5" failures="{}" errors="0" skipped="{}"/></testsuites>'


@pytest.mark.parametrize(
    ("status", "failed", "skipped", "good", "words"),
    [
        (0, 0, 0, True, "5 tests"),
        (1, 2, 0, False, "3 tests, 2 failed"),
        (0, 0, 1, False, "4 tests, 1 skipped"),  # what was skipped was not shown
        (2, 0, 0, False, "5 tests"),  # interrupted
    ],
)
def test_a_step_is_good_when_all_its_tests_ran_and_passed(
    status: int, failed: int, skipped: int, good: bool, words: str
) -> None:
    assert verdict(status, REPORT.format(failed, skipped)) == (good, words)


def test_a_step_without_a_report_has_failed() -> None:
    assert verdict(0, "") == (False, "no report (0)")


def test_a_step_that_hangs_is_ended_and_said(tmp_path: Path) -> None:
    (tmp_path / "hangs.py").write_text("import time\ntime.sleep(60)\n", encoding="utf-8")
    step = Step("hangs", "never ends", module=("hangs",), seconds_max=1)

    done = run(step, tmp_path, {"PYTHONPATH": str(tmp_path)})

    assert not done.good
    assert done.result.startswith("not over after 1 s")
    assert "FAIL" in table([done])[1]


def test_a_step_that_fails_shows_the_end_of_what_it_printed(tmp_path: Path) -> None:
    (tmp_path / "fails.py").write_text("print('the reason')\nraise SystemExit(3)\n", encoding="utf-8")

    done = run(Step("fails", "fails", module=("fails",)), tmp_path, {"PYTHONPATH": str(tmp_path)})

    assert done.result == "failed (3)\n    the reason"


def test_every_step_runs_tests_or_a_module_that_there_are() -> None:
    for step in STEPS:
        assert bool(step.tests) is not bool(step.module)
        for path in step.tests:
            assert (ROOT / path).is_file(), path
    assert {path.name for path in (ROOT / "tests/e2e").glob("test_wallboard*.py")} <= {
        Path(path).name for step in STEPS for path in step.tests
    }


def test_steps_are_chosen_by_name() -> None:
    assert [step.name for step in chosen(["live", "rules"])] == ["live", "rules"]
    assert chosen([]) == STEPS
    with pytest.raises(KeyError):
        chosen(["life"])


@pytest.mark.parametrize(
    ("share", "word", "fails"), [(1.0, "reached", 0), (0.6, "MISSED", 0), (0.4, "MISSED", 1)]
)
def test_a_missed_goal_is_told_and_fails_below_half(share: float, word: str, fails: int) -> None:
    figures = [Figure(goal.figure, goal.bound, "") for goal in GOALS[1:]]
    figures.append(Figure(GOALS[0].figure, GOALS[0].bound * share, "decisions/s"))

    assert word in speed_table(figures)[-1]
    assert len(hopeless(figures)) == fails


@pytest.mark.parametrize("value", [0.0, -1.0, float("nan")])
def test_a_figure_that_was_not_measured_reaches_no_goal(value: float) -> None:
    figures = [Figure(goal.figure, value, "") for goal in GOALS]

    assert hopeless(figures) == [goal.figure for goal in GOALS]


def test_a_goal_without_a_figure_is_an_error() -> None:
    with pytest.raises(KeyError):
        hopeless([])
