"""What the documents say of a desk's settings is what the code does."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from services.contract.desk import DeskLimits
from services.router.desk_config import load_toml
from services.router.limits import with_defaults
from services.router.policy.settings import DEFAULTS, SETTINGS, from_desk

ROOT = Path(__file__).resolve().parents[2]
DESK = (ROOT / "examples" / "desk.toml").read_text(encoding="utf-8")
POLICY = (ROOT / "examples" / "policy.toml").read_text(encoding="utf-8")
PAGE = (ROOT / "docs" / "desk.md").read_text(encoding="utf-8")


def rows(name: str) -> dict[str, list[str]]:
    """The cells of a table of the page, by its first."""
    table = PAGE.partition(f"<!-- {name}: ")[2].partition(f"<!-- {name} end")[0]
    cells = [[cell.strip() for cell in line.strip("| ").split(" | ")] for line in table.splitlines()[3:]]
    return {row[0].strip("`"): row for row in cells}


def test_tables_and_example_are_current() -> None:
    done = subprocess.run(
        [sys.executable, "scripts/desk_settings.py"],
        cwd=ROOT,
        env={"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr


def test_every_setting_of_the_policy_has_its_row_with_default_and_range() -> None:
    found = rows("policy")

    assert list(found) == [name.removesuffix("_ms") for name in SETTINGS] + ["loyal_tiers"]
    for name, said in SETTINGS.items():
        scale = 1000 if name.endswith("_ms") else 1
        _, _, default, bounds, _, meaning = found[name.removesuffix("_ms")]
        low, high = (float(bound.replace(",", "")) for bound in bounds.split(" to "))
        assert float(default.strip("`")) * scale == getattr(DEFAULTS, name), name
        assert (low * scale, high * scale) == (said.low, said.high), name
        assert meaning == said.meaning


def test_every_limit_has_its_row_with_the_default() -> None:
    found, defaults = rows("limits"), with_defaults(DeskLimits())

    for name, row in found.items():
        number = float(re.sub(r"[ s,]", "", row[1]))
        in_force = getattr(defaults, f"{name}_ms", None)
        assert number == (in_force / 1000 if in_force is not None else getattr(defaults, name))
    assert len(found) == len(DeskLimits.__dataclass_fields__)


def test_the_example_of_the_policy_is_the_default_written_out() -> None:
    desk = load_toml(f"{DESK}\n{POLICY}")

    assert desk.policy is not None
    assert from_desk(desk) == DEFAULTS
    assert from_desk(load_toml(DESK)) == DEFAULTS
