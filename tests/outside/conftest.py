"""At the end of a run: every figure that the outside tests measured, together."""

from __future__ import annotations

import pytest

from tests.outside.data import DATA, FIGURES


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Prints the figures; says so where the cases are absent, for a skipped case is not a passed one."""
    terminalreporter.section("outside cases", sep="-")
    if not DATA.is_dir():
        terminalreporter.write_line(f"nothing was compared: there are no outside cases at {DATA}")
    for line in FIGURES:
        terminalreporter.write_line(line)
