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
