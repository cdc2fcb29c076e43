"""Goals as data, and what is said of them."""

from __future__ import annotations

from math import isnan, nan

import pytest

from simulator import goals
from simulator.goals import GOALS, judge
from simulator.report import estimates, tables
from simulator.report.estimates import Runs
from simulator.report.measures import Run

NAN = float("nan")


def runs(of: dict[tuple[str, str], list[dict[str, float]]]) -> Runs:
    return {key: {number: Run(one) for number, one in enumerate(some)} for key, some in of.items()}


def fcr(**policies: list[float]) -> Runs:
    """World A; names with _ for other signs."""
    names = {
        "production": "production",
        "idle": "longest-idle",
        "all": "clairvoyant",
        "rings": "bullseye + owner",
    }
    return runs({("A", names[name]): [{"fcr": one} for one in some] for name, some in policies.items()})


def verdict(of: Runs, goal_id: str, world: str = "A") -> goals.Verdict:
    return next(one for one in judge(of) if one.goal.goal_id == goal_id and one.world == world)


def test_a_goal_is_met_by_how_much() -> None:
    found = verdict(fcr(production=[0.88, 0.90]), "fcr")
    assert found.met
    assert found.margin == pytest.approx(0.89 - 0.875)
    assert not found.sure, "two replications leave an interval that reaches below the goal"
    assert tables.outcome(found) == "met by 1.50, within the interval"


def test_a_goal_is_missed_by_how_much() -> None:
    found = verdict(fcr(production=[0.850, 0.851]), "fcr")
    assert found.met is False
    assert found.sure
    assert tables.outcome(found) == "missed by 2.45"


def test_what_was_not_run_is_not_measured() -> None:
    found = verdict({}, "fcr")
    assert found.met is None
    assert isnan(found.margin)
    assert tables.outcome(found) == "not measured"


def test_differences_are_paired_by_the_number_of_the_replication() -> None:
    one = {0: Run({"fcr": 0.5}), 2: Run({"fcr": 0.9})}
    two = {1: Run({"fcr": 0.1}), 2: Run({"fcr": 0.8}), 0: Run({"fcr": 0.4})}
    found = estimates.difference(
        {("A", "production"): one, ("A", "longest-idle"): two}, "A", "production", "longest-idle", "fcr"
    )
    assert found is not None
    assert found.mean == pytest.approx(0.1)
    assert found.half_width == pytest.approx(0.0, abs=1e-12)


def test_the_best_static_baseline_is_chosen_by_its_mean() -> None:
    of = dict(fcr(production=[0.88, 0.87], rings=[0.86, 0.85]))
    of["A", "longest-idle + owner"] = {0: Run({"fcr": 0.84}), 1: Run({"fcr": 0.84})}
    found = verdict(of, "fcr-static")
    assert found.against == "bullseye + owner"
    assert found.found is not None and found.found.mean == pytest.approx(0.02)


def test_the_gap_closed_has_an_interval_by_the_jackknife() -> None:
    found = verdict(
        fcr(production=[0.87, 0.89, 0.88], idle=[0.82, 0.83, 0.83], all=[0.89, 0.90, 0.89]), "gap"
    )
    assert found.found is not None
    assert found.found.mean == pytest.approx((0.88 - 0.82667) / (0.89333 - 0.82667), abs=1e-3)
    assert 0 < found.found.half_width < 1


def test_the_share_of_equal_means_has_no_interval_of_its_own() -> None:
    """Replications that keep one ratio leave nothing to doubt."""
    found = estimates.of_means([[80.0, 160.0], [100.0, 200.0]], lambda mine, theirs: 1 - mine / theirs)
    assert found is not None
    assert found.mean == pytest.approx(0.2)
    assert found.half_width == pytest.approx(0.0, abs=1e-9)


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (0.8764, "%", "87.6"),
        (0.0105, "%", "1.05"),
        (11.24, "s", "11.2"),
        (466.2, "cs", "466"),
        (0.166, "", "0.166"),
        (nan, "%", "-"),
    ],
)
def test_figures_have_the_digits_that_mean_something(value: float, unit: str, text: str) -> None:
    assert tables.number(value, unit) == text


def test_every_goal_of_the_specification_has_its_bound_in_its_worlds() -> None:
    bounds = {goal.goal_id: goal.bounds for goal in GOALS}
    assert len(bounds) == len(GOALS), "each id once"
    assert [bounds["fcr"][world][0] for world in "ABC"] == [0.875, 0.825, 0.873]
    assert [bounds["transfers"][world][1] for world in "ABC"] == [0.12, 0.16, 0.11]
    assert [bounds["p90"][world][1] for world in "ABC"] == [11.0, 23.0, 11.5]
    assert bounds["loyal"]["A"] == (0.75, 0.95)
    assert set(bounds["occupancy"]) == {"A", "B"}
