"""Finished runs on disk, so that a report goes on where it was stopped and takes no run twice.

A run is found again by what it depends on: the case, and the code that plays it. Baselines never touch the router, so
their runs outlive its changes.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict
from functools import cache
from hashlib import blake2b
from pathlib import Path

from simulator.report.measures import Run
from simulator.report.plays import BASELINE, REFERENCE, Case

ROOT = Path(__file__).resolve().parents[2]
DIRECTORY = ROOT / ".state" / "routing-report"
OF_BASELINES = (
    "simulator/baselines/*.py",
    *(
        f"simulator/{name}.py"
        for name in (
            "contact",
            "day",
            "floor",
            "flow",
            "metrics",
            "policy",
            "pool",
            "record",
            "strain",
            "worlds",
        )
    ),
    "simulator/report/measures.py",
)
OF_REFERENCE = (*OF_BASELINES, "simulator/reference_policy.py", "simulator/bid_prices.py")
OF_PRODUCTION = (
    *OF_BASELINES,
    "simulator/*.py",
    "simulator/checks/*.py",
    *(f"simulator/report/{name}.py" for name in ("plays", "days", "outside", "strained")),
    "services/contract/*.py",
    "services/router/*.py",
    "services/router/*/*.py",
)
NOT_OF_RUNS = ("goals", "progress", "replications", "statistics", "command")
"""Modules of the simulator that no run depends on."""


class Finished:
    """Runs by case. One directory holds those of every version of the code; the old ones may be deleted any time."""

    def __init__(self, directory: Path = DIRECTORY) -> None:
        self._directory = directory

    def get(self, case: Case) -> Run | None:
        """None if it is not there, or is not readable."""
        try:
            kept = json.loads(self._path(case).read_text(encoding="utf-8"))
            return Run(kept["figures"], kept["curves"])
        except (OSError, ValueError, KeyError):
            return None

    def put(self, case: Case, run: Run) -> None:
        """Whole or not at all: a report may be stopped at any time."""
        path = self._path(case)
        path.parent.mkdir(parents=True, exist_ok=True)
        half = path.with_suffix(".half")
        half.write_text(json.dumps({"case": asdict(case), **asdict(run)}), encoding="utf-8")
        half.replace(path)

    def _path(self, case: Case) -> Path:
        code = code_digest(
            {BASELINE: OF_BASELINES, REFERENCE: OF_REFERENCE}.get(case.play.kind, OF_PRODUCTION)
        )
        return self._directory / f"{blake2b(f'{code} {case!r}'.encode(), digest_size=16).hexdigest()}.json"


@cache
def code_digest(patterns: tuple[str, ...]) -> str:
    """Of the files' names and bytes; a file that is not there counts as absent."""
    sums = blake2b(digest_size=16)
    for path in _files(patterns):
        sums.update(f"{path.relative_to(ROOT)}\0{path.stat().st_size}\0".encode())
        sums.update(path.read_bytes())
    return sums.hexdigest()


def _files(patterns: Iterable[str]) -> list[Path]:
    found = {path for pattern in patterns for path in ROOT.glob(pattern)}
    return sorted(path for path in found if path.parent.name != "simulator" or path.stem not in NOT_OF_RUNS)
