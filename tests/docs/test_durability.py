"""docs/durability.md: every promise names tests, and every test that it names is there."""

from __future__ import annotations

import ast
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs/durability.md").read_text(encoding="utf-8")
NAMED = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")


def test_every_promise_names_a_test() -> None:
    rows = re.findall(r"^\| \d+ \|.*$", PAGE, re.MULTILINE)

    assert len(rows) >= 13
    assert [row for row in rows if not NAMED.search(row)] == []


def test_every_test_that_is_named_is_there() -> None:
    missing = [f"{path}::{name}" for path, name in NAMED.findall(PAGE) if name not in functions(ROOT / path)]

    assert missing == []


def functions(path: Path) -> set[str]:
    if not path.exists():
        return set()
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}
