"""The outside cases, read in place beside the project; where they are absent the tests say so in one line."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

DATA = Path(__file__).resolve().parents[2].parent / "shared" / "data"


def need_data() -> None:
    """Skips a module when the cases are not there."""
    if not DATA.is_dir():
        pytest.skip(f"no outside cases at {DATA}", allow_module_level=True)


def load(path: str) -> Any:
    return json.loads((DATA / path).read_text(encoding="utf-8"))


def folded(value: Any) -> Any:
    """White space counts as one blank."""
    return " ".join(value.split()) if isinstance(value, str) else value


FIGURES: list[str] = []
"""What the outside tests compared, in the order they ran; told again at the end of the run."""


def told(capsys: pytest.CaptureFixture[str], text: str) -> None:
    """Says what was compared and what was left out, also when the test passes."""
    FIGURES.extend(line.strip() for line in text.splitlines() if line.strip())
    with capsys.disabled():
        sys.stdout.write(f"\n{text}")
        sys.stdout.flush()
