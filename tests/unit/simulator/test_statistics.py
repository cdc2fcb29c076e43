"""Paired comparison of two policies."""

from __future__ import annotations

import io
from dataclasses import replace
from functools import partial
from math import isnan

import pytest

from simulator.metrics import NAMES, Metrics
from simulator.progress import Progress
from simulator.replications import play_baseline, replicate
from simulator.statistics import difference, estimate, gap_closed
from simulator.worlds import D

ZERO = Metrics(**dict.fromkeys(NAMES, 0.0))


def runs(*fcr: float) -> list[Metrics]:
    return [replace(ZERO, fcr=value) for value in fcr]


def test_the_half_width_of_twenty_is_2_09_standard_errors() -> None:
    values = [float(value) for value in range(20)]
    assert estimate(values).mean == 9.5
    assert estimate(values).half_width == pytest.approx(2.093 * 5.9161 / 20**0.5, rel=1e-3)


def test_one_value_has_no_half_width() -> None:
    assert isnan(estimate([0.5]).half_width)


def test_a_difference_is_taken_replication_by_replication() -> None:
    found = difference(runs(0.50, 0.60, 0.70), runs(0.49, 0.59, 0.69), "fcr")
    assert found.mean == pytest.approx(0.01)
    assert found.half_width == pytest.approx(0.0, abs=1e-12), "worlds differ, the policies do not"
    assert found.holds(found.mean)


def test_runs_of_unequal_length_are_no_pairs() -> None:
    with pytest.raises(ValueError, match="shorter"):
        difference(runs(0.5, 0.6), runs(0.5), "fcr")


def test_the_gap_closed_is_the_share_of_what_knowing_everything_would_gain() -> None:
    assert gap_closed(runs(0.878), runs(0.827), runs(0.892)) == pytest.approx(0.051 / 0.065)


def test_replications_do_not_depend_on_the_number_of_processes() -> None:
    plays = {"longest-idle": partial(play_baseline, "longest-idle + owner")}
    alone, together = (replicate(plays, D, range(2), processes=count) for count in (1, 2))
    assert repr(alone) == repr(together)


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_progress_is_seen_on_a_terminal_and_wiped_at_the_end() -> None:
    terminal = _Terminal()
    with Progress("world A", total=2, out=terminal) as progress:
        progress.step(2)
    assert "world A: 2 of 2" in terminal.getvalue()
    assert terminal.getvalue().endswith("\x1b[K")


def test_progress_is_silent_where_nobody_watches() -> None:
    pipe = io.StringIO()
    with Progress("world A", total=2, out=pipe) as progress:
        progress.step()
    assert pipe.getvalue() == ""
