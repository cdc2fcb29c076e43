"""What the documents say of a desk's settings is what the code does."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from services.contract.desk import DeskLimits
from services.intake.need.topics import TOPICS
from services.router.desks import config as desk_config
from services.router.desks.config import DeskFaults, load_toml
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


def parts() -> dict[str, dict[str, list[str]]]:
    """The rows of each table of the file's format, by the table's title and by name."""
    block = PAGE.partition("<!-- rows: ")[2].partition("<!-- rows end")[0]
    found = {}
    for title, table in re.findall(r"\*\*`?(.+?)`?\*\*\n\n(.*?)(?=\n\n|\Z)", block, re.DOTALL):
        cells = [[cell.strip() for cell in line.strip("| ").split(" | ")] for line in table.splitlines()[2:]]
        found[title] = {row[0].strip("`"): row for row in cells}
    return found


ROWS = {
    "[[topics]]": "[[topics]]",
    "[[queues]]": "[[queues]]",
    "[[authority]]": "[[authority]]",
    "[[agents]]": "[[agents]]",
    "grants of an agent": "[[agents]]\n[[agents.grants]]",
    "[[mention_rules]]": "[[mention_rules]]",
}


def test_every_name_that_a_row_may_have_stands_in_its_table(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: dict[str, set[str]] = {}

    def known(_: Any, at: str, __: Mapping[str, Any], *names: str) -> None:
        asked[at] = set(names)

    monkeypatch.setattr(desk_config._Reader, "_known", known)
    desk_config._Reader().desk(tomllib.loads("\n".join([*ROWS.values(), ""])))

    written = {title: set(names) for title, names in parts().items()}
    assert written == {
        "[[topics]]": asked["topics[0]"],
        "[[queues]]": asked["queues[0]"],
        "[[authority]]": asked["authority[0]"],
        "[[agents]]": asked["agents[0]"],
        "grants of an agent": asked["agents[1].grants[0]"],
        "[[mention_rules]]": asked["mention_rules[0]"],
    }


@pytest.mark.parametrize("title", ROWS)
def test_a_row_without_what_is_required_is_refused_by_that_name(title: str) -> None:
    required = {name for name, row in parts()[title].items() if row[2].startswith("required")}
    optional = set(parts()[title]) - required

    with pytest.raises(DeskFaults) as refused:
        load_toml(ROWS[title])

    at = "grants[0]" if title.startswith("grants") else title.strip("[]") + "[0]"
    told = {
        name
        for fault in refused.value.found
        for name in re.findall(rf"{re.escape(at)}\.(\w+): (?:is required|needs|must)", fault)
    }
    assert required <= told
    assert not told & optional


def test_the_page_names_each_topic_and_decision_that_intake_tells() -> None:
    lexicon = ROOT / "services/intake/need/lexicon/rules.toml"
    decisions = tomllib.loads(lexicon.read_text(encoding="utf-8"))["decision"]
    said = PAGE.partition("- **Topics**: ")[2].partition("- **Levels**")[0]

    assert {name for name in (*TOPICS, *decisions) if f"`{name}`" not in said} == set()
