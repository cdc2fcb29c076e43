"""docs/metrics.md names every series that a service exports."""

from __future__ import annotations

import re

import pytest

from scripts import process_metrics
from tests.monitoring.bundle import ROOT, exported

PAGE = (ROOT / "docs" / "metrics.md").read_text(encoding="utf-8")


def test_every_series_of_every_service_is_named() -> None:
    families = {re.sub(r"_(bucket|sum|count)$", "", name) for name in exported()}
    unnamed = {
        name for name in families if f"`{name}" not in PAGE and not name.startswith(("process_", "python_"))
    }

    assert unnamed == set()


def test_the_table_of_processes_is_what_they_register(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["process_metrics"])

    assert process_metrics.main() == 0, capsys.readouterr().err
    assert "| `frontdesk_router_decisions_total` | counter | cause |" in PAGE
    assert "| `frontdesk_intake_delivery_seconds` | histogram | provider |" in PAGE
