"""Rules and alerts: sound by promtool's lint, each alert fires once and is silent once, each has its runbook and way."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.monitoring.bundle import (
    DASHBOARDS,
    PLACE,
    RECORDED,
    ROOT,
    RULE_TESTS,
    RULES,
    RUNBOOKS,
    alerts,
    board,
    known,
    rules,
    selectors,
)
from tests.prometheus import Tools

SECONDS_MAX = 300
ALWAYS_FIRES = {"FrontdeskWatchdog"}


def _run(*command: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=SECONDS_MAX, cwd=ROOT)


def test_promtool_has_no_complaint_of_any_rule(promtool: Path) -> None:
    done = _run(promtool, "check", "rules", "--lint=all", "--lint-fatal", *RULES, *RECORDED)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("path", RULE_TESTS, ids=lambda path: path.stem)
def test_every_alert_fires_and_is_silent_when_it_should(promtool: Path, path: Path) -> None:
    done = _run(promtool, "test", "rules", path)
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_partition_that_two_replicas_tell_for_a_while_is_counted_once(promtool: Path) -> None:
    done = _run(promtool, "test", "rules", Path(__file__).parent / "hand_over.yml")
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_alert_has_a_test_that_fires_and_one_that_stays_silent() -> None:
    tried = {
        test["name"]
        for path in RULE_TESTS
        for test in yaml.safe_load(path.read_text(encoding="utf-8"))["tests"]
    }
    names = {alert["alert"] for alert in alerts()}
    wanted = {f"{name} fires" for name in names} | {f"{name} stays silent" for name in names - ALWAYS_FIRES}
    assert tried == wanted


def test_what_a_summary_names_is_among_the_labels_in_the_test_that_fires() -> None:
    """Else a page would say "no value"; the test asks for these labels by name."""
    asked = {
        test["name"].split()[0]: test["promql_expr_test"][0]["expr"]
        for path in RULE_TESTS
        for test in yaml.safe_load(path.read_text(encoding="utf-8"))["tests"]
        if test["name"].endswith(" fires")
    }
    for alert in alerts():
        for label in re.findall(r"\$labels\.(\w+)", alert["annotations"]["summary"]):
            assert f'{label}!=""' in asked[alert["alert"]], alert["alert"]


@pytest.mark.parametrize("alert", alerts(), ids=lambda alert: str(alert["alert"]))
def test_an_alert_says_how_urgent_it_is_what_to_do_and_where_to_look(
    alert: dict[str, dict[str, str]],
) -> None:
    notes = alert["annotations"]
    assert alert["labels"]["severity"] in {"page", "ticket", "none"}
    assert notes["summary"]
    page, _, anchor = notes["runbook_url"].rpartition("/")[2].partition("#")
    headings = re.findall(r"^## (\S+)$", (RUNBOOKS / page).read_text(encoding="utf-8"), re.MULTILINE)
    assert anchor in [heading.lower() for heading in headings]
    assert str(alert["alert"]).lower() == anchor
    assert notes["dashboard"] in {board(path)["uid"] for path in DASHBOARDS}


def test_no_runbook_is_of_an_alert_that_is_gone() -> None:
    headings = {
        heading
        for page in RUNBOOKS.glob("*.md")
        for heading in re.findall(r"^## (\S+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    }
    assert headings == {alert["alert"] for alert in alerts()}


def test_rules_select_only_what_the_services_export_with_those_labels() -> None:
    wrong = [
        f"{rule.get('alert') or rule['record']}: {known(selector)}"
        for rule in rules()
        for selector in selectors(rule["expr"])
        if known(selector)
    ]
    assert wrong == []


@pytest.mark.parametrize(
    ("labels", "receiver"),
    [
        (("alertname=FrontdeskServiceLevelBurn", "severity=page", "queue=calls"), "shift-lead"),
        (("alertname=FrontdeskTargetDown", "severity=page", "job=frontdesk-router"), "on-call"),
        (("alertname=FrontdeskResolutionBurn", "severity=ticket", "queue=calls"), "tickets"),
        (("alertname=FrontdeskDeadLetters", "severity=ticket"), "tickets"),
        (("alertname=FrontdeskWatchdog", "severity=none"), "dead-mans-switch"),
    ],
    ids=lambda one: one[0] if isinstance(one, tuple) else one,
)
def test_alertmanager_tells_the_right_people(
    prometheus_tools: Tools, labels: tuple[str, ...], receiver: str
) -> None:
    config = f"--config.file={PLACE / 'alertmanager.yml'}"
    done = _run(
        prometheus_tools.amtool, "config", "routes", "test", config, f"--verify.receivers={receiver}", *labels
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_shipped_configurations_are_valid(prometheus_tools: Tools) -> None:
    for command in (
        (prometheus_tools.amtool, "check-config", PLACE / "alertmanager.yml"),
        (prometheus_tools.promtool, "check", "config", PLACE / "prometheus.yml"),
    ):
        done = _run(*command)
        assert done.returncode == 0, done.stdout + done.stderr
