"""The real Prometheus that other tests use, and the script that finds it."""

from __future__ import annotations

from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry, Counter

from scripts import fetch_prometheus
from services.runtime.observe import serve_metrics
from tests.prometheus import Prometheus, QueryFailed, Tools


def test_a_real_prometheus_scrapes_what_we_serve(tmp_path: Path, prometheus_tools: Tools) -> None:
    registry = CollectorRegistry()
    answers = Counter("frontdesk_answers", "Answers.", registry=registry)
    first, second = (serve_metrics(registry, host="127.0.0.1", port=0) for _ in range(2))
    job = {"metrics": [f"127.0.0.1:{first.port}"]}
    try:
        with Prometheus.running(tmp_path, job, tools=prometheus_tools, scrape_seconds=0.2) as prometheus:
            prometheus.until_scraped()
            answers.inc(7)
            prometheus.until_scraped()
            assert prometheus.value("frontdesk_answers_total") == 7
            assert [one.labels["job"] for one in prometheus.query("up")] == ["metrics"]

            prometheus.point_at({"metrics": [f"127.0.0.1:{second.port}"]})
            prometheus.until_scraped()
            prometheus.until(lambda: prometheus.value("count(up == 1)") == 1, "the old address is stale")
            assert prometheus.query("frontdesk_nothing_total") == []
            with pytest.raises(QueryFailed, match="parse error"):
                prometheus.query("sum(")
    finally:
        first.close()
        second.close()


def test_it_says_what_to_do_where_no_tool_can_be_had(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(fetch_prometheus, "TOOLS", tmp_path / "tools")

    with pytest.raises(fetch_prometheus.NoTool, match=r"this is no Debian .* install Prometheus 3\.5"):
        fetch_prometheus.tools()


def test_a_tool_that_is_too_old_is_passed_over(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    old = tmp_path / "promtool"
    old.write_text("#!/bin/sh\necho promtool, version 2.42.0\n")
    old.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    kept = tmp_path / "tools" / "usr" / "bin" / "promtool"
    kept.parent.mkdir(parents=True)
    kept.write_text("#!/bin/sh\necho promtool, version 3.5.0\n")
    kept.chmod(0o755)
    monkeypatch.setattr(fetch_prometheus, "TOOLS", tmp_path / "tools")

    assert fetch_prometheus.tools(("promtool",)) == [kept]
