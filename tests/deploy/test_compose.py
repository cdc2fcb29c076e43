"""deploy/compose.yaml: valid by the Compose specification, and of one mind with the image and the bundle."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from scripts.fetching import TOOLS
from services.runtime.broker.settings import kafka_version
from services.runtime.lifecycle import STOP_SECONDS_MAX

ROOT = Path(__file__).resolve().parents[2]
FILE = ROOT / "deploy" / "compose.yaml"
PARSER = "import compose_spec, sys; print(compose_spec.PyCompose.from_yaml(sys.stdin.read()).to_json())"


def compose() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    return found


def parsed(text: str) -> subprocess.CompletedProcess[str]:
    """By a parser that knows the whole specification and refuses what it does not know."""
    python = TOOLS / "deploy-venv" / "bin" / "python"
    if not python.exists():
        if os.environ.get("CI") == "true":
            pytest.fail("no parser of Compose files: run `make k8s` first", pytrace=False)
        pytest.skip("no parser of Compose files: `make k8s` installs it")
    plain = yaml.safe_dump(yaml.safe_load(text))  # anchors are YAML's business
    return subprocess.run([python, "-c", PARSER], input=plain, capture_output=True, text=True, check=False)


def test_the_compose_specification_takes_it() -> None:
    done = parsed(FILE.read_text(encoding="utf-8"))
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["services"].keys() == compose()["services"].keys()


def test_a_key_that_compose_lacks_is_found() -> None:
    assert parsed("services: {intake: {image: x, read_onyl: true}}").returncode != 0


def test_every_file_that_is_mounted_is_there() -> None:
    for service in compose()["services"].values():
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            if source.startswith("."):
                assert (FILE.parent / source).exists(), volume


def test_every_file_that_a_setting_or_a_command_names_is_mounted() -> None:
    for name in ("intake", "router", "metrics"):
        service = compose()["services"][name]
        mounted = {volume.split(":")[1] for volume in service.get("volumes", [])}
        named = {*service["command"], *map(str, service["environment"].values())}
        assert {one for one in named if one.startswith("/")} == mounted


def test_published_ports_are_those_that_the_image_listens_at() -> None:
    dockerfile = (ROOT / "deploy/docker/Dockerfile").read_text(encoding="utf-8")
    exposed = set(re.findall(r"^EXPOSE (.*)$", dockerfile, re.MULTILINE)[0].split())
    page = (ROOT / "docs/settings.md").read_text(encoding="utf-8")
    defaults = set(
        re.findall(r"^\| `FRONTDESK_(?:HTTP|GRPC|SMTP|METRICS)_PORT` \| `(\d+)`", page, re.MULTILINE)
    )
    wallboard = str(int(re.findall(r"^\| `FRONTDESK_METRICS_PORT` \| `(\d+)`", page, re.MULTILINE)[0]) + 1)
    assert exposed == defaults | {wallboard}
    ports = [
        port.rpartition(":")[2]
        for name in ("intake", "router", "metrics")
        for port in compose()["services"][name]["ports"]
    ]
    assert set(ports) <= exposed


def test_a_service_has_the_time_that_its_stop_may_take_and_room_for_its_language_model() -> None:
    for name in ("intake", "router", "metrics"):
        service = compose()["services"][name]
        assert int(service["stop_grace_period"].removesuffix("s")) > STOP_SECONDS_MAX
        assert service["tmpfs"][0].endswith(":size=128m")  # as intake has in Kubernetes


def test_grafana_finds_prometheus_and_every_dashboard() -> None:
    services = compose()["services"]
    (source,) = yaml.safe_load((ROOT / "deploy/compose/grafana/datasources.yml").read_text())["datasources"]
    host, _, port = source["url"].removeprefix("http://").partition(":")
    assert services[host]["image"].startswith("prom/prometheus:")
    assert any(one.endswith(f":{port}") for one in services[host]["ports"])
    (provider,) = yaml.safe_load((ROOT / "deploy/compose/grafana/dashboards.yml").read_text())["providers"]
    mounted = dict(volume.split(":")[1::-1] for volume in services["grafana"]["volumes"])
    folder = FILE.parent / mounted[provider["options"]["path"]]
    boards = sorted(folder.glob("*.json"))
    assert len(boards) == 4
    for board in boards:
        names = {
            one["query"]
            for one in json.loads(board.read_text(encoding="utf-8"))["templating"]["list"]
            if one["type"] == "datasource"
        }
        assert names == {source["type"]}


def test_our_services_run_restricted_and_are_published_on_loopback_alone() -> None:
    services = compose()["services"]
    for name in ("intake", "router", "metrics"):
        assert services[name]["read_only"] is True
        assert services[name]["cap_drop"] == ["ALL"]
    for service in services.values():
        assert all(port.startswith("127.0.0.1:") for port in service.get("ports", []))


def test_settings_are_known_and_kafka_is_the_version_that_is_tested() -> None:
    page = (ROOT / "docs/settings.md").read_text(encoding="utf-8")
    known = set(re.findall(r"^\| `(FRONTDESK_[A-Z_]+)`", page, re.MULTILINE))
    services = compose()["services"]
    given = {
        key
        for service in services.values()
        for key in service.get("environment", {})
        if key.startswith("FRONTDESK_")
    }
    assert given <= known
    assert services["kafka"]["image"] == f"apache/kafka:{kafka_version()}"


def test_prometheus_scrapes_each_service_and_loads_the_tested_rules() -> None:
    ours = yaml.safe_load((ROOT / "deploy/compose/prometheus.yml").read_text(encoding="utf-8"))
    example = yaml.safe_load((ROOT / "deploy/monitoring/prometheus.yml").read_text(encoding="utf-8"))
    assert ours["rule_files"] == example["rule_files"]
    jobs = {one["job_name"]: one["static_configs"][0]["targets"] for one in ours["scrape_configs"]}
    assert jobs == {f"frontdesk-{name}": [f"{name}:9464"] for name in ("intake", "router", "metrics")}
