"""Tests of one lane run in one process, one after the other; those of the other lane beside them."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.lanes import lane_of

ROOT = Path(__file__).resolve().parents[2]
PLAYED = (
    "tests/unit/test_address.py",
    "tests/conformance/test_sqlite.py",
    "tests/unit/test_lanes.py::test_lane",
)


@pytest.mark.parametrize(
    ("place", "lane"),
    [
        ("unit/router/test_seeking.py", "computing"),
        ("deploy/test_image.py", "computing"),
        ("e2e/test_wallboard_faults.py", "computing"),
        ("e2e/test_kill_the_router.py", "waiting"),
        ("integration/test_owner.py", "waiting"),
        ("chaos/test_chaos.py", "waiting"),
    ],
)
def test_lane(place: str, lane: str) -> None:
    assert lane_of(place) == lane


def test_a_lane_stays_in_its_process() -> None:
    command = [sys.executable, "-m", "pytest", "-v", "-n", "2", "--dist", "loadscope", *PLAYED]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=300)
    played = re.findall(r"^\[(gw\d)\].* PASSED tests/(\S+?)::", done.stdout, re.MULTILINE)
    assert done.returncode == 0, done.stdout[-2000:]
    processes = {(lane_of(place), process) for process, place in played}
    assert len(processes) == 2, processes
    assert {lane for lane, _ in processes} == {"waiting", "computing"}
