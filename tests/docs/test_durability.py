"""docs/durability.md: every promise names tests, and every test that it names is there."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs/durability.md").read_text(encoding="utf-8")
Function = ast.FunctionDef | ast.AsyncFunctionDef
NAMED = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")


def test_every_promise_names_a_test() -> None:
    rows = re.findall(r"^\| \d+ \|.*$", PAGE, re.MULTILINE)

    assert len(rows) >= 13
    assert [row for row in rows if not NAMED.search(row)] == []


def test_every_test_that_is_named_is_there() -> None:
    missing = [f"{path}::{name}" for path, name in NAMED.findall(PAGE) if name not in functions(ROOT / path)]

    assert missing == []


def test_every_test_that_is_named_may_fail_and_is_played() -> None:
    """It asserts something, itself or by a function of its module, and no mark keeps it from being played."""
    named = sorted(set(NAMED.findall(PAGE)))

    assert [f"{path}::{name}" for path, name in named if not name.startswith("test_")] == []
    assert [f"{path}::{name}" for path, name in named if not asserts(functions(ROOT / path), name)] == []
    assert [f"{path}::{name}" for path, name in named if kept_from_play(ROOT / path, name)] == []


def asserts(known: dict[str, Function], name: str) -> bool:
    """Whether a function asserts or expects an error, or calls one of its module that does."""
    inside = list(ast.walk(known[name]))
    calls = {node.func for node in inside if isinstance(node, ast.Call)}
    called = {node.id for node in calls if isinstance(node, ast.Name)} & known.keys() - {name}
    expects = any(isinstance(node, ast.Attribute) and node.attr in ("raises", "fail") for node in calls)
    return (
        expects
        or any(isinstance(node, ast.Assert) for node in inside)
        or any(asserts(known, one) for one in called)
    )


@pytest.mark.parametrize(
    "marks",
    [
        "pytestmark = pytest.mark.skipif(True, reason='')",
        "pytestmark: list = [pytest.mark.slow, pytest.mark.xfail]",
    ],
)
def test_a_mark_of_the_whole_module_keeps_its_tests_from_play(marks: str, tmp_path: Path) -> None:
    module = tmp_path / "test_module.py"
    rule = "def test_rule():\n    assert True\n"
    module.write_text(f"{marks}\n{rule}")
    assert kept_from_play(module, "test_rule")

    module.write_text(f"pytestmark = pytest.mark.slow\n{rule}")
    assert not kept_from_play(module, "test_rule")


def kept_from_play(path: Path, name: str) -> bool:
    """Whether a mark of the test's or of its module's does that."""
    marks: list[ast.expr] = list(functions(path)[name].decorator_list)
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        value = getattr(node, "value", None)
        if value is not None and any(isinstance(one, ast.Name) and one.id == "pytestmark" for one in targets):
            marks.append(value)
    return any(re.search(r"\b(skip|skipif|xfail)\b", ast.unparse(mark)) for mark in marks)


def functions(path: Path) -> dict[str, Function]:
    if not path.exists():
        return {}
    tree = ast.parse(path.read_text(encoding="utf-8"))
    found = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    return {node.name: node for node in found}
